"""Pages in Chromium before a running gateway: WebSocket, its emulation, and the bridge between origins."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.children import free_port
from tests.integration.gateway import ANY_SITE, Gateway, conf, service
from tests.integration.scenarios import in_chromium
from tests.needs import ROOT

COUNT = 25
"""Messages of each kind; the longest has 56 KB."""

ECHOED = {"texts": COUNT, "binaries": COUNT, "clean": True}
EMULATED = {"status": 201, **ECHOED}


class EmulationTests(SynchronousTestCase):
    """A gateway whose page is at C{own}; C{open} has a constraint for that page's origin, C{shut} none."""

    def setUp(self) -> None:
        self.own, self.open, self.shut = free_port(), free_port(), free_port()
        origin = f"http://localhost:{self.own}"
        site = f"<cross-site-constraint><allow-origin>{origin}</allow-origin></cross-site-constraint>"
        page = f"<directory>{ROOT / 'tests/browser/page'}</directory><welcome-file>index.html</welcome-file>"
        services = {
            service("directory", f"http://localhost:{self.own}/", properties=page): "",
            service("echo", f"ws://localhost:{self.own}/echo"): "",
            service("echo", f"ws://localhost:{self.open}/echo"): site,
            service("echo", f"ws://localhost:{self.open}/shut"): "",
            service("directory", f"http://localhost:{self.open}/files", properties=page): site,
            service("echo", f"ws://localhost:{self.shut}/echo"): "",
        }
        gateway = Gateway(conf(*(one.replace(ANY_SITE, its) for one, its in services.items())))
        gateway.__enter__()
        self.addCleanup(gateway.__exit__, None, None, None)

    def visit(self, function: str, **options: Any) -> dict[str, Any]:
        """Run a function of tests/browser/emulated.js in the gateway's page; return its facts."""
        return in_chromium(f"http://localhost:{self.own}/", "emulated", function, **options)

    def echo(self, function: str, port: int, **options: Any) -> dict[str, Any]:
        """Have messages echoed by the service at a port."""
        scheme = "ws" if function == "native" else "http"
        return self.visit(function, url=f"{scheme}://localhost:{port}/echo", count=COUNT, **options)

    def test_native(self) -> None:
        """
        A page has its messages echoed over WebSocket, of its own origin and of another that allows it.
        """
        for port in (self.own, self.open):
            self.assertEqual(self.echo("native", port), ECHOED)

    def test_emulated(self) -> None:
        """
        So it has without WebSocket, by requests alone: the bridge page sends them, also to the page's own
        origin.
        """
        for port in (self.own, self.open):
            self.assertEqual(self.echo("emulated", port), {**EMULATED, "downstreams": "one"})

    def test_short_responses(self) -> None:
        """
        Nothing is lost where each response ends after a kilobyte, or after one write for a proxy that
        keeps responses until they are whole.
        """
        for options in ({"most": 1}, {"polls": True}):
            self.assertEqual(self.echo("emulated", self.open, **options), {**EMULATED, "downstreams": "many"})

    def test_refused(self) -> None:
        """
        A page that no constraint names gets in neither way.
        """
        self.assertEqual(self.echo("emulated", self.shut), {"status": 403, "texts": 0, "binaries": 0})
        self.assertEqual(self.echo("native", self.shut), {"texts": 0, "binaries": 0, "clean": False})

    def test_bridge_is_no_way_in(self) -> None:
        """
        What the bridge page sends for a page is the gateway's to judge by that page's origin, and only
        what was meant for other pages comes back.
        """
        at = f"http://localhost:{self.open}"
        create = {"url": f"{at}/echo/;e/ctm"}
        answers = self.visit(
            "ask",
            bridge=at,
            requests={
                "created": create,
                "service of no constraint": {"url": f"{at}/shut/;e/ctm"},
                "file": {"url": f"{at}/files/"},
                "nothing": {"url": f"{at}/nothing"},
                "other origin": {"url": f"http://localhost:{self.own}/echo/;e/ctm"},
                "other method": {**create, "method": "DELETE"},
                "other field": {**create, "fields": [["X-Origin", at]]},
                "unreadable URL": {"url": "nonsense"},
                "cookies": {"url": f"{at}/echo/;api/get-cookies"},
            },
        )
        self.assertEqual(answers.pop("created")[0], 201)
        self.assertEqual(answers.pop("cookies")[0], 403)
        self.assertEqual(
            answers,
            {
                "service of no constraint": [403, ""],
                "file": [0, ""],
                "nothing": [404, ""],
                "other origin": [0, ""],
                "other method": [0, ""],
                "other field": [0, ""],
                "unreadable URL": [0, ""],
            },
        )

    def test_given_up(self) -> None:
        """
        A request that the page gives up is heard of no more; others go on.
        """
        url = f"http://localhost:{self.open}/echo"
        self.assertEqual(self.visit("giveUp", url=url), {"told": [], "status": 201})
