"""Service type http.proxy: bodies, connections and errors, both ways through a whole gateway in memory."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.config.model import ServiceConfig
from kaazing.interfaces.services import IService, IServiceType
from kaazing.services.http_proxy import HttpProxyType
from tests.running import Caller, ConnectOptions, GatewayTestCase, service, uri
from tests.services.house import NotedHouse

CHUNKED = "Transfer-Encoding: chunked"


class ProxyTestCase(GatewayTestCase):
    """A gateway that passes http://localhost:8000/app/ on to http://127.0.0.1:9000/base/."""

    def setUp(self) -> None:
        super().setUp()
        self.backs = self.backend("127.0.0.1", 9000)

    def begin(self, **more: Any) -> None:
        """Start the gateway."""
        connect = more.pop("connect", "http://127.0.0.1:9000/base/")
        self.start(service("p", "http.proxy", "http://127.0.0.1:8000/app/", connect=connect, **more))

    def ask(
        self,
        target: str = "/app/x",
        *fields: str,
        method: str = "GET",
        body: bytes = b"",
        client: Caller | None = None,
        version: str = "1.1",
    ) -> Caller:
        """Send a request; return the client."""
        client = client or Caller()
        if client.transport is None:
            self.call(client=client)
        lines = [f"{method} {target} HTTP/{version}", "Host: 127.0.0.1:8000", *fields]
        client.say("\r\n".join([*lines, "", ""]).encode() + body)
        self.network.settle()
        return client

    def answer(self, *lines: str, body: bytes = b"", back: int = -1) -> None:
        """Let the last backend called answer."""
        self.backs[back].say("\r\n".join(["HTTP/1.1 " + lines[0], *lines[1:], "", ""]).encode() + body)
        self.network.settle()

    def heard(self, who: Caller) -> bytes:
        """What somebody heard, without Date, Server and Via; it is forgotten."""
        lines = bytes(who.heard).split(b"\r\n")
        who.heard = type(who.heard)()
        return b"\r\n".join(line for line in lines if not line.startswith((b"Date: ", b"Server: ", b"Via: ")))


class TypeTests(SynchronousTestCase):
    def check(self, *accepts: str, connects: tuple[str, ...]) -> list[str]:
        """What is wrong with a service."""
        config = ServiceConfig(
            name="p",
            type="http.proxy",
            accepts=tuple(map(uri, accepts)),
            connects=tuple(map(uri, connects)),
        )
        return list(HttpProxyType().check(config))

    def test_promises(self) -> None:
        """
        The type and its services keep their promises.
        """
        verifyObject(IServiceType, HttpProxyType())
        house = NotedHouse()
        made = HttpProxyType().service(service("p", "http.proxy", connect="http://127.0.0.1:9000/"), house)
        verifyObject(IService, made)
        self.assertEqual(HttpProxyType().descriptors(made.config), (2, 0))
        self.assertEqual(house.origins, [(uri("http://127.0.0.1:9000/"), ConnectOptions())])
        self.assertIsNone(made.resource(None))

    def test_paths(self) -> None:
        """
        Accepts and the connect end with a slash; there is one connect, without a query.
        """
        slash = "must end with /, because what follows is put behind it"
        for accepts, connects, expected in (
            (("http://a/", "http://b/c/"), ("http://o/d/",), []),
            (("http://a/", "http://b/c"), ("http://o/d",), [f"the path of http://b/c {slash}", "o"]),
            (("http://a/",), ("http://o/", "http://p/"), ["a service of type http.proxy has one <connect>"]),
            (
                ("http://a/",),
                ("http://o/?q",),
                ["the <connect> has a query, but that of each request is passed on"],
            ),
        ):
            expected = [f"the path of http://o/d {slash}" if each == "o" else each for each in expected]
            self.assertEqual(self.check(*accepts, connects=connects), expected)


