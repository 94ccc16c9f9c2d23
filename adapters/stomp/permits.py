# -*- test-case-name: tests.adapters.stomp.test_permits -*-
"""Which destinations a STOMP client may send to and subscribe to, by the service's policy.

A broker may read a destination otherwise than it stands there, and a header otherwise than STOMP does;
whatever any of them could read must be allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from kaazing.interfaces.adapters import IPolicy
from kaazing.wire.stomp import Frame

SEND, SUBSCRIBE = "send", "subscribe"

OPERATIONS = {"SEND": SEND, "SUBSCRIBE": SUBSCRIBE}
"""Command -> what a policy calls it."""


class Permits:
    """What a policy says of frames.

    Attributes:
        sends: whether there are destinations that SEND is not allowed for.
    """

    __slots__ = ("_policy", "_restricted", "sends")

    def __init__(self, policy: IPolicy | None) -> None:
        self._policy = policy
        self._restricted = frozenset[str]()
        if policy is not None:
            self._restricted = frozenset(each for each in (SEND, SUBSCRIBE) if policy.restricts(each))
        self.sends = SEND in self._restricted

    def refusal(self, frame: Frame) -> str | None:
        """Return why a client's frame must not reach the backend, None where it may."""
        operation = OPERATIONS.get(frame.command)
        if operation not in self._restricted:
            return None
        if all(self._allows(operation, each) for each in _destinations(frame)):
            return None
        return f"not allowed to {operation} to this destination"

    def _allows(self, operation: str, destination: str) -> bool:
        assert self._policy is not None
        if operation == SUBSCRIBE:
            return self._policy.allows_all(operation, destination)
        return self._policy.allows(operation, destination)


def _destinations(frame: Frame) -> Iterator[str]:
    """Yield all that a broker could take for the destination: of repeated headers each, since not all
    brokers take the first (STOMP 1.2, Repeated Header Entries); blanks trimmed (STOMP 1.0 pads); percent
    escapes undone (RabbitMQ); and the parts of one with commas, which names several to ActiveMQ."""
    for name, value in frame.headers:
        if name.strip().lower() == "destination":
            for read in {value, value.strip(), unquote(value)}:
                yield read
                if "," in read:
                    yield from read.split(",")
