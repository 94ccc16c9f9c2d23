# -*- test-case-name: tests.transports.test_intake -*-
"""The body of one request as it comes in: where it ends, how long it may be, how slow."""

from __future__ import annotations

from kaazing.errors import BadRequest
from kaazing.wire.bodies import Body
from kaazing.wire.heads import Head

LEAST_BODY = 1024  # bytes that must come between two looks
UNBOUNDED = 1 << 62


class Intake:
    """See the module.

    Attributes:
        most: bytes that the body may have, framing counted.
    """

    __slots__ = ("_body", "_head", "_looked", "_taken", "most")

    def __init__(self, head: Head, most: int) -> None:
        self._head, self._body, self.most = head, Body(head), most
        self._taken = self._looked = 0

    @property
    def done(self) -> bool:
        """Whether the body is whole; true at once where the head says there is none."""
        return self._body.done

    def check(self) -> None:
        """Raise a 413 where the head says already that the body is too long."""
        if (self._head.content_length or 0) > self.most:
            raise self._too_long()

    def take(self, data: bytearray, into: list[bytes] | None = None) -> bool:
        """Take the bytes of the body off the beginning of C{data}; return whether it is whole.

        Args:
            data: as read; what belongs to the next request stays in it.
            into: gets the pieces of the body, the framing taken off; also those before a fault.

        Raises:
            BadRequest: the framing cannot be read, or the body is too long.
        """
        room = self.most - self._taken
        over = len(data) > room
        taken, done = self._body.feed(data[:room] if over else data, into)
        del data[:taken]
        self._taken += taken
        if over and not done:
            raise self._too_long()
        return done

    def look(self) -> bool:
        """Return whether L{LEAST_BODY} bytes came since the last look."""
        enough = self._taken - self._looked >= LEAST_BODY
        self._looked = self._taken
        return enough

    def _too_long(self) -> BadRequest:
        return BadRequest(413, f"body of more than {self.most} bytes", rule="RFC 9110 section 15.5.14")
