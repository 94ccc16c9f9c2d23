"""Request bodies: where they end, and which chunks are refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import _ChunkedTransferDecoder

from kaazing.errors import BadRequest
from kaazing.wire.bodies import MAX_CHUNK_LINE, MAX_TRAILERS, Body
from kaazing.wire.heads import peek

NEXT = b"GET / HTTP/1.1\r\n"  # the request after
CHUNKED = b"5\r\nhello\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"


def body(field: bytes) -> Body:
    """The body of a request with C{field}."""
    head = peek(b"POST / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n")
    assert head is not None
    return Body(head)


def outcome(follower: Body, data: bytes, cut: int | None = None) -> tuple[int, bool] | str:
    """Bytes taken in all and whether the body is done, or the error.  C{cut}: bytes of a piece."""
    step, taken = cut or len(data) or 1, 0
    try:
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            count, done = follower.feed(piece)
            taken += count
            assert done == follower.done and (done or count == len(piece))
            if done:
                break
    except BadRequest as why:
        return str(why)
    return taken, follower.done


def chunked(data: bytes, cut: int | None = None) -> tuple[int, bool] | str:
    """The outcome of C{data} as a chunked body."""
    return outcome(body(b"Transfer-Encoding: chunked"), data, cut)


class BodyTests(SynchronousTestCase):
    def test_none(self) -> None:
        """
        Without length and chunks there is no body.
        """
        for field in (b"A: b", b"Content-Length: 0"):
            self.assertTrue(body(field).done)
            self.assertEqual(body(field).feed(NEXT), (0, True))

    def test_counted(self) -> None:
        """
        A body of a given length is followed by the next request.
        """
        for cut in (None, 1, 2, 3, 5, 6):
            follower = body(b"Content-Length: 5")
            self.assertEqual(outcome(follower, b"hello" + NEXT, cut), (5, True))
        self.assertEqual(body(b"Content-Length: 5").feed(bytearray(b"hell")), (4, False))

    def test_chunked(self) -> None:
        """
        Chunks end with the empty one and the empty line after its trailers.
        """
        self.assertEqual(chunked(CHUNKED + NEXT), (len(CHUNKED), True))
        self.assertEqual(chunked(b"0\r\n\r\n" + NEXT), (5, True))
        self.assertEqual(chunked(CHUNKED[:-1]), (len(CHUNKED) - 1, False))

    def test_cuts(self) -> None:
        """
        Where a body ends, and what is wrong with it, do not depend on where the stream is cut.
        """
        for data in (
            CHUNKED + NEXT,
            b"5\r\nhello\n0\r\n\r\n",
            b"5\nhello\r\n0\r\n\r\n",
            b"1\r\nabc\r\n",
            b"0\r\nA : b\r\n\r\n",
            b"0;" + b"x" * MAX_CHUNK_LINE + b"\r\n\r\n",
        ):
            for cut in range(1, len(data)):
                self.assertEqual(chunked(data, cut), chunked(data), (data, cut))

    def test_refused(self) -> None:
        """
        Chunks are spelt in one way only, as other spellings have hidden requests.
        """
        size = "400: chunk size that cannot be read (RFC 9112 section 7.1)"
        longer = "400: chunk longer than its size (RFC 9112 section 7.1)"
        trailer = "400: trailer field that cannot be read or has no place there (RFC 9112 section 7.1)"
        for data, message in (
            (b"\r\n", size),
            (b"5\n", size),
            (b" 5\r\n", size),
            (b"5 \r\n", size),
            (b"5 ;a=b\r\n", size),
            (b"+5\r\n", size),
            (b"-5\r\n", size),
            (b"0x5\r\n", size),
            (b"5_0\r\n", size),
            (b"g\r\n", size),
            (b"5\r5\r\n", size),
            (b"5;\x00\r\n", size),
            (b"5;\xff\r\n", size),
            (b"f" * 16 + b"\r\n", size),
            (b"2\r\nabcde", longer),
            (b"2\r\nab\n", longer),
            (b"2\r\nab\rx", None),
            (b"2\r\nab\rxy", longer),
            (b"0\r\n\n", trailer),
            (b"0\r\nA b\r\n", trailer),
            (b"0\r\n A: b\r\n", trailer),
            (b"0\r\nA: \x00\r\n", trailer),
            (b"0\r\nContent-Length: 5\r\n", trailer),
            (b"0\r\ntransfer-encoding: chunked\r\n", trailer),
            (b"0\r\nHOST: y\r\n", trailer),
        ):
            self.assertEqual(chunked(data), message or (len(data), False), data)

    def test_limits(self) -> None:
        """
        The framing is bounded: a size line, and all trailers together.
        """
        line = b"1;" + b"x" * (MAX_CHUNK_LINE - 4) + b"\r\n"
        self.assertEqual(chunked(line), (MAX_CHUNK_LINE, False))
        long = f"400: chunk size line of more than {MAX_CHUNK_LINE} bytes (RFC 9112 section 7.1)"
        self.assertEqual(chunked(b"1" + line), long)
        trailers = b"A: 345678\r\n" * (MAX_TRAILERS // 11)
        trailers += b"B:" + b"x" * (MAX_TRAILERS - len(trailers) - 6) + b"\r\n"
        self.assertEqual(chunked(b"0\r\n" + trailers + b"\r\n"), (3 + MAX_TRAILERS, True))
        long = f"400: trailers of more than {MAX_TRAILERS} bytes (RFC 9112 section 7.1)"
        self.assertEqual(chunked(b"0\r\n" + trailers + b"A:\r\n"), long)

    def test_memory(self) -> None:
        """
        A body of any length is followed without being kept.
        """
        follower = body(b"Transfer-Encoding: chunked")
        follower.feed(b"fffffff\r\n")
        follower.feed(b"x" * 100_000)
        self.assertEqual(follower._line, b"")

    @given(
        st.lists(
            st.sampled_from([b"5", b"0", b"a;b", b"\r\n", b"\r", b"\n", b"hello", b"\r\n\r\n", b"A: b"])
        ),
        st.integers(1, 20),
    )
    def test_any_cut(self, pieces: list[bytes], cut: int) -> None:
        """
        Any bytes in any pieces have one outcome.
        """
        data = b"".join(pieces)
        self.assertEqual(chunked(data, cut), chunked(data))

    @given(st.binary(), st.integers(1, 20))
    def test_any_bytes(self, data: bytes, cut: int) -> None:
        """
        Any bytes are part of the body, of the next request, or a bad request.
        """
        self.assertEqual(chunked(b"5\r\nhello\r\n0\r\n" + data, cut), chunked(b"5\r\nhello\r\n0\r\n" + data))
        self.assertEqual(chunked(data, cut), chunked(data))

    @given(
        st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.sampled_from(["", ";a", ';a="b c"']))),
        st.lists(st.sampled_from([b"A: b\r\n", b"C:\r\n"]), max_size=3),
    )
    def test_twisted_ends_at_the_same_byte(
        self, chunks: list[tuple[bytes, str]], trailers: list[bytes]
    ) -> None:
        """
        A chunked body ends where twisted.web behind says that it does.
        """
        data = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), more.encode(), chunk) for chunk, more in chunks)
        data += b"0\r\n" + b"".join(trailers) + b"\r\n"
        rest: list[bytes] = []
        decoder = _ChunkedTransferDecoder(lambda data: None, rest.append)
        decoder.dataReceived(data + NEXT)
        self.assertEqual(rest, [NEXT])
        self.assertEqual(chunked(data + NEXT), (len(data), True))
