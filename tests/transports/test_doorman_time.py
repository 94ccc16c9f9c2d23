"""How long a client at the door may take, how long it is kept, and what is held of it meanwhile."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports.doorman import MOST_WAITING
from kaazing.transports.doorstep import HEAD_TIMEOUT, LINGER
from kaazing.transports.intake import LEAST_BODY
from tests.transports.doors import (
    TOO_SLOW,
    House,
    Page,
    Slow,
    answers,
    get,
    served,
)


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

    def test_slow_to_the_end(self) -> None:
        """
        Who takes the end of an answer slowly gets it all; who takes nothing for ten seconds is dropped.
        """
        house = House()
        wire = house.visitor()
        wire.dataBuffer = b"x" * 100
        wire.say(get(b"/nothing"))
        for _ in range(5):
            house.wait(HEAD_TIMEOUT + 0.5)
            self.assertEqual(wire.fate, "finished")
            wire.dataBuffer = wire.dataBuffer[10:]
        house.wait(2 * HEAD_TIMEOUT + 1)
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
