"""Tests for L{kaazing.transports.opening}: the extended handshake, and what may go wrong in it."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.opening import LOGIN_TIMEOUT, MOST_REQUESTS
from tests.transports.doors import HANDSHAKE, House, Usher, answers, with_fields
from tests.transports.originals import (
    BINARY,
    CLOSE,
    END,
    STAYS,
    SWITCHED,
    TEXT,
    Message,
    Original,
    inside,
    welcome,
)

REQUEST = (TEXT, b"GET /chat HTTP/1.1\r\n\r\n")
CLOSING = (b"Content-Length: 0", b"Connection: close")


def closed(code: int, reason: bytes) -> Message:
    """Return the Close frame of a refusal."""
    return CLOSE, code.to_bytes(2, "big") + reason


def _later(judged: Deferred[Any], visit: Visit) -> Deferred[Any]:
    return judged


def found(location: bytes) -> BadRequest:
    """Return a redirect."""
    return BadRequest(302, "moved", rule="RFC 9110 section 15.4.3", headers=[(b"Location", location)])


def challenge(visit: Visit) -> BadRequest:
    """Let nobody in."""
    return BadRequest(401, "who?", rule="RFC 9110 section 15.5.2")


class WhoTests(SynchronousTestCase):
    """Who gets it."""

    def test_others(self) -> None:
        """
        Who does not offer it, or not first, gets an ordinary WebSocket, and no service hears of it.
        """
        for protocols, asked in ((b"a", ("a",)), (b"a, x-kaazing-handshake", ("a",))):
            house = House(extends=True)
            wire = house.visitor()
            wire.say(with_fields(HANDSHAKE, b"Sec-WebSocket-Protocol: " + protocols))
            ((status, fields, _),) = answers(wire.value())
            self.assertEqual((status[:3], "sec-websocket-protocol" in fields), ("101", False))
            self.assertEqual([visit.subprotocols for visit in house.host.visits], [asked])

    def test_not_served(self) -> None:
        """
        On an accept that has it not (wsn), who offers it gets an ordinary WebSocket too.
        """
        house = House()
        client = Original(house, protocols=b"x-kaazing-handshake, a")
        self.assertNotIn(b"Sec-WebSocket-Protocol", client.head)
        self.assertEqual((client.heard, house.host.visits[0].subprotocols), ([], ("a",)))
        self.assertEqual(len(house.host.guests), 1)

    def test_without_parameters(self) -> None:
        """
        Who does not say that it waits for balancer messages or for the end of answers gets none.
        """
        for path, more in ((b"/chat", []), (b"/chat?.kv=10.05", [END])):
            client = Original(House(extends=True), path)
            self.assertEqual((client.head, client.heard), (SWITCHED, []))
            client.say(REQUEST)
            self.assertEqual(client.heard, [welcome(), *more])

    def test_own_name(self) -> None:
        """
        That the inner request names the handshake as a subprotocol, no service hears: it could choose it.
        """
        house = House(extends=True)
        client = Original(house, b"/chat")
        client.say((TEXT, b"GET /chat HTTP/1.1\r\nWebSocket-Protocol: x-kaazing-handshake, a\r\n\r\n"))
        self.assertEqual([visit.subprotocols for visit in house.host.visits], [("a",)])

    def test_origin(self) -> None:
        """
        Pages of other origins stay out before anything is said inside.
        """
        client = Original(
            House(extends=True), b"/chat", b"x-kaazing-handshake", b"Origin: http://evil.example"
        )
        self.assertTrue(client.head.startswith(b"HTTP/1.1 403 "))


class CarrierTests(SynchronousTestCase):
    """What a client logs in with that can set no Authorization."""

    def test_ticket(self) -> None:
        """
        A ticket in the query of the opening request is the guard's to see, wherever it asks.
        """
        for there in (True, False):
            usher = Usher(inside=there)
            house = House(extends=True, guard=usher)
            client = Original(house, b"/chat?.kl=Y&.kat=ticket&a=1")
            client.say((TEXT, b"GET /chat HTTP/1.1\r\n\r\n"))
            self.assertEqual([".kat=ticket" in visit.query for visit in usher.asked], [True])
            self.assertEqual(len(house.host.guests), 1)

    def test_subprotocols(self) -> None:
        """
        Carriers among the subprotocols of the inner request are the guard's where it asks there, and of no
        use elsewhere, but they are no service's; one without a secret is echoed.
        """
        for there in (True, False):
            usher = Usher(inside=there)
            house = House(extends=True, guard=usher)
            client = Original(house)
            offer = b"amqp, kaazing.bearer.token, kaazing.authenticated"
            client.say((TEXT, b"GET /chat HTTP/1.1\r\nWebSocket-Protocol: " + offer + b"\r\n\r\n"))
            if not there:  # or the guard takes them off
                self.assertEqual([visit.subprotocols for visit in house.host.visits], [("amqp",)])
            self.assertEqual("kaazing.bearer.token" in usher.asked[0].subprotocols, there)
            (channel,) = house.host.guests
            self.assertEqual(channel.subprotocol, "kaazing.authenticated")


class RefusalTests(SynchronousTestCase):
    """Who is not let in."""

    def refused(self, *said: Message, path: bytes = b"/chat", **options: Any) -> list[Message]:
        """Return what a client hears; the connection ends when it has answered the Close."""
        house = House(extends=True, **options)
        client = Original(house, path)
        client.say(*said)
        self.assertEqual(house.host.guests, [])
        heard = client.heard
        client.say(REQUEST, (CLOSE, heard[-1][1][:2]))
        self.assertEqual((client.heard, client.wire.fate), (heard, "closed"))
        return heard

    def test_bad_request(self) -> None:
        """
        A message that is no request is answered with 400, and closed.
        """
        heard = self.refused((TEXT, b"hello"))
        fault = b"a message that is not one whole GET request of HTTP/1.1"
        self.assertEqual(heard, [inside(*CLOSING, status=b"400 Bad Request"), closed(1008, fault)])

    def test_refused(self) -> None:
        """
        Who may not come in is told why in HTTP, and by the close code.
        """
        forbidden = BadRequest(403, "not you", rule="the realm")
        heard = self.refused(REQUEST, guard=Usher(lambda visit: forbidden))
        self.assertEqual(heard, [inside(*CLOSING, status=b"403 Forbidden"), closed(1008, b"not you")])

    def test_redirected(self) -> None:
        """
        A redirect is a 302; who waits for balancer messages is sent on by one.
        """
        heard = self.refused(REQUEST, guard=Usher(lambda visit: found(b"ws://b.example/chat")))
        moved = inside(b"Location: ws://b.example/chat", *CLOSING, status=b"302 Found")
        self.assertEqual(heard, [moved, closed(1000, b"moved")])
        usher = Usher(lambda visit: found(b"ws://b.example/chat"))
        heard = self.refused(REQUEST, path=b"/chat?.kl=Y", guard=usher)
        sent_on = (BINARY, b"\xef\x83\xbfRws://b.example/chat")
        self.assertEqual(heard, [STAYS, sent_on, closed(1000, b"moved")])

    def test_by_the_service(self) -> None:
        """
        What the service says is what the client is told: 404, 502 where its backend is not reached.
        """
        for error, status, close in (
            (BadRequest(404, "none", rule="x"), b"404 Not Found", closed(1008, b"none")),
            (ConnectError("down"), b"502 Bad Gateway", closed(1014, b"the backend cannot be reached")),
        ):
            heard = self.refused(REQUEST, welcome=error)
            self.assertEqual(heard, [inside(*CLOSING, status=status), close])

    def test_many_requests(self) -> None:
        """
        Nobody may try without end.
        """
        heard = self.refused(*[REQUEST] * (MOST_REQUESTS + 1), guard=Usher(challenge))
        self.assertEqual(len(heard), MOST_REQUESTS + 2)
        self.assertEqual(
            heard[-2:], [inside(*CLOSING, status=b"403 Forbidden"), closed(1008, b"more than 10 requests")]
        )

    def test_too_big(self) -> None:
        """
        A message over the accept's limit is refused as anywhere, before it is there.
        """
        house = House(extends=True)
        client = Original(house, b"/chat")
        client.wire.say(b"\x81\xfe\x03\xe9")  # the head of a text message of 1001 bytes
        client.wire.say(bytes(4))
        self.assertEqual(
            client.heard, [closed(1009, b"message of more than 1000 bytes (RFC 6455 section 10.4)")]
        )

    def test_too_big_without_limit(self) -> None:
        """
        Where the accept has no limit it is 16 MiB.
        """
        client = Original(House(extends=True, max_message=0), b"/chat")
        client.wire.say(b"\x82\xff" + (16 * 1024 * 1024 + 1).to_bytes(8, "big") + bytes(4))
        self.assertEqual(client.heard[0][1][:2], b"\x03\xf1")

    def test_long_head(self) -> None:
        """
        A request of more than 16 KiB is refused where the accept's limit would let it pass.
        """
        long = (TEXT, b"GET /chat HTTP/1.1\r\nAuthorization: " + b"x" * 16_384 + b"\r\n\r\n")
        heard = self.refused(long, max_message=0)
        self.assertEqual(heard[-1], closed(1008, b"head of more than 16384 bytes"))


class TimeTests(SynchronousTestCase):
    """What takes too long."""

    late = (inside(*CLOSING, status=b"408 Request Timeout"), closed(1008, b"no whole request in time"))

    def test_no_request(self) -> None:
        """
        A client that says nothing is closed after ten seconds, and gone soon if it takes no leave.
        """
        house = House(extends=True)
        client = Original(house, b"/chat")
        house.wait(9.5)
        self.assertEqual(client.heard, [])
        house.wait(1)
        self.assertEqual(client.heard, list(self.late))
        house.wait(6)
        self.assertEqual((client.wire.fate, house.clock.getDelayedCalls()), ("aborted", []))

    def test_no_credentials(self) -> None:
        """
        A person has two minutes for a password.
        """
        house = House(extends=True, guard=Usher(challenge))
        client = Original(house, b"/chat")
        client.say(REQUEST)
        house.wait(LOGIN_TIMEOUT - 1)
        self.assertEqual(len(client.heard), 1)
        house.wait(1.5)
        self.assertEqual(client.heard[1:], list(self.late))

    def test_gone(self) -> None:
        """
        A client that leaves, politely or not, leaves nothing behind.
        """
        for polite in (True, False):
            house = House(extends=True)
            client = Original(house, b"/chat")
            if polite:
                client.say((CLOSE, b"\x03\xe8"))
                self.assertEqual((client.heard, client.wire.fate), ([(CLOSE, b"\x03\xe8")], "closed"))
            client.wire.hang_up()
            house.wait(1)
            self.assertEqual(house.clock.getDelayedCalls(), [], polite)


class SlowServiceTests(SynchronousTestCase):
    """A service, or a guard, that takes its time."""

    def ask(self, **more: Any) -> tuple[House, Deferred[Any], Original]:
        """Let a client ask a service that does not answer at once."""
        later: Deferred[Any] = Deferred()
        house = House(extends=True, **{"welcome": later, **more})
        client = Original(house, b"/chat")
        client.say(REQUEST, (TEXT, b"early"))
        return house, later, client

    def test_let_in(self) -> None:
        """
        Meanwhile nothing is read; then the client is let in, and what it had said already is not lost.
        """
        house, later, client = self.ask()
        self.assertEqual((client.heard, client.wire.producerState), ([], "paused"))
        house.wait(60)
        later.callback(Welcome())
        self.assertEqual(client.heard, [welcome()])
        self.assertEqual(house.host.listen().heard, [b"early"])

    def test_turned_away(self) -> None:
        """
        Or it is not.
        """
        _, later, client = self.ask()
        later.errback(ConnectError("down"))
        self.assertEqual(client.heard[1:], [closed(1014, b"the backend cannot be reached")])

    def test_guard(self) -> None:
        """
        A guard may take its time too; the service is asked after it.
        """
        judged: Deferred[Any] = Deferred()
        house, _, client = self.ask(guard=Usher(lambda visit: judged), welcome=Welcome())
        self.assertEqual((client.heard, house.host.visits), ([], []))
        judged.callback(None)
        self.assertEqual((client.heard, len(house.host.visits)), ([welcome()], 1))

    def test_gone(self) -> None:
        """
        What a service had kept for a client that has gone is given back.
        """
        house, later, client = self.ask()
        client.wire.hang_up()
        kept = Welcome(keep="a backend")
        later.callback(kept)
        self.assertEqual((house.host.guests, house.host.missed), ([], [kept]))

    def test_gone_from_the_guard(self) -> None:
        """
        A client that has gone does not come in, and nobody waits for its credentials.
        """
        for verdict in (None, challenge(Visit(peer=""))):
            judged: Deferred[Any] = Deferred()
            house, _, client = self.ask(guard=Usher(partial(_later, judged)), welcome=Welcome())
            client.wire.hang_up()
            judged.callback(verdict)
            house.wait(1)
            self.assertEqual((house.host.guests, house.clock.getDelayedCalls()), ([], []))
            self.assertEqual(len(house.host.missed), 0 if verdict else 1)

    def test_challenged(self) -> None:
        """
        After a challenge the client is read again, and what it had said already counts first.
        """
        verdicts: list[Deferred[Any]] = []

        def guard(visit: Visit) -> Deferred[Any]:
            verdicts.append(Deferred())
            return verdicts[-1]

        house = House(extends=True, guard=Usher(guard))
        client = Original(house, b"/chat")
        client.say(REQUEST, REQUEST)
        verdicts[0].callback(challenge(Visit(peer="")))
        self.assertEqual((len(client.heard), len(verdicts)), (1, 2))
        verdicts[1].callback(challenge(Visit(peer="")))
        self.assertEqual((len(client.heard), client.wire.producerState), (2, "producing"))

    def test_broken(self) -> None:
        """
        A guard that fails lets nobody in, and the log says why.
        """

        def broken(visit: Visit) -> None:
            raise ZeroDivisionError

        house = House(extends=True, guard=Usher(broken))
        client = Original(house, b"/chat")
        client.say(REQUEST)
        failed = inside(*CLOSING, status=b"500 Internal Server Error")
        heard = [failed, closed(1011, b"the service failed")]
        self.assertEqual((client.heard, house.host.visits), (heard, []))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
