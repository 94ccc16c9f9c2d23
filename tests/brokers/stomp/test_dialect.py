"""A broker of which only the specification is known."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.names import TEMPORARY
from kaazing.brokers.stomp.dialect import Atomic, Dialect
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Content, Destination, Domain, Features, Message, Wish
from kaazing.wire.stomp import Frame
from tests.brokers.listening import queue, text, topic


class UnknownBrokerTests(SynchronousTestCase):
    """What is assumed, which is little."""

    def refused(self, why: str, call: Any, *given: Any) -> None:
        """See that something is refused with a sentence."""
        self.assertEqual(str(self.assertRaises(BrokerRefused, call, *given)), why)

    def test_features(self) -> None:
        """
        It does nothing by itself.
        """
        broker = Dialect()
        self.assertEqual((broker.features, broker.atomic), (Features(), Atomic.NOTHING))

    def test_durable(self) -> None:
        """
        Durable subscriptions are no matter of STOMP.
        """
        why = "the broker has no durable subscriptions that are known of"
        self.refused(why, Dialect().subscribing, Wish(destination=topic("t"), durable="cart"))
        self.refused(why, Dialect().forgetting, "cart")

    def test_temporary(self) -> None:
        """
        Temporary destinations are ordinary ones whose names nobody guesses, and nobody else subscribes to.
        """
        broker = Dialect()
        for domain, word, ordinary in (
            (Domain.TEMP_QUEUE, "queue", queue),
            (Domain.TEMP_TOPIC, "topic", topic),
        ):
            made, other = broker.temporary(domain), broker.temporary(domain)
            self.assertEqual((made.domain, len(made.name)), (domain, len(TEMPORARY) + 32))
            self.assertNotEqual(made, other)
            self.assertEqual(broker.target(made), f"/{word}/{made.name}")
            self.assertEqual(broker.source(made), f"/{word}/{made.name}")
            self.assertEqual(broker.read(f"/{word}/{made.name}"), made)
            self.assertEqual(broker.target(ordinary(made.name)), f"/{word}/{made.name}")
            why = f"/{word}/{made.name} is another client's"
            self.refused(why, broker.source, ordinary(made.name))

    def test_read(self) -> None:
        """
        What is no destination is none.
        """
        self.assertEqual(Dialect().read("/queue/q"), queue("q"))
        for written in ("q", "", "/exchange/a", "/queue/a b"):
            self.assertIsNone(Dialect().read(written))

    def test_there_and_back(self) -> None:
        """
        A message, its body said by the content type.
        """
        answers = Destination(Domain.TEMP_QUEUE, f"{TEMPORARY}00ff")
        sent = text(queue("q"), "x", reply_to=answers, properties={"own": "1"}, type="greeting")
        headers = Dialect().written(sent, 0)
        self.assertEqual(
            headers,
            [
                ("destination", "/queue/q"),
                ("reply-to", f"/queue/{TEMPORARY}00ff"),
                ("priority", "4"),
                ("type", "greeting"),
                ("persistent", "true"),
                ("own", "1"),
                ("content-type", "text/plain"),
            ],
        )
        frame = Frame("MESSAGE", (*headers, ("message-id", "7"), ("content-length", "1")), b"x")
        self.assertEqual(
            Dialect().message(frame, queue("q"), answers),
            text(
                queue("q"),
                "x",
                reply_to=answers,
                properties={"own": "1"},
                type="greeting",
                message_id="7",
                content_type="text/plain",
            ),
        )
        sent = Message(destination=queue("q"), body=b"x", content=Content.BYTES)
        self.assertIn(("content-length", "1"), Dialect().written(sent, 0))
