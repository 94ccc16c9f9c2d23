# -*- test-case-name: tests.wire.test_mqtt_faults -*-
"""What MQTT 3.1, 3.1.1 and 5 forbid: the faults by number, their words, the section, the reason code."""

from __future__ import annotations

from enum import IntEnum

from kaazing.errors import ProtocolViolation, Side
from kaazing.wire.mqtt_types import NAMES

Fault = tuple[int, int, int, int]
"""Code (L{Code}), offset in the stream, packet type, and a number to tell."""

VERSIONS = {0: "MQTT", 3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5"}

UNSPECIFIED = 0x80
MALFORMED = 0x81
PROTOCOL = 0x82
BAD_VERSION = 0x84
BAD_CLIENT_ID = 0x85
BAD_LOGIN = 0x86
NOT_AUTHORIZED = 0x87
UNAVAILABLE = 0x88
BAD_METHOD = 0x8C
FILTER_INVALID = 0x8F
TOPIC_INVALID = 0x90
QUOTA_EXCEEDED = 0x97


class Code(IntEnum):
    """A fault; the C scanner has the same numbers (kaazing/native/mqtt.h)."""

    TYPE_RESERVED = 1
    WRONG_SIDE = 2
    NOT_FIRST = 3
    TWICE = 4
    AFTER_END = 5
    NOT_YET = 6
    NO_METHOD = 7
    BAD_FLAGS = 8
    QOS_3 = 9
    DUP_QOS_0 = 10
    LENGTH_TOO_LONG = 11
    NOT_MINIMAL = 12
    PACKET_TOO_BIG = 13
    TOO_SHORT = 14
    TRAILING = 15
    BAD_UTF8 = 16
    ID_ZERO = 17
    WILDCARD = 18
    TOPIC_EMPTY = 19
    TOPIC_TOO_LONG = 20
    BAD_FILTER = 21
    BAD_SHARE = 22
    BAD_OPTIONS = 23
    NO_FILTERS = 24
    TOO_MANY_FILTERS = 25
    NO_CODES = 26
    BAD_REASON = 27
    BAD_PROPERTY = 28
    PROPERTY_TWICE = 29
    PROPERTY_VALUE = 30
    TOO_MANY_PROPERTIES = 31
    PROPERTY_MISSING = 32
    PROTOCOL_NAME = 33
    PROTOCOL_LEVEL = 34
    CONNECT_FLAGS = 35
    WILL_FLAGS = 36
    NO_USERNAME = 37
    NO_CLIENT_ID = 38
    CONNACK_FLAGS = 39
    ALIAS_TOO_HIGH = 40
    ALIAS_UNKNOWN = 41
    QUOTA = 42


_WORDS: dict[Code, tuple[str, str, int]] = {
    Code.TYPE_RESERVED: ("packet type {number} is not in this version", "2.1.2", MALFORMED),
    Code.WRONG_SIDE: ("{name} is not a packet of this side", "2.1.2", PROTOCOL),
    Code.NOT_FIRST: ("{name} before the connection is made", "3.1", PROTOCOL),
    Code.TWICE: ("{name} on a connection that is made", "3.1", PROTOCOL),
    Code.AFTER_END: ("{name} after the end of the connection", "3.14.4", PROTOCOL),
    Code.NOT_YET: ("{name} before the authentication is complete", "3.1.2.11.9", PROTOCOL),
    Code.NO_METHOD: ("AUTH on a connection without an authentication method", "4.12", PROTOCOL),
    Code.BAD_FLAGS: ("{name} with flags that are reserved", "2.1.3", MALFORMED),
    Code.QOS_3: ("PUBLISH with QoS 3", "3.3.1.2", MALFORMED),
    Code.DUP_QOS_0: ("PUBLISH with QoS 0 that says it is sent again", "3.3.1.1", MALFORMED),
    Code.LENGTH_TOO_LONG: ("length of more than four bytes in {name}", "1.5.5", MALFORMED),
    Code.NOT_MINIMAL: ("length with more bytes than it needs in {name}", "1.5.5", MALFORMED),
    Code.PACKET_TOO_BIG: ("{name} of more than {number} bytes", "3.1.2.11.4", 0x95),
    Code.TOO_SHORT: ("{name} that ends inside a field", "1.5", MALFORMED),
    Code.TRAILING: ("{name} with bytes behind its last field", "2.1.4", MALFORMED),
    Code.BAD_UTF8: ("text that is not UTF-8, or has a NUL, in {name}", "1.5.4", MALFORMED),
    Code.ID_ZERO: ("{name} with packet identifier 0", "2.2.1", PROTOCOL),
    Code.WILDCARD: ("topic name with a wildcard in {name}", "4.7.1", TOPIC_INVALID),
    Code.TOPIC_EMPTY: ("{name} without a topic", "4.7.3", TOPIC_INVALID),
    Code.TOPIC_TOO_LONG: ("topic of more than {number} bytes in {name}", "4.7.3", TOPIC_INVALID),
    Code.BAD_FILTER: ("topic filter that is none in {name}", "4.7.1", FILTER_INVALID),
    Code.BAD_SHARE: (
        "shared subscription without name and filter in {name}",
        "4.8.2",
        FILTER_INVALID,
    ),
    Code.BAD_OPTIONS: ("subscription options 0x{number:02X}", "3.8.3.1", MALFORMED),
    Code.NO_FILTERS: ("{name} without a topic filter", "3.8.3", PROTOCOL),
    Code.TOO_MANY_FILTERS: ("{name} with more than {number} topic filters", "3.8.3", QUOTA_EXCEEDED),
    Code.NO_CODES: ("{name} without a reason code", "3.9.3", PROTOCOL),
    Code.BAD_REASON: ("reason code 0x{number:02X} in {name}", "2.4", MALFORMED),
    Code.BAD_PROPERTY: ("property 0x{number:02X} in {name}", "2.2.2.2", MALFORMED),
    Code.PROPERTY_TWICE: ("property 0x{number:02X} twice in {name}", "2.2.2.2", PROTOCOL),
    Code.PROPERTY_VALUE: ("property 0x{number:02X} in {name} with a value that is none", "2.2.2.2", PROTOCOL),
    Code.TOO_MANY_PROPERTIES: ("{name} with more than {number} properties", "2.2.2", QUOTA_EXCEEDED),
    Code.PROPERTY_MISSING: ("{name} without property 0x{number:02X}", "4.12", PROTOCOL),
    Code.PROTOCOL_NAME: ("CONNECT with a protocol name that is not MQTT's", "3.1.2.1", BAD_VERSION),
    Code.PROTOCOL_LEVEL: ("CONNECT with protocol level {number}", "3.1.2.2", BAD_VERSION),
    Code.CONNECT_FLAGS: ("CONNECT with a flag that is reserved", "3.1.2.3", MALFORMED),
    Code.WILL_FLAGS: ("CONNECT with flags for a will that cannot be", "3.1.2.6", MALFORMED),
    Code.NO_USERNAME: ("CONNECT with a password and no user name", "3.1.2.9", MALFORMED),
    Code.NO_CLIENT_ID: ("CONNECT without a client identifier", "3.1.3.1", BAD_CLIENT_ID),
    Code.CONNACK_FLAGS: ("CONNACK with flags that cannot be", "3.2.2.1", MALFORMED),
    Code.ALIAS_TOO_HIGH: ("topic alias {number} above the receiver's maximum", "3.3.2.3.4", 0x94),
    Code.ALIAS_UNKNOWN: ("topic alias {number} that has no topic", "3.3.2.3.4", PROTOCOL),
    Code.QUOTA: ("more than {number} PUBLISH that are not acknowledged", "4.9", 0x93),
}


def violation(fault: Fault, side: Side, version: int) -> ProtocolViolation:
    """Return the error for a scanner's fault; C{version} is 3, 4, 5, or 0 before there is one."""
    code, offset, type, number = fault
    words, section, _ = _WORDS[Code(code)]
    what = words.format(name=NAMES[type], number=number)
    return ProtocolViolation(what, side=side, offset=offset, rule=rule(section, version))


def reason(fault: Fault) -> int:
    """Return the reason code that tells a client of MQTT 5 (section 2.4)."""
    return _WORDS[Code(fault[0])][2]


def rule(section: str, version: int) -> str:
    """Return C{"MQTT 5 section 2.2.1"}. Sections are those of MQTT 5, of which the older versions have
    nearly all under the same number, so where an older one speaks it is named beside them."""
    words = f"MQTT 5 section {section}"
    return words if version in (0, 5) else f"{VERSIONS[version]}; {words}"
