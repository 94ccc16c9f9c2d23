"""Tests for L{kaazing.services.broadcast.cutting}: where events end."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.services.broadcast.cutting import Cutter, Lines, Objects, Opaque

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inside: st.one_of(
        st.lists(inside, max_size=3), st.dictionaries(st.text(max_size=3), inside, max_size=3)
    ),
    max_leaves=8,
)


def cut(cutter: Cutter, data: bytes, size: int = 0) -> tuple[list[bytes], int]:
    """The events of a stream cut into pieces of C{size} bytes, and how many were dropped."""
    found: list[bytes] = []
    for at in range(0, len(data), size or len(data) or 1):
        found += cutter.feed(data[at : at + (size or len(data))])
    return found + cutter.end(), cutter.dropped


class OpaqueTests(SynchronousTestCase):
    def test_reads(self) -> None:
        """
        Each read is an event; none of no bytes.
        """
        self.assertEqual(cut(Opaque(), b"abc", 2), ([b"ab", b"c"], 0))
        self.assertEqual(cut(Opaque(), b""), ([], 0))
        self.assertEqual(Opaque().feed(b""), [])


class LinesTests(SynchronousTestCase):
    def test_every_cut(self) -> None:
        """
        Lines end with LF or CR LF, the last with the stream; empty ones are none, long ones are dropped,
        wherever the stream is cut.
        """
        stream = b"one\ntwo\r\n\n\r\n12345678\r\n123456789\nx\ry\n12345678901234567890\r\n\xff\nlast"
        expected = [b"one", b"two", b"12345678", b"x\ry", b"\xff", b"last"], 2
        for size in range(len(stream) + 1):
            self.assertEqual(cut(Lines(8), stream, size), expected, f"cut every {size}")

    def test_begins_anew(self) -> None:
        """
        Behind the end of a datagram nothing is left of it, not even of a line that was too long.
        """
        lines = Lines(8)
        self.assertEqual(cut(lines, b"123456789012"), ([], 1))
        self.assertEqual(cut(lines, b"a"), ([b"a"], 1))

    def test_bounded(self) -> None:
        """
        A line without an end holds no more than the longest line.
        """
        lines = Lines(8)
        for _ in range(1000):
            lines.feed(b"x" * 1000)
        self.assertLessEqual(len(lines._open), 10)

    @given(st.binary(max_size=60), st.integers(1, 9))
    def test_any(self, data: bytes, size: int) -> None:
        """
        No bytes give other lines for being cut.
        """
        self.assertEqual(cut(Lines(5), data, size), cut(Lines(5), data))


class ObjectsTests(SynchronousTestCase):
    def test_every_cut(self) -> None:
        """
        Objects end where their last brace does, braces and escapes in strings taken for what they are;
        anything else is dropped up to the line's end, long objects too, wherever the stream is cut.
        """
        good = [
            b"{}",
            b'{"a":1}',
            b'{"a":{"b":["}"]}}',
            b'{"\\"{":"\\\\"}',
            b'{\n "a": [\n{}\n] }',
            '{"ü":"😀"}'.encode(),
        ]
        bad = [b"garbage {}\n", b'{"long":"%b"}' % (b"x" * 40), b'{"open\n', b"[1]\n", b"12\n"]
        stream = b"".join(
            (good[0], good[1], b"\n", bad[0], good[2], b",\r\n", bad[1], good[3], b" \x1e", bad[2]),
        ) + b"".join((good[4], bad[3], bad[4], good[5]))
        for size in range(len(stream) + 1):
            self.assertEqual(cut(Objects(40), stream, size), (good, 5), f"cut every {size}")

    def test_begins_anew(self) -> None:
        """
        An object that a datagram leaves open is dropped, and garbage is forgotten with it.
        """
        objects = Objects(40)
        self.assertEqual(cut(objects, b'{"a":"'), ([], 1))
        self.assertEqual(cut(objects, b"garbage"), ([], 2))
        self.assertEqual(cut(objects, b"{}"), ([b"{}"], 2))

    def test_bounded(self) -> None:
        """
        An object without an end holds no more than the longest.
        """
        objects = Objects(40)
        objects.feed(b'{"')
        for _ in range(1000):
            objects.feed(b"[" * 1000)
        self.assertLessEqual(len(objects._open), 40)

    @given(st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=3), max_size=4), st.integers(1, 20))
    def test_all_json(self, values: list[object], size: int) -> None:
        """
        Every JSON object is found, however it is written and cut.
        """
        for indent in (None, 1):
            said = [json.dumps(value, indent=indent).encode() for value in values]
            self.assertEqual(cut(Objects(10_000), b"\n".join(said), size), (said, 0))

    @given(st.text(alphabet='{}[]"\\\n a,', max_size=40).map(str.encode), st.integers(1, 7))
    def test_any(self, data: bytes, size: int) -> None:
        """
        No bytes give other objects for being cut.
        """
        self.assertEqual(cut(Objects(12), data, size), cut(Objects(12), data))
