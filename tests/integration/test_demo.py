"""The page that C{make run} serves, used in a browser."""

from __future__ import annotations

import json
import subprocess

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.children import free_port
from tests.integration.gateway import Gateway
from tests.needs import ROOT, node_packages, program


class DemoTests(SynchronousTestCase):
    """docs/conf/demo.xml, on a port that is free."""

    def test_page(self) -> None:
        """
        The page connects by itself, text and 64 KiB of binary come back, a hundred round trips are
        timed, the connection closes with the visitor's code; nothing is refused or fails on the way.
        """
        node, chromium = program("node", "nodejs"), program("/usr/bin/chromium", "chromium")
        folder = node_packages()
        port = free_port()
        configuration = (ROOT / "docs" / "conf" / "demo.xml").read_text()
        with Gateway(configuration.replace(":8000", f":{port}")):
            shown = json.loads(
                subprocess.run(
                    [node, "demo.mjs", chromium, f"http://localhost:{port}/"],
                    cwd=folder,
                    stdout=subprocess.PIPE,
                    timeout=60,
                    check=True,
                ).stdout
            )
        self.assertEqual((shown["closed"], shown["complaints"]), (True, []))
        self.assertRegex(shown["median"], r"^[\d.,]+ .?s$")
