"""Links of the sort of broker "amqp10" to a real ActiveMQ Artemis, a broker of JMS."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread

from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import (
    Content,
    Message,
    Outcome,
    Wish,
    Work,
)
from tests.brokers.listening import Listener, queue, text, topic
from tests.integration import servers
from tests.integration.amqp10_links import Common, Linked, uri
from tests.integration.test_servers import answer


class ArtemisTests(Common, Linked):
    """ActiveMQ Artemis, a broker of JMS."""

    def link(self, **options: Any) -> Deferred[Any]:
        """Return a Deferred of a link."""
        return self.connect(uri(servers.artemis().amqp), **options)

    async def test_selectors(self) -> None:
        """
        The broker looks at selectors, of topics and of queues; text that is a number is one there too.
        """
        link = await self.link()
        for where in (queue("artemis.selected"), topic("artemis.selected.too")):
            wish = Wish(destination=where, selector="colour = 'red' AND size > 2", prefetch=10)
            subscription, listener = await self.listen(link, wish)
            for colour, size in (("red", 1), ("red", 3), ("blue", 3), ("red", "4"), ("red", "1")):
                sent = text(where, f"{colour} {size}", properties={"colour": colour, "size": size})
                await link.publish(sent)
            self.assertEqual(await self.heard(listener, 2), ["red 3", "red 4"])
            await subscription.close()

    async def test_selector_faulty(self) -> None:
        """
        A selector that the broker cannot read is refused with its words.
        """
        link = await self.link()
        listener = Listener()
        link.subscribe(Wish(destination=queue("artemis.faulty"), selector="colour = ("), listener)
        await self.until(lambda: listener.said)
        ((word, why),) = listener.taken()
        self.assertEqual((word, why[:46]), ("refused", "/queue/artemis.faulty: the broker has refused "))
        self.assertEqual(self.lost, [])

    async def test_durable(self) -> None:
        """
        A durable subscription gets what was sent while it was away, also after the connection was lost, until
        it is forgotten.
        """
        where, first = topic("artemis.durable"), await self.link()
        wish = Wish(destination=where, durable="news", prefetch=10)
        subscription, listener = await self.listen(first, wish)
        await first.publish(text(where, "1"))
        self.assertEqual(await self.heard(listener, 1), ["1"])
        await subscription.close()
        await first.publish(text(where, "2"))
        await first.close()
        second = await self.link()
        subscription, listener = await self.listen(second, wish)
        self.assertEqual(await self.heard(listener, 2), ["1+", "2"])
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        await subscription.close(forget=True)
        await second.publish(text(where, "3"))
        subscription, listener = await self.listen(second, wish)
        await second.publish(text(where, "4"))
        self.assertEqual(await self.heard(listener, 1), ["4"])

    async def test_durable_again_at_once(self) -> None:
        """
        One that is opened while it is being closed waits for that; one that is open is in use.
        """
        link, where = await self.link(), topic("artemis.again")
        wish = Wish(destination=where, durable="again", prefetch=10)
        subscription, _ = await self.listen(link, wish)
        _, third = None, Listener()
        link.subscribe(wish, third)
        await self.until(lambda: third.said)
        self.assertEqual(third.taken(), [("refused", "the durable subscription 'again' is in use")])
        subscription.close()
        subscription, _ = await self.listen(link, wish)
        await subscription.close(forget=True)

    async def test_forget(self) -> None:
        """
        A durable subscription that nobody has open is forgotten by its name; one that is not there cannot be.
        """
        link, where = await self.link(), topic("artemis.forgotten")
        wish = Wish(destination=where, durable="forgotten", prefetch=10)
        subscription, _ = await self.listen(link, wish)
        await subscription.close()
        await link.publish(text(where, "1"))
        await link.forget(where, "forgotten")
        _, listener = await self.listen(link, wish)
        await link.publish(text(where, "2"))
        self.assertEqual(await self.heard(listener, 1), ["2"])
        await self.assertFailure(link.forget(where, "never"), BrokerRefused)

    async def test_transaction(self) -> None:
        """
        What is sent in a transaction is seen when all is done, and its deliveries are accepted then.
        """
        link, where, done = await self.link(), queue("artemis.work"), queue("artemis.done")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        _, results = await self.listen(link, Wish(destination=done, automatic=True))
        await gatherResults([link.publish(text(where, str(n))) for n in range(3)])
        self.assertEqual(await self.heard(listener, 3), ["0", "1", "2"])
        accepted = [(subscription, tag) for tag in listener.tags[:2]]
        await link.perform(Work(sends=[text(done, "a"), text(done, "b")], accepted=accepted))
        self.assertEqual(await self.heard(results, 2), ["a", "b"])
        await subscription.close()
        _, again = await self.listen(link, Wish(destination=where, prefetch=10))
        self.assertEqual(await self.heard(again, 1), ["2+"])

    async def test_transaction_refused(self) -> None:
        """
        A transaction with a message that cannot be sent is undone: nothing of it is seen, and its deliveries
        are out still.
        """
        link, where, done = await self.link(), queue("artemis.work2"), queue("artemis.done2")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        _, results = await self.listen(link, Wish(destination=done, automatic=True))
        await link.publish(text(where, "0"))
        self.assertEqual(await self.heard(listener, 1), ["0"])
        sends = [text(done, "a"), Message(destination=done, body=b"\xff", content=Content.TEXT)]
        work = Work(sends=sends, accepted=[(subscription, listener.tags[0])])
        await self.assertFailure(link.perform(work), BrokerRefused)
        self.assertEqual(await self.heard(results, 0), [])
        subscription.settle(listener.tags, Outcome.RELEASED)
        self.assertEqual(await self.heard(listener, 1), ["0+"])

    async def test_rejected(self) -> None:
        """
        What is rejected is in the queue of dead letters.
        """
        link, where = await self.link(), queue("artemis.poison")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        await link.publish(text(where, "poison"))
        self.assertEqual(await self.heard(listener, 1), ["poison"])
        subscription.settle(listener.tags, Outcome.REJECTED)
        dead, letters = await self.listen(link, Wish(destination=queue("DLQ"), prefetch=1))
        self.assertEqual((await self.heard(letters, 1))[0].rstrip("+"), "poison")
        dead.settle(letters.tags, Outcome.ACCEPTED)

    async def test_priorities(self) -> None:
        """
        What is more urgent comes first.
        """
        link, where = await self.link(), queue("artemis.priorities")
        for priority in (1, 9, 4):
            await link.publish(text(where, str(priority), priority=priority))
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        self.assertEqual(await self.heard(listener, 3), ["9", "4", "1"])

    async def test_map(self) -> None:
        """
        Maps are maps of AMQP on their way.
        """
        link, where = await self.link(), topic("artemis.maps")
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        body = b'{"city": "Rome", "age": 2777, "eternal": true, "end": null, "height": 21.5}'
        await link.publish(Message(destination=where, content=Content.MAP, body=body))
        await self.until(lambda: listener.out)
        self.assertEqual((listener.out[0][1].content, listener.out[0][1].body), (Content.MAP, body))

    async def test_others(self) -> None:
        """
        A client that speaks STOMP to the broker itself hears text as text, and is heard with its headers.
        """
        link, broker = await self.link(), servers.artemis()
        await link.publish(text(queue("artemis.ours"), "ours", properties={"size": 3}, correlation_id="c"))
        connect = f"CONNECT\naccept-version:1.2\nlogin:{servers.USER}\npasscode:{servers.PASSWORD}\n\n\0"
        send = "SEND\ndestination:/queue/artemis.theirs\ncorrelation-id:d\ncolour:red\n\ntheirs\0"
        take = "SUBSCRIBE\nid:1\ndestination:/queue/artemis.ours\n\n\0"
        asked = f"{connect}{send}{take}".encode()
        heard = await deferToThread(answer, broker.stomp, asked, b"\n\nours\0")
        self.assertIn(b"\nsize:3\n", heard)
        self.assertIn(b"\ncorrelation-id:c\n", heard)
        where = queue("artemis.theirs")
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        self.assertEqual(await self.heard(listener, 1), ["theirs"])
        ((_, message),) = listener.out
        self.assertEqual((message.content, message.correlation_id), (Content.TEXT, "d"))
        self.assertEqual(message.properties["colour"], "red")

    async def test_killed(self) -> None:
        """
        A broker that is killed loses no message that it has taken, and what was out comes again; of what it
        has not answered to, nobody knows.
        """
        broker = servers.Artemis()
        broker.start()
        self.addCleanup(broker.kill)
        link = await self.connect(uri(broker.amqp))
        where = queue("artemis.kept")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=1))
        for number in range(3):
            await link.publish(text(where, str(number)))
        self.assertEqual(await self.heard(listener, 1), ["0"])
        open_ended = [link.publish(text(where, "late")) for _ in range(3)]
        broker.kill()
        for each in open_ended:
            await self.assertFailure(each, BrokerLost)
        await self.until(lambda: self.lost)
        self.assertEqual(len(self.lost), 1)
        subscription.settle(listener.tags, Outcome.ACCEPTED)  # of a connection that is gone
        await subscription.close()
        await self.assertFailure(link.publish(text(where, "gone")), BrokerLost)
        broker.start()
        link = await self.connect(uri(broker.amqp))
        _, again = await self.listen(link, Wish(destination=where, prefetch=10))
        heard = await self.heard(again, 3)
        self.assertEqual(heard[:3], ["0+", "1", "2"])
