"""Tests for L{kaazing.transports.deflate}: what is agreed on, and the messages."""

from __future__ import annotations

import zlib
from random import Random
from typing import Any

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from autobahn.twisted.websocket import WebSocketServerProtocol
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import Compression
from kaazing.interfaces.adapters import Kind
from kaazing.transports.deflate import FREE, Agreement, Deflate, agree, framed
from tests.transports.scenes import BINARY, RSV1, TEXT

RANDOM = Random(7).randbytes(300_000)  # nothing makes it shorter
PLAIN = Agreement(False, False, 11, 11, "")


def deflated(message: bytes, *, final: bool = False) -> bytes:
    """Return what a sender makes of a message; C{final}: with a last block (RFC 7692 section 7.2.3.4)."""
    deflater = zlib.compressobj(wbits=-11)
    if final:
        return deflater.compress(message) + deflater.flush(zlib.Z_FINISH) + b"\0"
    return (deflater.compress(message) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


def inflated(message: bytes) -> bytes:
    """Return what a receiver makes of one."""
    return zlib.decompressobj(-15).decompress(message + b"\0\0\xff\xff")


class AgreementTests(SynchronousTestCase):
    """What is agreed on."""

    def agreed(self, offer: str, **wanted: Any) -> str | None:
        """Return the answer to an offer."""
        offers = WebSocketServerProtocol._parseExtensionsHeader(None, offer)
        agreed = agree(offers, Compression(**wanted))
        return None if agreed is None else agreed.header

    def test_default(self) -> None:
        """
        Nothing is kept between messages, either way, and a client that can have a small window gets one.
        """
        none = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        self.assertEqual(self.agreed("permessage-deflate"), none)
        self.assertEqual(
            self.agreed("permessage-deflate; client_max_window_bits"), f"{none}; client_max_window_bits=11"
        )

    def test_asked(self) -> None:
        """
        What the client asks for it gets: a smaller window, no reference to earlier messages.
        """
        for offer, answer in (
            ("client_max_window_bits=10", "client_max_window_bits=10"),
            ("client_max_window_bits=15", "client_max_window_bits=12"),
            ("server_max_window_bits=9", "server_max_window_bits=9"),
            ("server_max_window_bits=15", "server_max_window_bits=12"),
            ("server_no_context_takeover", "server_no_context_takeover"),
            ("client_no_context_takeover", "client_no_context_takeover"),
        ):
            answered = self.agreed(f"permessage-deflate; {offer}", context_takeover=True, window_bits=12)
            self.assertEqual(answered, f"permessage-deflate; {answer}", offer)
        self.assertEqual(self.agreed("permessage-deflate", context_takeover=True), "permessage-deflate")
        widest = self.agreed(
            "permessage-deflate; client_max_window_bits", context_takeover=True, window_bits=15
        )
        self.assertEqual(widest, "permessage-deflate")

    def test_declined(self) -> None:
        """
        Offers that are against the rules, or that zlib cannot keep, are passed over: the first good one
        counts, and without one there is no compression (RFC 7692 section 5.1).
        """
        for bad in (
            "permessage-deflate; unknown",
            "permessage-deflate; client_max_window_bits=8",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-bzip2",
            ";;=,",
        ):
            self.assertIsNone(self.agreed(bad), bad)
            good = "permessage-deflate; server_max_window_bits=9"
            self.assertIn("server_max_window_bits=9", self.agreed(f"{bad}, {good}") or "", bad)

    @given(st.text(max_size=60))
    def test_any_offer(self, offer: str) -> None:
        """
        No offer is an error.
        """
        self.agreed(f"permessage-deflate{offer}")


class DeflateTests(SynchronousTestCase):
    """Messages, inflated and deflated."""

    def inflate(
        self, message: bytes, cut: int = 0, limit: int = 1 << 24, ratio: int = 10, agreed: Agreement = PLAIN
    ) -> tuple[bytes, str]:
        """Return what comes of a message cut in pieces, and the error."""
        deflate = Deflate(agreed, limit, ratio)
        deflate.start_decompress_message()
        pieces = []
        try:
            for at in range(0, len(message), cut or len(message) or 1):
                pieces.append(deflate.decompress_message_data(message[at : at + (cut or len(message))]))
            deflate.end_decompress_message()
        except (PayloadExceededError, PayloadCorruptError) as why:
            self.assertEqual(str(why), deflate.fault)
            return b"", f"{type(why).__name__}: {why}"
        return b"".join(pieces), ""

    def test_cuts(self) -> None:
        """
        A message is the same wherever its bytes are cut, with or without a last block.
        """
        text = b"a message that says a message" * 9
        for message in (deflated(text), deflated(text, final=True)):
            for cut in range(len(message) + 1):
                self.assertEqual(self.inflate(message, cut), (text, ""), cut)

    @given(st.binary(max_size=300), st.integers(1, 9))
    def test_any_bytes(self, data: bytes, cut: int) -> None:
        """
        Any bytes give the same, an error too, wherever they are cut.
        """
        self.assertEqual(self.inflate(data, cut), self.inflate(data))

    def test_limit(self) -> None:
        """
        A message may have as many bytes as the limit says, compressible or not; no more than one beyond
        it is ever made.
        """
        for content in (b"x" * 5000, RANDOM[:5000]):
            for cut in (0, 1, 77):
                message = deflated(content)
                self.assertLessEqual(len(message), framed(5000))
                self.assertEqual(self.inflate(message, cut, limit=5000, ratio=1000), (content, ""))
                too_much = "PayloadExceededError: message of more than 4999 bytes"
                self.assertEqual(self.inflate(message, cut, limit=4999, ratio=1000), (b"", too_much))
        deflate = Deflate(PLAIN, 1000, 1000)
        deflate.start_decompress_message()
        with self.assertRaises(PayloadExceededError):
            deflate.decompress_message_data(deflated(b"x" * 1_000_000))
        self.assertEqual(deflate._inflated, 1001)

    def test_ratio(self) -> None:
        """
        Beyond 64 KiB, a message may have so many times its compressed size, counted in KiB from its
        beginning: the verdict does not depend on cuts, and a bomb is not let in by what follows it.
        """
        bomb = f"PayloadExceededError: message of more than {FREE} bytes and 10 times its compressed size"
        zeros, text = bytes(FREE), RANDOM[:20_000] * 4
        for content, wanted in (
            (zeros, ""),
            (zeros + b"\0", bomb),
            (zeros + b"\0" + RANDOM[:100_000], bomb),
            (RANDOM[:100_000] + bytes(900_000), ""),
            (RANDOM[:100_000] + bytes(1_000_000), bomb),
            (text, ""),
        ):
            for cut in (0, 1000, 1024, 3333):
                heard = b"" if wanted else content
                self.assertEqual(self.inflate(deflated(content), cut), (heard, wanted))

    def test_ratio_of_little(self) -> None:
        """
        The first KiB counts whole, so what little data inflates to does not depend on cuts either.
        """
        content, most = bytes(100_000), bytes(102_400)
        for cut in (0, 1, 50):
            self.assertEqual(self.inflate(deflated(content), cut, ratio=100), (content, ""))
            self.assertEqual(self.inflate(deflated(most), cut, ratio=100), (most, ""))
            self.assertEqual(self.inflate(deflated(most + b"\0"), cut, ratio=100)[0], b"")

    def test_corrupt(self) -> None:
        """
        What is no DEFLATE data, goes on behind its last block, or ends inside a block is refused.
        """
        for message, fault in (
            (b"\x07", "no DEFLATE data"),
            (deflated(b"x", final=True) + b"\0", "data behind the last block"),
            (b"\x03\0" * 100, "data behind the last block"),
            (b"\0\x64\0\x9b\xffhello", "ends inside a block"),
        ):
            for cut in (0, 1):
                self.assertEqual(self.inflate(message, cut), (b"", f"PayloadCorruptError: {fault}"))

    def test_out(self) -> None:
        """
        Long messages go out compressed where that makes them shorter, short ones as they are.
        """
        deflate = Deflate(PLAIN, 1000, 10)
        long = "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich. ".encode() * 3
        for message, kind, opcode in (
            (b"x" * 63, Kind.TEXT, TEXT),
            (b"x" * 64, Kind.TEXT, TEXT | RSV1),
            (long, Kind.AUTO, TEXT | RSV1),
            (b"\xff" + long, Kind.AUTO, BINARY | RSV1),
            (long, Kind.BINARY, BINARY | RSV1),
            (RANDOM[:1000], Kind.AUTO, BINARY),
        ):
            framed = deflate.frames([message], kind)
            self.assertEqual(framed[0], 0x80 | opcode)
            payload = framed[4 if framed[1] == 126 else 2 :]
            self.assertEqual(inflated(payload) if opcode & RSV1 else payload, message)
            self.assertLessEqual(len(framed), len(message) + 4)
        self.assertIsNone(deflate._deflater)

    def test_takeover(self) -> None:
        """
        With context takeover, what was in earlier messages need not be said again, either way.
        """
        agreed = Agreement(True, True, 11, 11, "")
        ours, theirs = Deflate(agreed, 1000, 10), Deflate(agreed, 1000, 10)
        sizes = []
        for _ in range(3):
            frame = ours.frames([RANDOM[:1000]], Kind.BINARY)
            sizes.append(len(frame))
            theirs.start_decompress_message()
            self.assertEqual(
                theirs.decompress_message_data(frame[4 if frame[1] == 126 else 2 :]), RANDOM[:1000]
            )
            theirs.end_decompress_message()
            if len(sizes) == 2:  # a sender may end its DEFLATE stream, and begin another
                theirs.start_decompress_message()
                self.assertEqual(theirs.decompress_message_data(deflated(b"new", final=True)), b"new")
                theirs.end_decompress_message()
                ours._deflater = None
        self.assertEqual((sizes[0] > 1000, sizes[1] < 30, sizes[2] > 1000), (True, True, True))
