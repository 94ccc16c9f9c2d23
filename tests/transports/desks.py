"""An entry in memory behind a doorman: it takes exchanges, and the test decides what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from kaazing.config.model import Uri
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.transports.exchange import Exchange
from kaazing.transports.routes import Route
from tests.transports.doors import House, Page, get

Call = Callable[[Any], None]

CHUNKED = b"Transfer-Encoding: chunked"
PLAIN = ((b"Content-Type", b"text/plain"),)
FIELDS = {"content-type": "text/plain", "server": "Kaazing"}
GONE = ("lost", "the client closed the connection")


@implementer(ITaker)
class Notes:
    """Notes what it hears of an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.heard: list[Any] = []

    def body(self, data: bytes) -> None:
        """See L{ITaker}."""
        self.heard.append(data)

    def body_ended(self) -> None:
        """See L{ITaker}."""
        self.heard.append("ended")

    def congested(self) -> None:
        """See L{ITaker}."""
        self.heard.append("congested")

    def drained(self) -> None:
        """See L{ITaker}."""
        self.heard.append("drained")

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}."""
        self.heard.append(("lost", str(why)))

    @property
    def whole(self) -> list[Any]:
        """What was heard, the pieces of the body joined."""
        joined: list[Any] = []
        for each in self.heard:
            if isinstance(each, bytes) and joined and isinstance(joined[-1], bytes):
                joined[-1] += each
            else:
                joined.append(each)
        return joined


class Echo(Notes):
    """Answers with what it heard, once the body is whole."""

    def body_ended(self) -> None:
        """See L{ITaker}."""
        data = b"".join(self.heard)
        self.exchange.answer(200, PLAIN, self.exchange.rest.encode() + b"|" + data)


class Desk:
    """An entry: takes exchanges and lets the test decide.

    Attributes:
        taken: what hears each exchange.
    """

    def __init__(self, taker: Callable[[Exchange], Any] = Notes, at_once: Call | None = None) -> None:
        """C{at_once} is done with each exchange before C{serve} returns."""
        self.taken: list[Any] = []
        self._taker, self._at_once = taker, at_once

    def serve(self, exchange: Exchange) -> None:
        """Take it."""
        verifyObject(IExchange, exchange)
        exchange.taker = self._taker(exchange)
        self.taken.append(exchange.taker)
        if self._at_once is not None:
            self._at_once(exchange)


class DeskTestCase(SynchronousTestCase):
    """A door with an entry at /desk and twisted.web pages at /app."""

    def setUp(self) -> None:
        self.open(Desk())

    def open(self, desk: Desk) -> None:
        """Have C{desk} at /desk."""
        self.desk = desk
        self.house = House({"/app": Page()})
        accept = Uri(scheme="http", host="example.com", port=8000, path="/desk")
        self.house.routes.add(Route(accept, self.house.host, None, None, (), "Kaazing", desk))
        self.wire = self.house.visitor()

    def ask(self, *fields: bytes, method: bytes = b"POST", path: bytes = b"/desk", body: bytes = b"") -> Any:
        """Send a request; return what hears the last exchange."""
        self.wire.say(get(path, *fields, method=method) + body)
        return self.desk.taken[-1]

    def said(self) -> bytes:
        """What was answered so far, without Date."""
        lines = self.wire.value().split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.startswith(b"Date: "))
