"""Doors with a guard: where it is asked, what waits meanwhile, and how its answers reach each client."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite, Uri
from kaazing.errors import BadRequest
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.routes import Route
from tests.transports.doors import (
    HANDSHAKE,
    HELLO,
    SWITCH,
    House,
    Page,
    Usher,
    answers,
    get,
    refused,
    served,
    with_fields,
)
from tests.transports.originals import Original, inside, welcome
from tests.transports.test_opening import REQUEST

JOE = Subject(user="joe")
AUTHORIZATION = b"Authorization: Basic am9lOndlbGNvbWU="
WHO = refused("401 Unauthorized", "who are you?", www_authenticate='Basic realm="Demo"')
COOKIE = ((b"Set-Cookie", b"a=b"),)
PRIVATE = {"cache-control": "private"}
ONLY_INSIDE = refused(
    "403 Forbidden", "only clients that log in inside the WebSocket, or by another way, may come in"
)


def who() -> BadRequest:
    """Return a challenge."""
    field = (b"WWW-Authenticate", b'Basic realm="Demo"')
    return BadRequest(401, "who are you?", rule="RFC 9110 section 15.5.2", headers=[field])


def known(visit: Visit) -> BadRequest | None:
    """Let in whoever shows anything."""
    return None if "authorization" in visit.headers else who()


class Desk:
    """An entry that answers with what it sees of each request."""

    asks = False
    fields: tuple[tuple[bytes, bytes], ...] = ()

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def serve(self, exchange: Any) -> None:
        """See L{Entry}."""
        self.seen.append((exchange.subject, "authorization" in exchange.head.headers, exchange.head.query))
        exchange.taker = self
        self.exchange, self.data = exchange, b""

    def body(self, data: bytes) -> None:
        """See ITaker."""
        self.data += data

    def body_ended(self) -> None:
        """See ITaker."""
        self.exchange.answer(200, self.fields, self.data)

    def lost(self, why: Exception | None) -> None:
        """See ITaker."""


class PlainTests(SynchronousTestCase):
    """Plain HTTP requests."""

    def house(self, usher: Usher, entry: Any = None, cross_site: tuple[CrossSite, ...] = ()) -> House:
        """Return a listener with a page at /app, and an entry at /desk, both guarded."""
        house = House({"/app": Page()}, guard=usher, cross_site=cross_site)
        accept = Uri(scheme="http", host="example.com", port=8000, path="/desk")
        house.routes.add(Route(accept, house.service, None, None, cross_site, "Kaazing", entry, guard=usher))
        return house

    def test_challenge(self) -> None:
        """
        Who does not log in sees the challenge, on every request of a connection; who does sees the page.
        """
        house = self.house(Usher(known))
        self.assertEqual(house.ask(get(b"/app")), WHO)
        wire = house.visitor()
        wire.say(get(b"/app", AUTHORIZATION) + get(b"/app"))
        self.assertEqual(answers(wire.value()), [served(b"GET /app| ", **PRIVATE), WHO])

    def test_visit(self) -> None:
        """
        The guard sees who asks, and for what.
        """
        usher = Usher(known)
        self.house(usher).ask(get(b"/app?room=1", AUTHORIZATION))
        (visit,) = usher.asked
        self.assertEqual((visit.peer, visit.path, visit.query), ("192.0.2.1:5000", "/app", "room=1"))

    def test_what_logs_in(self) -> None:
        """
        What logs in is asked before the guard, which it asks itself, after the page's origin.
        """
        usher, entry = Usher(known), Desk()
        house = House(guard=usher)
        accept = Uri(scheme="http", host="example.com", port=8000, path="/desk")
        house.routes.add(Route(accept, house.service, None, Page(), (), "Kaazing", guard=usher, login=entry))
        path = b"/desk/;auth/ticket"
        self.assertEqual(house.ask(get(path, b"Content-Length: 2", method=b"POST") + b"ab")[2], b"ab")
        self.assertEqual((entry.seen, usher.asked), ([(None, False, "")], []))
        self.assertEqual(house.ask(get(path, b"Origin: http://example.org"))[0], "403 Forbidden")

    def test_origin_first(self) -> None:
        """
        Pages of other origins are refused before anybody is asked who they are.
        """
        usher = Usher(known)
        answer = self.house(usher).ask(get(b"/app", b"Origin: http://example.org"))
        self.assertEqual((answer[0], usher.asked), ("403 Forbidden", []))

    def test_preflight(self) -> None:
        """
        A browser's question before a request carries no credentials, and is answered without.
        """
        usher = Usher(known)
        asks = b"Origin: http://example.org", b"Access-Control-Request-Method: GET"
        answer = self.house(usher).ask(get(b"/app", *asks, method=b"OPTIONS"))
        self.assertEqual((answer[0], usher.asked), ("200 OK", []))

    def test_shared(self) -> None:
        """
        A page of an origin that may ask may read the challenge too.
        """
        house = self.house(Usher(known), cross_site=(CrossSite(origin="http://example.org:80"),))
        status, fields, _ = house.ask(get(b"/app", b"Origin: http://example.org"))
        self.assertEqual((status, fields["access-control-allow-origin"]), (WHO[0], "http://example.org"))

    def test_entry(self) -> None:
        """
        What a client logged in by is for the gateway alone: the entry sees who it is, and no credentials.
        """
        desk = Desk()
        answer = self.house(Usher(known), desk).ask(get(b"/desk?room=1", AUTHORIZATION))
        self.assertEqual((answer[0], desk.seen), ("200 OK", [(JOE, False, "room=1")]))

    def test_any_accept(self) -> None:
        """
        Plain requests of an accept for WebSockets are no way past the guard either, unless they go where the
        service is asked about the client.
        """
        for asks in (False, True):
            desk, usher = Desk(), Usher(known)
            self.patch(desk, "asks", asks)
            house = House()
            accept = Uri(scheme="ws", host="example.com", port=8000, path="/desk")
            house.routes.add(Route(accept, house.host, None, None, (), "Kaazing", desk, guard=usher))
            answer = house.ask(get(b"/desk/;room"))
            self.assertEqual((answer[0], len(usher.asked)), ("200 OK", 0) if asks else (WHO[0], 1))

    def test_unguarded(self) -> None:
        """
        Where nobody is asked, an Authorization field is the backend's.
        """
        desk, house = Desk(), House()
        accept = Uri(scheme="http", host="example.com", port=8000, path="/desk")
        house.routes.add(Route(accept, house.host, None, None, (), "Kaazing", desk))
        house.ask(get(b"/desk", AUTHORIZATION))
        self.assertEqual(desk.seen, [(None, True, "")])

    def test_fields(self) -> None:
        """
        What the guard wants in the answer, such as a cookie, is in it; and that no cache may keep it for
        others.
        """
        usher = Usher()
        usher.fields = COOKIE
        house = self.house(usher, Desk())
        for path in (b"/app", b"/desk"):
            fields = house.ask(get(path))[1]
            self.assertEqual((fields["set-cookie"], fields["cache-control"]), ("a=b", "private"))

    def test_caches(self) -> None:
        """
        What an entry says of caches is kept, but that they keep it for others.
        """
        for said, told in (
            (b"max-age=60", "max-age=60, private"),
            (b"public", "public, private"),
            (b"private, max-age=60", "private, max-age=60"),
            (b"No-Store", "No-Store"),
        ):
            desk = Desk()
            desk.fields = ((b"cache-control", said),)
            self.assertEqual(self.house(Usher(), desk).ask(get(b"/desk"))[1]["cache-control"], told)
            house = House()
            accept = Uri(scheme="http", host="example.com", port=8000, path="/desk")
            house.routes.add(Route(accept, house.host, None, None, (), "Kaazing", desk))
            self.assertEqual(house.ask(get(b"/desk"))[1]["cache-control"], said.decode())

    def test_later(self) -> None:
        """
        A request waits for its login, its body and the requests behind it with it; then all come in order.
        """
        for path, cut in ((b"/app", 0), (b"/desk", 0), (b"/app", 1), (b"/desk", 7)):
            judged: list[Deferred[Any]] = []

            def verdict(visit: Visit, judged: list[Deferred[Any]] = judged) -> Deferred[Any]:
                judged.append(Deferred())
                return judged[-1]

            wire = self.house(Usher(verdict), Desk()).visitor()
            one = get(path, b"Content-Length: 5", method=b"POST") + b"first"
            wire.say(one + get(path, b"Content-Length: 6", method=b"POST") + b"second", cut)
            self.assertEqual((wire.value(), len(judged), wire.producerState), (b"", 1, "paused"))
            judged[0].callback(None)
            self.assertEqual((len(answers(wire.value())), len(judged)), (1, 2))
            judged[1].callback(None)
            bodies = [body for _, _, body in answers(wire.value())]
            self.assertEqual([body.split(b" ")[-1] for body in bodies], [b"first", b"second"])
            self.assertEqual(wire.producerState, "producing")

    def test_later_refused(self) -> None:
        """
        Or the client is turned away.
        """
        judged: Deferred[Any] = Deferred()
        wire = self.house(Usher(lambda visit: judged)).visitor()
        wire.say(get(b"/app", b"Content-Length: 5", method=b"POST") + b"first")
        judged.callback(who())
        self.assertEqual((answers(wire.value()), wire.fate), ([WHO], "finished"))

    def test_later_gone(self) -> None:
        """
        A client that has gone meanwhile is nobody's any more.
        """
        for verdict in (None, who()):
            judged: Deferred[Any] = Deferred()
            usher, desk = Usher(lambda visit, judged=judged: judged), Desk()  # type: ignore[misc]
            house = self.house(usher, desk)
            wire = house.visitor()
            wire.say(get(b"/desk"))
            wire.hang_up()
            judged.callback(verdict)
            house.wait(1)
            self.assertEqual((desk.seen, house.clock.getDelayedCalls()), ([], []))

    def test_broken(self) -> None:
        """
        A guard that fails lets nobody in, and the log says why.
        """
        judged: Deferred[Any] = Deferred()
        judged.addCallback(lambda none: 1 / 0)
        failed = refused("500 Internal Server Error", "the service failed")
        self.assertEqual(self.house(Usher(lambda visit: 1 / 0)).ask(get(b"/app")), failed)
        wire = self.house(Usher(lambda visit: judged)).visitor()
        wire.say(get(b"/app"))
        judged.callback(None)
        self.assertEqual(answers(wire.value()), [failed])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)


class SocketTests(SynchronousTestCase):
    """WebSockets."""

    def test_native(self) -> None:
        """
        A challenge comes before the upgrade; credentials are not the service's.
        """
        house = House(guard=Usher(known, inside=False))
        self.assertEqual(house.ask(HANDSHAKE), WHO)
        wire = house.visitor()
        wire.say(with_fields(HANDSHAKE, AUTHORIZATION) + HELLO)
        self.assertEqual(answers(wire.value()), [SWITCH])
        (visit,) = house.host.visits
        self.assertEqual((visit.subject, "authorization" in visit.headers), (JOE, False))
        self.assertEqual(house.host.listen().heard, [b"hello"])

    def test_native_where_others_log_in_inside(self) -> None:
        """
        A challenge for the original's clients is no use to others; who comes with something gets in.
        """
        house = House(guard=Usher(known), extends=True)
        self.assertEqual(house.ask(HANDSHAKE), ONLY_INSIDE)
        self.assertEqual(house.ask(with_fields(HANDSHAKE, AUTHORIZATION)), SWITCH)

    def test_extended_outside(self) -> None:
        """
        Where the challenge is every browser's, the opening request of the extended handshake is challenged,
        and nobody is asked again inside.
        """
        usher = Usher(known, inside=False)
        house = House(guard=usher, extends=True)
        self.assertEqual(answers(bytes(Original(house, b"/chat").wire.value())), [WHO])
        client = Original(house, b"/chat", b"x-kaazing-handshake", AUTHORIZATION)
        client.say(REQUEST)
        self.assertEqual((client.heard, house.host.visits[0].subject), ([welcome()], JOE))
        self.assertEqual(len(usher.asked), 2)

    def test_extended_later(self) -> None:
        """
        That may take its time; what the client has said meanwhile is not lost.
        """
        judged: Deferred[Any] = Deferred()
        house = House(guard=Usher(lambda visit: judged, inside=False), extends=True)
        client = Original(house, b"/chat")
        self.assertEqual((client.wire.value(), client.wire.producerState), (b"", "paused"))
        judged.callback(None)
        client.say(REQUEST)
        self.assertEqual((client.heard, house.host.visits[0].subject), ([welcome()], JOE))

    def test_fields(self) -> None:
        """
        What guard and service want in the answer is in that which the client's browser, or the client, reads.
        """
        for inner in (False, True):
            usher = Usher(inside=inner)
            usher.fields = COOKIE
            house = House(guard=usher, extends=True, welcome=Welcome(fields=((b"X-Room", b"1"),)))
            switched = house.ask(HANDSHAKE)[1]
            self.assertEqual((switched["set-cookie"], switched["x-room"]), ("a=b", "1"))
            client = Original(house, b"/chat")
            client.say(REQUEST)
            more = (b"Set-Cookie: a=b", b"X-Room: 1") if inner else (b"X-Room: 1",)
            self.assertEqual(client.heard, [welcome(*more)])
            self.assertEqual(b"\r\nSet-Cookie: a=b\r\n" in client.head, not inner)

    def test_refused_inside(self) -> None:
        """
        A missing role ends the extended handshake; a challenge does not.
        """
        may_not = BadRequest(403, "you may not come in here", rule="x")
        house = House(guard=Usher(lambda visit: may_not if known(visit) is None else who()), extends=True)
        client = Original(house, b"/chat")
        client.say(REQUEST)
        challenged = inside(
            b'WWW-Authenticate: Basic realm="Demo"', b"Content-Length: 0", status=b"401 Unauthorized"
        )
        self.assertEqual(client.heard, [challenged])
        client.say((REQUEST[0], REQUEST[1][:-2] + AUTHORIZATION + b"\r\n\r\n"))
        closing = inside(b"Content-Length: 0", b"Connection: close", status=b"403 Forbidden")
        self.assertEqual(client.heard[1:], [closing, (8, b"\x03\xf0you may not come in here")])
