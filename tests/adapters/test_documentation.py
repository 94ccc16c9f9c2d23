"""Tests for docs/adapters.md: its example is taken from the page and run as it stands there."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from unittest import TestResult

from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase

import twisted.plugins
from kaazing import plugins
from kaazing.config.reader import read
from tests.adapters.example import installed, written


class ExampleTests(SynchronousTestCase):
    def setUp(self) -> None:
        """Write the page's files to a folder of a distribution of its own."""
        self.folder = Path(self.mktemp()).resolve()
        self.blocks = written(self.folder)
        self.patch(sys, "path", [str(self.folder), *sys.path])
        importlib.invalidate_caches()
        plugins.forget()
        self.addCleanup(self.forget)

    def forget(self) -> None:
        """Leave nothing of the example behind."""
        plugins.forget()
        for name in [
            name for name in sys.modules if name.split(".")[0] == "darkstar" or "darkstar_gateway" in name
        ]:
            del sys.modules[name]

    def test_complete(self) -> None:
        """
        The page shows each of the files that the example needs.
        """
        self.assertEqual(
            sorted(self.blocks),
            [
                "darkstar/adapter.py",
                "darkstar/messages.py",
                "darkstar/session.py",
                "darkstar/test_session.py",
                "gateway.xml",
                "pyproject.toml",
                "setup.cfg",
                "twisted/plugins/darkstar_gateway.py",
            ],
        )

    def test_its_tests_pass(self) -> None:
        """
        The example's own tests pass.
        """
        result = TestResult()
        TestLoader().loadByName("darkstar.test_session").run(result)
        self.assertEqual((result.testsRun, result.errors, result.failures), (8, [], []))

    def test_dropin(self) -> None:
        """
        Declared by the dropin, it is found, and the configuration file of the page is in order.
        """
        self.patch(
            twisted.plugins, "__path__", [*twisted.plugins.__path__, str(self.folder / "twisted/plugins")]
        )
        self.assert_found()

    def test_entry_point(self) -> None:
        """
        So it is declared by the entry point.
        """
        installed(self.folder)
        self.assert_found()

    def assert_found(self) -> None:
        """The gateway knows the type, and the configuration file of the page says what it should."""
        self.assertEqual(plugins.adapter("darkstar").name, "darkstar")
        config = read(str(self.folder / "gateway.xml"), environ={"GAME_PASSWORD": "secret"})
        [service] = config.services
        self.assertEqual(service.type, "darkstar.proxy")
        self.assertEqual(service.properties["darkstar.maximum.message.size"], 8192)
        self.assertEqual(service.properties["darkstar.maximum.channels"], 1000)
        [policy] = service.properties["policy"]
        self.assertEqual([rule.pattern for rule in policy.allow], ["lobby*"])

    def test_unknown_without(self) -> None:
        """
        Without either declaration there is no such adapter.
        """
        self.assertNotIn("darkstar", plugins.adapters())
