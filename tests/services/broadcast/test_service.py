"""Tests for L{kaazing.services.broadcast.service}: what one backend says is told to everybody."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.config.model import ConnectOptions
from kaazing.errors import FrameViolation, Side
from kaazing.interfaces.feeds import Slow
from kaazing.interfaces.services import IService, IServiceType, Visit, Welcome
from kaazing.services.broadcast.service import COMPLAIN, BroadcastService, BroadcastType
from tests.running import Caller, GatewayTestCase, service, uri
from tests.services.house import Line, NotedHouse
from tests.wire.eventsource import listen


def configured(**properties: Any) -> Any:
    """A broadcast service that takes datagrams; underscores in names stand for dots."""
    named = {name.replace("_", "."): value for name, value in properties.items()}
    return service(
        "feed", "broadcast", "sse://localhost:8000/", connect="udp://127.0.0.1:7000", properties=named
    )


class TypeTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        It keeps the promises of a service type and of a service.
        """
        made = BroadcastType()
        verifyObject(IServiceType, made)
        verifyObject(IService, made.service(configured(), NotedHouse()))
        self.assertEqual(made.descriptors(configured()), (1, 1))

    def test_check(self) -> None:
        """
        A service without a backend, with rules that cannot be, or that replaces events by a key it does
        not know is refused.
        """
        check = BroadcastType().check
        nowhere = service("feed", "broadcast", "sse://localhost:8000/")
        listening = service("feed", "broadcast", "ws://h:1/", properties={"accept": ("127.0.0.1", 7000)})
        missing = "<connect> is missing in it, or the property <accept>: where the backend is"
        no_group = service("feed", "broadcast", "sse://h:1/", connect="mcp://192.0.2.1:5000")
        group = service("feed", "broadcast", "sse://h:1/", connect="mcp://[ff02::1]:5000")
        named = service("feed", "broadcast", "sse://h:1/", connect="mcp://group.example:5000")
        for config, faults in (
            (configured(), []),
            (listening, []),
            (group, []),
            (named, []),
            (no_group, ["mcp://192.0.2.1:5000 is no multicast group: 224.0.0.0/4 or ff00::/8"]),
            (nowhere, [missing]),
            (configured(event_id="/n"), ["event.id is for the formats lines and json"]),
            (configured(slow_receiver="conflate"), ["slow.receiver conflate needs event.key"]),
            (configured(slow_receiver="conflate", format="json", event_key="/k"), []),
        ):
            self.assertEqual(list(check(config)), faults)
        (fault,) = check(configured(format="lines", event_name="("))
        self.assertRegex(fault, "^event.name: expected a regular expression of Python")


class ServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = NotedHouse()

    def made(self, **properties: Any) -> BroadcastService:
        """Start a service."""
        made: BroadcastService = BroadcastType().service(configured(**properties), self.house)
        made.startService()
        return made

    def say(self, *datagrams: bytes) -> None:
        """Let the backend send datagrams."""
        for datagram in datagrams:
            self.house.bound[0].arrived(datagram)

    @property
    def told(self) -> list[tuple[str, str, bytes | None, bytes]]:
        """Id without its epoch, name, key and payload of all that everybody was told."""
        (audience,) = self.house.audiences
        return [
            (event.id.partition("-")[2] or event.id, event.name, event.key, event.data)
            for event in audience.published
        ]

    def test_told(self) -> None:
        """
        Every datagram is an event for everybody, of a kind that fits it, numbered.
        """
        self.made()
        self.say(b"one", b"\xff", b"")
        self.assertEqual(self.told, [("1", "", None, b"one"), ("2", "", None, b"\xff")])
        (audience,) = self.house.audiences
        self.assertEqual([event.kind for event in audience.published], [0, 0])

    def test_payload(self) -> None:
        """
        Name, id and key come from the payload where the configuration says so; what is not in the
        format is dropped.
        """
        made = self.made(format="json", event_name="/t", event_id="/n", event_key="/k")
        self.say(b'{"t":"a","n":1,"k":"x"} {"n":2}', b"garbage", b'{"a":x}', b"{}")
        self.assertEqual(
            self.told,
            [
                ("1", "a", b"x", b'{"t":"a","n":1,"k":"x"}'),
                ("2", "", None, b'{"n":2}'),
                ("3", "", None, b"{}"),
            ],
        )
        self.assertEqual(made.dropped, 2)

    def test_sources(self) -> None:
        """
        Datagrams are taken as the properties say; a TCP backend is dialled, or listened for.
        """
        self.made(source=("n",), receive_buffer=4096)
        self.assertEqual(self.house.bound[0].more, {"source": ("n",), "interface": "", "buffer": 4096})
        self.assertEqual(self.house.bound[0].where, uri("udp://127.0.0.1:7000"))
        dialling = BroadcastType().service(
            service("b", "broadcast", "ws://h:1/", connect="tcp://127.0.0.1:7000"), self.house
        )
        dialling.startService()
        self.assertEqual(self.house.dialled, [(uri("tcp://127.0.0.1:7000"), ConnectOptions(), {})])
        listening = service("b", "broadcast", "ws://h:1/", properties={"accept": ("127.0.0.1", 7001)})
        BroadcastType().service(listening, self.house).startService()
        self.assertEqual(
            (self.house.bound[1].where, self.house.bound[1].running), (("127.0.0.1", 7001), True)
        )

    def test_privileged(self) -> None:
        """
        What has to be bound is bound while the gateway is still allowed to, once; nothing is dialled yet.
        """
        config = service(
            "b",
            "broadcast",
            "ws://h:1/",
            connect="tcp://127.0.0.1:7000",
            properties={"accept": ("127.0.0.1", 7001)},
        )
        made = BroadcastType().service(config, self.house)
        made.privilegedStartService()
        (port,) = self.house.bound
        self.assertEqual((port.running, self.house.dialled), (True, []))
        port.running = False
        made.startService()
        self.assertEqual((port.running, len(self.house.dialled)), (False, 1))

    def test_policy(self) -> None:
        """
        What is done with slow clients stands in the properties.
        """
        self.made(slow_receiver="disconnect", slow_bytes=5000, slow_age=2.0, coalesce=0.0)
        self.assertEqual(
            self.house.audiences[0].policy, Slow(kind="disconnect", bytes=5000, age=2.0, coalesce=0.0)
        )

    def test_coming_again(self) -> None:
        """
        A client of an event stream that comes first is told where the feed stands, and one that comes
        again what it missed; others are told nothing of before.
        """
        made = self.made()
        position = made.invite(Visit(peer="p", after="")).at
        self.assertRegex(position, "^[0-9a-f]{8}-0$")
        self.say(b"one", b"two")
        lines = [Line(), Line(), Line()]
        for line, visit in zip(
            lines,
            (
                Visit(peer="p", after=position),
                Visit(peer="p", after="other-1"),
                Visit(peer="p", subprotocols=("b", "a")),
            ),
            strict=True,
        ):
            welcome = made.invite(visit)
            self.assertEqual(welcome.at, "")
            made.accepted(line, welcome)
        self.assertEqual(welcome, Welcome("b"))
        missed = [[event.data for event in before] for _, before in self.house.audiences[0].told]
        self.assertEqual((missed[0], missed[2]), ([b"one", b"two"], []))
        self.assertEqual(json.loads(missed[1][0])["reason"], "unknown")
        self.assertEqual([(line.whole, line.done) for line in lines], [(True, ["resume"])] * 3)

    def test_client_messages(self) -> None:
        """
        What a client says is for nobody, or with on.client.message broadcast for everybody.
        """
        for relays, heard in (("noop", []), ("broadcast", [b"hi"])):
            self.house = NotedHouse()
            line = Line()
            self.made(on_client_message=relays).accepted(line, Welcome())
            line.receiver.received(b"hi", 1)
            line.receiver.congested()
            line.receiver.drained()
            self.assertEqual([event.data for event in self.house.audiences[0].published], heard)

    def test_client_ends(self) -> None:
        """
        A client that ends is let go; one that breaks the rules is told why, and the log too.
        """
        made = self.made()
        line = Line()
        made.accepted(line, Welcome())
        line.receiver.ended()
        line.receiver.lost(None)
        self.assertEqual(line.done[1:], [("finish", 1000, "")])
        bad = Line()
        made.accepted(bad, Welcome())
        bad.receiver.failed(FrameViolation("bad", side=Side.FRONT, offset=0, rule="RFC", close_code=1007))
        self.assertEqual(bad.done[1:], [("finish", 1007, "bad (RFC)")])
        self.assertEqual(self.house.complaints, [("feed", bad.peer, "client byte 0: bad (RFC)")])

    def test_entry(self) -> None:
        """
        Plain requests under its sse and http accepts are for event streams, those under its WebSocket
        accepts are not its own.
        """
        made = self.made()
        for scheme, mine in (
            ("sse", True),
            ("sse+ssl", True),
            ("http", True),
            ("https", True),
            ("ws", False),
        ):
            accept = replace(uri("http://localhost:8000/"), scheme=scheme)
            entry = made.entry(accept)
            self.assertEqual(entry, (made.name, accept) if mine else None)

    def test_stop(self) -> None:
        """
        When it stops, nothing more is taken, and the clients are told that the gateway goes away.
        """
        made = self.made()
        stopped = made.stopService()
        self.assertIsInstance(stopped, Deferred)
        self.successResultOf(stopped)
        self.assertEqual(
            (self.house.bound[0].running, self.house.audiences[0].closed),
            (False, (1001, "the gateway goes away")),
        )
        self.assertEqual(made.datagrams, [self.house.bound[0]])


