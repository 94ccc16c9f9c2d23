"""Tests for L{kaazing.wire.xmpp_tokens}."""

from __future__ import annotations

from xml.parsers.expat import errors

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.xmpp import Fault
from kaazing.wire.xmpp_tokens import NOT_WELL_FORMED, is_decided, is_empty, malformed, refused, seen_from


class TokensTests(SynchronousTestCase):
    """What the bytes of a stream are, before expat sees them."""

    def test_decided(self) -> None:
        """
        So many bytes are needed to know a section, a comment, an instruction, a document type.
        """
        for whole in (b"<![CDATA[", b"<!-x", b"<!--", b"<!D", b"<?", b"<![CX"):
            self.assertEqual(
                [is_decided(whole[:end]) for end in range(2, len(whole) + 1)],
                [False] * (len(whole) - 2) + [True],
                whole,
            )

    def test_refused(self) -> None:
        """
        RFC 6120 section 11.1; what is no XML at all is something else.
        """
        for start, condition in (
            (b"<?x", "restricted-xml"),
            (b"<!--", "restricted-xml"),
            (b"<!DO", "restricted-xml"),
            (b"<!x", "not-well-formed"),
        ):
            self.assertEqual(refused(start, 7)[:2], (7, condition))

    def test_empty(self) -> None:
        """
        An element is one tag or two, whatever its attributes and text look like.
        """
        for wire, end, empty in (
            (b"<a/>", 4, True),
            (b"<a b='/>'/></x>", 11, True),
            (b"<a></a>", 3, False),
            (b"<a>/></a>", 5, False),
            (b"<a b='/>'></a>", 10, False),
        ):
            self.assertEqual(is_empty(wire, 0, end), empty, wire)

    def test_seen_from(self) -> None:
        """
        A fault in a tag is seen when the tag is whole, in a text at once, of a stray < where it stands.
        """
        token, other = Fault(0, *NOT_WELL_FORMED), Fault(0, "x", "y", "z")
        for wire, place, fault, end in (
            (b"<a b=c d='>'> text", 5, token, 13),
            (b"<a>\xff text", 3, token, 4),
            (b"<a b='<c/>", 6, token, 7),
            (b"<a b=c <d>", 5, token, 8),
            (b"<a:b> text", 0, other, 5),
            (b"<!-- text", 0, other, 4),
            (b"<a b<?c", 4, token, 5),
            (b"text", 2, token, 3),
        ):
            self.assertEqual(seen_from(wire, place, fault), end, wire)

    def test_malformed(self) -> None:
        """
        Entities are restricted (RFC 6120 section 11.1); for all else there are expat's words.
        """
        for said, fault in (
            (errors.XML_ERROR_UNDEFINED_ENTITY, ("restricted-xml", "an entity that is not one of the five")),
            (errors.XML_ERROR_INVALID_TOKEN, NOT_WELL_FORMED[:2]),
        ):
            self.assertEqual(malformed(errors.codes[said], 7)[:3], (7, *fault))
