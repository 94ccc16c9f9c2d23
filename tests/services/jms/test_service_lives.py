"""Any life of a queue behind a jms service: clients come, go and are lost, and the broker with them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kaazing.wire.stomp import Frame
from tests.services.jms.talk import JmsTestCase, Stomp

events = st.lists(
    st.tuples(
        st.sampled_from(
            ("send", "send", "send", "come", "ack", "ack", "nack", "unsubscribe", "slow", "lose", "cut")
        ),
        st.integers(0, 2),
    ),
    max_size=40,
)


class Consumer:
    """A client that acknowledges, and notes what it holds.

    Attributes:
        out: ack ids of what it has not acknowledged, with the bodies.
    """

    def __init__(self, stomp: Stomp) -> None:
        self.stomp = stomp
        self.out: dict[str, str] = {}
        self.subscribed = True


class LifeTests(JmsTestCase):
    """What must hold whatever happens."""

    @settings(max_examples=60, deadline=None)
    @given(events, st.sampled_from((1, 2, 10)))
    def test_any_life(self, life: list[tuple[str, int]], prefetch: int) -> None:
        """
        What was acknowledged never comes again; what was not comes again, marked; nobody has what another
        one holds; and at the end nothing that the broker has taken is missing.
        """
        super().setUp()
        self.service = self.serve(prefetch_count=prefetch, maximum_redeliveries=-1)
        self.sender = self.client(self.service)
        self.consumers: dict[int, Consumer] = {}
        self.sent: list[str] = []
        self.acknowledged: set[str] = set()
        self.seen: set[str] = set()
        for what, who in life:
            getattr(self, f"do_{what}")(who)
            self.look()
        for consumer in self.consumers.values():
            consumer.stomp.lose()
        self.consumers = {0: self.come("all", prefetch_count=1000)}
        self.look()
        left = [body for body in self.sent if body not in self.acknowledged]
        self.assertEqual(sorted(self.consumers[0].out.values()), sorted(left))

    def come(self, id: str, **headers: Any) -> Consumer:
        """Let a consumer come."""
        made = Consumer(self.client(self.service))
        made.stomp.subscribe("/queue/q", id, ack="client-individual", **headers)
        return made

    def look(self) -> None:
        """See what came."""
        self.settle()
        for frame in self.sender.heard():
            self.assertEqual(frame.command, "RECEIPT")
            self.sent.append(frame.get("receipt-id") or "")
        for consumer in self.consumers.values():
            for frame in consumer.stomp.heard():
                self.note(consumer, frame)

    def note(self, consumer: Consumer, frame: Frame) -> None:
        """A consumer heard something."""
        self.assertIn(frame.command, ("MESSAGE", "RECEIPT"))
        if frame.command == "RECEIPT":
            return
        body = frame.body.decode()
        self.assertNotIn(body, self.acknowledged)
        held = [out for each in self.consumers.values() for out in each.out.values()]
        self.assertNotIn(body, held)
        self.assertEqual(frame.get("redelivered") == "true", body in self.seen)
        self.seen.add(body)
        consumer.out[frame.get("ack") or ""] = body

    def do_send(self, who: int) -> None:
        """Send; it counts once the receipt is there."""
        self.number = getattr(self, "number", 0) + 1
        self.sender.say("SEND", str(self.number), destination="/queue/q", receipt=self.number)

    def do_come(self, who: int) -> None:
        """A consumer comes, or comes again."""
        if who not in self.consumers:
            self.consumers[who] = self.come("s")

    def do_ack(self, who: int) -> None:
        """It acknowledges what it has had for longest."""
        consumer = self.consumers.get(who)
        if consumer is not None and consumer.out:
            ack = next(iter(consumer.out))
            self.acknowledged.add(consumer.out.pop(ack))
            consumer.stomp.say("ACK", id=ack)

    def do_nack(self, who: int) -> None:
        """It gives that back."""
        consumer = self.consumers.get(who)
        if consumer is not None and consumer.out:
            ack = next(iter(consumer.out))
            del consumer.out[ack]
            consumer.stomp.say("NACK", id=ack)

    def do_unsubscribe(self, who: int) -> None:
        """It ends its subscription in good order, and goes."""
        consumer = self.consumers.pop(who, None)
        if consumer is not None:
            consumer.stomp.heard()
            consumer.stomp.say("UNSUBSCRIBE", id="s")
            consumer.stomp.say("DISCONNECT", receipt="bye")

    def do_slow(self, who: int) -> None:
        """Its connection takes nothing for a moment."""
        consumer = self.consumers.get(who)
        if consumer is not None:
            consumer.stomp.wire.receiver.congested()
            consumer.stomp.wire.receiver.drained()

    def do_lose(self, who: int) -> None:
        """It is lost, with what it holds."""
        consumer = self.consumers.pop(who, None)
        if consumer is not None:
            consumer.stomp.lose()

    def do_cut(self, who: int) -> None:
        """The broker is lost for a moment: what was out comes again."""
        for consumer in self.consumers.values():
            consumer.out.clear()
        self.store.cut()
        while not self.service.shares[0].broker.available:
            self.pass_time(1)
