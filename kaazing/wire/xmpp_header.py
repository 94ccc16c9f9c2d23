# -*- test-case-name: tests.wire.test_xmpp_header -*-
"""The head of an XML stream: an XML declaration, or none, and a start tag.  RFC 6120 section 4.7."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.parsers import expat

from kaazing.wire import xmpp
from kaazing.wire.xmpp import Fault, Header, Limits

MAX_HEADER = 8 * 1024
"""Bytes of a declaration and a start tag together."""

_DECLARATION = re.compile(rb"<\?xml[ \t\r\n][^<>?]*\?>")
_ENCODING = re.compile(rb"[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*[\"']([^\"']*)[\"']")
_BLANKS = re.compile(rb"[ \t\r\n]*")
_START = re.compile(rb"<[^\"'<>!?][^\"'<>]*(?:\"[^\"<]*\"[^\"'<>]*|'[^'<]*'[^\"'<>]*)*>")
_NAME = re.compile(rb"<[^ \t\r\n/>]+")
_KNOWN = frozenset(("from", "to", "id", "version", xmpp.LANG))


def declaration_length(data: bytes | bytearray, at: int, place: int) -> int | Fault:
    """Return the bytes of the XML declaration at C{at}, 0 where there is none, -1 where it is not whole.

    Args:
        place: offset of C{data} in its stream, for the fault: what stands there may be something else.
    """
    start = bytes(data[at : at + 6])
    if not start.startswith(b"<?"):
        return 0
    if not b"<?xml".startswith(start[:5]) or (len(start) == 6 and start[5] not in b" \t\r\n"):
        return Fault(place + at, "restricted-xml", "a processing instruction", xmpp.RESTRICTED)
    if data.find(b"?>", at, at + MAX_HEADER) < 0:
        return -1
    found = _DECLARATION.match(data, at)
    if not found:
        return Fault(place + at, "not-well-formed", "no well-formed XML declaration", xmpp.WELL_FORMED)
    encoding = _ENCODING.search(found[0])
    if encoding and encoding[1].upper() != b"UTF-8":
        what = "an encoding other than UTF-8"
        return Fault(place + at, "unsupported-encoding", what, "RFC 6120 section 11.6")
    return found.end() - at


def header_length(data: bytes | bytearray, at: int, place: int) -> int | Fault:
    """Return the bytes of the header that begins at C{at}, 0 where it is not whole."""
    declared = declaration_length(data, at, place)
    if isinstance(declared, Fault):
        return declared
    if declared >= 0:
        blanks = _BLANKS.match(data, at + declared)
        tag = blanks.end() if blanks else at
        start = bytes(data[tag : tag + 2])
        if start[:1] not in (b"", b"<"):
            return Fault(place + tag, "bad-format", "text before the stream", xmpp.WELL_FORMED)
        if start in (b"<!", b"<?"):
            what = "a comment, processing instruction or document type"
            return Fault(place + tag, "restricted-xml", what, xmpp.RESTRICTED)
        whole = _START.match(data, tag, at + MAX_HEADER)
        if whole:
            return whole.end() - at
        stray = data.find(b"<", tag + 1)
        if 0 <= stray < at + MAX_HEADER:
            return Fault(place + stray, "not-well-formed", "a tag inside of a tag", xmpp.WELL_FORMED)
    if len(data) - at >= MAX_HEADER:
        what = f"stream header of more than {MAX_HEADER} bytes"
        return Fault(place + at, "policy-violation", what, "a limit of the service")
    return 0


def read_header(data: bytes, place: int, limits: Limits) -> tuple[Header, bytes] | Fault:
    """Return a whole header, and its start tag alone, jabber:client declared there as the default namespace:
    what declares none is read as the other end reads it, who gets it behind L{Header.stream}."""
    names: list[str] = []
    spaces: dict[str, str] = {}
    attributes: dict[str, str] = {}
    closed: list[str] = []

    def start(name: str, given: dict[str, str]) -> None:
        names.append(name)
        attributes.update(given)

    def declare(prefix: str | None, uri: str | None) -> None:
        spaces[prefix or ""] = uri or ""

    parser = expat.ParserCreate("utf-8", " ")
    parser.StartElementHandler, parser.EndElementHandler = start, closed.append
    parser.StartNamespaceDeclHandler = declare
    if hasattr(parser, "SetReparseDeferralEnabled"):
        parser.SetReparseDeferralEnabled(False)
    try:
        parser.Parse(data)
    except expat.ExpatError:
        what = f"no well-formed XML: {expat.ErrorString(parser.ErrorCode)}"
        return Fault(place + parser.ErrorByteIndex, "not-well-formed", what, xmpp.WELL_FORMED)
    if names != [f"{xmpp.STREAMS} stream"]:
        wrong = "invalid-namespace" if names and names[0].endswith(" stream") else "bad-format"
        return Fault(place, wrong, "something else than a stream header", "RFC 6120 section 4.8.1")
    if closed:
        return Fault(place, "bad-format", "stream header that ends at once", "RFC 6120 section 4.2")
    if spaces.get("", xmpp.CLIENT) != xmpp.CLIENT:
        what = f"content namespace other than {xmpp.CLIENT}"
        return Fault(place, "invalid-namespace", what, "RFC 6120 section 4.8.2")
    if spaces.get("stream", xmpp.STREAMS) != xmpp.STREAMS:  # the other end gets it bound to streams
        what = "prefix stream of another namespace"
        return Fault(place, "bad-namespace-prefix", what, "RFC 6120 section 4.8.5")
    if len(spaces) + len(attributes) > limits.attributes:
        what = f"more than {limits.attributes} attributes"
        return Fault(place, "policy-violation", what, "a limit of the service")
    known = {name: value for name, value in attributes.items() if name in _KNOWN}
    declared = _DECLARATION.match(data)
    tag = data[declared.end() if declared else 0 :].lstrip()
    if "" not in spaces:
        tag = _NAME.sub(rb"\g<0> xmlns='jabber:client'", tag, count=1)
    return Header(place, spaces, known), tag


class Inherited:
    """The namespaces that elements take from the header of their stream (RFC 6120 section 4.8)."""

    __slots__ = ("_default", "_prefixes")

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        """C{namespaces}: prefix -> namespace; the default, under no prefix, is that of clients if absent."""
        default = namespaces.get("", xmpp.CLIENT)
        self._default = f" xmlns='{xmpp.escape(default)}'".encode()
        self._prefixes = [
            (prefix, f"{prefix}:".encode(), f" xmlns:{prefix}='{xmpp.escape(uri)}'".encode())
            for prefix, uri in namespaces.items()
            if prefix
        ]

    def put(self, wire: bytes, declared: Sequence[str | None]) -> bytes:
        """Return an element with what it takes from the header declared on itself; C{declared} are the
        prefixes that it declares already, None for the default."""
        extra = b"" if None in declared else self._default
        for prefix, mark, declaration in self._prefixes:
            if mark in wire and prefix not in declared:
                extra += declaration
        if not extra:
            return wire
        name = _NAME.match(wire)
        assert name is not None
        return wire[: name.end()] + extra + wire[name.end() :]
