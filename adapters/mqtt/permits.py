# -*- test-case-name: tests.adapters.mqtt.test_permits -*-
"""What a policy says of topics: aliases resolved, refusals as each version has them (docs/decisions/0105)."""

from __future__ import annotations

from kaazing.interfaces.adapters import IPolicy
from kaazing.wire.mqtt import Publish, acknowledge
from kaazing.wire.mqtt_faults import NOT_AUTHORIZED
from kaazing.wire.mqtt_types import PUBACK, PUBCOMP, PUBREC

_SHARED = b"$share/"
_AMQP_WILDCARDS = frozenset(".*")


class Permits:
    """One client's PUBLISH under a policy.

    It knows a topic for each alias, which CONNACK has limited, and the identifiers of messages that it has
    swallowed, 65,535 at most.
    """

    __slots__ = ("_aliases", "_amqp", "_policy", "_swallowed", "_version")

    def __init__(self, policy: IPolicy, version: int, *, amqp: bool) -> None:
        """Make one; C{amqp} is whether the broker may be one that takes a full stop for a slash."""
        self._policy, self._version, self._amqp = policy, version, amqp
        self._aliases: dict[int, bytes] = {}
        self._swallowed: set[int] = set()  # of QoS 2, before MQTT 5: PUBREL is still to come

    def allows(self, publish: Publish) -> bool:
        """Return whether the message may go on."""
        topic = publish.topic or self._aliases[publish.alias]
        if publish.alias:
            self._aliases[publish.alias] = topic
        allowed = self.allows_topic(topic)
        if allowed:
            self._swallowed.discard(publish.id)
        return allowed

    def allows_topic(self, topic: bytes) -> bool:
        """Return whether messages may be published there."""
        if self._amqp and b"." in topic:
            return False
        return self._policy.allows("publish", topic.decode())

    def refuse(self, publish: Publish) -> bytes | None:
        """Return what the client is told of a message that goes nowhere, None with QoS 0.

        MQTT 5 has a reason code for it; before, it looks as though the message had arrived, which is what
        brokers do, since nothing else is left but to end the connection (MQTT 3.1.1 section 3.3.5).
        """
        if publish.qos == 0:
            return None
        type = PUBACK if publish.qos == 1 else PUBREC
        if self._version == 5:
            return acknowledge(type, 5, publish.id, (NOT_AUTHORIZED,))
        if type == PUBREC:
            self._swallowed.add(publish.id)
        return acknowledge(type, self._version, publish.id)

    def released(self, id: int) -> bytes | None:
        """Return the answer to a PUBREL of a message that was swallowed, None where it was not."""
        if id not in self._swallowed:
            return None
        self._swallowed.discard(id)
        return acknowledge(PUBCOMP, self._version, id)


def refused_filters(policy: IPolicy, filters: tuple[bytes, ...], *, amqp: bool) -> frozenset[int]:
    """Return the places of the filters that a client may not subscribe to.

    A shared subscription is asked for by its filter, in every version: brokers share before MQTT 5, too.

    Args:
        policy: what is asked.
        filters: those of a SUBSCRIBE.
        amqp: whether the broker may be one that takes a full stop for a slash, and an asterisk for a plus.
    """
    names = (_unshared(name).decode() for name in filters)
    return frozenset(
        place
        for place, name in enumerate(names)
        if (amqp and not _AMQP_WILDCARDS.isdisjoint(name)) or not policy.allows_all("subscribe", name)
    )


def _unshared(name: bytes) -> bytes:
    if name.startswith(_SHARED):
        return name.removeprefix(_SHARED).partition(b"/")[2] or name
    return name
