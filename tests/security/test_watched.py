"""Files that change while the gateway runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import ConfigError, LoginUnavailable
from kaazing.security.watched import LIMIT, Watched
from tests.security.modules.attempts import workplace
from tests.security.threads import Pool, ThreadClock


def number(data: bytes, file: str) -> int:
    """Read a number."""
    if not data.isdigit():
        raise ConfigError("expected a number", file=file, line=1)
    return int(data)


class WatchedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = ThreadClock()
        self.place = workplace(Path(), self.clock)
        self.path = Path(self.mktemp()).absolute()
        self.path.write_bytes(b"1")
        self.watched = Watched(str(self.path), number, self.place)
        self.events = self.enterContext(capturedLogs())

    def after(self, seconds: float) -> Any:
        """What holds some time later."""
        self.clock.advance(seconds)
        return self.watched.newest()

    def test_change(self) -> None:
        """
        A new version holds from the next look on, which is a second after the last.
        """
        self.path.write_bytes(b"22")
        self.assertEqual([self.after(0.5), self.after(0.6)], [1, 22])
        self.assertEqual([formatEvent(event) for event in self.events], [f"{self.path}: read again"])

    def test_replaced(self) -> None:
        """
        A file that another takes the place of is a change, even of the same size and age.
        """
        before = self.path.stat()
        other = self.path.with_suffix(".new")
        other.write_bytes(b"2")
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.rename(self.path)
        self.assertEqual(self.after(1), 2)

    def test_broken(self) -> None:
        """
        A version that is no good is told of once, and what the last good one said holds until there
        is a better one.
        """
        self.path.write_bytes(b"two")
        self.assertEqual([self.after(1) for _ in range(3)], [1, 1, 1])
        self.path.unlink()
        self.assertEqual([self.after(1) for _ in range(3)], [1, 1, 1])
        self.path.write_bytes(b"3")
        self.assertEqual(self.after(1), 3)
        lines = [
            f"{self.path}:1: expected a number; what was read before still holds",
            f"{self.path}: cannot be read: No such file or directory; what was read before still holds",
            f"{self.path}: read again",
        ]
        self.assertEqual([formatEvent(event) for event in self.events], lines)

    def test_same(self) -> None:
        """
        A file that did not change is not read again.
        """
        read: list[bytes] = []
        watched = Watched(str(self.path), lambda data, file: read.append(data), self.place)
        for _ in range(5):
            self.clock.advance(1)
            watched.newest()
        self.assertEqual(read, [b"1"])

    def test_clock_set_back(self) -> None:
        """
        Where the time of day is set back, changes are still seen.
        """
        self.path.write_bytes(b"22")
        self.clock.rightNow -= 60
        self.assertEqual([self.after(0), self.after(0)], [22, 22])

    def test_first(self) -> None:
        """
        The first version has to be good, or the gateway does not start.
        """
        folder = self.path.parent
        self.path.write_bytes(b"x" * (LIMIT + 1))
        table = {
            self.path: f"{self.path}: has more than 4 MiB",
            folder: f"{folder}: is no file",
            folder / "none": f"{folder}/none: cannot be read: No such file or directory",
            folder / "a\0b": f"{folder}/a\0b: cannot be read: no name of a file",
        }
        for path, what in table.items():
            raised = self.assertRaises(ConfigError, Watched, str(path), number, self.place)
            self.assertEqual(str(raised), what)
        self.path.write_bytes(b"x")
        self.assertRaises(ConfigError, Watched, str(self.path), number, self.place)

    def test_in_a_thread(self) -> None:
        """
        A new version is read in a thread, once; who asks meanwhile waits for it, so that nobody who was
        taken out comes in once more.
        """
        pool = Pool()
        self.watched = Watched(str(self.path), number, workplace(Path(), self.clock, pool))
        self.path.write_bytes(b"22")
        asked = [self.after(1) for _ in range(3)]
        self.assertEqual(len(pool.calls), 1)
        asked[1].cancel()
        self.failureResultOf(asked[1], CancelledError)
        pool.run()
        self.assertEqual([self.successResultOf(asked[each]) for each in (0, 2)], [22, 22])
        self.assertEqual(self.after(0), 22)

    def test_broken_in_a_thread(self) -> None:
        """
        Who waits for a version that is no good gets the last good one.
        """
        pool = Pool()
        self.watched = Watched(str(self.path), number, workplace(Path(), self.clock, pool))
        self.path.write_bytes(b"two")
        asked = self.after(1)
        pool.run()
        self.assertEqual((self.successResultOf(asked), self.after(1)), (1, 1))

    def test_busy(self) -> None:
        """
        Where too many logins wait for a thread, nobody can say, until there is room.
        """
        pool = Pool()
        place = workplace(Path(), self.clock, pool)
        self.watched = Watched(str(self.path), number, place)
        self.path.write_bytes(b"22")
        for _ in range(202):
            place.work(int)
        for since in (1, 0):
            self.assertRaises(LoginUnavailable, self.after, since)
        pool.run()
        asked = self.after(0)
        while pool.calls:
            pool.run()
        self.assertEqual((self.successResultOf(asked), self.after(0)), (22, 22))