class BroadcastingTests(GatewayTestCase):
    """In a gateway, with a backend that connects to it."""

    def setUp(self) -> None:
        super().setUp()
        self.start(
            service(
                "feed",
                "broadcast",
                "sse://localhost:8000/feed",
                "http://localhost:8000/http",
                "ws://localhost:8000/ws",
                properties={"accept": ("127.0.0.1", 7000), "format": "lines", "coalesce": 0.0},
            )
        )
        self.backend_client = self.call(port=7000)

    def stream(self, path: str, *fields: str) -> Caller:
        """Ask for an event stream."""
        client: Caller = self.call()
        lines = [f"GET {path} HTTP/1.1", "Host: localhost:8000", "Accept: text/event-stream", *fields]
        client.say("\r\n".join([*lines, "", ""]).encode())
        self.network.settle()
        return client

    def say(self, data: bytes) -> None:
        """Let the backend speak."""
        self.backend_client.say(data)
        self.network.settle()
        self.network.advance(0)
        self.network.settle()

    def test_everybody(self) -> None:
        """
        Every client gets every line once, in order, whatever carries it.
        """
        streams = [self.stream("/feed"), self.stream("/http"), self.stream("/feed?.kb=512")]
        socket = self.browse("/ws")
        self.say(b"one\ntw")
        self.say(b"o\n")
        for client in streams:
            told = listen(client.heard.partition(b"\r\n\r\n")[2]).told
            self.assertEqual([data for _, data, _ in told], ["one", "two"])
        self.assertEqual(socket.frames, [(1, b"one"), (1, b"two")])

    def test_cut_and_resumed(self) -> None:
        """
        A client that was away gets exactly what it missed, also where it had heard of no event before.
        """
        client = self.stream("/feed")
        position = listen(client.heard.partition(b"\r\n\r\n")[2]).last
        client.hang_up()
        self.network.settle()
        self.say(b"one\ntwo\n")
        again = self.stream("/feed", f"Last-Event-ID: {position}")
        self.say(b"three\n")
        told = listen(again.heard.partition(b"\r\n\r\n")[2]).told
        self.assertEqual([data for _, data, _ in told], ["one", "two", "three"])


class ComplaintTests(GatewayTestCase):
    def test_once_a_minute(self) -> None:
        """
        What is dropped is said in the log once a minute, with how many they were.
        """
        house = NotedHouse()
        made = BroadcastType().service(configured(format="lines", event_maximum_size=4), house)
        made.startService()
        (port,) = house.bound
        for _ in range(5):
            port.arrived(b"too long")
        house.clock.advance(COMPLAIN)
        port.arrived(b"good")
        line = (
            "service feed: {} events of the backend dropped: longer than event.maximum.size (4 bytes),"
            " or not lines"
        )
        self.assertEqual(self.said, [line.format(1), line.format(4)])
        port.arrived(b"fine")
        self.assertEqual((len(self.said), made.dropped), (2, 5))
