"""Tests for L{kaazing.transports.eventdoor}: how event streams are asked for."""

from __future__ import annotations

from unittest.mock import patch

from twisted.internet.defer import Deferred

from kaazing.config.model import CrossSite
from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.services import Welcome
from kaazing.transports import eventdoor
from tests.transports.doors import Wire
from tests.transports.eventstage import FIELDS, OPENING, THEIRS, EventTestCase, body, heard, response

WANTED = b"Accept: text/event-stream"


class BrowserTests(EventTestCase):
    def test_at_once(self) -> None:
        """
        The response begins at once, with all that keeps middle boxes from holding it, the time to wait
        and a comment; nothing of it is for clients of the original.
        """
        wire = self.ask()
        self.assertEqual(response(wire), ("200 OK", FIELDS, OPENING))
        self.assertEqual(wire.fate, "open")

    def test_options(self) -> None:
        """
        The time to wait and the padding are configured.
        """
        self.open(retry=0.5, padding=2000)
        self.assertEqual(body(self.ask()), b":" + b" " * 2000 + b"\nretry:500\n\n")

    def test_position(self) -> None:
        """
        Where the service says where the feed stands, the client knows from the beginning what to ask
        for when it comes again, without hearing of an event.
        """
        self.house.host.welcome = Welcome(at="ab-7")
        source = heard(self.ask())
        self.assertEqual((source.told, source.last), ([], "ab-7"))

    def test_visit(self) -> None:
        """
        The service is told who comes, and of the last event that the client has: in a field, or in the
        query, where the field counts more.
        """
        for target, fields, after, query in (
            (b"/feed?a=1", (), "", "a=1"),
            (b"/feed", (b"Last-Event-ID: ab-1",), "ab-1", ""),
            (b"/feed?lastEventId=ab-2&a=1", (), "ab-2", "lastEventId=ab-2&a=1"),
            (b"/feed?.ka=ab%2D3", (), "ab-3", ".ka=ab%2D3"),
            (b"/feed?lastEventId=ab-2&.ka=ab-3", (), "ab-2", "lastEventId=ab-2&.ka=ab-3"),
            (b"/feed?lastEventId=ab-2", (b"Last-Event-ID: ab-1",), "ab-1", "lastEventId=ab-2"),
            (b"/feed?.kv=10.05&a=1", (), "", "a=1"),
        ):
            self.ask(target, *fields)
            visit = self.house.host.visits[-1]
            self.assertEqual((visit.after, visit.query, visit.path), (after, query, "/feed"), target)
            self.assertEqual(visit.peer, "192.0.2.1:5000")

    def test_refused(self) -> None:
        """
        Only GET asks for a stream; below the path nothing is; a query of endless parameters is no good.
        """
        only_get = "a stream of events is asked for with GET"
        for method in (b"HEAD", b"POST", b"PUT", b"DELETE"):
            status, fields, _ = response(self.ask(method=method))
            self.assertEqual((status, fields["allow"]), ("405 Method Not Allowed", "GET"), method)
        self.assertIn(only_get.encode(), body(self.ask(method=b"PUT")))
        self.assertEqual(response(self.ask(b"/feed/x"))[0], "404 Not Found")
        self.assertEqual(response(self.ask(b"/feed;s/x"))[0], "404 Not Found")
        self.assertEqual(response(self.ask(b"/feed;x"))[0], "404 Not Found")
        many = b"/feed?lastEventId=1" + b"&a=1" * 100
        self.assertEqual(response(self.ask(many))[0], "400 Bad Request")
        self.assertEqual(self.house.host.visits, [])

    def test_http(self) -> None:
        """
        Under an accept for HTTP only requests that want an event stream get one.
        """
        for accept in (
            b"text/event-stream",
            b"Text/Event-Stream",
            b"text/html, text/event-stream;q=0.5",
            b"text/event-stream; charset=utf-8",
        ):
            self.assertEqual(response(self.ask(b"/http", b"Accept: " + accept))[0], "200 OK", accept)
        for accept in (b"*/*", b"text/*", b"text/event-stream;q=0", b"text/event-stream; q=0.00", b"x"):
            status = response(self.ask(b"/http", b"Accept: " + accept))[0]
            self.assertEqual(status, "406 Not Acceptable", accept)
        self.assertEqual(response(self.ask(b"/http"))[0], "406 Not Acceptable")
        self.assertEqual(response(self.ask(b"/http/below", WANTED))[0], "404 Not Found")
        self.assertEqual(response(self.ask(b"/http?.kb=1&.kp=9", WANTED))[1:], (FIELDS, OPENING))

    def test_slow_service(self) -> None:
        """
        The client waits for the service's answer; a refusal is the answer, and a backend that cannot be
        reached is 502.
        """
        waiting: Deferred[Welcome] = Deferred()
        self.house.host.welcome = waiting
        wire = self.ask()
        self.assertEqual(wire.value(), b"")
        waiting.callback(Welcome())
        self.assertEqual(response(wire)[0], "200 OK")
        self.house.host.welcome = BadRequest(503, "full", rule="x")
        self.assertEqual(response(self.ask())[0], "503 Service Unavailable")
        self.house.host.welcome = ConnectError("refused")
        self.assertEqual(response(self.ask())[0], "502 Bad Gateway")

    def test_gone_meanwhile(self) -> None:
        """
        A client that went away before the service answered is not let in.
        """
        for target in (b"/feed", b"/feed?.kb=1"):
            waiting: Deferred[Welcome] = Deferred()
            self.house.host.welcome = waiting
            wire = self.ask(target)
            wire.hang_up()
            welcome = Welcome(keep=target)
            waiting.callback(welcome)
            self.assertEqual((self.house.host.missed[-1], self.house.host.guests), (welcome, []))

    def test_broken_service(self) -> None:
        """
        Where the service fails with a client, the connection is closed and the log says why.
        """
        for target in (b"/feed", b"/feed?.kb=1"):
            with patch.object(self.house.host, "accepted", side_effect=ZeroDivisionError):
                wire = self.ask(target)
            self.assertEqual(wire.fate, "aborted")
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_other_origins(self) -> None:
        """
        Pages of other origins get in where a cross-site constraint says so, and nowhere else.
        """
        origin = b"Origin: https://page.example"
        self.assertEqual(response(self.ask(b"/feed", origin))[0], "403 Forbidden")
        self.open(CrossSite(origin="https://page.example:443"))
        status, fields, said = response(self.ask(b"/feed", origin))
        self.assertEqual((status, said), ("200 OK", OPENING))
        self.assertEqual(fields["access-control-allow-origin"], "https://page.example")
        self.assertEqual(fields["access-control-allow-credentials"], "true")

    def test_kept_alive(self) -> None:
        """
        A stream may be asked for on a connection that has served other requests, by HTTP/1.0 too.
        """
        wire = self.house.visitor()
        wire.say(b"GET /http HTTP/1.1\r\nHost: example.com:8000\r\n\r\n")
        self.assertEqual(response(wire)[0], "406 Not Acceptable")
        wire.clear()
        wire.say(b"GET /feed HTTP/1.0\r\nHost: example.com:8000\r\n\r\n")
        self.assertEqual(response(wire), ("200 OK", FIELDS, OPENING))

    def test_request_body(self) -> None:
        """
        A body of the request is thrown away, and too long a one refused.
        """
        wire = self.ask(b"/feed", b"Content-Length: 5")
        self.assertEqual(wire.value(), b"")
        wire.say(b"hello")
        self.assertEqual(response(wire)[0], "200 OK")
        self.assertEqual(response(self.ask(b"/feed", b"Content-Length: 70000"))[0], "413 Content Too Large")


