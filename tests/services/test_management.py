"""Service type management: who may ask, and what Prometheus reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.config.model import AcceptOptions, RealmConfig
from kaazing.interfaces.services import IService, IServiceType
from kaazing.services.management import ManagementType
from tests.running import GatewayTestCase, service
from tests.services.house import Line, NotedHouse


class TypeTests(SynchronousTestCase):
    """What its configuration may say."""

    def test_promises(self) -> None:
        """
        The type and its services keep their promises; no channel is for it.
        """
        verifyObject(IServiceType, ManagementType())
        made = ManagementType().service(service("m", "management"), NotedHouse())
        verifyObject(IService, made)
        self.assertEqual(ManagementType().descriptors(made.config), (1, 0))
        line = Line()
        made.accepted(line, made.invite(None))
        self.assertEqual(line.done, ["abort"])

    def faults(self, *accepts: str, **more: Any) -> list[str]:
        """Return what is wrong with a service of these accepts."""
        return list(ManagementType().check(replace(service("m", "management", *accepts), **more)))

    def test_open(self) -> None:
        """
        An accept that others than this machine reach is a fault, unless a realm says who may come in.
        """
        open_to_all = "http://0.0.0.0:9100/m"
        for written in (open_to_all, "http://example.com:9100/m", "http://[::]:9100/m", "http://10.0.0.1:1/"):
            (fault,) = self.faults(written)
            self.assertIn(f"accept {written} lets everybody in", fault)
        self.assertEqual(self.faults(open_to_all, realm=RealmConfig(name="staff")), [])
        for written in ("http://127.0.0.1:9100/m", "http://[::1]:9100/m", "https://localhost:9100/m"):
            self.assertEqual(self.faults(written), [])

    def test_bound(self) -> None:
        """
        What counts is the address that is listened on, whatever name the accept has.
        """
        here = AcceptOptions(binds={"http": ("127.0.0.1", 9100)})
        self.assertEqual(self.faults("http://example.com:9100/m", accept_options=here), [])
        everywhere = AcceptOptions(binds={"http": ("0.0.0.0", 9100)})
        (fault,) = self.faults("http://127.0.0.1:9100/m", accept_options=everywhere)
        self.assertIn("who can reach 0.0.0.0", fault)


class MetricsTests(GatewayTestCase):
    """What a running gateway answers."""

    def ask(self, request: str) -> tuple[str, dict[str, str], str]:
        """Return status line, fields and body of the answer to a request."""
        client = self.call()
        client.say(f"{request} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n".encode())
        self.network.settle()
        body = client.heard.partition(b"\r\n\r\n")[2].decode()
        return client.head.removeprefix("HTTP/1.1 "), client.fields, body

    def test_metrics(self) -> None:
        """
        Prometheus reads all families, of the listener that it asks too; nobody keeps the answer.
        """
        self.start(service("m", "management", "http://127.0.0.1:8000/manage"))
        head, fields, body = self.ask("GET /manage/metrics")
        self.assertEqual(head, "200 OK")
        self.assertEqual(fields["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(fields["cache-control"], "no-store")
        families = {family.name: family for family in text_string_to_metric_families(body)}
        for name in ("kaazing_logins", "kaazing_limited", "kaazing_security_events", "kaazing_sessions"):
            self.assertIn(name, families)
        (listener,) = families["kaazing_connections"].samples
        self.assertEqual(listener.labels, {"listener": "127.0.0.1:8000"})

    def test_head(self) -> None:
        """
        HEAD says how long the answer would be, and no more.
        """
        self.start(service("m", "management", "http://127.0.0.1:8000/manage"))
        head, fields, body = self.ask("HEAD /manage/metrics")
        self.assertEqual((head, body), ("200 OK", ""))
        self.assertGreater(int(fields["content-length"]), 100)

    def test_elsewhere(self) -> None:
        """
        Nothing else is there, and nothing can be changed.
        """
        self.start(service("m", "management", "http://127.0.0.1:8000/manage"))
        for request, status in (
            ("GET /manage", "404 Not Found"),
            ("GET /manage/", "404 Not Found"),
            ("GET /manage/metrics/x", "404 Not Found"),
            ("POST /manage/other", "404 Not Found"),
            ("DELETE /manage/metrics", "405 Method Not Allowed"),
        ):
            self.assertEqual(self.ask(request)[0], status, request)
