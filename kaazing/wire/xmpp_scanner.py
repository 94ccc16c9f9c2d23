# -*- test-case-name: tests.wire.test_xmpp_scanner -*-
"""Finds and checks the top-level elements of an XML stream, whatever its cut.  RFC 6120 sections 4 and 11.

expat reads the stream; what it is given, and when, is decided here: whole tags only, so that none is read
twice and a fault is the same for every cut, and never a comment, a processing instruction or a DTD.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from kaazing.wire import xmpp
from kaazing.wire.xmpp import End, Fault, Header, Limits, Seen
from kaazing.wire.xmpp_header import Inherited, header_length, read_header
from kaazing.wire.xmpp_tokens import (
    CDATA,
    MARK,
    NOT_WELL_FORMED,
    is_decided,
    is_empty,
    malformed,
    refused,
    seen_from,
)

_FRESH = 64 * 1024
"""Bytes after which a new parser takes over: expat remembers every name that it has ever met."""

_INK = re.compile(rb"[^ \t\r\n]")
_OUTSIDE = ("bad-format", "text outside of elements", xmpp.WELL_FORMED)
_COUNTED = {xmpp.MESSAGE: 0, xmpp.PRESENCE: 1, xmpp.IQ: 2}

LIMIT = "a limit of the service"

_Found = bytes | Seen | Header | End


class _Stop(Exception):
    """Raised in a call of expat's to end it."""


class _Refused(Exception):
    """Raised for what breaks a rule; its argument is the L{Fault}."""


