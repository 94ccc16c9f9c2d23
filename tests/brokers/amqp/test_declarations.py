"""Queues and what they are bound to."""

from __future__ import annotations

from kaazing.brokers.amqp import declarations, names
from kaazing.brokers.amqp.declarations import Declarations, Rules
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain, Wish
from tests.brokers.amqp.far import FarTestCase
from tests.brokers.listening import queue, topic

DECLARE, PASSIVE = "Queue.Declare q durable", "Queue.Declare q passive"


class DeclarationTests(FarTestCase):
    def declarations(self, **rules: object) -> Declarations:
        """Return those of a connection."""
        return Declarations(self.connection().open, Rules(**rules), self.told.append)  # type: ignore[arg-type]

    def test_once(self) -> None:
        """
        A queue is declared once, for all who ask, in the order in which they do; again when it has gone.
        """
        made, order = self.declarations(), list[int]()
        for number in range(3):
            made.queue("q").addCallback(lambda _, which: order.append(which), number)
        self.said(f"1 {DECLARE}")
        self.assertEqual(order, [0, 1, 2])
        self.assertTrue(made.queue("q").called)
        made.missing("q")
        again = made.queue("q")
        self.said(f"1 {DECLARE}")
        self.successResultOf(again)

    def test_others_have_made_it(self) -> None:
        """
        A queue is there that others made with other arguments, or for themselves alone.
        """
        for code in (405, 406):
            self.setUp()
            self.far.no[DECLARE] = code, "no"
            asked = self.declarations().queue("q")
            self.said(f"1 {DECLARE}")
            self.successResultOf(asked)
            self.assertEqual(self.told, [])

    def test_who_may_not_make_queues(self) -> None:
        """
        Who may not make queues has those that are there.
        """
        self.far.no[DECLARE] = 403, "ACCESS_REFUSED"
        made = self.declarations()
        asked = made.queue("q")
        self.said(f"1 {DECLARE}", f"2 {PASSIVE}")
        self.successResultOf(asked)
        made.missing("q")
        self.far.no[PASSIVE] = 404, "NOT_FOUND"
        asked = made.queue("q")
        self.said(f"2 {DECLARE}", f"1 {PASSIVE}")
        self.fails(asked, BrokerRefused, "there is no queue q")

    def test_none_are_made(self) -> None:
        """
        Where queues are not to be made, it is only asked whether they are there.
        """
        made = self.declarations(declare=False)
        asked = made.queue("q")
        self.said(f"1 {PASSIVE}")
        self.successResultOf(asked)

    def test_refused(self) -> None:
        """
        What is refused is refused to all who wait, hurts nothing else, and is asked anew.
        """
        self.far.no[DECLARE] = 541, "INTERNAL_ERROR"
        made = self.declarations()
        asked, other = [made.queue("q"), made.queue("q")], made.queue("other")
        self.said(f"1 {DECLARE}", "2 Queue.Declare other durable")
        for each in asked:
            self.fails(each, BrokerRefused, "the broker refuses queue q")
        self.successResultOf(other)
        self.assertEqual(self.told, ["queue q: 541 INTERNAL_ERROR"])
        self.far.no.clear()
        asked = [made.queue("q")]
        self.far.turn()
        self.succeed(asked)

    def test_lost(self) -> None:
        """
        What waits when the connection is lost fails with that.
        """
        self.far.mute.add("Queue.Declare")
        asked = [made.queue(name) for made in [self.declarations()] for name in "ab"]
        self.far.turn()
        self.far.cut()
        for each in asked:
            self.fails(each, BrokerLost, "the connection to the broker is lost")

    def test_bound(self) -> None:
        """
        Only so many queues are remembered.
        """
        self.patch(declarations, "MOST_KNOWN", 2)
        made = self.declarations()
        for name in ("a", "b", "a", "c"):
            made.queue(name)
            self.far.turn()
        self.assertEqual([made.queue(name).called for name in "acb"], [True, True, False])

    def test_sources(self) -> None:
        """
        A queue is consumed from, of a topic a queue that is bound to it and goes with the connection.
        """
        made = self.declarations(exchange="news", priorities=5)
        source = made.source(Wish(destination=queue("q")))
        self.said(f"1 {DECLARE}")
        self.assertEqual(self.successResultOf(source), "q")
        temporary = Destination(Domain.TEMP_QUEUE, "t")
        self.assertEqual(self.successResultOf(made.source(Wish(destination=temporary))), "t")
        source = made.source(Wish(destination=topic("a.>")))
        self.far.turn()
        name = self.successResultOf(source)
        self.said(f"1 Queue.Declare {name} exclusive auto_delete", f"1 Queue.Bind {name} news a.#")

    def test_durable(self) -> None:
        """
        A durable subscription is a queue with a mark for its topic; with another topic it begins anew.
        """
        made, name = self.declarations(), "kaazing.durable.ann"
        wish = Wish(destination=topic("a.b"), durable="ann")
        mark = names.mark(name, "a.b")
        steps = (
            f"Queue.Declare {name} durable",
            f"Queue.Bind {name} amq.topic a.b",
            f"Exchange.Declare {mark} fanout durable auto_delete internal",
            f"Queue.Bind {name} {mark} {name}",
        )
        source = made.source(wish)
        self.said(f"1 Exchange.Declare {mark} direct passive", *(f"1 {step}" for step in steps))
        self.assertEqual(self.successResultOf(source), name)
        self.far.no[f"Exchange.Declare {mark} direct passive"] = 404, "NOT_FOUND"
        source = made.source(wish)
        self.said(
            f"1 Exchange.Declare {mark} direct passive",
            f"2 Queue.Delete {name}",
            *(f"2 {step}" for step in steps),
        )
        self.assertEqual(self.successResultOf(source), name)
        self.assertEqual(self.told, [])

    def test_forget(self) -> None:
        """
        A durable subscription ends with its queue; a name that is none is refused.
        """
        made = self.declarations()
        forgotten = made.forget("ann")
        self.said("1 Queue.Delete kaazing.durable.ann")
        self.successResultOf(forgotten)
        why = "the name of a durable subscription has more than 222 bytes"
        self.fails(made.forget("n" * 300), BrokerRefused, why)
        self.fails(made.source(Wish(destination=topic("a"), durable="n" * 300)), BrokerRefused, why)

    def test_temporary(self) -> None:
        """
        A temporary queue is its connection's alone.
        """
        made = self.declarations()
        asked = made.temporary()
        self.far.turn()
        name = self.successResultOf(asked)
        self.said(f"1 Queue.Declare {name} exclusive")
        self.assertTrue(name.startswith("kaazing.temp."))
