# -*- test-case-name: tests.wire.test_bodies -*-
"""Where the body of an HTTP/1.1 request ends and the next request begins.  RFC 9112 sections 6, 7."""

from __future__ import annotations

import re
from enum import Enum

from kaazing.errors import BadRequest
from kaazing.wire.heads import FIELD, Head

MAX_CHUNK_LINE = 256  # bytes of a chunk's size and extensions, CR LF counted
MAX_TRAILERS = 8 * 1024  # bytes of all trailer fields, CR LF counted

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15}+)(?:;[\t -~]*+)?\r\n")
_TRAILER = re.compile(rf"({FIELD})\r\n".encode("ascii"))
_FORBIDDEN = (b"content-length:", b"transfer-encoding:", b"host:")  # RFC 9110 section 6.5.1
_RULE = "RFC 9112 section 7.1"


class _Next(Enum):
    """What the next byte belongs to; the value says what is wrong when its line becomes too long."""

    DATA = ""
    SIZE = f"chunk size line of more than {MAX_CHUNK_LINE} bytes"
    END = "chunk longer than its size"
    TRAILER = f"trailers of more than {MAX_TRAILERS} bytes"
    NOTHING = "the next request"


class Body:
    """Follows one request's body; keeps no byte of it but the line of framing that is not yet ended.

    Attributes:
        done: whether the body is whole; true at once where the head says there is none.
    """

    __slots__ = ("_chunked", "_left", "_line", "_next", "_trailers")

    def __init__(self, head: Head) -> None:
        self._chunked = head.chunked
        self._left = head.content_length or 0  # bytes of data to come, of this chunk or of all
        self._line = b""  # of the framing, as far as it came
        self._trailers = 0  # bytes of trailer lines so far
        self._next = _Next.SIZE if head.chunked else _Next.DATA if self._left else _Next.NOTHING

    @property
    def done(self) -> bool:
        return self._next is _Next.NOTHING

    def feed(self, data: bytes | bytearray, into: list[bytes] | None = None) -> tuple[int, bool]:
        """Take the next bytes of the connection.

        Args:
            data: as read, of any length; where it is cut never matters.
            into: gets the pieces of the body in C{data}, the framing taken off; None where nobody
                wants them.

        Returns:
            How many bytes at its beginning belong to this request, framing included, and L{done}.

        Raises:
            BadRequest: the chunks cannot be read, or not by every parser in the same way.
        """
        at = 0
        while at < len(data) and not self.done:
            at = self._data(data, at, into) if self._next is _Next.DATA else self._framing(data, at)
        return at, self.done

    def _data(self, data: bytes | bytearray, at: int, into: list[bytes] | None) -> int:
        taken = min(self._left, len(data) - at)
        if into is not None:
            into.append(bytes(data[at : at + taken]))
        self._left -= taken
        if not self._left:
            self._next = _Next.END if self._chunked else _Next.NOTHING
        return at + taken

    def _framing(self, data: bytes | bytearray, at: int) -> int:
        """Take bytes up to the end of a line, and judge the line when it is whole."""
        limit = self._limit()
        end = data.find(b"\n", at, at + limit + 1 - len(self._line)) + 1
        stop = end or min(len(data), at + limit + 1 - len(self._line))
        self._line += data[at:stop]
        if len(self._line) > limit:
            raise BadRequest(400, self._next.value, rule=_RULE)
        if end:
            line, self._line = self._line, b""
            self._judge(line)
        return stop

    def _limit(self) -> int:
        if self._next is _Next.SIZE:
            return MAX_CHUNK_LINE
        return 2 if self._next is _Next.END else MAX_TRAILERS - self._trailers

    def _judge(self, line: bytes) -> None:
        if self._next is _Next.SIZE:
            match = _SIZE.fullmatch(line)
            if match is None:
                raise BadRequest(400, "chunk size that cannot be read", rule=_RULE)
            self._left = int(match[1], 16)
            self._next = _Next.DATA if self._left else _Next.TRAILER
        elif line == b"\r\n":
            self._next = _Next.SIZE if self._next is _Next.END else _Next.NOTHING
        elif self._next is _Next.END:
            raise BadRequest(400, self._next.value, rule=_RULE)
        elif not _TRAILER.fullmatch(line) or line.lower().startswith(_FORBIDDEN):
            raise BadRequest(400, "trailer field that cannot be read or has no place there", rule=_RULE)
        else:
            self._trailers += len(line)
