"""Tests for L{kaazing.services.broadcast.log}: what is told to those who come again."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.feeds import Event
from kaazing.services.broadcast.log import RESET, Bounds, ReplayLog

WIDE = Bounds(events=1000, bytes=1_000_000, age=0.0)


def texts(events: Sequence[Event]) -> list[bytes]:
    """The payloads of events."""
    return [event.data for event in events]


class ReplayTests(SynchronousTestCase):
    def test_missed(self) -> None:
        """
        Events are numbered from 1; whoever names the last one it has gets those behind it, in order,
        with their names and keys, and nothing where it has them all.
        """
        log = ReplayLog("ab", WIDE)
        self.assertEqual((log.position, log.after("ab-0", 0.0)), ("ab-0", []))
        first = log.add(b"1", 5.0, name="n", key=b"k")
        self.assertEqual(first, Event(b"1", 0, "ab-1", "n", b"k", 5.0))
        log.add(b"2", 5.0)
        log.add(b"3", 5.0)
        for id, missed in (
            ("ab-0", [b"1", b"2", b"3"]),
            ("ab-1", [b"2", b"3"]),
            ("ab-2", [b"3"]),
            ("ab-3", []),
        ):
            self.assertEqual(texts(log.after(id, 5.0)), missed, id)
        self.assertEqual(log.after("ab-0", 5.0)[0], first)

    def test_unknown(self) -> None:
        """
        An id of another start of the gateway, of no event yet, or that is none is answered with a reset:
        why, and the id of the oldest event there is. Its own id is where the feed stands.
        """
        log = ReplayLog("ab", WIDE)
        for id in ("cd-1", "ab-1", "ab", "ab-", "ab-x", "ab--1", "ab-1-1", "x", "ab-²", "ab-" + "9" * 5000):
            (reset,) = log.after(id, 1.0)
            self.assertEqual((reset.name, reset.id, reset.kind), (RESET, "ab-0", 1), id)
            said = json.loads(reset.data)
            self.assertEqual((said["reason"], said["oldest"]), ("unknown", None), id)
        log.add(b"1", 1.0)
        (reset,) = log.after("cd-1", 1.0)
        self.assertEqual((reset.id, json.loads(reset.data)["oldest"]), ("ab-1", "ab-1"))

    def test_expired(self) -> None:
        """
        Where the log does not reach back far enough, there is a reset that says so, and names the
        oldest event that is kept.
        """
        log = ReplayLog("ab", Bounds(events=2, bytes=1_000_000, age=0.0))
        for data in (b"1", b"2", b"3", b"4"):
            log.add(data, 0.0)
        (reset,) = log.after("ab-1", 0.0)
        said = json.loads(reset.data)
        self.assertEqual((reset.name, said["reason"], said["oldest"]), (RESET, "expired", "ab-3"))
        self.assertEqual(texts(log.after("ab-2", 0.0)), [b"3", b"4"])

    def test_bounds(self) -> None:
        """
        The log is bounded by number, bytes and age, each by itself; with no room at all it only counts.
        """
        by_bytes = ReplayLog("ab", Bounds(events=1000, bytes=1000, age=0.0))
        for _ in range(10):
            by_bytes.add(b"x" * 300, 0.0)
        self.assertEqual((len(by_bytes), by_bytes.size), (2, 1000))
        by_age = ReplayLog("ab", Bounds(events=1000, bytes=100_000, age=10.0))
        by_age.add(b"1", 0.0)
        by_age.add(b"2", 6.0)
        self.assertEqual(texts(by_age.after("ab-0", 10.0)), [b"1", b"2"])
        self.assertEqual([event.name for event in by_age.after("ab-0", 10.5)], [RESET])
        self.assertEqual(texts(by_age.after("ab-1", 10.5)), [b"2"])
        none = ReplayLog("ab", Bounds(events=0, bytes=0, age=0.0))
        none.add(b"1", 0.0)
        self.assertEqual((len(none), none.size, none.after("ab-1", 0.0)), (0, 0, []))
        self.assertEqual([event.name for event in none.after("ab-0", 0.0)], [RESET])

    def test_own_ids(self) -> None:
        """
        An event may have an id of its payload's own, which counts as long as the event is kept; one
        that another kept event has, or that looks like the gateway's, is not used.
        """
        log = ReplayLog("ab", Bounds(events=3, bytes=1_000_000, age=0.0))
        ids = [log.add(b"%d" % at, 0.0, id=id).id for at, id in enumerate(("x", "y", "y", "ab-9"))]
        self.assertEqual(ids, ["x", "y", "ab-3", "ab-4"])
        self.assertEqual(texts(log.after("y", 0.0)), [b"2", b"3"])
        (reset,) = log.after("x", 0.0)
        self.assertEqual(json.loads(reset.data)["reason"], "unknown")
        log.add(b"4", 0.0)
        self.assertEqual(log.add(b"5", 0.0, id="y").id, "y")
        self.assertEqual(texts(log.after("y", 0.0)), [])

    @given(st.lists(st.binary(max_size=300), max_size=30), st.integers(0, 10), st.integers(0, 4000))
    def test_never_silent(self, payloads: list[bytes], most: int, size: int) -> None:
        """
        Whatever the bounds, each client gets exactly what it missed, or a reset.
        """
        log = ReplayLog("ab", Bounds(events=most, bytes=size, age=0.0))
        for data in payloads:
            log.add(data, 0.0)
        self.assertTrue(len(log) <= most and log.size <= size)
        for seen in range(len(payloads) + 1):
            missed = log.after(f"ab-{seen}", 0.0)
            if [event.name for event in missed] == [RESET]:
                self.assertGreater(len(payloads) - seen, len(log))
            else:
                self.assertEqual(texts(missed), payloads[seen:])
