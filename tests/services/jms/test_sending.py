"""Tests for L{kaazing.services.jms.sending}: what clients send, and when they are told that it is safe."""

from __future__ import annotations

from kaazing.brokers.memory.store import Bounds
from kaazing.errors import ConnectError
from tests.services.jms.talk import JmsTestCase, acks, queue

AWAY = "the broker is away; nothing was sent"


class ReceiptTests(JmsTestCase):
    def test_taken(self) -> None:
        """
        A receipt comes when the broker has taken the message, and none before; without one asked for, none.
        """
        service = self.serve()
        ann = self.client(service)
        ann.wire.receiver.received(b"SEND\ndestination:/queue/q\nreceipt:1\n\nhello\0", 1)
        self.assertEqual(ann.told(), [])
        self.settle()
        self.assertEqual(ann.told(), ["receipt 1"])
        ann.say("SEND", destination="/queue/q")
        self.assertEqual(ann.told(), [])
        self.assertEqual(str(service.meter), "client SEND 2")
        self.assertEqual(self.bodies("q"), ["hello", ""])

    def test_refused(self) -> None:
        """
        What the broker does not take is answered with ERROR, and the connection is over.
        """
        self.store.bounds = Bounds(messages=1)
        ann = self.client(self.serve())
        ann.say("SEND", destination="/queue/q", receipt="1")
        ann.say("SEND", destination="/queue/q", receipt="2")
        receipt, error = ann.heard()
        self.assertEqual((receipt.command, error.command, error.get("receipt-id")), ("RECEIPT", "ERROR", "2"))
        assert ann.wire.closed is not None
        self.assertEqual(ann.wire.closed[0], 1008)

    def test_pattern(self) -> None:
        """
        A message is sent to one destination, and never to a wildcard.
        """
        ann = self.client(self.serve())
        ann.say("SEND", destination="/topic/a.*")
        (error,) = ann.heard()
        self.assertEqual(error.command, "ERROR")

    def test_leaves(self) -> None:
        """
        A client that leaves in good order is let go when the broker has taken all it sent.
        """
        ann = self.client(self.serve())
        ann.raw(
            b"SEND\ndestination:/queue/q\n\n1\0SEND\ndestination:/queue/q\n\n2\0DISCONNECT\nreceipt:bye\n\n\0"
        )
        self.assertEqual((ann.told(), ann.wire.closed), (["receipt bye"], (1000, "")))
        self.assertEqual(self.bodies("q"), ["1", "2"])


class AwayTests(JmsTestCase):
    """The broker is away."""

    def test_without_receipt(self) -> None:
        """
        A SEND without a receipt is refused at once, so that nobody takes it for sent.
        """
        service = self.serve()
        ann = self.client(service)
        self.away()
        ann.say("SEND", destination="/queue/q")
        self.assertEqual(ann.told(), [f"ERROR {AWAY}"])

    def away(self) -> None:
        """Let the broker go away."""
        self.store.refusing = ConnectError("away")
        self.store.cut()

    def test_with_receipt(self) -> None:
        """
        One with a receipt waits until the broker is there again; the client stays connected.
        """
        service = self.serve()
        ann = self.client(service)
        self.store.cut()
        ann.say("SEND", "1", destination="/queue/q", receipt="1")
        ann.say("SEND", "2", destination="/queue/q", receipt="2")
        self.assertEqual(ann.told(), [])
        self.pass_time(5)
        self.assertEqual(ann.told(), ["receipt 1", "receipt 2"])

    def test_too_long(self) -> None:
        """
        It waits so long and no longer.
        """
        service = self.serve()
        ann = self.client(service)
        self.away()
        ann.say("SEND", "1", destination="/queue/q", receipt="1")
        self.pass_time(15)
        (error,) = ann.heard()
        self.assertEqual((error.command, error.get("receipt-id")), ("ERROR", "1"))


class HeldTests(JmsTestCase):
    def test_pending(self) -> None:
        """
        A client that has sent more than the broker has taken is not read until it has.
        """
        service = self.serve(maximum_pending_sends=3)
        ann = self.client(service)
        ann.wire.done.clear()
        for number in range(4):
            ann.wire.receiver.received(b"SEND\ndestination:/queue/q\nreceipt:%d\n\n\0" % number, 1)
        self.assertEqual(ann.wire.done, ["hold"])
        self.settle()
        self.assertEqual(ann.wire.done, ["hold", "resume"])
        self.assertEqual(ann.told(), [f"receipt {number}" for number in range(4)])

    def test_no_room(self) -> None:
        """
        While the broker takes nothing, nobody is read who sends; those who only listen are.
        """
        service = self.serve()
        ann, bob = self.client(service), self.client(service)
        room = [False]
        self.patch(service.shares[0].broker, "room", lambda: room[0])
        for each in (ann, bob):
            each.wire.done.clear()
        ann.say("SEND", destination="/queue/q")
        bob.subscribe("/topic/t")
        self.assertEqual((ann.wire.done, bob.wire.done), (["hold"], []))
        room[0] = True
        self.store.cut()  # whatever changes, the clients look
        self.pass_time(5)
        self.assertEqual(ann.wire.done, ["hold", "resume"])


