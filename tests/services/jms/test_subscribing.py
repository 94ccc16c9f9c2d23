"""Tests for L{kaazing.services.jms.subscribing}: which sort of subscription it is, and what it is called."""

from __future__ import annotations

from kaazing.services.jms.census import JmsCensus
from tests.services.jms.talk import JmsTestCase, topic

DURABLE = {"activemq_subscriptionName": "d"}


class SortTests(JmsTestCase):
    def test_sorts(self) -> None:
        """
        Queues, topics, durable subscriptions and temporary destinations are each another sort.
        """
        service = self.serve()
        ann = self.client(service, client_id="ann")
        ann.subscribe("/queue/a", "1")
        ann.subscribe("/topic/a", "2")
        ann.subscribe("/topic/a", "3", ack="client")
        ann.subscribe("/topic/a", "4", **DURABLE)
        ann.subscribe("/temp-queue/a", "5")
        (client,) = service.clients
        names = [type(held).__name__ for held in client.subscriptions.values()]
        self.assertEqual(
            names, ["Consumer", "Listener", "AcknowledgingListener", "DurableConsumer", "Borrower"]
        )
        counted = {
            sample.labels["kind"]: sample.value
            for family in JmsCensus(service).collect()
            for sample in family.samples
            if "kind" in sample.labels
        }
        self.assertEqual(counted, {"queue": 1, "topic": 2, "durable": 1, "temporary": 1})

    def test_bad_selector(self) -> None:
        """
        What is no selector is refused, wherever it stands.
        """
        service = self.serve()
        for destination in ("/queue/a", "/topic/a", "/temp-queue/a"):
            ann = self.client(service)
            ann.subscribe(destination, selector="a = ")
            self.assertEqual([each.command for each in ann.heard()], ["ERROR"], destination)

    def test_many_selectors(self) -> None:
        """
        All selectors of a client together have so many words, since each message is compared with each; those
        of subscriptions that have ended do not count.
        """
        ann = self.client(self.serve(maximum_selector_words=10))
        ann.subscribe("/topic/a", "1", selector="a = 1 OR b")
        ann.say("UNSUBSCRIBE", id="1")
        ann.subscribe("/topic/a", "1")
        ann.subscribe("/topic/a", "2", selector="a = 1 AND b = 2")
        ann.subscribe("/queue/a", "3", selector="a = 1")
        self.assertEqual(ann.told(), [f"receipt open-{id}" for id in ("1", "1", "2", "3")])
        ann.subscribe("/temp-queue/a", "4", selector="a")
        why = "the selectors of this connection have more than 10 words"
        self.assertEqual(ann.told(), [f"ERROR {why}"])

    def test_costly_selector(self) -> None:
        """
        One that looks at each character of a value counts for as many as it costs.
        """
        ann = self.client(self.serve())
        ann.subscribe("/topic/a", selector=" OR ".join(f"a LIKE '%{letter}_%'" for letter in "abcdefghij"))
        why = "the selectors of this connection have more than 10000 words"
        self.assertEqual(ann.told(), [f"ERROR {why}"])


class NameTests(JmsTestCase):
    """What durable subscriptions are called at the broker."""

    def name(self, user: str = "", client_id: str = "", **properties: str) -> list[str]:
        """Open one; return what the broker calls it."""
        service = self.serve(**properties)
        ann = self.client(service, user, **({"client_id": client_id} if client_id else {}))
        ann.subscribe("/topic/t", **DURABLE)
        found = [*self.store._durables]
        for each in found:
            self.store._durables.pop(each)
        return found or ann.told()

    def test_form(self) -> None:
        """
        The client id and the name, with the user before it where there is one; or as the service says.
        """
        self.assertEqual(self.name(client_id="c"), ["c:d"])
        self.assertEqual(self.name("ann", "c"), ["ann:c:d"])
        self.assertEqual(self.name("ann", "c", client_durable_name_format="${name}@${clientid}"), ["d@c"])

    def test_no_client_id(self) -> None:
        """
        Who names no client id has its user's name for one, or what the service says; otherwise none can be
        opened.
        """
        self.assertEqual(self.name("ann"), ["ann:ann:d"])
        self.assertEqual(self.name("ann", anonymous_clientid_pattern="web-${user}"), ["ann:web-ann:d"])
        self.assertEqual(self.name(anonymous_clientid_pattern="everybody"), ["everybody:d"])
        self.assertEqual(self.name(), ["ERROR a durable subscription needs a client-id in CONNECT"])

    def test_another_user(self) -> None:
        """
        Another user who writes the same client id and name has another subscription, and takes over none.
        """
        service = self.serve()
        ann, eve = self.client(service, "ann", client_id="c"), self.client(service, "eve", client_id="c")
        ann.subscribe("/topic/t", **DURABLE)
        eve.subscribe("/topic/t", **DURABLE)
        self.put(topic("t"), "1")
        self.assertEqual([each.told() for each in (ann, eve)], [["receipt open-s", "s: 1"]] * 2)


class ForgetTests(JmsTestCase):
    def test_not_open(self) -> None:
        """
        One that is not open is forgotten where it is known of which topic it is.
        """
        service = self.serve()
        ann = self.client(service, client_id="ann")
        ann.subscribe("/topic/t", **DURABLE)
        ann.lose()
        again = self.client(service, client_id="ann")
        again.say("UNSUBSCRIBE", id="x", receipt="u", **DURABLE)
        self.assertEqual((again.told(), self.store._durables), (["receipt u"], {}))

    def test_unknown(self) -> None:
        """
        Of which topic it is has to be said where that is not known.
        """
        ann = self.client(self.serve(), client_id="ann")
        ann.say("UNSUBSCRIBE", id="x", **DURABLE)
        why = "it is not known of which topic the durable subscription 'd' is; write its destination"
        self.assertEqual(ann.told(), [f"ERROR {why}"])

    def test_open_elsewhere(self) -> None:
        """
        One that another connection has open is not forgotten.
        """
        service = self.serve()
        ann, other = (self.client(service, client_id="ann") for _ in range(2))
        ann.subscribe("/topic/t", **DURABLE)
        other.say("UNSUBSCRIBE", id="x", **DURABLE)
        self.assertEqual(other.told(), ["ERROR the durable subscription 'd' is open in another connection"])

    def test_without_client_id(self) -> None:
        """
        Who cannot have one cannot forget one.
        """
        ann = self.client(self.serve())
        ann.say("UNSUBSCRIBE", id="x", **DURABLE)
        self.assertEqual(ann.told(), ["ERROR a durable subscription needs a client-id in CONNECT"])
