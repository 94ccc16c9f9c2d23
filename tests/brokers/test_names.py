"""Names of temporary destinations, and virtual hosts in URIs."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.names import TEMPORARY, faults, temporary_name, virtual_host
from kaazing.config.model import Uri


def at(path: str) -> Uri:
    return Uri(scheme="amqp", host="mq", port=5672, path=path)


class TemporaryTests(SynchronousTestCase):
    def test_differ(self) -> None:
        """
        No two temporary destinations have the same name, and all can be told from others.
        """
        made = {temporary_name() for _ in range(100)}
        self.assertEqual(
            (len(made), {(each.startswith(TEMPORARY), len(each)) for each in made}), (100, {(True, 45)})
        )


class VirtualHostTests(SynchronousTestCase):
    def test_names(self) -> None:
        """
        The path of a broker's URI is the virtual host, percent-encoded; without one it is "/".
        """
        paths = ("", "/", "/%2F", "/shop", "/%2Fshop", "/caf%C3%A9", "/%FF")
        self.assertEqual(
            [virtual_host(at(path)) for path in paths], ["/", "/", "/", "shop", "/shop", "café", None]
        )

    def test_faults(self) -> None:
        """
        A path of several words is no virtual host, nor is one that is not UTF-8.
        """
        for path, told in (
            ("/shop", []),
            ("/a/b", ["the path is a virtual host, one word; write %2F for a / in it"]),
            ("/%FF", ["the virtual host is no UTF-8"]),
        ):
            self.assertEqual(list(faults(at(path))), told, path)
