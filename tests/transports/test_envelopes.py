"""Requests in envelopes through a doorman, and responses that a page cannot read otherwise."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite, Uri
from kaazing.errors import BadRequest
from kaazing.transports.envelopes import wrap
from kaazing.transports.routes import Route
from tests.transports.doors import Answer, House, answers, get

OTHER = b"X-Origin: http://example.org:80"
SITE = CrossSite(origin="http://example.org:80", methods=("GET", "POST", "PUT"), headers=("x-a",))
OUTSIDE = {
    "server": "Kaazing",
    "vary": "Origin",
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "http://example.org:80",
    "access-control-allow-credentials": "true",
}
KIND = b"Content-Type: application/x-message-http"

Serve = Callable[[Any], None]


class Porch:
    """A gateway with one emulated accept, ws://example.com:8000/chat, whose entry is a function."""

    def __init__(self, serve: Serve, *sites: CrossSite, specification: bool = False) -> None:
        self.serve_inside, self.specification = serve, specification
        self.house = House()
        accept = Uri(scheme="wse", host="example.com", port=8000, path="/chat")
        self.house.routes.add(Route(accept, self.house.host, None, None, sites or (SITE,), "Kaazing", self))

    def serve(self, exchange: Any) -> None:
        """See L{Entry}."""
        wrap(exchange, self.serve_inside, specification=self.specification)

    def ask(self, *fields: bytes, path: bytes = b"/chat/;e/x", method: bytes = b"GET") -> Answer:
        """Return the answer to a request without a body."""
        return self.house.ask(get(path, *fields, method=method))


def answering(status: int, *headers: tuple[bytes, bytes], body: bytes = b"") -> Serve:
    """A service with one answer."""
    return lambda exchange: exchange.answer(status, headers, body)


