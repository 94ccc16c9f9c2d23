# -*- test-case-name: tests.wire.test_mqtt_types -*-
"""The numbers of MQTT: packet types and properties.  MQTT 5 sections 2.1.2 and 2.2.2.2."""

from __future__ import annotations

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)
WILL = 0
"""Stands for the will inside a CONNECT, which has properties of its own."""

NAMES = (
    *("RESERVED", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE"),
    *("SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"),
)
"""Packet types by number."""

SWITCH, SHORT, LONG, VARYING, TEXT, TOPIC, BINARY, PAIR = range(1, 9)
"""How the value of a property is written."""

IDENTIFIER, METHOD, DATA, ALIAS, USER_PROPERTY = 0x0B, 0x15, 0x16, 0x23, 0x26
RECEIVE_MAXIMUM, ALIAS_MAXIMUM, MAXIMUM_PACKET, REASON_STRING = 0x21, 0x22, 0x27, 0x1F

KINDS = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), SWITCH),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), SHORT),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), LONG),
    **dict.fromkeys((0x03, 0x12, 0x15, 0x1A, 0x1C, 0x1F), TEXT),
    **dict.fromkeys((0x09, 0x16), BINARY),
    0x08: TOPIC,
    0x0B: VARYING,
    0x26: PAIR,
}
"""Property -> how its value is written."""

NOT_ZERO = frozenset((IDENTIFIER, RECEIVE_MAXIMUM, ALIAS, MAXIMUM_PACKET))
"""Properties whose value is never 0."""

_NONE = frozenset[int]()
_MESSAGE = frozenset((PUBLISH, WILL))
_TOLD = frozenset((CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH))
_AUTHENTICATION = frozenset((CONNECT, CONNACK, AUTH))
_CONNECT, _CONNACK = frozenset((CONNECT,)), frozenset((CONNACK,))
_GREETINGS = _CONNECT | _CONNACK

PLACES = {
    **dict.fromkeys((0x01, 0x02, 0x03, 0x08, 0x09), (_MESSAGE, _MESSAGE)),
    **dict.fromkeys((0x12, 0x13, 0x1A, 0x24, 0x25, 0x28, 0x29, 0x2A), (_CONNACK, _CONNACK)),
    **dict.fromkeys((0x15, 0x16), (_AUTHENTICATION, _AUTHENTICATION)),
    **dict.fromkeys((0x17, 0x19), (_CONNECT, _CONNECT)),
    **dict.fromkeys((0x21, 0x22, 0x27), (_GREETINGS, _GREETINGS)),
    0x0B: (frozenset((SUBSCRIBE,)), frozenset((PUBLISH,))),
    0x11: (frozenset((CONNECT, DISCONNECT)), _CONNACK),
    0x18: (frozenset((WILL,)), frozenset((WILL,))),
    0x1C: (_NONE, frozenset((CONNACK, DISCONNECT))),
    0x1F: (_TOLD, _TOLD),
    0x23: (frozenset((PUBLISH,)), frozenset((PUBLISH,))),
    0x26: (frozenset(range(16)) - {PINGREQ, PINGRESP},) * 2,
}
"""Property -> the packets of a client, and of a server, that it may be in."""
