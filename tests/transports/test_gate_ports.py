"""Connections of ports that are bound, counted until they are gone; see L{kaazing.transports.gate}."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor, tcp
from twisted.internet.address import IPv4Address
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from kaazing.config.model import LimitOptions, Uri
from kaazing.reactor import LeanPort
from kaazing.transports.descriptors import Crowd
from kaazing.transports.gate import Gate
from kaazing.transports.handshakes import ServerFactory
from kaazing.transports.leantls import tls_factory
from kaazing.transports.listener import Doors, Listener
from kaazing.transports.routes import Route
from kaazing.transports.wheel import Wheel
from tests.transports.cables import Cable
from tests.transports.certificates import SERVER, showing
from tests.transports.doors import HANDSHAKE, Ear, Host
from tests.transports.test_listener import tls_client


class Lean:
    """The running reactor, with ports of the lean one."""

    def listenTCP(self, port: int, factory: Any, backlog: int, interface: str) -> Any:
        """See L{kaazing.reactor.LeanReactor.listenTCP}."""
        made = LeanPort(port, factory, backlog, interface, reactor)
        made.startListening()
        return made


class PortTests(TestCase):
    """Ports that are bound, and clients of the kernel's."""

    def bind(self, network: Any, secure: bool = False) -> tuple[Listener, Gate]:
        """Return a listener of a WebSocket service, and its gate."""
        clock: Any = reactor
        limits = LimitOptions(connections_per_address=3, unlimited=())
        gate = Gate(limits, Crowd(100, clock), clock.seconds, "service 'chat'", tells=True)
        doors = Doors(Wheel(Clock()), keepalive=30.0, server="Kaazing", secure=secure)
        sockets = ServerFactory(doors.wheel, server="Kaazing", max_message=1000, inactivity=0.0)
        scheme = "wss" if secure else "ws"
        chat = Uri(scheme=scheme, host="example.com", port=8000, path="/chat")
        self.host = Host()
        doors.add(Route(chat, self.host, sockets, None, (), "Kaazing"))
        contexts = showing(SERVER) if secure else None
        made = Listener(network, "127.0.0.1", 0, doors, contexts, "service 'chat'", gate=gate)
        made.start()
        self.addCleanup(made.stop)
        return made, gate

    def connect(self, listener: Listener) -> socket.socket:
        """Return a client that has sent a handshake."""
        host, port = str(listener).split(":")
        made = socket.create_connection((host, int(port)))
        self.addCleanup(made.close)
        made.sendall(HANDSHAKE)
        return made

    @inlineCallbacks
    def until(self, gate: Gate, count: int) -> Any:
        """Wait until a gate counts so many."""
        for _ in range(500):
            if gate.count == count:
                return
            yield deferLater(reactor, 0.01)
        self.fail(f"{gate.count} connections, not {count}")

    def listen(self) -> None:
        """Let the service resume its channels, so that it hears that their clients go."""
        for channel in self.host.guests:
            channel.receiver = Ear()
            channel.resume()
        self.host.guests.clear()

    @inlineCallbacks
    def counted(self, network: Any) -> Any:
        """See clients of one address let in, told, and counted until they are gone."""
        listener, gate = self.bind(network)
        clients = [self.connect(listener) for _ in range(5)]
        yield self.until(gate, 3)
        yield deferLater(reactor, 0.05)
        heads = sorted(client.recv(4096)[:12] for client in clients)
        self.assertEqual(heads, [b"HTTP/1.1 101"] * 3 + [b"HTTP/1.1 429"] * 2)
        self.listen()
        for client in clients:
            client.close()
        yield self.until(gate, 0)
        again = self.connect(listener)
        yield self.until(gate, 1)
        yield deferLater(reactor, 0.05)
        self.assertEqual(again.recv(4096)[:12], b"HTTP/1.1 101")
        self.listen()
        again.close()
        yield self.until(gate, 0)

    def test_twisted(self) -> Any:
        """
        Connections of Twisted's own ports are counted until they are gone, WebSockets too.
        """
        return self.counted(reactor)

    def test_lean(self) -> Any:
        """
        So are those of the lean reactor's.
        """
        return self.counted(Lean())

    @inlineCallbacks
    def test_tls(self) -> Any:
        """
        TLS handshakes that never go on are connections like any others, and go when their client does.
        """
        listener, gate = self.bind(reactor, secure=True)
        clients = [
            socket.create_connection(("127.0.0.1", int(str(listener).split(":")[1]))) for _ in range(3)
        ]
        for client in clients:
            client.sendall(b"\x16\x03\x01\x02\x00")
        yield self.until(gate, 3)
        for client in clients:
            client.close()
        yield self.until(gate, 0)

    def test_told_over_tls(self) -> None:
        """
        One too many hears it inside TLS.
        """
        listener, gate = self.bind(reactor, secure=True)
        factory = tls_factory(listener.contexts, False, listener.factory)
        inside = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 5000))
        why = gate._too_many_of("192.0.2.1", "192.0.2.1")
        self.assertIsNone(why)
        gate.limits = LimitOptions(connections_per_address=1, connection_rate_per_address=1, unlimited=())
        why = gate._too_many_of("192.0.2.1", "192.0.2.1")
        assert why is not None
        gate.turn_away(inside, why)
        client = tls_client()
        peer = client.wrappedProtocol
        cable = Cable(inside, client)
        while cable.pump():
            pass
        client.write(HANDSHAKE)
        while cable.pump():
            pass
        self.assertTrue(peer.heard.startswith(b"HTTP/1.1 429 "))

    def test_types(self) -> None:
        """
        A port that was counted once is no other class the next time.
        """
        (first, _), (second, _) = self.bind(reactor), self.bind(reactor)
        self.assertIs(first._bound.transport, second._bound.transport)  # type: ignore[union-attr]
        self.assertTrue(issubclass(first._bound.transport, tcp.Server))  # type: ignore[union-attr]
