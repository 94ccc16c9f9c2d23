"""Tests for L{kaazing.services.jms.client}: what a client asks for, and what is left of it when it goes."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import fail
from zope.interface.verify import verifyObject

from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Outcome
from kaazing.interfaces.servers import IClient, Settle, Unsubscribe
from kaazing.services.jms.client import Client
from tests.services.jms.talk import JmsTestCase, queue, topic


class ClientTests(JmsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.service = self.serve()
        self.ann = self.client(self.service)
        self.its: Client = next(iter(self.service.clients))

    def test_promises(self) -> None:
        """
        It keeps the promises of a client's side.
        """
        verifyObject(IClient, self.its)

    def test_small(self) -> None:
        """
        What only some clients need the others do not have: most subscribe to a topic, and send nothing.
        """
        self.ann.subscribe("/topic/t")
        self.assertEqual((self.its._sending, self.its._temporaries, self.its.entering), (None, None, None))

    def test_not_open(self) -> None:
        """
        What is said of a subscription that is not open any more is passed over; ending it is refused.
        """
        self.its.asked(Settle(id="x", tags=[1], outcome=Outcome.ACCEPTED, receipt="r"))
        self.assertEqual(self.ann.told(), ["receipt r"])
        self.its.asked(Unsubscribe(id="x"))
        self.assertEqual(self.ann.told(), ["ERROR this subscription is not open"])

    def test_another_durable(self) -> None:
        """
        A subscription is not ended for good under the name of another.
        """
        ann = self.client(self.service, client_id="ann")
        ann.subscribe("/topic/t", activemq_subscriptionName="d")
        ann.heard()
        its = list(self.service.clients)[-1]
        its.asked(Unsubscribe(id="s", durable="e"))
        self.assertEqual(ann.told(), ["ERROR this subscription is not the durable one called 'e'"])
        self.assertEqual([*self.store._durables], ["ann:d"])

    def test_goodbye(self) -> None:
        """
        When a client has left, its subscriptions have ended, whatever the broker says to that.
        """
        self.ann.subscribe("/queue/q", ack="client")
        self.ann.subscribe("/topic/t", "t")
        (held, _) = self.its.subscriptions.values()
        self.put(queue("q"), "1")
        ended: Any = fail(BrokerRefused("no"))
        self.patch(held.subscription, "close", lambda forget: ended)  # type: ignore[attr-defined]
        self.ann.say("DISCONNECT", receipt="bye")
        self.assertEqual(self.ann.told()[-1], "receipt bye")
        self.assertEqual((self.ann.wire.closed, self.service.clients), ((1000, ""), {}))

    def test_gone(self) -> None:
        """
        Of a client that is gone nothing is left.
        """
        self.ann.subscribe("/queue/q", "1", ack="client")
        self.ann.subscribe("/topic/t", "2")
        self.ann.subscribe("/temp-topic/t", "3")
        self.put(queue("q"), "1")
        self.ann.lose()
        self.assertTrue(self.its.left)
        (share,) = self.service.shares
        self.assertEqual((self.service.clients, share.clients, self.its.subscriptions), ({}, 0, {}))
        self.assertEqual((self.store._temporaries, self.store._feeds.empty), ({}, True))
        self.assertEqual(share.broker._subscriptions[share.broker._lines[0]], {})  # type: ignore[attr-defined]
        self.assertEqual(self.bodies("q"), ["1"])

    def test_gone_before(self) -> None:
        """
        Who goes before it has connected leaves nothing either.
        """
        eve = self.arrive(self.service)
        eve.lose()
        self.assertEqual((len(self.service.clients), self.service.shares[0].clients), (1, 1))

    def test_refused_subscription(self) -> None:
        """
        What the broker refuses is not open; what it takes away later ends with an ERROR.
        """
        self.ann.subscribe("/queue/q")
        (held,) = self.its.subscriptions.values()
        self.ann.heard()
        held.refused("the queue was deleted")  # type: ignore[attr-defined]  # it is a consumer
        why = "subscription 's' has ended: the queue was deleted"
        self.assertEqual((self.ann.told(), self.its.subscriptions), ([f"ERROR {why}"], {}))

    def test_counted(self) -> None:
        """
        What passes is counted; topics that are shared are counted by their audience.
        """
        self.ann.subscribe("/queue/q")
        self.ann.subscribe("/topic/t", "t")
        self.put(queue("q"), "1")
        self.put(topic("t"), "2")
        self.assertEqual(str(self.service.meter), "client SUBSCRIBE 2, backend MESSAGE 1")
