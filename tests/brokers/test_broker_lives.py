"""Any life of a broker over memory://: what was promised holds whatever is cut, and when."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing.brokers.broker import Broker, Waiting
from kaazing.brokers.counting import BOOKS
from kaazing.brokers.memory.kind import MemoryType
from kaazing.brokers.memory.store import Store, replace_store
from kaazing.brokers.remaking import Remade
from kaazing.config.model import Uri
from kaazing.errors import ConnectError
from kaazing.interfaces.brokers import IConsumer, Message, Outcome, Wish, Work
from tests.brokers.listening import queue, text

IN, OUT = queue("in"), queue("out")


@implementer(IConsumer)
class Client:
    """A consumer that checks what it is given.

    Attributes:
        out: (tag, number) of what it has and has not settled, of a connection that stands.
        old: tags of lost connections.
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        self.out: list[tuple[Hashable, int]] = []
        self.old: list[Hashable] = []
        self.last = 0
        self.subscription: Remade = None  # type: ignore[assignment]

    def delivered(self, message: Message, tag: Hashable) -> None:
        """See L{IConsumer}."""
        life, number = self._life, int(message.body)
        assert number not in life.accepted, f"{number} was acknowledged"
        assert number not in life.never, f"{number} was said not to be sent"
        assert message.redelivered == (number in life.given), f"{number} says {message.redelivered}"
        if not message.redelivered and life.alone:
            assert number > self.last, f"{number} comes after {self.last}"
            self.last = number
        life.given.add(number)
        self.out.append((tag, number))

    def ready(self) -> None:
        """See L{IConsumer}."""
        assert not self.out, "made anew, and the old connection was not lost"

    def refused(self, why: str) -> None:
        """See L{IConsumer}."""
        raise AssertionError(why)