def whole(status: str, body: bytes, **fields: str) -> Answer:
    """An answer with these fields and a length."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return status, {**OUTSIDE, **named, "content-length": str(len(body))}, body


PLAIN = "text/plain;charset=UTF-8"


class ResponseTests(SynchronousTestCase):
    def test_answer(self) -> None:
        """
        A page of another origin gets status, fields and body inside a 200 of plain text.
        """
        porch = Porch(
            answering(201, (b"X-Idle-Timeout", b"60"), (b"Content-Type", b"text/plain"), body=b"hello")
        )
        self.assertEqual(
            porch.ask(OTHER),
            whole(
                "200 OK",
                b"HTTP/1.1 201 Created\r\nX-Idle-Timeout: 60\r\nContent-Type: text/plain\r\n\r\nhello",
                content_type="text/plain",
                cache_control="no-cache",
            ),
        )

    def test_own_page(self) -> None:
        """
        The bridge page says X-Origin for the gateway's own pages too, and reads envelopes only.
        """
        status, fields, body = Porch(answering(201)).ask(b"X-Origin: http://example.com:8000")
        self.assertEqual((status, body), ("200 OK", b"HTTP/1.1 201 Created\r\n\r\n"))
        self.assertNotIn("access-control-allow-origin", fields)

    def test_bare(self) -> None:
        """
        Who says no X-Origin is answered as ever.
        """
        porch = Porch(answering(201, body=b"hello"))
        self.assertEqual(
            porch.ask(),
            ("201 Created", {"server": "Kaazing", "content-length": "5"} | {"vary": "Origin"}, b"hello"),
        )

    def test_told_outside(self) -> None:
        """
        That nothing is there, or nothing new, is told outside; a redirect and a fault are inside.
        """
        for status, told in {404: "404 Not Found", 304: "304 Not Modified"}.items():
            self.assertEqual(Porch(answering(status)).ask(OTHER)[0], told)
        for status, line in {
            302: b"302 Found",
            401: b"401 Unauthorized",
            503: b"503 Service Unavailable",
        }.items():
            outer, _, body = Porch(answering(status, (b"Location", b"x"))).ask(OTHER)
            self.assertEqual((outer, body), ("200 OK", b"HTTP/1.1 " + line + b"\r\nLocation: x\r\n\r\n"))

    def test_refused(self) -> None:
        """
        What a service refuses is told inside, with its page.
        """

        def refuse(exchange: Any) -> None:
            exchange.refuse(BadRequest(400, "bad", rule="none", headers=[(b"X-Why", b"so")]))

        _, _, body = Porch(refuse).ask(OTHER)
        self.assertEqual(
            body.partition(b"<html>")[0],
            b"HTTP/1.1 400 Bad Request\r\nX-Why: so\r\nContent-Type: text/html;charset=utf-8\r\n\r\n",
        )
        self.assertIn(b"<p>bad</p>", body)

    def test_streamed(self) -> None:
        """
        A response that goes on until the connection closes begins with the inner head; one with a length
        says the length of both; one without is chunked.
        """

        def stream(length: int | None, close: bool) -> bytes:
            def serve(exchange: Any) -> None:
                exchange.begin(200, [(b"Content-Type", b"application/octet-stream")], length, close)
                exchange.write(b"abc")
                exchange.end()

            wire = Porch(serve).house.visitor()
            wire.say(get(b"/chat/;e/x", OTHER))
            body: bytes = wire.value().partition(b"\r\n\r\n")[2]
            return body

        inside = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"
        self.assertEqual(stream(None, True), inside + b"abc")
        self.assertEqual(stream(3, False), inside + b"abc")
        self.assertEqual(stream(None, False), b"3b\r\n%b\r\n3\r\nabc\r\n0\r\n\r\n" % inside)

    def test_length_of_both(self) -> None:
        """
        A length that a service says is the length of its own body.
        """

        def serve(exchange: Any) -> None:
            exchange.begin(200, [], 3)
            exchange.write(b"abc")
            exchange.end()

        self.assertEqual(Porch(serve).ask(OTHER)[2], b"HTTP/1.1 200 OK\r\n\r\nabc")

    def test_compressed(self) -> None:
        """
        In a compressed stream the inner head is compressed, as a member of its own.
        """

        def serve(exchange: Any) -> None:
            exchange.begin(200, [(b"Content-Encoding", b"gzip")], close=True)
            exchange.write(gzip.compress(b"abc"))
            exchange.end()

        wire = Porch(serve).house.visitor()
        wire.say(get(b"/chat/;e/x", OTHER))
        body = wire.value().partition(b"\r\n\r\n")[2]
        self.assertEqual(gzip.decompress(body), b"HTTP/1.1 200 OK\r\n\r\nabc")

    def test_bodiless(self) -> None:
        """
        A response that has no body has none in an envelope either, whatever is written.
        """

        def serve(exchange: Any) -> None:
            exchange.begin(204, [])
            exchange.write(b"abc")
            exchange.end()

        self.assertEqual(Porch(serve).ask(OTHER)[2], b"HTTP/1.1 204 No Content\r\n\r\n")
        self.assertEqual(Porch(answering(204, body=b"abc")).ask(OTHER)[2], b"HTTP/1.1 204 No Content\r\n\r\n")

    def test_interim(self) -> None:
        """
        An interim response goes before the envelope.
        """

        def serve(exchange: Any) -> None:
            exchange.begin(103, [(b"Link", b"</x>")])
            exchange.answer(200, [])

        wire = Porch(serve).house.visitor()
        wire.say(get(b"/chat/;e/x", OTHER))
        first, second = answers(wire.value())
        self.assertEqual(first, ("103 Early Hints", {"link": "</x>"}, b""))
        self.assertEqual(second[2], b"HTTP/1.1 200 OK\r\n\r\n")

    def test_origin(self) -> None:
        """
        A page that may not come in is told so outside: the service never hears of it.
        """
        porch = Porch(answering(200))
        self.assertEqual(porch.ask(b"X-Origin: http://evil.org:80")[0], "403 Forbidden")


class ChallengeTests(SynchronousTestCase):
    def asked(self, path: bytes, *fields: bytes, status: int = 401, specification: bool = False) -> str:
        """The outer status of an answer to a client without X-Origin."""
        porch = Porch(answering(status), specification=specification)
        return porch.ask(*fields, path=b"/chat/" + path)[0]

    def test_old_clients(self) -> None:
        """
        A client that says nothing of envelopes gets a challenge in one, or its runtime would ask for a
        password itself; everything else it gets bare.
        """
        self.assertEqual(self.asked(b";e/cbm"), "200 OK")
        self.assertEqual(self.asked(b";e/cbm?.kl=Y", b"X-Next-Protocol: wse/1.0"), "200 OK")
        self.assertEqual(self.asked(b";e/cbm?.knp=wse/1.0&.kv=10.05"), "200 OK")
        self.assertEqual(self.asked(b";e/cbm", status=201), "201 Created")
        self.assertEqual(self.asked(b";e/cbm", status=403), "403 Forbidden")

    def test_new_clients(self) -> None:
        """
        A client that says which protocol it speaks, or that it wants it plain, gets it plain.
        """
        for path in (b";e/cbm?.knp=wse/1.0", b";e/cbm?.kac=ex", b";api/get-cookies"):
            self.assertEqual(self.asked(path), "401 Unauthorized", path)
        self.assertEqual(self.asked(b";e/cbm", b"X-Next-Protocol: wse/1.0"), "401 Unauthorized")

    def test_specification(self) -> None:
        """
        By the specification three more statuses come in an envelope.
        """
        told = {
            status: self.asked(b";e/cbm", status=status, specification=True)
            for status in (201, 302, 400, 401)
        }
        self.assertEqual(set(told.values()), {"200 OK"})
        self.assertEqual(self.asked(b";e/cbm", status=503, specification=True), "503 Service Unavailable")


class MethodTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.served: list[str] = []

    def serve(self, exchange: Any) -> None:
        """See L{Entry}."""
        self.served.append(exchange.head.method)
        exchange.answer(200, [(b"X-A", b"b")], b"abc")

    def test_emulated(self) -> None:
        """
        A POST that stands for a PUT is one to the service; for HEAD, there is no body.
        """
        porch = Porch(self.serve)
        self.assertEqual(porch.ask(OTHER, path=b"/chat/;e/x?.km=P", method=b"POST")[2][-3:], b"abc")
        status, fields, body = porch.ask(path=b"/chat/;e/x?.km=H", method=b"POST")
        self.assertEqual((status, fields["x-a"], body), ("200 OK", "b", b""))
        self.assertEqual(self.served, ["PUT", "HEAD"])

    def test_not_granted(self) -> None:
        """
        A page may use no method in another's clothes that it may not use openly.
        """
        status, _, body = Porch(self.serve).ask(OTHER, path=b"/chat/;e/x?.km=D", method=b"POST")
        self.assertEqual((status, body.partition(b"\r\n")[0]), ("200 OK", b"HTTP/1.1 403 Forbidden"))
        self.assertEqual(self.served, [])

    def test_unknown(self) -> None:
        """
        A letter that stands for nothing is refused.
        """
        self.assertEqual(
            Porch(self.serve).ask(path=b"/chat/;e/x?.km=Z", method=b"POST")[0], "400 Bad Request"
        )

    def test_preflight(self) -> None:
        """
        What a page may do can be asked with a POST.
        """
        asks = b"Access-Control-Request-Method: PUT"
        _, fields, body = Porch(self.serve).ask(OTHER, asks, path=b"/chat/;e/x?.km=O", method=b"POST")
        self.assertEqual(fields["access-control-allow-methods"], "GET,POST,PUT")
        self.assertEqual(fields["access-control-allow-headers"], "x-a")
        self.assertEqual((body, self.served), (b"HTTP/1.1 200 OK\r\n\r\n", []))
