"""One request and its answer, streamed both ways, between others on the same connection."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from kaazing.interfaces.channels import IChannel
from kaazing.transports.doorman import MOST_WAITING
from kaazing.transports.doorstep import HEAD_TIMEOUT
from kaazing.transports.exchange import Exchange
from kaazing.transports.intake import LEAST_BODY
from tests.transports.desks import CHUNKED, GONE, PLAIN, Desk, DeskTestCase, Echo, Notes
from tests.transports.doors import TOO_SLOW, Ear, answers, get, refused


class BodyTests(DeskTestCase):
    """The body of a request."""

    def test_any_cut(self) -> None:
        """
        However requests are cut, each body comes whole and is answered in its turn, twisted.web's too.
        """
        stream = (
            get(b"/desk/1", b"Content-Length: 3", method=b"POST")
            + b"one"
            + get(b"/app/2", b"Content-Length: 3", method=b"POST")
            + b"two"
            + get(b"/desk/3", CHUNKED, method=b"POST")
            + b"2;x\r\nth\r\n3\r\nree\r\n0\r\nTrailer: x\r\n\r\n"
            + get(b"/desk/4")
            + get(b"/app/5")
            + get(b"/desk/6")
        )
        expected = [b"1|one", b"POST /app|2 two", b"3|three", b"4|", b"GET /app|5 ", b"6|"]
        for cut in range(1, len(stream) + 1):
            self.open(Desk(Echo))
            self.wire.say(stream, cut)
            self.assertEqual([body for _, _, body in answers(self.wire.value())], expected, f"cut {cut}")
            self.assertEqual(self.wire.fate, "open")

    def test_pieces(self) -> None:
        """
        The body is told piece by piece as it comes, and its end after the last; no body ends at once.
        """
        notes = self.ask(b"Content-Length: 5", body=b"he")
        self.wire.say(b"ll")
        self.assertEqual(notes.heard, [b"he", b"ll"])
        self.wire.say(b"o")
        self.assertEqual(notes.heard, [b"he", b"ll", b"o", "ended"])
        self.open(Desk())
        self.assertEqual(self.ask(method=b"GET").heard, ["ended"])

    def test_held(self) -> None:
        """
        Nothing of a body comes while it is held, and all of it afterwards; the client is not read.
        """
        self.open(Desk(at_once=lambda exchange: exchange.hold()))
        notes = self.ask(b"Content-Length: 5", body=b"hel")
        self.assertEqual((notes.heard, self.wire.producerState), ([], "paused"))
        self.wire.say(b"lo")  # was on its way
        notes.exchange.resume()
        self.assertEqual((notes.whole, self.wire.producerState), ([b"hello", "ended"], "producing"))

    def test_held_by_a_piece(self) -> None:
        """
        Whoever holds on hearing a piece hears no other before it resumes.
        """

        class Slow(Notes):
            def body(self, data: bytes) -> None:
                super().body(data)
                self.exchange.hold()

        self.open(Desk(Slow))
        notes = self.ask(b"Content-Length: 4", body=b"ab")
        self.wire.say(b"cd" + get(b"/app"))
        self.assertEqual(notes.heard, [b"ab"])
        notes.exchange.resume()
        self.assertEqual(notes.heard, [b"ab", b"cd", "ended"])
        notes.exchange.hold()  # means nothing: the body is whole
        self.assertEqual(self.wire.producerState, "producing")

    def test_leave(self) -> None:
        """
        A client that waits for leave to send its body gets it when the body is wanted, once; not when
        an answer has begun, nor without a body.
        """
        expect = (b"Expect: 100-continue", b"Content-Length: 2")
        self.ask(*expect)
        self.assertEqual(self.wire.value(), b"HTTP/1.1 100 Continue\r\n\r\n")
        self.open(Desk(at_once=lambda exchange: exchange.hold()))
        notes = self.ask(*expect)
        self.assertEqual(self.wire.value(), b"")
        for _ in range(2):
            notes.exchange.resume()
            notes.exchange.hold()
        self.assertEqual(self.wire.value(), b"HTTP/1.1 100 Continue\r\n\r\n")
        self.open(Desk(at_once=lambda exchange: exchange.begin(200, (), 0)))
        self.ask(*expect)
        self.assertNotIn(b"100 Continue", self.wire.value())
        self.open(Desk())
        self.ask(b"Expect: 100-continue", b"Content-Length: 0")
        self.assertEqual(self.wire.value(), b"")

    def test_fault(self) -> None:
        """
        Of a body that cannot be read, what comes before the fault passes, in any cut; the client is refused.
        """
        stream = b"3\r\nabc\r\nzz\r\n" + get(b"/app")
        for cut in range(1, len(stream) + 1):
            self.open(Desk())
            notes = self.ask(CHUNKED)
            self.wire.say(stream, cut)
            lost = ("lost", "400: chunk size that cannot be read (RFC 9112 section 7.1)")
            self.assertEqual(notes.whole, [b"abc", lost])
            expected = refused("400 Bad Request", "chunk size that cannot be read")
            self.assertEqual((answers(self.wire.value()), self.wire.fate), ([expected], "finished"))

    def test_fault_in_mid_answer(self) -> None:
        """
        Where the answer has begun, a fault in the body cuts it off.
        """
        notes = self.ask(CHUNKED)
        notes.exchange.begin(200, PLAIN)
        self.wire.say(b"zz\r\n")
        self.assertEqual((notes.heard[-1][0], self.wire.fate), ("lost", "aborted"))
        notes.exchange.write(b"too late")
        notes.exchange.end()
        self.assertNotIn(b"too late", self.wire.value())

    def test_limit(self) -> None:
        """
        A body longer than its owner wants is refused, at once where its length is said.
        """

        def limit(exchange: Exchange) -> None:
            exchange.most_body = 10

        expected = refused("413 Content Too Large", "body of more than 10 bytes")
        for field, body, heard in (
            (b"Content-Length: 11", b"", []),
            (CHUNKED, b"9\r\n123456789\r\n", [b"1234567"]),
        ):
            self.open(Desk(at_once=limit))
            notes = self.ask(field, body=body)
            lost = ("lost", "413: body of more than 10 bytes (RFC 9110 section 15.5.14)")
            self.assertEqual(notes.heard, [*heard, lost])
            self.assertEqual(answers(self.wire.value()), [expected])

    def test_long(self) -> None:
        """
        A body may be as long as it likes where its owner sets no limit.
        """
        notes = self.ask(b"Content-Length: %d" % (20 << 20))
        piece = bytes(1 << 20)
        for _ in range(20):
            self.wire.say(piece)
        self.assertEqual((len(notes.heard), notes.heard[-1]), (21, "ended"))


class ConnectionTests(DeskTestCase):
    """What else happens on the connection."""

    def test_congested(self) -> None:
        """
        The owner hears that the client does not keep up, and when it has; the next request waits for that.
        """
        notes = self.ask(method=b"GET")
        notes.exchange.begin(200, ())
        self.wire.overflow()
        self.wire.drain()
        self.assertEqual(notes.heard, ["ended", "congested", "drained"])
        self.wire.overflow()
        notes.exchange.end()
        self.ask(method=b"GET", path=b"/desk/next")
        self.assertEqual(len(self.desk.taken), 1)
        self.wire.drain()
        self.assertEqual([taker.exchange.rest for taker in self.desk.taken], ["", "next"])

    def test_many_pipelined(self) -> None:
        """
        Thousands of requests in one piece are answered one by one, without deep recursion.
        """
        for at_once in (True, False):
            self.open(Desk(Echo))
            stream = b"".join(
                get(b"/desk/%d" % n, *([] if at_once else [CHUNKED])) + (b"" if at_once else b"0\r\n\r\n")
                for n in range(3000)
            )
            self.wire.say(stream)
            bodies = [body for _, _, body in answers(self.wire.value())]
            self.assertEqual(bodies, [b"%d|" % n for n in range(3000)])

    def test_behind_a_slow_one(self) -> None:
        """
        Behind a request under way 64 KiB of others wait and no more is read; then all are answered.
        """
        first = self.ask(method=b"GET")
        count = MOST_WAITING // len(get(b"/app/x")) + 2
        self.wire.say(get(b"/app/x") * count)
        self.assertEqual((self.wire.producerState, self.wire.value()), ("paused", b""))
        first.exchange.answer(200, PLAIN, b"ok")
        self.assertEqual(self.wire.producerState, "producing")
        self.assertEqual([body for _, _, body in answers(self.wire.value())][1:], [b"GET /app|x "] * count)

    def test_lost(self) -> None:
        """
        The owner hears once that the client is gone, or that it cut it off itself.
        """
        notes = self.ask(b"Content-Length: 5", body=b"he")
        self.wire.hang_up()
        self.assertEqual((notes.heard, notes.exchange.open), ([b"he", GONE], False))
        notes.exchange.resume()
        notes.exchange.answer(200, ())
        self.assertEqual(self.wire.value(), b"")
        self.open(Desk())
        notes = self.ask(method=b"GET")
        notes.exchange.abort()
        self.assertEqual(self.wire.fate, "aborted")
        self.wire.hang_up()
        self.assertEqual(notes.heard, ["ended", GONE])

    def test_slow_body(self) -> None:
        """
        A body that comes too slowly is refused, unless its owner is patient, or holds it.
        """
        for patient, held, heard in ((False, False, True), (True, False, False), (False, True, False)):
            self.open(Desk())
            notes = self.ask(b"Content-Length: 100000")
            notes.exchange.patient = patient
            if held:
                notes.exchange.hold()
            self.house.wait(HEAD_TIMEOUT * 3)
            self.assertEqual(answers(self.wire.value()), [TOO_SLOW] if heard else [])
            lost = ("lost", "408: no whole request in time (RFC 9110 section 15.5.9)")
            self.assertEqual(notes.heard, [lost] if heard else [])

    def test_pace_after_hold(self) -> None:
        """
        Time in which a body was held is not counted against the client.
        """
        notes = self.ask(b"Content-Length: 100000", body=bytes(LEAST_BODY))
        notes.exchange.hold()
        self.house.wait(HEAD_TIMEOUT - 1)
        notes.exchange.resume()
        self.house.wait(HEAD_TIMEOUT - 1)
        self.wire.say(bytes(LEAST_BODY))
        self.house.wait(2)
        self.assertEqual((self.wire.value(), self.wire.fate), (b"", "open"))

    def test_slow_answer(self) -> None:
        """
        An answer may take its time once the body is whole; then the connection is kept as any other.
        """
        notes = self.ask(method=b"GET")
        self.house.wait(600)
        notes.exchange.answer(204, ())
        self.house.wait(29)
        self.assertEqual(self.wire.fate, "open")
        self.house.wait(2)
        self.assertEqual(self.wire.fate, "finished")

    def test_switch(self) -> None:
        """
        The connection becomes a channel, what came behind the request included; no timeout is left on it.
        """
        notes = self.ask(method=b"GET", body=b"early")
        channel = notes.exchange.switch(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        verifyObject(IChannel, channel)
        self.assertEqual((channel.peer, channel.messages), ("192.0.2.1:5000", False))
        ear = Ear()
        channel.receiver = ear
        self.assertEqual(self.wire.producerState, "paused")
        channel.resume()
        self.wire.say(b"more")
        channel.send(b"hello", 2)
        self.assertEqual(self.wire.value(), b"HTTP/1.1 101 Switching Protocols\r\n\r\nhello")
        self.house.wait(600)
        self.wire.hang_up()
        self.assertEqual((ear.heard, self.wire.fate), ([b"early", b"more", ("lost", None)], "open"))
        self.assertEqual((notes.heard, notes.exchange.open), (["ended"], False))

    @given(st.lists(st.sampled_from(["hold", "resume", "body", "overflow", "drain"]), max_size=30))
    def test_any_order(self, order: list[str]) -> None:
        """
        Whatever is held, resumed and congested in which order, the body passes whole and in order.
        """
        self.open(Desk())
        notes = self.ask(b"Content-Length: 64")
        sent = 0
        for each in order:
            if each == "body":
                self.wire.say(bytes([sent]))
                sent += 1
            elif each in ("hold", "resume"):
                getattr(notes.exchange, each)()
            else:
                getattr(self.wire, each)()
        notes.exchange.resume()
        self.wire.say(bytes(range(sent, 64)))
        passed = b"".join(each for each in notes.heard if isinstance(each, bytes))
        self.assertEqual((passed, notes.heard[-1]), (bytes(range(64)), "ended"))
