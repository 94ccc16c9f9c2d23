"""AMQP channels that subscriptions live on."""

from __future__ import annotations

from typing import Any

from pika import spec

from kaazing.brokers.amqp import homes
from kaazing.brokers.amqp.homes import Home, Homes
from kaazing.brokers.amqp.refusals import code
from kaazing.errors import BrokerLost
from tests.brokers.amqp.far import FarTestCase


class Someone:
    """Lives on a channel, and writes down what happens."""

    def __init__(self, tag: str) -> None:
        self.tag, self.told = tag, list[Any]()

    def evicted(self) -> None:
        """See L{homes.Resident}."""
        self.told.append("evicted")

    def cancelled(self) -> None:
        """See L{homes.Resident}."""
        self.told.append("cancelled")

    def heard(self, raw: Any, method: Any, properties: Any, body: bytes) -> None:
        """See pika's basic_consume."""
        self.told.append(body.decode())


class HomesTests(FarTestCase):
    def setUp(self) -> None:
        """There is a connection, and there are two who want to live somewhere."""
        super().setUp()
        self.homes = Homes(self.connection())
        self.ann, self.bob = Someone("ann"), Someone("bob")

    def settled(self, who: Someone, queue: str = "q") -> Home:
        """Return the home of somebody who consumes."""
        taken = self.homes.take(who)
        self.far.turn()
        home: Home = self.successResultOf(taken)
        begun = home.consume(who, queue, who.heard, 5, False)
        self.far.turn()
        self.successResultOf(begun)
        return home

    def test_one_each(self) -> None:
        """
        Everybody has a channel; who goes closes it, and the broker takes back what was out, in order.
        """
        home, other = self.settled(self.ann), self.settled(self.bob)
        self.said("1 Basic.Qos 5", "1 Basic.Consume q", "2 Basic.Qos 5", "2 Basic.Consume q")
        self.far.deliver(1, "ann", 1, b"x")
        gone = self.homes.leave(home, self.ann, lambda: [1])
        self.said("1 Basic.Cancel nowait", "1 Channel.Close Normal shutdown")
        self.successResultOf(gone)
        self.assertEqual((home.shared, other.shared), (False, False))
        self.successResultOf(self.homes.leave(home, self.ann, lambda: [1]))
        self.assertEqual((self.ann.told, self.bob.told), ([], []))

    def test_shared(self) -> None:
        """
        When there are as many channels as may be, they are shared; who goes then gives back what was out,
        with what was on its way, in order.
        """
        self.patch(homes, "MOST", 1)
        home = self.settled(self.ann)
        self.assertIs(self.settled(self.bob), home)
        self.assertTrue(home.shared)
        self.far.taken()
        out = [1, 2]
        self.far.mute.add("Basic.Qos")
        gone = self.homes.leave(home, self.ann, lambda: out)
        self.said("1 Basic.Cancel nowait", "1 Basic.Qos")
        out.append(4)
        self.far.mute.clear()
        self.far.tell(1, spec.Basic.QosOk())
        self.said(
            *("1 Basic.Nack 1 requeue", "1 Basic.Nack 2 requeue", "1 Basic.Nack 4 requeue"),
            *("1 Basic.Cancel", "1 Basic.Qos"),
        )
        self.successResultOf(gone)
        self.assertEqual((self.ann.told, self.bob.told), ([], []))

    def test_many_at_once(self) -> None:
        """
        Many who come at once have no more channels than may be; where none is to be had, all are told.
        """
        self.patch(homes, "MOST", 2)
        taken = [self.homes.take(Someone(f"{number}")) for number in range(10)]
        self.far.turn()
        found = [id(home) for home in self.succeed(taken)]
        self.assertEqual(sorted(map(found.count, set(found))), [5, 5])
        self.setUp()
        taken = [self.homes.take(Someone(f"{number}")) for number in range(10)]
        self.far.cut()
        for each in taken:
            self.failureResultOf(each, BrokerLost)

    def test_no_more_channels(self) -> None:
        """
        Where the broker allows fewer channels, they are shared sooner.
        """
        home = self.settled(self.ann)
        impl: Any = self.homes._connection._pika._impl
        impl.params.channel_max = 1
        self.assertIs(self.settled(self.bob), home)

    def test_refused(self) -> None:
        """
        Who is refused is told why; the others on the channel only that it is gone.
        """
        self.patch(homes, "MOST", 1)
        home = self.settled(self.ann)
        taken = self.homes.take(self.bob)
        self.far.no["Basic.Consume secret"] = 403, "ACCESS_REFUSED"
        begun = home.consume(self.bob, "secret", self.bob.heard, 5, False)
        waiting = home.consume(self.bob, "later", self.bob.heard, 5, False)
        self.far.turn()
        self.successResultOf(taken)
        self.assertEqual(code(self.failureResultOf(begun).value), 403)
        self.failureResultOf(waiting, BrokerLost)
        self.assertEqual((self.ann.told, self.bob.told), (["evicted"], []))
        self.assertIsNot(self.settled(self.ann), home)

    def test_cancelled(self) -> None:
        """
        Whose queue is gone is told; nobody else.
        """
        self.patch(homes, "MOST", 1)
        self.settled(self.ann)
        self.settled(self.bob)
        for tag in ("ann", "nobody"):
            self.far.tell(1, spec.Basic.Cancel(consumer_tag=tag, nowait=True))
        self.far.turn()
        self.assertEqual((self.ann.told, self.bob.told), (["cancelled"], []))

    def test_prefetch(self) -> None:
        """
        A prefetch is of one consumer alone, also where there is no bound, and where it is too large for AMQP.
        """
        home = self.settled(self.ann)
        self.far.taken()
        for prefetch in (0, 100_000):
            home.consume(Someone(f"{prefetch}"), "q", self.ann.heard, prefetch, True)
        self.said("1 Basic.Qos", "1 Basic.Consume q no_ack", "1 Basic.Qos 65535", "1 Basic.Consume q no_ack")
