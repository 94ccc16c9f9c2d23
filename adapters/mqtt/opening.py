# -*- test-case-name: tests.adapters.mqtt.test_opening -*-
"""CONNECT and CONNACK: the backend's login put in, refusals in the words of each version.

MQTT 5 sections 3.1 and 3.2, MQTT 3.1.1 section 3.2.2.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kaazing.interfaces.adapters import Login
from kaazing.wire.mqtt import LONGEST, Connect, connack, disconnect
from kaazing.wire.mqtt_faults import (
    BAD_CLIENT_ID,
    BAD_LOGIN,
    BAD_VERSION,
    NOT_AUTHORIZED,
    PROTOCOL,
    UNAVAILABLE,
)
from kaazing.wire.names import Glob, Pattern

IDENTIFIERS = Glob(str)
"""How patterns for client identifiers are read; upper and lower case differ."""

_OLD_CODES = {BAD_VERSION: 1, BAD_CLIENT_ID: 2, UNAVAILABLE: 3, BAD_LOGIN: 4, NOT_AUTHORIZED: 5}
"""Reason codes of MQTT 5 that a CONNACK of the older versions can say."""

_NOT_OF_CONNACK = frozenset((0x8F, 0x93, 0x94))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A CONNECT that does not reach the backend.

    Attributes:
        code: reason code of MQTT 5.
        words: a sentence that the client may read.
    """

    code: int
    words: str


def may_be(client_id: bytes, allowed: Iterable[Pattern]) -> bool:
    """Return whether a client may have this identifier; none at all, so that the server assigns one, it
    always may (MQTT 5 section 3.1.3.1)."""
    letters = IDENTIFIERS.letters(client_id.decode())
    return not client_id or (letters is not None and any(each.matches(letters) for each in allowed))


def logged_in(connect: Connect, login: Login) -> Connect | Refusal:
    """Return the CONNECT with the backend's login in place of the client's."""
    if connect.method:
        return Refusal(0x8C, "the gateway logs in by itself, so there is no other authentication")
    username, password = login.username.encode(), login.password.encode()
    if max(len(username), len(password)) > LONGEST or b"\0" in username:
        return Refusal(UNAVAILABLE, "the login of the backend cannot be said in MQTT")
    # A password needs a user name before MQTT 5 (MQTT 3.1.1 section 3.1.2.9).
    named = username if username or (password and connect.version != 5) else None
    return connect.with_login(named, password if username or password else None)


def within_host(connect: Connect, host: str) -> Connect | Refusal:
    """Return the CONNECT with a virtual host before the user name, as RabbitMQ reads it; it takes the last
    colon for the one that divides the two."""
    if connect.username is None:
        return Refusal(NOT_AUTHORIZED, "a user name is needed")
    if b":" in connect.username:
        return Refusal(BAD_LOGIN, "a user name with a colon is none")
    named = host.encode() + b":" + connect.username
    if len(named) > LONGEST:
        return Refusal(BAD_LOGIN, "the user name is too long")
    return connect.with_login(named, connect.password)


def farewell(version: int, connected: bool, code: int, words: str, most: int) -> bytes | None:
    """Return the packet that tells a client why its connection ends, None where there is none.

    Args:
        version: 3, 4, 5, or 0 where CONNECT has not come.
        connected: whether CONNACK has accepted.
        code: reason code of MQTT 5.
        words: a sentence for clients of MQTT 5, left out where the packet would be too long.
        most: bytes of a packet that the client takes.
    """
    if version == 5:
        if not connected and code in _NOT_OF_CONNACK:
            code = PROTOCOL
        told = disconnect(code, words) if connected else connack(5, code, words)
        return told if len(told) <= most else disconnect(code) if connected else connack(5, code)
    if connected or version == 0 or code not in _OLD_CODES:
        return None
    return connack(version, _OLD_CODES[code])
