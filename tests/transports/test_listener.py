"""One bound port: who is let in over TCP and TLS, and what a port that cannot be bound says."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from kaazing.config.model import TlsOptions, Uri
from kaazing.errors import ConnectError, ListenError
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.leantls import tls_factory
from kaazing.transports.listener import HANDSHAKE_TIMEOUT, Doors, Listener, Streams
from kaazing.transports.routes import Route
from kaazing.transports.tls import ServerContexts
from kaazing.transports.trust import ClientContexts
from kaazing.transports.wheel import Wheel
from kaazing.wire.proxy_header import Client
from tests.transports.cables import Cable
from tests.transports.certificates import SERVER, showing
from tests.transports.doors import HANDSHAKE, Host, Page, Wire, answers, get
from tests.transports.test_tcp import Peer

HERE = IPv4Address("TCP", "127.0.0.1", 1)


def contexts() -> ServerContexts:
    """Contexts that show the test server's certificate."""
    return showing(SERVER)


def tls_client() -> Any:
    """A client that speaks TLS and notes what it hears."""
    creator = ClientContexts().creator("localhost", TlsOptions(verify_server=False))
    return tls_factory(creator, True, Factory.forProtocol(Peer)).buildProtocol(HERE)


class StreamsTests(SynchronousTestCase):
    """A tcp accept."""

    def arrive(self, welcome: Any = None) -> tuple[Host, Wire]:
        """A client of a service that answers so."""
        host, wire = Host(welcome), Wire()
        streams = Streams(host, Wheel(Clock()), secure=False, tls=False)
        wire.protocol = streams.buildProtocol(HERE)
        wire.protocol.makeConnection(wire)
        return host, wire

    def test_let_in(self) -> None:
        """
        A client is let in when it is connected, held until the service listens.
        """
        host, wire = self.arrive()
        self.assertEqual(host.visits, [Visit(peer="192.0.2.1:5000")])
        self.assertEqual((len(host.guests), wire.producerState), (1, "paused"))
        told = host.visits[0].client
        assert told is not None
        here = wire.getHost()
        self.assertEqual(told(), Client(source=("192.0.2.1", 5000), destination=(here.host, here.port)))
        ear = host.listen()
        wire.say(b"hello")
        self.assertEqual((ear.heard, wire.producerState), ([b"hello"], "producing"))

    def test_later(self) -> None:
        """
        A service may take its time; meanwhile nothing is read.
        """
        thinking: Deferred[Welcome] = Deferred()
        host, wire = self.arrive(thinking)
        self.assertEqual((host.guests, wire.producerState), ([], "paused"))
        thinking.callback(Welcome())
        self.assertEqual(len(host.guests), 1)

    def test_gone(self) -> None:
        """
        What a service kept for a client that is gone meanwhile is given back to it.
        """
        thinking: Deferred[Welcome] = Deferred()
        host, wire = self.arrive(thinking)
        wire.hang_up()
        thinking.callback(Welcome(None, "kept"))
        self.assertEqual((host.guests, host.missed), ([], [Welcome(None, "kept")]))

    def test_turned_away(self) -> None:
        """
        A client that the service does not take is dropped; only a fault of ours is in the log.
        """
        for why, logged in ((ConnectError("refused"), 0), (ZeroDivisionError(), 1)):
            later: Deferred[Welcome] = Deferred()
            for welcome in (why, later):
                _, wire = self.arrive(welcome)
                if welcome is later:
                    later.errback(Failure(why))
                self.assertEqual(wire.fate, "aborted")
                self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), logged)


