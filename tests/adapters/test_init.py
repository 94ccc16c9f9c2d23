"""Tests for the package L{kaazing.adapters}."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import kaazing.adapters


class OneNameTests(SynchronousTestCase):
    def test_one_name(self) -> None:
        """
        The adapters are imported as kaazing.adapters and under no other name, so that no class exists
        twice.
        """
        file = Path(str(kaazing.adapters.__file__))
        spec = importlib.util.spec_from_file_location("adapters", file)
        assert spec is not None and spec.loader is not None
        error = self.assertRaises(ImportError, spec.loader.exec_module, importlib.util.module_from_spec(spec))
        self.assertEqual(str(error), "this package is imported as kaazing.adapters, not as adapters")
