"""JavaScript clients in Node and in Chromium, as their users run them: functions of tests/browser/NAME.js.

A scenario is an exported async function that gets one object of options and returns facts, both plain
values; what it imports comes from the packages of tests/browser/package.json, and from steps.js what
conversations have in common. The same file does for Node, where C{WebSocket} is the one of ws, and for a
page, for which it is bundled with its packages. So a test of a protocol is a NAME.js and::

    port = free_port()
    with Gateway(conf(service("mqtt.proxy", f"ws://127.0.0.1:{port}/mqtt", broker), scenarios.page(port))):
        url = f"ws://127.0.0.1:{port}/mqtt"
        self.assertEqual(in_node("mqtt", "converse", url=url), WENT_WELL)
        self.assertEqual(in_chromium(at(port), "mqtt", "converse", url=url), WENT_WELL)

A page loads what cannot be bundled from the gateway itself, as C{await import('/converse/converse.min.js')}
with L{converse} among the services.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.integration.gateway import service
from tests.needs import node_packages, program


def at(port: int) -> str:
    """Return the address of the page that L{page} serves."""
    return f"http://127.0.0.1:{port}/"


def page(port: int) -> str:
    """Return a service with an empty page for L{in_chromium}; raises SkipTest as L{node_packages} does."""
    folder = f"<directory>{node_packages() / 'page'}</directory><welcome-file>index.html</welcome-file>"
    return service("directory", at(port), properties=folder)


def converse(port: int) -> str:
    """Return a service with what converse.js has built, which loads its own parts; at /converse/."""
    built = node_packages() / "node_modules/converse.js/dist"
    return service("directory", f"{at(port)}converse", properties=f"<directory>{built}</directory>")


def in_node(name: str, function: str, **options: Any) -> dict[str, Any]:
    """Run a function of tests/browser/NAME.js in Node; return its facts.

    Raises:
        AssertionError: it failed; what it said is in there.
        SkipTest: Node or the packages are not installed.
    """
    return _run([program("node", "nodejs"), "node.mjs", name, function, json.dumps(options)])


def in_chromium(page: str, name: str, function: str, **options: Any) -> dict[str, Any]:
    """Run a function of tests/browser/NAME.js in a page in Chromium, opened at C{page}; see L{in_node}."""
    node, chromium = program("node", "nodejs"), program("/usr/bin/chromium", "chromium")
    return _run([node, "chromium.mjs", chromium, page, name, function, json.dumps(options)])


def _run(argv: list[str]) -> dict[str, Any]:
    done = subprocess.run(argv, cwd=node_packages(), capture_output=True, text=True, timeout=90, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts
