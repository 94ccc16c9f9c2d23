"""Logins are read again when they have changed, and none is given while they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError
from kaazing.interfaces.security import IStore, Subject, Workplace
from kaazing.security.stores.entries import Entry
from kaazing.security.stores.kept import KeptStore


class KeptStoreTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.stamp, self.username, self.reads = Clock(), 1, "old", 0
        self.good = True
        self.waiting: list[tuple[Deferred[None], Any]] | None = None
        workplace = Workplace(folder=Path(), reactor=self.clock, time=self.clock.seconds, work=self.work)
        self.kept = KeptStore(workplace, lambda: self.stamp, self.read)

    def work(self, function: Any) -> Deferred[Any]:
        """At once, or when there is leave."""
        if self.waiting is None:
            return maybeDeferred(function)
        leave: Deferred[None] = Deferred()
        self.waiting.append((leave, function))
        return leave.addCallback(lambda _: function())

    def read(self) -> tuple[Entry, ...]:
        """What the store reads."""
        self.reads += 1
        if not self.good:
            raise ConfigError("spoilt", file="logins")
        return (Entry(username=self.username),)

    def find(self) -> Deferred[Any]:
        return self.kept.find("stomp", Subject())

    def change(self, username: str, *, good: bool = True) -> None:
        self.username, self.stamp, self.good = username, self.stamp + 1, good

    def test_read_again(self) -> None:
        """
        A change is seen after a second; without one nothing is read again.
        """
        verifyObject(IStore, self.kept)
        self.change("new")
        self.assertEqual(self.successResultOf(self.find()).username, "old")
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(self.find()).username, "new")
        self.clock.advance(5)
        self.assertEqual(self.successResultOf(self.find()).username, "new")
        self.assertEqual(self.reads, 2)

    def test_spoilt(self) -> None:
        """
        While what changed cannot be read there is no login; when it is mended there is one.
        """
        self.change("bad", good=False)
        self.clock.advance(1)
        for _ in range(2):
            self.assertEqual(str(self.failureResultOf(self.find(), ConfigError).value), "logins: spoilt")
        self.change("mended")
        self.assertEqual(self.successResultOf(self.find()).username, "mended")

    def test_one_look(self) -> None:
        """
        Those who come while somebody looks wait for the same look.
        """
        self.waiting = []
        self.change("new")
        self.clock.advance(1)
        asked = [self.find() for _ in range(3)]
        self.assertEqual(len(self.waiting), 1)
        self.waiting[0][0].callback(None)
        self.assertEqual([self.successResultOf(each).username for each in asked], ["new"] * 3)
