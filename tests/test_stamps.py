"""Tests for L{kaazing.stamps}: a file that is another one than it was."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from kaazing.stamps import stamp


class StampTests(SynchronousTestCase):
    def test_changes(self) -> None:
        """
        Writing, replacing, chmod and taking away are seen; reading is not.
        """
        path = Path(self.mktemp())
        path.write_text("one")
        other = path.with_name("other")
        other.write_text("two")
        steps = (
            lambda: path.write_text("longer"),
            lambda: os.utime(path, ns=(1, 1)),
            lambda: path.chmod(0o400),
            lambda: other.replace(path),
            path.unlink,
        )
        for number, step in enumerate(steps):
            before = stamp(path)
            path.read_text()
            self.assertEqual(stamp(path), before)
            step()
            self.assertNotEqual(stamp(path), before, number)

    def test_no_name(self) -> None:
        """
        What is no name of a file is that of none.
        """
        self.assertEqual(stamp(Path("a\0b")), None)
