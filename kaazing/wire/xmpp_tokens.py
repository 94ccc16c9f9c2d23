# -*- test-case-name: tests.wire.test_xmpp_tokens -*-
"""Where tags and sections end, and which may not be in an XML stream.  XML 1.0 sections 2 and 3, RFC 6120
section 11.1."""

from __future__ import annotations

import re
from xml.parsers import expat

from kaazing.wire.xmpp import RESTRICTED, WELL_FORMED, Fault

CDATA = b"<![CDATA["
MARK = re.compile(rb"[\"'<>]")
NOT_WELL_FORMED = (
    "not-well-formed",
    "no well-formed XML: not well-formed (invalid token)",
    WELL_FORMED,
)
"""What expat says of most faults."""

_UNKNOWN_ENTITY = expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]
_TAG = re.compile(rb"<[^\"'<>]*(?:\"[^\"<]*\"[^\"'<>]*|'[^'<]*'[^\"'<>]*)*>")
_RESTRICTED = (
    (b"<?", "a processing instruction"),
    (b"<!--", "a comment"),
    (b"<!D", "a document type"),
)


def is_decided(start: bytes) -> bool:
    """Return whether the first bytes from <! or <? on show what it is."""
    return start == CDATA or not (CDATA.startswith(start) or start == b"<!-")


def refused(start: bytes, place: int) -> Fault:
    """Return what is wrong with something that begins with <! or <? and is no CDATA section."""
    for begin, what in _RESTRICTED:
        if start.startswith(begin):
            return Fault(place, "restricted-xml", what, RESTRICTED)
    return Fault(place, "not-well-formed", "no well-formed XML: <! of nothing that is known", WELL_FORMED)


def is_empty(buffer: bytes | bytearray, start: int, end: int) -> bool:
    """Return whether the element in which expat met no other is one tag; expat says C{end} of its tag
    then, and the start of its end tag otherwise."""
    tag = _TAG.match(buffer, start)
    return tag is not None and tag.end() == end and buffer[end - 2] == ord("/")


def malformed(code: int, place: int) -> Fault:
    """Return the fault at C{place} that expat has this error code for."""
    if code == _UNKNOWN_ENTITY:
        return Fault(place, "restricted-xml", "an entity that is not one of the five", RESTRICTED)
    what = f"no well-formed XML: {expat.ErrorString(code)}"
    return Fault(place, "not-well-formed", what, WELL_FORMED)


def seen_from(buffer: bytes | bytearray, place: int, fault: Fault) -> int:
    """Return the place behind all that has to be there for a fault at C{place} to be found: a tag is not
    looked at before it is whole."""
    tag = buffer.rfind(b"<", 0, place + 1)
    start = bytes(buffer[tag : tag + len(CDATA)]) if tag >= 0 else b""
    if not start or (fault[1:] == NOT_WELL_FORMED and tag == place):
        end = 0  # it begins within another, and is not looked at itself
    elif start.startswith((b"<!", b"<?")):
        end = tag + next((end for end in range(2, 10) if is_decided(start[:end])), 0)
    else:
        whole = _TAG.match(buffer, tag)
        end = whole.end() if whole else buffer.find(b"<", tag + 1) + 1
    return max(place + 1, end)
