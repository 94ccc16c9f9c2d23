# -*- test-case-name: tests.security.test_pools -*-
"""Connections to HTTP endpoints that are asked about each login, of which the log needs no lines."""

from __future__ import annotations

from twisted.web.client import HTTPConnectionPool, _HTTP11ClientFactory


class _Quiet(_HTTP11ClientFactory):
    """Says nothing of its start and stop, as Twisted's own does for each connection."""

    noisy = False


class Pool(HTTPConnectionPool):
    """See the module, and L{HTTPConnectionPool}."""

    _factory = _Quiet
