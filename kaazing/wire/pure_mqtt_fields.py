# -*- test-case-name: tests.wire.test_pure_mqtt_fields -*-
"""Rules for the fields of MQTT packets, as kaazing/native/mqtt_fields.c has them: numbers, texts, topics,
properties.

A L{Reading} stands on a packet; each of its methods reads on from C{at}, or raises L{Bad}.
"""

from __future__ import annotations

from kaazing.wire.mqtt_faults import Code
from kaazing.wire.mqtt_types import (
    BINARY,
    IDENTIFIER,
    KINDS,
    LONG,
    NOT_ZERO,
    PAIR,
    PLACES,
    PUBLISH,
    SHORT,
    SWITCH,
    TEXT,
    TOPIC,
    USER_PROPERTY,
    VARYING,
)

_NOWHERE = (frozenset[int](),) * 2
_WILD = frozenset(b"+#")


class Bad(Exception):
    """A rule is broken.

    Attributes:
        code: which.
        place: offset in the packet of the field at fault.
        number: to be told.
    """

    def __init__(self, code: Code, place: int, number: int = 0) -> None:
        super().__init__(code, place, number)
        self.code, self.place, self.number = code, place, number


class Reading:
    """A whole packet on its way through the rules.

    Attributes:
        data: the packet.
        at, end: what of it is still to be read.
        properties: of the last L{read_properties}: number -> the last value.
        places: the same: number -> where in the packet that value is.
    """

    __slots__ = (
        *("at", "client", "data", "end", "max_properties", "max_topic", "places", "properties", "version"),
    )

    def __init__(
        self, data: bytes, at: int, *, client: bool, version: int, max_topic: int, max_properties: int
    ) -> None:
        self.data, self.at, self.end = data, at, len(data)
        self.client, self.version = client, version
        self.max_topic, self.max_properties = max_topic, max_properties
        self.properties: dict[int, int | bytes] = {}
        self.places: dict[int, int] = {}

    def number(self, size: int) -> int:
        """An integer of C{size} bytes (MQTT 5 section 1.5.2)."""
        if self.end - self.at < size:
            raise Bad(Code.TOO_SHORT, self.at)
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")

    def varying(self) -> int:
        """A Variable Byte Integer (MQTT 5 section 1.5.5)."""
        start, value = self.at, 0
        for shift in range(0, 28, 7):
            if self.at == self.end:
                raise Bad(Code.TOO_SHORT, start)
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if not byte and shift:
                    raise Bad(Code.NOT_MINIMAL, start)
                return value
        raise Bad(Code.LENGTH_TOO_LONG, start)

    def binary(self) -> bytes:
        """Binary data (MQTT 5 section 1.5.6)."""
        start, size = self.at, self.number(2)
        if self.end - self.at < size:
            raise Bad(Code.TOO_SHORT, start)
        self.at += size
        return self.data[self.at - size : self.at]

    def text(self) -> bytes:
        """A UTF-8 string (MQTT 5 section 1.5.4)."""
        start, value = self.at, self.binary()
        if not _speakable(value):
            raise Bad(Code.BAD_UTF8, start)
        return value

    def topic(self) -> bytes:
        """A topic name (MQTT 5 section 4.7), which may be empty."""
        start, value = self.at, self._limited()
        if not _WILD.isdisjoint(value):
            raise Bad(Code.WILDCARD, start)
        return value

    def filter(self) -> bool:
        """A topic filter (MQTT 5 section 4.7); returns whether it is of a shared subscription."""
        start, value = self.at, self._limited()
        shared = self.version == 5 and value.startswith(b"$share/")
        if shared:
            name, slash, value = value[7:].partition(b"/")
            if not slash or not name or not value or not _WILD.isdisjoint(name):
                raise Bad(Code.BAD_SHARE, start)  # section 4.8.2
        if not value or (not _WILD.isdisjoint(value) and not _wildcards_right(value)):
            raise Bad(Code.BAD_FILTER, start)
        return shared

    def _limited(self) -> bytes:
        start, value = self.at, self.binary()
        if len(value) > self.max_topic:
            raise Bad(Code.TOPIC_TOO_LONG, start, self.max_topic)
        if not _speakable(value):
            raise Bad(Code.BAD_UTF8, start)
        return value

    def read_properties(self, packet: int) -> None:
        """The properties of a packet, or of a L{WILL} (MQTT 5 section 2.2.2)."""
        start, whole, count = self.at, self.end, 0
        self.properties, self.places = found, places = {}, {}
        length = self.varying()
        if self.end - self.at < length:
            raise Bad(Code.TOO_SHORT, start)
        self.end = self.at + length
        while self.at < self.end:
            place, number = self.at, self.data[self.at]
            self.at += 1
            if packet not in PLACES.get(number, _NOWHERE)[not self.client]:
                raise Bad(Code.BAD_PROPERTY, place, number)
            repeats = number == USER_PROPERTY or (number == IDENTIFIER and packet == PUBLISH)
            if number in found and not repeats:
                raise Bad(Code.PROPERTY_TWICE, place, number)
            count += 1
            if count > self.max_properties:
                raise Bad(Code.TOO_MANY_PROPERTIES, place, self.max_properties)
            places[number] = self.at
            found[number] = self._value(number)
        self.end = whole

    def _value(self, number: int) -> int | bytes:
        start, kind = self.at, KINDS[number]
        if kind in (TEXT, TOPIC, BINARY, PAIR):
            return self._words(kind)
        value = self.varying() if kind == VARYING else self.number({SWITCH: 1, SHORT: 2, LONG: 4}[kind])
        if (kind == SWITCH and value > 1) or (number in NOT_ZERO and not value):
            raise Bad(Code.PROPERTY_VALUE, start, number)
        return value

    def _words(self, kind: int) -> bytes:
        start = self.at
        if kind == BINARY:
            return self.binary()
        if kind == TOPIC:
            if not (value := self.topic()):
                raise Bad(Code.TOPIC_EMPTY, start)
            return value
        if kind == PAIR:
            self.text()
        return self.text()


def _speakable(value: bytes) -> bool:
    if value.isascii():
        return b"\0" not in value
    try:
        return "\0" not in value.decode()
    except UnicodeDecodeError:
        return False


def _wildcards_right(value: bytes) -> bool:
    """Wildcards are whole levels, and # is the last one (MQTT 5 section 4.7.1)."""
    *levels, last = value.split(b"/")
    return all(level == b"+" or _WILD.isdisjoint(level) for level in levels) and (
        last in (b"+", b"#") or _WILD.isdisjoint(last)
    )
