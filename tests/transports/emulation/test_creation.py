"""Every line of the table of create requests, and what the service is told."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite
from kaazing.errors import ConnectError
from kaazing.interfaces.services import Welcome
from kaazing.transports.emulation.registry import MOST_LONELY
from tests.transports.doors import Answer, answers, get, refused, with_fields
from tests.transports.emulation.stage import BAD, NUMBERED, Stage, closing, post

CREATED = {"content-type": "text/plain;charset=UTF-8", "cache-control": "no-cache", "server": "Kaazing"}
VERSION = b"X-WebSocket-Version: wseb-1.0"


class CreateTests(SynchronousTestCase):
    """Create requests that make a session."""

    def created(
        self, answer: Answer, stage: Stage, code: str, base: str, query: str = "", **more: str
    ) -> None:
        """Check the whole answer to a create request."""
        name = stage.house.host.guests[-1].id  # type: ignore[attr-defined]
        body = "".join(f"{base};e/{way}{code}/{name}{query}\n" for way in "ud")
        fields = {**CREATED, **more, "content-length": str(len(body))}
        self.assertEqual(answer, ("201 Created", fields, body.encode()))

    def test_encodings(self) -> None:
        """
        Each of the six kinds of session is answered with the URLs of its two directions.
        """
        for code in ("b", "t", "te", "bm", "tm", "tem"):
            stage = Stage()
            answer = stage.house.ask(get(b"/chat/;e/c" + code.encode(), NUMBERED))
            self.created(answer, stage, code, "http://example.com:8000/chat/")

    def test_methods(self) -> None:
        """
        POST is as good as GET; a body is read first, and nobody looks at it.
        """
        stage = Stage()
        wire = stage.house.visitor()
        request = post(b"/chat/;e/cbm", b"x" * 100, NUMBERED)
        wire.say(request[:-1])
        self.assertEqual((wire.value(), stage.house.host.visits), (b"", []))
        wire.say(request[-1:])
        self.created(answers(wire.value())[0], stage, "bm", "http://example.com:8000/chat/")
        self.assertEqual(wire.fate, "open")

    def test_as_the_client_names_us(self) -> None:
        """
        The URLs have the scheme, host and path that the client used, and the query of its application.
        """
        stage = Stage(secure=True)
        path = b"/chat/;e/ctem?token=a%20b&.kn=12345&room=5&.kac=ex"
        answer = stage.house.ask(get(path, host=b"EXAMPLE.com:8443"))
        self.created(answer, stage, "tem", "https://example.com:8443/chat/", "?token=a%20b&room=5")
        stage = Stage()
        answer = stage.house.ask(get(b"/chat;e/cb"))
        self.created(answer, stage, "b", "http://example.com:8000/chat")

    def test_subprotocol(self) -> None:
        """
        The service gets the client's offer, and the client its choice.
        """
        stage = Stage(welcome=Welcome("two"))
        answer = stage.house.ask(get(b"/chat/;e/cbm", b"X-WebSocket-Protocol: one, two"))
        self.created(answer, stage, "bm", "http://example.com:8000/chat/", **{"x-websocket-protocol": "two"})
        (visit,), (channel,) = stage.house.host.visits, stage.house.host.guests
        self.assertEqual((visit.subprotocols, channel.subprotocol), (("one", "two"), "two"))

    def test_visit(self) -> None:
        """
        The service sees the path of its accept, its own parameters, and the page that really asks.
        """
        page = b"X-Origin: http://pages.example:80"
        stage = Stage(cross_site=(CrossSite(origin="http://pages.example:80"),))
        stage.house.ask(get(b"/chat/;e/cbm?a=1&.kn=5&b=2", page, b"X-WebSocket-Protocol:"))
        (visit,) = stage.house.host.visits
        found = visit.path, visit.query, visit.subprotocols, visit.headers["origin"], visit.peer, visit.secure
        self.assertEqual(found, ("/chat", "a=1&b=2", (), "http://pages.example:80", "192.0.2.1:5000", False))

    def test_idle_timeout(self) -> None:
        """
        Who asks how long a downstream may be silent is told, where that is limited.
        """
        asks = b"X-WebSocket-Extensions: x-other, X-Kaazing-Idle-Timeout"
        for inactivity, said in ((0.0, None), (2.0, "5000"), (30.0, "30000")):
            stage = Stage(inactivity=inactivity)
            answer = stage.house.ask(get(b"/chat/;e/cbm", asks))
            expected = said and f"x-kaazing-idle-timeout;timeout={said}"
            self.assertEqual(answer[1].get("x-websocket-extensions"), expected)
            answer = stage.house.ask(get(b"/chat/;e/cbm", b"X-WebSocket-Extensions:"))
            self.assertNotIn("x-websocket-extensions", answer[1])

    def test_legacy(self) -> None:
        """
        Old clients name no version and count nothing; by the specification they have to.
        """
        for fields in ((), (NUMBERED,), (VERSION,), (VERSION, NUMBERED)):
            request = get(b"/chat/;e/cbm", *fields)
            self.assertEqual(Stage().house.ask(request)[0], "201 Created")
            strict = "201 Created" if len(fields) == 2 else "400 Bad Request"
            request = with_fields(request, b"X-Next-Protocol: wse/1.0")
            self.assertEqual(Stage(specification=True).house.ask(request)[0], strict)


class RefusedTests(SynchronousTestCase):
    """Create requests that make none."""

    def test_faults(self) -> None:
        """
        What is wrong in a create request is answered with 400 and no body; the service hears nothing.
        """
        requests = {
            "method": get(b"/chat/;e/cbm", method=b"PUT"),
            "version": get(b"/chat/;e/cbm", b"X-WebSocket-Version: wseb-1.1"),
            "number": get(b"/chat/;e/cbm", b"X-Sequence-No: 9007199254740992"),
            "parameter": get(b"/chat/;e/cbm?.ksn=x"),
            "commands": get(b"/chat/;e/cbm", b"X-Accept-Commands: pong"),
            "token": get(b"/chat/;e/cbm", b"X-WebSocket-Protocol: a b"),
            "host": b"GET /chat/;e/cbm HTTP/1.0\r\n\r\n",
            "twice": get(b"/chat/;e/cbm", b"X-WebSocket-Protocol: a, a"),
        }
        stage = Stage()
        found = {name: stage.house.ask(request) for name, request in requests.items()}
        self.assertEqual(found, {**dict.fromkeys(requests, BAD), "host": closing(BAD)})
        self.assertEqual((stage.house.host.visits, len(stage.registry)), ([], 0))

    def test_unknown_kind(self) -> None:
        """
        There are six kinds of session, and nothing else beside them.
        """
        for kind in (b"", b"c", b"cx", b"cbmm", b"xbm", b"ub", b"CBM"):
            answer = Stage().house.ask(get(b"/chat/;e/" + kind))
            self.assertEqual(answer[0], "404 Not Found", kind)

    def test_long_body(self) -> None:
        """
        A body of more than 64 KiB is not read.
        """
        answer = Stage().house.ask(get(b"/chat/;e/cbm", b"Content-Length: 65537", method=b"POST"))
        self.assertEqual(answer[0], "413 Content Too Large")

    def test_other_origin(self) -> None:
        """
        A page of another origin makes no session, be it named by the browser or by the bridge page.
        """
        for field in (b"Origin: http://evil.example", b"X-Origin: http://evil.example:80"):
            stage = Stage()
            self.assertEqual(stage.house.ask(get(b"/chat/;e/cbm", field))[0], "403 Forbidden")
            self.assertEqual(stage.house.host.visits, [])

    def test_backend(self) -> None:
        """
        Where the service has to reach its backend first and cannot, the client is told 502.
        """
        stage = Stage(welcome=ConnectError("refused"))
        expected = refused("502 Bad Gateway", "the backend cannot be reached")
        status, fields, body = stage.house.ask(get(b"/chat/;e/cbm"))
        self.assertEqual((status, fields.keys() & {"connection"}, body), (expected[0], set(), expected[2]))
        self.assertEqual(len(stage.registry), 0)

    def test_too_many(self) -> None:
        """
        Sessions that wait for their first downstream are bounded; one that gets it makes room.
        """
        stage = Stage()
        client = stage.create()
        stage.registry.lonely = MOST_LONELY
        self.assertEqual(stage.house.ask(get(b"/chat/;e/cbm"))[0], "503 Service Unavailable")
        client.attach()
        self.assertEqual(stage.house.ask(get(b"/chat/;e/cbm"))[0], "201 Created")


class WaitingTests(SynchronousTestCase):
    """A service that takes its time."""

    def setUp(self) -> None:
        self.welcome: Deferred[Any] = Deferred()
        self.stage = Stage(welcome=self.welcome)
        self.wire = self.stage.house.visitor()
        self.wire.say(get(b"/chat/;e/cbm"))

    def test_later(self) -> None:
        """
        The client is answered when the service has.
        """
        self.assertEqual(self.wire.value(), b"")
        self.welcome.callback(Welcome())
        ((status, _, _),) = answers(self.wire.value())
        self.assertEqual((status, len(self.stage.registry)), ("201 Created", 1))

    def test_gone(self) -> None:
        """
        Of a client that went away meanwhile nothing is left.
        """
        self.wire.hang_up()
        welcome = Welcome(keep="backend")
        self.welcome.callback(welcome)
        host = self.stage.house.host
        self.assertEqual((host.missed, host.guests, len(self.stage.registry)), ([welcome], [], 0))

    def test_refused(self) -> None:
        """
        A service may say no later too.
        """
        self.welcome.errback(ConnectError("refused"))
        ((status, _, _),) = answers(self.wire.value())
        self.assertEqual(status, "502 Bad Gateway")

    def test_broken_service(self) -> None:
        """
        A session that the service fails to take ends at once, and the log says why.
        """
        error = RuntimeError("of the test")

        def fail(channel: Any, welcome: Any) -> None:
            raise error

        self.patch(self.stage.house.host, "accepted", fail)
        self.welcome.callback(Welcome())
        self.assertEqual([why.value for why in self.flushLoggedErrors(RuntimeError)], [error])
        self.assertEqual(len(self.stage.registry), 0)
