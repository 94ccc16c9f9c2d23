"""Service type proxy: a backend for each client, which subprotocol is spoken, who is told of a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from kaazing.config.model import ConnectOptions, ServiceConfig
from kaazing.errors import ConnectError
from kaazing.interfaces.adapters import Front, IAdapter, Kind, Link
from kaazing.interfaces.services import IService, IServiceType, Visit, Welcome
from kaazing.literals import integer
from kaazing.options import Option
from kaazing.services.base import EVENTS, SOCKETS
from kaazing.services.proxy import ProxyType
from tests.running import service, uri
from tests.services.house import Line, NotedHouse


@implementer(IAdapter)
class Chess:
    """An adapter that notes whom it made sessions for."""

    name = "chess"
    subprotocols = ("chess.v2", "chess.v1")
    options = (Option(name="board.size", read=integer(1, 26), default=8, doc="Squares of a side."),)
    operations: Mapping[str, Any] = {}

    def __init__(self, front: Front = Front.STREAM) -> None:
        self.front = front
        self.links: list[Link] = []

    def check(self, options: Any) -> list[str]:
        """See L{IAdapter}."""
        return ["the board is too small"] if options["board.size"] < 4 else []

    def session(self, link: Link) -> Any:
        """See L{IAdapter}."""
        self.links.append(link)
        return "a session"


def properties(**values: Any) -> dict[str, Any]:
    """The properties of a service of such a type, with their defaults."""
    defaults = {option.name: option.default for option in ProxyType(Chess()).options}
    return {**defaults, **{name.replace("_", "."): value for name, value in values.items()}}


def visit(*subprotocols: str, **headers: str) -> Visit:
    """A client that offers subprotocols."""
    return Visit(peer="192.0.2.1:5000", subprotocols=subprotocols, headers=headers)


class TypeTests(SynchronousTestCase):
    def test_plain(self) -> None:
        """
        The plain type takes and dials all it can carry; its options have the defaults documented.
        """
        plain = ProxyType()
        verifyObject(IServiceType, plain)
        self.assertEqual(plain.descriptors(service("p", "proxy")), (2, 0))
        self.assertEqual((plain.name, plain.connect_required), ("proxy", True))
        self.assertEqual(
            (plain.accepts, plain.connects),
            (SOCKETS | EVENTS | {"tcp", "ssl"}, {"ws", "wss", "tcp", "ssl"}),
        )
        self.assertEqual(
            {option.name: option.default for option in plain.options},
            {"maximum.pending.bytes": 64_000, "message.kind": "binary", "subprotocols": ()},
        )
        self.assertEqual(list(plain.check(service("x", "proxy"))), [])

    def test_readers(self) -> None:
        """
        Its options are read in base units, and nothing else is taken.
        """
        read = {option.name: option.read for option in ProxyType().options}
        self.assertEqual(read["maximum.pending.bytes"]("128k"), 128 * 1024)
        self.assertEqual(read["message.kind"]("text"), "text")
        self.assertEqual(read["subprotocols"]("a, b"), ("a", "b"))
        for name, text in (
            ("maximum.pending.bytes", "-1"),
            ("maximum.pending.bytes", "0"),
            ("message.kind", "blob"),
        ):
            self.assertRaises(ValueError, read[name], text)

    def test_of_an_adapter(self) -> None:
        """
        An adapter makes a type of its name, with its options, over stream backends.
        """
        chess = ProxyType().with_adapter(Chess())
        verifyObject(IServiceType, chess)
        self.assertEqual(chess.name, "chess.proxy")
        names = [option.name for option in chess.options]
        self.assertEqual((names[0], names[-1]), ("maximum.pending.bytes", "board.size"))
        self.assertEqual((chess.accepts, chess.connects), (SOCKETS | {"tcp", "ssl"}, {"tcp", "ssl"}))
        self.assertIn("docs/protocols/chess.md", chess.doc)

    def test_faults(self) -> None:
        """
        What an adapter finds wrong in its options is a fault of the configuration.
        """
        chess = ProxyType(Chess())
        for size, faults in ((8, []), (3, ["the board is too small"])):
            config = ServiceConfig(name="x", type="chess.proxy", properties=properties(board_size=size))
            self.assertEqual(list(chess.check(config)), faults)


class ProxyTests(SynchronousTestCase):
    """What a proxy asks of the gateway."""

    def setUp(self) -> None:
        self.house, self.line, self.back = NotedHouse(), Line(), Line("back", messages=False)

    def proxy(self, connect: str = "tcp://192.0.2.7:7", **properties: Any) -> Any:
        """A plain proxy."""
        named = {name.replace("_", "."): value for name, value in properties.items()}
        config = service(
            "p", "proxy", connect=connect, properties=named, connect_options=ConnectOptions(timeout=3)
        )
        made = ProxyType().service(config, self.house)
        verifyObject(IService, made)
        return made

    def test_subprotocols(self) -> None:
        """
        A client of a stream backend gets its first offer; where the service lists some, its first
        that is listed, or none. One that offers none is served.
        """
        plain, listed = self.proxy(), self.proxy(subprotocols=("a", "b"))
        for proxy, offer, chosen in (
            (plain, ("z", "a"), "z"),
            (plain, (), None),
            (listed, ("z", "b", "a"), "b"),
            (listed, ("z",), None),
            (listed, (), None),
        ):
            self.assertEqual(proxy.invite(visit(*offer)).subprotocol, chosen, offer)
        self.assertEqual(self.house.dialled, [])

    def test_event_streams(self) -> None:
        """
        Requests under its sse accepts are for event streams; under others there is nothing but sockets.
        """
        proxy = self.proxy()
        for scheme, mine in (("sse", True), ("sse+ssl", True), ("ws", False)):
            accept = replace(uri("http://h:1/x"), scheme=scheme)
            self.assertEqual(proxy.entry(accept), (proxy.name, accept) if mine else None, scheme)

    def test_joined(self) -> None:
        """
        A client is let in first; then the backend is dialled, and the two are joined with the bound.
        """
        proxy = self.proxy(maximum_pending_bytes=1234, message_kind="text")
        proxy.accepted(self.line, proxy.invite(visit()))
        ((uri, options, more),) = self.house.dialled
        self.assertEqual((str(uri), options.timeout, more), ("tcp://192.0.2.7:7", 3, {"client": None}))
        self.assertEqual((self.house.joined, self.line.done), ([], []))
        self.house.dialling[0].callback(self.back)
        self.assertEqual(self.house.joined, [("p", self.line, self.back, Kind.TEXT)])
        self.assertEqual((self.line.bound, self.back.bound), (1234, 1234))

    def test_not_reached(self) -> None:
        """
        Where the backend is not reached, the client gets 1011 and the log one line.
        """
        proxy = self.proxy()
        proxy.accepted(self.line, proxy.invite(visit()))
        self.house.dialling[0].errback(ConnectError("tcp://192.0.2.7:7: refused"))
        self.assertEqual(self.line.done, [("finish", 1011, "the backend cannot be reached"), "drop"])
        self.assertEqual(self.house.complaints, [("p", "192.0.2.1:5000", "tcp://192.0.2.7:7: refused")])

    def test_closed_meanwhile(self) -> None:
        """
        Where the client was closed while its backend was being dialled, the backend is left.
        """
        proxy = self.proxy()
        proxy.accepted(self.line, proxy.invite(visit()))
        self.line.open = False
        self.house.dialling[0].callback(self.back)
        self.assertEqual((self.house.joined, self.back.done), ([], ["abort"]))

    def test_stopped_meanwhile(self) -> None:
        """
        A client whose backend is still being dialled is sent away when the gateway stops; nobody else is.
        """
        proxy, late = self.proxy(), Line()
        for line in (self.line, late):
            proxy.accepted(line, proxy.invite(visit()))
        self.house.dialling[0].callback(self.back)
        proxy.stopService()
        self.assertEqual((self.line.done, late.done), ([], [("finish", 1001, "the gateway goes away")]))

    def test_websocket_backend(self) -> None:
        """
        A WebSocket backend is dialled before the client is answered, told the offer and the origin;
        its choice is the client's.
        """
        proxy = self.proxy("ws://192.0.2.7:7/x")
        welcome = proxy.invite(visit("a", "b", origin="http://page.example"))
        ((uri, _, more),) = self.house.dialled
        self.assertEqual(str(uri), "ws://192.0.2.7:7/x")
        told = {"subprotocols": ("a", "b"), "origin": "http://page.example", "max_message": 16 * 2**20}
        self.assertEqual(more, {**told, "client": None})
        self.assertNoResult(welcome)
        back = Line("back", subprotocol="b")
        self.house.dialling[0].callback(back)
        welcome = self.successResultOf(welcome)
        self.assertEqual(welcome, Welcome("b", back))
        proxy.accepted(self.line, welcome)
        self.assertEqual(self.house.joined, [("p", self.line, back, Kind.BINARY)])

    def test_backend_is_told(self) -> None:
        """
        Where the options want a PROXY header, the backend is told whose connection it is; what is known
        of the client is asked for before it is answered, and only then.
        """
        asked: list[str] = []

        def client() -> str:
            asked.append("asked")
            return "ann"

        for version, connect, told in (
            ("", "tcp://192.0.2.7:7", None),
            ("v1", "tcp://192.0.2.7:7", "ann"),
            ("v2", "ws://192.0.2.7:7", "ann"),
        ):
            options = ConnectOptions(proxy_protocol=version)
            proxy = ProxyType().service(
                service("p", "proxy", connect=connect, properties=properties(), connect_options=options),
                self.house,
            )
            welcome = proxy.invite(replace(visit(), client=client))
            self.assertEqual(len(asked), 0 if told is None else 1)
            asked.clear()
            if connect.startswith("tcp"):
                proxy.accepted(self.line, welcome)
            self.assertEqual((self.house.dialled[-1][2]["client"], asked), (told, []))

    def test_websocket_backend_not_reached(self) -> None:
        """
        One that is not reached is told to whoever asked, and once to the log.
        """
        welcome = self.proxy("wss://192.0.2.7:7/x").invite(visit())
        self.house.dialling[0].errback(ConnectError("refused"))
        self.failureResultOf(welcome, ConnectError)
        self.assertEqual(self.house.complaints, [("p", "192.0.2.1:5000", "refused")])

    def test_declined(self) -> None:
        """
        A backend dialled for a client that went away is left.
        """
        proxy = self.proxy("ws://192.0.2.7:7/x")
        proxy.declined(Welcome("b", self.back))
        stream = self.proxy()
        stream.declined(stream.invite(visit()))
        self.assertEqual(self.back.done, ["abort"])


class AdaptedTests(SynchronousTestCase):
    """A proxy with an adapter."""

    def setUp(self) -> None:
        self.house, self.chess = NotedHouse(), Chess(Front.MESSAGES)
        self.config = service("c", "proxy", connect="tcp://192.0.2.7:7", properties=properties())
        self.proxy = ProxyType(self.chess).service(self.config, self.house)

    def test_subprotocols(self) -> None:
        """
        The client's first offer that the adapter answers to is chosen.
        """
        for offer, chosen in (
            (("x", "chess.v1", "chess.v2"), "chess.v1"),
            (("x",), None),
            ((), None),
        ):
            self.assertEqual(self.proxy.invite(visit(*offer)).subprotocol, chosen)

    def test_session(self) -> None:
        """
        Its session is told who came, what was settled and the options.
        """
        line, back = Line(subprotocol="chess.v1"), Line("back")
        self.proxy.accepted(line, self.proxy.invite(visit("chess.v1")))
        self.house.dialling[0].callback(back)
        link = Link(peer="192.0.2.1:5000", subprotocol="chess.v1", options=self.config.properties)
        self.assertEqual(self.chess.links, [link])
        self.assertEqual([each[:4] for each in self.house.adapted], [(line, back, "a session", link)])

    def test_secure(self) -> None:
        """
        It is told too whether its client came over TLS, as the visit said.
        """
        for secure in (True, False):
            welcome = self.proxy.invite(replace(visit(), secure=secure))
            self.proxy.declined(welcome)
            self.proxy.accepted(Line(), welcome)
            self.house.dialling[-1].callback(Line("back"))
            self.assertEqual(self.chess.links[-1].secure, secure)

    def test_adapter_fails(self) -> None:
        """
        An adapter that cannot make a session closes both ends; the log has the traceback.
        """

        def fail(link: Link) -> str:
            raise ZeroDivisionError

        self.chess.session = fail  # type: ignore[method-assign]
        line, back = Line(), Line("back")
        self.proxy.accepted(line, self.proxy.invite(visit()))
        self.house.dialling[0].callback(back)
        self.assertEqual(line.done, [("finish", 1011, "the service failed"), "drop"])
        self.assertEqual(back.done, ["abort"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
