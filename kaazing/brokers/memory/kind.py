# -*- test-case-name: tests.brokers.memory.test_kind -*-
"""memory://NAME: the sort of broker that needs none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from kaazing.brokers.memory.link import FEATURES, MemoryLink
from kaazing.brokers.memory.store import store
from kaazing.config.model import Uri
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import IBrokerType, Post
from kaazing.options import Option


@implementer(IBrokerType)
class MemoryType:
    """See L{IBrokerType}."""

    name = "memory"
    schemes: Mapping[str, int] = {"memory": 0}
    options: tuple[Option, ...] = ()
    features = FEATURES
    doc = (
        "A broker inside the gateway, for trying out, tests and small installations: memory://NAME, one for"
        " all services with that name, the empty one too. It has topics, queues, durable subscriptions,"
        " selectors and transactions, and keeps nothing when the gateway ends."
    )

    def check(self, uri: Uri) -> Iterable[str]:
        """See L{IBrokerType}."""
        if uri.credentials is not None:
            yield "nobody logs in to a broker inside the gateway; leave user and password out"
        if uri.path not in ("", "/") or uri.query:
            yield "a broker inside the gateway has a name and nothing else"

    def connect(self, uri: Uri, login: Login | None, post: Post) -> Deferred[Any]:
        """See L{IBrokerType}; who is at the login is not asked."""
        found = store(uri.host)
        return succeed(MemoryLink(found, post)) if found.refusing is None else fail(found.refusing)
