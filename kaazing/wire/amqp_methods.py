# -*- test-case-name: tests.wire.test_amqp_methods -*-
"""The methods of AMQP 0-9-1, with RabbitMQ's: who sends them, and what their arguments are.

AMQP 0-9-1 reference, and RabbitMQ's extensions to it: access (0-8), basic.nack, confirm, exchange.bind,
connection.blocked and update-secret, basic.cancel from the server.
"""

from __future__ import annotations

from dataclasses import dataclass

_TABLE = """
60.40 basic.publish > C szz2
60.60 basic.deliver < C zq1zz
60.80 basic.ack <> - q1
60.120 basic.nack <> - q2
60.90 basic.reject > - q1
60.50 basic.return < C szzz
60.70 basic.get > - sz1
60.71 basic.get-ok < C q1zzl
60.72 basic.get-empty < - z
60.10 basic.qos > - ls1
60.11 basic.qos-ok < - -
60.20 basic.consume > - szz4F
60.21 basic.consume-ok < - z
60.30 basic.cancel <> - z1
60.31 basic.cancel-ok <> - z
60.100 basic.recover-async > - 1
60.110 basic.recover > - 1
60.111 basic.recover-ok < - -
10.10 connection.start < W ooFSS
10.11 connection.start-ok > W FzSz
10.20 connection.secure < W S
10.21 connection.secure-ok > W S
10.30 connection.tune < W sls
10.31 connection.tune-ok > W sls
10.40 connection.open > W zz1
10.41 connection.open-ok < W z
10.50 connection.close <> W szss
10.51 connection.close-ok <> W -
10.60 connection.blocked < W z
10.61 connection.unblocked < W -
10.70 connection.update-secret > W Sz
10.71 connection.update-secret-ok < W -
20.10 channel.open > W z
20.11 channel.open-ok < W S
20.20 channel.flow <> - 1
20.21 channel.flow-ok <> - 1
20.40 channel.close <> W szss
20.41 channel.close-ok <> W -
30.10 access.request > - z5
30.11 access.request-ok < - s
40.10 exchange.declare > - szz5F
40.11 exchange.declare-ok < - -
40.20 exchange.delete > - sz2
40.21 exchange.delete-ok < - -
40.30 exchange.bind > - szzz1F
40.31 exchange.bind-ok < - -
40.40 exchange.unbind > - szzz1F
40.51 exchange.unbind-ok < - -
50.10 queue.declare > - sz5F
50.11 queue.declare-ok < W zll
50.20 queue.bind > - szzz1F
50.21 queue.bind-ok < - -
50.30 queue.purge > - sz1
50.31 queue.purge-ok < - l
50.40 queue.delete > - sz3
50.41 queue.delete-ok < - l
50.50 queue.unbind > - szzzF
50.51 queue.unbind-ok < - -
85.10 confirm.select > - 1
85.11 confirm.select-ok < - -
90.10 tx.select > - -
90.11 tx.select-ok < - -
90.20 tx.commit > - -
90.21 tx.commit-ok < - -
90.30 tx.rollback > - -
90.31 tx.rollback-ok < - -
"""
"""Class and method, name, sent by the client (>), the server (<) or both, C with content behind it or
W where a session must see it, arguments. The most frequent come first."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    Attributes:
        key: class in the upper, method in the lower 16 bits.
        name: "basic.publish".
        client, server: who may send it.
        content: whether a content header follows.
        watched: whether a session must see it.
        arguments: a letter each: o octet, s short, l long, q longlong, z short string, S long string,
            F table; a digit stands for an octet of so many bits.
    """

    key: int
    name: str
    client: bool
    server: bool
    content: bool
    watched: bool
    arguments: str


def _read(line: str) -> Method:
    number, name, senders, mark, arguments = line.split()
    klass, method = map(int, number.split("."))
    return Method(
        key=klass << 16 | method,
        name=name,
        client=">" in senders,
        server="<" in senders,
        content=mark == "C",
        watched=mark == "W",
        arguments=arguments.strip("-"),
    )


def _row(method: Method) -> bytes:
    flags = method.client | method.server << 1 | method.content << 2 | method.watched << 3
    row = method.key.to_bytes(4, "big") + bytes((flags,)) + method.arguments.encode()
    return row.ljust(16, b"\0")


METHODS = tuple(map(_read, _TABLE.split("\n")[1:-1]))
"""All of them; a number given for a method is its place in here."""

ROWS = {method.name: row for row, method in enumerate(METHODS)}
BY_KEY = {method.key: method for method in METHODS}
HEARTBEAT = len(METHODS)
"""Stands where a method's number does, for heart-beat frames."""

COMPACT = b"".join(map(_row, METHODS))
"""For the scanner: rows of 16 bytes: class and method, 2 bytes each; flags: 1 for clients, 2 for servers,
4 for content, 8 for watched; arguments, ended by NUL."""
