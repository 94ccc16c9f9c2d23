"""MIME types by extension."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.faults import Faults, Node
from kaazing.config.mime import BUILT_IN, read_mime_types
from tests.config.files import node, noted


def mapping(extension: str, mime_type: str, line: int = 7) -> Node:
    """Return a <mime-mapping>."""
    parts = node("extension", extension, line=line), node("mime-type", mime_type, line=line)
    return node("mime-mapping", "", *parts, line=line)


class MimeTests(SynchronousTestCase):
    """What an extension comes to."""

    def test_built_in(self) -> None:
        """
        All extensions that the original knows have a type.
        """
        of_original = "html htm js png gif jpg jpeg css swf xap htc jnlp manifest appcache vtt aspx"
        self.assertEqual(set(of_original.split()) - set(BUILT_IN), set())

    def test_over(self) -> None:
        """
        A mapping goes over those below it, in whatever case, with or without the dot.
        """
        found = read_mime_types(
            [mapping("JS", "a/b"), mapping(".New", "c/d; x=y")], {"js": "x/y", "css": "z/z"}, Faults("c")
        )
        self.assertEqual(found, {"js": "a/b", "css": "z/z", "new": "c/d; x=y"})

    def test_none(self) -> None:
        """
        Without mappings the ones below are handed on as they are: a thousand services share them.
        """
        self.assertIs(read_mime_types([], BUILT_IN, Faults("c")), BUILT_IN)

    def test_faults(self) -> None:
        """
        An extension mapped twice, no type and a missing part are errors.
        """
        faults = Faults("c.xml")
        half = node("mime-mapping", "", node("extension", "x"), line=9)
        read_mime_types(
            [mapping("a", "b/c"), mapping("A", "b/c", 8), half, mapping("d", "text", 10)], {}, faults
        )
        self.assertEqual(
            noted(faults),
            [
                "8: <extension>: 'A': has a type already",
                "9: <mime-mapping>: <mime-type> is missing in it",
                "10: <mime-type>: 'text': expected type/subtype, parameters may follow",
            ],
        )
