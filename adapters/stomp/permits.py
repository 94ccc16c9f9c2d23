# -*- test-case-name: tests.adapters.stomp.test_permits -*-
"""Which destinations a STOMP client may send to and subscribe to, by the service's policy.

A broker may read a destination otherwise than it stands there, and a header otherwise than STOMP does;
whatever any of them could read must be allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from kaazing.interfaces.adapters import IPolicy
from kaazing.wire.stomp import Frame, unescaped
from kaazing.wire.stomp_properties import SEND, SUBSCRIBE

OPERATIONS = {"SEND": SEND, "SUBSCRIBE": SUBSCRIBE, "UNSUBSCRIBE": SUBSCRIBE}
"""Command -> what a policy calls it."""

_QUEUE = "x-queue-name"
"""Header of RabbitMQ: the queue to subscribe to, or to delete when a durable subscription ends, whatever
the destination is."""
_KIND = re.compile(r"/[^/,]*/")
_PLAIN = re.compile(r"[^\s\\%,?]*")
"""Of which there is one reading."""


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
    brokers take the first (STOMP 1.2, Repeated Header Entries); and the queue that RabbitMQ takes instead."""
    for name, value in frame.headers:
        match name.strip().lower():
            case "destination" if frame.command != "UNSUBSCRIBE":  # there it names what is open
                yield from _readings(value)
            case header if header == _QUEUE and frame.command != "SEND":
                yield from _readings(f"/queue/{value.strip()}")


def _readings(value: str) -> set[str]:
    """Return what a destination could mean: escapes undone that its version does not have (RabbitMQ), blanks
    trimmed (STOMP 1.0 pads), percent escapes undone (RabbitMQ), options behind a question mark left out and
    several of one kind with commas in between (ActiveMQ)."""
    found = {value}
    if _PLAIN.fullmatch(value):
        return found
    for undo in (unescaped, str.strip, unquote, lambda each: each.partition("?")[0]):
        found |= {undo(each) for each in found}
    for read in tuple(found):
        if "," in read:
            kind = _KIND.match(read)
            for part in read.split(","):
                found |= {part, part.strip()}
                if kind is not None and not part.strip().startswith("/"):
                    found.add(kind[0] + part.strip())
    return found
