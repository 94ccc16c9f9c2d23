# -*- test-case-name: tests.wire.test_pure_mqtt_packets -*-
"""Rules for MQTT packets, as kaazing/native/mqtt_packets.c has them: what may come when, and what each must
hold."""

from __future__ import annotations

from dataclasses import dataclass

from kaazing.wire.mqtt_faults import Code
from kaazing.wire.mqtt_types import (
    ALIAS,
    AUTH,
    CONNACK,
    CONNECT,
    DATA,
    DISCONNECT,
    METHOD,
    PINGREQ,
    PINGRESP,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
    WILL,
)
from kaazing.wire.pure_mqtt_fields import Bad, Reading

NO_QUOTA = -1

_BOTH = frozenset((PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, AUTH))
_OF_CLIENT = _BOTH | {CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT}
_OF_SERVER = _BOTH | {CONNACK, SUBACK, UNSUBACK, PINGRESP}
_FLAGS_2 = frozenset((PUBREL, SUBSCRIBE, UNSUBSCRIBE))
_DUP, _QOS = 8, 6

_PUBLISHED = frozenset((0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99))
_RELEASED = frozenset((0x00, 0x92))
_LEFT = frozenset((0x80, 0x81, 0x82, 0x83, 0x90, *range(0x93, 0x9A)))
_REASONS = {
    CONNACK: frozenset((0x00, *range(0x80, 0x8B), 0x8C, 0x90, 0x95, 0x97, *range(0x99, 0x9E), 0x9F)),
    PUBACK: _PUBLISHED,
    PUBREC: _PUBLISHED,
    PUBREL: _RELEASED,
    PUBCOMP: _RELEASED,
    SUBACK: frozenset((0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2)),
    UNSUBACK: frozenset((0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91)),
}
"""Packet -> reason codes, the same of both sides (MQTT 5 section 2.4)."""
_DISCONNECTS = (
    _LEFT | {0x00, 0x04},
    _LEFT | {0x00, 0x87, 0x89, 0x8B, *range(0x8D, 0x90), *range(0x9A, 0xA3)},
)
_AUTHS = (frozenset((0x18, 0x19)), frozenset((0x00, 0x18)))
"""Of DISCONNECT and AUTH, by the client and by the server."""
_OLD_REASONS = {CONNACK: frozenset(range(6)), SUBACK: frozenset((0, 1, 2, 0x80))}  # before MQTT 5


@dataclass(slots=True)
class State:
    """What one direction of a connection has come to, and its limits."""

    client: bool
    max_topic: int
    max_properties: int
    max_filters: int
    version: int = 0
    auth: bool = False
    connected: bool = False
    over: bool = False
    max_alias: int = 0
    receive_max: int = NO_QUOTA
    quota: int = 0
    released: int = 0

    def reading(self, data: bytes, head: int) -> Reading:
        """Stand behind the fixed header of a packet."""
        return Reading(
            data,
            head,
            client=self.client,
            version=self.version,
            max_topic=self.max_topic,
            max_properties=self.max_properties,
        )


def check_first(state: State, byte: int) -> None:
    """Check the type and the flags that a packet's first byte gives (MQTT 5 sections 2.1.2 and 2.1.3)."""
    type, flags = byte >> 4, byte & 15
    if type == 0 or (type == AUTH and state.version in (3, 4)):
        raise Bad(Code.TYPE_RESERVED, 0, type)
    if state.over:
        raise Bad(Code.AFTER_END, 0)
    of_server = _OF_SERVER | {DISCONNECT} if state.version == 5 else _OF_SERVER
    if type not in (_OF_CLIENT if state.client else of_server):
        raise Bad(Code.WRONG_SIDE, 0)
    if code := _out_of_place(state, type):
        raise Bad(code, 0)
    if type == PUBLISH:
        if flags & _QOS == _QOS:
            raise Bad(Code.QOS_3, 0)
        if flags & (_DUP | _QOS) == _DUP:
            raise Bad(Code.DUP_QOS_0, 0)
    elif type in _FLAGS_2:
        if flags != 2 and not (flags == _DUP | 2 and state.version == 3):
            raise Bad(Code.BAD_FLAGS, 0)
    elif flags:
        raise Bad(Code.BAD_FLAGS, 0)


