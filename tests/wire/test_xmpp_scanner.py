"""Tests for L{kaazing.wire.xmpp_scanner}."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import xmpp
from kaazing.wire.xmpp import End, Fault, Header, Limits, Seen
from kaazing.wire.xmpp_scanner import Scanner

HEADER = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' from='x'"
    b" xmlns:stream='http://etherx.jabber.org/streams' xmlns:p='urn:p'>"
)
HEAD = Header(0, {"": "jabber:client", "stream": xmpp.STREAMS, "p": "urn:p"}, {"from": "x"})
LIMITS = Limits(element=200, depth=4, attributes=4, length=80)
NOTHING = "no well-formed XML: <! of nothing that is known"
TOKEN = "no well-formed XML: not well-formed (invalid token)"

ELEMENTS = (
    b"<message to='a'><body>/></body></message>",
    b"<r/>",
    b"<r a='/>'></r>",
    b"<r>/></r>",
    b'<r\n a = "\'>" />',
    b"<stream:features><a xmlns='urn:a'/></stream:features>",
    b'<p><![CDATA[a<!-- ]] ><b>"]]></p>',
    b"<p:x y='>>>\">'>&amp;&#x20AC;\xc3\xa4&lt;</p:x>",
    b"<iq xmlns='jabber:client' xmlns:p='urn:q'><p:z/></iq>",
    b"<a:a xmlns:a='urn:a'><b/>\r\n]</a:a >",
)
WHOLE = (
    b"<message xmlns='jabber:client' to='a'><body>/></body></message>",
    b"<r xmlns='jabber:client'/>",
    b"<r xmlns='jabber:client' a='/>'></r>",
    b"<r xmlns='jabber:client'>/></r>",
    b"<r xmlns='jabber:client'\n a = \"'>\" />",
    b"<stream:features xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    b"<a xmlns='urn:a'/></stream:features>",
    b"<p xmlns='jabber:client'><![CDATA[a<!-- ]] ><b>\"]]></p>",
    b"<p:x xmlns='jabber:client' xmlns:p='urn:p' y='>>>\">'>&amp;&#x20AC;\xc3\xa4&lt;</p:x>",
    b"<iq xmlns='jabber:client' xmlns:p='urn:q'><p:z/></iq>",
    b"<a:a xmlns='jabber:client' xmlns:a='urn:a'><b/>\r\n]</a:a >",
)
"""The same, to stand alone."""

FAULTS = (
    (b"<m><!-- x --></m>", 3, "restricted-xml", "a comment"),
    (b"<m/><?x?>", 4, "restricted-xml", "a processing instruction"),
    (b"<!DOCTYPE x>", 0, "restricted-xml", "a document type"),
    (b"<m>&foo;</m>", 3, "restricted-xml", "an entity that is not one of the five"),
    (b"<m><!x></m>", 3, "not-well-formed", NOTHING),
    (b"<m><!-x></m>", 3, "not-well-formed", NOTHING),
    (b"<m><a b='<!x'/></m>", 9, "not-well-formed", TOKEN),
    (b"<m><a <b/></m>", 6, "not-well-formed", TOKEN),
    (b"<m>]]></m>", 5, "not-well-formed", TOKEN),
    (b"<m>\xff</m>", 3, "not-well-formed", TOKEN),
    (b"<m>\xed\xa0\x80</m>", 3, "not-well-formed", TOKEN),
    (b"<m>&#0;</m>", 3, "not-well-formed", "no well-formed XML: reference to invalid character number"),
    (b"<m><a b='\xe1<'/></m>", 9, "not-well-formed", TOKEN),
    (b"<m></n>", 5, "not-well-formed", "no well-formed XML: mismatched tag"),
    (b"<m a:b='1'/>", 0, "not-well-formed", "no well-formed XML: unbound prefix"),
    (b"<m a='1' a='2'/>", 9, "not-well-formed", "no well-formed XML: duplicate attribute"),
    (b"abc<x/>", 0, "bad-format", "text outside of elements"),
    (b" x\xff<m/>", 1, "bad-format", "text outside of elements"),
    (b" x y<!-- -->", 1, "bad-format", "text outside of elements"),
    (b"<m/>&#32;<m/>", 4, "bad-format", "text outside of elements"),
    (b"<![CDATA[ ]]>", 0, "bad-format", "text outside of elements"),
    (b"x</stream:stream>", 0, "bad-format", "text outside of elements"),
    (b"<m><b><c><d><e/></d></c></b></m>", 12, "policy-violation", "elements nested more than 4 deep"),
    (b"<m>" + b"a" * 300 + b"</m>", 0, "policy-violation", "element of more than 200 bytes"),
    (b"<m>" + b"a" * 195 + b"</m>", 0, "policy-violation", "element of more than 200 bytes"),
    (b"<m x='" + b"a" * 300 + b"'/>", 0, "policy-violation", "element of more than 200 bytes"),
    (b"<m x='" + b"a" * 81 + b"'/>", 0, "policy-violation", "name or attribute of more than 80 characters"),
    (b"<m xmlns='" + b"a" * 81 + b"'/>", 0, "policy-violation", "namespace of more than 80 characters"),
    (b"<m a='1' b='2' c='3' d='4' e='5'/>", 0, "policy-violation", "more than 4 attributes"),
    (b"<m><a a='1' b='2' xmlns:c='3' d='4' xmlns='5'/></m>", 3, "policy-violation", "more than 4 attributes"),
)  # fmt: skip

BITS = (b"<", b">", b"'", b"]]>", b"<![CDATA[", b"&", b"\xc3", b"\r", b"<!", b"</")


def outcome(parts: list[bytes], patch: bool = True) -> tuple[list[object], Fault | None]:
    """Return all that a scanner says of a stream."""
    scanner = Scanner(LIMITS)
    scanner.patch, scanner.watch = patch, frozenset()
    return [item for part in parts for item in scanner.feed(part)], scanner.fault


def cuts(data: bytes) -> list[list[bytes]]:
    """Return the stream in pieces of each length."""
    return [[data[at : at + step] for at in range(0, len(data), step)] for step in range(1, len(data) + 1)]


class ScannerTests(SynchronousTestCase):
    """RFC 6120 sections 4 and 11."""

    def test_every_cut(self) -> None:
        """
        Elements are found wherever the stream is cut, made to stand alone or left as they are; blanks
        between them are dropped, and the end is told.
        """
        stream = HEADER + b" \n".join(ELEMENTS) + b"\n</stream:stream> ignored"
        end = End(stream.index(b"</stream:stream>"))
        for parts in cuts(stream):
            self.assertEqual(outcome(parts), ([HEAD, *WHOLE, end], None))
        self.assertEqual(outcome([stream], patch=False), ([HEAD, *ELEMENTS, end], None))

    def test_faults(self) -> None:
        """
        What stood before a fault passes; where the fault is and what it is called does not depend on
        the cut.
        """
        good = HEADER + ELEMENTS[0]
        for wire, place, condition, what in FAULTS:
            data = good + wire + b"<ok/>"
            for parts in cuts(data):
                items, fault = outcome(parts)
                assert fault is not None, wire
                self.assertEqual(fault[:3], (len(good) + place, condition, what), wire)
                passed = [HEAD, WHOLE[0]] + [b"<m xmlns='jabber:client'/>"] * wire.startswith(b"<m/>")
                self.assertEqual(items, passed, wire)

    def test_no_stream(self) -> None:
        """
        What is no head of a stream is refused, and nothing behind it is read.
        """
        what = "text before the stream"
        for parts in cuts(b" hello" + HEADER):
            self.assertEqual(outcome(parts), ([], Fault(1, "bad-format", what, xmpp.WELL_FORMED)))

    @given(
        st.lists(
            st.sampled_from([*ELEMENTS, *(wire for wire, *_ in FAULTS), *BITS])
        ),
        st.lists(st.integers(1, 60)),
    )  # fmt: skip
    def test_any_stream(self, bits: list[bytes], lengths: list[int]) -> None:
        """
        Whatever the stream and its cuts, the outcome is that of the stream in one piece.
        """
        data = HEADER + b"".join(bits)
        parts, at = [], 0
        for length in [*lengths, len(data)]:
            parts.append(data[at : at + length])
            at += length
        self.assertEqual(outcome(parts), outcome([data]))

    def test_watched(self) -> None:
        """
        A watched element comes with its place, its name and what it holds.
        """
        scanner = Scanner(LIMITS)
        scanner.watch = frozenset((xmpp.IQ,))
        wire = b"<iq id='1' to='b'><q xmlns='urn:q'><z/></q><r/></iq>"
        whole = wire.replace(b"<iq", b"<iq xmlns='jabber:client'")
        self.assertEqual(
            scanner.feed(HEADER + b"<a/>" + wire)[1:],
            [
                b"<a/>",
                Seen(len(HEADER) + 4, whole, xmpp.IQ, ["id", "1", "to", "b"], ("urn:q q", "jabber:client r")),
            ],
        )

    def test_steps(self) -> None:
        """
        While stepping, each thing comes by itself, and what stands behind it is not looked at: it may
        be of another stream.
        """
        scanner = Scanner(LIMITS)
        scanner.stepping = True
        found = scanner.feed(HEADER + b"<a/><b>x</b>" + HEADER + b"<c/>")
        self.assertEqual(found, [HEAD])
        names = []
        for _ in range(2):
            names += [item.name for item in scanner.feed(b"") if isinstance(item, Seen)]
        self.assertEqual((names, scanner.pending), (["jabber:client a", "jabber:client b"], True))
        scanner.restart()
        again = Header(len(HEADER) + 12, HEAD.namespaces, HEAD.attributes)
        self.assertEqual(scanner.feed(b""), [again])
        scanner.stepping = False
        (last,) = scanner.feed(b"")
        assert isinstance(last, Seen)
        self.assertEqual((last.name, scanner.pending, scanner.fault), ("jabber:client c", False, None))
        self.assertEqual(last.offset, 2 * len(HEADER) + 12)

    def test_steps_of_every_cut(self) -> None:
        """
        Stepping finds what reading at once does, whatever is half there behind the place of a stop.
        """
        for parts in cuts(HEADER + b" ".join(ELEMENTS)):
            scanner = Scanner(LIMITS)
            scanner.stepping = True
            found: list[bytes] = []
            for part in parts:
                items = scanner.feed(part)
                while items:
                    found += [item.wire for item in items if isinstance(item, Seen)]
                    items = scanner.feed(b"")
            self.assertEqual((found, scanner.fault), (list(WHOLE), None))

    def test_fresh_parsers(self) -> None:
        """
        Offsets stay right, and the header's prefixes known, when a new parser takes over, which happens
        every so many bytes because expat remembers every name.
        """
        scanner = Scanner(LIMITS)
        scanner.watch = frozenset()
        scanner.feed(HEADER)
        place = len(HEADER)
        for number in range(3000):
            wire = b"<p:n%d><p:m%d a%d='1'/></p:n%d> " % (number, number, number, number)
            self.assertEqual(scanner.feed(wire), [wire[:-1]])
            place += len(wire)
        scanner.feed(b"<x></y>")
        assert scanner.fault is not None
        self.assertEqual(scanner.fault.offset, place + 5)

    def test_counts(self) -> None:
        """
        Elements are counted as what they are.
        """
        scanner = Scanner(LIMITS)
        scanner.feed(HEADER + b"<message/><message/><presence/><iq/><a/><iq xmlns='x'/>")
        self.assertEqual(
            dict(zip(xmpp.OPERATIONS, scanner.counts, strict=True)),
            {"message": 2, "presence": 1, "iq": 1, "other": 2},
        )

    def test_without_header(self) -> None:
        """
        Where there is no header, elements are read in a tag that is given; skipped bytes count.
        """
        scanner = Scanner(LIMITS, b"<r xmlns='urn:r'>")
        first = scanner.feed(b"<a/>")
        scanner.skip(6)
        second = scanner.feed(b"<a/>")
        found = [(item.offset, item.name) for item in first + second if isinstance(item, Seen)]
        self.assertEqual(found, [(0, "urn:r a"), (10, "urn:r a")])

    def test_time(self) -> None:
        """
        What comes byte by byte is looked at once: expat gets a long tag, section or text when it is
        whole, in one piece.
        """
        for wire in (
            b"<m a='" + b">b" * 20_000 + b"'/>",
            b"<m><![CDATA[" + b">]" * 20_000 + b"]]></m>",
            b"<m>" + b"a>" * 20_000 + b"</m>",
        ):  # fmt: skip
            scanner = Scanner(Limits(length=50_000))
            scanner.feed(HEADER)
            calls = 0
            for byte in wire:
                found = scanner.feed(bytes((byte,)))
                calls += bool(found)
            self.assertEqual((calls, scanner.fault), (1, None))

    def test_long_tag_within_which_another_begins(self) -> None:
        """
        A tag that is too long is that for every cut, also where something worse stands behind the limit.
        """
        too_long = "element of more than 200 bytes"
        for long in (b"<" + b"x" * 200, b"<m a='" + b"x" * 200, b"<a/> <" + b"x" * 200):
            for step in (1, 7, 1000):
                scanner = Scanner(LIMITS)
                scanner.feed(HEADER)
                wire = long + b"<m/>"
                for at in range(0, len(wire), step):
                    scanner.feed(wire[at : at + step])
                assert scanner.fault is not None
                place = len(HEADER) + long.rindex(b"<")
                self.assertEqual(scanner.fault[::2], (place, too_long), (long[:9], step))

    def test_sections_in_one_piece(self) -> None:
        """
        Many sections in one piece are searched through a few times in all, not once for each.
        """
        scanner = Scanner(Limits())
        scanner.feed(HEADER)
        wire = Searched(b"<m>" + b"<![CDATA[]]>" * 1000 + b"</m>")
        self.assertEqual(len(scanner.feed(wire)), 1)
        self.assertLess(wire.searched, 5 * len(wire))


class Searched(bytes):
    """Bytes that know how many of them have been searched."""

    searched = 0

    def find(self, sub: Any, start: Any = 0, end: Any = None, /) -> int:
        """See bytes.find."""
        found = super().find(sub, start, end)
        self.searched += (len(self) if found < 0 else found) - start
        return found