class SecureStreamsTests(SynchronousTestCase):
    """An ssl accept."""

    def setUp(self) -> None:
        self.clock, self.host = Clock(), Host()
        streams = Streams(self.host, Wheel(self.clock), secure=True, tls=True)
        self.factory = tls_factory(contexts(), False, streams)

    def test_let_in(self) -> None:
        """
        A client is let in when its TLS handshake is done, and has no deadline from then on.
        """
        client = tls_client()
        cable = Cable(self.factory.buildProtocol(HERE), client)
        self.assertEqual(self.host.visits, [])
        cable.pump()
        self.assertEqual(self.host.visits, [Visit(peer="192.0.2.1:5000", secure=True)])
        ear = self.host.listen()
        client.write(b"hello")
        cable.pump()
        self.clock.pump([1] * 60)
        self.assertEqual((ear.heard, cable.left.fate), ([b"hello"], "open"))

    def test_first_word(self) -> None:
        """
        What a client says right behind its handshake is not lost.
        """
        client = tls_client()
        cable = Cable(self.factory.buildProtocol(HERE), client)
        client.write(b"hello")
        cable.pump()
        ear = self.host.listen()
        cable.pump()
        self.assertEqual(ear.heard, [b"hello"])

    def test_no_handshake(self) -> None:
        """
        A client that never ends its handshake is dropped, and the service never hears of it.
        """
        wire = Wire()
        wire.protocol = self.factory.buildProtocol(HERE)
        wire.protocol.makeConnection(wire)
        for _ in range(int(HANDSHAKE_TIMEOUT)):
            self.assertEqual(wire.fate, "open")
            wire.say(b"\x16\x03\x01\x10\x00"[:1] if not self.clock.seconds() else b"\x03")
            self.clock.advance(1)
        self.clock.advance(1)
        self.assertEqual((wire.fate, self.host.visits), ("aborted", []))

    def test_no_tls(self) -> None:
        """
        A client that speaks something else is dropped; nothing is left of it on the wheel.
        """
        client = Peer()
        cable = Cable(self.factory.buildProtocol(HERE), client)
        client.transport.write(b"EHLO example.com\r\n")  # type: ignore[union-attr]
        cable.pump()
        self.assertIsNotNone(client.ended)
        self.assertEqual(self.host.visits, [])
        self.clock.advance(1)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class DoorsTests(SynchronousTestCase):
    """An address with HTTP and WebSocket accepts."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.doors = Doors(Wheel(self.clock), keepalive=5.0, server="Kaazing", secure=False)

    def test_shared(self) -> None:
        """
        All accepts of an address are served by each of its connections.
        """
        for name in ("one", "two"):
            accept = Uri(scheme="http", host="example.com", port=8000, path=f"/{name}")
            self.doors.add(Route(accept, Host(), None, Page(), ()))
        wire = Wire()
        wire.protocol = self.doors.buildProtocol(HERE)
        wire.protocol.makeConnection(wire)
        wire.say(get(b"/one") + get(b"/two") + HANDSHAKE)
        self.assertEqual(
            [(status, body) for status, _, body in answers(wire.value())][:2],
            [("200 OK", b"GET /one| "), ("200 OK", b"GET /two| ")],
        )
        self.assertEqual(answers(wire.value())[2][0], "404 Not Found")

    def test_keepalive(self) -> None:
        """
        An idle connection is kept as long as the accept says.
        """
        self.doors.add(Route(Uri(scheme="http", host="::", port=80, path="/"), Host(), None, Page(), ()))
        wire = Wire()
        wire.protocol = self.doors.buildProtocol(HERE)
        wire.protocol.makeConnection(wire)
        wire.say(get(b"/"))
        self.clock.pump([0.5] * 9)
        self.assertEqual(wire.fate, "open")
        self.clock.pump([0.5] * 3)
        self.assertEqual(wire.fate, "finished")

    def test_tls_handshake_without_end(self) -> None:
        """
        A TLS handshake counts towards the time of the first request head.
        """
        wire = Wire()
        wire.protocol = tls_factory(contexts(), False, self.doors).buildProtocol(HERE)
        wire.protocol.makeConnection(wire)
        wire.say(b"\x16")
        self.clock.pump([0.5] * 30)
        self.assertEqual(wire.fate, "aborted")


class ListenerTests(TestCase):
    """Binding."""

    def listener(self, where: Any, port: int, tls: ServerContexts | None = None) -> Listener:
        """A listener of a tcp service."""
        streams = Streams(Host(), Wheel(Clock()), secure=False, tls=tls is not None)
        return Listener(where, "127.0.0.1", port, streams, tls, "service 'feed', accept tcp://localhost:1")

    def test_binds_when_started(self) -> None:
        """
        Nothing is bound before it is started; then the address, with a long queue.
        """
        memory = MemoryReactor()
        listener = self.listener(memory, 8000)
        self.assertEqual((memory.tcpServers, listener.bound, str(listener)), ([], False, "not listening"))
        listener.start()
        self.assertEqual(memory.tcpServers, [(8000, listener.factory, 1024, "127.0.0.1")])
        self.assertTrue(listener.bound)

    def test_tls(self) -> None:
        """
        With certificates, TLS is below what speaks there.
        """
        memory = MemoryReactor()
        listener = self.listener(memory, 8000, contexts())
        listener.start()
        factory: Any = memory.tcpServers[0][1]
        self.assertIsInstance(factory, TLSMemoryBIOFactory)
        self.assertIs(factory.wrappedFactory, listener.factory)

    @inlineCallbacks
    def test_port_taken(self) -> Any:
        """
        A port that is taken is named, with the service and the accept that wanted it.
        """
        first = self.listener(reactor, 0)
        first.start()
        self.addCleanup(first.stop)
        port = int(str(first).rpartition(":")[2])
        with self.assertRaises(ListenError) as caught:
            self.listener(reactor, port).start()
        self.assertEqual(
            str(caught.exception),
            "service 'feed', accept tcp://localhost:1:"
            f" cannot listen on 127.0.0.1:{port}: Address already in use",
        )
        yield first.stop()
        again = self.listener(reactor, port)
        again.start()
        yield again.stop()
        self.assertEqual((again.bound, again.stop()), (False, None))

    def test_not_ours(self) -> None:
        """
        So is an address that is not this machine's, IPv6 in brackets.
        """
        streams = Streams(Host(), Wheel(Clock()), secure=False, tls=False)
        with self.assertRaises(ListenError) as caught:
            Listener(reactor, "2001:db8::1", 8000, streams, None, "service 'feed'").start()
        self.assertRegex(
            str(caught.exception), r"^service 'feed': cannot listen on \[2001:db8::1\]:8000: \w+"
        )
