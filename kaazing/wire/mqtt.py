# -*- test-case-name: tests.wire.test_mqtt -*-
"""MQTT 3.1, 3.1.1 and 5: the scanner that finds packets, and the packets that are read or written here.

A version is a number: 3 for MQTT 3.1, 4 for 3.1.1, 5. What a L{Scanner} promises stands in
C{kaazing/_speedups.pyi}, under MqttScanner; C and Python are one to the eye. The functions that read a packet
take one that a scanner has passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from kaazing.wire.mqtt_types import (
    ALIAS,
    ALIAS_MAXIMUM,
    CONNACK,
    CONNECT,
    DISCONNECT,
    MAXIMUM_PACKET,
    METHOD,
    PUBLISH,
    REASON_STRING,
    RECEIVE_MAXIMUM,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    WILL,
)
from kaazing.wire.native import SPEEDUPS
from kaazing.wire.pure_mqtt_fields import Reading

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import MqttScanner as Scanner
else:
    from kaazing.wire.pure_mqtt import MqttScanner as Scanner

__all__ = [
    "LONGEST",
    "Connack",
    "Connect",
    "Publish",
    "Request",
    "Scanner",
    "acknowledge",
    "codes",
    "connack",
    "disconnect",
    "identifier",
    "lower_aliases",
    "packet",
    "parse_connack",
    "parse_connect",
    "parse_publish",
    "parse_request",
    "with_codes",
]

LONGEST = 65535
"""Bytes of a text or of binary data."""

_ANY = 2**31  # no limit: a scanner has looked
_LONGEST_REASON = 200  # bytes of a Reason String of ours
_USERNAME, _PASSWORD, _HAS_WILL = 0x80, 0x40, 0x04


@dataclass(frozen=True, slots=True)
class Connect:
    """A client's CONNECT (MQTT 5 section 3.1).

    Attributes:
        version: 3, 4 or 5.
        opening: all from the protocol name to the level.
        flags: the Connect Flags, as they came.
        middle: all from the keep alive to the will, or to the client identifier without one.
        client_id: client identifier, empty where the server is to assign one.
        will_topic: None without a will.
        username, password: None where absent; the password is kept out of every repr.
        method: whether there is an authentication method.
        receive_max, alias_max, max_packet: of the client; MQTT 5's defaults where it says nothing.
    """

    version: int
    opening: bytes
    flags: int
    middle: bytes
    client_id: bytes
    will_topic: bytes | None
    username: bytes | None
    password: bytes | None
    method: bool
    receive_max: int
    alias_max: int
    max_packet: int

    def __repr__(self) -> str:
        return f"<CONNECT of version {self.version}>"

    def with_login(self, username: bytes | None, password: bytes | None) -> Connect:
        """Return one with another login; None for what is not to be there."""
        return replace(self, username=username, password=password)

    def encode(self) -> bytes:
        """Return the packet."""
        flags = self.flags & ~(_USERNAME | _PASSWORD)
        end = b""
        for bit, value in ((_USERNAME, self.username), (_PASSWORD, self.password)):
            if value is not None:
                flags |= bit
                end += _sized(value)
        return packet(CONNECT << 4, self.opening + bytes([flags]) + self.middle + end)


@dataclass(frozen=True, slots=True)
class Connack:
    """A server's CONNACK (MQTT 5 section 3.2); the limits are MQTT 5's defaults where it says nothing."""

    code: int
    receive_max: int
    alias_max: int
    max_packet: int


class Publish(NamedTuple):
    """What a policy asks of a PUBLISH (MQTT 5 section 3.3); C{topic} may be empty where there is an alias.

    Attributes:
        id: packet identifier, 0 with QoS 0.
        alias: topic alias, 0 for none.
    """

    topic: bytes
    qos: int
    id: int
    alias: int


@dataclass(frozen=True, slots=True)
class Request:
    """A SUBSCRIBE or UNSUBSCRIBE (MQTT 5 sections 3.8 and 3.10).

    Attributes:
        first: the first byte of the packet.
        id: packet identifier.
        opening: identifier and properties, as they came.
        filters: the topic filters.
        entries: each filter with its options, as they came.
    """

    first: int
    id: int
    opening: bytes
    filters: tuple[bytes, ...]
    entries: tuple[bytes, ...]

    def without(self, places: Iterable[int]) -> bytes:
        """Return the packet without the filters at these places."""
        left_out = frozenset(places)
        kept = (entry for place, entry in enumerate(self.entries) if place not in left_out)
        return packet(self.first, self.opening + b"".join(kept))


def packet(first: int, body: bytes) -> bytes:
    """Return a packet with its fixed header (MQTT 5 section 2.1)."""
    return bytes([first]) + _varying(len(body)) + body


def parse_connect(wire: bytes) -> Connect:
    """Read a CONNECT."""
    reading = _reading(wire, client=True, version=5)
    reading.binary()
    version = reading.number(1)
    opening = wire[_head(wire) : reading.at]
    flags = reading.number(1)
    middle = reading.at
    reading.number(2)
    reading.version = version
    _read_properties(reading, CONNECT)
    properties = reading.properties
    client_id = reading.text()
    will_topic = None
    if flags & _HAS_WILL:
        _read_properties(reading, WILL)
        will_topic = reading.topic()
        reading.binary()
    return Connect(
        version,
        opening,
        flags,
        wire[middle : reading.at],
        client_id,
        will_topic,
        reading.text() if flags & _USERNAME else None,
        reading.binary() if flags & _PASSWORD else None,
        METHOD in properties,
        *_limits(properties),
    )


def parse_connack(wire: bytes, version: int) -> Connack:
    """Read a CONNACK."""
    reading = _reading(wire, client=False, version=version)
    reading.number(1)
    code = reading.number(1)
    _read_properties(reading, CONNACK)
    return Connack(code, *_limits(reading.properties))


def lower_aliases(wire: bytes, most: int) -> bytes:
    """Return a CONNACK of MQTT 5 whose Topic Alias Maximum is no more than C{most}."""
    reading = _reading(wire, client=False, version=5)
    reading.number(2)
    reading.read_properties(CONNACK)
    place = reading.places.get(ALIAS_MAXIMUM)
    if place is None or _number(reading.properties[ALIAS_MAXIMUM]) <= most:
        return wire
    return wire[:place] + most.to_bytes(2, "big") + wire[place + 2 :]


def parse_publish(wire: bytes, version: int) -> Publish:
    """Read a client's PUBLISH up to its payload."""
    start = _head(wire) + 2
    at = start + int.from_bytes(wire[start - 2 : start], "big")
    topic, qos, id, alias = wire[start:at], wire[0] >> 1 & 3, 0, 0
    if qos:
        id = int.from_bytes(wire[at : at + 2], "big")
        at += 2
    if version == 5 and wire[at]:
        reading = _reading(wire, client=True, version=version)
        reading.at = at
        reading.read_properties(PUBLISH)
        alias = _number(reading.properties.get(ALIAS, 0))
    return Publish(topic, qos, id, alias)


