"""Tests for L{kaazing.wire.xmpp_tree}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.xmpp_tree import parse

WIRE = b"<a xmlns='u' x='1'> t<b/>u<p:c xmlns:p='v'>/></p:c><d>g\xc3\xa4<h/></d><![CDATA[<]]>&lt;<e/></a>"


class TreeTests(SynchronousTestCase):
    """An element whose parts know where they stand."""

    def test_places(self) -> None:
        """
        Each child says which bytes it is, an empty tag, a prefix and an end in the text or not.
        """
        tree = parse(WIRE)
        self.assertEqual((tree.name, tree.attributes, tree.text), ("u a", {"x": "1"}, " tu<<"))
        self.assertEqual(WIRE[tree.start : tree.end], WIRE)
        self.assertEqual(
            [(child.name, child.text, WIRE[child.start : child.end]) for child in tree.children],
            [
                ("u b", "", b"<b/>"),
                ("v c", "/>", b"<p:c xmlns:p='v'>/></p:c>"),
                ("u d", "gä", b"<d>g\xc3\xa4<h/></d>"),
                ("u e", "", b"<e/>"),
            ],
        )

    def test_child(self) -> None:
        """
        A child is found by its whole name.
        """
        tree = parse(WIRE)
        self.assertIs(tree.child("v c"), tree.children[1])
        self.assertIsNone(tree.child("u c"))
