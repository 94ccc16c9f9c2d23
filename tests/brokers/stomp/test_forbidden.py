"""What RabbitMQ has refused is not asked for at once again."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.stomp.forbidden import MOST, SECONDS, Forbidden, Memory
from kaazing.errors import BrokerRefused
from tests.brokers.listening import text, topic
from tests.brokers.stomp.far import RABBITMQ, Scene

REFUSAL = "access_refused\nACCESS_REFUSED - access to topic 'a' in vhost '/' refused for user 'alice'"


class ForbiddenTests(SynchronousTestCase):
    def test_for_a_while(self) -> None:
        """
        A destination that was refused is forbidden for a minute, to that command alone.
        """
        forbidden = Forbidden()
        forbidden.refused("SEND", "/topic/a", REFUSAL, 100.0)
        for command, what, now, expected in (
            ("SEND", "/topic/a", 100.0 + SECONDS - 1, True),
            ("SEND", "/topic/a", 100.0 + SECONDS, False),
            ("SEND", "/topic/b", 100.0, False),
            ("SUBSCRIBE", "/topic/a", 100.0, False),
        ):
            self.assertIs(forbidden.forbids(command, what, now), expected)

    def test_for_what_was_in_it(self) -> None:
        """
        What is refused for what is in one message, another may have.
        """
        forbidden = Forbidden()
        forbidden.refused("SEND", "/topic/a", "precondition_failed\nPRECONDITION_FAILED - invalid", 100.0)
        self.assertFalse(forbidden.forbids("SEND", "/topic/a", 100.0))

    def test_bounds(self) -> None:
        """
        Of too many the oldest are forgotten.
        """
        forbidden, memory = Forbidden(), Memory()
        first = memory.of("0")
        for number in range(MOST + 1):
            forbidden.refused("SEND", str(number), REFUSAL, 100.0)
            kept = memory.of(str(number))
        told = [forbidden.forbids("SEND", str(number), 100.0) for number in (0, 1, MOST)]
        self.assertEqual(told, [False, True, True])
        self.assertIs(memory.of(str(MOST)), kept)
        self.assertIsNot(memory.of("0"), first)


class ConnectionTests(SynchronousTestCase):
    def test_the_next_connection(self) -> None:
        """
        The client that asks again is refused by the gateway, and the connection stays for the others.
        """
        scene = Scene()
        link, far = scene.link(RABBITMQ)
        asked = link.publish(text(topic("a"), "x"))
        self.assertEqual(len(far.taken()), 1)
        far.says("ERROR", b"access to topic 'a' refused", message="access_refused")
        first = self.failureResultOf(asked, BrokerRefused)
        far.abort()
        link, far = scene.link(RABBITMQ)
        again = self.failureResultOf(link.publish(text(topic("a"), "x")), BrokerRefused)
        self.assertEqual([str(each.value) for each in (first, again)], ["the broker refuses /topic/a"] * 2)
        self.assertEqual((far.taken(), far.open), ([], True))
