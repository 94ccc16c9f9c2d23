"""Tests for L{kaazing.security.pools}: what the log has of an HTTP endpoint that is asked."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import inlineCallbacks
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent
from twisted.web.resource import Resource
from twisted.web.server import Site

from kaazing.security.bodies import read_body
from kaazing.security.pools import Pool

reactor: Any = installed


class PoolTests(TestCase):
    @inlineCallbacks
    def test_quiet(self) -> Any:
        """
        A question leaves no line in the log.
        """
        site = Site(Resource())
        site.noisy = False
        port = reactor.listenTCP(0, site, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        agent = Agent(reactor, pool=Pool(reactor, persistent=False))
        with capturedLogs() as events:
            response = yield agent.request(b"GET", b"http://127.0.0.1:%d/" % port.getHost().port)
            yield read_body(response, 10_000, "the endpoint")
        self.assertEqual(response.code, 404)
        said = [line for line in map(str, map(formatEvent, events)) if "factory" in line]
        self.assertEqual(said, [])
