"""Where destinations are in RabbitMQ."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp import names
from kaazing.brokers.names import temporary_name
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain


class NamesTests(SynchronousTestCase):
    def test_patterns(self) -> None:
        """
        A topic is its name as a routing key, and of its wildcards the one for many words has AMQP's sign.
        """
        written = {each: names.binding(each) for each in ("a.b", "*.b", "a.>", ">", "a.>.c", "a.b>")}
        self.assertEqual(
            written, {"a.b": "a.b", "*.b": "*.b", "a.>": "a.#", ">": "#", "a.>.c": "a.#.c", "a.b>": "a.b>"}
        )

    def test_answers_go_to_bare_names(self) -> None:
        """
        Where answers are wanted is a bare queue for any AMQP client, and is read again as it was.
        """
        temporary = Destination(Domain.TEMP_QUEUE, temporary_name())
        for destination, text in (
            (Destination(Domain.QUEUE, "answers"), "answers"),
            (temporary, temporary.name),
            (Destination(Domain.TOPIC, "a.b"), "/topic/a.b"),
            (Destination(Domain.TEMP_TOPIC, "kaazing.temp.1"), "/temp-topic/kaazing.temp.1"),
            (None, ""),
        ):
            self.assertEqual(names.reply_to(destination), text)
            self.assertEqual(names.read_reply_to(text), destination)

    def test_answers_to_others(self) -> None:
        """
        Where other clients want their answers is found: RabbitMQ's own temporary queues, the texts of its
        STOMP plugin; what is no destination is none.
        """
        self.assertEqual(
            [
                names.read_reply_to(text)
                for text in ("amq.gen-Xa", "/reply-queue/amq.gen-Xa", "/queue/q", "/exchange/e/k", "a b")
            ],
            [
                Destination(Domain.TEMP_QUEUE, "amq.gen-Xa"),
                Destination(Domain.TEMP_QUEUE, "amq.gen-Xa"),
                Destination(Domain.QUEUE, "q"),
                None,
                None,
            ],
        )

    def test_durable_names(self) -> None:
        """
        A durable subscription has a queue of its name, and a mark that differs with the topic; a name for
        which there is no room is refused.
        """
        queue = names.durable_queue("ann.prices")
        self.assertEqual(queue, "kaazing.durable.ann.prices")
        self.assertNotEqual(names.mark(queue, "a"), names.mark(queue, "b"))
        self.assertEqual(len(names.mark(names.durable_queue("n" * 222), "a")), 255)
        with self.assertRaises(BrokerRefused) as refused:
            names.durable_queue("n" * 223)
        self.assertEqual(str(refused.exception), "the name of a durable subscription has more than 222 bytes")

    def test_queues(self) -> None:
        """
        Queues, temporary ones included, are queues in RabbitMQ; topics are not.
        """
        self.assertEqual(
            [domain for domain in Domain if names.is_queue(Destination(domain, "n"))],
            [Domain.QUEUE, Domain.TEMP_QUEUE],
        )
