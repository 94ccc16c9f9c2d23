"""Tests for L{kaazing.wire.stomp}: frames to bytes and back; the scanners beside each other, cut anywhere."""

from __future__ import annotations

from random import Random

import stomp.utils
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_stomp
from kaazing.wire.stomp import OPENING, Frame, encode, parse
from tests.wire.cuts import pieces
from tests.wire.stomp_streams import Outcome, Settings, outcome, settings, stream

try:
    from kaazing._speedups import StompScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

HELLO = b"SEND\ndestination:/q\n\nhello\0"

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)
names = texts.filter(bool)


class ParseTests(SynchronousTestCase):
    def test_frame(self) -> None:
        """
        A frame has a command, headers in their order, and a body.
        """
        frame = parse(b"SEND\na:1\nb:2\na:3\n\nhello\n\0", 12)
        self.assertEqual(frame, Frame("SEND", (("a", "1"), ("b", "2"), ("a", "3")), b"hello\n"))
        self.assertEqual((frame.get("a"), frame.get("c")), ("1", None))

    def test_escapes(self) -> None:
        """
        Escapes are undone from STOMP 1.1 on, but never in CONNECT and CONNECTED.
        """
        frame = b"%s\na\\cb:c\\\\n:d\\n\n\n\0"
        self.assertEqual(parse(frame % b"SEND", 12).headers, (("a:b", "c\\n:d\n"),))
        for command, version in ((b"SEND", 10), (b"CONNECT", OPENING), (b"CONNECTED", 12)):
            self.assertEqual(parse(frame % command, version).headers, (("a\\cb", "c\\\\n:d\\n"),))

    def test_line_ends(self) -> None:
        """
        The CR of a line end goes in STOMP 1.2 and before there is a version; else it belongs to the value.
        """
        frame = b"ERROR\r\nmessage:x\r\n\r\nbody\0"
        for version in (OPENING, 12):
            self.assertEqual(parse(frame, version), Frame("ERROR", (("message", "x"),), b"body"))
        self.assertEqual(parse(b"ERROR\nmessage:x\r\n\n\0", 11), Frame("ERROR", (("message", "x\r"),)))

    def test_first_lines(self) -> None:
        """
        Of a frame that was refused, the lines before the fault can be read.
        """
        self.assertEqual(parse(b"SEND\nreceipt:7\n", 12), Frame("SEND", (("receipt", "7"),)))
        self.assertEqual(parse(b"", 12), Frame(""))
        for lines, version, body in ((b"\nx\0", 11, b"x"), (b"\r\nx\0", 12, b"x"), (b"\n\nx\0", 0, b"\nx")):
            self.assertEqual(parse(lines, version), Frame("", (), body))


class EncodeTests(SynchronousTestCase):
    def test_frame(self) -> None:
        """
        A frame becomes lines that end in LF, a blank one, the body and a NUL.
        """
        frame = Frame("SEND", (("destination", "/q"), ("a:b", "c\\\n")), b"hello")
        self.assertEqual(encode(frame, 12), b"SEND\ndestination:/q\na\\cb:c\\\\\\n\n\nhello\0")

    def test_unescaped(self) -> None:
        """
        CONNECT goes out as STOMP 1.0 would write it, a colon in a password included.
        """
        frame = Frame("CONNECT", (("passcode", "a:b\\n"),))
        self.assertEqual(encode(frame, 12), b"CONNECT\npasscode:a:b\\n\n\n\0")

    def test_content_length(self) -> None:
        """
        A content-length is added where the body contains NUL, and nowhere else.
        """
        self.assertEqual(encode(Frame("SEND", (), b"a\0b"), 12), b"SEND\ncontent-length:3\n\na\0b\0")
        self.assertEqual(encode(Frame("SEND", (), b"ab"), 12), b"SEND\n\nab\0")
        given = Frame("SEND", (("content-length", "2"),), b"ab")
        self.assertEqual(encode(given, 12), b"SEND\ncontent-length:2\n\nab\0")

    def test_what_cannot_be_said(self) -> None:
        """
        A frame that its version cannot express is a mistake of the caller's, never a broken stream.
        """
        for version, frame in (
            (10, Frame("SEND", (("a", "b\n"),))),
            (10, Frame("SEND", (("a:b", ""),))),
            (12, Frame("SEND", (("", "x"),))),
            (12, Frame("SEND", (("a", "\0"),))),
            (12, Frame("CONNECT", (("passcode", "a\nhost:b"),))),
            (OPENING, Frame("ERROR", (("message", "a\r"),))),
            (12, Frame("SUBSCRIBE", (), b"body")),
            (12, Frame("SEND", (("content-length", "3"),), b"ab")),
        ):
            self.assertRaises(ValueError, encode, frame, version)

    @given(st.lists(st.tuples(names, texts), max_size=4), st.binary(max_size=20), st.sampled_from((11, 12)))
    def test_round_trip(self, more: list[tuple[str, str]], body: bytes, version: int) -> None:
        """
        What is encoded passes a scanner, and reads as it was; only a content-length may have been added.
        """
        more = [header for header in more if header[0] != "content-length"]
        if version == 11:
            more = [(name, value) for name, value in more if "\r" not in name + value]
        frame = Frame("SEND", (("destination", "/q"), *more), body)
        wire = encode(frame, version)
        scanner = Settings(split=True, max_frame=10_000, max_headers=10, version=0).scanner()
        scanner.version = version
        self.assertEqual((scanner.feed(wire), scanner.fault), ([wire], None))
        read = parse(wire, version)
        if b"\0" in body:
            self.assertEqual(read.headers[-1], ("content-length", str(len(body))))
            read = Frame(read.command, read.headers[:-1], read.body)
        self.assertEqual(read, frame)


