"""URIs of services: what is filled in, what is split off, what is refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.faults import Faults
from kaazing.config.model import Credentials, Uri
from kaazing.config.uris import Role, origin, read_uri
from kaazing.literals import Unreadable
from tests.config.files import node, noted

ANY = Role()
PROXY = Role(service_type="proxy", schemes=frozenset(("ws", "tcp", "ssl")))


class UriTests(SynchronousTestCase):
    """Accepts and connects."""

    def read(self, written: str, element: str = "accept") -> str:
        """Return a URI as text, or what is said of it."""
        faults = Faults("c.xml")
        made = read_uri(node(element, written), ANY, faults)
        if made is None:
            (said,) = noted(faults)
            return said.removeprefix(f"7: <{element}>: ")
        return str(made)

    def test_default_ports(self) -> None:
        """
        http and ws have 80, https and wss 443, and a path at least; other schemes need a port.
        """
        uris = {
            "ws://A/x": "ws://a:80/x",
            "wss://a": "wss://a:443/",
            "http://a": "http://a:80/",
            "https://a/": "https://a:443/",
            "sse://a": "sse://a:80/",
            "tcp://a:1": "tcp://a:1",
            "tcp://a:1/": "tcp://a:1",
            "tls://a:1": "ssl://a:1",
            "pipe://a": "pipe://a",
            "ws://[0::1]:80/": "ws://[::1]:80/",
            "tcp://[@eth0]:80": "tcp://@eth0:80",
        }
        self.assertEqual({each: self.read(each) for each in uris}, uris)

    def test_faults(self) -> None:
        """
        What a scheme has not, or lacks, is told.
        """
        said = {
            "tcp://a": "the port is missing",
            "wse://a/": "the port is missing",
            "tcp://:1": "the host is missing",
            "ws:///x": "the host is missing",
            "tcp://a:1/x": "this scheme has neither path nor query",
            "tcp://a:1?x": "this scheme has neither path nor query",
            "pipe://a:1": "a pipe has a name and nothing else",
            "pipe:///": "a pipe has a name and nothing else",
            "ws://a/?x": "a query belongs into a <connect>",
            "ws://a/x;y": "what begins with ; behind an accept belongs to emulation and event streams: no"
            " path has a ;",
            "ws://u:p@a/": "a user and password belong into a <connect>",
            "wss2://a/": "unknown scheme 'wss2'; did you mean 'wss'?",
        }
        answers = {each: self.read(each).rpartition("': ")[2] for each in said if each != "wss2://a/"}
        self.assertEqual({**answers, "wss2://a/": self.read("wss2://a/").partition(": ")[2]}, said)

    def test_connect(self) -> None:
        """
        A connect may have a query, and may not be a network interface.
        """
        self.assertEqual(self.read("ws://a/?x", "connect"), "ws://a:80/?x")
        said = "'tcp://@eth0:1': a network interface can be listened on, not connected to"
        self.assertEqual(self.read("tcp://@eth0:1", "connect"), said)

    def test_type_takes(self) -> None:
        """
        A scheme that the type of the service does not take is told with those it takes.
        """
        faults = Faults("c.xml")
        self.assertIsNone(read_uri(node("accept", "http://a/"), PROXY, faults))
        self.assertIsNone(
            read_uri(node("connect", "tcp://a:1"), Role(service_type="echo", schemes=()), faults)
        )
        self.assertEqual(
            noted(faults),
            [
                "7: <accept>: 'http://a/': a service of type proxy takes ssl, tcp, ws here",
                "7: <connect>: 'tcp://a:1': a service of type echo takes no such URI here",
            ],
        )

    def test_credentials(self) -> None:
        """
        User and password are split off and decoded; they are in nothing that is ever shown.
        """
        made = read_uri(node("connect", "tcp://us%65r:p%40ss@a:1"), ANY, Faults("c.xml"))
        expected = Uri(scheme="tcp", host="a", port=1, credentials=Credentials("user", "p@ss"))
        self.assertEqual(made, expected)
        assert made is not None
        self.assertEqual(made.shown, "tcp://...@a:1")
        self.assertNotIn("p@ss", f"{made} {made!r} {made.shown}")

    def test_credentials_at_fault(self) -> None:
        """
        An error about a URI shows no password, wherever the fault is.
        """
        for written in ("tcp://u:hidden@a", "tcp://u:hid/hidden@a:1", "u:hidden@a:1", "tpc://u:hidden@a:1"):
            self.assertNotIn("hid", self.read(written, "connect"), written)

    def test_replaced(self) -> None:
        """
        What was put in for ${...} is neither in an error nor in what a log shows.
        """
        faults = Faults("c.xml")
        made = read_uri(node("accept", "ws://inner:80/", written="ws://${host}:80/"), ANY, faults)
        assert made is not None
        self.assertEqual((made.host, made.shown), ("inner", "ws://${host}:80/"))
        read_uri(node("accept", "vws://inner:80/", written="${uri}"), ANY, faults)
        self.assertEqual(noted(faults), ["7: <accept>: '${uri}': unknown scheme"])


class OriginTests(SynchronousTestCase):
    """Origins of web sites."""

    def test_origin(self) -> None:
        """
        An origin is in lower case, with its port.
        """
        origins = {
            "*": "*",
            "HTTP://A": "http://a:80",
            "https://a": "https://a:443",
            "http://a:8000": "http://a:8000",
            "https://[::1]": "https://[::1]:443",
        }
        self.assertEqual({each: origin(each) for each in origins}, origins)

    def test_refused(self) -> None:
        """
        Anything behind the port, another scheme or no host is refused.
        """
        for value in (
            "null",
            "http://a b",
            "http://a/",
            "http://a?x",
            "ws://a",
            "http://",
            "http://u@a",
            "http://@eth0",
        ):
            why = self.assertRaises(Unreadable, origin, value)
            self.assertEqual(str(why), "expected * or http(s)://host, with a port and nothing behind it")