class TransactionTests(JmsTestCase):
    def test_commit(self) -> None:
        """
        What is sent and acknowledged in a transaction is done at its end, all of it.
        """
        service = self.serve()
        ann, bob = self.client(service), self.client(service)
        bob.subscribe("/queue/out")
        bob.heard()
        self.put(queue("in"), "1", "2")
        ann.subscribe("/queue/in", ack="client-individual")
        first, second = acks(ann.heard())
        ann.say("BEGIN", transaction="t")
        ann.say("ACK", id=first, transaction="t")
        ann.say("SEND", "done", destination="/queue/out", transaction="t")
        self.assertEqual(bob.told(), [])
        ann.say("COMMIT", transaction="t", receipt="c")
        self.assertEqual((ann.told(), bob.told()), (["receipt c"], ["s: done"]))
        ann.say("BEGIN", transaction="t")
        ann.say("ACK", id=second, transaction="t")
        ann.say("ABORT", transaction="t")
        ann.lose()
        eve = self.client(service)
        eve.subscribe("/queue/in")
        self.assertEqual(eve.told(), ["receipt open-s", "s: again 2"])

    def test_nothing_in_it(self) -> None:
        """
        A transaction with nothing in it is done at once, and one whose deliveries are all refused gives
        them back.
        """
        service = self.serve()
        ann = self.client(service)
        self.put(queue("q"), "1")
        ann.subscribe("/queue/q", ack="client")
        (first,) = acks(ann.heard())
        ann.say("BEGIN", transaction="t")
        ann.say("COMMIT", transaction="t", receipt="c")
        ann.say("BEGIN", transaction="u")
        ann.say("NACK", id=first, transaction="u")
        ann.say("COMMIT", transaction="u", receipt="d")
        self.assertEqual(ann.told(), ["receipt c", "receipt d", "s: again 1"])

    def test_topic(self) -> None:
        """
        Deliveries of topics are acknowledged in a transaction too; the broker hears only of what is sent.
        """
        service = self.serve()
        ann = self.client(service)
        ann.subscribe("/topic/t", ack="client", prefetch_count=1)
        ann.say("SEND", "1", destination="/topic/t")
        ann.say("SEND", "2", destination="/topic/t")
        receipt, first = ann.heard()
        ann.say("BEGIN", transaction="t")
        ann.say("ACK", id=first.get("ack"), transaction="t")
        self.assertEqual(ann.told(), [])
        ann.say("COMMIT", transaction="t")
        self.assertEqual((receipt.command, ann.told()), ("RECEIPT", ["s: 2"]))

    def test_broker_lost(self) -> None:
        """
        A transaction whose deliveries went back to the broker meanwhile is not done at all.
        """
        service = self.serve()
        ann, bob = self.client(service), self.client(service)
        bob.subscribe("/queue/out")
        bob.heard()
        self.put(queue("in"), "1")
        ann.subscribe("/queue/in", ack="client")
        (first,) = acks(ann.heard())
        ann.say("BEGIN", transaction="t")
        ann.say("ACK", id=first, transaction="t")
        ann.say("SEND", "done", destination="/queue/out", transaction="t")
        self.store.cut()
        self.pass_time(5)
        ann.heard()
        ann.say("COMMIT", transaction="t", receipt="c")
        self.assertEqual([frame.command for frame in ann.heard()], ["ERROR"])
        self.assertEqual(bob.told(), [])


class TemporaryTests(JmsTestCase):
    def test_order(self) -> None:
        """
        While a temporary destination is made for one message, those behind it wait, so that the order of a
        client's messages is kept.
        """
        service = self.serve()
        ann, bob = self.client(service), self.client(service)
        bob.subscribe("/queue/q")
        bob.heard()
        ann.raw(
            b"SEND\ndestination:/queue/q\nreply-to:/temp-queue/a\n\n1\0"
            b"SEND\ndestination:/queue/q\nreply-to:/temp-queue/b\n\n2\0"
            b"SEND\ndestination:/queue/q\nreply-to:/temp-queue/a\n\n3\0"
            b"SEND\ndestination:/queue/q\n\n4\0"
            b"BEGIN\ntransaction:t\n\n\0"
            b"SEND\ndestination:/queue/q\nreply-to:/temp-queue/c\ntransaction:t\n\n5\0"
            b"COMMIT\ntransaction:t\nreceipt:c\n\n\0"
        )
        heard = bob.heard()
        self.assertEqual([each.body for each in heard], [b"1", b"2", b"3", b"4", b"5"])
        names = [each.get("reply-to") for each in heard]
        self.assertEqual((names[0] == names[2], names[3], len(set(names))), (True, None, 4))
        self.assertEqual(ann.told(), ["receipt c"])

    def test_unknown(self) -> None:
        """
        A temporary destination that nobody has named cannot be sent to, nor can what is not temporary under
        such a name, in a transaction or not.
        """
        service = self.serve()
        self.put(queue("secret"), "1")
        told = "/temp-queue/secret: there is no such temporary destination, or it was named long ago"
        ann, bob = self.client(service), self.client(service)
        ann.say("SEND", destination="/temp-queue/secret")
        self.assertEqual(ann.told(), [f"ERROR {told}"])
        bob.say("BEGIN", transaction="t")
        bob.say("SEND", destination="/temp-queue/secret", transaction="t")
        bob.say("COMMIT", transaction="t")
        self.assertEqual(bob.told(), [f"ERROR {told}"])

    def test_too_many(self) -> None:
        """
        A client has only so many.
        """
        ann = self.client(self.serve(maximum_temporary_destinations=1))
        for name in "ab":
            ann.say("SEND", destination="/queue/q", reply_to=f"/temp-queue/{name}")
        self.assertEqual(ann.told(), ["ERROR more than 1 temporary destinations"])
