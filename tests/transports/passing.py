"""An adapter's session that passes everything, between a browser and a backend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred

from kaazing.interfaces.adapters import Front, Kind, Order
from kaazing.interfaces.services import Rates, Terms
from tests.transports.scenes import TEXT
from tests.transports.scripted import AdaptedTestCase, Scripted

A, B, C = ((TEXT, word) for word in (b"a", b"b", b"c"))


class Passing(Scripted):
    """Passes everything, but for the words that the test has orders for."""

    def __init__(self, **orders: Any) -> None:
        super().__init__(**orders)
        self.deadline: float | None = None
        self.kind = Kind.TEXT

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        return self._passes("from_front", data)

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        return self._passes("from_back", data)

    def _passes(self, what: str, data: bytes) -> Iterable[Order]:
        self.told.append((what, data))
        word = data.decode()
        if word == "fail":
            raise ZeroDivisionError
        if word == "nothing":
            return []
        return self._one_by_one(self.orders[word]) if word in self.orders else [data]


class PassingTestCase(AdaptedTestCase):
    """A browser whose messages pass one by one, and its backend."""

    rates: Rates | None = None

    def pass_all(self, **orders: Any) -> None:
        """Join them."""
        self.session = Passing(**orders)
        self.browser, self.front = self.scene.front()
        self.backend, self.back = self.scene.tcp_back()
        self.start(Front.MESSAGES)

    def asked(self) -> Deferred[Any]:
        """Return the answer to the session's question, for the test to give."""
        given: Deferred[Any] = Deferred()

        class Answers:
            sessions, wheel = self.scene.sessions, self.scene.wheel

            def answer(self, *asked: Any) -> Deferred[Any]:
                return given

        self.patch(self.scene.house, "_answers", Answers())
        return given

    def terms(self, wants: Front) -> Terms:
        """What the service says."""
        return Terms(service="gate", wants=wants, rates=self.rates)