def parse_request(wire: bytes, version: int) -> Request:
    """Read a SUBSCRIBE or UNSUBSCRIBE."""
    reading, type = _reading(wire, client=True, version=version), wire[0] >> 4
    id = reading.number(2)
    _read_properties(reading, type)
    opening = wire[_head(wire) : reading.at]
    filters: list[bytes] = []
    entries: list[bytes] = []
    while reading.at < reading.end:
        start = reading.at
        filters.append(reading.binary())
        reading.at += type == SUBSCRIBE  # the options
        entries.append(wire[start : reading.at])
    return Request(wire[0], id, opening, tuple(filters), tuple(entries))


def identifier(wire: bytes) -> int:
    """Return the packet identifier of an acknowledgement."""
    return int.from_bytes(wire[(head := _head(wire)) : head + 2], "big")


def codes(wire: bytes, version: int) -> bytes:
    """Return the codes of a SUBACK or UNSUBACK, one byte each; none of an UNSUBACK before MQTT 5."""
    return wire[_behind_properties(wire, version) :]


def with_codes(wire: bytes, version: int, codes: bytes) -> bytes:
    """Return a SUBACK or UNSUBACK with other codes."""
    return packet(wire[0], wire[_head(wire) : _behind_properties(wire, version)] + codes)


def acknowledge(type: int, version: int, id: int, codes: Sequence[int] = ()) -> bytes:
    """Return a PUBACK, PUBREC, PUBCOMP, SUBACK or UNSUBACK; C{codes} are the reason codes."""
    properties = b"\0" if version == 5 and type in (SUBACK, UNSUBACK) else b""
    return packet(type << 4, id.to_bytes(2, "big") + properties + bytes(codes))


def connack(version: int, code: int, why: str = "") -> bytes:
    """Return a CONNACK that refuses; MQTT 5 says why in words, too."""
    return packet(CONNACK << 4, bytes((0, code)) + (_words(why) if version == 5 else b""))


def disconnect(code: int, why: str = "") -> bytes:
    """Return the DISCONNECT of a server of MQTT 5."""
    return packet(DISCONNECT << 4, bytes((code,)) + _words(why))


def _words(why: str) -> bytes:
    """Properties: nothing, or a Reason String."""
    if not why:
        return b"\0"
    text = why.encode("ascii", "replace")[:_LONGEST_REASON]
    return _varying(len(text) + 3) + bytes([REASON_STRING]) + _sized(text)


def _reading(wire: bytes, *, client: bool, version: int) -> Reading:
    return Reading(wire, _head(wire), client=client, version=version, max_topic=LONGEST, max_properties=_ANY)


def _read_properties(reading: Reading, packet: int) -> None:
    if reading.version == 5:
        reading.read_properties(packet)


def _behind_properties(wire: bytes, version: int) -> int:
    reading = _reading(wire, client=False, version=version)
    reading.number(2)
    _read_properties(reading, wire[0] >> 4)
    return reading.at


def _limits(properties: dict[int, int | bytes]) -> tuple[int, int, int]:
    given = (properties.get(number) for number in (RECEIVE_MAXIMUM, ALIAS_MAXIMUM, MAXIMUM_PACKET))
    receive_max, alias_max, max_packet = given
    return _number(receive_max, 65535), _number(alias_max, 0), _number(max_packet, _ANY)


def _number(value: int | bytes | None, absent: int = 0) -> int:
    return value if isinstance(value, int) else absent


def _head(wire: bytes) -> int:
    """Size of a packet's fixed header."""
    at = 1
    while wire[at] & 0x80:
        at += 1
    return at + 1


def _varying(value: int) -> bytes:
    """A Variable Byte Integer (MQTT 5 section 1.5.5)."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value
