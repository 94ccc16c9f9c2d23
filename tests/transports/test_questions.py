"""Asking an origin: what is promised, what goes wrong, and how long is waited."""

from __future__ import annotations

from zope.interface.verify import verifyObject

from kaazing.interfaces.channels import IReceiver
from kaazing.interfaces.origins import IOrigin, IQuestion, Request
from kaazing.transports.questions import MAX_HEAD, MOST_INTERIM
from tests.transports.asking import OK, OriginTestCase
from tests.transports.doors import Ear


class PromiseTests(OriginTestCase):
    def test_promises(self) -> None:
        """
        Origins and questions are what services expect.
        """
        verifyObject(IOrigin, self.origin)
        _, question = self.ask()
        verifyObject(IQuestion, question)
        verifyObject(IReceiver, question)

    def test_host(self) -> None:
        """
        Host is as in the URI, without the scheme's own port.
        """
        cases = {
            "http://example.com/": b"example.com",
            "http://example.com:443/": b"example.com:443",
            "https://example.com:443/": b"example.com",
            "http://[::1]:8000/": b"[::1]:8000",
        }
        self.assertEqual({each: self.at(each).host for each in cases}, cases)


class FaultTests(OriginTestCase):
    """What goes wrong."""

    def test_unreachable(self) -> None:
        """
        Nobody listening, and nobody answering in time, are 504.
        """
        ask, _ = self.ask(origin=self.at("http://127.0.0.1:9001/"))
        self.assertEqual(ask.heard, [(504, "http://127.0.0.1:9001/: Connection refused")])
        self.network.silent.add(("127.0.0.1", 9000))
        ask, _ = self.ask()
        self.network.wait(11)
        why = "http://127.0.0.1:9000/: no answer within the connect timeout"
        self.assertEqual(ask.heard, [(504, why)])

    def test_no_http(self) -> None:
        """
        What is no response is 502, and ends the connection; so is one whose head has no end.
        """
        for answer in (
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: " + b"x" * MAX_HEAD,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        ):
            self.setUp()
            ask, _ = self.ask()
            self.say(answer)
            self.assertEqual([each[0] for each in ask.heard], [502], answer[:40])
            self.assertIsNotNone(self.backs[0].ended)

    def test_never_final(self) -> None:
        """
        An origin that says again and again that it is still at work is given up at the 101st time, or
        a client would hear of it for ever.
        """
        ask, _ = self.ask()
        for _ in range(MOST_INTERIM):
            self.say(b"HTTP/1.1 102 Processing\r\n\r\n")
        self.assertEqual(ask.heard, [("informed", 102)] * MOST_INTERIM)
        self.say(b"HTTP/1.1 102 Processing\r\n\r\n")
        because = f"http://127.0.0.1:9000/: more than {MOST_INTERIM} responses of status 1xx"
        self.assertEqual(ask.heard[MOST_INTERIM:], [(502, because)])
        self.assertIsNotNone(self.backs[0].ended)

    def test_cut_off(self) -> None:
        """
        A response that ends too early is told so after what came of it.
        """
        for answer, piece in (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", 5),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", None),
        ):
            self.setUp()
            ask, _ = self.ask()
            self.say(answer)
            self.backs[0].hang_up()
            self.network.settle()
            self.assertEqual(ask.heard[:2], [("answered", 200, piece), b"hel"])
            self.assertEqual(ask.heard[2][0], 502)

    def test_reset(self) -> None:
        """
        A connection that breaks is 502, also where the response would have ended with it.
        """
        for answer in (b"", b"HTTP/1.1 200 OK\r\n\r\nhel"):
            self.setUp()
            ask, _ = self.ask()
            self.say(answer)
            self.network.cables[0].left.abortConnection()
            self.network.settle()
            self.assertEqual(ask.heard[-1][0], 502)

    def test_cannot_be_sent(self) -> None:
        """
        A request that HTTP/1.1 cannot carry is refused before a byte is sent.
        """
        ask, _ = self.ask(Request(method="GET", target="/", fields=((b"a b", b"c"),)))
        self.assertEqual((ask.heard[0][0], self.backs[0].heard), (400, b""))

    def test_silence(self) -> None:
        """
        An origin has its time for a response, from when it was last sent something; then it is 504.
        """
        request = Request(method="PUT", target="/", fields=(), length=2, patience=60.0)
        ask, question = self.ask(request)
        for piece in (b"a", b"b"):
            self.network.wait(59)
            question.write(piece)
        question.end()
        self.network.wait(59)
        self.assertEqual(ask.heard, ["ready"])
        self.network.wait(2)
        self.assertEqual(ask.heard[1:], [(504, "http://127.0.0.1:9000/: no response in 60 s")])
        self.assertIsNotNone(self.backs[0].ended)

    def test_patience(self) -> None:
        """
        A response that has begun may take as long as it likes; where no time is set, so may its beginning.
        """
        for patience, wait in ((60.0, 0), (0.0, 1000)):
            self.setUp()
            ask, _ = self.ask(Request(method="GET", target="/", fields=(), patience=patience))
            self.network.wait(wait)
            self.say(OK[:-1])
            self.network.wait(1000)
            self.say(OK[-1:])
            self.assertEqual(ask.heard[-2:], [b"k", "ended"])

    def test_too_late(self) -> None:
        """
        When all is over, nothing that is still done reaches the connection, which may be another's.
        """
        _, question = self.ask()
        self.say(OK)
        before = self.backs[0].heard
        for late in (
            lambda: question.write(b"x"),
            question.end,
            question.hold,
            question.resume,
            question.abort,
        ):
            late()
        self.network.settle()
        self.assertEqual((self.backs[0].heard, self.backs[0].ended), (before, None))

    def test_abort(self) -> None:
        """
        A question that nobody is interested in any more ends its connection.
        """
        ask, question = self.ask()
        question.abort()
        self.network.settle()
        self.assertIsNotNone(self.backs[0].ended)
        self.assertEqual(ask.heard, [])


class SwitchTests(OriginTestCase):
    def test_switch(self) -> None:
        """
        A connection that switches is given away held, with what came behind the switch.
        """
        ask, _ = self.ask(Request(method="GET", target="/", fields=(), upgrade="websocket", patience=60.0))
        self.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nearly")
        self.say(b"more")
        self.network.wait(100)
        self.assertEqual(ask.heard, ["switched"])
        ear = Ear()
        ask.channel.receiver = ear
        ask.channel.resume()
        self.network.settle()
        ask.channel.send(b"hello", 2)
        self.network.settle()
        self.assertEqual(ear.heard, [b"early", b"more"])
        self.assertTrue(self.backs[0].heard.endswith(b"\r\n\r\nhello"))
