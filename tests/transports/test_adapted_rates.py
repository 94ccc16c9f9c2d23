"""Tests for L{kaazing.transports.adapted} with rates: a client that sends too fast is read more slowly."""

from __future__ import annotations

from kaazing.errors import Side
from kaazing.interfaces.adapters import Close, Front, ToBack, ToFront
from kaazing.interfaces.services import Rates, Terms
from tests.transports.scenes import TEXT, close
from tests.transports.scripted import AdaptedTestCase, Whole
from tests.transports.test_adapted_ends import violation

TEN = [b"%d" % number for number in range(10)]


class RateTests(AdaptedTestCase):
    """Two messages a second."""

    def terms(self, wants: Front) -> Terms:
        """Limited."""
        return Terms(service="gate", wants=wants, rates=Rates(messages=2))

    def wait(self, seconds: float) -> bytes:
        """Let time pass; return what has reached the backend."""
        self.net.clock.pump([0.5] * int(seconds * 2))
        return self.heard()[1]

    def test_paced(self) -> None:
        """
        Messages pass at their rate; the client is not read before all have, so nothing is lost and
        nothing piles up.
        """
        self.adapt(from_front=Whole(TEN))
        self.browser.say((TEXT, b"?"))
        self.net.turn()
        self.browser.say((TEXT, b"?"))
        self.assertEqual(
            [self.heard()[1], *(self.wait(1) for _ in range(4))],
            [b"01", b"0123", b"012345", b"01234567", b"0123456789"],
        )
        self.assertEqual(len(self.session.told), 3)
        self.assertEqual(self.wait(1), b"012345678901")

    def test_backend_unlimited(self) -> None:
        """
        The backend may say as much as it likes, also while messages of the client wait.
        """
        self.adapt(from_front=[*TEN], from_back=[*TEN])
        self.browser.say((TEXT, b"?"))
        self.backend.send(b"?")
        heard, got = self.heard()
        self.assertEqual((len(heard), got), (10, b"01"))

    def test_orders(self) -> None:
        """
        What a session says itself counts for nothing; what it says for the client does.
        """
        self.adapt(opened=[ToBack(b"login "), ToBack(b"a", counts=True)], from_front=[*TEN])
        self.browser.say((TEXT, b"?"))
        self.assertEqual(self.heard()[1], b"login a0")

    def test_client_ends(self) -> None:
        """
        When the client closes, its last messages keep their pace; the backend's FIN follows.
        """
        self.adapt(from_front=[*TEN])
        self.browser.say((TEXT, b"?"), close(1000))
        self.assertEqual((self.heard()[1], self.backend.end), (b"01", ""))
        self.assertEqual((self.wait(5), self.backend.end), (b"0123456789", "fin"))

    def test_violation(self) -> None:
        """
        What came before a violation passes too; the client hears of it at once.
        """
        self.adapt(from_front=[*TEN, ToFront(b"ERROR"), violation(Side.FRONT)])
        self.browser.say((TEXT, b"?"))
        heard, got = self.heard()
        self.assertEqual((heard[0], heard[1][0], got), ((TEXT, b"ERROR"), 8, b"01"))
        self.browser.say(close(1002))
        self.assertEqual((self.wait(5), self.backend.end), (b"0123456789", "fin"))
        self.assertEqual(len(self.scene.sessions), 0)

    def test_all_ends(self) -> None:
        """
        Nothing is left, whoever ends it.
        """
        for end in ("browser", "backend", "session", "gateway"):
            self.scene.sessions.said.clear()
            self.adapt(from_front=[*TEN], from_back=[Close(4000)])
            self.browser.say((TEXT, b"?"))
            self.net.turn()
            if end == "browser":
                self.front.resume()  # as one would hear of it
                self.browser.far.reset()
            elif end == "backend":
                self.backend.reset()
            elif end == "session":
                self.backend.send(b"?")
            else:
                self.scene.sessions.leave()
            self.net.turn()
            self.browser.say(close(1000))
            self.wait(40)
            self.assertEqual((len(self.scene.sessions), self.net.clock.getDelayedCalls()), (0, []), end)
