"""Tests for L{kaazing.adapters.stompjms.ledger}: subscriptions, acknowledgements and transactions."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.adapters import ToFront
from kaazing.interfaces.brokers import Destination, Domain, Message, Outcome
from kaazing.interfaces.servers import Commit, Send, Settle, Subscribe, Unsubscribe, Withheld
from tests.adapters.stompjms.dialogue import (
    NEWS,
    QUEUE,
    TOPIC,
    Dialogue,
    error,
    policy,
    receipt,
    refused,
)

ACKED = "SUBSCRIBE\nid:0\ndestination:/queue/a\nack:client-individual\n\n"
HELLO = Message(destination=QUEUE, body=b"hello", persistent=False)


def accepted(
    *tags: str, id: str = "0", outcome: Outcome = Outcome.ACCEPTED, receipt: str | None = None
) -> Settle:
    """Return what settles deliveries."""
    return Settle(id=id, tags=tags, outcome=outcome, receipt=receipt)


def news(ack: str = "", version: str = "1.2", id: str = "0", message_id: str = "m1") -> ToFront:
    """Return the MESSAGE frame of L{NEWS} on a subscription."""
    own = f"subscription:{id}\n" if id else ""
    own += f"ack:{ack}\n" if ack else ""
    head = f"MESSAGE\n{own}destination:/queue/a\nmessage-id:{message_id}\npriority:4\n\n"
    return ToFront(head.encode() + b"news\0")


class LedgerTestCase(SynchronousTestCase):
    """What the tests below have in common."""

    def violated(self, dialogue: Dialogue, what: str, section: str, version: str = "1.2") -> None:
        """The last frame broke a rule of STOMP: an ERROR, and what the log says."""
        words = f"{what} (STOMP {version}, {section})"
        answer, fault = dialogue.heard()
        self.assertEqual(answer, error(words, "r", version))
        self.assertRegex(fault, r"\Aclient byte [0-9]+: ")
        self.assertEqual(fault.partition(": ")[2], words)
        self.assertIs(dialogue.session.deadline, None)
        dialogue.front("SEND\ndestination:/queue/a\n\nlater").then()


class SubscriptionTests(LedgerTestCase):
    def test_subscribe(self) -> None:
        """
        SUBSCRIBE becomes a request; the id names the subscription until UNSUBSCRIBE.
        """
        dialogue = Dialogue(self).connect()
        asked = Subscribe(id="0", destination=QUEUE, acknowledges=True)
        for _ in range(2):
            dialogue.front(ACKED).then(asked)
            dialogue.front("UNSUBSCRIBE\nid:0\nreceipt:r\n\n").then(Unsubscribe(id="0", receipt="r"))

    def test_open_already(self) -> None:
        """
        An id is used once at a time.
        """
        dialogue = Dialogue(self).connect().front(ACKED)
        dialogue.heard()
        dialogue.front("SUBSCRIBE\nid:0\ndestination:/queue/b\nreceipt:r\n\n")
        self.violated(dialogue, "subscription '0' is open already", "SUBSCRIBE id Header")

    def test_too_many(self) -> None:
        """
        There is a limit; who unsubscribes may subscribe again.
        """
        dialogue = Dialogue(self, stomp_maximum_subscriptions=1).connect().front(ACKED)
        dialogue.heard()
        dialogue.front("UNSUBSCRIBE\nid:0\n\n").then(Unsubscribe(id="0")).front(ACKED)
        dialogue.heard()
        dialogue.front("SUBSCRIBE\nid:1\ndestination:/queue/a\nreceipt:r\n\n")
        self.violated(dialogue, "more than 1 subscriptions", "Size Limits")

    def test_1_0(self) -> None:
        """
        In STOMP 1.0 the destination names a subscription that has no id; its messages have none either.
        """
        dialogue = Dialogue(self).connect("1.0")
        dialogue.front("SUBSCRIBE\ndestination: /queue/a \n\n").then(
            Subscribe(id="/queue/a", destination=QUEUE)
        )
        self.assertEqual(dialogue.session.look("/queue/a"), (10, b""))
        dialogue.deliver(None, id="/queue/a").then(news(id=""))
        dialogue.front("UNSUBSCRIBE\ndestination:/queue/a\n\n").then(Unsubscribe(id="/queue/a"))
        dialogue.front("UNSUBSCRIBE\nreceipt:r\n\n")
        self.violated(dialogue, "UNSUBSCRIBE without id and destination", "UNSUBSCRIBE", "1.0")

    def test_unsubscribe_of_nothing(self) -> None:
        """
        UNSUBSCRIBE of what is not open is a fault.
        """
        dialogue = Dialogue(self).connect().front("UNSUBSCRIBE\nid:0\nreceipt:r\n\n")
        self.violated(dialogue, "no subscription '0' is open", "UNSUBSCRIBE")

    def test_durable(self) -> None:
        """
        UNSUBSCRIBE with the durable subscription's name ends it for good, open or not; without, it is kept.
        """
        dialogue = Dialogue(self).connect()
        durable = "SUBSCRIBE\nid:0\ndestination:/topic/a.b\nactivemq.subscriptionName:n\n\n"
        for again, ends in (("", ""), ("activemq.subscriptionName:n\n", "n")):
            dialogue.front(durable).then(Subscribe(id="0", destination=TOPIC, durable="n"))
            dialogue.front(f"UNSUBSCRIBE\nid:0\n{again}\n").then(Unsubscribe(id="0", durable=ends))
        dialogue.front("UNSUBSCRIBE\nid:x\ndurable-subscription-name:n\n\n").then(
            Unsubscribe(id=None, durable="n")
        )
        dialogue.front("UNSUBSCRIBE\nid:x\ndestination:/topic/a.b\ndurable:true\nreceipt:r\n\n").then(
            Unsubscribe(id=None, durable="x", destination=TOPIC, receipt="r")
        )

    def test_durable_of_another_name(self) -> None:
        """
        An open subscription that is not the durable one that is to end is not ended in its place.
        """
        dialogue = Dialogue(self).connect().front(ACKED)
        dialogue.heard()
        dialogue.front("UNSUBSCRIBE\nid:0\nactivemq.subscriptionName:n\nreceipt:r\n\n").then(
            *refused("subscription '0' is not the durable one 'n'; end it by an id that is not open", "r")
        )

    def test_prefetch(self) -> None:
        """
        All subscriptions together get no more deliveries than the limit, until one ends.
        """
        dialogue = Dialogue(self, stomp_maximum_unsettled=1500).connect()
        for id, granted in (("0", 1000), ("1", 500)):
            dialogue.front(
                f"SUBSCRIBE\nid:{id}\ndestination:/queue/a\nack:client\nprefetch-count:0\n\n"
            ).then(Subscribe(id=id, destination=QUEUE, acknowledges=True, prefetch=granted))
        dialogue.front("UNSUBSCRIBE\nid:1\n\n").then(Unsubscribe(id="1"))
        subscribe = "SUBSCRIBE\nid:%d\ndestination:/queue/a\nack:client\nreceipt:r\nprefetch-count:500\n\n"
        asked = Subscribe(id="2", destination=QUEUE, acknowledges=True, prefetch=500, receipt="r")
        dialogue.front(subscribe % 2).then(asked).front(subscribe % 3)
        self.violated(dialogue, "more than 1500 deliveries that may be out", "Size Limits")

    def test_prefetch_of_auto(self) -> None:
        """
        What is settled at once takes no part in that.
        """
        dialogue = Dialogue(self, stomp_maximum_unsettled=10).connect()
        dialogue.front("SUBSCRIBE\nid:0\ndestination:/queue/a\nprefetch-count:50\n\n").then(
            Subscribe(id="0", destination=QUEUE, prefetch=50)
        )


class PolicyTests(LedgerTestCase):
    def test_send(self) -> None:
        """
        A message goes only where the policy allows it; others end the connection.
        """
        dialogue = Dialogue(self, policy=policy("send /queue/a")).connect()
        dialogue.front("SEND\ndestination:/queue/a\n\nhello").then(Send(message=HELLO))
        dialogue.front("SEND\ndestination:/queue/b\nreceipt:r\n\nhello").then(
            Withheld(operation="send"), *refused("not allowed to send to this destination", "r")
        )

    def test_subscribe(self) -> None:
        """
        A pattern must lie wholly within what is allowed.
        """
        dialogue = Dialogue(self, policy=policy("subscribe /topic/a.#")).connect()
        dialogue.front("SUBSCRIBE\nid:0\ndestination:/topic/a.*\n\n").then(
            Subscribe(id="0", destination=Destination(Domain.TOPIC, "a.*"))
        )
        dialogue.front("SUBSCRIBE\nid:1\ndestination:/topic/>\n\n").then(
            Withheld(operation="subscribe"), *refused("not allowed to subscribe to this destination")
        )

    def test_unsubscribe(self) -> None:
        """
        So must the destination of a durable subscription that is to end.
        """
        dialogue = Dialogue(self, policy=policy("subscribe /topic/b")).connect()
        dialogue.front("UNSUBSCRIBE\nid:x\ndestination:/topic/a.b\ndurable:true\n\n").then(
            Withheld(operation="subscribe"), *refused("not allowed to subscribe to this destination")
        )

    def test_by_login(self) -> None:
        """
        What only the login says counts in the place of the link's policy.
        """
        dialogue = Dialogue(self, policy=policy("send /queue/a")).connect(policy=policy("send /queue/b"))
        dialogue.front("SEND\ndestination:/queue/a\n\nhello").then(
            Withheld(operation="send"), *refused("not allowed to send to this destination")
        )


class AckTests(LedgerTestCase):
    def test_1_2(self) -> None:
        """
        In 1.2 a delivery is named by the header ack, which only those have that are to be acknowledged.
        """
        dialogue = Dialogue(self).connect().front(ACKED)
        dialogue.heard()
        dialogue.deliver("x").then(news("1-1")).deliver("y").then(news("1-2"))
        self.assertEqual(dialogue.session.unsettled("0"), 2)
        dialogue.front("ACK\nid:1-2\nreceipt:r\n\n").then(accepted("y", receipt="r"))
        dialogue.front("NACK\nid:1-1\n\n").then(accepted("x", outcome=Outcome.RELEASED))
        self.assertEqual(dialogue.session.unsettled("0"), 0)
        dialogue.front("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n").heard()
        dialogue.deliver(None, id="1").then(news(id="1"))

    def test_1_1(self) -> None:
        """
        In 1.1 by message-id and subscription.
        """
        dialogue = Dialogue(self).connect("1.1").front(ACKED)
        dialogue.heard()
        dialogue.deliver("x").then(news())
        dialogue.front("ACK\nsubscription:0\nmessage-id:m1\n\n").then(accepted("x"))
        dialogue.deliver("y").then(news())
        dialogue.front("NACK\nsubscription:0\nmessage-id:m1\nrequeue: False\n\n").then(
            accepted("y", outcome=Outcome.REJECTED)
        )

    def test_1_1_same_message(self) -> None:
        """
        A message that is out already on a subscription gets another message-id.
        """
        dialogue = Dialogue(self).connect("1.1").front(ACKED)
        dialogue.heard()
        dialogue.deliver("x").then(news()).deliver("y").then(news(message_id="m1#1-2"))
        dialogue.front("ACK\nsubscription:0\nmessage-id:m1#1-2\n\n").then(accepted("y"))

    def test_1_0(self) -> None:
        """
        In 1.0 by message-id alone: a message that two subscriptions get has two.
        """
        dialogue = Dialogue(self).connect("1.0")
        for id in ("0", "1", "2"):
            ack = "client" if id != "1" else "auto"
            dialogue.front(f"SUBSCRIBE\nid:{id}\ndestination:/queue/a\nack:{ack}\n\n").heard()
        dialogue.deliver("x").then(news())
        dialogue.deliver("y", id="2").then(news(id="2", message_id="m1#3-1"))
        dialogue.deliver(None, id="1").then(news(id="1"))
        dialogue.front("ACK\nmessage-id:m1#3-1\n\n").then(accepted("y", id="2"))
        dialogue.front("ACK\nmessage-id: m1\n\n").then(accepted("x"))

    def test_cumulative(self) -> None:
        """
        With ack:client one frame settles all that came before it on this subscription, of each version.
        """
        names = {"1.0": "message-id:m3", "1.1": "subscription:0\nmessage-id:m3", "1.2": "id:1-3"}
        for version, name in names.items():
            dialogue = Dialogue(self).connect(version)
            dialogue.front("SUBSCRIBE\nid:0\ndestination:/queue/a\nack:client\n\n").heard()
            for number in range(1, 5):
                dialogue.deliver(number, replace(NEWS, message_id=f"m{number}")).heard()
            dialogue.front(f"ACK\n{name}\n\n").then(Settle(id="0", tags=(1, 2, 3), outcome=Outcome.ACCEPTED))
            self.assertEqual(dialogue.session.unsettled("0"), 1, version)

    def test_not_open(self) -> None:
        """
        What was never delivered, is settled already, was on a subscription that is closed, or needs no
        acknowledgement: a fault.
        """
        for ack in ("1-2", "2-1", "3-1", "1", "x-1", "1-", "1-1 ", "\u0661-1", "undefined"):
            dialogue = Dialogue(self).connect().front(ACKED)
            dialogue.heard()
            dialogue.front("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n").heard()
            dialogue.deliver("x").heard()
            dialogue.deliver(None, id="1").heard()
            dialogue.front(f"ACK\nid:{ack}\nreceipt:r\n\n")
            self.violated(dialogue, "ACK of what is not to be acknowledged", "ACK")

    def test_twice(self) -> None:
        """
        Nor is anything settled twice, or after UNSUBSCRIBE, where it has gone back.
        """
        for first in ("ACK\nid:1-1\n\n", "UNSUBSCRIBE\nid:0\n\n"):
            dialogue = Dialogue(self).connect().front(ACKED)
            dialogue.heard()
            dialogue.deliver("x").heard()
            dialogue.front(first).heard()
            dialogue.front("NACK\nid:1-1\nreceipt:r\n\n")
            self.violated(dialogue, "NACK of what is not to be acknowledged", "NACK")

    def test_not_open_before_1_2(self) -> None:
        """
        The same in 1.1 and 1.0.
        """
        for version, name in (
            ("1.1", "subscription:0\nmessage-id:m2"),
            ("1.1", "subscription:1\nmessage-id:m1"),
            ("1.0", "message-id:m2"),
        ):
            dialogue = Dialogue(self).connect(version).front(ACKED)
            dialogue.heard()
            dialogue.deliver("x").heard()
            dialogue.front(f"ACK\n{name}\nreceipt:r\n\n")
            self.violated(dialogue, "ACK of what is not to be acknowledged", "ACK", version)

    def test_discarded(self) -> None:
        """
        What the broker has lost is passed over in silence, but for the receipt; what comes again has its own
        name.
        """
        names = {"1.0": "message-id:m1", "1.1": "subscription:0\nmessage-id:m1", "1.2": "id:1-1"}
        for version, name in names.items():
            dialogue = Dialogue(self).connect(version).front(ACKED)
            dialogue.heard()
            dialogue.deliver("x").heard()
            dialogue.session.discard("0")
            self.assertEqual(dialogue.session.unsettled("0"), 0)
            dialogue.front(f"ACK\n{name}\n\n").then()
            dialogue.front(f"ACK\n{name}\nreceipt:r\n\n").then(receipt("r"))
        dialogue.deliver("y").then(news("1-2")).front("ACK\nid:1-2\n\n").then(accepted("y"))
        dialogue.session.discard("none such")
        self.assertEqual(dialogue.session.unsettled("none such"), 0)


class TransactionTests(LedgerTestCase):
    def begun(self, **limits: int) -> Dialogue:
        """Return a client with two deliveries and a transaction t."""
        dialogue = Dialogue(self, **limits).connect()
        dialogue.front("SUBSCRIBE\nid:0\ndestination:/queue/a\nack:client\n\n").heard()
        dialogue.deliver("x").heard()
        dialogue.deliver("y").heard()
        return dialogue.front("BEGIN\ntransaction:t\nreceipt:b\n\n").then(receipt("b"))

    def test_commit(self) -> None:
        """
        Nothing leaves the gateway before COMMIT; receipts within say that the transaction has it.
        """
        dialogue = self.begun()
        dialogue.front("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:1\n\nhello").then(receipt("1"))
        dialogue.front("ACK\nid:1-1\ntransaction:t\n\n").then()
        dialogue.front("NACK\nid:1-2\ntransaction:t\nreceipt:2\n\n").then(receipt("2"))
        self.assertEqual(dialogue.session.unsettled("0"), 2)
        dialogue.front("COMMIT\ntransaction:t\nreceipt:3\n\n").then(
            Commit(
                sends=[HELLO],
                settles=[accepted("x"), accepted("y", outcome=Outcome.RELEASED)],
                receipt="3",
            )
        )
        self.assertEqual(dialogue.session.unsettled("0"), 0)

    def test_empty(self) -> None:
        """
        A transaction without anything in it is done at once; its name may be used again.
        """
        dialogue = self.begun().front("COMMIT\ntransaction:t\nreceipt:1\n\n").then(receipt("1"))
        dialogue.front("BEGIN\ntransaction:t\n\n").then().front("ABORT\ntransaction:t\n\n").then()

    def test_abort(self) -> None:
        """
        ABORT drops what was sent, and what was acknowledged is to be acknowledged again.
        """
        dialogue = self.begun()
        dialogue.front("SEND\ndestination:/queue/a\ntransaction:t\n\nhello").then()
        dialogue.front("ACK\nid:1-2\ntransaction:t\n\n").then()
        dialogue.front("ABORT\ntransaction:t\nreceipt:1\n\n").then(receipt("1"))
        dialogue.front("ACK\nid:1-2\n\n").then(accepted("x", "y"))

    def test_taken(self) -> None:
        """
        What one transaction acknowledges is not acknowledged outside of it.
        """
        dialogue = self.begun().front("ACK\nid:1-1\ntransaction:t\n\n").then()
        dialogue.front("ACK\nid:1-2\n\n").then(accepted("y"))
        dialogue.front("ACK\nid:1-1\nreceipt:r\n\n")
        self.violated(dialogue, "ACK of what is not to be acknowledged", "ACK")

    def test_names(self) -> None:
        """
        A transaction is begun once, and nothing is done in one that is not.
        """
        for frame, what, section in (
            ("BEGIN\ntransaction:t", "transaction 't' is open already", "BEGIN"),
            ("COMMIT\ntransaction:u", "no transaction 'u' is open", "COMMIT"),
            ("ABORT\ntransaction:u", "no transaction 'u' is open", "ABORT"),
            ("SEND\ndestination:/queue/a\ntransaction:u", "no transaction 'u' is open", "SEND"),
            ("ACK\nid:1-1\ntransaction:u", "no transaction 'u' is open", "ACK"),
        ):
            dialogue = self.begun().front(f"{frame}\nreceipt:r\n\n")
            self.violated(dialogue, what, section)

    def test_limits(self) -> None:
        """
        So many transactions, and so many bytes in all of them; what ended counts no more.
        """
        dialogue = self.begun(stomp_maximum_transactions=1).front("BEGIN\ntransaction:u\nreceipt:r\n\n")
        self.violated(dialogue, "more than 1 transactions", "Size Limits")
        dialogue = self.begun(stomp_maximum_transaction_size=1024)
        send = "SEND\ndestination:/queue/a\ntransaction:%s\nreceipt:r\n\n" + "x" * 400
        dialogue.front(send % "t").then(receipt("r")).front("ABORT\ntransaction:t\n\n").then()
        dialogue.front("BEGIN\ntransaction:u\n\n").then()
        dialogue.front(send % "u").then(receipt("r"))
        dialogue.front(send % "u")
        self.violated(dialogue, "more than 1024 bytes in transactions", "Size Limits")

    def test_discarded(self) -> None:
        """
        A transaction that acknowledges what the broker has lost meanwhile cannot be committed.
        """
        dialogue = self.begun().front("ACK\nid:1-1\ntransaction:t\n\n").then()
        dialogue.session.discard("0")
        dialogue.front("ACK\nid:1-2\ntransaction:t\n\n").then()
        dialogue.front("COMMIT\ntransaction:t\nreceipt:r\n\n").then(
            *refused(
                "transaction 't': what was acknowledged in it comes again, because the broker was lost;"
                " begin anew",
                "r",
            )
        )

    def test_unsubscribed(self) -> None:
        """
        Nor can one whose subscription has ended, since its deliveries went back.
        """
        dialogue = self.begun().front("ACK\nid:1-1\ntransaction:t\n\n").then()
        dialogue.front("UNSUBSCRIBE\nid:0\n\n").then(Unsubscribe(id="0"))
        dialogue.front("COMMIT\ntransaction:t\n\n").then(
            *refused(
                "transaction 't': what was acknowledged in it has gone back when its subscription ended;"
                " begin anew"
            )
        )
