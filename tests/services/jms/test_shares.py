"""Tests for L{kaazing.services.jms.shares}: connections of users to the broker, and how long they stay."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BrokerRefused
from kaazing.interfaces.adapters import Login
from kaazing.services.jms.shares import LOGIN_TIMEOUT, Share, Users

ANN, BOB, EVE = (Login(username=name) for name in ("ann", "bob", "eve"))


class Connection:
    """A broker, and its topics; notes when it is stopped."""

    available, refusal = True, ""

    def __init__(self, ended: list[str], name: str) -> None:
        self._ended, self._name = ended, name
        self.changed: Any = None

    def watch(self, changed: Any) -> None:
        """See L{kaazing.interfaces.brokers.IBroker}."""
        self.changed = changed

    def stop(self) -> Deferred[Any]:
        """See L{kaazing.interfaces.brokers.IBroker}, and Topics."""
        self._ended.append(self._name)
        return succeed(None)


class Reader:
    """A client that waits for room; counts how often it looks."""

    looked = 0

    def look(self) -> None:
        """See L{kaazing.services.jms.shares.Waiter}."""
        self.looked += 1


class ShareTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.ended: list[str] = []
        self.made: dict[str, Share] = {}
        self.there = True
        self.over: list[Share] = []

    def make(self, login: Login, unused: Any = lambda share: None) -> Share:
        """Make a share."""
        broker: Any = Connection(self.ended, f"broker of {login.username}")
        broker.available = self.there
        topics: Any = Connection(self.ended, f"topics of {login.username}")
        nothing: Any = None
        share = Share(broker, topics, nothing, nothing, nothing, self.clock.seconds, unused, self.over.append)
        self.made[login.username] = share
        return share

    def change(self, name: str, **attributes: Any) -> None:
        """Let something change about a broker."""
        broker: Any = self.made[name].broker
        for attribute, value in attributes.items():
            setattr(broker, attribute, value)
        broker.changed()


class OneTests(ShareTestCase):
    """One share."""

    def test_room(self) -> None:
        """
        Whoever waits for room looks when there may be some, and no longer when it does not wait.
        """
        share, reader = self.make(ANN), Reader()
        share.room_wanted(reader, True)
        self.change("ann")
        share.room_wanted(reader, False)
        share.room_wanted(reader, False)
        self.change("ann")
        self.assertEqual(reader.looked, 1)

    def test_await_broker(self) -> None:
        """
        What waits for a connection is done once there is one, once.
        """
        self.there = False
        share, done = self.make(ANN), list[int]()
        share.await_broker(lambda: done.append(1))
        self.change("ann")
        self.assertEqual(done, [])
        for _ in range(2):
            self.change("ann", available=True)
        self.assertEqual(done, [1])

    def test_stop(self) -> None:
        """
        Subscriptions end before the connection.
        """
        share = self.make(ANN)
        self.successResultOf(share.stop())
        self.assertEqual((self.ended, self.over), (["topics of ann", "broker of ann"], [share]))


class UsersTests(ShareTestCase):
    """Those of users."""

    def setUp(self) -> None:
        super().setUp()
        self.users = Users(self.make, 2, 30.0, self.clock)

    def test_shared(self) -> None:
        """
        Equal logins share connections; those of whose clients none is left are kept for a while.
        """
        first, second = (self.successResultOf(self.users.enter(ANN)) for _ in range(2))
        self.assertIs(first, second)
        first.leave()
        self.clock.advance(100)
        self.assertEqual((len(self.users), self.ended), (1, []))
        first.leave()
        self.clock.advance(29)
        self.assertIs(self.successResultOf(self.users.enter(ANN)), first)
        self.clock.advance(100)
        self.assertEqual(self.ended, [])
        first.leave()
        self.clock.advance(31)
        self.assertEqual((len(self.users), self.ended), (0, ["topics of ann", "broker of ann"]))

    def test_most(self) -> None:
        """
        There are so many; the one that has been without a client for longest makes room.
        """
        ann, bob = (self.successResultOf(self.users.enter(login)) for login in (ANN, BOB))
        why = self.failureResultOf(self.users.enter(EVE), BrokerRefused)
        self.assertEqual(str(why.value), "too many users are connected to the broker")
        bob.leave()
        ann.leave()
        self.successResultOf(self.users.enter(EVE))
        self.assertEqual(self.ended, ["topics of bob", "broker of bob"])
        self.assertEqual([login.username for login in self.users._of], ["ann", "eve"])

    def test_arrival(self) -> None:
        """
        A client waits until its connection is there.
        """
        self.there = False
        entering = self.users.enter(ANN)
        self.change("ann")
        self.assertNoResult(entering)
        self.change("ann", available=True)
        share = self.successResultOf(entering)
        self.change("ann", available=False)
        self.clock.advance(LOGIN_TIMEOUT)
        self.assertEqual((share.clients, self.ended), (1, []))

    def test_refused(self) -> None:
        """
        One that the broker refuses is told so at once, and nothing is kept; so is one that waits in vain.
        """
        self.there = False
        refused, late = self.users.enter(ANN), self.users.enter(BOB)
        self.change("ann", refusal="no such user")
        self.assertEqual(
            str(self.failureResultOf(refused, BrokerRefused).value), "the broker does not let this login in"
        )
        self.clock.advance(LOGIN_TIMEOUT)
        self.assertEqual(str(self.failureResultOf(late, BrokerRefused).value), "the broker is not there")
        self.assertEqual((len(self.users), len(self.ended)), (0, 4))

    def test_stop(self) -> None:
        """
        All end with the service.
        """
        self.successResultOf(self.users.enter(ANN))
        self.successResultOf(self.users.enter(BOB)).leave()
        self.assertEqual(len(self.users.shares), 2)
        self.successResultOf(self.users.stop())
        self.assertEqual((len(self.ended), self.clock.getDelayedCalls(), self.users.shares), (4, [], []))
