# -*- test-case-name: tests.wire.test_pure_mqtt -*-
"""MqttScanner without the C extension: one direction of an MQTT connection, its open packet and its limits.

Twin of kaazing/native/mqtt.c; C{kaazing/_speedups.pyi} says what both promise.
"""

from __future__ import annotations

from kaazing.wire.mqtt_faults import Code, Fault
from kaazing.wire.pure_mqtt_fields import Bad
from kaazing.wire.pure_mqtt_packets import NO_QUOTA, Rules, State, check_first

_TYPES = 16
_HEAD_LONGEST = 5  # of a fixed header, bytes (MQTT 5 section 2.1)
_ALIAS_MAX = 65535


class MqttScanner:
    """See C{MqttScanner} in C{kaazing/_speedups.pyi}."""

    __slots__ = (
        *("_buffer", "_counts", "_head", "_max_packet", "_need", "_rules", "_split", "_state", "_type"),
        *("_watched", "fault", "offset", "plain"),
    )

    def __init__(
        self,
        *,
        client: bool,
        split: bool,
        watched: int,
        max_packet: int,
        max_topic: int,
        max_properties: int,
        max_filters: int,
    ) -> None:
        if min(max_packet, max_topic, max_properties, max_filters) < 1:
            raise ValueError("limits are 1 at least")
        self._split, self._max_packet = split, max_packet
        self._watched = frozenset(type for type in range(_TYPES) if watched >> type & 1)
        self._state = State(client, max_topic, max_properties, max_filters)
        self._rules = Rules(self._state)
        self._counts = [0] * _TYPES
        self._buffer = bytearray()  # the packet not yet whole
        self._need = self._head = 0  # size of the open packet and of its head, 0 while not known
        self._type = 0  # of the open packet
        self.offset = 0
        self.plain = True
        self.fault: Fault | None = None

    @property
    def version(self) -> int:
        """See C{kaazing/_speedups.pyi}."""
        return self._state.version

    @property
    def pending(self) -> int:
        """See C{kaazing/_speedups.pyi}."""
        return len(self._buffer)

    @property
    def released(self) -> int:
        """See C{kaazing/_speedups.pyi}."""
        return self._state.released

    @released.setter
    def released(self, count: int) -> None:
        self._state.released = count

    def connect(
        self,
        *,
        version: int,
        auth: bool,
        connected: bool,
        max_packet: int,
        max_alias: int,
        receive_max: int,
    ) -> None:
        """See C{kaazing/_speedups.pyi}."""
        if version not in (3, 4, 5) or not 0 <= max_alias <= _ALIAS_MAX or receive_max < NO_QUOTA:
            raise ValueError("no such version, or a limit that is none")
        state = self._state
        used = 0 if state.receive_max == NO_QUOTA else state.receive_max - state.quota
        state.version, state.auth, state.connected, state.max_alias = version, auth, connected, max_alias
        self._max_packet = min(self._max_packet, max_packet)
        state.receive_max, state.quota = receive_max, max(0, receive_max - used)

    def refill(self, count: int) -> None:
        """See C{kaazing/_speedups.pyi}."""
        self._state.quota = min(self._state.quota + count, self._state.receive_max)

    def take_counts(self) -> tuple[int, ...]:
        """See C{kaazing/_speedups.pyi}."""
        counts, self._counts = tuple(self._counts), [0] * _TYPES
        return counts

    def feed(self, data: bytes) -> list[bytes | tuple[int, bytes]]:
        """See C{kaazing/_speedups.pyi}."""
        items: list[bytes | tuple[int, bytes]] = []
        if self.fault is not None:
            return items
        self.plain = True
        at = 0
        try:
            if self._buffer:
                at = self._go_on(data, items)
            if not self._buffer:
                self._take_all(data, at, items)
        except Bad as why:
            place = self.offset + why.place
            self._buffer.clear()
            self.fault = (why.code, place, self._type, why.number)
            self.plain = False
        return items

    def _go_on(self, data: bytes, items: list[bytes | tuple[int, bytes]]) -> int:
        """Complete the open packet with no more bytes than are its own; returns where they end."""
        at = 0
        while not self._need and at < len(data):
            self._buffer += data[at : at + 1]
            at += 1
            self._read_head(self._buffer, 0, len(self._buffer))
        if self._need:
            take = self._need - len(self._buffer)
            self._buffer += data[at : at + take]
            at = min(at + take, len(data))
            if len(self._buffer) == self._need:
                packet = bytes(self._buffer)
                self._buffer.clear()
                if not self._packet(packet, items) and not self._split:
                    items.append(packet)
        return at

    def _take_all(self, data: bytes, at: int, items: list[bytes | tuple[int, bytes]]) -> None:
        run = at  # where the packets that pass together start
        try:
            while at < len(data):
                self._read_head(data, at, len(data))
                if not self._need or self._need > len(data) - at:
                    break
                end = at + self._need
                told = len(items)
                if self._packet(data[at:end], items):
                    if run < at:
                        items.insert(told, data[run:at])
                    run = end
                elif self._split:
                    run = end
                at = end
        finally:
            if run < at:
                items.append(data[run:at])
        self._buffer += data[at:]

    def _read_head(self, data: bytes | bytearray, at: int, end: int) -> None:
        """Read a fixed header as far as it is there; sets C{_need} once the length is known."""
        self._type = data[at] >> 4
        check_first(self._state, data[at])
        length, size = 0, 1
        while size < _HEAD_LONGEST:
            if at + size == end:
                return
            byte = data[at + size]
            length |= (byte & 0x7F) << 7 * (size - 1)
            size += 1
            if byte < 0x80:
                break
        else:
            raise Bad(Code.LENGTH_TOO_LONG, 1)
        if not byte and size > 2 and self._state.version == 5:
            raise Bad(Code.NOT_MINIMAL, 1)
        if size + length > self._max_packet:
            raise Bad(Code.PACKET_TOO_BIG, 0, self._max_packet)
        self._head, self._need = size, size + length

    def _packet(self, packet: bytes, items: list[bytes | tuple[int, bytes]]) -> bool:
        """Check a whole packet; returns whether it is in the items, as one that is watched."""
        self._rules.check(packet, self._head)
        self._counts[self._type] += 1
        watched = self._type in self._watched
        if watched:
            self.plain = False
            items.append((self.offset, packet))
        elif self._split:
            items.append(packet)
        self.offset += self._need
        self._need = 0
        return watched
