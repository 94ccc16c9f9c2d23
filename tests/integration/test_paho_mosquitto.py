"""Eclipse Paho, in browsers and in Python, before Mosquitto, with nothing between but a plain proxy."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.integration import servers
from tests.integration.children import free_ports
from tests.integration.gateway import Gateway, service
from tests.integration.scenarios import at, in_chromium, in_node
from tests.needs import ROOT, node_packages

PAGE = (ROOT / "docs/examples/paho-mosquitto.md").read_text()
CONF = (ROOT / "docs/conf/mosquitto.xml").read_text()
BLOCKS: dict[str, str] = dict(
    re.findall(r"^```\w+\n(?:# |<!-- )(\S+)(?: -->)?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)
LOGIN = {"userName": servers.USER, "password": servers.PASSWORD}
COUNT = 120


class PahoTests(SynchronousTestCase):
    """The worked example of docs/examples/paho-mosquitto.md."""

    @contextmanager
    def gateway(self) -> Iterator[tuple[int, str]]:
        """Run the gateway of the page, on free ports; yield its port and where the page is served."""
        own, pages = free_ports(2)
        self.ports = {"8001": own, "8000": pages, "1883": servers.mosquitto().mqtt}
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "index.html").write_text(self.moved(BLOCKS["index.html"]))
        shutil.copy(node_packages() / "node_modules/paho-mqtt/paho-mqtt.js", folder)
        files = f"<directory>{folder}</directory><welcome-file>index.html</welcome-file>"
        site = service("directory", at(pages), properties=files)
        site += service("directory", f"http://localhost:{pages}/", properties=files)
        with Gateway(self.moved(CONF).replace("</gateway-config>", f"{site}</gateway-config>")):
            yield own, f"http://localhost:{pages}/"

    def moved(self, text: str) -> str:
        """Put the ports that are free in place of those of the page."""
        return re.sub(r"\b(8001|8000|1883)\b", lambda match: str(self.ports[match[0]]), text)

    def test_the_pages_configuration(self) -> None:
        """
        The configuration that the page shows is the one in docs/conf.
        """
        [shown] = re.findall(r"^```xml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        bare = [line.strip() for line in CONF.splitlines()]
        start = bare.index("<service>")
        self.assertEqual(
            [line.strip() for line in shown.splitlines()], bare[start : bare.index("</service>") + 1]
        )

    def test_example(self) -> None:
        """
        The page shows what the program published, and the program gets the page's thanks.
        """
        with self.gateway() as (_, page):
            program = self.moved(BLOCKS["news.py"])
            news = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
            try:
                self.assertEqual(
                    in_chromium(page, "visit", "shown", selector="#heard"), {"text": "news/weather: sunny"}
                )
                said, _ = news.communicate(timeout=20)
            finally:
                news.kill()
                news.wait()
            self.assertEqual(said, "a page says thanks\n")

    def test_conversation(self) -> None:
        """
        In Node and in Chromium, with MQTT 3.1 and 3.1.1: messages of every quality of service arrive in
        order and whole, 1 MiB and every byte value among them, and the keep-alive keeps the silence.
        """
        well = {"ordered": [COUNT // 3] * 3, "intact": COUNT, "lost": None, "alive": True}
        with self.gateway() as (port, page):
            url = f"ws://localhost:{port}/mqtt"
            for version in (3, 4):
                options = {"options": {**LOGIN, "mqttVersion": version}}
                asked = {"url": url, "count": COUNT, "longest": 1 << 20, **options}
                self.assertEqual(in_node("paho", "converse", topic=f"node{version}", **asked), well)
                self.assertEqual(in_chromium(page, "paho", "converse", topic=f"page{version}", **asked), well)

    def test_wrong_password(self) -> None:
        """
        Mosquitto's refusal reaches the page.
        """
        with self.gateway() as (port, page):
            options = {**LOGIN, "password": "guess", "mqttVersion": 4}
            facts = in_chromium(page, "paho", "refused", url=f"ws://localhost:{port}/mqtt", options=options)
        self.assertEqual(
            facts,
            {
                "errorCode": 6,
                "errorMessage": "AMQJS0006E Bad Connack return code:5 Connection Refused: not authorized.",
            },
        )
