# -*- test-case-name: tests.adapters.stomp.test_ledger -*-
"""The subscriptions and transactions that a STOMP client has open.

STOMP 1.2, sections SUBSCRIBE, UNSUBSCRIBE, BEGIN, COMMIT and ABORT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kaazing.errors import ProtocolViolation, Side
from kaazing.wire.stomp import Frame, rule

_ACKS = ("auto", "client", "client-individual")
_PLAIN = frozenset(("id", "destination", "receipt", "content-length"))


class Ledger:
    """What is open on one connection; knows no more identifiers than the limits allow."""

    __slots__ = ("_max_subscriptions", "_max_transactions", "_subscriptions", "_transactions", "_version")

    def __init__(self, version: int, options: Mapping[str, Any]) -> None:
        self._version = version
        self._max_subscriptions: int = options["stomp.maximum.subscriptions"]
        self._max_transactions: int = options["stomp.maximum.transactions"]
        self._subscriptions: set[str] = set()
        self._transactions: set[str] = set()

    def admit(self, frame: Frame, offset: int) -> None:
        """Take note of a client's frame that opens, ends or uses a subscription or a transaction.

        Args:
            frame: as the scanner passed it; the headers that its command requires are there.
            offset: of the frame in the client's stream, bytes.

        Raises:
            ProtocolViolation: what it names is not open, or already is, or is one too many.
        """
        match frame.command:
            case "SUBSCRIBE":
                fault = self._subscribe(frame)
            case "UNSUBSCRIBE":
                fault = self._unsubscribe(frame)
            case "BEGIN":
                fault = self._begin(self._value(frame, "transaction"))
            case "COMMIT" | "ABORT":
                fault = self._end(self._value(frame, "transaction"), frame.command)
            case "SEND" | "ACK" | "NACK":
                fault = self._within(self._value(frame, "transaction"))
            case _:
                return
        if fault:
            what, section = fault
            raise ProtocolViolation(what, side=Side.FRONT, offset=offset, rule=rule(section, self._version))

    def _value(self, frame: Frame, name: str) -> str | None:
        value = frame.get(name)
        return value.strip(" ") if value is not None and self._version == 10 else value  # 1.0 pads values

    def _subscribe(self, frame: Frame) -> tuple[str, str] | None:
        if self._version == 10:
            return None  # an id is optional, and nothing says that it must be unique
        ack, name = frame.get("ack"), frame.get("id") or ""
        if ack is not None and ack not in _ACKS:
            return f"ack is none of {', '.join(_ACKS)}", "SUBSCRIBE ack Header"
        if name in self._subscriptions:
            return f"subscription {_shown(name)} is open already", "SUBSCRIBE id Header"
        if len(self._subscriptions) == self._max_subscriptions:
            return f"more than {self._max_subscriptions} subscriptions", "Size Limits"
        self._subscriptions.add(name)
        return None

    def _unsubscribe(self, frame: Frame) -> tuple[str, str] | None:
        if self._version == 10:
            if frame.get("id") is None and frame.get("destination") is None:
                return "UNSUBSCRIBE without id and destination", "UNSUBSCRIBE"
            return None
        name = frame.get("id") or ""
        if name in self._subscriptions:
            self._subscriptions.discard(name)
            return None
        if all(header in _PLAIN for header, _ in frame.headers):
            return f"no subscription {_shown(name)} is open", "UNSUBSCRIBE"
        return None  # a durable subscription of an earlier connection, in words of the broker's own

    def _begin(self, name: str | None) -> tuple[str, str] | None:
        if name in self._transactions:
            return f"transaction {_shown(name)} is open already", "BEGIN"
        if len(self._transactions) == self._max_transactions:
            return f"more than {self._max_transactions} transactions", "Size Limits"
        self._transactions.add(name or "")
        return None

    def _end(self, name: str | None, command: str) -> tuple[str, str] | None:
        if name not in self._transactions:
            return f"no transaction {_shown(name)} is open", command
        self._transactions.discard(name or "")
        return None

    def _within(self, name: str | None) -> tuple[str, str] | None:
        if name is None or name in self._transactions:
            return None
        return f"no transaction {_shown(name)} is open", "BEGIN"


def _shown(name: str | None) -> str:
    return ascii((name or "")[:40])
