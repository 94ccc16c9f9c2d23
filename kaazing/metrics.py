# -*- test-case-name: tests.test_metrics -*-
"""What the gateway counts for whoever watches it, in Prometheus' terms, on a registry of its own.

A label's values come from a set that is bounded by the configuration or by this code. Users, addresses and
anything else that a client may choose never become one: each value would stay in memory for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

REGISTRY = CollectorRegistry(auto_describe=True)
"""Holds nothing but what is ours: the process-wide default registry is left alone."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of what L{exposition} returns (Prometheus' text format)."""

LOGINS = Counter("kaazing_logins", "Logins that were decided.", ("realm", "outcome"), registry=REGISTRY)
"""C{outcome}: accepted, refused, challenged, limited or unavailable."""

SECURITY_EVENTS = Counter(
    "kaazing_security_events",
    "What should not happen by itself: tampered seals, tickets used twice.",
    ("event",),
    registry=REGISTRY,
)

LIMITED = Counter(
    "kaazing_limited", "What a limit refused, closed or put off.", ("limit",), registry=REGISTRY
)
"""C{limit}: the option that set it, as in the configuration file; a name of its own where none does."""

CERTIFICATE_EXPIRES = Gauge(
    "kaazing_certificate_expires_timestamp_seconds",
    "When a certificate of the key store ends, in seconds since 1970.",
    ("name",),
    registry=REGISTRY,
)


def exposition(*more: Any) -> bytes:
    """Return all metrics as a scrape gets them, and those of more collectors, of type L{CONTENT_TYPE}."""
    both: Any = _Joined((REGISTRY, *more))
    return generate_latest(both)


class _Joined:
    """Several collectors as one."""

    def __init__(self, collectors: tuple[Any, ...]) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Any]:
        """Collect from one after another."""
        for each in self._collectors:
            yield from each.collect()
