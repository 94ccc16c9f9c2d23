"""Tests for L{kaazing.services.jms.listeners}: what one client hears of a topic, and what it says to that."""

from __future__ import annotations

from typing import Any

from kaazing.interfaces.feeds import Slow
from kaazing.services.jms.client import TOO_MUCH
from kaazing.services.jms.settings import TopicSettings
from tests.services.jms.talk import JmsTestCase, Stomp, acks, topic

TOO_SLOW = "too slow: more messages wait for it than may"


class ListenerTests(JmsTestCase):
    def test_heard(self) -> None:
        """
        A client hears what is sent from its subscription on until its end; each of its subscriptions gets a
        copy.
        """
        service = self.serve()
        ann = self.client(service)
        self.put(topic("a.b"), "0")
        ann.subscribe("/topic/a.b")
        ann.subscribe("/topic/a.*", "w")
        self.put(topic("a.b"), "1")
        ann.say("UNSUBSCRIBE", id="s", receipt="u")
        self.put(topic("a.b"), "2")
        told = ann.told()
        self.assertEqual(told[:2], ["receipt open-s", "receipt open-w"])
        self.assertEqual(sorted(told[2:]), ["receipt u", "s: 1", "w: 1", "w: 2"])
        ann.lose()
        self.assertEqual((service.shares[0].topics.subscribers, self.store._feeds.empty), (0, True))

    def test_selector(self) -> None:
        """
        Clients of one topic with different selectors hear what each has selected.
        """
        service = self.serve()
        clients = [self.client(service) for _ in range(3)]
        for each, selector in zip(clients, ("n = 1", "n > 0", "n =  1"), strict=True):
            each.subscribe("/topic/t", selector=selector)
            each.heard()
        self.put(topic("t"), "1", properties={"n": 1})
        self.put(topic("t"), "2", properties={"n": 2})
        self.assertEqual([each.told() for each in clients], [["s: 1"], ["s: 1", "s: 2"], ["s: 1"]])

    def test_slow(self) -> None:
        """
        A client that takes nothing is disconnected when too much waits for it, and others hear on.
        """
        topic_settings = TopicSettings(name="t", slow=Slow(kind="disconnect", bytes=1024))
        service = self.serve(topic=(topic_settings,))
        ann, bob = self.client(service), self.client(service)
        for each in (ann, bob):
            each.subscribe("/topic/t")
            each.heard()
        ann.wire.receiver.congested()
        for _ in range(3):
            self.put(topic("t"), "x" * 1000)
        assert ann.wire.closed is not None
        self.assertEqual((ann.wire.closed[0], len(bob.heard())), (1008, 3))
        ann.lose()
        self.assertEqual(len(service.clients), 1)

    def test_slow_and_back(self) -> None:
        """
        What waited for a client it hears when it takes more.
        """
        service = self.serve()
        ann = self.client(service)
        ann.subscribe("/topic/t")
        ann.heard()
        ann.wire.receiver.congested()
        self.put(topic("t"), "1", "2")
        self.assertEqual(ann.told(), [])
        ann.wire.receiver.drained()
        self.settle()
        self.assertEqual(ann.told(), ["s: 1", "s: 2"])


