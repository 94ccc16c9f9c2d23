"""STOMP clients of a jms service on memory://: what they say and hear, and what the broker has then."""

from __future__ import annotations

from kaazing.services.jms.settings import TopicSettings
from tests.services.jms.talk import JmsTestCase, acks, queue, topic


class TopicTests(JmsTestCase):
    def test_chat(self) -> None:
        """
        What one client sends to a topic all hear who have subscribed to it, with one subscription at the
        broker.
        """
        service = self.serve()
        ann, bob, eve = (self.client(service) for _ in range(3))
        ann.subscribe("/topic/chat")
        bob.subscribe("/topic/chat", "b", ack="client")
        eve.subscribe("/topic/other")
        for each, id in ((ann, "s"), (bob, "b"), (eve, "s")):
            self.assertEqual(each.told(), [f"receipt open-{id}"])
        ann.say("SEND", "hello", destination="/topic/chat", receipt="1")
        self.assertEqual(ann.told(), ["receipt 1", "s: hello"])
        self.assertEqual((bob.told(), eve.told()), (["b: hello"], []))
        self.assertEqual(service.shares[0].topics.subscriptions, 2)

    def test_first(self) -> None:
        """
        With a subscription as long as the connection, shared by all who want a part of it, the first client
        of a topic is told its last value.
        """
        prices = TopicSettings(name="prices.>", keeps=True, joins=True, cache=1)
        service = self.serve(topic=(prices,))
        self.put(topic("prices.eu.x"), "1", "2")
        self.put(topic("prices.us.x"), "3")
        ann, bob = self.client(service), self.client(service)
        ann.subscribe("/topic/prices.eu.x", selector="JMSPriority = 4")
        bob.subscribe("/topic/prices.*.x", "b", ack="client")
        self.assertEqual(ann.told(), ["s: 2", "receipt open-s"])
        self.assertEqual(bob.told(), ["b: 2", "b: 3", "receipt open-b"])
        self.assertEqual(service.shares[0].topics.subscriptions, 1)


class QueueTests(JmsTestCase):
    def test_acknowledged(self) -> None:
        """
        Nothing is taken from a queue before the client has acknowledged it; what it has not goes back when
        it leaves, in order, redelivered.
        """
        service = self.serve()
        ann = self.client(service)
        ann.subscribe("/queue/q", ack="client-individual")
        self.put(queue("q"), "1", "2", "3")
        heard = ann.heard()
        self.assertEqual([each.body for each in heard[1:]], [b"1", b"2", b"3"])
        ann.say("ACK", id=acks(heard)[1])
        ann.lose()
        bob = self.client(service)
        bob.subscribe("/queue/q")
        self.assertEqual(bob.told(), ["receipt open-s", "s: again 1", "s: again 3"])

    def test_competing(self) -> None:
        """
        Each message of a queue is one client's.
        """
        service = self.serve()
        clients = [self.client(service) for _ in range(2)]
        for each in clients:
            each.subscribe("/queue/q")
            each.heard()
        self.put(queue("q"), *"1234")
        told = [each.told() for each in clients]
        self.assertEqual(sorted(told[0] + told[1]), [f"s: {number}" for number in "1234"])
        self.assertEqual([len(each) for each in told], [2, 2])


class DurableTests(JmsTestCase):
    def test_away(self) -> None:
        """
        What comes while a durable subscriber is away it hears when it comes back.
        """
        service = self.serve()
        ann = self.client(service, client_id="ann")
        ann.subscribe("/topic/news", activemq_subscriptionName="daily")
        ann.say("DISCONNECT", receipt="bye")
        self.assertEqual(ann.told(), ["receipt open-s", "receipt bye"])
        self.put(topic("news"), "1", "2")
        again = self.client(service, client_id="ann")
        again.subscribe("/topic/news", activemq_subscriptionName="daily")
        self.assertEqual(again.told(), ["receipt open-s", "s: 1", "s: 2"])
