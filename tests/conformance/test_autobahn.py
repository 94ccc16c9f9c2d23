"""The echo service against the Autobahn test suite, over each path that data can take through the gateway.

Here sections 1 to 7 and 10, and of 12 and 13, which are about compression, a hundredth of the messages of
the short cases; with KAAZING_CONFORMANCE=whole (C{make conformance}) everything, section 9 with its large
messages too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.trial.unittest import TestCase

from tests.conformance import client, suite
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service

WHOLE = os.environ.get("KAAZING_CONFORMANCE") == "whole"
SMALL, LARGE = 32, 2
"""How many cases run at once, those of section 9 apart: they want the machine for themselves."""

NOT_STRICT: dict[str, str] = {}
"""Cases in which a path is NON-STRICT, each with the reason why that is right. None is."""

COMPRESSED = ("12.", "13.")
"""What the cases of compression begin with."""

UNDEFINED = {"7.1.6", "7.13.1", "7.13.2"}
"""INFORMATIONAL whatever a server does: RFC 6455 leaves it open."""


class AutobahnTests(TestCase):
    """Every case passes: what was expected is received, and the connection closes as it should."""

    timeout = 1800 if WHOLE else 120

    @inlineCallbacks
    def run_cases(self, lane: str, pure: bool) -> Generator[Deferred[Any], Any, None]:
        """Start a gateway whose data goes by C{lane}, and compare all verdicts with what they must be."""
        cases = [case for case in suite.cases() if not case.startswith(COMPRESSED)]
        small = [case for case in cases if not case.startswith("9.")]
        large = [case for case in cases if case.startswith("9.")] if WHOLE else []
        port = free_port()
        echo = service(
            "echo",
            f"ws://127.0.0.1:{port}/",
            accept_options="<ws.maximum.message.size>17M</ws.maximum.message.size>",
        )
        env = {"KAAZING_LANE": lane, **({"KAAZING_PURE": "1"} if pure else {})}
        with Gateway(conf(echo), env=env):
            verdicts = yield client.verdicts(reactor, port, small, at_once=SMALL)
            verdicts += yield client.verdicts(reactor, port, large, at_once=LARGE)
        if WHOLE:
            counts = Counter(verdict.behavior for verdict in verdicts)
            name = f"{lane}, {'pure Python' if pure else 'native'}"
            print(f"\n{name}:", ", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
        self.assertEqual([verdict for verdict in verdicts if not verdict.passed], [])
        self.assertEqual(_of(verdicts, "NON-STRICT"), set(NOT_STRICT))
        self.assertEqual(_of(verdicts, "INFORMATIONAL"), UNDEFINED)
        self.assertEqual(len(verdicts), len(small) + len(large))

    def test_pump(self) -> Any:
        """
        The native pump, which moves a connection's bytes without Python.
        """
        return self.run_cases("pump", pure=False)

    def test_lane(self) -> Any:
        """
        The data lane: each chunk checked and unmasked in one call of C.
        """
        return self.run_cases("lane", pure=False)

    def test_lane_in_python(self) -> Any:
        """
        The data lane's twin in Python, which serves where no compiler was.
        """
        return self.run_cases("lane", pure=True)

    def test_autobahn(self) -> Any:
        """
        Autobahn's own parser, for data frames too.
        """
        return self.run_cases("off", pure=False)


class CompressionTests(TestCase):
    """Every message comes back, compressed, whatever is agreed on."""

    timeout = 7200 if WHOLE else 120

    @inlineCallbacks
    def run_cases(self, *options: str) -> Generator[Deferred[Any], Any, None]:
        """Run all cases of sections 12 and 13 against an accept with more options."""
        found = {name: case for name, case in suite.cases().items() if name.startswith(COMPRESSED)}
        if not WHOLE:
            found = {name: case for name, case in found.items() if case.LEN <= 4096}
            for case in found.values():
                self.patch(case, "COUNT", 10)
        port = free_port()
        accept_options = "".join(
            f"<{name}>{value}</{name}>"
            for name, value in (
                option.split("=")
                for option in ("ws.maximum.message.size=17M", "ws.compression=enabled", *options)
            )
        )
        echo = service("echo", f"ws://127.0.0.1:{port}/", accept_options=accept_options)
        with Gateway(conf(echo)):
            verdicts = yield client.verdicts(reactor, port, found, at_once=LARGE if WHOLE else SMALL)
        self.assertEqual([verdict for verdict in verdicts if not verdict.passed], [])
        self.assertEqual((len(verdicts), _of(verdicts, "OK")), (len(found), set(found)))

    def test_default(self) -> Any:
        """
        Nothing kept between messages, and small windows.
        """
        return self.run_cases()

    def test_everything_kept(self) -> Any:
        """
        Windows as large as they may be, kept between messages where the case lets us.
        """
        return self.run_cases("ws.compression.context.takeover=enabled", "ws.compression.window.bits=15")


def _of(verdicts: list[client.Verdict], behavior: str) -> set[str]:
    return {verdict.case for verdict in verdicts if verdict.behavior == behavior}
