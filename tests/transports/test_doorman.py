"""What a client at the door gets for its requests, in whatever order and cut it sends them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite
from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.doorman import HEAD_TIMEOUT, LEAST_BODY, LINGER, MOST_BODY, MOST_WAITING
from kaazing.wire.heads import page
from tests.transports.doors import (
    HANDSHAKE,
    SWITCHED,
    Answer,
    House,
    Page,
    Slow,
    Wire,
    answers,
    get,
    with_fields,
)

HELLO = b"\x81\x85\0\0\0\0hello"  # a text message of a client, masked with zeros
PAGE_FIELDS = {"server": "Kaazing", "content-type": "text/html"}


def refused(status: str, what: str, **fields: str) -> Answer:
    """The answer that C{what} is refused with."""
    body = page(int(status[:3]), what)
    more = {name.replace("_", "-"): value for name, value in fields.items()}
    connection = "Upgrade, close" if "upgrade" in fields else "close"
    length = str(len(body))
    return (
        status,
        {
            "server": "Kaazing",
            **more,
            "content-type": "text/html;charset=utf-8",
            "content-length": length,
            "connection": connection,
        },
        body,
    )


def served(body: bytes, **fields: str) -> Answer:
    """The answer of a L{Page}."""
    return "200 OK", {**PAGE_FIELDS, "content-length": str(len(body)), **fields}, body


SWITCH = ("101 Switching Protocols", SWITCHED, b"")
TOO_SLOW = refused("408 Request Timeout", "no whole request in time")
UNKNOWN = refused("404 Not Found", "no service here")
ONLY_WEBSOCKET = refused(
    "426 Upgrade Required",
    "only a WebSocket is served here",
    upgrade="websocket",
    sec_websocket_version="13",
)


class RequestTests(SynchronousTestCase):
    """Plain requests."""

    def setUp(self) -> None:
        self.house = House({"/": Page(), "/app": Page()})

    def test_one(self) -> None:
        """
        A request is served by the page that its path leads to, and the connection is kept.
        """
        wire = self.house.visitor()
        wire.say(get(b"/app/x"))
        self.assertEqual(answers(wire.value()), [served(b"GET /app|x ")])
        self.assertEqual(wire.fate, "open")

    def test_any_cut(self) -> None:
        """
        However the bytes of three requests are cut, the answers are the same and in order.
        """
        stream = (
            get(b"/1")
            + get(b"/app/2", b"Content-Length: 3", method=b"POST")
            + b"two"
            + get(b"/3", b"Transfer-Encoding: chunked", method=b"PUT")
            + b"3;x=y\r\nthr\r\n2\r\nee\r\n0\r\nTrailer: x\r\n\r\n"
        )
        expected = [served(b"GET /|1 "), served(b"POST /app|2 two"), served(b"PUT /|3 three")]
        for cut in range(1, len(stream) + 1):
            wire = self.house.visitor()
            wire.say(stream, cut)
            self.assertEqual(answers(wire.value()), expected, f"cut every {cut}")

    @given(st.binary(max_size=200), st.integers(1, 40))
    def test_any_bytes(self, rubbish: bytes, cut: int) -> None:
        """
        What is sent after a good request never changes the answer to it, and never raises.
        """
        wire = self.house.visitor()
        wire.say(get(b"/1") + rubbish, cut)
        self.assertEqual(answers(wire.value())[0], served(b"GET /|1 "))

    def test_many_pipelined(self) -> None:
        """
        A thousand requests in one piece are answered one by one, without deep recursion.
        """
        wire = self.house.visitor()
        wire.say(b"".join(get(b"/%d" % number) for number in range(1000)))
        bodies = b"".join(body for _, _, body in answers(wire.value()))
        self.assertEqual(bodies, b"".join(b"GET /|%d " % number for number in range(1000)))

    def test_body_looks_like_request(self) -> None:
        """
        A body is never read as a request, whatever is in it.
        """
        inner = get(b"/inner")
        wire = self.house.visitor()
        wire.say(get(b"/1", b"Content-Length: %d" % len(inner), method=b"POST") + inner + get(b"/2"))
        self.assertEqual(answers(wire.value()), [served(b"POST /|1 " + inner), served(b"GET /|2 ")])

    def test_continue(self) -> None:
        """
        A client that waits for leave to send its body gets it.
        """
        wire = self.house.visitor()
        wire.say(get(b"/1", b"Expect: 100-continue", b"Content-Length: 2", method=b"POST"))
        self.assertEqual(answers(wire.value()), [("100 Continue", {}, b"")])
        wire.clear()
        wire.say(b"ok")
        self.assertEqual(answers(wire.value()), [served(b"POST /|1 ok")])

    def test_absolute_target(self) -> None:
        """
        A whole URI as the target means the same as its path.
        """
        request = get(b"http://example.com:8000/app/x?y")
        self.assertEqual(self.house.ask(request), served(b"GET /app|x "))

    def test_head(self) -> None:
        """
        The answer to HEAD has no body, an error's answer included.
        """
        house = House({"/app": Page()})
        for path, status in ((b"/app", b"200 OK"), (b"/nowhere", b"404 Not Found")):
            wire = house.visitor()
            wire.say(get(path, method=b"HEAD"))
            head, _, body = wire.value().partition(b"\r\n\r\n")
            self.assertEqual((head.split(b"\r\n")[0], body), (b"HTTP/1.1 " + status, b""))

    def test_date(self) -> None:
        """
        Every answer says when it was made, errors included (RFC 9110 section 6.6.1).
        """
        for path in (b"/app", b"/chat"):
            wire = House({"/app": Page()}).visitor()
            wire.say(get(path))
            self.assertRegex(wire.value(), rb"\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n")


class LastRequestTests(SynchronousTestCase):
    """The end of a kept-alive connection."""

    def test_close(self) -> None:
        """
        After a request that says close, nothing more is served (RFC 9112 section 9.6).
        """
        wire = House({"/": Page()}).visitor()
        wire.say(get(b"/1", b"Connection: close") + get(b"/2") + HANDSHAKE)
        self.assertEqual(answers(wire.value()), [served(b"GET /|1 ", connection="close")])
        self.assertEqual(wire.fate, "closed")

    def test_old_client(self) -> None:
        """
        HTTP/1.0 is answered, without Host too, and the connection closed.
        """
        wire = House({"/": Page()}).visitor()
        wire.say(b"GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n")
        (answer,) = answers(wire.value())
        self.assertEqual((answer[0], answer[2]), ("HTTP/1.0 200 OK", b"GET /|1 "))
        self.assertEqual(wire.fate, "closed")

    def test_idle(self) -> None:
        """
        A connection without a further request is closed after the keep-alive time, not before.
        """
        house = House({"/": Page()})
        wire = house.visitor()
        wire.say(get(b"/1"))
        house.wait(house.site.keepalive - 1)
        self.assertEqual(wire.fate, "open")
        house.wait(2)
        self.assertEqual(wire.fate, "finished")
        house.wait(LINGER + 1)
        self.assertEqual(wire.fate, "aborted")
        self.assertEqual(answers(wire.value()), [served(b"GET /|1 ")])

    def test_busy(self) -> None:
        """
        Each request begins the keep-alive time anew.
        """
        house = House({"/": Page()})
        wire = house.visitor()
        for number in range(5):
            wire.say(get(b"/%d" % number))
            house.wait(house.site.keepalive - 1)
        self.assertEqual(len(answers(wire.value())), 5)
        self.assertEqual(wire.fate, "open")

    def test_gone(self) -> None:
        """
        Nothing is left on the wheel of a connection that is gone, and a page hears of it.
        """
        slow = Slow()
        house = House({"/": slow})
        wire = house.visitor()
        wire.say(get(b"/1"))
        wire.hang_up()
        self.assertEqual(slow.gone, ["/1"])
        house.wait(100)
        self.assertEqual(house.clock.getDelayedCalls(), [])


class SlowTests(SynchronousTestCase):
    """Requests that come too slowly, and answers that take their time."""

    def test_slow_loris(self) -> None:
        """
        A head that trickles in gets 408 after ten seconds, however often a byte comes, and is dropped.
        """
        house = House()
        for first in (b"", b"G"):
            wire = house.visitor()
            wire.say(first)
            for byte in b"ET /a HTTP/":
                house.wait(1)
                wire.say(bytes([byte]))
            self.assertEqual(answers(wire.value()), [TOO_SLOW])
            self.assertEqual(wire.fate, "finished")
            house.wait(LINGER + 1)
            self.assertEqual(wire.fate, "aborted")

    def test_slow_second(self) -> None:
        """
        The head of a later request has ten seconds from its first byte.
        """
        house = House({"/": Page()})
        wire = house.visitor()
        wire.say(get(b"/1"))
        house.wait(20)
        wire.say(b"GET")
        house.wait(HEAD_TIMEOUT - 1)
        self.assertEqual(wire.fate, "open")
        house.wait(2)
        self.assertEqual(answers(wire.value()), [served(b"GET /|1 "), TOO_SLOW])

    def test_slow_rest(self) -> None:
        """
        A head that began while the last request was answered has ten seconds from the answer.
        """
        slow = Slow()
        house = House({"/": slow})
        wire = house.visitor()
        wire.say(get(b"/1") + b"GET")
        house.wait(60)
        slow.answer(b"")
        wire.clear()
        house.wait(HEAD_TIMEOUT + 1)
        self.assertEqual(answers(wire.value()), [TOO_SLOW])

    def test_slow_body(self) -> None:
        """
        A body may take long when it keeps coming; one that trickles or stops gets 408.
        """
        house = House({"/": Page()})
        for piece, expected in ((b"x" * LEAST_BODY, []), (b"x" * 10, [TOO_SLOW]), (b"", [TOO_SLOW])):
            wire = house.visitor()
            wire.say(get(b"/", b"Content-Length: 100000", method=b"POST"))
            for _ in range(40):
                house.wait(1)
                if wire.fate == "open" and piece:
                    wire.say(piece)
            self.assertEqual(answers(wire.value()), expected, piece[:1])

    def test_slow_page(self) -> None:
        """
        A page may take as long as it wants; requests that come meanwhile are answered after it.
        """
        slow = Slow()
        house = House({"/slow": slow, "/": Page()})
        wire = house.visitor()
        wire.say(get(b"/slow") + get(b"/2"))
        house.wait(600)
        self.assertEqual((wire.value(), wire.fate), (b"", "open"))
        slow.answer(b"at last")
        self.assertEqual([body for _, _, body in answers(wire.value())], [b"at last", b"GET /|2 "])

    def test_waiting_is_bounded(self) -> None:
        """
        While a page takes its time, no more than a bounded part of later requests is read.
        """
        slow = Slow()
        wire = House({"/slow": slow, "/": Page()}).visitor()
        wire.say(get(b"/slow"))
        later = get(b"/2", b"X: " + b"x" * 8000)
        for _ in range(MOST_WAITING // len(later)):
            wire.say(later)
        self.assertEqual(wire.producerState, "producing")
        wire.say(later)
        self.assertEqual(wire.producerState, "paused")
        slow.answer(b"")
        self.assertEqual(wire.producerState, "producing")

    def test_answers_are_bounded(self) -> None:
        """
        A client that does not take its answers gets no further ones, until it does.
        """
        wire = House({"/": Page()}).visitor()
        wire.say(get(b"/1"))
        wire.overflow()
        wire.say(get(b"/2") + get(b"/3"))
        self.assertEqual(answers(wire.value()), [served(b"GET /|1 ")])
        wire.drain()
        self.assertEqual(
            answers(wire.value()), [served(b"GET /|1 "), served(b"GET /|2 "), served(b"GET /|3 ")]
        )

    def test_slow_reader(self) -> None:
        """
        A client that is still taking its answer is not idle.
        """
        house = House({"/": Page()})
        wire = house.visitor()
        wire.say(get(b"/1"))
        wire.overflow()
        house.wait(300)
        self.assertEqual(wire.fate, "open")
        wire.drain()
        house.wait(60)
        self.assertEqual(wire.fate, "aborted")


class RefusalTests(SynchronousTestCase):
    """Requests that no service sees."""

    def check(self, request: bytes, expected: Answer, house: House | None = None) -> None:
        """See that C{request} is answered as C{expected}, in whatever cut, and the connection is closed."""
        for cut in (0, 1):
            wire = (house or House({"/app": Page()})).visitor()
            wire.say(request + get(b"/app"), cut)
            self.assertEqual(answers(wire.value()), [expected])
            self.assertEqual(wire.fate, "finished")

    def test_ambiguous_head(self) -> None:
        """
        A head that two parsers could read differently is refused.
        """
        for fields, what in (
            ((b"Content-Length: 1", b"Content-Length: 2"), "content-length more than once"),
            (
                (b"Content-Length: 1", b"Transfer-Encoding: chunked"),
                "Transfer-Encoding together with Content-Length or HTTP/1.0",
            ),
            ((b"X : y",), "blank before the colon of a header field"),
            ((b" folded",), "folded header field"),
        ):
            self.check(get(b"/app", *fields), refused("400 Bad Request", what))

    def test_no_http(self) -> None:
        """
        Something that is no HTTP is refused at its first byte.
        """
        wire = House().visitor()
        wire.say(b"\x16")
        self.assertEqual(answers(wire.value()), [refused("400 Bad Request", "not an HTTP request")])

    def test_long_head(self) -> None:
        """
        A head without end is refused at its limit.
        """
        wire = House().visitor()
        wire.say(get(b"/app")[:-2] + b"X: " + b"x" * 20_000, 1000)
        expected = refused("431 Request Header Fields Too Large", "head of more than 16384 bytes")
        self.assertEqual(answers(wire.value()), [expected])

    def test_no_route(self) -> None:
        """
        A path, a host or a port that no accept has is 404; so is a WebSocket where none is served.
        """
        self.check(get(b"/"), UNKNOWN)
        self.check(get(b"/app", host=b"example.org:8000"), UNKNOWN)
        self.check(get(b"/app", host=b"example.com"), UNKNOWN)
        self.check(HANDSHAKE.replace(b"/chat", b"/app"), UNKNOWN)
        self.check(HANDSHAKE.replace(b"/chat", b"/chat/x"), UNKNOWN)

    def test_websocket_only(self) -> None:
        """
        A plain request where only a WebSocket is served is told so.
        """
        self.check(get(b"/chat"), ONLY_WEBSOCKET)

    def test_bad_handshake(self) -> None:
        """
        What is wrong with a handshake decides the status (RFC 6455 section 4.2).
        """
        self.check(
            HANDSHAKE.replace(b"GET", b"POST"),
            refused("405 Method Not Allowed", "a WebSocket begins with GET", allow="GET"),
        )
        self.check(
            HANDSHAKE.replace(b"Version: 13", b"Version: 8"),
            refused(
                "426 Upgrade Required",
                "a WebSocket version other than 13",
                upgrade="websocket",
                sec_websocket_version="13",
            ),
        )
        self.check(
            HANDSHAKE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"),
            refused("400 Bad Request", "Sec-WebSocket-Key that is not 16 bytes in base64"),
        )

    def test_after_others(self) -> None:
        """
        A bad request behind good ones gets its refusal after their answers, and ends the connection.
        """
        slow = Slow()
        house = House({"/": slow})
        wire = house.visitor()
        wire.say(get(b"/1") + b"GET /2 HTTP/1.1\r\nbad\r\n\r\n" + get(b"/3"))
        self.assertEqual((wire.value(), wire.fate), (b"", "open"))
        slow.answer(b"one")
        first, second = answers(wire.value())
        self.assertEqual(first[2], b"one")
        self.assertEqual(second, refused("400 Bad Request", "header field without a colon"))
        self.assertEqual((slow.waiting, wire.fate), ([], "finished"))

    def test_bad_chunk(self) -> None:
        """
        A body whose end two parsers could see in different places is refused; the page never sees it.
        """
        request = get(b"/app", b"Transfer-Encoding: chunked", method=b"POST") + b"0x1\r\nx\r\n"
        self.check(request, refused("400 Bad Request", "chunk size that cannot be read"))

    def test_long_body(self) -> None:
        """
        A body over the limit is refused, at once where its length is said and otherwise at the limit.
        """
        expected = refused("413 Content Too Large", f"body of more than {MOST_BODY} bytes")
        self.check(get(b"/app", b"Content-Length: %d" % (MOST_BODY + 1), method=b"POST"), expected)
        wire = House({"/": Page()}).visitor()
        wire.say(get(b"/", b"Transfer-Encoding: chunked", method=b"POST"))
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        for _ in range(MOST_BODY // len(chunk)):
            wire.say(chunk)
        self.assertEqual((wire.value(), wire.fate), (b"", "open"))
        wire.say(chunk * 2)
        self.assertEqual(answers(wire.value()), [expected])

    def test_no_more_is_read(self) -> None:
        """
        What comes after a refusal is thrown away, and the refusal is followed by FIN, not by a reset.
        """
        house = House({"/": Page()})
        wire = house.visitor()
        wire.say(b"bad\r\n\r\n")
        before = wire.value()
        wire.say(get(b"/1") * 100)
        self.assertEqual((wire.value(), wire.fate), (before, "finished"))
        self.assertEqual(wire.producerState, "producing")
        house.wait(LINGER + 1)
        self.assertEqual(wire.fate, "aborted")


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
