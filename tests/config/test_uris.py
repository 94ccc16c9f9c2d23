"""URIs of services: what is filled in, what is split off, what is refused."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from kaazing import plugins
from kaazing.config.faults import Faults
from kaazing.config.model import Credentials, Uri
from kaazing.config.uris import Role, check_brokers, origin, read_uri
from kaazing.errors import PluginError
from kaazing.literals import Unreadable
from tests.config.files import Brokers, node, noted

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
        A scheme that the type of the service does not take is told with those it takes, and so is one that
        there is not, unless it is like one of those.
        """
        faults = Faults("c.xml")
        for each in ("http://a/", "rabbitmq://a/", "wws://a/"):
            self.assertIsNone(read_uri(node("accept", each), PROXY, faults))
        self.assertIsNone(
            read_uri(node("connect", "tcp://a:1"), Role(service_type="echo", schemes=()), faults)
        )
        self.assertEqual(
            noted(faults),
            [
                "7: <accept>: 'http://a/': a service of type proxy takes ssl, tcp, ws here",
                "7: <accept>: 'rabbitmq://a/': unknown scheme 'rabbitmq'; a service of type proxy takes ssl,"
                " tcp, ws here",
                "7: <accept>: 'wws://a/': unknown scheme 'wws'; did you mean 'ws'?",
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


def complaints(uri: Uri) -> Iterable[str]:
    """Find fault with a virtual host, and with a login that is in it too."""
    if uri.path != "/good":
        yield f"the virtual host {uri.path[1:]!r} does not exist"
    if uri.query:
        yield f"nothing is called {uri.query}"


RABBIT = Brokers("rabbit", {"rabbit": 5672, "rabbit+ssl": 5671}, faults=complaints)
INSIDE = Brokers("inside", {"inside": 0})


class BrokerUriTests(SynchronousTestCase):
    """Connects to message brokers, whose schemes are those of plugins."""

    def setUp(self) -> None:
        """Let there be two sorts of brokers."""
        schemes = {each: made for made in (RABBIT, INSIDE) for each in made.schemes}
        self.patch(plugins, "broker_schemes", lambda: schemes)
        self.faults = Faults("c.xml")

    def read(self, written: str, element: str = "connect", role: Role = ANY) -> Uri | None:
        """Return what such an element is read as."""
        return read_uri(node(element, written), role, self.faults)

    def test_ports_and_paths(self) -> None:
        """
        The port is the plugin's where none is written, the path as written, for it may be a virtual host; a
        broker inside the gateway has a name at most.
        """
        self.assertEqual(
            [
                self.read(each)
                for each in ("rabbit://A/good", "rabbit+tls://a:1/good", "inside://", "inside://X")
            ],
            [
                Uri(scheme="rabbit", host="a", port=5672, path="/good"),
                Uri(scheme="rabbit+ssl", host="a", port=1, path="/good"),
                Uri(scheme="inside", host="", port=0),
                Uri(scheme="inside", host="x", port=0),
            ],
        )
        self.assertEqual(noted(self.faults), [])

    def test_secure(self) -> None:
        """
        What ends with +ssl is carried by TLS, and so is amqps.
        """
        schemes = ("rabbit", "rabbit+ssl", "amqp", "amqps")
        secure = [Uri(scheme=each, host="a", port=1).secure for each in schemes]
        self.assertEqual(secure, [False, True, False, True])

    def test_credentials(self) -> None:
        """
        User and password are split off, and in nothing that is ever shown.
        """
        made = self.read("rabbit://us%65r:p%40ss@a/good")
        assert made is not None
        self.assertEqual(made.credentials, Credentials("user", "p@ss"))
        self.assertEqual(made.shown, "rabbit://...@a/good")

    def test_faults(self) -> None:
        """
        A broker's URI stands in a connect, with a host where it is elsewhere, and without a port where not.
        """
        self.assertEqual(
            [
                self.read("rabbit:///good"),
                self.read("rabbit://@eth0/x"),
                self.read("inside://x:1"),
                self.read("rabbit://a/good", "accept"),
                self.read("rabit://a/good"),
                self.read("rabbit://a/good", "connect", PROXY),
            ],
            [None] * 6,
        )
        self.assertEqual(
            noted(self.faults),
            [
                "7: <connect>: 'rabbit:///good': the host is missing",
                "7: <connect>: 'rabbit://@eth0/x': a network interface can be listened on, not connected to",
                "7: <connect>: 'inside://x:1': this scheme has no port",
                "7: <accept>: 'rabbit://a/good': a broker can be connected to, nothing else",
                "7: <connect>: 'rabit://a/good': unknown scheme 'rabit'; did you mean 'rabbit'?",
                "7: <connect>: 'rabbit://a/good': a service of type proxy takes ssl, tcp, ws here",
            ],
        )

    def test_own_check(self) -> None:
        """
        What the plugin finds is noted at the line; the login, the query and values of ${...} are not in it.
        """
        self.assertIsNone(self.read("rabbit://me:secret@a/secret?key=1"))
        written = node("connect", "rabbit://a/inner", written="rabbit://a/${vhost}")
        self.assertIsNone(read_uri(written, ANY, self.faults))
        self.assertEqual(
            noted(self.faults),
            [
                "7: <connect>: 'rabbit://...@a/secret?...': the virtual host '...' does not exist",
                "7: <connect>: 'rabbit://...@a/secret?...': nothing is called ...",
                "7: <connect>: 'rabbit://a/${vhost}': the virtual host '...' does not exist",
            ],
        )

    def test_broken_plugin(self) -> None:
        """
        Where the plugins cannot be had, the error says so at each URI that may be one's.
        """

        def broken() -> None:
            raise PluginError("broker 'rabbit': cannot be imported")

        self.patch(plugins, "broker_schemes", broken)
        self.assertIsNone(self.read("rabbit://a/good"))
        self.assertIsNotNone(self.read("tcp://a:1"))
        self.assertEqual(
            noted(self.faults),
            ["7: <connect>: 'rabbit://a/good': broker 'rabbit': cannot be imported"],
        )

    def test_one_sort(self) -> None:
        """
        All brokers of one service are of one sort; with and without TLS is the same one.
        """
        nodes = [
            node("connect", each)
            for each in ("tcp://a:1", "rabbit://u:pw@a/good", "rabbit+ssl://b/good", "inside://", "x")
        ]
        uris = [*(read_uri(each, ANY, self.faults) for each in nodes[:-1]), None]
        check_brokers(uris, nodes, self.faults)
        said = "7: <connect>: 'inside://': all brokers of a service are of one sort, and the first is rabbit"
        self.assertEqual(noted(self.faults), [said])


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
