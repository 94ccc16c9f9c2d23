"""Which files can be opened, and that no others can."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.services.listing import Entry
from kaazing.services.tree import Tree, names_of


class NameTests(SynchronousTestCase):
    def test_good(self) -> None:
        """
        Segments are names; an empty one at the end stands for the folder.
        """
        for segments, names in (
            ([], []),
            ([b""], []),
            ([b"a", b"b.c"], ["a", "b.c"]),
            ([b"a", b""], ["a"]),
            ([b".well-known", b"x"], [".well-known", "x"]),
            ([b"\xcf\x80", b"a b", b"a..b"], ["\N{GREEK SMALL LETTER PI}", "a b", "a..b"]),
        ):
            self.assertEqual(names_of(segments), names)

    def test_bad(self) -> None:
        """
        What leads elsewhere is a bad request; what is never served is not there.
        """
        for segment, status in (
            (b"..", 400),
            (b".", 400),
            (b"a/b", 400),
            (b"..\\a", 400),
            (b"a\0", 400),
            (b"...", 404),
            (b".git", 404),
            (b".htaccess", 404),
            (b"\xff", 404),
            (b"", 404),
            (b"clientaccesspolicy.xml", 404),
        ):
            why = self.assertRaises(BadRequest, names_of, [segment, b"a"])
            self.assertEqual(why.status, status, segment)

    @given(st.lists(st.binary(max_size=6)))
    def test_any_segments(self, segments: list[bytes]) -> None:
        """
        Whatever the segments, the names made of them stay below their folder.
        """
        try:
            names = names_of(segments)
        except BadRequest:
            return
        base = Path("/base")
        self.assertEqual(Path(os.path.normpath(base.joinpath(*names))), base.joinpath(*names))
        self.assertTrue(base.joinpath(*names).is_relative_to(base))


class TreeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.base = self.folder / "base"
        (self.base / "sub").mkdir(parents=True)
        (self.base / "a.txt").write_bytes(b"inside")
        (self.base / "sub" / "b.txt").write_bytes(b"below")
        (self.base / ".hidden").write_bytes(b"no")
        (self.folder / "secret.txt").write_bytes(b"outside")
        (self.base / "out").symlink_to("../secret.txt")
        (self.base / "away").symlink_to(self.folder)
        (self.base / "in").symlink_to("sub/b.txt")
        (self.base / "loop").symlink_to("loop")
        (self.base / "gone").symlink_to("nothing")
        os.mkfifo(self.base / "pipe")

    def content(self, tree: Tree, *names: str) -> bytes | int | None:
        """The content of a file, None for a folder, or the status of the refusal."""
        try:
            file = tree.open(names)
        except BadRequest as why:
            return why.status
        if file is None:
            return None
        with file:
            return file.read()

    def test_restricted(self) -> None:
        """
        Files and folders below the base are there, links that lead out of it are not.
        """
        tree = Tree(self.base)
        for names, expected in (
            ((), None),
            (("sub",), None),
            (("a.txt",), b"inside"),
            (("sub", "b.txt"), b"below"),
            (("in",), b"below"),
            (("out",), 404),
            (("away",), 404),
            (("away", "secret.txt"), 404),
            (("away", "base", "a.txt"), b"inside"),
            (("loop",), 404),
            (("gone",), 404),
            (("pipe",), 404),
            (("nothing",), 404),
            (("a.txt", "b"), 404),
            (("x" * 300,), 404),
        ):
            self.assertEqual(self.content(tree, *names), expected, names)

    def test_follow(self) -> None:
        """
        Links may lead out where the operator says so.
        """
        tree = Tree(self.base, follow=True)
        for names, expected in (
            (("out",), b"outside"),
            (("away",), None),
            (("away", "secret.txt"), b"outside"),
            (("in",), b"below"),
            (("loop",), 404),
            (("pipe",), 404),
        ):
            self.assertEqual(self.content(tree, *names), expected, names)

    def test_base_is_a_link(self) -> None:
        """
        The base itself may be reached through a link.
        """
        link = self.folder / "link"
        link.symlink_to("base")
        self.assertEqual(self.content(Tree(link), "a.txt"), b"inside")

    def test_sibling(self) -> None:
        """
        A folder whose name begins as the base's does is outside.
        """
        (self.folder / "base2").mkdir()
        (self.folder / "base2" / "c").write_bytes(b"outside")
        (self.base / "c").symlink_to("../base2/c")
        self.assertEqual(self.content(Tree(self.base), "c"), 404)

    def test_not_readable(self) -> None:
        """
        A file that the gateway's user may not read is 403; too many open files are 503.
        """

        for errno, status in ((13, 403), (1, 403), (24, 503), (23, 503), (5, 404)):
            with mock.patch("os.open", side_effect=OSError(errno, "no")):
                self.assertEqual(self.content(Tree(self.base), "a.txt"), status)

    def test_entries(self) -> None:
        """
        A folder's entries are those that could be opened.
        """
        for path in (self.base / "a.txt", self.base / "sub", self.base / "sub" / "b.txt"):
            os.utime(path, (7, 7))
        expected = [Entry("a.txt", 6, 7.0), Entry("in", 5, 7.0), Entry("sub", None, 7.0)]
        self.assertEqual(list(Tree(self.base).entries([])), expected)
        self.assertEqual([entry.name for entry in Tree(self.base).entries(["sub"])], ["b.txt"])

    def test_entries_of_nothing(self) -> None:
        """
        A folder that has gone has no entries.
        """
        why = self.assertRaises(BadRequest, list, Tree(self.base).entries(["nothing"]))
        self.assertEqual(why.status, 404)
