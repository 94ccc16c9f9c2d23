# -*- test-case-name: tests.wire.test_amqp_one_tables -*-
"""The performatives of AMQP 1.0 and what they consist of, field by field.

AMQP 1.0 sections 2.7 (connections, sessions, links), 3.4 and 3.5 (delivery states, termini), 4.5
(transactions) and 5.3.3 (SASL).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kaazing.wire.amqp_one_types import (
    BINARY,
    BOOLEAN,
    MAP,
    STRING,
    SYMBOL,
    UBYTE,
    UINT,
    ULONG,
    USHORT,
)

ANY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a composite type.

    Attributes:
        name: as in the specification.
        codes: format codes its value may have; L{ANY} for all.
        mandatory: whether it may not be null.
        multiple: whether it may be an array of such values too (section 1.4).
        keyed: whether it is a map whose keys are symbols (type C{fields}, section 2.8.13).
        highest: the highest number allowed, None for that of the type.
        nested: descriptors of the composite values known in its place; others are left to the peer.
        strict: whether no others than C{nested} may stand there.
    """

    name: str
    codes: frozenset[int]
    mandatory: bool = False
    multiple: bool = False
    keyed: bool = False
    highest: int | None = None
    nested: tuple[int, ...] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite type: a described list (section 1.4).

    Attributes:
        name: as in the specification.
        section: where it is defined.
        fields: its fields in order.
        places: name of a field -> its index.
    """

    name: str
    section: str
    fields: tuple[Field, ...]
    places: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the places."""
        object.__setattr__(self, "places", {each.name: index for index, each in enumerate(self.fields)})


def _fields(name: str) -> Field:
    return Field(name, MAP, keyed=True)


def _symbols(*names: str, mandatory: bool = False) -> tuple[Field, ...]:
    return tuple(Field(name, SYMBOL, mandatory, multiple=True) for name in names)


_STATES = (0x23, 0x24, 0x25, 0x26, 0x27, 0x33, 0x34)
_CAPABILITIES = _symbols("offered-capabilities", "desired-capabilities")
_SETTLING = (
    Field("snd-settle-mode", UBYTE, highest=2),
    Field("rcv-settle-mode", UBYTE, highest=1),
)
_ERROR = Field("error", ANY, nested=(0x1D,), strict=True)
_STATE = Field("state", ANY, nested=_STATES)
_TERMINUS = (
    Field("address", ANY),
    Field("durable", UINT, highest=2),
    Field("expiry-policy", SYMBOL),
    Field("timeout", UINT),
    Field("dynamic", BOOLEAN),
    _fields("dynamic-node-properties"),
)

OPEN, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, DETACH, END, CLOSE = range(0x10, 0x19)
ERROR = 0x1D
SOURCE, TARGET, COORDINATOR = 0x28, 0x29, 0x30
MECHANISMS, INIT, CHALLENGE, RESPONSE, OUTCOME = range(0x40, 0x45)

