"""A TCP or TLS connection as a channel: held start, both ends of it, and what the other end sees."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.config.model import TlsOptions
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel
from kaazing.transports import tcp
from kaazing.transports.leantls import tls_factory
from kaazing.transports.tcp import StreamChannel, address
from kaazing.transports.trust import ClientContexts
from tests.transports.cables import Cable
from tests.transports.certificates import SERVER, showing
from tests.transports.doors import Ear, Wire
from tests.transports.wires import LoopbackNet

HERE = IPv4Address("TCP", "127.0.0.1", 1)


class Peer(Protocol):
    """The other end.

    Attributes:
        heard: all that came.
        ended: why the connection is gone, None while it is there.
    """

    heard = b""
    ended: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        """See L{Protocol}."""
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{Protocol}."""
        self.ended = reason


class ChannelTests(SynchronousTestCase):
    """What it does with its transport."""

    def setUp(self) -> None:
        self.wire, self.channel, self.ear = Wire(), StreamChannel(), Ear()
        self.wire.protocol = self.channel
        self.channel.makeConnection(self.wire)

    def start(self) -> None:
        """Let it flow."""
        self.channel.receiver = self.ear
        self.channel.resume()

    def test_promises(self) -> None:
        """
        It is what a service expects: a stream without message boundaries.
        """
        verifyObject(IChannel, self.channel)
        verifyObject(IHalfCloseableProtocol, self.channel)
        channel = self.channel
        self.assertEqual(
            (channel.messages, channel.subprotocol, channel.peer), (False, None, "192.0.2.1:5000")
        )

    def test_held(self) -> None:
        """
        Nothing is read before it is resumed, nor while it is held again.
        """
        states = [self.wire.producerState]
        for step in (self.start, self.channel.hold, self.channel.resume):
            step()
            states.append(self.wire.producerState)
        self.assertEqual(states, ["paused", "producing", "paused", "producing"])

    def test_passes(self) -> None:
        """
        Bytes pass as they come, of kind binary, and go out as they are.
        """
        self.start()
        self.wire.say(b"one")
        self.wire.say(b"two")
        self.channel.send(b"three", Kind.TEXT)
        self.channel.send_all([b"four", b"five"], Kind.BINARY)
        self.assertEqual(self.ear.heard, [b"one", b"two"])
        self.assertEqual(self.wire.value(), b"threefourfive")

    def test_back_pressure(self) -> None:
        """
        The receiver hears when more than the bound waits to be sent, and when it is out.
        """
        self.channel.bound = 1234
        self.start()
        self.assertEqual(self.wire.bufferSize, 1234)
        self.wire.overflow()
        self.wire.drain()
        self.assertEqual(self.ear.heard, ["congested", "drained"])

    def test_peer_ends_first(self) -> None:
        """
        After the peer's FIN the channel can still be written to; finishing it closes it.
        """
        self.start()
        self.channel.readConnectionLost()
        self.channel.send(b"rest", Kind.BINARY)
        self.assertEqual((self.ear.heard, self.channel.open, self.wire.fate), (["ended"], True, "open"))
        self.channel.finish()
        self.assertEqual((self.wire.value(), self.wire.fate, self.channel.open), (b"rest", "closed", False))

    def test_finish_first(self) -> None:
        """
        After our FIN the channel still hears; the peer's FIN closes it.
        """
        self.start()
        self.channel.finish()
        self.wire.say(b"rest")
        self.assertEqual((self.wire.fate, self.wire.producer), ("finished", None))
        self.channel.readConnectionLost()
        self.assertEqual((self.ear.heard, self.wire.fate), ([b"rest", "ended"], "closed"))

    def test_finish_once(self) -> None:
        """
        Finishing twice does nothing more, nor does finishing what is gone.
        """
        self.start()
        self.channel.finish()
        self.channel.finish()
        self.assertEqual(self.wire.fate, "finished")
        self.setUp()
        self.start()
        self.wire.hang_up()
        self.channel.finish()
        self.assertEqual(self.wire.fate, "open")

    def test_drop(self) -> None:
        """
        Dropping flushes and closes both ways, after finishing too.
        """
        self.start()
        self.channel.finish()
        self.channel.drop()
        self.channel.drop()
        self.assertEqual((self.wire.fate, self.channel.open), ("closed", False))

    def test_abort(self) -> None:
        """
        Aborting does not wait for anything.
        """
        self.channel.abort()
        self.assertEqual(self.wire.fate, "aborted")

    def test_lost(self) -> None:
        """
        The receiver hears once how it ended: in good order, or why not.
        """
        for why, expected in (
            (ConnectionDone(), None),
            (ConnectionLost("reset"), "Connection to the other side was lost in a non-clean fashion: reset"),
        ):
            self.setUp()
            self.start()
            self.channel.connectionLost(Failure(why))
            self.assertEqual((self.ear.heard, self.channel.open), ([("lost", expected)], False))

    def test_nobody_listens(self) -> None:
        """
        A channel that ends before anybody took it is no fault.
        """
        self.channel.readConnectionLost()
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.assertFalse(self.channel.open)

    def test_address(self) -> None:
        """
        Addresses read as in a URI.
        """
        self.assertEqual(address(IPv4Address("TCP", "192.0.2.1", 5)), "192.0.2.1:5")
        self.assertEqual(address(IPv6Address("TCP", "2001:db8::1", 5)), "[2001:db8::1]:5")
        self.assertIn("/run/x", address(UNIXAddress("/run/x")))