class OtherClientTests(SynchronousTestCase):
    """Frames as stomp.py writes them."""

    def test_stomp_py(self) -> None:
        """
        What a well-known client writes passes, and reads as it was meant.
        """
        headers = {"destination": "/queue/a", "content-length": 6, "x": "a\\cb"}
        written = stomp.utils.Frame("SEND", headers, "h\0llo\n")
        wire = b"".join(stomp.utils.convert_frame(written))
        scanner = Settings(split=True, max_frame=1000, max_headers=10, max_line=100, version=0).scanner()
        scanner.version = 12
        self.assertEqual((scanner.feed(wire), scanner.fault), ([wire], None))
        self.assertEqual(dict(parse(wire, 12).headers), {**headers, "content-length": "6", "x": "a:b"})
        self.assertEqual(parse(wire, 12).body, b"h\0llo\n")

    def test_read_by_stomp_py(self) -> None:
        """
        What is encoded here reads there as it was meant.
        """
        wire = encode(Frame("MESSAGE", (("subscription", "1"), ("a", "b:c\\")), b"news"), 12)
        read = stomp.utils.parse_frame(wire[:-1])
        self.assertEqual(
            (read.cmd, read.headers, read.body), ("MESSAGE", {"subscription": "1", "a": "b:c\\"}, b"news")
        )


class CutTests(SynchronousTestCase):
    """No cut changes what a scanner says, and the two scanners say the same."""

    def both(self, given: Settings, parts: list[bytes]) -> Outcome:
        """What the scanner in Python says, the one in C having said the same."""
        said = outcome(given, parts, pure_stomp.StompScanner)
        if NativeScanner is not None:
            self.assertEqual(outcome(given, parts, NativeScanner), said, parts)
        return said

    def test_every_cut(self) -> None:
        """
        What passes, and the fault that ends it, are the same wherever a stream is cut in two, and in
        pieces of one, two, three bytes and so on.
        """
        opening = b"SEND\r\ndestination:/q\r\ncontent-length:3\r\n\r\na\0b\0\r\n\nBEGIN\ntransaction:t\n\n\0"
        for ending in (b"DISCONNECT\n\n\0\n\nSEND", b"SEND\nx:\\t\n", b"ACK\nid:1\n\nbody", b"\r\r", b"S\0"):
            data = opening + HELLO + ending
            given = Settings(max_frame=60, max_line=30)
            said = self.both(given, [data])
            for cut in range(1, len(data)):
                self.assertEqual(self.both(given, [data[:cut], data[cut:]]), said, cut)
            for step in range(1, 20):
                parts = [data[i : i + step] for i in range(0, len(data), step)]
                self.assertEqual(self.both(given, parts), said, step)

    @given(st.integers(0, 2**32), st.sampled_from((0.0, 0.03, 0.2)))
    def test_any_cuts(self, seed: int, faults: float) -> None:
        """
        Any stream, good or bad, and any cuts.
        """
        random = Random(seed)
        given = settings(random)
        data = stream(random, given, faults)
        self.assertEqual(self.both(given, pieces(random, data)), self.both(given, [data]))

    @given(st.lists(st.binary(max_size=8), max_size=8), st.sampled_from((0, 10, 11, 12)), st.booleans())
    def test_any_bytes(self, parts: list[bytes], version: int, client: bool) -> None:
        """
        Bytes of any kind, cut anywhere.
        """
        given = Settings(client=client, split=not client, version=version, max_line=10)
        self.assertEqual(self.both(given, parts), self.both(given, [b"".join(parts)]))