class OriginalTests(EventTestCase):
    """Clients that show they are the original's."""

    def again(self, wire: Wire) -> str:
        """Where the client is told to come again."""
        (name, url), *_ = heard(wire).others
        self.assertEqual(name, "location")
        return url

    def test_signs(self) -> None:
        """
        Parameters and fields that only they send show them; each is told first of all where to come
        again, by the name it used for us, with the rest of its query, tickets apart. POST is theirs
        too.
        """
        for query in (
            b"a=1&.kb=512",
            b".kp=0&a=1",
            b"a=1&.kf=0",
            b".kv=10.05&a=1",
            b".kat=ticket&.kv=10.05&a=1",
            b"a=1&.kc=text/event-stream&.kn=1",
        ):
            wire = self.ask(b"/feed?" + query)
            place = r"^http://example.com:8000/feed;s/[0-9A-Za-z]{32}\?a=1$"
            self.assertRegex(self.again(wire), place, query)
            self.assertTrue(body(wire).startswith(b"location:"))
        status, fields, _ = response(self.ask(b"/feed?.kb=512", method=b"POST"))
        self.assertEqual((status, fields), ("200 OK", THEIRS))

    def test_again(self) -> None:
        """
        At that place the same channel goes on, what was sent meanwhile first, and the place is not
        named again.
        """
        wire, channel, ear = self.attend(b"/feed?.kv=1")
        url = self.again(wire).removeprefix("http://example.com:8000").encode()
        wire.hang_up()
        channel.send(b"meanwhile", 1)
        more = self.ask(url + b"&.krn=0.5")
        channel.send(b"then", 1)
        self.assertEqual(body(more), b"data:meanwhile\n\ndata:then\n\n")
        self.assertEqual((len(self.house.host.visits), ear.heard), (1, []))

    def test_again_with_id(self) -> None:
        """
        A client that names the last event it has when it comes again is let in anew, because only the
        service knows what it missed; the old channel is gone.
        """
        wire, _, ear = self.attend(b"/feed?.kv=1")
        url = self.again(wire).removeprefix("http://example.com:8000").encode()
        more = self.ask(url + b"?.ka=ab-4")
        self.house.clock.advance(0)
        self.assertEqual(ear.heard, [("lost", None)])
        self.assertEqual(self.house.host.visits[-1].after, "ab-4")
        self.assertNotEqual(self.again(more), self.again(wire))
        place = self.again(more)
        self.assertRegex(place, r"^http://example.com:8000/feed;s/[0-9A-Za-z]{32}$")
        (_, channel) = self.house.host.guests
        more.hang_up()
        channel.send(b"meanwhile", 1)
        place = place.removeprefix("http://example.com:8000")
        self.assertEqual(body(self.ask(place.encode())), b"data:meanwhile\n\n")

    def test_again_undefined(self) -> None:
        """
        The JavaScript client names C{undefined} as its last event, whatever that was: for it the same
        channel goes on.
        """
        wire, channel, ear = self.attend(b"/feed?.kb=512")
        url = self.again(wire).removeprefix("http://example.com:8000").encode()
        wire.hang_up()
        channel.send(b"meanwhile", 1)
        more = self.ask(url + b"?.ka=undefined&.kb=512")
        self.assertEqual(body(more), b"data:meanwhile\n\n")
        self.assertEqual((len(self.house.host.visits), ear.heard), (1, []))

    def test_over_tls(self) -> None:
        """
        Who finds that a proxy keeps responses back is sent to the same path over TLS, where there is
        one, unless it cannot go there.
        """
        wire = self.ask(b"/twin?.ki=p&a=1")
        self.assertEqual(body(wire), b"location:https://example.com:8443/twin?.ki=p&a=1\n\nreconnect\n\n")
        self.assertEqual(self.house.host.guests, [])
        for target in (b"/twin?.ki=p&.kd=s", b"/feed?.ki=p"):
            self.assertIn(b"location:http://example.com:8000/", body(self.ask(target)))

    def test_enveloped(self) -> None:
        """
        For the bridge page, which names the origin of its own page, head and stream stand in the body.
        """
        self.open(CrossSite(origin="http://page.example:80"))
        wire = self.ask(b"/feed", b"X-Origin: http://page.example:80")
        status, fields, said = response(wire)
        inner, _, stream = said.partition(b"\r\n\r\n")
        self.assertEqual((status, fields["content-type"]), ("200 OK", "text/plain"))
        self.assertEqual(inner.split(b"\r\n")[0], b"HTTP/1.1 200 OK")
        self.assertIn(b"Content-Type: text/event-stream", inner)
        self.assertTrue(stream.startswith(b"location:"))
        self.assertEqual(
            response(self.ask(b"/feed", b"X-Origin: http://other.example:80"))[0], "403 Forbidden"
        )

    def test_bounded(self) -> None:
        """
        Only so many of them are let in, because each takes memory without a connection.
        """
        with patch.object(eventdoor, "MOST_LASTING", 2):
            statuses = [response(self.ask(b"/feed?.kb=1"))[0] for _ in range(3)]
        self.assertEqual(statuses, ["200 OK", "200 OK", "503 Service Unavailable"])
        self.assertEqual(len(self.house.host.missed), 1)

    def test_bad_parameters(self) -> None:
        """
        Parameters that cannot be read are refused; so is a type that a browser would show as a page.
        """
        for query in (b".kb=x", b".kp=-1", b".kc=text/html", b".kcc=public"):
            self.assertEqual(response(self.ask(b"/feed?" + query))[0], "400 Bad Request", query)
