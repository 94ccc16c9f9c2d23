"""A conversation with a session of the MQTT adapter: what happens, and what must follow."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Self

from kaazing.adapters.mqtt.adapter import MqttAdapter
from kaazing.interfaces.adapters import Kind, Order, ToBack, ToFront
from tests.adapters import dialogue
from tests.adapters.orders import carried_out
from tests.wire.mqtt_streams import connack, connect

DEFAULTS = dialogue.defaults(MqttAdapter)
policy = partial(dialogue.policy, MqttAdapter)


class Dialogue(dialogue.Dialogue):
    """See there; messages of the gateway to the client are bytes where they are of the kind that MQTT
    wants."""

    adapter = MqttAdapter

    def connect(self, version: int = 4, *values: bytes) -> Self:
        """Let the client log in, and the backend consent, in MQTT 5 with these properties."""
        self.front(connect(version)).then(ToBack(connect(version)))
        return self.back(connack(version, 0, *values)).then(connack(version, 0, *values))

    def _hear(self, orders: Iterable[Order], passing: Any) -> Self:
        self._case.assertEqual(self.session.kind, Kind.BINARY)
        super()._hear(orders, passing)
        self._said = shortened(self._said)
        return self


def done(orders: Iterable[Order], passing: Any) -> list[Any]:
    """Return the orders as L{carried_out} does, and what is sent to the client as bytes."""
    return shortened(carried_out(orders, passing))


def shortened(said: list[Any]) -> list[Any]:
    """Return what was ordered, what is sent to the client as bytes."""
    return [each.data if isinstance(each, ToFront) and each.kind == Kind.BINARY else each for each in said]
