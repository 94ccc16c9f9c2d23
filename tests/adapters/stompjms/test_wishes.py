"""Tests for L{kaazing.adapters.stompjms.wishes}: SUBSCRIBE as clients of each broker write it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stompjms.faults import Broken, Unserved
from kaazing.adapters.stompjms.wishes import destination, durable_name, one_destination, subscription
from kaazing.interfaces.brokers import Destination, Domain
from kaazing.interfaces.servers import Subscribe
from tests.adapters.stompjms.dialogue import QUEUE, TOPIC


class SubscribeTests(SynchronousTestCase):
    def assert_asks(self, headers: dict[str, str], where: str = "/topic/a.b", **more: object) -> None:
        """A SUBSCRIBE with these headers asks for this."""
        expected = Subscribe(id="0", destination=destination(where), **more)  # type: ignore[arg-type]
        self.assertEqual(
            subscription("0", {"destination": where, **headers}, 1000), expected, (where, headers)
        )

    def assert_refused(self, headers: dict[str, str], why: str, where: str = "/queue/a") -> None:
        """A SUBSCRIBE with these headers is not served."""
        fault = self.assertRaises(Unserved, subscription, "0", {"destination": where, **headers}, 1000)
        self.assertEqual(str(fault), why)

    def test_plain(self) -> None:
        """
        With nothing but a destination, whatever is delivered is settled at once.
        """
        self.assert_asks({})
        self.assert_asks({"ack": "auto", "x-any": "thing"})

    def test_acks(self) -> None:
        """
        The client acknowledges with client and client-individual; other words are a fault.
        """
        for ack in ("client", "client-individual"):
            self.assert_asks({"ack": ack}, acknowledges=True)
        for ack in ("", "Client", "dups_ok"):
            fault = self.assertRaises(
                Broken, subscription, "0", {"destination": "/queue/a", "ack": ack}, 1000
            )
            self.assertEqual(
                str(fault), "ack is none of auto, client, client-individual (SUBSCRIBE ack Header)"
            )

    def test_selector_and_receipt(self) -> None:
        """
        A selector passes as text without blanks at its ends; an empty one is none.
        """
        self.assert_asks(
            {"selector": " color = 'red' ", "receipt": "r"}, selector="color = 'red'", receipt="r"
        )
        self.assert_asks({"selector": " "})

    def test_prefetch(self) -> None:
        """
        Each broker's header says how many deliveries may be out; bytes of Artemis count as messages of a
        KiB, and any number is a thousand.
        """
        for headers, prefetch in (
            ({"prefetch-count": "7"}, 7),
            ({"prefetch-count": " 0 "}, 1000),
            ({"activemq.prefetchSize": "1"}, 1),
            ({"credit": "5"}, 5),
            ({"credit": "5,65536"}, 5),
            ({"consumer-window-size": "-1"}, 1000),
            ({"consumer-window-size": "0"}, 1),
            ({"consumer-window-size": "1023"}, 1),
            ({"consumer-window-size": "10240"}, 10),
            ({"credit": "5", "prefetch-count": "7"}, 7),
        ):
            self.assert_asks(headers, where="/queue/a", prefetch=prefetch)

    def test_bad_prefetch(self) -> None:
        """
        What is no such number is refused; none at all would deliver nothing.
        """
        for name, value, least in (
            ("prefetch-count", "-1", 0),
            ("prefetch-count", "x", 0),
            ("prefetch-count", "1" * 10, 0),
            ("activemq.prefetchSize", "0", 1),
            ("credit", "0", 1),
            ("consumer-window-size", "-2", 0),
        ):
            why = f"header {name}: expected a whole number from {least} on, not '{value}'"
            self.assert_refused({name: value}, why)
        self.assert_refused({"credit": "5,x"}, "header credit: expected a whole number from 0 on, not 'x'")

    def test_durable(self) -> None:
        """
        A durable subscription has a name of its own (ActiveMQ, Artemis) or that of its id (RabbitMQ, Apollo).
        """
        for headers, name in (
            ({"activemq.subscriptionName": "n"}, "n"),
            ({"activemq.subcriptionName": "n"}, "n"),
            ({"durable-subscription-name": "n"}, "n"),
            ({"durable-subscriber-name": "n", "persistent": "true"}, "n"),
            ({"persistent": "true"}, "0"),
            ({"durable": " True", "auto-delete": "false"}, "0"),
            ({"durable": "false"}, ""),
        ):
            self.assert_asks(headers, durable=name)
            self.assertEqual(durable_name("0", headers), name)

    def test_durable_queue(self) -> None:
        """
        A queue keeps its messages anyway: the headers mean nothing there.
        """
        for headers in ({"activemq.subscriptionName": "n"}, {"durable": "true"}):
            self.assert_asks(headers, where="/queue/a")

    def test_durable_without_name(self) -> None:
        """
        It needs a name.
        """
        why = "header durable-subscription-name: a durable subscription needs a name"
        self.assert_refused({"durable-subscription-name": " "}, why, where="/topic/a")
        fault = self.assertRaises(Unserved, durable_name, "", {"durable": "true"})
        self.assertEqual(str(fault), "header id: a durable subscription needs a name")

    def test_refused(self) -> None:
        """
        What would change which messages the client gets and cannot be done is refused, with the remedy.
        """
        shared = (
            "all clients share the gateway's connection, so that a broker cannot tell a client's own messages"
            " from others; leave it out, and tell them apart by a property"
        )
        self.assert_refused({"no-local": "true"}, f"header no-local: {shared}", where="/topic/a")
        self.assert_refused({"activemq.noLocal": "TRUE"}, f"header activemq.noLocal: {shared}")
        self.assert_refused(
            {"browser": "true"}, "header browser: messages can be consumed only; leave it out"
        )
        for name in ("exclusive", "activemq.exclusive"):
            why = "the others of a queue are not the gateway's to turn away; leave it out"
            self.assert_refused({name: "true"}, f"header {name}: {why}")
            self.assert_asks({name: "true"})
        self.assert_refused(
            {"x-queue-name": "q"},
            "header x-queue-name: a queue is named by its destination: subscribe to /queue/NAME",
            where="/topic/a",
        )

    def test_switched_off(self) -> None:
        """
        The same with false, or anything but true, asks for nothing.
        """
        self.assert_asks({"no-local": "false", "browser": "", "exclusive": "no"}, where="/queue/a")


class DestinationTests(SynchronousTestCase):
    def test_kinds(self) -> None:
        """
        Topics, queues and temporary ones, as kaazing.wire.destinations reads them.
        """
        self.assertEqual(destination("/queue/a"), QUEUE)
        self.assertEqual(destination("/topic/a.b"), TOPIC)
        self.assertEqual(destination("/topic/a.#"), Destination(Domain.TOPIC, "a.>"))
        self.assertEqual(destination("/temp-queue/x"), Destination(Domain.TEMP_QUEUE, "x"))

    def test_of_one_broker(self) -> None:
        """
        What only RabbitMQ has is refused with what to write instead.
        """
        for text, why in (
            (
                "/exchange/amq.topic/a",
                "/exchange/ names something of RabbitMQ alone; write /topic/ROUTING.KEY, or /queue/NAME for a"
                " queue that is bound to the exchange",
            ),
            ("/amq/queue/a", "/amq/queue/ names something of RabbitMQ alone; write /queue/NAME"),
            (
                "/reply-queue/a",
                "/reply-queue/ names something of RabbitMQ alone; write the destination that was in the"
                " message's header reply-to",
            ),
        ):
            self.assertEqual(str(self.assertRaises(Unserved, destination, text)), why)

    def test_unreadable(self) -> None:
        """
        Any other is refused with the words of kaazing.wire.destinations.
        """
        why = self.assertRaises(Unserved, destination, "queue.a")
        self.assertTrue(str(why).startswith("'queue.a' is no destination; write /topic/NAME"), str(why))

    def test_one(self) -> None:
        """
        A message goes to one destination: wildcards are for subscriptions.
        """
        self.assertEqual(one_destination("/topic/a.b"), TOPIC)
        for text in ("/topic/a.*", "/topic/#"):
            why = self.assertRaises(Unserved, one_destination, text)
            self.assertEqual(str(why), f"'{text}' has a wildcard; a message is sent to one destination")

    @given(
        st.dictionaries(
            st.sampled_from(
                ("ack", "selector", "prefetch-count", "credit", "consumer-window-size", "durable", "browser")
            ),
            st.one_of(st.text(max_size=6), st.sampled_from(("true", "client", "0", "17", "1,2"))),
        ),
        st.text(max_size=20),
    )
    def test_anything(self, headers: dict[str, str], where: str) -> None:
        """
        Whatever the headers say: it is read, or refused as one of the two sorts of faults.
        """
        for each in (where, f"/topic/{where}"):
            try:
                asked = subscription("0", {"destination": each, **headers}, 1000)
            except (Broken, Unserved):
                continue
            self.assertTrue(asked.prefetch is None or asked.prefetch > 0)
