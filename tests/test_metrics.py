"""Tests for L{kaazing.metrics}."""

from __future__ import annotations

import subprocess
import sys

from prometheus_client import REGISTRY as DEFAULT
from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase

from kaazing.metrics import (
    CERTIFICATE_EXPIRES,
    CONTENT_TYPE,
    LIMITED,
    LOGINS,
    REGISTRY,
    SECURITY_EVENTS,
    exposition,
)
from tests.needs import ROOT


def scraped() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample of a scrape, by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition().decode())
        for sample in family.samples
    }


class MetricsTests(SynchronousTestCase):
    """What is counted, as Prometheus reads it."""

    def test_logins(self) -> None:
        """
        Logins are counted by realm and by how they ended.
        """
        key = ("kaazing_logins_total", (("outcome", "refused"), ("realm", "staff of test_metrics")))
        LOGINS.labels(realm="staff of test_metrics", outcome="refused").inc()
        LOGINS.labels(realm="staff of test_metrics", outcome="refused").inc()
        self.assertEqual(scraped()[key], 2)

    def test_events_and_limits(self) -> None:
        """
        Security events are counted by what happened, and what a limit refused by the limit's option.
        """
        SECURITY_EVENTS.labels(event="of test_metrics").inc()
        LIMITED.labels(limit="of.test.metrics").inc(3)
        samples = scraped()
        self.assertEqual(samples["kaazing_security_events_total", (("event", "of test_metrics"),)], 1)
        self.assertEqual(samples["kaazing_limited_total", (("limit", "of.test.metrics"),)], 3)

    def test_certificates(self) -> None:
        """
        The end of a certificate is told to the second, and can be taken away with the certificate.
        """
        key = ("kaazing_certificate_expires_timestamp_seconds", (("name", "of test_metrics"),))
        CERTIFICATE_EXPIRES.labels(name="of test_metrics").set(1_900_000_001)
        self.assertEqual(scraped()[key], 1_900_000_001)
        CERTIFICATE_EXPIRES.remove("of test_metrics")
        self.assertNotIn(key, scraped())

    def test_registry(self) -> None:
        """
        What other libraries count in the process-wide registry is not told with ours, nor ours with theirs.
        """
        ours = {family.name for family in REGISTRY.collect()}
        self.assertEqual({name for name in ours if not name.startswith("kaazing_")}, set())
        self.assertEqual({family.name for family in DEFAULT.collect()} & ours, set())

    def test_type(self) -> None:
        """
        The type that is announced is that of the format that is written.
        """
        self.assertEqual(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        self.assertTrue(exposition().startswith(b"# HELP kaazing_"))

    def test_no_reactor(self) -> None:
        """
        Importing it imports no reactor: the gateway picks that one later.
        """
        code = "import sys, kaazing.metrics; print('twisted.internet.reactor' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(done.stdout, "False\n")
