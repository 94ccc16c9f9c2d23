# -*- test-case-name: tests.adapters.amqp.test_nine_permits -*-
"""What a policy says of a client's methods in AMQP 0-9-1: the names that each is done to.

docs/protocols/amqp.md has them in a table, and docs/decisions/0106-names-in-amqp-policies.md says why.
"""

from __future__ import annotations

from collections.abc import Iterator

from kaazing.interfaces.adapters import IPolicy
from kaazing.wire.amqp import ROWS, channel_of, content_headers, decode, name_of, texts

_METHODS = {
    "publish": ("basic.publish", "queue.declare", "exchange.declare"),
    "consume": ("basic.consume", "basic.get"),
    "bind": ("queue.bind", "queue.unbind", "exchange.bind", "exchange.unbind"),
    "declare": (
        *("queue.declare", "queue.delete", "queue.purge", "queue.bind", "queue.unbind"),
        *("exchange.declare", "exchange.delete", "exchange.bind", "exchange.unbind"),
    ),
}
"""Operation -> methods that it is asked for."""

_SERVER_NAMED = "amq.gen"  # RabbitMQ begins so the names that it chooses
LINE_ENDS = {ord(each): None for each in "\r\n"}
"""For str.translate; RabbitMQ takes them out of names, so a name is asked about with them and without."""

Ask = tuple[str, str, bool]
"""An operation, a name or pattern, and whether it is a pattern."""


class Permits:
    """What one client may do.

    Attributes:
        rows: the methods that have to be asked about, a byte for the number of each.
    """

    def __init__(self, policy: IPolicy) -> None:
        self._policy = policy
        named = {
            name for operation in _METHODS if policy.restricts(operation) for name in _METHODS[operation]
        }
        if self._needs_queue(named):
            named.add("queue.declare")
        self.rows = bytes(sorted(ROWS[name] for name in named))
        self._published_last = b""  # arguments of basic.publish that were allowed, without further keys
        self._queues: dict[int, str] = {}  # channel -> the queue that an empty name stands for

    def refusal(self, wire: bytes, header: bytes = b"") -> tuple[str, str] | None:
        """Return the operation, and the name it may not be done to, of a method that is one of C{rows};
        None when all of it is allowed.

        Args:
            wire: the method's frame.
            header: the frame of the content header behind basic.publish.
        """
        if header and self._published_last == wire[11:] and not content_headers(header):
            return None
        asked = self._published(wire, header) if header else self._asked(wire)
        for operation, name, pattern in asked:
            allows = self._policy.allows_all if pattern else self._policy.allows
            if not (allows(operation, name) and allows(operation, name.translate(LINE_ENDS))):
                return operation, name
        if header:
            self._published_last = wire[11:]
        return None

    def declared(self, wire: bytes) -> None:
        """The backend says queue.declare-ok: the name that it may have chosen is known."""
        channel = channel_of(wire)
        if not self._queues.get(channel, _SERVER_NAMED):
            self._queues[channel] = decode(wire)[0]

    def forget(self, channel: int) -> None:
        """The channel is opened anew."""
        self._queues.pop(channel, None)

    def _published(self, wire: bytes, header: bytes) -> Iterator[Ask]:
        _, exchange, key, _ = decode(wire)
        yield from _routed("publish", exchange, key, False)
        more = texts(content_headers(header))
        for each in (*more.get("CC", ()), *more.get("BCC", ())):  # RabbitMQ: further routing keys
            yield from _routed("publish", exchange, each, False)

    def _asked(self, wire: bytes) -> Iterator[Ask]:
        channel, values = channel_of(wire), decode(wire)
        match name_of(wire).split("."):
            case ["basic", _]:
                yield "consume", self._queue(channel, values[1]), False
            case ["queue", "declare"]:
                self._queues[channel] = values[1]
                yield "declare", f"queue/{values[1] or _SERVER_NAMED}", False
                yield from _onward(values[3], "x-dead-letter-exchange", "x-dead-letter-routing-key")
            case ["exchange", "declare"]:
                yield "declare", f"exchange/{values[1]}", False
                yield from _onward(values[4], "alternate-exchange")
            case ["queue", "bind" | "unbind"]:
                yield "declare", f"queue/{self._queue(channel, values[1])}", False
                yield from _routed("bind", values[2], values[3], True)
            case ["exchange", "bind" | "unbind"]:
                yield "declare", f"exchange/{values[1]}", False
                yield from _routed("bind", values[2], values[3], True)
            case ["exchange", _]:
                yield "declare", f"exchange/{values[1]}", False
            case _:
                yield "declare", f"queue/{self._queue(channel, values[1])}", False

    def _queue(self, channel: int, name: str) -> str:
        return name or self._queues.get(channel) or _SERVER_NAMED

    @staticmethod
    def _needs_queue(named: set[str]) -> bool:
        return not named.isdisjoint(("basic.consume", "basic.get", "queue.bind", "queue.purge"))


def _routed(operation: str, exchange: str, key: str, pattern: bool) -> Iterator[Ask]:
    """Ask about an exchange and a routing key. A slash of the exchange's own is written C{%2F}, too: who is
    allowed C{stock/#} may not reach the exchange C{stock/secret}, and what is denied it stays denied."""
    yield operation, f"{exchange}/{key}", pattern
    if "/" in exchange:
        yield operation, f"{exchange.replace('/', '%2F')}/{key}", pattern


def _onward(table: bytes, exchange: str, key: str = "") -> Iterator[Ask]:
    """Messages that come out of a queue or an exchange by themselves are published as well."""
    arguments = texts(table)
    keys = arguments.get(key) or ["#"]
    for each in arguments.get(exchange, ()):
        for routing_key in keys:
            yield from _routed("publish", each, routing_key, routing_key == "#")
