"""The demo page and the configuration that serves it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import kaazing
from kaazing.config.reader import read

PAGE = Path(kaazing.__file__).parent / "web" / "demo"
CONF = Path(kaazing.__file__).parent.parent / "docs" / "conf" / "demo.xml"


class DemoTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.html = (PAGE / "index.html").read_text("utf-8")

    def test_configuration(self) -> None:
        """
        demo.xml serves the page at http://localhost:8000/, and the chat, the echo and the news beside it.
        """
        pages, chat, echo, news = read(str(CONF)).services
        self.assertEqual([str(uri) for uri in pages.accepts], ["http://localhost:8000/"])
        self.assertEqual(pages.properties["directory"], PAGE)
        self.assertTrue((PAGE / pages.properties["welcome-file"]).is_file())
        self.assertEqual([str(uri) for uri in chat.accepts], ["ws://localhost:8000/chat"])
        self.assertEqual([str(uri) for uri in echo.accepts], ["ws://localhost:8000/echo"])
        accepts = ["ws://localhost:8000/news", "sse://localhost:8000/news/events"]
        self.assertEqual([str(uri) for uri in news.accepts], accepts)
        self.assertIn(f"/dev/udp/{news.connects[0].host}/{news.connects[0].port}<", self.html)

    def test_snippets(self) -> None:
        """
        The connect that the page proposes for the chat, and the service besides, can be put into demo.xml.
        """
        [connect] = re.findall(r"<code[^>]*>(&lt;connect&gt;.*?)</code>", self.html, re.DOTALL)
        [service] = re.findall(r"<code[^>]*>(&lt;service&gt;.*?)</code>", self.html, re.DOTALL)
        path = Path(self.mktemp())
        text = CONF.read_text("utf-8").replace("<connect>memory://</connect>", unescape(connect))
        text = text.replace("</gateway-config>", f"{unescape(service)}\n</gateway-config>")
        path.write_text(text, "utf-8")
        services = read(str(path)).services
        self.assertEqual([str(uri) for uri in services[1].connects], ["amqp://localhost:5672"])
        self.assertEqual(services[4].type, "proxy")

    def test_self_contained(self) -> None:
        """
        The page needs nothing from elsewhere, and its policy allows nothing from elsewhere.
        """
        self.assertIn("default-src 'none'; script-src 'self'; style-src 'self'", self.html)
        for name in re.findall(r'(?:src|href)="(.*?)"', self.html):
            self.assertTrue((PAGE / name).is_file(), name)
        self.assertEqual(re.findall(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", self.html), [])
        for path in (*PAGE.glob("*.js"), PAGE / "demo.css"):
            imports = r'https?://|url\(|@import|import (?!{[\w, ]+} from "\./[a-z]+\.js")'
            self.assertNotRegex(path.read_text("utf-8"), imports, path.name)

    def test_names(self) -> None:
        """
        Every element that the scripts ask for is in the page.
        """
        scripts = "".join(path.read_text("utf-8") for path in PAGE.glob("*.js"))
        asked = set(re.findall(r'\bat\("([a-z]+)"\)', scripts))
        self.assertEqual(asked - set(re.findall(r' id="([a-z-]+)"', self.html)), set())
