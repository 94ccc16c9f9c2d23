"""What a client at the door gets for its requests, in whatever order and cut it sends them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import Uri
from kaazing.transports.doorman import MOST_BODY
from kaazing.transports.doorstep import LINGER
from kaazing.transports.handshakes import ServerFactory
from kaazing.transports.routes import Route
from tests.transports.doors import (
    HANDSHAKE,
    ONLY_WEBSOCKET,
    UNKNOWN,
    Answer,
    House,
    Page,
    Slow,
    answers,
    get,
    refused,
    served,
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

    def test_of_the_whole(self) -> None:
        """
        OPTIONS * is answered by the gateway, in its name, and the connection is kept.
        """
        wire = self.house.visitor()
        wire.say(get(b"*", method=b"OPTIONS") + get(b"/app/x"))
        empty = ("200 OK", {"server": "Kaazing", "content-length": "0"}, b"")
        self.assertEqual(answers(wire.value()), [empty, served(b"GET /app|x ")])

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

    def test_bridge_page(self) -> None:
        """
        The bridge page is served also where its path is that of a WebSocket.
        """

        class Entry:
            def serve(self, exchange: Any) -> None:
                exchange.answer(200, (), exchange.rest.encode())

        house = House()
        sockets = ServerFactory(house.wheel, max_message=0, inactivity=0.0)
        root = Uri(scheme="ws", host="example.com", port=8000, path="/")
        house.routes.add(Route(root, house.host, sockets, None, (), entry=Entry()))
        status, _, body = house.ask(get(b"/?.kr=xs"))
        self.assertEqual((status, body), ("200 OK", b";resource/xs"))
        self.assertEqual(house.ask(get(b"/"))[0], "426 Upgrade Required")

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
