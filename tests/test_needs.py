"""What happens where a program that a test wants is not installed."""

from __future__ import annotations

import os
import sys
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests import needs


class NeedsTests(SynchronousTestCase):
    """A test asks for a program by name, and says which Debian package has it."""

    def with_all_required(self, required: bool) -> None:
        """Set or unset KAAZING_REQUIRE_ALL."""
        environ = {name: value for name, value in os.environ.items() if name != "KAAZING_REQUIRE_ALL"}
        self.patch(os, "environ", {**environ, **({"KAAZING_REQUIRE_ALL": "1"} if required else {})})

    def test_found(self) -> None:
        """
        What is there is found, by path too.
        """
        self.assertEqual(needs.program(sys.executable, "python3"), sys.executable)

    def test_skipped(self) -> None:
        """
        Without it the test is skipped, and the reason names the package.
        """
        self.with_all_required(False)
        why = self.assertRaises(SkipTest, needs.program, "no-such-program", "no-such-package")
        self.assertEqual(str(why), "no-such-program is not installed (Debian package no-such-package)")

    def test_required(self) -> None:
        """
        Where everything is required, as in CI, it fails.
        """
        self.with_all_required(True)
        why = self.assertRaises(AssertionError, needs.program, "no-such-program", "no-such-package")
        self.assertIn("no-such-program is not installed", str(why))
