# -*- test-case-name: tests.security.test_bodies -*-
"""Bodies of answers over HTTP, up to a length, and no longer than somebody waits for them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from kaazing.errors import LoginUnavailable


def read_body(response: IResponse, most: int, who: str) -> Deferred[bytes]:
    """Return the body of a response.

    Cancelling it ends the connection: twisted.web's own way to read one has no bound, and treq's would leave
    open what nobody waits for any more.

    Args:
        most: bytes.
        who: answers, for the error.

    Raises, in the Deferred:
        LoginUnavailable: it is longer; the connection is ended then, too.
        Exception: the connection was lost before the end, for this reason.
    """
    body = _Body(most, who)
    response.deliverBody(body)
    return body.whole


class _Body(Protocol):
    """Takes a body until it is whole, or nobody wants it."""

    transport: Any

    def __init__(self, most: int, who: str) -> None:
        self.whole: Deferred[bytes] = Deferred(self._leave)
        self._most, self._who = most, who
        self._data = bytearray()

    def dataReceived(self, data: bytes) -> None:
        """See L{Protocol}."""
        if self.whole.called:
            return
        if len(self._data) + len(data) > self._most:
            self.whole.errback(LoginUnavailable(f"{self._who} says more than {self._most} bytes"))
            self._leave(self.whole)
        else:
            self._data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{Protocol}; a body without a length ends with its connection."""
        if self.whole.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self.whole.callback(bytes(self._data))
        else:
            self.whole.errback(reason)

    def _leave(self, _: Deferred[bytes]) -> None:
        self._data.clear()
        self.transport.loseConnection()
