"""The page that C{make run} serves, used in a browser."""

from __future__ import annotations

import json
import subprocess

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.children import free_ports
from tests.integration.gateway import Gateway
from tests.needs import ROOT, node_packages, program


class DemoTests(SynchronousTestCase):
    """docs/conf/demo.xml, on ports that are free."""

    def test_page(self) -> None:
        """
        The page connects by itself, text and 64 KiB of binary come back, a hundred round trips are
        timed, the connection closes with the visitor's code. The same echo comes back over plain HTTP,
        and the event stream brings what the page and a datagram say. Two windows chat, and the second is told
        what was said before it came. Nothing is refused or fails on the way.
        """
        node, chromium = program("node", "nodejs"), program("/usr/bin/chromium", "chromium")
        folder = node_packages()
        port, news = free_ports(2)
        configuration = (ROOT / "docs" / "conf" / "demo.xml").read_text()
        with Gateway(configuration.replace(":8000", f":{port}").replace(":50505", f":{news}")):
            shown = json.loads(
                subprocess.run(
                    [node, "demo.mjs", chromium, f"http://localhost:{port}/", str(news)],
                    cwd=folder,
                    stdout=subprocess.PIPE,
                    timeout=60,
                    check=True,
                ).stdout
            )
        self.assertEqual((shown["closed"], shown["complaints"]), (True, []))
        self.assertEqual(shown["heard"], ["Good news", "from a shell"])
        self.assertEqual(shown["said"], ["Hello, other window", "a: grüße \\ 🚂"])
        self.assertRegex(shown["median"], r"^[\d.,]+ .?s$")
