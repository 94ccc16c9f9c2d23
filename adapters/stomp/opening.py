# -*- test-case-name: tests.adapters.stomp.test_opening -*-
"""CONNECT and CONNECTED: versions offered and settled, the backend's login put in.

STOMP 1.2, sections Connecting and Heart-beating.
"""

from __future__ import annotations

import re
from dataclasses import replace

from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import Login
from kaazing.wire.stomp import OPENING, VERSIONS, Frame, rule

_HEART_BEAT = re.compile(r"[0-9]{1,18},[0-9]{1,18}")


def offered(connect: Frame, offset: int) -> frozenset[int]:
    """Return the versions that a CONNECT or STOMP frame offers and that are known here.

    Raises:
        ProtocolViolation: there is none, or a header is not as it must be.
    """
    accept = connect.get("accept-version")
    if accept is None:
        if connect.command == "STOMP":  # came with 1.1, which requires the header
            raise _fault(Side.FRONT, "STOMP without the header accept-version", offset, "Frames and Headers")
        return frozenset((10,))
    versions = frozenset(VERSIONS[word] for word in _words(accept) if word in VERSIONS)
    if not versions:
        what = f"none of the versions {', '.join(VERSIONS)} is offered"
        raise _fault(Side.FRONT, what, offset, "Protocol Negotiation")
    if max(versions) > 10:
        _check_heart_beat(connect, Side.FRONT, offset)
    return versions


def injected(connect: Frame, login: Login | None, host: str | None) -> Frame:
    """Return the CONNECT frame that the backend gets: C{login} and virtual host C{host} in place of the
    client's where they are given, and no version offered that is not known here. The same object where
    nothing changes."""
    fresh: dict[str, str | None] = {}
    if login is not None:  # both are ours, or both the client's
        fresh |= {"login": login.username, "passcode": login.password or None}
    if host is not None:
        fresh["host"] = host
    words = _words(connect.get("accept-version") or "")
    if any(word not in VERSIONS for word in words):
        fresh["accept-version"] = ",".join(word for word in words if word in VERSIONS)
    if not fresh:
        return connect
    # Brokers trim names (STOMP 1.0 pads them), so " login" of the client's must not pass either.
    kept = [header for header in connect.headers if header[0].strip().lower() not in fresh]
    put = [(name, value) for name, value in fresh.items() if value is not None]
    return replace(connect, headers=(*put, *kept))


def settled(connected: Frame, offers: frozenset[int], offset: int) -> int:
    """Return the version that a CONNECTED frame settles on.

    Raises:
        ProtocolViolation: the client has not offered it, or a header is not as it must be.
    """
    if not offers:
        raise _fault(Side.BACK, "CONNECTED before CONNECT", offset, "Connecting")
    version = VERSIONS.get((connected.get("version") or "1.0").strip(" "))
    if version not in offers:
        what = "CONNECTED with a version that was not offered"
        raise _fault(Side.BACK, what, offset, "Protocol Negotiation")
    if version > 10:
        _check_heart_beat(connected, Side.BACK, offset)
    return version


def _check_heart_beat(frame: Frame, side: Side, offset: int) -> None:
    value = frame.get("heart-beat")
    if value is not None and not _HEART_BEAT.fullmatch(value):
        raise _fault(side, "heart-beat is not two numbers with a comma in between", offset, "Heart-beating")


def _words(accept: str) -> list[str]:
    return [word for part in accept.split(",") if (word := part.strip(" "))]


def _fault(side: Side, what: str, offset: int, section: str) -> ProtocolViolation:
    return ProtocolViolation(what, side=side, offset=offset, rule=rule(section, OPENING))
