"""What an exchange's answer looks like on the wire, and what becomes of the connection."""

from __future__ import annotations

from typing import Any

from kaazing.errors import BadRequest
from kaazing.transports.doorstep import LINGER
from kaazing.transports.exchange import Exchange
from kaazing.wire.heads import page
from tests.transports.desks import FIELDS, PLAIN, Call, Desk, DeskTestCase
from tests.transports.doors import answers, get


class AnswerTests(DeskTestCase):
    """The response."""

    def check(self, answer: Call, expected: bytes, fate: str = "open", *fields: bytes, **more: Any) -> None:
        """See what an answer looks like on the wire, and what becomes of the connection."""
        self.open(Desk())
        answer(self.ask(*fields, **more).exchange)
        self.assertEqual((self.said(), self.wire.fate), (expected, fate))

    def test_whole(self) -> None:
        """
        A whole answer has its length; the next request is served.
        """
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: Kaazing\r\nContent-Length: 2\r\n\r\n"
        self.check(lambda exchange: exchange.answer(200, PLAIN, b"ok"), head + b"ok")
        self.check(lambda exchange: exchange.answer(200, PLAIN, b"ok"), head, method=b"HEAD")
        self.check(
            lambda exchange: exchange.answer(204, ()), b"HTTP/1.1 204 No Content\r\nServer: Kaazing\r\n\r\n"
        )

    def test_length(self) -> None:
        """
        An answer whose length is known is streamed as it is.
        """

        def stream(exchange: Exchange) -> None:
            exchange.begin(200, PLAIN, 4)
            for piece in (b"ab", b"", b"cd"):
                exchange.write(piece)
            exchange.end()
            exchange.end()

        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nServer: Kaazing\r\n\r\n"
        head = head.replace(b"Content-Length: 4\r\nServer: Kaazing", b"Server: Kaazing\r\nContent-Length: 4")
        self.check(stream, head + b"abcd")
        self.check(stream, head, method=b"HEAD")

    def test_chunked(self) -> None:
        """
        An answer of unknown length is chunked; for HTTP/1.0, and where wished, it ends with the connection.
        """

        def stream(exchange: Exchange, close: bool = False) -> None:
            exchange.begin(200, (), close=close)
            exchange.write(b"hello, world!!!!!")
            exchange.end()

        start = b"HTTP/1.1 200 OK\r\nServer: Kaazing\r\n"
        chunked = start + b"Transfer-Encoding: chunked\r\n"
        body = b"\r\n11\r\nhello, world!!!!!\r\n0\r\n\r\n"
        ends = start + b"Connection: close\r\n\r\nhello, world!!!!!"
        self.check(stream, chunked + body)
        self.check(stream, chunked + b"\r\n", method=b"HEAD")
        self.check(stream, chunked + b"Connection: close\r\n" + body, "finished", b"Connection: close")
        self.check(lambda exchange: stream(exchange, True), ends, "finished")
        self.open(Desk())
        self.wire.say(get(b"/desk").replace(b"1.1", b"1.0"))
        stream(self.desk.taken[0].exchange)
        self.assertEqual((self.said(), self.wire.fate), (ends, "finished"))

    def test_bodiless(self) -> None:
        """
        204 and 304 have no body, whatever is written.
        """
        for status, line in ((204, b"204 No Content"), (304, b"304 Not Modified")):

            def stream(exchange: Exchange, status: int = status) -> None:
                exchange.begin(status, (), 5)
                exchange.write(b"never")
                exchange.end()

            self.check(stream, b"HTTP/1.1 %b\r\nServer: Kaazing\r\n\r\n" % line)

    def test_informed(self) -> None:
        """
        Informational responses go before the answer, but not to HTTP/1.0, which knows none.
        """
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

        def inform(exchange: Exchange) -> None:
            exchange.begin(103, ((b"Link", b"</x>"),))
            self.assertFalse(exchange.begun)

        self.check(inform, hints)
        self.open(Desk(at_once=inform))
        self.wire.say(get(b"/desk").replace(b"1.1", b"1.0"))
        self.assertEqual(self.wire.value(), b"")

    def test_own_fields(self) -> None:
        """
        The Date and Server of a backend stand in place of the gateway's.
        """
        own = ((b"server", b"origin"), (b"date", b"then"))
        self.check(
            lambda exchange: exchange.answer(200, own),
            b"HTTP/1.1 200 OK\r\nserver: origin\r\ndate: then\r\nContent-Length: 0\r\n\r\n",
        )

    def test_early(self) -> None:
        """
        An answer before the body is whole ends the connection: the rest of the body is no request.
        """
        notes = self.ask(b"Content-Length: 5", body=b"he")
        notes.exchange.answer(200, PLAIN, b"ok")
        self.wire.say(b"llo" + get(b"/app"))
        fields = {**FIELDS, "content-length": "2", "connection": "close"}
        self.assertEqual(answers(self.wire.value()), [("200 OK", fields, b"ok")])
        self.assertEqual((notes.heard, self.wire.fate), ([b"he"], "finished"))
        self.house.wait(LINGER + 1)
        self.assertEqual(self.wire.fate, "aborted")

    def test_early_stream(self) -> None:
        """
        An answer that begins while nobody wants the rest of the body says that the connection ends.
        """
        notes = self.ask(b"Content-Length: 5", body=b"he")
        notes.exchange.hold()
        notes.exchange.begin(413, (), 0)
        notes.exchange.end()
        fields = {"server": "Kaazing", "content-length": "0", "connection": "close"}
        self.assertEqual(answers(self.wire.value()), [("413 Content Too Large", fields, b"")])
        self.assertEqual(self.wire.fate, "finished")

    def test_refused(self) -> None:
        """
        A service refuses with a page and the connection goes on; in the middle of an answer it is cut.
        """
        why = BadRequest(404, "nothing is here", rule="none")
        body = page(404, "nothing is here")
        fields = {
            "content-type": "text/html;charset=utf-8",
            "server": "Kaazing",
            "content-length": str(len(body)),
        }

        def refuse(exchange: Exchange) -> None:
            raise why

        self.open(Desk(at_once=refuse))
        self.ask(method=b"GET")
        self.assertEqual(answers(self.wire.value()), [("404 Not Found", fields, body)])
        self.assertEqual(self.wire.fate, "open")
        self.open(Desk())
        exchange = self.ask(method=b"GET").exchange
        exchange.begin(200, ())
        exchange.refuse(why)
        self.assertEqual(self.wire.fate, "aborted")

    def test_failed(self) -> None:
        """
        A service that fails is 500, without a word of why.
        """

        def fail(exchange: Exchange) -> None:
            raise ZeroDivisionError("secret")

        self.open(Desk(at_once=fail))
        self.ask(method=b"GET")
        (answer,) = answers(self.wire.value())
        self.assertEqual(
            (answer[0], answer[2]), ("500 Internal Server Error", page(500, "the service failed"))
        )
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_too_late(self) -> None:
        """
        What is done with an exchange that is over does not reach the next one.
        """
        first = self.ask(method=b"GET").exchange
        first.answer(200, PLAIN, b"ok")
        before = self.wire.value()
        second = self.ask(method=b"GET").exchange
        for late in (
            lambda: first.begin(500, ()),
            lambda: first.write(b"late"),
            first.end,
            lambda: first.answer(500, ()),
            first.hold,
            first.resume,
            first.abort,
        ):
            late()
        self.assertEqual((self.wire.value(), self.wire.fate, second.open), (before, "open", True))
