"""How a connection at the door ends: with the last answer, idle, or with the client gone."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports.doorstep import LINGER
from tests.transports.doors import (
    HANDSHAKE,
    House,
    Page,
    Slow,
    answers,
    get,
    served,
)


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
