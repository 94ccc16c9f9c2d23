"""Tests for L{kaazing.services.jms.temporaries}: requests and replies among clients, and who may do what."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.memory.store import Bounds
from kaazing.errors import BrokerLost
from kaazing.interfaces.brokers import Destination, Domain, Message
from kaazing.services.jms.client import TOO_MUCH
from kaazing.services.jms.temporaries import KEPT, Known
from tests.services.jms.talk import JmsTestCase, Stomp, acks, queue, topic


class ReplyTests(JmsTestCase):
    """A client asks, another one answers."""

    def setUp(self) -> None:
        super().setUp()
        self.service = self.serve(prefetch_count=2)
        self.asker, self.answerer = self.client(self.service), self.client(self.service)
        self.answerer.subscribe("/queue/questions", "q")
        self.answerer.heard()

    def ask(self, **headers: str) -> str:
        """Ask; return where the answer is to go."""
        self.asker.say("SEND", "?", destination="/queue/questions", reply_to="/temp-queue/a", **headers)
        (question,) = self.answerer.heard()
        return question.get("reply-to") or ""

    def answer(self, to: str, *bodies: str) -> None:
        """Answer."""
        for body in bodies:
            self.answerer.say("SEND", body, destination=to)

    def test_reply(self) -> None:
        """
        Whoever answers sees a name that nobody can guess; whoever has asked sees its own.
        """
        self.asker.subscribe("/temp-queue/a")
        self.asker.heard()
        to = self.ask(correlation_id="1")
        self.assertRegex(to, r"^/temp-queue/.{20,}")
        self.answer(to, "!")
        (answer,) = self.asker.heard()
        self.assertEqual(
            (answer.body, answer.get("destination"), answer.get("subscription")), (b"!", "/temp-queue/a", "s")
        )

    def test_reply_before_subscribed(self) -> None:
        """
        Answers to a queue wait until who has asked subscribes.
        """
        self.answer(self.ask(), "1", "2", "3")
        self.asker.subscribe("/temp-queue/a")
        self.assertEqual(self.asker.told(), ["receipt open-s", "s: 1", "s: 2", "s: 3"])

    def test_topic_before_subscribed(self) -> None:
        """
        Those to a topic are lost, as with any topic.
        """
        self.asker.say("SEND", destination="/queue/questions", reply_to="/temp-topic/a")
        (question,) = self.answerer.heard()
        to = question.get("reply-to") or ""
        self.answer(to, "1")
        self.asker.subscribe("/temp-topic/a")
        self.answer(to, "2")
        self.assertEqual(self.asker.told(), ["receipt open-s", "s: 2"])

    def test_topic_subscribed(self) -> None:
        """
        Nobody is told of a temporary topic before its messages are delivered: the answer would be lost.
        """
        asker = self.asker.wire
        asker.receiver.received(b"SUBSCRIBE\nid:s\nreceipt:r\ndestination:/temp-topic/a\n\n\0", 1)
        asker.receiver.received(b"SEND\nreply-to:/temp-topic/a\ndestination:/queue/questions\n\n?\0", 1)
        self.assertEqual((self.asker.told(), self.answerer.told()), ([], []))
        self.settle()
        self.assertEqual((self.asker.told(), self.answerer.told()), (["receipt r"], ["q: ?"]))

    def test_not_consumed(self) -> None:
        """
        One that the broker has made, and then does not let be consumed from, is refused, once.
        """
        made = self.store.temporary

        def taken_away(domain: Domain, owner: object) -> Destination:
            destination = made(domain, owner)
            self.store.discard(destination, owner)
            return destination

        self.store.temporary = taken_away  # type: ignore[method-assign]
        self.asker.subscribe("/temp-topic/a")
        (told,) = self.asker.told()
        self.assertRegex(
            told, "^ERROR there is no /temp-topic/memory-.* that could be subscribed to from here$"
        )

    def test_own(self) -> None:
        """
        A client sends to its own under its own name.
        """
        self.asker.subscribe("/temp-queue/a")
        self.asker.say("SEND", "me", destination="/temp-queue/a")
        self.assertEqual(self.asker.told(), ["receipt open-s", "s: me"])

    def test_passed_on(self) -> None:
        """
        A question can be passed on, with the reply-to that stood in it.
        """
        other = self.client(self.service)
        other.subscribe("/queue/other")
        other.heard()
        to = self.ask()
        self.answerer.say("SEND", "?", destination="/queue/other", reply_to=to)
        (question,) = other.heard()
        self.assertEqual(question.get("reply-to"), to)

    def test_of_topics(self) -> None:
        """
        What stands in the messages of a topic can be answered too.
        """
        listeners = [self.client(self.service) for _ in range(2)]
        for each, ack in zip(listeners, ("auto", "client"), strict=True):
            each.subscribe("/topic/t", ack=ack)
            each.heard()
        self.asker.subscribe("/temp-queue/a")
        self.asker.say("SEND", destination="/topic/t", reply_to="/temp-queue/a")
        for each in listeners:
            (question,) = each.heard()
            each.say("SEND", "!", destination=question.get("reply-to"))
        self.assertEqual(self.asker.told(), ["receipt open-s", "s: !", "s: !"])

    def test_of_others(self) -> None:
        """
        So can what an application of the broker's has sent, however it was subscribed to.
        """
        back = self.store.temporary(Domain.TEMP_QUEUE, "another connection")
        for id, ack in enumerate(("auto", "client")):
            listener = self.client(self.serve())
            listener.subscribe(f"/topic/t{id}", ack=ack)
            listener.heard()
            self.put(topic(f"t{id}"), "?", reply_to=back)
            self.assertEqual(listener.told(), ["s: ?"])
            listener.say("SEND", "!", destination=back, receipt="r")
            self.assertEqual(listener.told(), ["receipt r"])

    def test_only_its_maker(self) -> None:
        """
        Nobody else can consume from it; one that only looks like the name of another is the client's own.
        """
        to = self.ask()
        self.answerer.subscribe(to, "mine")
        self.assertEqual(
            self.answerer.told(), [f"ERROR {to} is another client's, who alone can consume from it"]
        )

    def test_gone(self) -> None:
        """
        It goes with its maker; nobody can send there any more.
        """
        to = self.ask()
        self.asker.lose()
        self.answer(to, "!")
        why = f"{to}: there is no such temporary destination, or it was named long ago"
        self.assertEqual(self.answerer.told(), [f"ERROR {why}"])
        self.assertEqual(self.store._temporaries, {})

    def test_prefetch(self) -> None:
        """
        As many deliveries are out as the client wants; what it has not acknowledged when it unsubscribes
        waits for it, redelivered.
        """
        asker: Stomp = self.asker
        asker.subscribe("/temp-queue/a", ack="client-individual", prefetch_count=1)
        to = self.ask()
        self.answer(to, "1", "2", "3")
        heard = asker.heard()
        self.assertEqual([each.body for each in heard[1:]], [b"1"])
        asker.say("ACK", id=acks(heard)[0])
        self.assertEqual(asker.told(), ["s: 2"])
        asker.say("UNSUBSCRIBE", id="s", receipt="u")
        asker.subscribe("/temp-queue/a", "again")
        self.assertEqual(asker.told(), ["receipt u", "receipt open-again", "again: again 2", "again: 3"])

    def test_congested(self) -> None:
        """
        A client whose connection takes no more is sent no more.
        """
        self.asker.subscribe("/temp-queue/a")
        to = self.ask()
        self.asker.heard()
        self.asker.wire.receiver.congested()
        self.answer(to, *"1234")
        self.assertEqual(self.asker.told(), [])
        self.asker.wire.receiver.drained()
        self.settle()
        self.assertEqual(self.asker.told(), [f"s: {number}" for number in "1234"])

    def test_bytes(self) -> None:
        """
        What waits until its maker subscribes is in that one's hands: it has so many bytes and no more.
        """
        service = self.serve(maximum_pending_bytes=4096)
        ann = self.client(service)
        ann.say("SEND", destination="/queue/questions", reply_to="/temp-queue/a")
        (question,) = self.answerer.heard()
        bob, to = self.client(service), str(question.get("reply-to"))
        bob.subscribe("/topic/t")
        self.put(topic("t"), "?", reply_to=Destination(Domain.TEMP_QUEUE, to.removeprefix("/temp-queue/")))
        for id in ("1", "2", "3"):
            bob.say("SEND", "x" * 1000, destination=to)
            for each, ack in ((id, "client"), (f"{id}-again", "auto")):
                ann.subscribe("/temp-queue/a", each, ack=ack)
                ann.say("UNSUBSCRIBE", id=each)
        self.assertEqual(ann.wire.closed, None)
        for _ in range(5):
            bob.say("SEND", "x" * 1000, destination=to)
        self.assertEqual(ann.wire.closed, (1008, TOO_MUCH))

    def test_twice(self) -> None:
        """
        It has one subscription at a time, which is not durable.
        """
        self.asker.subscribe("/temp-queue/a")
        self.asker.subscribe("/temp-queue/a", "t")
        why = "/temp-queue/a has a subscription already; a temporary one can have one"
        self.assertEqual(self.asker.told(), ["receipt open-s", f"ERROR {why}"])

    def test_broker_lost(self) -> None:
        """
        One that was lost with its connection is made anew under the client's name.
        """
        self.asker.subscribe("/temp-queue/a")
        old = self.ask()
        self.store.cut()
        self.pass_time(5)
        self.asker.heard()
        self.answerer.heard()
        new = self.ask()
        self.assertNotEqual(old, new)
        self.answer(new, "!")
        self.assertEqual(self.asker.told(), ["s: !"])
        self.assertEqual(len(self.store._temporaries), 1)

    def test_gone_before_broker(self) -> None:
        """
        Of what a client has wanted while the broker was away nothing is kept when the client goes.
        """
        self.store.refusing = BrokerLost("away")
        self.store.cut()
        self.asker.subscribe("/temp-queue/a")
        self.asker.lose()
        self.assertEqual(self.service.shares[0]._calls, {})

    def test_refused(self) -> None:
        """
        Where the broker makes none, whoever wants it is told: by SUBSCRIBE, or by reply-to.
        """
        self.store.bounds = Bounds(places=0)
        other = self.client(self.service)
        self.asker.subscribe("/temp-queue/a")
        other.say("SEND", destination="/queue/questions", reply_to="/temp-queue/a", receipt="1")
        for each in (self.asker, other):
            (error,) = each.heard()
            self.assertEqual(error.command, "ERROR")

    def test_gone_meanwhile(self) -> None:
        """
        What is made for a client that is gone by then is removed.
        """
        self.asker.wire.receiver.received(b"SUBSCRIBE\nid:s\ndestination:/temp-queue/a\n\n\0", 1)
        self.asker.lose()
        self.assertEqual(self.store._temporaries, {})
        known = self.service.shares[0].known
        self.assertEqual((known._made, known._names), (set(), {}))


class KnownTests(SynchronousTestCase):
    def test_known(self) -> None:
        """
        What a message says to answer to is known, if it is temporary, until it is no more.
        """
        known = Known()
        back = Destination(Domain.TEMP_QUEUE, "x")
        for reply_to in (None, queue("q"), back):
            known.seen(Message(destination=queue("a"), reply_to=reply_to))
        self.assertEqual([each in known for each in (queue("q"), back)], [False, True])
        known.discard(back)
        known.discard(back)
        self.assertNotIn(back, known)

    def test_bounded(self) -> None:
        """
        Of those that others have made only so many are; the one that was named longest ago is forgotten.
        What a client has made is known as long as it is there, however many have.
        """
        known = Known()
        names = [Destination(Domain.TEMP_QUEUE, str(number)) for number in range(KEPT + 1)]
        made = [Destination(Domain.TEMP_QUEUE, f"made-{number}") for number in range(KEPT + 1)]
        for name in made:
            known.add(name)
        for name in [made[0], *names[:2], names[0], *names[2:]]:
            known.seen(Message(destination=queue("a"), reply_to=name))
        self.assertEqual([name in known for name in (*names[:3], made[0])], [True, False, True, True])
