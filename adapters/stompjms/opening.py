# -*- test-case-name: tests.adapters.stompjms.test_opening -*-
"""CONNECT read: the version settled on, the login, the heart-beats.

STOMP 1.2, sections Connecting, Protocol Negotiation and Heart-beating.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kaazing.adapters.stompjms.faults import Broken
from kaazing.interfaces.servers import Connect
from kaazing.wire.stomp import VERSIONS

_HEART_BEAT = re.compile(r"([0-9]{1,18}),([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a client's CONNECT or STOMP frame says.

    Attributes:
        version: the highest that both know.
        connect: the question whether it may come in.
        gives, wants: milliseconds; heart-beats that the client can send, and wants to get, at least so often;
            0 for none.
    """

    version: int
    connect: Connect
    gives: int
    wants: int

    def beats(self, every: float) -> tuple[float, float]:
        """Return how often, in seconds, the gateway and the client send something, where the gateway can and
        wants to C{every} so many; 0 for never."""
        offer = round(every * 1000)
        ours = max(offer, self.wants) if offer and self.wants else 0
        theirs = max(offer, self.gives) if offer and self.gives else 0
        return ours / 1000, theirs / 1000


def opening(command: str, fields: Mapping[str, str]) -> Opening:
    """Read a CONNECT or STOMP frame.

    Args:
        fields: its headers, of repeated ones the first.

    Raises:
        Broken: it offers no version that is known, or a header is not as it must be.
    """
    version = _version(command, fields.get("accept-version"))
    if version == 10:  # pads values with blanks, and has no heart-beats
        fields = {name: value.strip(" ") for name, value in fields.items()}
        gives, wants = 0, 0
    else:
        gives, wants = _heart_beat(fields.get("heart-beat"))
    connect = Connect(
        username=fields.get("login", ""),
        password=fields.get("passcode", ""),
        client_id=fields.get("client-id", ""),
    )
    return Opening(version, connect, gives, wants)


def _version(command: str, accept: str | None) -> int:
    if accept is None:
        if command == "STOMP":  # came with 1.1, which requires the header
            raise Broken("STOMP without the header accept-version", "Frames and Headers")
        return 10
    known = [VERSIONS[word] for part in accept.split(",") if (word := part.strip(" ")) in VERSIONS]
    if not known:
        raise Broken(f"none of the versions {', '.join(VERSIONS)} is offered", "Protocol Negotiation")
    return max(known)


def _heart_beat(value: str | None) -> tuple[int, int]:
    if value is None:
        return 0, 0
    found = _HEART_BEAT.fullmatch(value)
    if found is None:
        raise Broken("heart-beat is not two numbers with a comma in between", "Heart-beating")
    return int(found[1]), int(found[2])
