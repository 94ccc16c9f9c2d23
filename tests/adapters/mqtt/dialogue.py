"""A conversation with a session of the MQTT adapter: what happens, and what must follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.mqtt.adapter import MqttAdapter
from kaazing.interfaces.adapters import IAdapterSession, Kind, Link, Login, NoLogin, Order, ToBack, ToFront
from kaazing.wire.policy import Block, Policy, read_rule
from tests.adapters.orders import carried_out
from tests.wire.mqtt_streams import connack, connect

DEFAULTS = {option.name: option.default for option in MqttAdapter.options}


def policy(*rules: str) -> Policy:
    """Return one of rules for everybody: C{"allow publish a/#"}."""
    read = [
        (kind, read_rule(rule, MqttAdapter.operations)) for kind, _, rule in (r.partition(" ") for r in rules)
    ]
    allow = tuple(rule for kind, rule in read if kind == "allow")
    deny = tuple(rule for kind, rule in read if kind == "deny")
    return Policy([Block(allow=allow, deny=deny)], frozenset(), MqttAdapter.operations)


class Dialogue:
    """Tell the session what happens with L{front}, L{back} and the like; say with L{then} what must
    follow, all of it, before the next thing happens. Messages of the gateway to the client are bytes where
    they are of the kind that MQTT wants.

    Attributes:
        now: the time, seconds; set it to let time pass.
    """

    def __init__(
        self,
        case: SynchronousTestCase,
        *rules: str,
        injects: bool = False,
        apart: bool = False,
        **options: Any,
    ) -> None:
        values = {name.replace("_", "."): value for name, value in options.items()}
        link = Link(
            peer="192.0.2.1:5000",
            options={**DEFAULTS, **values},
            injects=injects,
            apart=apart,
            policy=policy(*rules) if rules else None,
        )
        self._case = case
        self.now = 100.0
        self.session = MqttAdapter().session(link)
        verifyObject(IAdapterSession, self.session)
        self._said: list[Any] = []
        self._hear(self.session.opened(self.now), ToBack)

    def connect(self, version: int = 4, *values: bytes) -> Dialogue:
        """Let the client log in, and the backend consent, in MQTT 5 with these properties."""
        self.front(connect(version)).then(ToBack(connect(version)))
        return self.back(connack(version, 0, *values)).then(connack(version, 0, *values))

    def front(self, data: bytes, kind: Kind = Kind.BINARY) -> Dialogue:
        """The browser sends."""
        return self._hear(self.session.from_front(data, kind, self.now), ToBack)

    def back(self, data: bytes) -> Dialogue:
        """The backend sends."""
        return self._hear(self.session.from_back(data, self.now), bytes)

    def login(self, answer: Login | NoLogin) -> Dialogue:
        """The login is known."""
        return self._hear(self.session.login(answer, self.now), ToBack)

    def wait_for_deadline(self) -> Dialogue:
        """Let time pass until the session wants to be told."""
        self._case.assertIsNotNone(self.session.deadline)
        self.now = self.session.deadline
        return self._hear(self.session.expired(self.now), bytes)

    def then(self, *orders: Order | str) -> Dialogue:
        """This follows and nothing else; text stands for the violation that ends it all."""
        said, self._said = self._said, []
        self._case.assertEqual(said, list(orders))
        return self

    def _hear(self, orders: Iterable[Order], passing: Any) -> Dialogue:
        self._case.assertEqual(self._said, [], "this was not expected")
        self._case.assertEqual(self.session.kind, Kind.BINARY)
        self._said = done(orders, passing)
        return self


def done(orders: Iterable[Order], passing: Any) -> list[Any]:
    """Return the orders as L{carried_out} does, and what is sent to the client as bytes."""
    said = carried_out(orders, passing)
    return [each.data if isinstance(each, ToFront) and each.kind == Kind.BINARY else each for each in said]
