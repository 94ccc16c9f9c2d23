"""Whole gateways with limits: what their files say, and what clients meet."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from kaazing.config.model import AcceptOptions, LimitOptions, ServiceConfig
from kaazing.errors import ConfigErrors
from tests.running import GatewayTestCase, frames, service


def limited(name: str, accept: str, trusted: Any = (), **limits: Any) -> ServiceConfig:
    """Return an echo service with limits."""
    options = AcceptOptions(limits=LimitOptions(**limits), trusted=trusted)
    return service(name, "echo", accept, accept_options=options)


class ShareTests(GatewayTestCase):
    """Services that share an address."""

    def test_clash(self) -> None:
        """
        What limits the connections of an address has to be the same for all who share it: nobody knows yet
        which of them a client wants.
        """
        for limits in (
            {"connections": 5},
            {"connections_per_address": 5},
            {"connection_rate": 5},
            {"connection_rate_per_address": 5},
            {"unlimited": ()},
        ):
            first = limited("one", "ws://localhost:8000/one")
            second = limited("two", "ws://localhost:8000/two", **limits)
            (fault,) = self.assertRaises(ConfigErrors, self.assemble, first, second).errors
            self.assertEqual(
                fault.what,
                "accept ws://localhost:8000/two is at the same address as that of service 'one', accept"
                " ws://localhost:8000/one, so that what limits its connections (maximum.connections,"
                " maximum.connection.rate, both also per.address, and unlimited.addresses) must be the same",
            )

    def test_own(self) -> None:
        """
        What is of users and of messages is each service's own.
        """
        self.assemble(
            limited("one", "ws://localhost:8000/one", message_rate=5, connections_per_user=1),
            limited("two", "ws://localhost:8000/two", byte_rate=5),
        )

    def test_proxies(self) -> None:
        """
        The proxies of all services at an address are proxies for its counts.
        """
        gateway = self.assemble(
            limited("one", "ws://localhost:8000/one", (ip_network("10.0.0.1/32"),)),
            limited("two", "ws://localhost:8000/two", (ip_network("10.0.0.2/32"),)),
        )
        (found,) = {listener.gate.trusted for listener in gateway._listeners.values() if listener.gate}
        self.assertEqual({str(each) for each in found}, {"10.0.0.1/32", "10.0.0.2/32"})


class RateTests(GatewayTestCase):
    """What a client may send."""

    def test_messages(self) -> None:
        """
        A client that sends more than it may is answered later; none of it is lost.
        """
        self.start(limited("echo", "ws://localhost:8000/echo", message_rate=2))
        client = self.browse("/echo")
        for number in range(6):
            client.say_frames((1, b"%d" % number))
            self.network.settle()
        heard = frames(client.heard.partition(b"\r\n\r\n")[2])
        self.assertLess(len(heard), 6)
        for _ in range(12):
            self.network.advance(0.5)
            self.network.settle()
        heard = frames(client.heard.partition(b"\r\n\r\n")[2])
        self.assertEqual(heard, [(1, b"%d" % number) for number in range(6)])

    def test_none(self) -> None:
        """
        Without a rate all are answered at once.
        """
        self.start(limited("echo", "ws://localhost:8000/echo"))
        client = self.browse("/echo")
        client.say_frames(*((1, b"x") for _ in range(500)))
        self.network.settle()
        self.assertEqual(len(frames(client.heard.partition(b"\r\n\r\n")[2])), 500)
