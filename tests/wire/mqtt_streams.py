"""MQTT packets written byte by byte, random streams of them, and all that a scanner says of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from kaazing.errors import Side
from kaazing.wire import pure_mqtt
from kaazing.wire.mqtt import Scanner
from kaazing.wire.mqtt_faults import violation
from kaazing.wire.mqtt_types import NAMES
from tests.wire.cuts import joined

try:
    from kaazing._speedups import MqttScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

ALL = 0xFFFF
"""Every packet watched."""


def sized(value: bytes | str) -> bytes:
    """A text or binary data: its length in two bytes, and itself (MQTT 5 sections 1.5.4 and 1.5.6)."""
    value = value.encode() if isinstance(value, str) else value
    return len(value).to_bytes(2, "big") + value


def properties(*values: bytes) -> bytes:
    """Properties with their length, below 128, in front (MQTT 5 section 2.2.2)."""
    return bytes([len(b"".join(values))]) + b"".join(values)


def packet(first: int, *parts: bytes) -> bytes:
    """A packet with its fixed header; the length as short as can be (MQTT 5 section 2.1)."""
    body = b"".join(parts)
    size, written = len(body), []
    while True:
        size, low = divmod(size, 128)
        written.append(low | 0x80 if size else low)
        if not size:
            return bytes([first, *written]) + body


def connect(version: int = 4, flags: int = 2, *parts: bytes, name: str = "") -> bytes:
    """A CONNECT whose client is called "me"; C{parts} follow the client identifier."""
    name = name or ("MQIsdp" if version == 3 else "MQTT")
    props = properties() if version == 5 else b""
    return packet(0x10, sized(name), bytes([version, flags]), b"\0\x3c", props, sized("me"), *parts)


def connack(version: int = 4, code: int = 0, *values: bytes) -> bytes:
    """A CONNACK, with these properties in MQTT 5."""
    return packet(0x20, bytes([0, code]), properties(*values) if version == 5 else b"")


def publish(
    version: int = 4, topic: str = "a/b", payload: bytes = b"hi", *values: bytes, qos: int = 0, id: int = 7
) -> bytes:
    """A PUBLISH, with these properties in MQTT 5."""
    return packet(
        0x30 | qos << 1,
        sized(topic),
        id.to_bytes(2, "big") if qos else b"",
        properties(*values) if version == 5 else b"",
        payload,
    )


def subscribe(version: int = 4, *filters: str, id: int = 9, options: int = 1) -> bytes:
    """A SUBSCRIBE without properties."""
    entries = [sized(name) + bytes([options]) for name in filters]
    return packet(0x82, id.to_bytes(2, "big"), b"\0" if version == 5 else b"", *entries)


def suback(version: int = 4, *codes: int, id: int = 9) -> bytes:
    """A SUBACK without properties."""
    return packet(0x90, id.to_bytes(2, "big"), b"\0" if version == 5 else b"", bytes(codes))


@dataclass(frozen=True)
class Settings:
    """How a scanner is made, and what it is told of CONNECT and CONNACK before its first byte."""

    client: bool = True
    split: bool = False
    watched: int = 0
    version: int = 4
    auth: bool = False
    connected: bool = True
    max_packet: int = 1 << 20
    max_topic: int = 1000
    max_properties: int = 100
    max_filters: int = 100
    max_alias: int = 10
    receive_max: int = -1

    def scanner(self, kind: Any = Scanner) -> Scanner:
        """Make one, of C{kind}: in C or in Python. With version 0 it is told nothing."""
        made: Scanner = kind(
            client=self.client,
            split=self.split,
            watched=self.watched,
            max_packet=self.max_packet,
            max_topic=self.max_topic,
            max_properties=self.max_properties,
            max_filters=self.max_filters,
        )
        if self.version:
            made.connect(
                version=self.version,
                auth=self.auth,
                connected=self.connected,
                max_packet=1 << 28,
                max_alias=self.max_alias,
                receive_max=self.receive_max,
            )
        return made


Outcome = tuple[list[Any], str, dict[str, int], int, int]


def outcome(settings: Settings, parts: Iterable[bytes], kind: Any = Scanner) -> Outcome:
    """Feed the parts to a new scanner.

    Returns:
        The items, runs joined with their neighbours unless they are packets apart; the fault in words;
        the packets counted; what has been acknowledged; the version.
    """
    scanner = settings.scanner(kind)
    items = joined((item for part in parts for item in scanner.feed(part)), apart=settings.split)
    side = Side.FRONT if settings.client else Side.BACK
    said = scanner.fault and str(violation(scanner.fault, side, scanner.version))
    counts = {name: count for name, count in zip(NAMES, scanner.take_counts(), strict=True) if count}
    return items, said or "", counts, scanner.released, scanner.version


def settings(random: Random) -> Settings:
    """Return any."""
    version = random.choice((0, 3, 4, 5, 5))
    return Settings(
        client=random.random() < 0.6,
        split=random.random() < 0.5,
        watched=random.choice((0, ALL, 0b0000_0101_0000_1110)),
        version=version,
        auth=version == 5 and random.random() < 0.3,
        connected=random.random() < 0.8,
        max_packet=random.choice((40, 100, *[1 << 20] * 10)),
        max_topic=random.choice((5, *[1000] * 10)),
        max_properties=random.choice((1, *[100] * 10)),
        max_filters=random.choice((1, *[100] * 10)),
        receive_max=random.choice((-1, 2, 10)) if version == 5 else -1,
    )


_VALUES = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), (b"\0", b"\1", b"\2")),
    **dict.fromkeys((0x13, 0x21, 0x22), (b"\0\1", b"\xff\xff", b"\0\0", b"\0")),
    0x23: (b"\0\1", b"\0\2", b"\0\x0a", b"\0\x0b", b"\0\0"),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), (b"\0\0\0\1", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0")),
    **dict.fromkeys((0x03, 0x12, 0x15, 0x1A, 0x1C, 0x1F), (sized("x"), sized("\0"), sized(b"\xff"), b"\0\5")),
    0x08: (sized("r/t"), sized("r/#"), sized("")),
    **dict.fromkeys((0x09, 0x16), (sized(b"\xff\0"), b"\xff\xff")),
    0x0B: (b"\1", b"\x80\1", b"\0", b"\x80\0", b"\xff\xff\xff\xff\1"),
    0x26: (sized("k") + sized("v"), sized("k"), sized("k") + sized("\0")),
    0x00: (b"", b"x"),
    0x7F: (b"",),
}
_FITTING = {
    0: (0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26),
    1: (0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27),
    2: (0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A),
    3: (0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x23, 0x26),
    8: (0x0B, 0x26),
    10: (0x26,),
    14: (0x11, 0x1C, 0x1F, 0x26),
    15: (0x15, 0x15, 0x15, 0x16, 0x1F, 0x26),
}
_TOPICS = ("a", "a/b", "grüße/🚂", "$SYS/x", "", "a/+", "\0", "long/" * 3)
_FILTERS = (
    *("#", "+", "a/+/b", "+/#", "$share/g/a/#", "", "a#", "a/#/b", "+a"),
    *("$share//a", "$share/g/", "$share/+/a"),
)


def stream(random: Random, given: Settings, faults: float) -> bytes:
    """Return some packets for such a scanner; each part of each is wrong with the probability C{faults}."""
    version, parts = given.version, []
    if given.client and version == 0:
        version = random.choice((3, 4, 5))
        parts.append(_connect(random, version, faults))
    elif not given.client and not given.connected:
        parts.append(body(random, 2, version, faults, given.client))
    for _ in range(random.randrange(1, 6)):
        types = (3, 3, 3, 4, 5, 6, 7, 8, 10, 12) if given.client else (3, 3, 3, 4, 5, 6, 7, 9, 11, 13)
        type = random.choice(types)
        if random.random() < max(faults, 0.05):
            type = random.randrange(16)
        parts.append(body(random, type, version, faults, given.client))
    return b"".join(parts)


def _wrong(random: Random, faults: float) -> bool:
    return random.random() < faults


def _properties(random: Random, type: int, version: int, faults: float) -> bytes:
    if version != 5:
        return b""
    ids = random.choices(_FITTING.get(type, (0x1F, 0x26)), k=random.choice((0, 0, 0, 1, 2)))
    if _wrong(random, faults):
        ids = random.choices(list(_VALUES), k=random.randrange(3))
    elif random.random() < 0.9:
        ids = list(dict.fromkeys(ids))
    written = [
        bytes([id]) + (random.choice(_VALUES[id]) if _wrong(random, faults) else _VALUES[id][0]) for id in ids
    ]
    size = len(b"".join(written)) + _wrong(random, faults)
    return (bytes([size]) if random.random() < 1 - faults / 2 else bytes([size | 0x80, 0])) + b"".join(
        written
    )


def _connect(random: Random, version: int, faults: float) -> bytes:
    flags = random.choice((2, 2, 0x82, 0xC2, 0x06, 0xCE, 0x2E))
    if _wrong(random, faults):
        flags = random.randrange(256)
    name = random.choice(("MQTT", "MQIsdp", "HTTP")) if _wrong(random, faults) else ""
    will = [_properties(random, 0, version, faults), sized(random.choice(_TOPICS[:4])), sized(b"\xff")]
    level = random.choice((4, 5, 6, 0x83)) if _wrong(random, faults) else version
    name = name or ("MQIsdp" if version == 3 else "MQTT")
    parts = [sized(name), bytes([level, flags]), b"\0\x3c", _properties(random, 1, version, faults)]
    parts.append(sized(random.choice(("me", "")) if _wrong(random, faults) else "me"))
    parts += will if flags & 4 else []
    parts += [sized("user")] if flags & 0x80 else []
    parts += [sized(b"\xffpass")] if flags & 0x40 else []
    return packet(0x10, *parts, b"x" if _wrong(random, faults) else b"")


def body(random: Random, type: int, version: int, faults: float, client: bool) -> bytes:
    id = b"\0\0" if _wrong(random, faults) else random.choice((b"\0\1", b"\xff\xff"))
    props = _properties(random, type, version, faults)
    flags = random.randrange(16) if _wrong(random, faults) else 2 if type in (6, 8, 10) else 0
    code = bytes([random.randrange(256) if _wrong(random, faults) else 0x18 if type == 15 else 0])
    end = b"x" if _wrong(random, faults) else b""
    match type:
        case 1:
            return _connect(random, version or 4, faults)
        case 2:
            parts = [bytes([random.randrange(3) if _wrong(random, faults) else 0]), code, props, end]
        case 3:
            flags = random.choice((0, 1, 2, 4, 10, 13)) if not _wrong(random, faults) else flags
            topic = random.choice(_TOPICS if _wrong(random, faults) or version == 5 else _TOPICS[:4])
            parts = [
                sized(topic),
                id if flags & 6 else b"",
                props,
                random.choice((b"", b"x" * 200, b"\xff\0")),
            ]
        case 4 | 5 | 6 | 7:
            parts = [id, *random.choice(([], [code], [code, props])), end] if version == 5 else [id, end]
        case 8 | 10:
            names = random.choices(
                _FILTERS if _wrong(random, faults) else _FILTERS[:5], k=random.choice((1, 2))
            )
            options = bytes([random.randrange(256) if _wrong(random, faults) else 1]) if type == 8 else b""
            parts = [id, props, *(sized(name) + options for name in names), end]
        case 9 | 11:
            parts = [id, props, code if type == 9 or version == 5 else b"", end]
        case 14 | 15:
            parts = [*random.choice(([], [code], [code, props])), end] if version == 5 else [end]
        case _:
            parts = [end]
    wire = packet(type << 4 | flags, *parts)
    if _wrong(random, faults / 3):
        wire = wire[:1] + bytes([wire[1] | 0x80]) + random.choice((b"\0", b"\xff\xff\xff\1")) + wire[2:]
    return wire


def both(given: Settings, parts: list[bytes]) -> Outcome:
    """What the scanner in Python says, the one in C having said the same."""
    said = outcome(given, parts, pure_mqtt.MqttScanner)
    if NativeScanner is not None:
        native = outcome(given, parts, NativeScanner)
        assert native == said, f"{given}: {parts!r}\n  C:      {native!r}\n  Python: {said!r}"
    return said


def refusal(given: Settings, data: bytes) -> str:
    """The fault in words, without the side, and an empty string for none; nothing of the packet passed."""
    items, said, _, _, _ = both(given, [data])
    assert bool(items) != bool(said), (items, said)
    return said.partition(" ")[2]
