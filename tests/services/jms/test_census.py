"""Tests for L{kaazing.services.jms.census}: what watchers see of a jms service."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from kaazing.metrics import exposition
from tests.services.jms.talk import JmsTestCase, queue, topic


class CensusTests(JmsTestCase):
    def test_counted(self) -> None:
        """
        Clients, their subscriptions by sort and what they have not acknowledged are those of the moment.
        """
        service = self.serve()
        ann, _ = self.client(service), self.client(service)
        ann.subscribe("/queue/q", "1", ack="client")
        ann.subscribe("/topic/t", "2")
        self.put(queue("q"), "1", "2")
        self.put(topic("t"), "1", "2", "3")
        found = {
            (sample.name, sample.labels.get("kind") or sample.labels.get("outcome")): sample.value
            for family in text_string_to_metric_families(exposition(self.house.census).decode())
            for sample in family.samples
            if sample.name.startswith("kaazing_jms") and sample.labels["service"] == "jms"
        }
        self.assertEqual(
            found,
            {
                ("kaazing_jms_clients", None): 2,
                ("kaazing_jms_subscriptions", "queue"): 1,
                ("kaazing_jms_subscriptions", "topic"): 1,
                ("kaazing_jms_subscriptions", "durable"): 0,
                ("kaazing_jms_subscriptions", "temporary"): 0,
                ("kaazing_jms_unsettled", None): 2,
                ("kaazing_jms_topic_subscriptions", None): 1,
                ("kaazing_jms_topic_messages_total", "delivered"): 3,
                ("kaazing_jms_topic_messages_total", "dropped"): 0,
                ("kaazing_jms_topic_messages_total", "conflated"): 0,
                ("kaazing_jms_topic_messages_total", "disconnected"): 0,
            },
        )

    def test_past(self) -> None:
        """
        What was counted stays counted when the connections of a user have ended.
        """
        service = self.serve(connection_strategy="per-user")
        ann = self.client(service, login="ann")
        ann.subscribe("/topic/t", "1")
        ann.subscribe("/topic/t", "2", ack="client")
        self.put(topic("t"), "1")
        ann.lose()
        self.pass_time(40)
        self.assertEqual((service.shares, service.past.delivered), ([], 2))
