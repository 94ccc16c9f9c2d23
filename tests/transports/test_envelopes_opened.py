"""Requests that came in an envelope: what a service sees of them, and when."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import BadRequest
from kaazing.interfaces.exchanges import IExchange
from kaazing.transports.envelopes import MOST_ENVELOPE
from tests.transports.desks import GONE, Notes
from tests.transports.doors import Answer, Wire, answers, get
from tests.transports.test_envelopes import KIND, OTHER, SITE, Porch, answering

INSIDE = b"POST /chat/;e/x?.kn=1 HTTP/1.1\r\nX-Sequence-No: 1\r\nContent-Type: text/plain\r\n\r\nhello"


def envelope(body: bytes, *fields: bytes, path: bytes = b"/chat/;e/x") -> bytes:
    """A request that carries another."""
    length = b"Content-Length: %d" % len(body)
    return get(path, KIND, length, *fields, method=b"POST") + body


class OpenedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.guests: list[Notes] = []

    def take(self, exchange: Any) -> None:
        """See L{Entry}."""
        self.guests.append(Notes(exchange))
        exchange.taker = self.guests[-1]

    def sent(self, request: bytes, porch: Porch | None = None, cut: int = 0) -> Wire:
        """The connection of a client that sent a request."""
        wire = (porch or Porch(self.take)).house.visitor()
        wire.say(request, cut)
        return wire

    def answer(self, request: bytes, porch: Porch | None = None) -> Answer:
        """The only answer to a request."""
        (answer,) = answers(self.sent(request, porch).value())
        return answer

    def test_request(self) -> None:
        """
        A service sees the request inside, however it was cut, and then its body.
        """
        whole = envelope(INSIDE, OTHER)
        for cut in range(1, len(whole) + 1):
            self.guests.clear()
            wire = self.sent(whole, cut=cut)
            (guest,) = self.guests
            head = guest.exchange.head
            self.assertEqual(guest.heard, [b"hello", "ended"], cut)
            self.assertEqual((head.method, head.query, head.headers["x-sequence-no"]), ("POST", ".kn=1", "1"))
            guest.exchange.answer(200, [])
            self.assertTrue(wire.value().endswith(b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"))
            self.assertEqual(wire.fate, "open")

    def test_promises(self) -> None:
        """
        What a service gets is an exchange as any other.
        """
        for request in (envelope(INSIDE), get(b"/chat/;e/x", OTHER)):
            self.sent(request)
        for guest in self.guests:
            verifyObject(IExchange, guest.exchange)
            self.assertEqual((guest.exchange.rest, guest.exchange.caller.peer), (";e/x", "192.0.2.1:5000"))
            self.assertEqual((guest.exchange.patient, guest.exchange.most_body), (False, None))
            self.assertEqual(guest.exchange.route.service.name, "host")

    def test_answered_inside(self) -> None:
        """
        The response is in an envelope too, X-Origin or not; also what the service refuses.
        """
        _, _, body = self.answer(envelope(INSIDE), Porch(answering(201)))
        self.assertEqual(body, b"HTTP/1.1 201 Created\r\n\r\n")

        def refuse(exchange: Any) -> None:
            raise BadRequest(409, "no", rule="none")

        _, _, body = self.answer(envelope(INSIDE), Porch(refuse))
        self.assertEqual(body.partition(b"\r\n")[0], b"HTTP/1.1 409 Conflict")

    def test_service_fails(self) -> None:
        """
        A service that fails is a 500 inside, and a line in the log.
        """

        def fail(exchange: Any) -> None:
            raise ValueError("oops")

        _, _, body = self.answer(envelope(INSIDE), Porch(fail))
        self.assertEqual(body.partition(b"\r\n")[0], b"HTTP/1.1 500 Internal Server Error")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_no_request(self) -> None:
        """
        An envelope without a request is refused; the service never hears of it.
        """
        _, _, body = self.answer(envelope(b"hello"))
        self.assertEqual(body.partition(b"\r\n")[0], b"HTTP/1.1 400 Bad Request")
        self.assertEqual(self.guests, [])

    def test_method(self) -> None:
        """
        A page may use no method in an envelope that it may not use openly.
        """
        inside = INSIDE.replace(b"POST", b"DELETE")
        _, _, body = self.answer(envelope(inside, OTHER))
        self.assertEqual((body.partition(b"\r\n")[0], self.guests), (b"HTTP/1.1 403 Forbidden", []))
        self.sent(envelope(inside))  # of no page
        self.assertEqual(self.guests[0].exchange.head.method, "DELETE")

    def test_too_long(self) -> None:
        """
        An envelope is kept until it is whole, and is bounded therefore.
        """
        status, _, _ = self.answer(envelope(INSIDE + b"x" * MOST_ENVELOPE))
        self.assertEqual((status, self.guests), ("413 Content Too Large", []))

    def test_held(self) -> None:
        """
        A service that does not want the body yet gets it when it does; once.
        """

        def hold(exchange: Any) -> None:
            self.take(exchange)
            exchange.hold()

        self.sent(envelope(INSIDE), Porch(hold))
        (guest,) = self.guests
        self.assertEqual(guest.heard, [])
        for _ in range(2):
            guest.exchange.resume()
            self.assertEqual(guest.heard, [b"hello", "ended"])
        guest.exchange.hold()
        guest.exchange.resume()
        self.assertEqual(guest.heard, [b"hello", "ended"])

    def test_bounded(self) -> None:
        """
        The bound that a service sets is on the inner body.
        """

        def bound(exchange: Any) -> None:
            self.take(exchange)
            exchange.most_body = most

        most = 5
        self.sent(envelope(INSIDE), Porch(bound))
        self.assertEqual(self.guests.pop().heard, [b"hello", "ended"])
        most = 4
        _, _, body = self.answer(envelope(INSIDE), Porch(bound))
        self.assertEqual(body.partition(b"\r\n")[0], b"HTTP/1.1 413 Content Too Large")
        self.assertEqual(
            self.guests.pop().heard,
            [("lost", "413: enveloped body that is too long (RFC 9110 section 15.5.14)")],
        )

    def test_no_body(self) -> None:
        """
        A request without a body is whole at once.
        """
        self.sent(envelope(b"GET /chat/;e/x HTTP/1.1\r\n\r\n"))
        self.assertEqual(self.guests[0].heard, ["ended"])

    def test_gone(self) -> None:
        """
        A client that goes before its envelope is whole is nothing to the service; one that goes later is.
        """
        whole = envelope(INSIDE)
        self.sent(whole[:-1]).hang_up()
        self.assertEqual(self.guests, [])
        self.sent(whole).hang_up()
        self.assertEqual(self.guests[0].heard[2:], [GONE])

    def test_congestion(self) -> None:
        """
        A service hears when its client takes too little, and may give up on it.
        """
        wire = self.sent(envelope(INSIDE))
        exchange = self.guests[0].exchange
        exchange.begin(200, [], close=True)
        wire.overflow()
        wire.drain()
        self.assertEqual(self.guests[0].heard[2:], ["congested", "drained"])
        exchange.refuse(BadRequest(400, "too late", rule="none"))
        self.assertEqual((exchange.begun, wire.fate), (True, "aborted"))

    def test_bare_congestion(self) -> None:
        """
        So it is with a request that only its answer is enveloped for: all of the exchange is there.
        """
        wire = self.sent(get(b"/chat/;e/x", OTHER, b"Content-Length: 4", method=b"POST"))
        exchange = self.guests[0].exchange
        exchange.hold()
        exchange.patient, exchange.most_body = True, 10
        self.assertEqual((exchange.patient, exchange.most_body, exchange.open), (True, 10, True))
        wire.say(b"abcd")
        self.assertEqual(self.guests[0].heard, [])
        exchange.resume()
        self.assertEqual(self.guests[0].heard, [b"abcd", "ended"])

    def test_pipelined(self) -> None:
        """
        What follows an envelope on its connection is the next request.
        """
        porch = Porch(answering(200), SITE)
        wire = self.sent(envelope(INSIDE) * 2 + get(b"/chat/;e/x"), porch)
        first, second, third = answers(wire.value())
        self.assertEqual((first, second), (second, first))
        self.assertEqual(third[0], "200 OK")
