"""Connections to an origin: which are kept, and which are replaced."""

from __future__ import annotations

from typing import Any

from kaazing.interfaces.origins import Request
from tests.transports.asking import ANSWERED, GET, OK, Ask, OriginTestCase

LOST = "http://127.0.0.1:9000/: closed the connection without a response"


class PoolTests(OriginTestCase):
    """Connections that are kept."""

    def test_kept(self) -> None:
        """
        A connection serves one request after the other.
        """
        for _ in range(3):
            self.assertEqual(self.served(), ANSWERED)
        self.assertEqual(len(self.backs), 1)

    def test_not_kept(self) -> None:
        """
        A connection is not kept where the origin ends it, where its response ends with it, where it
        says more than was asked, or where the file forbids it.
        """
        close = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        for answer in (close, OK.replace(b"1.1", b"1.0"), OK + b"more"):
            self.setUp()
            self.assertEqual(self.served(answer=answer), ANSWERED)
            self.assertIsNotNone(self.backs[0].ended)
            self.assertEqual(self.served(), ANSWERED)
            self.assertEqual(len(self.backs), 2)
        self.origin = self.at("http://127.0.0.1:9000/", http_keepalive=False)
        self.assertEqual(self.served(), ANSWERED)
        self.assertEqual(self.backs[-1].fields["connection"], "close")
        self.assertIsNotNone(self.backs[-1].ended)

    def test_most(self) -> None:
        """
        So many idle connections are kept as the file says, those used last.
        """
        asks = [self.ask() for _ in range(4)]
        for index in range(4):
            self.say(OK, index)
        self.assertEqual([ask.heard for ask, _ in asks], [ANSWERED] * 4)
        self.assertEqual([back.ended is None for back in self.backs], [False, False, True, True])

    def test_timeout(self) -> None:
        """
        An idle connection is closed after its time, which begins anew with each request.
        """
        for _ in range(2):
            self.served()
            self.network.wait(29)
        self.assertEqual(len(self.backs), 1)
        self.assertIsNone(self.backs[0].ended)
        self.network.wait(2)
        self.assertIsNotNone(self.backs[0].ended)

    def test_timeout_of_the_origin(self) -> None:
        """
        Where the origin says how long it keeps a connection, it is given up a second before.
        """
        for said, seconds in (
            (b"timeout=5", 4),
            (b"max=7, Timeout = 10", 9),
            (b"timeout=60", 30),
            (b"x", 30),
        ):
            self.setUp()
            self.served(answer=OK.replace(b"\r\n\r\n", b"\r\nKeep-Alive: " + said + b"\r\n\r\n"))
            self.network.wait(seconds - 0.5)
            self.assertIsNone(self.backs[0].ended, said)
            self.network.wait(1.5)
            self.assertIsNotNone(self.backs[0].ended, said)
        self.setUp()
        self.served(answer=OK.replace(b"\r\n\r\n", b"\r\nKeep-Alive: timeout=1\r\n\r\n"))
        self.assertIsNotNone(self.backs[0].ended)

    def test_ended_while_idle(self) -> None:
        """
        An idle connection that the origin ends, or says anything on, is not used any more.
        """
        for end in (lambda back: back.hang_up(), lambda back: back.say(b"HTTP/1.1 408 Late\r\n\r\n")):
            self.setUp()
            self.served()
            end(self.backs[0])
            self.network.settle()
            self.assertIsNotNone(self.backs[0].ended)
            self.assertEqual(self.served(), ANSWERED)
            self.assertEqual(len(self.backs), 2)

    def test_closed(self) -> None:
        """
        When the service stops, idle connections are closed, and those in use when they are done.
        """
        self.served()
        first, _ = self.ask()
        second, _ = self.ask()
        self.say(OK)
        self.origin.close()
        self.network.settle()
        self.assertEqual([back.ended is None for back in self.backs], [True, False])
        self.say(OK, 0)
        self.assertEqual([first.heard, second.heard], [ANSWERED, ANSWERED])
        self.assertIsNotNone(self.backs[0].ended)

    def test_nobody_waits(self) -> None:
        """
        A connection that comes about when nobody waits for it any more is kept for the next.
        """
        ask, question = Ask(), self.origin.question(GET, Ask())
        question.start()
        question.abort()
        self.network.settle()
        self.assertEqual((ask.heard, self.backs[0].heard), ([], b""))
        self.assertEqual(self.served(), ANSWERED)
        self.assertEqual(len(self.backs), 1)


class RetryTests(OriginTestCase):
    """A kept connection that the origin has given up meanwhile."""

    def again(self, request: Request, word: bytes = b"") -> tuple[list[Any], int]:
        """Ask over a kept connection, which the origin ends; what is heard, and how many it had."""
        self.setUp()
        self.served()
        ask, question = self.ask(request)
        if request.length:
            question.write(b"x")
        if word:
            self.say(word)
        self.backs[0].hang_up()
        self.network.settle()
        if len(self.backs) > 1:
            self.say(OK)
        return ask.heard, len(self.backs)

    def test_again(self) -> None:
        """
        A request that may be repeated is, over a new connection, and nobody notices.
        """
        for method in ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"):
            heard, connections = self.again(Request(method=method, target="/", fields=()))
            self.assertEqual((heard[0], connections), (ANSWERED[0], 2), method)

    def test_not_again(self) -> None:
        """
        It is not, where it might be done twice, where its body is gone, or where the origin has begun.
        """
        for request, word in (
            (Request(method="POST", target="/", fields=()), b""),
            (Request(method="PUT", target="/", fields=(), length=5), b""),
            (GET, b"HTTP/1.1 200"),
        ):
            heard, connections = self.again(request, word)
            self.assertEqual((heard[-1][0], connections), (502, 1), request.method)

    def test_body_not_sent(self) -> None:
        """
        Where a body is still to come, it waits until the new connection is there.
        """
        self.served()
        ask, question = self.ask(Request(method="PUT", target="/", fields=(), length=2))
        self.assertEqual(ask.heard, ["ready"])
        self.backs[0].hang_up()
        self.network.settle()
        self.assertEqual(ask.heard, ["ready", "congested", "ready"])
        question.write(b"ab")
        question.end()
        self.network.settle()
        self.assertTrue(self.backs[1].heard.endswith(b"\r\n\r\nab"))
        self.say(OK)
        self.assertEqual(ask.heard[3:], ANSWERED)

    def test_end_sent(self) -> None:
        """
        A body of nothing whose end is sent is gone too: asked again, the origin would wait for its end
        until the time for a response is over.
        """
        self.served()
        ask, question = self.ask(Request(method="PUT", target="/", fields=(), length=None))
        question.end()
        self.backs[0].hang_up()
        self.network.settle()
        self.assertEqual((ask.heard, len(self.backs)), (["ready", (502, LOST)], 1))

    def test_once(self) -> None:
        """
        A new connection that ends without a response is no reason to try again.
        """
        ask, _ = self.ask()
        self.backs[0].hang_up()
        self.network.settle()
        self.assertEqual((ask.heard, len(self.backs)), ([(502, LOST)], 1))
