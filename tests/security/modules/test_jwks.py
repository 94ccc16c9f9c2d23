"""Fetched keys: who waits for them, how long they serve, and what happens while nobody gives them."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import LoginUnavailable
from kaazing.security.modules.documents import Fetched
from kaazing.security.modules.jwks import APART, STALE, TIME, FetchedKeys
from tests.security.modules.issuing import jwk, jwks

ONE, TWO = jwks(jwk("ES256", kid="one")), jwks(jwk("ES256", kid="two"))


class FetchedKeysTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[Deferred[Fetched]] = []
        self.keys = FetchedKeys(self.source, self.clock, "https://issuer.example")
        self.said: list[str] = []
        globalLogPublisher.addObserver(self.observe)  # type: ignore[arg-type]
        self.addCleanup(globalLogPublisher.removeObserver, self.observe)  # type: ignore[arg-type]

    def observe(self, event: LogEvent) -> None:
        if event.get("log_namespace") == "kaazing.security":
            text = event["log_format"].format(**event)
            self.said.append(f"{event['log_level'].name}: {text}")

    def source(self) -> Deferred[Fetched]:
        self.asked.append(Deferred())
        return self.asked[-1]

    def names(self) -> list[str | None]:
        return [key.kid for key in self.keys.current]

    def test_renewed(self) -> None:
        """
        Keys are fetched at the start and again when their time is over; the old ones serve meanwhile, and
        the same set stays the same object.
        """
        self.keys.start()
        self.assertEqual((len(self.asked), self.names()), (1, []))
        self.asked[0].callback(Fetched(ONE, 600))
        first = self.keys.current
        self.clock.advance(599)
        self.assertEqual((len(self.asked), self.names()), (1, ["one"]))
        self.clock.advance(1)
        self.assertEqual((len(self.asked), self.names()), (2, ["one"]))
        self.asked[1].callback(Fetched(ONE, 60))
        self.assertIs(self.keys.current, first)
        self.clock.advance(60)
        self.asked[2].callback(Fetched(TWO, 60))
        self.assertEqual(self.names(), ["two"])

    def test_waiting(self) -> None:
        """
        All who want newer keys at the same time wait for one fetch; soon after it nobody may ask again.
        """
        self.keys.start()
        waiting = [self.keys.newer() for _ in range(3)]
        self.assertEqual(len(self.asked), 1)
        self.asked[0].callback(Fetched(ONE))
        for each in waiting:
            assert each is not None
            self.successResultOf(each)
        self.clock.advance(APART - 0.1)
        self.assertIsNone(self.keys.newer())
        self.clock.advance(0.1)
        later = self.keys.newer()
        assert later is not None
        self.assertEqual(len(self.asked), 2)
        self.asked[1].callback(Fetched(TWO))
        self.successResultOf(later)
        self.assertEqual(self.names(), ["two"])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_too_many(self) -> None:
        """
        At most 200 logins wait; one that gives up makes room.
        """
        waiting = [self.keys.newer() for _ in range(200)]
        self.assertRaises(LoginUnavailable, self.keys.newer)
        first = waiting[0]
        assert first is not None
        first.cancel()
        self.failureResultOf(first)
        self.assertIsNotNone(self.keys.newer())
        self.assertEqual(len(self.asked), 1)

    def test_down(self) -> None:
        """
        While the endpoint is down the old keys serve for a day beyond their time; the log says so once, and
        once when they are too old, and once when the endpoint is back.
        """
        self.keys.start()
        self.asked[0].callback(Fetched(ONE, 60))
        self.clock.advance(60)
        while self.clock.seconds() < STALE + 60:
            self.assertEqual(self.names(), ["one"])
            self.asked[-1].errback(LoginUnavailable("https://a.example answers with status 500"))
            self.clock.advance(60)
        self.assertTrue(self.keys.failing)
        self.asked[-1].errback(ConnectionError("gone"))
        self.assertEqual(self.names(), [])
        self.clock.advance(60)
        self.asked[-1].callback(Fetched(ONE, 60))
        self.assertEqual((self.names(), self.keys.failing), (["one"], False))
        self.assertEqual(
            self.said,
            [
                "warn: the keys of https://issuer.example are not to be had, those fetched before serve on:"
                " LoginUnavailable: https://a.example answers with status 500",
                "warn: the keys of https://issuer.example are too old, nobody can log in with its tokens",
                "info: the keys of https://issuer.example are to be had again",
            ],
        )

    def test_late(self) -> None:
        """
        An endpoint that does not answer in 10 s is one that is down; what it gave in nonsense likewise.
        """
        self.keys.start()
        waiting = self.keys.newer()
        assert waiting is not None
        self.clock.advance(TIME)
        self.successResultOf(waiting)
        self.assertTrue(self.keys.failing)
        self.clock.advance(60)
        self.asked[1].callback(Fetched(b"<html>"))
        self.assertEqual((self.names(), self.keys.failing), ([], True))
        self.assertEqual(len(self.said), 1)
        self.assertIn("nobody can log in with its tokens: TimeoutError", self.said[0])

    def test_nonsense_keeps(self) -> None:
        """
        Keys that served go on when what comes next cannot be read.
        """
        self.keys.start()
        self.asked[0].callback(Fetched(ONE, 60))
        self.clock.advance(60)
        self.asked[1].callback(Fetched(b'{"keys":[]}', 60))
        self.assertEqual((self.names(), self.keys.failing), (["one"], True))

    def test_stopped(self) -> None:
        """
        Stopping ends the fetch under way, tells who waits, and nothing begins after it.
        """
        self.keys.start()
        waiting = self.keys.newer()
        assert waiting is not None
        self.keys.stop()
        self.successResultOf(waiting)
        self.assertIsNone(self.keys.newer())
        self.assertEqual((self.clock.getDelayedCalls(), self.said, len(self.asked)), ([], [], 1))
        self.keys.start()
        self.asked[1].callback(Fetched(ONE))
        self.keys.stop()
        self.assertEqual((self.clock.getDelayedCalls(), self.names()), ([], ["one"]))

    def test_level(self) -> None:
        """
        What the log hears is a warning.
        """
        self.keys.start()
        self.asked[0].errback(ValueError("x\ny"))
        self.assertEqual(self.said[0].partition(":")[0], LogLevel.warn.name)
        self.assertNotIn("\n", self.said[0])
