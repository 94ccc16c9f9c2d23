"""Tests for L{kaazing.wire.amqp_methods}: the table beside that of pika, which is made of RabbitMQ's."""

from __future__ import annotations

import inspect

import pika.spec
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.amqp_methods import BY_KEY, COMPACT, HEARTBEAT, METHODS, ROWS

_BITS = {
    *("passive", "durable", "exclusive", "auto_delete", "internal", "nowait", "if_unused", "if_empty"),
    *("no_local", "no_ack", "mandatory", "immediate", "insist", "active", "global_qos", "redelivered"),
    *("multiple", "requeue", "write", "read"),
}


class MethodsTests(SynchronousTestCase):
    def test_same_methods(self) -> None:
        """
        There are the methods that pika knows, under the same numbers and names, and no others.
        """
        theirs = {key: each.NAME.replace(".", "").lower() for key, each in pika.spec.methods.items()}
        ours = {each.key: each.name.replace(".", "").replace("-", "") for each in METHODS}
        self.assertEqual(ours, theirs)
        self.assertEqual(len(METHODS), len(BY_KEY))

    def test_same_arguments(self) -> None:
        """
        Each has as many arguments; those that are bits in pika share an octet here.
        """
        for each in METHODS:
            names = list(inspect.signature(pika.spec.methods[each.key].__init__).parameters)[1:]
            bits = sum(name in _BITS for name in names)
            ours = [letter for letter in each.arguments if not letter.isdigit()]
            self.assertEqual(len(ours), len(names) - bits, each.name)
            self.assertEqual(sum(int(x) for x in each.arguments if x.isdigit()), bits, each.name)

    def test_same_bytes(self) -> None:
        """
        pika reads the arguments that the table says: a method of theirs takes as many bytes.
        """
        sizes = {"o": 1, "s": 2, "l": 4, "q": 8, "z": 1, "S": 4, "F": 4}
        for each in METHODS:
            if each.name == "connection.update-secret":
                continue  # which pika only writes
            zeros = bytes(sum(1 if letter.isdigit() else sizes[letter] for letter in each.arguments))
            made = pika.spec.methods[each.key].__new__(pika.spec.methods[each.key])
            made.decode(zeros)
            self.assertEqual(len(b"".join(made.encode())), len(zeros), each.name)

    def test_content(self) -> None:
        """
        Four methods have a content behind them; a client sends one of them.
        """
        content = {each.name for each in METHODS if each.content}
        self.assertEqual(content, {"basic.publish", "basic.return", "basic.deliver", "basic.get-ok"})
        self.assertEqual([each.name for each in METHODS if each.content and each.client], ["basic.publish"])

    def test_senders(self) -> None:
        """
        What ends with -ok answers; both sides close channels and connections, and acknowledge.
        """
        both = {each.name for each in METHODS if each.client and each.server}
        self.assertEqual(
            both,
            {
                *("basic.ack", "basic.nack", "basic.cancel", "basic.cancel-ok", "channel.flow"),
                *("channel.flow-ok", "channel.close", "channel.close-ok"),
                *("connection.close", "connection.close-ok"),
            },
        )
        self.assertTrue(all(each.client or each.server for each in METHODS))

    def test_compact(self) -> None:
        """
        The scanner's form: sixteen bytes for each, number, flags, arguments.
        """
        self.assertEqual(len(COMPACT), 16 * HEARTBEAT)
        row = ROWS["basic.publish"] * 16
        self.assertEqual(COMPACT[row : row + 16], b"\0\x3c\0\x28\x05szz2" + bytes(7))