class Scanner:
    """One direction of a stream, header and restarts included.

    Attributes:
        fault: what is wrong, after which nothing is read; or None.
        stepping: whether to stop behind each thing found; C{feed(b"")} goes on. It never stops elsewhere.
        watch: expanded names of top-level elements that come as L{Seen}; None for all of them.
        patch: whether the others are made to stand alone, too: with the namespaces of the header.
        counts: elements that were whole, one number for each of xmpp.OPERATIONS.
    """

    __slots__ = (
        "_attributes", "_base", "_born", "_buffer", "_children", "_declared", "_declaring",
        "_depth", "_done", "_ended", "_fed", "_inherited", "_items", "_kept", "_leaf", "_limits", "_name",
        "_origin", "_parser", "_quote", "_root", "_scanned", "_section", "_shift", "_start", "_tag",
        "counts", "fault", "patch", "stepping", "watch",
    )  # fmt: skip

    def __init__(self, limits: Limits, root: bytes = b"") -> None:
        """Make it; C{root} is a start tag to be read in place of a header, where there is none."""
        self._limits = limits
        self.fault: Fault | None = None
        self.stepping, self.patch = False, False
        self.watch: frozenset[str] | None = None
        self.counts = [0] * len(xmpp.OPERATIONS)
        self._kept = bytearray()  # what is not read to its end; it starts at self._base
        self._buffer: bytes | bytearray = b""
        self._base = self._fed = self._done = self._start = self._tag = 0  # offsets in the stream
        self._scanned = 0  # the offset behind what was looked at of a text, tag or section not yet whole
        self._quote: bytes | None = None  # in a tag that is not whole: the quote that is open, or none
        self._section = False  # whether in a CDATA section that is not whole
        self._ended = False
        self._items: list[_Found] = []
        self._attributes: list[str] = []
        self._children: list[str] = []
        self._declared: list[str | None] = []
        self._declaring: list[str | None] = []
        self._name, self._leaf = "", False
        self._begin(root, {})

    @property
    def pending(self) -> bool:
        """Whether something is kept: an open element, or what stands behind the place of a stop."""
        return bool(self._kept)

    @property
    def offset(self) -> int:
        """The offset of the first byte that was not yet found to be part of a whole thing."""
        return self._done

    def restart(self) -> None:
        """Expect a new header (RFC 6120 section 4.3.3). Only while stepping."""
        self._begin(b"", {})

    def skip(self, count: int) -> None:
        """Leave out bytes of the stream. Only where nothing is pending."""
        self._base += count
        self._fed = self._done = self._scanned = self._base
        self._origin += count

    def _begin(self, root: bytes, namespaces: dict[str, str]) -> None:
        self._root, self._depth = root, 1
        self._parser: expat.XMLParserType | None = None
        self._origin = self._shift = self._born = 0
        self._inherited = Inherited(namespaces)

    def feed(self, data: bytes) -> list[_Found]:
        """Take the next bytes; return what they complete, in order: elements that pass and those to be
        looked at, headers, the end. Blanks between them are dropped."""
        items = self._items = []
        if self.fault is not None or self._ended:
            return items
        if self._kept:
            self._kept += data
            self._buffer = self._kept
        else:
            self._buffer = data
        try:
            if self._root or self._head():
                self._advance()
                self._check_open()
        except _Stop:
            pass
        except _Refused as why:
            self.fault = self._judged(why.args[0])
        except expat.ExpatError:
            self.fault = self._judged(self._malformed())
        self._keep()
        return items

    def _keep(self) -> None:
        """Keep of the buffer what must be seen again."""
        first = self._first() - self._base
        if self._buffer is self._kept:
            del self._kept[:first]
        elif first < len(self._buffer):
            self._kept = bytearray(memoryview(self._buffer)[first:])
        self._base += first
        self._buffer = b""

    def _first(self) -> int:
        """Return the offset of the open element, or of what is behind all that is whole."""
        if self._depth > 1:
            return self._start
        return self._tag if self._quote is not None else self._fed

    def _head(self) -> bool:
        """Read the header; return whether to go on behind it."""
        at = self._fed - self._base
        ink = _INK.search(self._buffer, at)
        at = ink.start() if ink else len(self._buffer)
        self._fed = self._done = self._base + at
        whole = header_length(self._buffer, at, self._base)
        if isinstance(whole, Fault):
            raise _Refused(whole)
        if not whole:
            return False
        found = read_header(bytes(self._buffer[at : at + whole]), self._base + at, self._limits)
        if isinstance(found, Fault):
            raise _Refused(found)
        header, root = found
        self._begin(root, dict(header.namespaces))
        self._fed = self._done = self._scanned = self._base + at + whole
        self._items.append(header)
        return not self.stepping

    def _advance(self) -> None:
        """Give expat all that is whole: tags, sections, and texts that a tag follows."""
        buffer, base = self._buffer, self._base
        at = self._fed - base
        if self._depth == 1 and self._quote is None and self._fed - self._born > _FRESH:
            self._parser = None
        if self._quote is not None:
            if not (end := self._tag_end(self._scanned - base)):
                return
            self._parse(at, end)
            at = end
        elif self._section:
            if (at := self._section_end(at)) < 0:
                return
        elif buffer.find(b"<", max(self._scanned - base, at)) < 0:
            self._scanned = base + len(buffer)
            return
        ahead = dict.fromkeys((b"<!", b"<?"), -1)
        while (at := self._advance_to_special(at, ahead)) >= 0:
            pass

    def _advance_to_special(self, at: int, ahead: dict[bytes, int]) -> int:
        """Go on up to the next <! or <? and behind it; return -1 where there is no more to be done.

        C{ahead} has the place where each was last found, which is looked for once, not at every section.
        """
        buffer, size = self._buffer, len(self._buffer)
        for mark, place in ahead.items():
            if place < at:
                found = buffer.find(mark, at)
                ahead[mark] = found if found >= 0 else size
        special = min(ahead.values())
        tag = buffer.rfind(b"<", at, special)
        if tag >= 0 and tag + 1 == size:  # may become anything
            special, tag = tag, buffer.rfind(b"<", at, tag)
        if tag >= 0:
            self._tag = self._base + tag
            end = self._tag_end(tag + 1)
            if not end:
                self._parse(at, tag + 1)
                return -1
            self._parse(at, end)
            at = end
        if special == size:
            self._scanned = self._base + size
            return -1
        if special > at:
            self._parse(at, special)
        return self._special(special)

    def _tag_end(self, at: int) -> int:
        """Look for the end of a tag from C{at} on; return the place behind it, or 0."""
        buffer, quote = self._buffer, self._quote or b""
        while found := MARK.search(buffer, at):
            mark, at = found[0], found.end()
            if mark == b"<":
                self._parse(self._fed - self._base, at)
                assert self._parser is not None
                self._parser.Parse(b"<<<")  # expat refuses it, and no part of a character keeps it from that
            if mark == quote:
                quote = b""
            elif not quote:
                if mark == b">":
                    self._quote = None
                    return at
                quote = mark
        self._quote = quote
        self._scanned = self._base + len(buffer)
        return 0

    def _special(self, at: int) -> int:
        """Look at <! or <?; return the place behind a whole CDATA section, -1 where more must come."""
        start = bytes(self._buffer[at : at + len(CDATA)])
        place = self._base + at
        self._scanned = place
        if self._depth == 1:
            self._check_outside(place)
        if start == CDATA:
            if self._depth == 1:
                raise _Refused(Fault(place, *_OUTSIDE))
            self._section = True
            self._scanned = place + len(CDATA)
            return self._section_end(at)
        if not is_decided(start):
            return -1
        raise _Refused(refused(start, place))

    def _section_end(self, at: int) -> int:
        place = self._buffer.find(b"]]>", max(self._scanned - self._base - 2, at + len(CDATA)))
        if place < 0:
            self._scanned = self._base + len(self._buffer)
            return -1
        self._section = False
        self._parse(at, place + 3)
        return place + 3

    def _parse(self, at: int, end: int) -> None:
        """Give expat the bytes of the buffer from C{at} to C{end}."""
        if self._parser is None:
            self._renew(self._base + at)
        self._shift = self._origin - self._base
        data = self._buffer if end - at == len(self._buffer) else self._buffer[at:end]
        self._fed = self._base + end
        assert self._parser is not None
        self._parser.Parse(bytes(data))

    def _renew(self, place: int) -> None:
        parser = expat.ParserCreate("utf-8", " ")
        parser.ordered_attributes = True
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)  # no tag is given in parts
        parser.Parse(self._root)
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed
        parser.StartNamespaceDeclHandler = self._declare
        self._parser = parser
        self._origin, self._born = place - len(self._root), place

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._declaring.append(prefix)
        if uri and len(uri) > self._limits.length:
            self._exceeds(f"namespace of more than {self._limits.length} characters")

    def _opened(self, name: str, attributes: list[str]) -> None:
        depth = self._depth = self._depth + 1
        limits = self._limits
        if depth == 2:
            assert self._parser is not None
            self._start = self._parser.CurrentByteIndex + self._origin
            if self._start != self._done:
                self._check_outside(self._start)
            self._name, self._attributes = name, attributes
            self._declared, self._declaring = self._declaring, []
            self._children, self._leaf = [], True
            count = len(self._declared) + len(attributes) // 2
        else:
            self._leaf = False
            if depth == 3:
                self._children.append(name)
            elif depth - 1 > limits.depth:
                self._exceeds(f"elements nested more than {limits.depth} deep")
            count = len(self._declaring) + len(attributes) // 2
            if self._declaring:
                self._declaring = []
        if count > limits.attributes:
            self._exceeds(f"more than {limits.attributes} attributes")
        if len(name) > limits.length or (attributes and len(max(attributes, key=len)) > limits.length):
            self._exceeds(f"name or attribute of more than {limits.length} characters")

    def _closed(self, name: str) -> None:
        depth = self._depth = self._depth - 1
        if depth > 1:
            return
        assert self._parser is not None
        at = self._parser.CurrentByteIndex + self._shift
        if depth == 0:
            self._depth = 1
            self._check_outside(self._base + at)
            self._ended = True
            self._items.append(End(self._base + at))
            raise _Stop
        buffer, start = self._buffer, self._start - self._base
        if not (self._leaf and is_empty(buffer, start, at)):
            at = buffer.find(b">", at) + 1
        self._found(name, bytes(buffer[start:at]))
        self._done = self._base + at
        if self.stepping:
            self._fed = self._scanned = self._done
            self._parser, self._quote = None, None  # whatever was begun behind it is looked at again
            raise _Stop

    def _found(self, name: str, wire: bytes) -> None:
        if len(wire) > self._limits.element:
            self._depth = 2  # it is still open
            raise _Refused(self._too_long())
        self.counts[_COUNTED.get(name, 3)] += 1
        if self.watch is None or name in self.watch:
            wire = self._inherited.put(wire, self._declared)
            self._items.append(Seen(self._start, wire, name, self._attributes, tuple(self._children)))
        else:
            self._items.append(self._inherited.put(wire, self._declared) if self.patch else wire)

    def _check_open(self) -> None:
        """Check what is left: blanks between elements, or an element that may not be too long."""
        if self._depth == 1:
            end = self._base + len(self._buffer)
            self._check_outside(end)
            if self._quote is not None:
                self._done = self._tag
            elif self._buffer.find(b"<", self._fed - self._base) < 0:
                self._origin += end - self._fed  # expat never sees these blanks
                self._fed = self._done = end
        if self._base + len(self._buffer) - self._first() > self._limits.element:
            limit = self._first() + self._limits.element
            if self._fed < limit and self._quote is None:
                self._parse(self._fed - self._base, limit - self._base)
            raise _Refused(self._too_long())

    def _check_outside(self, end: int) -> None:
        if fault := self._outside(end):
            raise _Refused(fault)

    def _outside(self, end: int) -> Fault | None:
        """Return what is wrong between the last element and C{end}: anything but blanks before a tag."""
        ink = _INK.search(self._buffer, self._done - self._base, end - self._base)
        if ink is None or ink[0] == b"<":
            return None
        return Fault(self._base + ink.start(), *_OUTSIDE)

    def _exceeds(self, what: str) -> None:
        assert self._parser is not None
        place = self._parser.CurrentByteIndex + self._origin
        raise _Refused(Fault(place, "policy-violation", what, LIMIT))

    def _too_long(self) -> Fault:
        what = f"element of more than {self._limits.element} bytes"
        return Fault(self._first(), "policy-violation", what, LIMIT)

    def _malformed(self) -> Fault:
        """Return what expat has found."""
        parser = self._parser
        assert parser is not None
        place = parser.ErrorByteIndex + self._origin
        if self._depth == 1 and (fault := self._outside(place + 1)):
            return fault
        return malformed(parser.ErrorCode, place)

    def _judged(self, fault: Fault) -> Fault:
        """Return the fault, or that the element is too long where it would have been found to be so had
        its bytes come one by one."""
        place = fault.offset - self._base
        within = fault[1:] == NOT_WELL_FORMED and self._buffer[place : place + 1] == b"<"  # of another tag
        tag = self._buffer.rfind(b"<", 0, place + (not within))
        if self._depth == 1:
            if tag < self._done - self._base:
                return fault
            self._quote, self._tag = b"", self._base + tag
        end = seen_from(self._buffer, place, fault)
        return self._too_long() if self._base + end - self._first() > self._limits.element else fault
