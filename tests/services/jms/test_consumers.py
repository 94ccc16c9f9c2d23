"""Tests for L{kaazing.services.jms.consumers}: deliveries are settled when they should be, and not before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.memory.link import FEATURES
from kaazing.errors import ConnectError
from kaazing.interfaces.brokers import Destination, Domain, Features, Message, Outcome
from kaazing.services.jms.client import TOO_MUCH
from kaazing.services.jms.consumers import expired
from tests.services.jms.talk import JmsTestCase, acks, queue, topic


class ExpiryTests(SynchronousTestCase):
    def test_expired(self) -> None:
        """
        A message without an expiry never expires, another one when its time has come.
        """
        message = Message(destination=Destination(Domain.QUEUE, "q"), expires=2000)
        told = [expired(message, now) for now in (1.999, 2.0, 2.001)]
        self.assertEqual(told, [False, True, True])
        self.assertFalse(expired(replace(message, expires=0), 1e12))


class AutomaticTests(JmsTestCase):
    """Clients that acknowledge nothing."""

    def test_handed_over(self) -> None:
        """
        A message is done with when it was handed to a connection that takes it.
        """
        ann = self.client(self.serve())
        ann.subscribe("/queue/q")
        self.put(queue("q"), "1", "2")
        self.assertEqual(ann.told(), ["receipt open-s", "s: 1", "s: 2"])
        ann.lose()
        self.assertEqual(self.bodies("q"), [])

    def test_congested(self) -> None:
        """
        While the connection takes no more, nothing is settled, so that the broker gives out only as much as
        was prefetched; what a client has not taken when it is lost goes back.
        """
        service = self.serve(prefetch_count=2)
        ann = self.client(service)
        ann.subscribe("/queue/q")
        ann.heard()
        ann.wire.receiver.congested()
        self.put(queue("q"), *"12345")
        self.assertEqual(ann.told(), ["s: 1", "s: 2"])
        ann.wire.receiver.drained()
        self.settle()
        self.assertEqual(ann.told(), ["s: 3", "s: 4", "s: 5"])
        ann.wire.receiver.congested()
        self.put(queue("q"), *"678")
        self.assertEqual(ann.told(), ["s: 6", "s: 7"])
        ann.lose()
        self.assertEqual(self.bodies("q"), ["6", "7", "8"])


class AcknowledgingTests(JmsTestCase):
    def test_client(self) -> None:
        """
        In the mode client an ACK is for all deliveries up to that one.
        """
        service = self.serve()
        ann = self.client(service)
        ann.subscribe("/queue/q", ack="client")
        self.put(queue("q"), *"123")
        ann.say("ACK", id=acks(ann.heard())[1], receipt="a")
        self.assertEqual(ann.told(), ["receipt a"])
        ann.lose()
        self.assertEqual(self.bodies("q"), ["3"])

    def test_prefetch(self) -> None:
        """
        So many deliveries are out as the client wants, within what the service allows.
        """
        service = self.serve(prefetch_count=2, queue_maximum_pending_acknowledgments=3)
        for wished, most in ((None, 2), (1, 1), (50, 3), (0, 3)):
            ann = self.client(service)
            headers: dict[str, Any] = {} if wished is None else {"prefetch_count": wished}
            ann.subscribe("/queue/q", ack="client", **headers)
            self.put(queue("q"), *"12345")
            self.assertEqual(len(acks(ann.heard())), most)
            ann.lose()
            self.bodies("q")

    def test_broker_lost(self) -> None:
        """
        When the broker was away, what was out comes again, redelivered; what the client says of the old
        deliveries means nothing, and is no fault.
        """
        service = self.serve()
        ann = self.client(service)
        ann.subscribe("/queue/q", ack="client-individual")
        self.put(queue("q"), "1", "2")
        first, _ = acks(ann.heard())
        self.store.cut()
        self.pass_time(5)
        again = ann.heard()
        self.assertEqual(
            [(each.body, each.get("redelivered")) for each in again], [(b"1", "true"), (b"2", "true")]
        )
        ann.say("ACK", id=first)
        ann.say("ACK", id=acks(again)[0])
        ann.lose()
        self.assertEqual(self.bodies("q"), ["2"])

    def test_unsubscribed(self) -> None:
        """
        What is out when a client unsubscribes goes back.
        """
        ann = self.client(self.serve())
        ann.subscribe("/queue/q", ack="client")
        self.put(queue("q"), "1")
        ann.say("UNSUBSCRIBE", id="s", receipt="u")
        self.assertEqual(ann.told(), ["receipt open-s", "s: 1", "receipt u"])
        self.assertEqual(self.bodies("q"), ["1"])

    def test_expired(self) -> None:
        """
        A message whose time was over on its way from the broker is not delivered; it is accepted.
        """
        service = self.serve()
        ann = self.client(service)
        ann.subscribe("/queue/q", ack="client")
        (held,) = next(iter(service.clients)).subscriptions.values()
        settled: list[object] = []
        self.patch(held, "subscription", Settled(settled))
        late = Message(destination=queue("q"), expires=int(self.house.clock.seconds() * 1000) - 1)
        held.delivered(late, 7)  # type: ignore[attr-defined]  # it is a consumer
        self.assertEqual((ann.told(), settled), (["receipt open-s"], [([7], Outcome.ACCEPTED)]))

    def test_bytes(self) -> None:
        """
        A client that holds more bytes than may be out is disconnected; what it has goes back, and that is no
        failed delivery. A single message may have any size.
        """
        service = self.serve(maximum_pending_bytes=2048, maximum_redeliveries=0)
        ann, big = self.client(service), "x" * 5000
        ann.subscribe("/queue/q", ack="client")
        self.put(queue("q"), big)
        ann.say("ACK", id=acks(ann.heard())[0])
        self.put(queue("q"), "1" * 1000, "2" * 1000)
        self.assertEqual(ann.wire.closed, (1008, TOO_MUCH))
        self.assertEqual([each[:1] for each in self.bodies("q")], ["1", "2"])
        self.assertEqual(self.bodies("DLQ"), [])

    def test_bytes_not_taken(self) -> None:
        """
        So is one whose connection takes nothing, whether it acknowledges or not; what it has taken does not
        count.
        """
        service = self.serve(maximum_pending_bytes=2048)
        ann = self.client(service)
        ann.subscribe("/queue/q")
        for _ in range(3):
            ann.wire.receiver.congested()
            self.put(queue("q"), "1" * 1000)
            ann.wire.receiver.drained()
        self.assertEqual((ann.wire.closed, len(ann.heard())), (None, 4))
        ann.wire.receiver.congested()
        self.put(queue("q"), "1" * 1000, "2" * 1000)
        self.assertEqual(ann.wire.closed, (1008, TOO_MUCH))

    def test_bytes_of_what_ended(self) -> None:
        """
        What went back with its subscription, or with the broker's connection, counts no longer.
        """
        service = self.serve(maximum_pending_bytes=2048)
        ann = self.client(service)
        for _ in range(3):
            ann.subscribe("/queue/q", ack="client")
            self.put(queue("q"), "1" * 1000)
            ann.say("UNSUBSCRIBE", id="s")
            self.bodies("q")
        ann.subscribe("/queue/q", ack="client")
        self.put(queue("q"), "1" * 1000)
        self.store.cut()
        self.pass_time(3)
        self.assertEqual(ann.wire.closed, None)


class Settled:
    """A subscription at the broker that notes what is settled."""

    def __init__(self, settled: list[object]) -> None:
        self.settle = lambda tags, outcome: settled.append((tags, outcome))


class RefusedTests(JmsTestCase):
    """Deliveries that clients do not want."""

    def nack(self, times: int, **properties: int) -> list[str]:
        """Refuse whatever comes; return the bodies heard."""
        ann = self.client(self.serve(**properties))
        ann.subscribe("/queue/q", ack="client-individual")
        self.put(queue("q"), "bad")
        heard: list[str] = []
        for _ in range(times):
            frames = [each for each in ann.heard() if each.command == "MESSAGE"]
            heard += [each.body.decode() for each in frames]
            for ack in acks(frames):
                ann.say("NACK", id=ack)
        ann.lose()
        return heard

    def test_again(self) -> None:
        """
        What a client refuses comes again, so often as the service says; then it is with the dead letters,
        which say where it was and why.
        """
        self.assertEqual(self.nack(9, maximum_redeliveries=2), ["bad"] * 3)
        reader = self.client(self.serve())
        reader.subscribe("/queue/DLQ")
        _, dead = reader.heard()
        self.assertEqual(
            (dead.body, dead.get("dead_letter_from"), dead.get("dead_letter_reason")),
            (b"bad", "/queue/q", "refused by its consumers"),
        )
        self.assertEqual(self.bodies("q"), [])

    def test_for_ever(self) -> None:
        """
        With -1 it comes again for ever.
        """
        self.assertEqual(self.nack(9, maximum_redeliveries=-1), ["bad"] * 9)

    def test_dead_letters_refused(self) -> None:
        """
        What is refused of the dead letters themselves stays there.
        """
        service = self.serve(maximum_redeliveries=0)
        ann = self.client(service)
        ann.subscribe("/queue/DLQ", ack="client")
        self.put(queue("DLQ"), "dead")
        for _ in range(3):
            ann.say("NACK", id=acks(ann.heard())[0])
        self.assertEqual(ann.told(), ["s: again dead"])

    def test_leaving_at_once(self) -> None:
        """
        Who refuses a message for good and leaves at once, in whatever way, leaves it with the dead letters,
        and not in the queue as well.
        """
        for number, leaving in enumerate(("UNSUBSCRIBE\nid:s\n\n\0", "DISCONNECT\n\n\0", "")):
            ann = self.client(self.serve())
            ann.subscribe("/queue/q", ack="client-individual")
            self.put(queue("q"), str(number))
            (ack,) = acks(ann.heard())
            ann.wire.receiver.received(f"NACK\nid:{ack}\nrequeue:false\n\n\0{leaving}".encode(), 1)
            if not leaving:
                ann.lose()
            self.settle()
            self.assertEqual((self.bodies("DLQ"), self.bodies("q")), ([str(number)], []))

    def test_lost_in_hand(self) -> None:
        """
        Of a client that is lost the first unsettled delivery counts as failed, and no other: a message that
        kills whoever takes it ends with the dead letters, and those behind it do not.
        """
        service = self.serve(maximum_redeliveries=2)
        self.put(queue("q"), "killer", "good")
        for _ in range(3):
            ann = self.client(service)
            ann.subscribe("/queue/q", ack="client")
            self.assertEqual(len(acks(ann.heard())), 2)
            ann.lose()
        self.assertEqual((self.bodies("DLQ"), self.bodies("q")), (["killer"], ["good"]))


class SelectorTests(JmsTestCase):
    def test_queue(self) -> None:
        """
        A selector on a queue is the broker's; one that has none refuses it, and one that is no selector is
        refused by the gateway.
        """
        service = self.serve()
        ann = self.client(service)
        ann.subscribe("/queue/q", selector="colour = 'red'")
        self.put(queue("q"), "1", properties={"colour": "red"})
        self.put(queue("q"), "2", properties={"colour": "blue"})
        self.assertEqual(ann.told(), ["receipt open-s", "s: 1"])
        bob = self.client(service)
        bob.subscribe("/queue/q", selector="colour =")
        self.assertEqual([each.command for each in bob.heard()], ["ERROR"])
        service.shares[0].broker.features = replace(FEATURES, queue_selectors=False)
        eve = self.client(service)
        eve.subscribe("/queue/q", selector="colour = 'red'")
        self.assertEqual(
            eve.told(), ["ERROR this broker has no selectors on queues; select in the client, or by topic"]
        )

    def test_durable(self) -> None:
        """
        On a durable subscription the gateway selects where the broker does not; what does not match is gone.
        """
        service = self.serve()
        service.shares[0].broker.features = replace(FEATURES, topic_selectors=False)
        ann = self.client(service, client_id="ann")
        headers = {"activemq_subscriptionName": "d", "selector": "n > 1"}
        ann.subscribe("/topic/t", **headers)
        for number in (1, 2):
            self.put(topic("t"), str(number), properties={"n": number})
        self.assertEqual(ann.told(), ["receipt open-s", "s: 2"])
        ann.lose()
        again = self.client(service, client_id="ann")
        again.subscribe("/topic/t", activemq_subscriptionName="d")
        self.assertEqual(again.told(), ["receipt open-s"])

    def test_before_the_broker(self) -> None:
        """
        Before there is a connection nobody knows whether the broker has selectors: who wants one waits for
        that. A durable subscription that was asked for without would begin anew, and lose what it has.
        """
        durable = {"activemq_subscriptionName": "d", "selector": "n > 1"}
        self.open_durable(durable)
        self.put(topic("t"), "1", "2", properties={"n": 2})
        self.store.refusing = ConnectError("away")
        service = self.serve()
        share = service.shares[0]
        share.broker.features = Features()
        ann, bob, eve = (self.client(service, client_id=name) for name in ("ann", "bob", "eve"))
        ann.subscribe("/topic/t", **durable)
        bob.subscribe("/queue/q", selector="n > 1")
        eve.subscribe("/queue/q", selector="n > 1")
        eve.lose()
        self.assertEqual((ann.told(), bob.told(), len(share._calls)), ([], [], 2))
        self.store.refusing = None
        self.pass_time(3)
        self.put(queue("q"), "3", properties={"n": 3})
        self.assertEqual(ann.told(), ["receipt open-s", "s: 1", "s: 2"])
        self.assertEqual(bob.told(), ["receipt open-s", "s: 3"])

    def open_durable(self, headers: dict[str, str]) -> None:
        """Have a durable subscription at the broker that nobody has open."""
        ann = self.client(self.serve(), client_id="ann")
        ann.subscribe("/topic/t", **headers)
        ann.lose()


class DurableTests(JmsTestCase):
    def test_taken_over(self) -> None:
        """
        A durable subscription that another connection of the same client id opens is that one's from then
        on; the older one hears why.
        """
        service = self.serve()
        headers = {"activemq_subscriptionName": "d", "ack": "client"}
        old, new = self.client(service, client_id="ann"), self.client(service, client_id="ann")
        old.subscribe("/topic/t", **headers)
        self.put(topic("t"), "1")
        self.assertEqual(old.told(), ["receipt open-s", "s: 1"])
        new.subscribe("/topic/t", **headers)
        why = "subscription 's' has ended: another connection has opened this durable subscription"
        self.assertEqual(old.told(), [f"ERROR {why}"])
        self.assertEqual(new.told(), ["receipt open-s", "s: again 1"])
        self.assertEqual(len(service.shares[0].durables), 1)

    def test_twice(self) -> None:
        """
        One connection cannot open it twice.
        """
        ann = self.client(self.serve(), client_id="ann")
        for id in ("1", "2"):
            ann.subscribe("/topic/t", id, activemq_subscriptionName="d")
        why = "the durable subscription 'd' is open in this connection already"
        self.assertEqual(ann.told(), ["receipt open-1", f"ERROR {why}"])

    def test_again(self) -> None:
        """
        It can be ended and opened again without waiting for an answer in between.
        """
        ann = self.client(self.serve(), client_id="ann")
        ann.subscribe("/topic/t", activemq_subscriptionName="d")
        ann.raw(
            b"UNSUBSCRIBE\nid:s\nreceipt:u\n\n\0"
            b"SUBSCRIBE\nid:s\nreceipt:again\ndestination:/topic/t\nactivemq.subscriptionName:d\n\n\0"
        )
        self.put(topic("t"), "1")
        self.assertEqual(ann.told(), ["receipt open-s", "receipt u", "receipt again", "s: 1"])

    def test_queue_of_takers(self) -> None:
        """
        Of several that come while it is being closed, the last one has it, and nobody is forgotten.
        """
        service = self.serve()
        clients = [self.client(service, client_id="ann") for _ in range(4)]
        for each in clients:
            each.wire.receiver.received(
                b"SUBSCRIBE\nid:s\ndestination:/topic/t\nactivemq.subscriptionName:d\nreceipt:r\n\n\0", 1
            )
        self.settle()
        told = [[frame.command for frame in each.heard()] for each in clients]
        self.assertEqual(told[-1], ["RECEIPT"])
        self.assertEqual({tuple(each) for each in told[:-1]}, {("ERROR",)})
        clients[-1].lose()
        self.assertEqual((len(service.shares[0].durables), service.shares[0].durables._locks), (0, {}))

    def test_forgotten(self) -> None:
        """
        UNSUBSCRIBE with its name ends it for good, open or not; then nothing is kept any more.
        """
        service = self.serve()
        ann = self.client(service, client_id="ann")
        ann.subscribe("/topic/t", activemq_subscriptionName="d")
        ann.say("UNSUBSCRIBE", id="s", activemq_subscriptionName="d", receipt="u")
        self.assertEqual(ann.told(), ["receipt open-s", "receipt u"])
        self.put(topic("t"), "1")
        ann.subscribe("/topic/t", activemq_subscriptionName="d")
        self.assertEqual(ann.told(), ["receipt open-s"])
        ann.say("UNSUBSCRIBE", id="s")
        ann.say("UNSUBSCRIBE", id="other", activemq_subscriptionName="d", receipt="v")
        self.put(topic("t"), "2")
        ann.subscribe("/topic/t", activemq_subscriptionName="d")
        self.assertEqual(ann.told(), ["receipt v", "receipt open-s"])