class AcknowledgingTests(JmsTestCase):
    def subscribe(self, slow: Slow | None = None, **headers: Any) -> Stomp:
        """Subscribe with acknowledgements, one out at a time."""
        settings = (TopicSettings(name="t", slow=slow, key=headers.pop("key", None)),) if slow else ()
        self.service = self.serve(topic=settings, maximum_redeliveries=2)
        made = self.client(self.service)
        made.subscribe("/topic/t", **{"ack": "client-individual", "prefetch_count": 1, **headers})
        self.assertEqual(made.told(), ["receipt open-s"])
        return made

    def test_window(self) -> None:
        """
        So many deliveries are out as the client wants; the next follows an ACK.
        """
        ann = self.subscribe()
        self.put(topic("t"), *"123")
        heard = ann.heard()
        self.assertEqual([each.body for each in heard], [b"1"])
        ann.say("ACK", id=acks(heard)[0])
        self.assertEqual(ann.told(), ["s: 2"])

    def test_refused(self) -> None:
        """
        What it refuses comes again, before what waits, so often as the service says; then it is dropped.
        """
        ann = self.subscribe()
        self.put(topic("t"), "1", "2")
        heard = []
        for _ in range(3):
            frames = ann.heard()
            heard += [(each.body, each.get("redelivered")) for each in frames]
            ann.say("NACK", id=acks(frames)[0])
        self.assertEqual([body for body, _ in heard], [b"1"] * 3)
        self.assertEqual([again for _, again in heard[1:]], ["true"] * 2)
        self.assertEqual(ann.told(), ["s: 2"])

    def test_expired(self) -> None:
        """
        What has waited longer than it is good for is not delivered.
        """
        ann = self.subscribe()
        now = int(self.house.clock.seconds() * 1000)
        self.put(topic("t"), "1")
        self.put(topic("t"), "2", expires=now + 1000)
        self.put(topic("t"), "3")
        (first,) = acks(ann.heard())
        self.pass_time(2)
        ann.say("ACK", id=first)
        self.assertEqual(ann.told(), ["s: 3"])

    def test_congested(self) -> None:
        """
        A client whose connection takes no more is sent no more, whatever it acknowledges.
        """
        ann = self.subscribe(prefetch_count=10)
        ann.wire.receiver.congested()
        self.put(topic("t"), "1", "2")
        self.assertEqual(ann.told(), [])
        ann.wire.receiver.drained()
        self.settle()
        self.assertEqual(ann.told(), ["s: 1", "s: 2"])

    def test_disconnected(self) -> None:
        """
        Where too much waits for its acknowledgements, it is disconnected.
        """
        ann = self.subscribe(Slow(kind="disconnect", bytes=1024))
        self.put(topic("t"), *["x" * 500] * 5)
        self.assertEqual(ann.wire.closed, (1008, TOO_SLOW))
        self.assertEqual(self.service.shares[0].missed.disconnected, 1)
        self.assertEqual(self.service.clients, {})

    def test_bytes(self) -> None:
        """
        It has only so many bytes in hand, on all subscriptions together; headers count too.
        """
        service = self.serve(maximum_pending_bytes=4096)
        ann = self.client(service)
        for id in ("1", "2"):
            ann.subscribe("/topic/t", id, ack="client-individual", prefetch_count=10)
        for _ in range(3):
            self.put(topic("t"), "x" * 1000)
            for ack in acks(ann.heard()):
                ann.say("ACK", id=ack)
        ann.say("UNSUBSCRIBE", id="2")
        self.put(topic("t"), *"12", properties={"a": "x" * 1000})
        self.assertEqual(ann.wire.closed, None)
        self.put(topic("t"), *"34", properties={"a": "x" * 1000})
        self.assertEqual(ann.wire.closed, (1008, TOO_MUCH))

    def test_dropped(self) -> None:
        """
        Or the oldest are dropped that wait.
        """
        ann = self.subscribe(Slow(kind="drop-oldest", bytes=2560))
        self.put(topic("t"), *(str(number) * 900 for number in range(5)))
        self.assertEqual(self.service.shares[0].missed.dropped, 2)
        first, *_ = ann.heard()
        ann.say("ACK", id=first.get("ack"))
        self.assertEqual([each.body[:1] for each in ann.heard()], [b"3"])

    def test_old(self) -> None:
        """
        So are those that have waited too long.
        """
        ann = self.subscribe(Slow(kind="drop-oldest", bytes=2048, age=5.0))
        self.put(topic("t"), "1", "2")
        self.pass_time(6)
        self.put(topic("t"), "3")
        (first,) = acks(ann.heard())
        ann.say("ACK", id=first)
        self.assertEqual(ann.told(), ["s: 3"])

    def test_conflated(self) -> None:
        """
        Or a later message takes the place of one that waits and is about the same.
        """
        ann = self.subscribe(Slow(kind="conflate", bytes=1 << 20), key="k", prefetch_count=2)
        for body, key in (("a", "0"), ("b", "0"), ("1", "x"), ("2", "y"), ("3", "x"), ("4", None)):
            self.put(topic("t"), body, properties={"k": key} if key else {})
        heard = ann.heard()
        self.assertEqual([each.body for each in heard], [b"a", b"b"])
        ann.say("ACK", id=acks(heard)[0])
        ann.say("NACK", id=acks(heard)[1])
        ann.say("ACK", id=acks(ann.heard())[0])
        self.assertEqual(ann.told(), ["s: 3"])
        self.assertEqual(self.service.shares[0].missed.conflated, 1)
