"""Tests for docs/adapters.md: its example is taken from the page and run as it stands there."""

from __future__ import annotations

import configparser
import importlib
import re
import sys
from pathlib import Path
from unittest import TestResult

from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase

import twisted.plugins
from kaazing import plugins
from kaazing.config.reader import read

PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"
BLOCK = re.compile(r"^```\w+\n(?:# |<!-- )(\S+)(?: -->)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class ExampleTests(SynchronousTestCase):
    def setUp(self) -> None:
        """Write the page's files to a folder of a distribution of its own."""
        self.folder = Path(self.mktemp()).resolve()
        self.blocks = dict(BLOCK.findall(PAGE.read_text()))
        for name, text in self.blocks.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.patch(sys, "path", [str(self.folder), *sys.path])
        importlib.invalidate_caches()
        plugins.forget()
        self.addCleanup(self.forget)

    def forget(self) -> None:
        """Leave nothing of the example behind."""
        plugins.forget()
        for name in [
            name for name in sys.modules if name.split(".")[0] in ("lines",) or "lines_gateway" in name
        ]:
            del sys.modules[name]

    def test_complete(self) -> None:
        """
        The page shows each of the files that the example needs.
        """
        self.assertEqual(
            sorted(self.blocks),
            [
                "gateway.xml",
                "lines/adapter.py",
                "lines/test_adapter.py",
                "setup.cfg",
                "twisted/plugins/lines_gateway.py",
            ],
        )

    def test_its_tests_pass(self) -> None:
        """
        The example's own tests pass.
        """
        result = TestResult()
        TestLoader().loadByName("lines.test_adapter").run(result)
        self.assertEqual((result.testsRun, result.errors, result.failures), (2, [], []))

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
        metadata = configparser.ConfigParser()
        metadata.read_string(self.blocks["setup.cfg"])
        [(group, points)] = metadata["options.entry_points"].items()
        made = self.folder / "lines-1.dist-info"  # as an install writes it
        made.mkdir()
        (made / "METADATA").write_text("Metadata-Version: 2.1\nName: lines\nVersion: 1\n")
        (made / "entry_points.txt").write_text(f"[{group}]\n{points.strip()}\n")
        self.assert_found()

    def assert_found(self) -> None:
        """The gateway knows the type, reads its property, and can make a session."""
        self.assertEqual(plugins.adapter("lines").name, "lines")
        config = read(str(self.folder / "gateway.xml"))
        [service] = config.services
        self.assertEqual((service.type, service.properties["lines.maximum.length"]), ("lines.proxy", 1024))
        self.assertEqual(service.properties["lines.greeting"], "welcome")

    def test_unknown_without(self) -> None:
        """
        Without either declaration there is no such adapter.
        """
        self.assertNotIn("lines", plugins.adapters())
