"""The connection itself: login, silence, errors, and what is left of links that come and go."""

from __future__ import annotations

import gc
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from proton import Condition, Message
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BrokerLost, BrokerRefused, ConnectError
from kaazing.interfaces.brokers import Wish
from tests.brokers.amqp10.peer import RABBITMQ, Linked, Peer
from tests.brokers.listening import queue, text


def resident() -> int:
    """Return the bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class ConversationTests(SynchronousTestCase):
    """With proton's engine at the other end."""

    def lost(self, linked: Linked) -> str:
        """Return why the connection is lost, told once."""
        ((word, link, why),) = linked.told
        self.assertEqual((word, link), ("lost", linked.link))
        return str(why)

    def test_open(self) -> None:
        """
        The broker hears who we are, and which host we want.
        """
        peer = Peer()
        Linked(peer)
        heard = peer.connection
        said = (heard.remote_container, heard.remote_hostname, dict(heard.remote_properties))
        self.assertEqual(said, ("gateway", "broker", {"product": "kaazing-gateway"}))

    def test_cuts(self) -> None:
        """
        However the broker's bytes are cut, the same is understood.
        """
        for size in (1, 7, 100_000):
            peer = Peer()
            linked = Linked(peer)
            receive = peer.channel.receiver.received

            def cut(data: bytes, kind: int, receive: object = receive, size: int = size) -> None:
                for at in range(0, len(data), size):
                    receive(data[at : at + size], kind)  # type: ignore[operator]

            peer.channel.receiver.received = cut
            _, listener = linked.listen(Wish(destination=queue("a"), automatic=True))
            for body in ("1", "x" * 30_000, "3"):
                peer.deliver(peer.only, Message(body=body))
            peer.talk()
            self.assertEqual(listener.said, ["ready", "1", "x" * 30_000, "3"])

    def test_silence(self) -> None:
        """
        A broker that says nothing for a minute is lost; one that does hears from us in its time.
        """
        peer = Peer()
        peer.transport.idle_timeout = 20
        linked = Linked(peer)
        for _ in range(20):
            peer.clock.advance(10)
            peer.transport.tick(peer.clock.seconds() + 1)
            peer.talk()
        self.assertEqual((linked.told, peer.transport.condition), ([], None))
        for _ in range(8):
            peer.clock.advance(10)
        why = "the connection to the broker has failed"
        self.assertEqual((self.lost(linked), peer.channel.ended), (why, "aborted"))
        words = "amqp:resource-limit-exceeded local-idle-timeout expired"
        self.assertEqual(linked.log, [f"{why}: {words}"])
        self.assertEqual(peer.clock.getDelayedCalls(), [])

    def test_closed_by_the_broker(self) -> None:
        """
        The broker's own words say in the log why it has closed the connection.
        """
        peer = Peer()
        linked = Linked(peer)
        peer.connection.condition = Condition("amqp:connection:forced", "going\r\ndown")
        peer.connection.close()
        peer.talk()
        self.assertEqual(self.lost(linked), "the broker has closed the connection: an error of the broker")
        log = ["the broker has closed the connection: amqp:connection:forced going  down"]
        self.assertEqual(linked.log, log)

    def test_refused(self) -> None:
        """
        A virtual host that is not there is a refusal.
        """
        peer = Peer(None)
        linked = Linked(peer)
        peer.connection.open()
        peer.connection.condition = Condition("amqp:not-found", "no such host")
        peer.connection.close()
        peer.talk()
        ((word, _, why),) = linked.told
        self.assertEqual((word, why), ("lost", "the broker has closed the connection: it is not there"))

    def test_login(self) -> None:
        """
        A broker that does not take our login is not tried with another.
        """
        peer = Peer()
        peer.transport.sasl().allowed_mechs("PLAIN")
        linked = Linked(peer)
        (why,) = linked.up
        said = "the broker: nobody is let in without a login"
        self.assertEqual((why.type, str(why.value)), (BrokerRefused, said))

    def test_lost(self) -> None:
        """
        Who sends a message is not told what the network says, which is for the log.
        """
        peer = Peer()
        linked = Linked(peer)
        peer.outcome = None
        said = linked.publish(text(queue("a"), "x"))
        peer.channel.receiver.lost(ConnectError("10.0.0.7:5672 has reset the connection"))
        self.assertEqual(said, [BrokerLost, "/queue/a: the broker has closed the connection"])
        self.assertEqual(
            linked.log, ["the connection to the broker was lost: 10.0.0.7:5672 has reset the connection"]
        )

    def test_session_ended(self) -> None:
        """
        With the session that links share they are all gone, and the connection is lost.
        """
        peer = Peer()
        linked = Linked(peer)
        linked.listen(Wish(destination=queue("a"), prefetch=1))
        session = peer.links["kaazing-from-1"].session
        session.condition = Condition("amqp:session:window-violation", "too much")
        session.close()
        peer.talk()
        self.assertEqual(self.lost(linked), "the broker has ended the session: an error of the broker")

    def test_session_apart(self) -> None:
        """
        Where each link has a session of its own, the others stay.
        """
        peer = Peer(RABBITMQ)
        linked = Linked(peer)
        _, one = linked.listen(Wish(destination=queue("a"), prefetch=1))
        _, two = linked.listen(Wish(destination=queue("b"), prefetch=1))
        session = peer.links["kaazing-from-1"].session
        session.condition = Condition("amqp:not-found", "no queue 'a'")
        session.close()
        peer.talk()
        why = "/queue/a: the broker has refused it: it is not there"
        self.assertEqual((one.said, two.said), (["ready", ("refused", why)], ["ready"]))
        peer.deliver("kaazing-from-2", Message(body="1"))
        peer.talk()
        self.assertEqual((two.said, linked.told), (["ready", "1+"], []))

    def test_links_of_the_broker(self) -> None:
        """
        A broker that opens links itself is none.
        """
        peer = Peer()
        linked = Linked(peer)
        session = peer.connection.session()
        session.open()
        session.sender("mine").open()
        peer.talk()
        self.assertEqual(self.lost(linked), "the broker has opened a link, as no broker does")

    @given(st.binary(min_size=1, max_size=100), st.integers(0, 300))
    def test_rubbish(self, data: bytes, at: int) -> None:
        """
        Whatever comes in place of what the broker would say ends the connection, now or when it is silent.
        """
        peer = Peer()
        linked = Linked(peer)
        linked.listen(Wish(destination=queue("a"), prefetch=9))
        peer.deliver(peer.only, Message(body="x"))
        said = bytearray(peer._said())
        said[at % len(said) : at % len(said) + len(data)] = data
        peer.channel.receiver.received(bytes(said), 2)
        peer.clock.pump([1.0] * 200)
        self.assertIn(("lost", linked.link), [each[:2] for each in linked.told])

    def come_and_go(self, properties: object, count: int) -> None:
        """Open and close links, and whole connections now and then."""
        peer = Peer(properties)
        linked = Linked(peer)
        for number in range(count):
            where = queue(f"q{number % 50}")
            subscription, _ = linked.listen(Wish(destination=where, prefetch=1))
            self.assertEqual(linked.publish(text(where, "x" * 1000)), ["taken"])
            peer.deliver(next(reversed([n for n, k in peer.links.items() if k.is_sender])), Message(body="y"))
            subscription.close()
            peer.talk()
            peer.received.clear()
            peer.deliveries.clear()
        sessions, head = 0, peer.connection.session_head(0)
        while head is not None:
            sessions, head = sessions + 1, head.next(0)
        self.assertLess(sessions, 60)
        linked.became(linked.link.close())

    def test_nothing_left(self) -> None:
        """
        Of links and connections that came and went nothing is left, in proton neither.
        """
        for properties in ({}, RABBITMQ):
            self.come_and_go(properties, 300)
            gc.collect()
            before = resident()
            for _ in range(10):
                self.come_and_go(properties, 100)
            gc.collect()
            self.assertLess(resident() - before, 4 << 20)