def _out_of_place(state: State, type: int) -> Code | None:
    if state.client:
        if state.version == 0:
            return None if type == CONNECT else Code.NOT_FIRST
        if type == CONNECT:
            return Code.TWICE
        if state.auth and not state.connected and type not in (AUTH, DISCONNECT):
            return Code.NOT_YET
    else:
        if type == CONNACK and state.connected:
            return Code.TWICE
        if not state.connected and (state.version == 0 or type not in (CONNACK, AUTH)):
            return Code.NOT_FIRST
    return Code.NO_METHOD if type == AUTH and not state.auth else None


class Rules:
    """Checks the bodies of whole packets, and notes in the state what they change.

    Attributes:
        aliases: those that have a topic.
    """

    __slots__ = ("aliases", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.aliases: set[int] = set()

    def check(self, data: bytes, head: int) -> None:
        """Check one packet, whose fixed header is C{head} bytes long.

        Raises:
            Bad: at the first rule that it breaks.
        """
        reading, type = self.state.reading(data, head), data[0] >> 4
        match type:
            case _ if type == CONNECT:
                self._connect(reading, head)
            case _ if type == CONNACK:
                self._connack(reading)
            case _ if type == PUBLISH:
                self._publish(reading, data[0] & _QOS)
            case _ if type in (PUBACK, PUBREC, PUBREL, PUBCOMP):
                self._ack(reading, type)
            case _ if type in (SUBSCRIBE, UNSUBSCRIBE):
                self._filters(reading, type)
            case _ if type in (SUBACK, UNSUBACK):
                self._codes(reading, type)
            case _ if type in (DISCONNECT, AUTH):
                self._reasoned(reading, type)
            case _:
                _ended(reading)

    def _connect(self, reading: Reading, head: int) -> None:
        version = self._version(reading, head)
        place, flags = reading.at, reading.number(1)
        if flags & 1:
            raise Bad(Code.CONNECT_FLAGS, place)
        if flags & 0x18 == 0x18 or (not flags & 4 and flags & 0x38):
            raise Bad(Code.WILL_FLAGS, place)
        if flags & 0xC0 == 0x40 and version != 5:
            raise Bad(Code.NO_USERNAME, place)
        reading.number(2)
        self._properties(reading, CONNECT)
        if DATA in reading.properties and METHOD not in reading.properties:
            raise Bad(Code.PROPERTY_MISSING, place, METHOD)
        self.state.auth = METHOD in reading.properties
        place = reading.at
        if not reading.text() and (version == 3 or (version == 4 and not flags & 2)):
            raise Bad(Code.NO_CLIENT_ID, place)
        if flags & 4:
            self._properties(reading, WILL)
            place = reading.at
            if not reading.topic():
                raise Bad(Code.TOPIC_EMPTY, place)
            reading.binary()
        if flags & 0x80:
            reading.text()
        if flags & 0x40:
            reading.binary()
        _ended(reading)

    def _version(self, reading: Reading, head: int) -> int:
        place, name = reading.at, reading.binary()
        if name not in (b"MQIsdp", b"MQTT"):
            raise Bad(Code.PROTOCOL_NAME, place)
        place, level = reading.at, reading.number(1)
        if level not in ((3,) if name == b"MQIsdp" else (4, 5)):
            raise Bad(Code.PROTOCOL_LEVEL, place, level)
        self.state.version = reading.version = level
        if level == 5 and head > 2 and not reading.data[head - 1]:
            raise Bad(Code.NOT_MINIMAL, 1)
        return level

    def _properties(self, reading: Reading, packet: int) -> None:
        if self.state.version == 5:
            reading.read_properties(packet)

    def _reason(self, reading: Reading, type: int) -> int:
        place, code, of_server = reading.at, reading.number(1), not self.state.client
        if type == DISCONNECT:
            fine = code in _DISCONNECTS[of_server]
        elif type == AUTH:
            fine = code in _AUTHS[of_server]
        else:
            fine = code in (_REASONS if self.state.version == 5 else _OLD_REASONS)[type]
        if not fine:
            raise Bad(Code.BAD_REASON, place, code)
        return code

    def _connack(self, reading: Reading) -> None:
        place, flags = reading.at, reading.number(1)
        if flags > 1:
            raise Bad(Code.CONNACK_FLAGS, place)
        code = self._reason(reading, CONNACK)
        if flags and code:
            raise Bad(Code.CONNACK_FLAGS, place)
        self._properties(reading, CONNACK)
        _ended(reading)
        self.state.over, self.state.connected = bool(code), not code

    def _publish(self, reading: Reading, qos: int) -> None:
        place, topic = reading.at, reading.topic()
        if self.state.version != 5:
            if not topic:
                raise Bad(Code.TOPIC_EMPTY, place)
            if qos:
                _identified(reading)
            return
        if qos:
            _identified(reading)
        reading.read_properties(PUBLISH)
        self._alias(reading.properties.get(ALIAS), topic, place)
        if qos and self.state.receive_max != NO_QUOTA:
            if not self.state.quota:
                raise Bad(Code.QUOTA, 0, self.state.receive_max)
            self.state.quota -= 1

    def _alias(self, alias: int | bytes | None, topic: bytes, place: int) -> None:
        if alias is None:
            if not topic:
                raise Bad(Code.TOPIC_EMPTY, place)
            return
        assert isinstance(alias, int)
        if alias > self.state.max_alias:
            raise Bad(Code.ALIAS_TOO_HIGH, place, alias)
        if not topic and alias not in self.aliases:
            raise Bad(Code.ALIAS_UNKNOWN, place, alias)
        self.aliases.add(alias)

    def _ack(self, reading: Reading, type: int) -> None:
        code = 0
        _identified(reading)
        if self.state.version == 5 and reading.at < reading.end:
            code = self._reason(reading, type)
            if reading.at < reading.end:
                reading.read_properties(type)
        _ended(reading)
        self.state.released += type in (PUBACK, PUBCOMP) or (type == PUBREC and code >= 0x80)

    def _filters(self, reading: Reading, type: int) -> None:
        count = 0
        _identified(reading)
        self._properties(reading, type)
        if reading.at == reading.end:
            raise Bad(Code.NO_FILTERS, reading.at)
        reserved = 0xC0 if self.state.version == 5 else 0xFC
        while reading.at < reading.end:
            count += 1
            if count > self.state.max_filters:
                raise Bad(Code.TOO_MANY_FILTERS, reading.at, self.state.max_filters)
            shared = reading.filter()
            if type == UNSUBSCRIBE:
                continue
            place, options = reading.at, reading.number(1)
            # QoS 3; retain handling 3; "no local", which a shared subscription cannot have
            if options & reserved or options & 3 == 3 or options & 0x30 == 0x30 or (options & 4 and shared):
                raise Bad(Code.BAD_OPTIONS, place, options)

    def _codes(self, reading: Reading, type: int) -> None:
        _identified(reading)
        if type == UNSUBACK and self.state.version != 5:
            _ended(reading)
            return
        self._properties(reading, type)
        if reading.at == reading.end:
            raise Bad(Code.NO_CODES, reading.at)
        while reading.at < reading.end:
            self._reason(reading, type)

    def _reasoned(self, reading: Reading, type: int) -> None:
        """DISCONNECT and AUTH: nothing, or a reason code with or without properties."""
        place = reading.at
        if type == AUTH and self.state.client and reading.at == reading.end:
            raise Bad(Code.BAD_REASON, place, 0)  # nothing means success, which servers say
        if self.state.version == 5 and reading.at < reading.end:
            self._reason(reading, type)
            if reading.at < reading.end:
                reading.read_properties(type)
            if type == AUTH and METHOD not in reading.properties:
                raise Bad(Code.PROPERTY_MISSING, place, METHOD)
        _ended(reading)
        self.state.over = type == DISCONNECT


def _identified(reading: Reading) -> None:
    place = reading.at
    if not reading.number(2):
        raise Bad(Code.ID_ZERO, place)


def _ended(reading: Reading) -> None:
    if reading.at < reading.end:
        raise Bad(Code.TRAILING, reading.at)