class StreamTests(SynchronousTestCase):
    """Two channels, and a network between them."""

    def setUp(self) -> None:
        self.ears = Ear(), Ear()
        self.channels = self.connect()
        self.cable.pump()

    def connect(self) -> tuple[StreamChannel, StreamChannel]:
        """Return a server's channel and its client's."""
        server, client = StreamChannel(), StreamChannel()
        self.cable = Cable(server, client)
        return server, client

    def start(self) -> None:
        """Let it flow both ways."""
        for channel, ear in zip(self.channels, self.ears, strict=True):
            channel.receiver = ear
            channel.resume()
        self.cable.pump()

    def heard(self) -> tuple[Any, Any]:
        """What both ends heard: all their bytes, and what came behind them."""
        server, client = (
            (b"".join(each for each in ear.heard if isinstance(each, bytes)),
             *(each for each in ear.heard if not isinstance(each, bytes)))
            for ear in self.ears
        )  # fmt: skip
        return server, client

    def test_server_speaks_first(self) -> None:
        """
        What the server says before the client listens is not lost.
        """
        self.channels[0].send(b"220 hello\r\n", Kind.BINARY)
        self.cable.pump()
        self.start()
        self.assertEqual(self.heard(), ((b"",), (b"220 hello\r\n",)))

    def test_much(self) -> None:
        """
        Many bytes pass both ways in order.
        """
        self.start()
        data = bytes(range(256)) * 1000
        for at in range(0, len(data), 10_000):
            for channel in self.channels:
                channel.send_all([data[at : at + 5000], data[at + 5000 : at + 10_000]], Kind.BINARY)
            self.cable.pump()
        self.assertEqual(self.heard(), ((data,), (data,)))

    def test_held(self) -> None:
        """
        While an end is held, what the other sends waits, and comes whole afterwards.
        """
        self.start()
        self.channels[1].hold()
        self.channels[0].send(b"waits", Kind.BINARY)
        self.cable.pump()
        self.assertEqual(self.heard(), ((b"",), (b"",)))
        self.channels[1].resume()
        self.cable.pump()
        self.assertEqual(self.heard(), ((b"",), (b"waits",)))

    def test_drop(self) -> None:
        """
        What was sent before a drop arrives, and both ends are gone in good order.
        """
        self.start()
        self.channels[0].send(b"last words", Kind.BINARY)
        self.channels[0].drop()
        self.cable.pump()
        self.channels[1].finish()
        self.cable.pump()
        server, client = self.heard()
        self.assertEqual((server[-1], client[0], client[-1]), (("lost", None), b"last words", ("lost", None)))

    def test_drop_while_held(self) -> None:
        """
        A drop does not wait for a peer that it is not listening to.
        """
        self.start()
        self.channels[0].hold()
        self.channels[1].hold()
        self.channels[0].drop()
        self.cable.pump()
        self.assertEqual(self.heard()[0], (b"", ("lost", None)))

    def test_abort(self) -> None:
        """
        After an abort both ends are gone.
        """
        self.start()
        self.channels[0].abort()
        self.cable.pump()
        self.assertEqual([channel.open for channel in self.channels], [False, False])


class TlsTests(StreamTests):
    """The same over TLS."""

    def connect(self) -> tuple[StreamChannel, StreamChannel]:
        """Return two channels with TLS below them, held as soon as it is up."""
        server, client = _HeldLater(), _HeldLater()
        contexts = showing(SERVER)
        creator = ClientContexts().creator("localhost", TlsOptions(verify_server=False))
        self.cable = Cable(
            tls_factory(contexts, False, Factory.forProtocol(lambda: server)).buildProtocol(HERE),
            tls_factory(creator, True, Factory.forProtocol(lambda: client)).buildProtocol(HERE),
        )
        self.cable.pump()
        for channel in (server, client):
            StreamChannel.connectionMade(channel)
        return server, client

    def test_deciphered_early(self) -> None:
        """
        Bytes that TLS had deciphered before anybody listened come first.
        """
        self.channels[1].dataReceived(b"early ")
        self.channels[0].send(b"late", Kind.BINARY)
        self.start()
        self.assertEqual(self.heard(), ((b"",), (b"early late",)))

    def test_begin_with(self) -> None:
        """
        A channel may be given what comes before even that.
        """
        self.channels[1].dataReceived(b"early ")
        self.channels[1].begin_with(b"first ")
        self.start()
        self.assertEqual(self.heard(), ((b"",), (b"first early ",)))

    def test_finish_one_way(self) -> None:
        """
        After finishing, what the peer had sent still comes; the peer's closing ends it.
        """
        self.start()
        self.channels[1].send(b"on its way", Kind.BINARY)
        self.channels[0].send(b"last", Kind.BINARY)
        self.channels[0].finish()
        self.cable.pump()
        self.assertEqual(self.heard(), ((b"on its way", ("lost", None)), (b"last", ("lost", None))))

    def test_bound(self) -> None:
        """
        The bound is that of the connection below, which has the buffer.
        """
        self.channels[0].bound = 1234
        self.start()
        self.assertEqual(self.cable.left.bufferSize, 1234)


class _HeldLater(StreamChannel):
    """A channel that lets the TLS handshake pass first."""

    def connectionMade(self) -> None:
        """See L{StreamChannel}; called when TLS is up."""


class StuckTests(SynchronousTestCase):
    """A peer that takes nothing any more, over loopback."""

    def test_given_up(self) -> None:
        """
        A connection that is dropped ends, even when its peer never takes the last bytes for it.
        """
        self.patch(tcp, "LINGER", 0.05)
        net = LoopbackNet()
        self.addCleanup(net.close)
        net.buffer = 64 * 1024
        channel, ear = StreamChannel(), Ear()
        _, far = net.connect(channel)
        channel.receiver = ear
        channel.resume()
        far.block()
        channel.send(b"x" * 1_000_000)
        channel.drop()
        net.until(lambda: ("lost", None) in ear.heard)
        self.assertEqual(ear.heard, ["congested", ("lost", None)])
