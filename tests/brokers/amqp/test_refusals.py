"""What clients are told where RabbitMQ closes a channel."""

from __future__ import annotations

from pika.exceptions import ChannelClosedByBroker, ChannelClosedByClient, StreamLostError
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp.refusals import code, refusal
from kaazing.errors import BrokerLost, BrokerRefused

SECRET = "ACCESS_REFUSED - access to queue 'q' in vhost 'shop' refused for user 'root'"


class RefusalTests(SynchronousTestCase):
    def test_table(self) -> None:
        """
        Each reply code has a sentence, in which no user and no virtual host is; the log has the broker's.
        """
        log: list[str] = []
        told = {
            number: str(refusal(ChannelClosedByBroker(number, SECRET), "queue q", log.append))
            for number in (403, 404, 405, 406, 540)
        }
        self.assertEqual(
            told,
            {
                403: "the broker gives no access to queue q",
                404: "there is no queue q",
                405: "queue q belongs to another connection",
                406: "the broker has queue q, but not as it would have to be",
                540: "the broker refuses queue q",
            },
        )
        self.assertEqual(log[0], f"queue q: 403 {SECRET}")

    def test_lost(self) -> None:
        """
        What was not the broker's word is a loss, which may pass; what is an error of ours stays one.
        """
        log: list[str] = []
        for why in (ChannelClosedByClient(0, "Normal shutdown"), StreamLostError()):
            self.assertIsInstance(refusal(why, "queue q", log.append), BrokerLost)
            self.assertEqual(code(why), 0)
        refused = BrokerRefused("no")
        self.assertIs(refusal(refused, "queue q", log.append), refused)
        self.assertEqual(log, [])