class Life(RuleBasedStateMachine):
    """One queue of numbers, clients that consume them, and connections that are cut.

    Attributes:
        numbers: how many were published.
        taken: those that the broker has said it has.
        unknown: those of which nobody knows.
        never: those of which was said that they were not sent.
        accepted: those that a client has acknowledged.
        given: those that somebody has had.
        alone: whether there never were two clients at once.
        hasty: whether no turn of the reactor passes between two steps.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = Store("life", self.clock.seconds)
        replace_store(self.store)
        self.numbers = 0
        self.taken: set[int] = set()
        self.unknown: set[int] = set()
        self.never: set[int] = set()
        self.accepted: set[int] = set()
        self.given: set[int] = set()
        self.clients: list[Client] = []
        self.alone, self.hasty = True, False

    @initialize(count=some.integers(1, 2), there=some.booleans())
    def start(self, count: int, there: bool) -> None:
        """Begin, maybe while nobody is there."""
        self.store.refusing = None if there else ConnectError("not yet")
        self.broker = Broker(
            MemoryType(),
            [Uri(scheme="memory", host="life", port=0)],
            None,
            service="life",
            dial=lambda uri: None,
            clock=self.clock,
            client_id="gateway",
            properties={"reconnect.delay": 1.0},
            complain=lambda sentence: None,
            count=count,
            waiting=Waiting(messages=4, seconds=5),
            random=lambda: 1.0,
        )
        self.broker.start()

    @invariant()
    def turn(self) -> None:
        """What was said is heard."""
        if not self.hasty:
            self.clock.advance(0)

    @rule()
    def hurry(self) -> None:
        """Things happen at once, or do not any more."""
        self.hasty = not self.hasty

    @rule(waits=some.booleans(), times=some.integers(1, 4))
    def publish(self, waits: bool, times: int) -> None:
        """Publish numbers, in order."""
        for _ in range(times):
            self.numbers += 1
            number = self.numbers
            taken = self.broker.publish(text(IN, str(number)), waits=waits, sender="ann")
            taken.addCallbacks(
                lambda result, number=number: self.taken.add(number), partial(self.failed, {number})
            )

    def failed(self, numbers: set[int], why: Failure) -> None:
        """They were not sent, or nobody knows."""
        unsent = "nothing was sent" in why.getErrorMessage() or "too many" in why.getErrorMessage()
        (self.never if unsent else self.unknown).update(numbers)

    @precondition(lambda self: len(self.clients) < 3)
    @rule(prefetch=some.integers(0, 3), sender=some.sampled_from([None, "ann", "joe"]))
    def subscribe(self, prefetch: int, sender: str | None) -> None:
        """One client more."""
        client = Client(self)
        client.subscription = self.broker.subscribe(
            Wish(destination=IN, prefetch=prefetch), client, sender=sender
        )
        self.clients.append(client)
        self.alone = self.alone and len(self.clients) == 1

    @precondition(lambda self: self.clients)
    @rule(which=some.integers(0, 2), outcome=some.sampled_from([Outcome.ACCEPTED, Outcome.RELEASED]))
    def settle(self, which: int, outcome: Outcome) -> None:
        """A client settles what came first, and whatever it had on connections of old, which is nothing."""
        client = self.clients[which % len(self.clients)]
        now, client.out = client.out[:2], client.out[2:]
        if outcome is Outcome.ACCEPTED:
            self.accepted.update(number for _, number in now)
        client.subscription.settle([*client.old, *(tag for tag, _ in now)], outcome)

    @precondition(lambda self: self.clients and self.broker.available)
    @rule(which=some.integers(0, 2))
    def transact(self, which: int) -> None:
        """A client accepts all it has in a transaction, and sends an answer."""
        client = self.clients[which % len(self.clients)]
        mine, client.out = client.out, []
        work = Work([text(OUT, "x")], [(client.subscription, tag) for tag, _ in mine])
        numbers = {number for _, number in mine}
        if client.subscription.line.link is not None:
            self.accepted |= numbers
        self.broker.perform(work).addErrback(lambda why: None)

    @precondition(lambda self: self.clients)
    @rule(which=some.integers(0, 2))
    def leave(self, which: int) -> None:
        """A client goes."""
        client = self.clients.pop(which % len(self.clients))
        client.out = []
        client.subscription.close().addErrback(lambda why: None)

    @rule(away=some.booleans(), which=some.one_of(some.none(), some.integers(0, 1)))
    def cut(self, away: bool, which: int | None) -> None:
        """A connection is cut, or all; the broker may stay away."""
        if away:
            self.store.refusing = ConnectError("away")
        links = [*self.store.links]
        for link in links if which is None else links[which : which + 1]:
            for client in self.clients:
                if client.subscription.line.link is link:
                    client.old += [tag for tag, _ in client.out]
                    client.out = []
            link.drop("cut")

    @rule(seconds=some.sampled_from([0.0, 1.0, 6.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)
        self.clock.advance(0)

    @rule()
    def back(self) -> None:
        """The broker is back, and time passes until that is known."""
        self.store.refusing = None
        while self.broker.connections < len(self.broker._lines):
            self.clock.advance(1)
        self.clock.advance(0)

    def teardown(self) -> None:
        """In the end one client gets all that is left, in order, and nothing else; unless others wait for
        more, who then get it."""
        if not hasattr(self, "broker"):
            return
        self.back()
        waiting = any(client.subscription.wish.prefetch == 0 for client in self.clients)
        if waiting:
            assert self.taken - self.accepted <= {n for client in self.clients for _, n in client.out}
        while self.clients:
            self.leave(0)
        self.alone = False
        self.subscribe(0, None)
        self.clock.advance(0)
        (rest,) = self.clients
        numbers = [number for _, number in rest.out]
        assert numbers == sorted(numbers), numbers
        left = self.taken - self.accepted
        assert left <= set(numbers) <= left | self.unknown, (left, numbers, self.unknown)
        assert self.taken | self.unknown | self.never == set(range(1, self.numbers + 1))
        stopping: list[Any] = []
        self.broker.stop().addCallback(stopping.append)
        self.clock.advance(10)
        assert stopping == [None] and not self.store.links and self.broker not in BOOKS.running


class LifeTests(SynchronousTestCase):
    """Any of them."""

    def test_any_life(self) -> None:
        """
        Nothing acknowledged comes again, nothing else is lost or out of order, and what came before says so.
        """
        run_state_machine_as_test(
            Life, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
        )
