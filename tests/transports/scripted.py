"""An adapter's session that does what the test says, between a browser and a backend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import BaseSession
from kaazing.interfaces.adapters import (
    Front,
    IAdapterSession,
    IMeter,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
)
from kaazing.interfaces.services import Terms
from tests.transports.scenes import SceneTestCase


@implementer(IAdapterSession)
class Scripted(BaseSession):
    """A session that writes down what it is told, and orders what the test has put into C{orders}.

    Attributes:
        told: what it was told, e.g. ("from_front", b"data", TEXT) or ("opened",).
        orders: by what it is told, the orders to give; an exception among them is raised.
        deadline: see L{IAdapterSession}.
    """

    def __init__(self, **orders: list[Any]) -> None:
        super().__init__()
        self.told: list[tuple[Any, ...]] = []
        self.orders: dict[str, list[Any]] = orders
        self.deadline = 1_000_000.0  # on the wheel, and never

    def opened(self, now: float) -> Iterable[Order]:
        return self._give("opened")

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        return self._give("from_front", data, kind)

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        return self._give("from_back", data)

    def front_ended(self, now: float) -> Iterable[Order]:
        return self._give("front_ended")

    def back_ended(self, now: float) -> Iterable[Order]:
        return self._give("back_ended")

    def expired(self, now: float) -> Iterable[Order]:
        self.deadline = None
        return self._give("expired", now)

    def login(self, answer: Login | NoLogin, now: float) -> Iterable[Order]:
        return self._give("login", answer)

    def secured(self, now: float) -> Iterable[Order]:
        return self._give("secured")

    def computed(self, result: Any, now: float) -> Iterable[Order]:
        return self._give("computed", result)

    def report(self, meter: IMeter) -> None:
        self._give("report")

    def _give(self, what: str, *more: object) -> Iterable[Order]:
        self.told.append((what, *more))
        orders = self.orders.get(what, [])
        return orders if isinstance(orders, Whole) else self._one_by_one(orders)

    def _one_by_one(self, orders: list[Any]) -> Iterator[Order]:
        for order in orders:
            if isinstance(order, Exception):
                raise order
            yield order


class Whole(list[bytes]):
    """Orders that are given as the list they are."""


class AdaptedTestCase(SceneTestCase):
    """A browser, a backend, and a session between them."""

    def adapt(self, early: bytes = b"", wants: Front = Front.STREAM, **orders: list[Any]) -> None:
        """Join them; see L{Scripted} for C{orders}."""
        self.session = Scripted(**orders)
        self.browser, self.front = self.scene.front(early)
        self.backend, self.back = self.scene.tcp_back()
        self.start(wants)

    link = Link(peer="192.0.2.1:5000")

    def terms(self, wants: Front) -> Terms:
        """What the service says."""
        return Terms(service="gate", wants=wants)

    def start(self, wants: Front = Front.STREAM) -> None:
        """Let it begin."""
        self.scene.house.adapt(self.front, self.back, self.session, self.link, self.terms(wants))
        self.net.turn()

    def heard(self) -> tuple[list[tuple[int, bytes]], bytes]:
        """What has reached the browser, and the backend."""
        self.net.turn()
        return self.browser.heard, bytes(self.backend.got)
