"""Tests for L{kaazing.transports.backlog}: what waits for one slow receiver, and for how long."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.feeds import COST, Counts, Event, Slow
from kaazing.transports.backlog import Backlog

ALL = 1 << 30
SIZE = COST + 1  # bytes that an event of one letter counts for


def letters(text: str, keys: str = "") -> list[Event]:
    """Return an event for each letter, with a key for each where they are given."""
    return [Event(letter.encode(), key=keys[at].encode() if keys else None) for at, letter in enumerate(text)]


def told(events: Sequence[Event]) -> str:
    """Return the payloads of events as one text."""
    return b"".join(event.data for event in events).decode()


class BacklogTests(SynchronousTestCase):
    def backlog(self, kind: str = "drop-oldest", many: int = 3, age: float = 0, missed: str = "") -> Backlog:
        """Return a backlog for so many events of a letter, made at second 100."""
        self.counts = Counts()
        policy = Slow(kind=kind, bytes=many * SIZE, age=age)
        return Backlog(policy, self.counts, letters(missed), 100.0)

    def test_order(self) -> None:
        """
        What waits comes out in order, as much at a time as is asked for, at least one event.
        """
        made = self.backlog(many=10)
        self.assertEqual(made.add(letters("abcde"), 100), "")
        self.assertEqual(len(made), 5)
        self.assertEqual(told(made.take(2 * SIZE, 100)), "ab")
        made.add(letters("f"), 100)
        self.assertEqual([told(made.take(most, 100)) for most in (1, ALL, ALL, ALL)], ["c", "de", "f", ""])
        self.assertEqual((len(made), self.counts), (0, Counts()))

    def test_drop_oldest(self) -> None:
        """
        What is too much pushes out the oldest that wait, also in one go; those on their way stay.
        """
        made = self.backlog(missed="xyz")
        made.add(letters("abcd"), 100)
        made.add(letters("efghij"), 100)
        self.assertEqual((told(made.take(ALL, 100)), told(made.take(ALL, 100))), ("xyz", "hij"))
        self.assertEqual(self.counts, Counts(dropped=7))

    def test_expired(self) -> None:
        """
        What means nothing any more when its turn comes is dropped, also of what was missed.
        """
        made = self.backlog(many=10, missed="x")
        made.add([Event(b"a", until=100.0), Event(b"b", until=100.5), Event(b"c")], 99)
        made.add([Event(b"d", until=90.0)], 99)
        self.assertEqual([told(made.take(ALL, 100)) for _ in range(3)], ["x", "bc", ""])
        self.assertEqual((len(made), self.counts), (0, Counts(dropped=2)))

    def test_room_again(self) -> None:
        """
        When what waits goes on its way there is room again.
        """
        made = self.backlog()
        made.add(letters("abc"), 100)
        self.assertEqual(told(made.take(1, 100)), "a")
        made.add(letters("def"), 100)
        self.assertEqual(
            (told(made.take(ALL, 100)), told(made.take(ALL, 100)), self.counts), ("bc", "def", Counts())
        )

    def test_larger_than_all(self) -> None:
        """
        An event larger than the bound is dropped with all before it; the next one waits.
        """
        made = self.backlog()
        made.add([*letters("ab"), Event(b"x" * 1000)], 100)
        made.add(letters("c"), 100)
        self.assertEqual((told(made.take(ALL, 100)), self.counts), ("c", Counts(dropped=3)))

    def test_conflate(self) -> None:
        """
        A later event of the same key takes the place of the earlier, at the end; others are dropped
        when they are too many.
        """
        made = self.backlog("conflate")
        made.add(letters("abc", "123"), 100)
        made.add(letters("ABd", "121"), 100)
        self.assertEqual((told(made.take(ALL, 100)), self.counts), ("cBd", Counts(conflated=3)))
        made.add(letters("abcd"), 100)
        self.assertEqual((told(made.take(ALL, 100)), self.counts), ("bcd", Counts(conflated=3, dropped=1)))

    def test_conflate_on_its_way(self) -> None:
        """
        An event that is on its way is not replaced, so a key that changes all the time gets through.
        """
        made = self.backlog("conflate")
        made.add(letters("ab", "12"), 100)
        self.assertEqual(told(made.take(1, 100)), "a")
        made.add(letters("cd", "22"), 100)
        self.assertEqual((told(made.take(ALL, 100)), told(made.take(ALL, 100))), ("b", "d"))
        self.assertEqual(self.counts, Counts(conflated=1))

    def test_keys_without_conflation(self) -> None:
        """
        Keys mean nothing to the other policies.
        """
        made = self.backlog()
        made.add(letters("abc", "111"), 100)
        self.assertEqual((told(made.take(ALL, 100)), self.counts), ("abc", Counts()))

    def test_disconnect(self) -> None:
        """
        Where too much ends in a disconnect, that is what is said, and nothing is dropped.
        """
        made = self.backlog("disconnect")
        self.assertEqual(made.add(letters("abc"), 100), "")
        self.assertEqual(made.add(letters("d"), 100), f"more than {3 * SIZE} bytes wait")
        self.assertEqual((len(made), self.counts), (4, Counts()))

    def test_age(self) -> None:
        """
        What waits for longer than allowed is dropped, on its way or not; what came later stays.
        """
        made = self.backlog(many=9, age=10, missed="xy")
        made.add(letters("ab"), 103)
        made.add(letters("c"), 107)
        self.assertEqual((made.oldest(), made.expire(109.9), len(made)), (100, "", 5))
        self.assertEqual((made.expire(110), made.oldest(), len(made)), ("", 103, 3))
        self.assertEqual((made.expire(115), made.oldest(), told(made.take(ALL, 100))), ("", 107, "c"))
        self.assertEqual(self.counts, Counts(dropped=4))
        self.assertEqual((made.expire(999), len(made)), ("", 0))

    def test_age_and_bytes(self) -> None:
        """
        What was too old makes room.
        """
        made = self.backlog(age=10)
        made.add(letters("abc"), 100)
        made.expire(110)
        made.add(letters("def"), 111)
        self.assertEqual((told(made.take(ALL, 100)), self.counts), ("def", Counts(dropped=3)))

    def test_age_and_disconnect(self) -> None:
        """
        Where waiting too long ends in a disconnect, that is what is said.
        """
        made = self.backlog("disconnect", age=1.5)
        made.add(letters("a"), 100)
        self.assertEqual(made.expire(101), "")
        self.assertEqual(made.expire(101.5), "events wait for more than 1.5 s")

    @given(st.sampled_from(("drop-oldest", "conflate")), st.lists(st.integers(0, 9), max_size=60))
    def test_any(self, kind: str, steps: list[int]) -> None:
        """
        Whatever comes and goes: what comes out is in order and of what came, all the rest is counted, the
        bound holds, and under conflation the last event of a key is never replaced.
        """
        made = self.backlog(kind, many=5)
        came, out = 0, []
        for step in steps:
            if step == 0:
                out += made.take(2 * SIZE, 100)
                continue
            made.add([Event(bytes([came % 256]), id=str(came), key=b"%d" % step)], 100)
            came += 1
            self.assertLessEqual(len(made), 5 + 5)
        while made:
            out += made.take(1, 100)
        numbers = [int(event.id) for event in out]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(len(out) + self.counts.dropped + self.counts.conflated, came)
        self.assertEqual(numbers[-1:], [came - 1] if came else [])
