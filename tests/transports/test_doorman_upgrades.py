"""From a request to a WebSocket: whose pages may, and what the service does about it."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite
from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.doorstep import LINGER
from tests.transports.doors import (
    HANDSHAKE,
    HELLO,
    SWITCH,
    SWITCHED,
    House,
    Page,
    Slow,
    Wire,
    answers,
    get,
    refused,
    served,
    with_fields,
)


class OriginTests(SynchronousTestCase):
    """Pages of other origins."""

    forbidden = refused("403 Forbidden", "pages of that origin may not come in")

    def outcome(self, origin: bytes, house: House) -> tuple[str, str]:
        """What a page and a WebSocket of that origin get."""
        field = b"Origin: " + origin
        page = house.ask(get(b"/app", field))
        socket = house.ask(with_fields(HANDSHAKE, field))
        for answer in (page, socket):
            if answer[0].startswith("403"):
                self.assertEqual(answer, self.forbidden)
        return page[0][:3], socket[0][:3]

    def test_same(self) -> None:
        """
        Pages of the gateway's own origin come in.
        """
        self.assertEqual(self.outcome(b"http://example.com:8000", House({"/app": Page()})), ("200", "101"))

    def test_other(self) -> None:
        """
        Without a constraint, pages of every other origin, sandboxed ones included, stay out.
        """
        for origin in (b"http://example.org:8000", b"http://example.com", b"null", b"rubbish", b""):
            self.assertEqual(self.outcome(origin, House({"/app": Page()})), ("403", "403"), origin)

    def test_allowed(self) -> None:
        """
        A constraint lets its origin in, with its methods, and nobody else.
        """
        house = House({"/app": Page()}, cross_site=(CrossSite(origin="http://example.org:80"),))
        self.assertEqual(self.outcome(b"http://example.org", house), ("200", "101"))
        self.assertEqual(self.outcome(b"http://example.net", house), ("403", "403"))
        self.assertEqual(
            house.ask(get(b"/app", b"Origin: http://example.org", method=b"DELETE")), self.forbidden
        )

    def test_each_request(self) -> None:
        """
        Each request of a connection is checked anew: one that came in opens the door for no other.
        """
        wire = House({"/app": Page()}).visitor()
        wire.say(get(b"/app", b"Origin: http://example.com:8000") + with_fields(HANDSHAKE, b"Origin: null"))
        self.assertEqual([status for status, _, _ in answers(wire.value())], ["200 OK", "403 Forbidden"])

    def test_preflight(self) -> None:
        """
        A browser's question before a cross-origin request is answered, whatever the answer.
        """
        house = House({"/app": Page()})
        status, fields, body = house.ask(
            get(
                b"/app",
                b"Origin: http://example.org",
                b"Access-Control-Request-Method: GET",
                method=b"OPTIONS",
            )
        )
        self.assertEqual((status, body), ("200 OK", b""))
        self.assertNotIn("access-control-allow-origin", fields)


class UpgradeTests(SynchronousTestCase):
    """From a request to a WebSocket."""

    def test_let_in(self) -> None:
        """
        A handshake is answered, and the service gets the channel and what was asked.
        """
        house = House()
        wire = house.visitor()
        request = with_fields(HANDSHAKE.replace(b"/chat", b"/chat?room=1"), b"Sec-WebSocket-Protocol: a, b")
        wire.say(request)
        self.assertEqual(answers(wire.value()), [SWITCH])
        headers = {
            "host": "example.com:8000",
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
            "sec-websocket-protocol": "a, b",
        }
        visit = Visit(
            peer="192.0.2.1:5000", path="/chat", query="room=1", headers=headers, subprotocols=("a", "b")
        )
        self.assertEqual(house.host.visits, [visit])
        (channel,) = house.host.guests
        self.assertEqual((channel.open, channel.peer, channel.subprotocol), (True, "192.0.2.1:5000", None))

    def test_subprotocol(self) -> None:
        """
        What the service chose is what the client is told.
        """
        house = House(welcome=Welcome("b"))
        answer = house.ask(with_fields(HANDSHAKE, b"Sec-WebSocket-Protocol: a, b"))
        self.assertEqual(answer[1], {**SWITCHED, "sec-websocket-protocol": "b"})
        self.assertEqual(house.host.guests[0].subprotocol, "b")

    def test_held(self) -> None:
        """
        Nothing is read of a new WebSocket before the service wants it; then nothing is missing.
        """
        house = House()
        wire = house.visitor()
        wire.say(HANDSHAKE + HELLO)
        self.assertEqual(wire.producerState, "paused")
        ear = house.host.listen()
        self.assertEqual(ear.heard, [b"hello"])
        self.assertEqual(wire.producerState, "producing")
        wire.say(HELLO)
        self.assertEqual(ear.heard, [b"hello", b"hello"])

    def test_any_cut(self) -> None:
        """
        However two requests, a handshake and a message are cut, the outcome is the same.
        """
        stream = get(b"/1") + get(b"/2", b"Content-Length: 2", method=b"POST") + b"hi" + HANDSHAKE
        for cut in range(1, len(stream) + 1):
            house = House({"/": Page()})
            wire = house.visitor()
            wire.say(stream, cut)
            self.assertEqual(
                answers(wire.value()), [served(b"GET /|1 "), served(b"POST /|2 hi"), SWITCH], f"cut {cut}"
            )
            ear = house.host.listen()
            wire.say(HELLO, cut)
            self.assertEqual(b"".join(ear.heard), b"hello")

    def test_after_slow_page(self) -> None:
        """
        A handshake behind a request that takes its time waits for its turn.
        """
        slow = Slow()
        house = House({"/": slow})
        wire = house.visitor()
        wire.say(get(b"/1") + HANDSHAKE + HELLO)
        self.assertEqual(house.host.visits, [])
        slow.answer(b"one")
        self.assertEqual(answers(wire.value())[1], SWITCH)
        self.assertEqual(house.host.listen().heard, [b"hello"])

    def test_no_deadline(self) -> None:
        """
        The time limits of requests are not those of a WebSocket.
        """
        house = House({"/": Page()})
        wire = house.visitor()
        wire.say(get(b"/1") + HANDSHAKE)
        house.host.listen()
        house.wait(300)
        self.assertEqual(wire.fate, "open")

    def test_no_requests_after(self) -> None:
        """
        After the handshake nothing is a request any more.
        """
        house = House({"/": Page()})
        wire = house.visitor()
        wire.say(HANDSHAKE)
        ear = house.host.listen()
        wire.clear()
        wire.say(get(b"/1"))
        self.assertEqual(wire.value(), b"")
        self.assertEqual(len(ear.heard), 1)
        self.assertRegex(ear.heard[0], "^client byte 0: .*RFC 6455")


class InvitationTests(SynchronousTestCase):
    """Services that take time to answer a visit, or fail to."""

    def setUp(self) -> None:
        self.welcome: Deferred[Welcome] = Deferred()
        self.house = House(welcome=self.welcome)

    def visitor(self) -> Wire:
        """A client whose handshake the service thinks about."""
        wire = self.house.visitor()
        wire.say(with_fields(HANDSHAKE, b"Sec-WebSocket-Protocol: amqp, mqtt") + HELLO)
        self.assertEqual((wire.value(), wire.producerState), (b"", "paused"))
        return wire

    def test_later(self) -> None:
        """
        The client is answered when the service has made up its mind, and nothing it sent is lost.
        """
        wire = self.visitor()
        self.house.wait(60)
        self.welcome.callback(Welcome("mqtt"))
        self.assertEqual(answers(wire.value())[0][1]["sec-websocket-protocol"], "mqtt")
        self.assertEqual(self.house.host.listen().heard, [b"hello"])

    def test_gone(self) -> None:
        """
        What the service kept for a client that went away meanwhile is given back to it.
        """
        wire = self.visitor()
        wire.hang_up()
        welcome = Welcome(None, "a dialled backend")
        self.welcome.callback(welcome)
        self.assertEqual((self.house.host.missed, self.house.host.guests), ([welcome], []))
        self.assertEqual(wire.value(), b"")

    def test_gone_and_failed(self) -> None:
        """
        Nobody is told of a failure when the client has gone away meanwhile.
        """
        wire = self.visitor()
        wire.hang_up()
        self.welcome.errback(ConnectError("tcp://x: refused"))
        self.assertEqual(wire.value(), b"")

    def test_unreachable(self) -> None:
        """
        Where the backend had to be reached first and was not, the client gets 502, without details.
        """
        wire = self.visitor()
        self.welcome.errback(ConnectError("tcp://secret.example:1: refused"))
        expected = refused("502 Bad Gateway", "the backend cannot be reached")
        self.assertEqual((answers(wire.value()), wire.fate), ([expected], "finished"))
        self.assertEqual(wire.producerState, "producing")
        self.house.wait(LINGER + 1)
        self.assertEqual(wire.fate, "aborted")

    def test_refused_by_service(self) -> None:
        """
        A service may refuse a visit with a status of its own.
        """
        wire = self.visitor()
        self.welcome.errback(BadRequest(403, "not today", rule="its own"))
        self.assertEqual(answers(wire.value()), [refused("403 Forbidden", "not today")])

    def test_service_fails(self) -> None:
        """
        A fault in a service is 500 for the client and a traceback in the log.
        """
        wire = self.visitor()
        self.welcome.errback(Failure(ZeroDivisionError("secret")))
        self.assertEqual(answers(wire.value()), [refused("500 Internal Server Error", "the service failed")])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_raised_at_once(self) -> None:
        """
        It is the same for the client whether a service fails at once or later.
        """
        for why, expected in (
            (ConnectError("refused"), refused("502 Bad Gateway", "the backend cannot be reached")),
            (BadRequest(403, "no", rule="its own"), refused("403 Forbidden", "no")),
            (ZeroDivisionError(), refused("500 Internal Server Error", "the service failed")),
        ):
            self.assertEqual(House(welcome=why).ask(HANDSHAKE), expected)
        self.flushLoggedErrors(ZeroDivisionError)

    def test_fails_after_the_answer(self) -> None:
        """
        A service that fails when it gets its channel loses the client, and the log says why.
        """
        wire = self.visitor()

        def fail(channel: object, welcome: object) -> None:
            raise ZeroDivisionError

        self.house.host.accepted = fail  # type: ignore[method-assign]
        self.welcome.callback(Welcome())
        self.assertEqual(wire.fate, "aborted")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