class RequestTests(ProxyTestCase):
    """Towards the origin."""

    def test_head(self) -> None:
        """
        Method, rest of the path and query go on as they came, Host is the origin's.
        """
        self.begin()
        client = self.ask("/app/a%20b//c;d?e=%2f", "X-Y: z", method="PURGE")
        (back,) = self.backs
        self.assertEqual(
            self.heard(back),
            b"PURGE /base/a%20b//c;d?e=%2f HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nx-y: z\r\n\r\n",
        )
        self.answer("200 OK", "Content-Length: 2", body=b"ok")
        self.assertEqual(self.heard(client), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def test_body(self) -> None:
        """
        A body is passed on as it comes, before it is whole, with its length or chunked.
        """
        self.begin()
        client = self.ask("/app/", "Content-Length: 4", method="POST", body=b"ab")
        (back,) = self.backs
        head = b"POST /base/ HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nContent-Length: 4\r\n\r\n"
        self.assertEqual(self.heard(back), head + b"ab")
        client.say(b"cd")
        self.network.settle()
        self.assertEqual(self.heard(back), b"cd")
        self.answer("204 No Content")
        self.ask("/app/", CHUNKED, method="PUT", body=b"2;x\r\nab\r\n", client=client)
        head = b"PUT /base/ HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assertEqual(self.heard(back), head + b"2\r\nab\r\n")
        client.say(b"1\r\nc\r\n0\r\nTrailer: x\r\n\r\n")
        self.network.settle()
        self.assertEqual(self.heard(back), b"1\r\nc\r\n0\r\n\r\n")
        self.answer("204 No Content")
        self.assertEqual(self.heard(client), b"HTTP/1.1 204 No Content\r\n\r\n" * 2)
        self.assertEqual(len(self.backs), 1)

    def test_leave(self) -> None:
        """
        A client that waits for leave to send its body gets the origin's; after a second the gateway's.
        """
        self.begin()
        expect = ("Expect: 100-continue", "Content-Length: 2")
        client = self.ask("/app/", *expect, method="POST")
        self.assertIn(b"\r\nexpect: 100-continue\r\n", self.backs[0].heard)
        self.assertEqual(self.heard(client), b"")
        self.answer("100 Continue")
        self.assertEqual(self.heard(client), b"HTTP/1.1 100 Continue\r\n\r\n")
        client.say(b"ab")
        self.network.settle()
        self.assertTrue(self.backs[0].heard.endswith(b"\r\n\r\nab"))
        self.answer("204 No Content")
        self.heard(client)
        self.ask("/app/", *expect, method="POST", client=client)
        self.network.wait(2)
        self.assertEqual(self.heard(client), b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_refused_without_leave(self) -> None:
        """
        An origin that refuses a body before it is sent spares the client sending it.
        """
        self.begin()
        client = self.ask("/app/", "Expect: 100-continue", "Content-Length: 2", method="POST")
        self.answer("413 Content Too Large", "Content-Length: 0")
        expected = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self.assertEqual((self.heard(client), client.told), (expected, True))
        self.assertIsNotNone(self.backs[0].ended)

    def test_slow_origin(self) -> None:
        """
        While the origin takes nothing, nothing more is read from the client.
        """
        self.begin()
        self.ask("/app/", "Content-Length: 100", method="POST", body=b"x")
        wire = self.network.cables[0].left
        back = self.network.cables[1].right
        back.overflow()
        self.assertEqual(wire.producerState, "paused")
        back.drain()
        self.assertEqual(wire.producerState, "producing")

    def test_client_gone(self) -> None:
        """
        A client that goes away takes its request along.
        """
        self.begin()
        client = self.ask()
        client.hang_up()
        self.network.settle()
        self.assertIsNotNone(self.backs[0].ended)


class ResponseTests(ProxyTestCase):
    """Towards the client."""

    def reply(self, *lines: str, body: bytes = b"", method: str = "GET", version: str = "1.1") -> bytes:
        """What a client gets of a response."""
        client = self.ask(method=method, version=version)
        self.answer(*lines, body=body)
        return self.heard(client)

    def test_framings(self) -> None:
        """
        A response has its length, is chunked, or ends with the connection; the client gets the body alike.
        """
        self.begin()
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        self.assertEqual(
            self.reply("200 OK", "Content-Length: 5", body=b"hello"),
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        )
        in_chunks = b"5;x\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"
        self.assertEqual(self.reply("200 OK", CHUNKED, body=in_chunks), chunked)
        client = self.ask()
        self.answer("200 OK", body=b"hel")
        self.assertEqual(self.heard(client), chunked[:-15] + b"3\r\nhel\r\n")
        self.backs[-1].say(b"lo")
        self.backs[-1].hang_up()
        self.network.settle()
        self.assertEqual(self.heard(client), b"2\r\nlo\r\n0\r\n\r\n")
        self.assertFalse(client.told)

    def test_no_body(self) -> None:
        """
        The response to HEAD, and 204 and 304, have no body; the length of HEAD is passed on.
        """
        self.begin()
        self.assertEqual(
            self.reply("200 OK", "Content-Length: 1000", method="HEAD"),
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        )
        self.assertEqual(
            self.reply("304 Not Modified", "ETag: x", "Content-Length: 5"),
            b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
        )
        self.assertEqual(self.reply("204 No Content"), b"HTTP/1.1 204 No Content\r\n\r\n")
        self.assertEqual(len(self.backs), 1)

    def test_old_client(self) -> None:
        """
        An HTTP/1.0 client gets no chunks and no informational responses, and the connection ends.
        """
        self.begin()
        client = self.ask(version="1.0")
        self.answer("103 Early Hints", "Link: </x>")
        self.answer("200 OK", CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n")
        self.assertEqual(self.heard(client), b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
        self.assertTrue(client.told)

    def test_informed(self) -> None:
        """
        Informational responses pass before the response.
        """
        self.begin()
        client = self.ask()
        self.answer("103 Early Hints", "Link: </x>")
        self.assertEqual(self.heard(client), b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        self.answer("401 Unauthorized", "WWW-Authenticate: Basic", "Content-Length: 0")
        expected = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
        self.assertEqual(self.heard(client), expected)

    def test_slow_client(self) -> None:
        """
        While the client takes nothing, nothing more is read from the origin.
        """
        self.begin()
        self.ask()
        self.answer("200 OK", "Content-Length: 1000", body=b"x")
        front, back = self.network.cables[0].left, self.network.cables[1].right
        front.overflow()
        self.assertEqual(back.producerState, "paused")
        front.drain()
        self.assertEqual(back.producerState, "producing")

    def test_before_the_body(self) -> None:
        """
        A response that comes before the request's body is whole reaches the client, which goes on sending.
        """
        self.begin()
        client = self.ask("/app/", "Content-Length: 4", method="POST", body=b"ab")
        self.answer("200 OK", CHUNKED, body=b"1\r\nx\r\n")
        client.say(b"cd")
        self.network.settle()
        self.assertTrue(self.backs[0].heard.endswith(b"\r\n\r\nabcd"))
        self.backs[0].say(b"0\r\n\r\n")
        self.network.settle()
        self.assertTrue(self.heard(client).endswith(b"1\r\nx\r\n0\r\n\r\n"))
        self.assertFalse(client.told)

    def test_any_cut(self) -> None:
        """
        However a response is cut, the client gets the same.
        """
        self.begin()
        stream = (
            b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nC: d\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )
        expected = b"HTTP/1.1 103 Early Hints\nA: b\n\nHTTP/1.1 200 OK\nC: d\nTransfer-Encoding: "
        for cut in range(1, len(stream)):
            client = self.ask()
            for piece in (stream[:cut], stream[cut:]):
                self.backs[-1].say(piece)
                self.network.settle()
            pieces = self.heard(client).replace(b"\r\n", b"\n").partition(b"chunked\n\n")
            self.assertEqual(pieces[0], expected, cut)
            self.assertIn(pieces[2].replace(b"\n", b""), {b"3abc0", b"1a2bc0", b"2ab1c0"}, cut)
