"""Tests for L{kaazing.services.jms.redelivery}: what becomes of messages that nobody manages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain, Features, Message, Outcome
from kaazing.services.jms.redelivery import KEPT, DeadLetters, Redeliveries
from kaazing.transports.tally import Tally

QUEUE, DEAD = Destination(Domain.QUEUE, "q"), Destination(Domain.QUEUE, "DLQ")
MESSAGE = Message(
    destination=QUEUE, body=b"poison", message_id="m-1", expires=5, redelivered=True, deliveries=3,
    properties={"a": 1},
)  # fmt: skip


class RedeliveriesTests(SynchronousTestCase):
    def test_most(self) -> None:
        """
        A message that failed is delivered again so many times, and then no more.
        """
        message = replace(MESSAGE, deliveries=0)
        redeliveries = Redeliveries(2)
        self.assertEqual([redeliveries.failed("q", message) for _ in range(4)], [False, False, True, False])

    def test_none_and_any(self) -> None:
        """
        With 0 nothing is delivered again, with -1 everything for ever.
        """
        self.assertTrue(Redeliveries(0).failed("q", MESSAGE))
        redeliveries = Redeliveries(-1)
        self.assertFalse(any(redeliveries.failed("q", MESSAGE) for _ in range(100)))

    def test_broker_counts(self) -> None:
        """
        Where the broker has counted more, it is believed.
        """
        self.assertFalse(Redeliveries(3).failed("q", MESSAGE))
        self.assertTrue(Redeliveries(2).failed("q", MESSAGE))

    def test_apart(self) -> None:
        """
        A message counts in each queue and durable subscription by itself; once it is done with it counts
        from the beginning.
        """
        message = replace(MESSAGE, deliveries=0)
        redeliveries = Redeliveries(1)
        self.assertEqual([redeliveries.failed(where, message) for where in ("q", "d")], [False, False])
        redeliveries.settled("q", message)
        self.assertEqual([redeliveries.failed(where, message) for where in ("q", "d")], [False, True])

    def test_bounded(self) -> None:
        """
        Only so many messages are remembered; the one that failed longest ago is forgotten.
        """
        redeliveries = Redeliveries(1)
        for number in range(KEPT + 1):
            redeliveries.failed("q", replace(MESSAGE, message_id=str(number), deliveries=0))
        told = [
            redeliveries.failed("q", replace(MESSAGE, message_id=id, deliveries=0)) for id in ("0", str(KEPT))
        ]
        self.assertEqual(told, [False, True])


class Broker:
    """A broker that notes what is published, and what a subscription of it settles."""

    def __init__(self, answer: Any, dead_letters: bool = False) -> None:
        self.features = Features(dead_letters=dead_letters)
        self.answer, self.told = answer, list[Any]()

    def publish(self, message: Message, *, waits: bool) -> Deferred[Any]:
        """See L{kaazing.interfaces.brokers.IBroker}."""
        self.told.append((message, waits))
        answer: Deferred[Any] = self.answer
        return answer

    def settle(self, tags: Any, outcome: Outcome) -> None:
        """See L{kaazing.interfaces.brokers.IBrokerSubscription}."""
        self.told.append((tags, outcome))


class DeadLettersTests(SynchronousTestCase):
    def bury(self, broker: Any) -> tuple[str, list[str]]:
        """Let a message be dead; return what was counted, and what was complained of."""
        said: list[str] = []
        tally = Tally()
        letters = DeadLetters(broker, DEAD, tally, said.append)
        self.successResultOf(letters.bury(MESSAGE, 7, broker, "refused 7 times"))
        return str(tally), said

    def test_published(self) -> None:
        """
        It is sent there with where it was and why, for good, and only then taken from where it was.
        """
        broker = Broker(succeed(None))
        counted, said = self.bury(broker)
        dead = Message(
            destination=DEAD,
            body=b"poison",
            properties={
                "a": 1, "dead_letter_from": "/queue/q", "dead_letter_reason": "refused 7 times"
            },
        )  # fmt: skip
        self.assertEqual(broker.told, [(dead, True), ([7], Outcome.ACCEPTED)])
        self.assertEqual((counted, said), ("backend dead letter 1", []))

    def test_broker_has_a_place(self) -> None:
        """
        A broker that has its own place for dead messages puts it there.
        """
        broker = Broker(None, dead_letters=True)
        counted, _ = self.bury(broker)
        self.assertEqual((broker.told, counted), ([([7], Outcome.REJECTED)], "backend dead letter 1"))

    def test_no_room(self) -> None:
        """
        Where it cannot be put there it stays where it was, and the log says so.
        """
        broker = Broker(fail(BrokerRefused("the queue is full")))
        counted, said = self.bury(broker)
        self.assertEqual((broker.told[1:], counted), ([([7], Outcome.RELEASED)], ""))
        self.assertEqual(said, ["a dead message stays where it was: /queue/DLQ: the queue is full"])

    def test_own(self) -> None:
        """
        What is in the dead-letter queue is not put there again.
        """
        letters = DeadLetters(Broker(None), DEAD, Tally(), print)  # type: ignore[arg-type]  # notes are enough
        self.assertEqual([letters.takes(where) for where in (QUEUE, DEAD)], [True, False])
