# -*- test-case-name: tests.wire.test_amqp_one -*-
"""Frames of AMQP 1.0 and the performatives in them: found, checked, written.

AMQP 1.0 sections 2.2 (protocol headers), 2.3 (frames), 2.7 and 5.3 (what they carry).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kaazing.wire.amqp_one_tables import COMPOSITES, PERFORMATIVES, SASL, SYMBOLIC, Composite, Field
from kaazing.wire.amqp_one_types import (
    DESCRIBED,
    DESCRIPTORS,
    LIST,
    MAP,
    NULL,
    SYMBOL,
    Checker,
    Malformed,
    described,
    items,
    read,
    symbols,
)

PLAIN_HEADER = b"AMQP\0\1\0\0"
TLS_HEADER = b"AMQP\2\1\0\0"
SASL_HEADER = b"AMQP\3\1\0\0"
"""Protocol headers (sections 2.2, 5.2.1, 5.3.1)."""

AMQP_TYPE, SASL_TYPE = 0, 1
"""Frame types (sections 2.3.2, 5.3.1)."""

MIN_MAX_FRAME = 512
"""Bytes that every peer takes in a frame, and the most that may be sent to one that has not said more
(section 2.8.19)."""

FRAMING_ERROR = "amqp:connection:framing-error"
"""Error condition: a frame that cannot be (section 2.8.16)."""
INVALID_FIELD = "amqp:invalid-field"
"""Error condition: a field with a value that it may not have (section 2.8.15)."""

_HEAD = struct.Struct(">IBBH")
_NULL = NULL[0]


class Frames:
    """Cuts one direction's stream into frames and protocol headers.

    Attributes:
        limit: the longest frame, bytes; looked at when a frame is taken.
        offset: of the frame or header taken last, in bytes of the stream.
    """

    __slots__ = ("_at", "_chunk", "_late", "_start", "_wanted", "limit", "offset")

    def __init__(self, limit: int) -> None:
        """Begin a stream."""
        self.limit = limit
        self.offset = 0
        self._chunk = b""
        self._at = 0  # of the next frame in the chunk
        self._start = 0  # of the chunk in the stream
        self._late = bytearray()  # came behind the chunk, which ends in a frame not yet whole
        self._wanted = 8  # bytes from the next frame's first, before another look is worth while

    @property
    def pending(self) -> int:
        """Bytes not yet taken."""
        return len(self._chunk) - self._at + len(self._late)

    def feed(self, data: bytes) -> None:
        """Put bytes behind what is there, any cut."""
        left = len(self._chunk) - self._at
        if left:
            self._late += data
            if left + len(self._late) < self._wanted:
                return
            data = self._chunk[self._at :] + self._late
            self._late.clear()
        self._start += self._at
        self._chunk, self._at = data, 0

    def take(self) -> bytes | None:
        """Return the next whole frame or protocol header, None where none is there.

        Raises:
            Malformed: the frame's size cannot be; L{offset} is that of the frame.
        """
        chunk, at = self._chunk, self._at
        left = len(chunk) - at
        if left < 8:
            self._wanted = 8
            return None
        size = int.from_bytes(chunk[at : at + 4], "big")
        if chunk.startswith(b"AMQP", at):
            size = 8
        elif size < 8 or size > self.limit:
            self.offset = self._start + at
            raise self._misfit(size)
        if left < size:
            self._wanted = size
            return None
        self.offset = self._start + at
        self._at = stop = at + size
        return chunk if left == size and not at else chunk[at:stop]

    def _misfit(self, size: int) -> Malformed:
        what = "a frame of less than 8 bytes" if size < 8 else f"a frame of more than {self.limit} bytes"
        return Malformed(what, 0, "section 2.3.1", FRAMING_ERROR)


@dataclass(slots=True)
class Performative:
    """A described list of a known type that has been checked.

    Attributes:
        descriptor: which, a key of COMPOSITES.
        data: what it stands in.
        starts: where each field that is there begins; fields at the end may be missing.
        stop: where the list ends.
        channel: that of the frame.
    """

    descriptor: int
    data: bytes
    starts: Sequence[int]
    stop: int
    channel: int = 0

    @property
    def name(self) -> str:
        """As in the specification."""
        return COMPOSITES[self.descriptor].name

    def start(self, field: str) -> int | None:
        """Return where the value of a field begins; None where it is null."""
        place = COMPOSITES[self.descriptor].places[field]
        if place >= len(self.starts) or self.data[self.starts[place]] == _NULL:
            return None
        return self.starts[place]

    def get(self, field: str) -> bool | int | str | bytes | None:
        """Return the value of a field; None where it is null."""
        at = self.start(field)
        return None if at is None else read(self.data, at)

    def number(self, field: str, default: int) -> int:
        """Return the value of a numeric field."""
        value = self.get(field)
        return default if value is None else int(value)

    def names(self, field: str) -> list[str]:
        """Return the symbols of a field that may have several."""
        at = self.start(field)
        return [] if at is None else symbols(self.data, at) or []

    def composite(self, field: str) -> Performative | None:
        """Return the value of a field, if it is of a type known here."""
        at = self.start(field)
        if at is None or self.data[at] != DESCRIBED:
            return None
        checker = _lenient(self.data)
        descriptor, body = _descriptor(self.data, at, self.stop, checker)
        composite = COMPOSITES.get(descriptor) if descriptor is not None else None
        return _listed(composite, descriptor or 0, self.data, body, self.stop, checker) if composite else None

    def replaced(self, values: Mapping[str, bytes]) -> bytes:
        """Return the performative written anew, with these values, in wire form, in the place of its own."""
        bounds = [*self.starts, self.stop]
        fields = COMPOSITES[self.descriptor].fields
        return described(
            self.descriptor,
            [
                values[field.name]
                if field.name in values
                else self.data[bounds[index] : bounds[index + 1]]
                if index < len(self.starts)
                else NULL
                for index, field in enumerate(fields)
            ],
        )


def parse(wire: bytes, checker: Checker, kind: int = AMQP_TYPE) -> Performative | None:
    """Return what a whole frame carries; None for an empty one, which is a heart-beat (section 2.4.5).

    Args:
        wire: with its length checked.
        checker: keeps the limits.
        kind: the frame type that may come.

    Raises:
        Malformed: C{at} counts from the first byte of the frame.
    """
    _, doff, given, channel = _HEAD.unpack_from(wire)
    body, end = doff * 4, len(wire)
    if doff < 2 or body > end:
        raise Malformed("a data offset outside the frame", 4, "section 2.3.1", FRAMING_ERROR)
    if given != kind:
        raise Malformed(f"a frame of type {given} where {kind} is due", 5, "section 2.3.1", FRAMING_ERROR)
    if body == end and kind == AMQP_TYPE:
        return None
    checker.left = checker.most
    descriptor, at = _descriptor(wire, body, end, checker)
    composite = (PERFORMATIVES if kind == AMQP_TYPE else SASL).get(descriptor or 0)
    if composite is None or descriptor is None:
        raise Malformed("a frame that begins with no performative", body, "section 2.3.2")
    found = _listed(composite, descriptor, wire, at, end, checker)
    found.channel = channel
    if found.stop != end and composite.name != "transfer":
        raise Malformed(f"bytes behind {composite.name}", found.stop, "section 2.3.2")
    return found


def _descriptor(data: bytes, at: int, end: int, checker: Checker) -> tuple[int | None, int]:
    """Return the numeric descriptor at C{at}, None for one not known, and where the value begins."""
    if data[at : at + 2] == b"\0\x53" and at + 2 < end:
        return data[at + 2], at + 3
    if at >= end or data[at] != DESCRIBED:
        raise Malformed("a value without descriptor", at, "section 1.4")
    if at + 1 < end and data[at + 1] not in DESCRIPTORS:
        raise Malformed("a descriptor that is neither ulong nor symbol", at, "section 1.4")
    stop = checker.skip(data, at + 1, end, 1)
    value = read(data, at + 1)
    return value if isinstance(value, int) else SYMBOLIC.get(str(value).encode()), stop


def _listed(
    composite: Composite, descriptor: int, data: bytes, at: int, end: int, checker: Checker
) -> Performative:
    """Check the list of a composite type that begins at C{at}."""
    if at >= end or data[at] not in LIST:
        raise Malformed(f"{composite.name} without a list", at, f"section {composite.section}")
    starts, stop = checker.spans(data, at, end)
    if len(starts) > len(composite.fields):
        what = f"{composite.name} with more than {len(composite.fields)} fields"
        raise Malformed(what, at, f"section {composite.section}")
    for field, start in zip(composite.fields, starts, strict=False):
        code = data[start]
        if code == _NULL:
            if field.mandatory:
                raise _missing(composite, field, start)
        elif code not in field.codes or field.highest is not None or field.keyed:
            _check_field(composite, field, data, start, end)
    for field in composite.fields[len(starts) :]:
        if field.mandatory:
            raise _missing(composite, field, stop)
    return Performative(descriptor, data, starts, stop)


def _missing(composite: Composite, field: Field, at: int) -> Malformed:
    what = f"{composite.name} without {field.name}"
    return Malformed(what, at, f"section {composite.section}", INVALID_FIELD)


def _check_field(composite: Composite, field: Field, data: bytes, at: int, end: int) -> None:
    """Check what is not seen by the format code alone."""
    if data[at] == DESCRIBED and field.nested:
        descriptor, body = _descriptor(data, at, end, _lenient(data))
        if descriptor in field.nested:
            _listed(COMPOSITES[descriptor], descriptor, data, body, end, _lenient(data))
            return
        good = not field.strict and descriptor not in COMPOSITES
    elif field.nested:
        good = False  # only described values are provided for it
    elif field.multiple:
        good = symbols(data, at) is not None
    elif field.codes and data[at] not in field.codes:
        good = False
    elif field.keyed:
        good = data[at] in MAP and all(data[key] in SYMBOL for key, _ in items(data, at)[::2])
    else:
        good = field.highest is None or int(read(data, at) or 0) <= field.highest
    if not good:
        what = f"{composite.name} with a {field.name} that it may not have"
        raise Malformed(what, at, f"section {composite.section}", INVALID_FIELD)


def _lenient(data: bytes) -> Checker:
    """Return a checker for what has been checked already: counting it twice would halve the limits."""
    return Checker(len(data), 2**32)


def frame(body: bytes, channel: int = 0, kind: int = AMQP_TYPE) -> bytes:
    """Write a frame."""
    return _HEAD.pack(8 + len(body), 2, kind, channel) + body
