"""Compressed WebSockets with a real browser, and what they save."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.children import free_port
from tests.integration.gateway import Gateway
from tests.needs import ROOT, node_packages, program

LINE = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich 🥊. "


class ChromiumTests(SynchronousTestCase):
    """docs/conf/websocket.xml, on a port that is free, with Chromium, which always offers compression."""

    def converse(self, messages: list[str], replace: tuple[str, str] = ("", "")) -> dict[str, Any]:
        """Send messages to the echo; return what the page saw."""
        node, chromium = program("node", "nodejs"), program("/usr/bin/chromium", "chromium")
        folder = node_packages()
        port = free_port()
        configuration = (ROOT / "docs" / "conf" / "websocket.xml").read_text().replace(*replace)
        with Gateway(configuration.replace(":8000", f":{port}")):
            found: dict[str, Any] = json.loads(
                subprocess.run(
                    [
                        *(node, "compression.mjs", chromium, f"http://localhost:{port}/"),
                        *(f"ws://localhost:{port}/echo", json.dumps(messages)),
                    ],
                    cwd=folder,
                    stdout=subprocess.PIPE,
                    timeout=60,
                    check=True,
                ).stdout
            )
        return found

    def test_compressed(self) -> None:
        """
        Compression is agreed on, and messages of all sizes come back as they were.
        """
        messages = ["", "x", LINE, LINE * 10, LINE * 1000, "after"]
        found = self.converse(messages)
        agreed = "server_no_context_takeover; client_no_context_takeover; client_max_window_bits=11"
        self.assertEqual(found["answered"], f"permessage-deflate; {agreed}")
        self.assertIn("permessage-deflate", found["extensions"])
        self.assertEqual((found["echoes"], found["code"]), (messages, 1000))

    def test_context(self) -> None:
        """
        With context takeover, and windows as large as they may be, too.
        """
        more = "<ws.compression.context.takeover>enabled</ws.compression.context.takeover>"
        bits = "<ws.compression.window.bits>15</ws.compression.window.bits>"
        messages = [LINE * 10] * 5 + [LINE * 1000, "short"]
        found = self.converse(messages, ("</accept-options>", f"{more}{bits}</accept-options>"))
        self.assertEqual((found["answered"], found["echoes"]), ("permessage-deflate", messages))

    def test_too_big(self) -> None:
        """
        A message that is small on the wire and too big inflated closes the connection with 1009.
        """
        found = self.converse(["a" * 100_000], ("256k", "64k"))
        self.assertEqual((found["echoes"], found["code"]), ([], 1009))

    def test_off(self) -> None:
        """
        Where compression is not enabled there is none.
        """
        found = self.converse([LINE * 10], ("<ws.compression>enabled</ws.compression>", ""))
        self.assertEqual((found.get("answered"), found["echoes"]), (None, [LINE * 10]))
