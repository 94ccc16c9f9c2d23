"""Who gets what of a backlog, and when."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.memory.backlog import Backlog, Consumer, Held
from kaazing.interfaces.brokers import Message
from tests.brokers.listening import queue


class Taker(Consumer):
    """Takes up to a number of messages, and writes down which."""

    def __init__(
        self, most: int = 1000, selector: str = "", matches: Callable[[Message], bool] | None = None
    ) -> None:
        super().__init__(selector, matches)
        self.most = most
        self.out: list[Held] = []

    def has_room(self) -> bool:
        """See L{Consumer}."""
        return len(self.out) < self.most

    def take(self, held: Held) -> None:
        """See L{Consumer}."""
        self.out.append(held)

    def names(self) -> list[str]:
        """Return the bodies of what it has."""
        return [held.message.body.decode() for held in self.out]


def held(number: int, priority: int = 4, expires: int = 0) -> Held:
    """Return a message whose body is its number."""
    message = Message(destination=queue("q"), body=str(number).encode(), priority=priority, expires=expires)
    return Held(message, (9 - priority, number), 10)


def odd(message: Message) -> bool:
    """Choose messages of odd numbers."""
    return int(message.body) % 2 == 1


class BacklogTests(SynchronousTestCase):
    """One backlog, and messages that are numbers."""

    def setUp(self) -> None:
        """Begin at second 1000."""
        self.now = 1000.0
        self.backlog = Backlog(lambda: self.now)

    def put(self, *numbers: int) -> None:
        """Put messages in."""
        for number in numbers:
            self.backlog.put(held(number))

    def taker(self, most: int = 1000, odd_ones: bool = False) -> Taker:
        """Return a consumer that has joined."""
        made = Taker(most, "odd" if odd_ones else "", odd if odd_ones else None)
        self.backlog.join(made)
        return made

    def test_waits(self) -> None:
        """
        What comes before anybody takes it waits, in order.
        """
        self.put(1, 2, 3)
        self.assertEqual(self.taker().names(), ["1", "2", "3"])

    def test_turns(self) -> None:
        """
        Those with room take turns; who has none is passed by.
        """
        one, two, small = self.taker(), self.taker(), self.taker(1)
        self.put(1, 2, 3, 4, 5)
        self.assertEqual((one.names(), two.names(), small.names()), (["1", "4"], ["2", "5"], ["3"]))

    def test_room_again(self) -> None:
        """
        Who settles what it had gets the next.
        """
        small = self.taker(1)
        self.put(1, 2)
        self.backlog.gone(small.out.pop())
        self.backlog.room(small)
        self.assertEqual(small.names(), ["2"])
        self.assertEqual((self.backlog.messages, self.backlog.bytes), (1, 10))

    def test_priority(self) -> None:
        """
        The higher priority comes first, within one the earlier.
        """
        for number, priority in ((1, 4), (2, 9), (3, 0), (4, 9)):
            self.backlog.put(held(number, priority))
        self.assertEqual(self.taker().names(), ["2", "4", "1", "3"])

    def test_selectors(self) -> None:
        """
        Each gets what its selector matches; what nobody wants waits without holding up the rest.
        """
        choosy = self.taker(odd_ones=True)
        self.put(1, 2, 3)
        self.assertEqual(choosy.names(), ["1", "3"])
        self.assertEqual(self.taker().names(), ["2"])

    def test_turns_of_selectors(self) -> None:
        """
        Consumers with different selectors take turns where both match.
        """
        choosy, other = self.taker(odd_ones=True), self.taker()
        self.put(1, 3, 5, 2, 7)
        self.assertEqual((choosy.names(), other.names()), (["1", "5", "7"], ["3", "2"]))

    def test_release(self) -> None:
        """
        What goes back stands where it was, in whatever order it goes.
        """
        first = self.taker(3)
        self.put(1, 2, 3, 4)
        self.backlog.leave(first)
        self.backlog.release([first.out[2], first.out[0], first.out[1]])
        self.assertEqual(self.taker().names(), ["1", "2", "3", "4"])

    def test_release_to_others(self) -> None:
        """
        What goes back to others who wait for it comes to them in order too.
        """
        first, second = self.taker(3), self.taker(0)
        self.put(1, 2, 3)
        self.backlog.leave(first)
        second.most = 3
        self.backlog.room(second)
        self.backlog.release([first.out[2], first.out[0], first.out[1]])
        self.assertEqual(second.names(), ["1", "2", "3"])

    def test_given_again(self) -> None:
        """
        From the second time on it is redelivered, and counted.
        """
        one = held(1)
        self.assertEqual((one.give().redelivered, one.message.deliveries), (False, 0))
        again = [one.give(), one.give()]
        self.assertEqual([(each.redelivered, each.deliveries) for each in again], [(True, 2), (True, 3)])

    def test_expiry(self) -> None:
        """
        What has expired is given to nobody: not what waits, and not what comes back.
        """
        small = self.taker(1)
        for number in (1, 2):
            self.backlog.put(held(number, expires=1_001_000))
        self.put(3)
        self.now = 1001.0
        self.backlog.leave(small)
        self.backlog.release(small.out)
        self.assertEqual(self.taker().names(), ["3"])
        self.assertEqual((self.backlog.messages, self.backlog.bytes), (1, 10))

    def test_expiry_frees(self) -> None:
        """
        Space of what has expired is free when the next comes, though nobody consumes.
        """
        for number in range(5):
            self.backlog.put(held(number, expires=1_001_000 + number))
        self.now = 1001.002
        self.put(9)
        self.assertEqual(self.backlog.messages, 3)

    def test_end(self) -> None:
        """
        When it ends, what waits is gone, and so is what comes back.
        """
        small = self.taker(1)
        self.put(1, 2)
        self.backlog.end()
        self.assertEqual(self.backlog.messages, 1)
        self.backlog.leave(small)
        self.backlog.release(small.out)
        self.assertEqual((self.backlog.messages, self.backlog.idle), (0, True))

    def test_nothing_is_kept(self) -> None:
        """
        A long life leaves no more behind than waits: what is remembered of messages that are gone is bounded.
        """
        plain = self.taker(1)
        self.taker(0, odd_ones=True)
        for number in range(1, 2001, 2):
            self.backlog.put(held(number, expires=9_000_000))
            self.backlog.gone(plain.out.pop())
            self.backlog.room(plain)
        choosy, expiring = self.backlog._lines["odd"], self.backlog._expiring
        self.assertEqual(self.backlog.messages, 0)
        self.put(2001, 2003)
        self.assertLess(max(len(choosy.keys), len(expiring)), 70)

    @given(
        steps=some.lists(
            some.one_of(
                some.tuples(some.just("put"), some.integers(0, 9)),
                some.tuples(some.sampled_from(["join", "leave", "accept", "release"]), some.integers(0, 3)),
            ),
            max_size=60,
        )
    )
    def test_any_life(self, steps: list[tuple[str, int]]) -> None:
        """
        Whatever happens, each message is waiting, out at exactly one consumer, or accepted; and a consumer
        with room has nothing more to get.
        """
        backlog = Backlog(lambda: 0.0)
        there: list[Taker] = []
        accepted: list[Held] = []
        number = 0
        for what, which in steps:
            taker = there[which % len(there)] if there else None
            if what == "put":
                number += 1
                backlog.put(held(number, which))
            elif what == "join":
                made = Taker(which, "odd" if which % 2 else "", odd if which % 2 else None)
                there.append(made)
                backlog.join(made)
            elif taker is not None and what == "leave":
                there.remove(taker)
                backlog.leave(taker)
                backlog.release(taker.out)
            elif taker is not None and taker.out:
                one = taker.out.pop(0)
                if what == "accept":
                    accepted.append(one)
                    backlog.gone(one)
                else:
                    backlog.release([one])
                backlog.room(taker)
        out = [each for taker in there for each in taker.out]
        waiting = [*backlog._waiting.values()]
        everything = sorted(int(each.message.body) for each in [*waiting, *out, *accepted])
        self.assertEqual(everything, list(range(1, number + 1)))
        self.assertEqual(backlog.messages, len(waiting) + len(out))
        for taker in there:
            wanted = [each for each in waiting if taker.matches is None or taker.matches(each.message)]
            self.assertFalse(wanted and taker.has_room())