PERFORMATIVES = {
    OPEN: Composite(
        "open",
        "2.7.1",
        (
            Field("container-id", STRING, mandatory=True),
            Field("hostname", STRING),
            Field("max-frame-size", UINT),
            Field("channel-max", USHORT),
            Field("idle-time-out", UINT),
            *_symbols("outgoing-locales", "incoming-locales"),
            *_CAPABILITIES,
            _fields("properties"),
        ),
    ),
    BEGIN: Composite(
        "begin",
        "2.7.2",
        (
            Field("remote-channel", USHORT),
            Field("next-outgoing-id", UINT, mandatory=True),
            Field("incoming-window", UINT, mandatory=True),
            Field("outgoing-window", UINT, mandatory=True),
            Field("handle-max", UINT),
            *_CAPABILITIES,
            _fields("properties"),
        ),
    ),
    ATTACH: Composite(
        "attach",
        "2.7.3",
        (
            Field("name", STRING, mandatory=True),
            Field("handle", UINT, mandatory=True),
            Field("role", BOOLEAN, mandatory=True),
            *_SETTLING,
            Field("source", ANY, nested=(SOURCE,)),
            Field("target", ANY, nested=(TARGET, COORDINATOR)),
            Field("unsettled", MAP),
            Field("incomplete-unsettled", BOOLEAN),
            Field("initial-delivery-count", UINT),
            Field("max-message-size", ULONG),
            *_CAPABILITIES,
            _fields("properties"),
        ),
    ),
    FLOW: Composite(
        "flow",
        "2.7.4",
        (
            Field("next-incoming-id", UINT),
            Field("incoming-window", UINT, mandatory=True),
            Field("next-outgoing-id", UINT, mandatory=True),
            Field("outgoing-window", UINT, mandatory=True),
            *(Field(name, UINT) for name in ("handle", "delivery-count", "link-credit", "available")),
            *(Field(name, BOOLEAN) for name in ("drain", "echo")),
            _fields("properties"),
        ),
    ),
    TRANSFER: Composite(
        "transfer",
        "2.7.5",
        (
            Field("handle", UINT, mandatory=True),
            Field("delivery-id", UINT),
            Field("delivery-tag", BINARY),
            Field("message-format", UINT),
            Field("settled", BOOLEAN),
            Field("more", BOOLEAN),
            Field("rcv-settle-mode", UBYTE, highest=1),
            _STATE,
            *(Field(name, BOOLEAN) for name in ("resume", "aborted", "batchable")),
        ),
    ),
    DISPOSITION: Composite(
        "disposition",
        "2.7.6",
        (
            Field("role", BOOLEAN, mandatory=True),
            Field("first", UINT, mandatory=True),
            Field("last", UINT),
            Field("settled", BOOLEAN),
            _STATE,
            Field("batchable", BOOLEAN),
        ),
    ),
    DETACH: Composite(
        "detach", "2.7.7", (Field("handle", UINT, mandatory=True), Field("closed", BOOLEAN), _ERROR)
    ),
    END: Composite("end", "2.7.8", (_ERROR,)),
    CLOSE: Composite("close", "2.7.9", (_ERROR,)),
}
"""Descriptor -> what frames of type 0 carry."""

SASL = {
    MECHANISMS: Composite("sasl-mechanisms", "5.3.3.1", _symbols("sasl-server-mechanisms", mandatory=True)),
    INIT: Composite(
        "sasl-init",
        "5.3.3.2",
        (
            Field("mechanism", SYMBOL, mandatory=True),
            Field("initial-response", BINARY),
            Field("hostname", STRING),
        ),
    ),
    CHALLENGE: Composite("sasl-challenge", "5.3.3.3", (Field("challenge", BINARY, mandatory=True),)),
    RESPONSE: Composite("sasl-response", "5.3.3.4", (Field("response", BINARY, mandatory=True),)),
    OUTCOME: Composite(
        "sasl-outcome",
        "5.3.3.5",
        (Field("code", UBYTE, mandatory=True, highest=4), Field("additional-data", BINARY)),
    ),
}
"""Descriptor -> what frames of type 1 carry."""

_NESTED = {
    ERROR: Composite(
        "error",
        "2.8.14",
        (Field("condition", SYMBOL, mandatory=True), Field("description", STRING), _fields("info")),
    ),
    0x23: Composite(
        "received",
        "3.4.1",
        (Field("section-number", UINT, mandatory=True), Field("section-offset", ULONG, mandatory=True)),
    ),
    0x24: Composite("accepted", "3.4.2", ()),
    0x25: Composite("rejected", "3.4.3", (_ERROR,)),
    0x26: Composite("released", "3.4.4", ()),
    0x27: Composite(
        "modified",
        "3.4.5",
        (
            Field("delivery-failed", BOOLEAN),
            Field("undeliverable-here", BOOLEAN),
            Field("message-annotations", MAP),
        ),
    ),
    SOURCE: Composite(
        "source",
        "3.5.3",
        (
            *_TERMINUS,
            Field("distribution-mode", SYMBOL),
            Field("filter", MAP, keyed=True),
            Field("default-outcome", ANY, nested=_STATES),
            *_symbols("outcomes", "capabilities"),
        ),
    ),
    TARGET: Composite("target", "3.5.4", (*_TERMINUS, *_symbols("capabilities"))),
    COORDINATOR: Composite("coordinator", "4.5.1", _symbols("capabilities")),
    0x33: Composite("declared", "4.5.5", (Field("txn-id", BINARY, mandatory=True),)),
    0x34: Composite(
        "transactional-state",
        "4.5.6",
        (Field("txn-id", BINARY, mandatory=True), Field("outcome", ANY, nested=_STATES[1:5])),
    ),
}

COMPOSITES = {**PERFORMATIVES, **SASL, **_NESTED}
"""Descriptor -> every composite type known here."""

SYMBOLIC = {
    f"amqp:{composite.name}:list".encode(): descriptor for descriptor, composite in COMPOSITES.items()
}
"""Symbolic descriptor -> the numeric one; both are good (section 1.4)."""
