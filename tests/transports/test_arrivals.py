"""What a service is told of a client at the door, and what comes of each of its answers."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.arrivals import ask, visit
from kaazing.transports.callers import Caller
from kaazing.wire.heads import peek
from tests.transports.doors import HANDSHAKE, Host, Wire, with_fields

VISIT = Visit(peer="192.0.2.1:5000")
UNREACHABLE = "502: the backend cannot be reached (RFC 9110 section 15.6.3)"
FAILED = "500: the service failed (RFC 9110 section 15.6.1)"


class VisitTests(SynchronousTestCase):
    def test_all_of_it(self) -> None:
        """
        A service is told everything about the client but how its bytes come.
        """
        request = with_fields(HANDSHAKE, b"Sec-WebSocket-Protocol: b, a", b"X-Y: 1", b"x-y: 2")
        head = peek(request.replace(b"/chat", b"/chat%20?q=%20"))
        assert head is not None
        expected = Visit(
            peer="192.0.2.9:1",
            secure=True,
            path="/chat%20",
            query="q=%20",
            headers={
                "host": "example.com:8000",
                "connection": "Upgrade",
                "upgrade": "websocket",
                "sec-websocket-version": "13",
                "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
                "sec-websocket-protocol": "b, a",
                "x-y": "1, 2",
            },
            subprotocols=("b", "a"),
        )
        who = Caller("192.0.2.9:1", True, "example.com", 8000, Wire())
        self.assertEqual(visit(head, who), expected)
        told = visit(head, who).client
        assert told is not None
        self.assertEqual(told(), who.client())


class AskTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.heard: list[Any] = []

    def let_in(self, welcome: Any) -> None:
        """The client is let in."""
        self.heard.append(welcome)

    def turn_away(self, why: BadRequest) -> None:
        """The client is told why it is not."""
        self.heard.append(str(why))

    def ask(self, host: Any, let_in: Any = None) -> bool:
        """Ask a service; note what comes of it."""
        return ask(host, VISIT, let_in or self.let_in, self.turn_away, lambda: self.heard.append("broken"))

    def test_at_once(self) -> None:
        """
        Who is welcome is let in before anything else happens.
        """
        welcome = Welcome("chat")
        self.assertTrue(self.ask(Host(welcome)))
        self.assertEqual(self.heard, [welcome])

    def test_later(self) -> None:
        """
        A service may think about it; nothing happens meanwhile.
        """
        welcome, thinking = Welcome("chat"), Deferred[Any]()
        self.assertFalse(self.ask(Host(thinking)))
        self.assertEqual(self.heard, [])
        thinking.callback(welcome)
        self.assertEqual(self.heard, [welcome])

    def test_turned_away(self) -> None:
        """
        A service's own refusal is told as it is, an unreachable backend as 502, a failure as 500
        without a word of why; at once and later alike.
        """
        for why, told, logged in (
            (BadRequest(404, "not here", rule="none"), "404: not here (none)", 0),
            (ConnectError("tcp://secret: refused"), UNREACHABLE, 0),
            (ZeroDivisionError("secret"), FAILED, 1),
        ):
            self.heard = []
            self.assertTrue(self.ask(Host(why)))
            self.assertEqual(self.heard, [told])
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), logged)
            thinking = Deferred[Any]()
            self.assertFalse(self.ask(Host(thinking)))
            thinking.errback(why)
            self.assertEqual(self.heard, [told, told])
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), logged)

    def test_broken(self) -> None:
        """
        Where a client that was let in later makes the service fail, the log says so and it is cut off.
        """

        def fail(welcome: Any) -> None:
            raise ZeroDivisionError("secret")

        thinking = Deferred[Any]()
        self.ask(Host(thinking), fail)
        thinking.callback(Welcome())
        self.assertEqual(self.heard, ["broken"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
