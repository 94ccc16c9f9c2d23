"""A request's body as it comes in: whole or not, too long, too slow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.transports.intake import LEAST_BODY, UNBOUNDED, Intake
from kaazing.wire.heads import Head, peek

CHUNKED = b"Transfer-Encoding: chunked"


def head(field: bytes = b"X: y") -> Head:
    """The head of a request with one more field."""
    read = peek(b"POST / HTTP/1.1\r\nHost: example.com\r\n" + field + b"\r\n\r\n")
    assert read is not None
    return read


def outcome(body: Intake, stream: bytes, cut: int) -> tuple[bytes, str | bool, bytes]:
    """What passes of a body that comes in pieces, how it ends, and what is left for the next request."""
    pieces: list[bytes] = []
    waiting = bytearray()
    done: str | bool = body.done
    for at in range(0, len(stream), cut):
        waiting += stream[at : at + cut]
        if done is False:
            try:
                done = body.take(waiting, pieces)
            except BadRequest as why:
                return b"".join(pieces), str(why), b""
    return b"".join(pieces), done, bytes(waiting)


class IntakeTests(SynchronousTestCase):
    def test_ends(self) -> None:
        """
        A body ends where its head or its chunks say; the next request is left alone.
        """
        for field, stream, expected in (
            (b"X: y", b"next", (b"", True, b"next")),
            (b"Content-Length: 5", b"hellonext", (b"hello", True, b"next")),
            (b"Content-Length: 5", b"hell", (b"hell", False, b"")),
            (CHUNKED, b"2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\nnext", (b"hello", True, b"next")),
        ):
            for cut in range(1, len(stream) + 1):
                self.assertEqual(outcome(Intake(head(field), 1000), stream, cut), expected, (field, cut))

    def test_limit(self) -> None:
        """
        As many bytes as allowed pass, framing counted; with the next the body is refused, in any cut.
        """
        refused = "413: body of more than 5 bytes (RFC 9110 section 15.5.14)"
        for field, stream, expected in (
            (b"Content-Length: 5", b"hellonext", (b"hello", True, b"next")),
            (b"Content-Length: 6", b"hello!", (b"hello", refused, b"")),
            (CHUNKED, b"0\r\n\r\nnext", (b"", True, b"next")),
            (CHUNKED, b"1\r\na\r\n0\r\n\r\n", (b"a", refused, b"")),
        ):
            for cut in range(1, len(stream) + 1):
                self.assertEqual(outcome(Intake(head(field), 5), stream, cut), expected, (field, cut))

    @given(st.binary(max_size=60), st.integers(0, 40), st.integers(1, 60))
    def test_any_cut(self, rubbish: bytes, most: int, cut: int) -> None:
        """
        What passes of any bytes, and the error, never depend on the cut.
        """
        stream = b"3\r\nabc\r\n" + rubbish
        whole = outcome(Intake(head(CHUNKED), most), stream, len(stream))
        self.assertEqual(outcome(Intake(head(CHUNKED), most), stream, cut), whole)

    def test_said_beforehand(self) -> None:
        """
        A length over the limit is refused before any of the body comes.
        """
        Intake(head(b"Content-Length: 5"), 5).check()
        Intake(head(b"Content-Length: 999999999999999999"), UNBOUNDED).check()
        Intake(head(CHUNKED), 5).check()
        why = self.assertRaises(BadRequest, Intake(head(b"Content-Length: 6"), 5).check)
        self.assertEqual(str(why), "413: body of more than 5 bytes (RFC 9110 section 15.5.14)")

    def test_pace(self) -> None:
        """
        Between two looks a kilobyte has to come; more of it before does not count twice.
        """
        body = Intake(head(b"Content-Length: 100000"), UNBOUNDED)
        seen = []
        for size in (LEAST_BODY, LEAST_BODY - 1, 10 * LEAST_BODY, 0):
            body.take(bytearray(size))
            seen.append(body.look())
        self.assertEqual(seen, [True, False, True, False])
