# -*- test-case-name: tests.wire.test_xmpp -*-
"""What XML streams are made of: names, headers, errors.  RFC 6120 sections 4 and 11, RFC 7395 section 3.

Names of elements and attributes are expanded: the namespace, a blank, the local name; an attribute in
no namespace is its local name alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kaazing.errors import ProtocolViolation, Side

CLIENT = "jabber:client"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
STREAMS = "http://etherx.jabber.org/streams"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
SASL2 = "urn:xmpp:sasl:2"
LANG = "http://www.w3.org/XML/1998/namespace lang"

MESSAGE, PRESENCE, IQ = f"{CLIENT} message", f"{CLIENT} presence", f"{CLIENT} iq"
OPERATIONS = ("message", "presence", "iq", "other")
"""What passing elements are counted as."""

RESTRICTED = "RFC 6120 section 11.1"
WELL_FORMED = "RFC 6120 section 11.3"
_HEADER = (("from", "from"), ("to", "to"), ("id", "id"), ("version", "version"), (LANG, "xml:lang"))
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;"})


class Fault(NamedTuple):
    """What is wrong with a stream.

    Attributes:
        offset: of the byte that is wrong, from the first of its side.
        condition: the stream error that says it (RFC 6120 section 4.9.3).
        what: a sentence without the place.
        rule: what forbids it.
    """

    offset: int
    condition: str
    what: str
    rule: str

    def violation(self, side: Side) -> ProtocolViolation:
        """Return what is raised for it."""
        return ProtocolViolation(self.what, side=side, offset=self.offset, rule=self.rule)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an element may be at most.

    Attributes:
        element: bytes of a top-level element, and of a stream header.
        depth: of elements below the stream, a top-level one counted as 1.
        attributes: of an element, namespace declarations counted.
        length: characters of an attribute's value, of an expanded name, of a namespace.
    """

    element: int = 128 * 1024
    depth: int = 64
    attributes: int = 64
    length: int = 8 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a stream.

    Attributes:
        offset: of its first byte.
        namespaces: prefix -> namespace as declared, the empty prefix for the default one.
        attributes: those that are known, by expanded name.
    """

    offset: int
    namespaces: Mapping[str, str]
    attributes: Mapping[str, str]

    def stream(self) -> bytes:
        """Return it as TCP has it (RFC 6120 section 4.7), the streams' prefix "stream"."""
        declared = {prefix: uri for prefix, uri in self.namespaces.items() if prefix not in ("", "stream")}
        spaces = "".join(f" xmlns:{prefix}='{escape(uri)}'" for prefix, uri in declared.items())
        return (
            f"<?xml version='1.0'?><stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAMS}'{spaces}"
            f"{self._written()}>"
        ).encode()

    def framed(self) -> bytes:
        """Return it as WebSocket has it (RFC 7395 section 3.4)."""
        return f"<open xmlns='{FRAMING}'{self._written()}/>".encode()

    def _written(self) -> str:
        return "".join(
            f" {written}='{escape(self.attributes[name])}'"
            for name, written in _HEADER
            if name in self.attributes
        )


class Seen(NamedTuple):
    """A top-level element that somebody has to look at.

    Attributes:
        offset: of its first byte.
        wire: whole, with every namespace declared that it takes from the stream's header.
        name: expanded.
        attributes: names and values in turn.
        children: the expanded names of the elements in it.
    """

    offset: int
    wire: bytes
    name: str
    attributes: list[str]
    children: tuple[str, ...]

    def get(self, name: str) -> str | None:
        """Return an attribute, None where there is none."""
        names = self.attributes[::2]
        return self.attributes[2 * names.index(name) + 1] if name in names else None


class End(NamedTuple):
    """The end of a stream; C{offset} is that of its tag."""

    offset: int


def escape(text: str) -> str:
    """Return text as it stands in an element or a quoted attribute; line ends of attributes kept."""
    return text.translate(_ESCAPES).replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")


def stream_error(condition: str, text: str) -> bytes:
    """Return a stream error that can stand alone (RFC 6120 section 4.9.2)."""
    return (
        f"<stream:error xmlns:stream='{STREAMS}'><{condition} xmlns='{STREAM_ERRORS}'/>"
        f"<text xmlns='{STREAM_ERRORS}' xml:lang='en'>{escape(text)}</text></stream:error>"
    ).encode()


def stanza_error(stanza: Seen, type: str, condition: str, text: str) -> bytes:
    """Return the answer to a message, presence or iq that is refused (RFC 6120 section 8.3)."""
    kind = stanza.name.partition(" ")[2]
    known = (("id", stanza.get("id")), ("from", stanza.get("to")))
    written = "".join(f" {name}='{escape(value)}'" for name, value in known if value is not None)
    return (
        f"<{kind} xmlns='{CLIENT}' type='error'{written}><error type='{type}'>"
        f"<{condition} xmlns='{STANZA_ERRORS}'/>"
        f"<text xmlns='{STANZA_ERRORS}' xml:lang='en'>{escape(text)}</text></error></{kind}>"
    ).encode()
