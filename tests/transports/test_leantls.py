"""TLS by the record: what arrives never depends on how the network cuts it."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import TlsOptions
from kaazing.transports.leantls import tls_factory
from kaazing.transports.tls import ServerContexts
from kaazing.transports.trust import ClientContexts
from tests.transports.certificates import SERVER, showing
from tests.transports.doors import Wire
from tests.transports.test_tcp import Peer

HERE = IPv4Address("TCP", "127.0.0.1", 1)
VERSIONS = ("TLSv1.2", "TLSv1.3")


@cache
def made(version: str) -> tuple[ServerContexts, Any]:
    """What server and client need to speak one version."""
    options = TlsOptions(protocols=(version, version), verify_server=False)
    contexts = showing(SERVER, options)
    return contexts, ClientContexts().creator("localhost", options)


class Pair:
    """A server on L{LeanTls} and a client on Twisted's own TLS, or the other way round.

    Attributes:
        lean, plain: what speaks inside each.
        ends: their TLS, the lean one first.
        wires: the transports below.
        cut: bytes that the network carries at once; 0 for all.
    """

    def __init__(self, version: str, lean_is_client: bool = False, cut: int = 0) -> None:
        contexts, creator = made(version)
        self.lean, self.plain, self.cut = Peer(), Peer(), cut
        lean = tls_factory(
            creator if lean_is_client else contexts,
            lean_is_client,
            Factory.forProtocol(lambda: self.lean),
        )
        plain = TLSMemoryBIOFactory(
            contexts if lean_is_client else creator,
            not lean_is_client,
            Factory.forProtocol(lambda: self.plain),
        )
        plain.protocol = TLSMemoryBIOProtocol
        self.ends = lean.buildProtocol(HERE), plain.buildProtocol(HERE)
        self.wires = Wire(), Wire()
        for wire, end in zip(self.wires, self.ends, strict=True):
            wire.protocol = end
            end.makeConnection(wire)
        self.carry()

    def carry(self) -> None:
        """Carry everything over, in pieces."""
        lean, plain = self.wires
        while lean.value() or plain.value():
            for source, sink in ((lean, plain), (plain, lean)):
                data = source.value()
                source.clear()
                sink.say(data, self.cut)


class ReadingTests(SynchronousTestCase):
    def passes(self, pair: Pair, said: list[bytes], cut: int) -> None:
        """See that what is said either way arrives, one by one and all at once."""
        pair.lean.heard = pair.plain.heard = b""
        pair.cut = cut
        for data in said:
            for end in pair.ends:
                end.write(data)
            pair.carry()
        for end in pair.ends:
            for data in said:
                end.write(data)
        pair.carry()
        expected = b"".join(said) * 2
        self.assertEqual((pair.lean.heard, pair.plain.heard), (expected, expected), f"cut every {cut}")

    @settings(max_examples=20, deadline=None)
    @given(
        st.sampled_from(VERSIONS),
        st.booleans(),
        st.lists(
            st.one_of(st.binary(max_size=50), st.sampled_from([b"x" * 16_384, b"y" * 40_000])), max_size=4
        ),
        st.integers(300, 20_000),
    )
    def test_any_messages(self, version: str, lean_is_client: bool, said: list[bytes], cut: int) -> None:
        """
        Messages of any length arrive whole and in order, in any cut, over both versions.
        """
        self.passes(Pair(version, lean_is_client), said, cut)

    def test_every_cut(self) -> None:
        """
        The same at every cut of a few short ones.
        """
        for version in VERSIONS:
            for lean_is_client in (False, True):
                pair = Pair(version, lean_is_client)
                for cut in range(1, 100):
                    self.passes(pair, [b"a", b"", b"bcd"], cut)

    def test_cut_handshake(self) -> None:
        """
        A handshake may be cut too.
        """
        for lean_is_client in (False, True):
            for cut in (1, 6, 100):
                self.passes(Pair("TLSv1.3", lean_is_client, cut), [b"a"], cut)

    def test_at_once(self) -> None:
        """
        Whole records are read without asking OpenSSL once too often: Twisted's way is not taken.
        """
        for version in VERSIONS:
            pair = Pair(version)
            lean: Any = pair.ends[0]
            lean._flushReceiveBIO = lambda: self.fail("Twisted's way")
            for data in (b"one", b"two"):
                pair.ends[1].write(data)
            pair.carry()
            self.assertEqual(pair.lean.heard, b"onetwo")

    def test_after_abort(self) -> None:
        """
        What comes behind an abort is not heard, not even of the same read.
        """
        pair = Pair("TLSv1.3")

        def abort(data: bytes) -> None:
            pair.lean.heard += data
            pair.ends[0].abortConnection()

        pair.lean.dataReceived = abort  # type: ignore[method-assign]
        for data in (b"one", b"two"):
            pair.ends[1].write(data)
        pair.wires[0].say(pair.wires[1].value())
        self.assertEqual((pair.lean.heard, pair.wires[0].fate), (b"one", "aborted"))

    def test_end_behind_data(self) -> None:
        """
        Data and the peer's end in one read: both are heard, and the end is one in good order.
        """
        for version in VERSIONS:
            pair = Pair(version)
            pair.ends[1].write(b"last words")
            pair.ends[1].loseConnection()
            pair.carry()
            self.assertEqual((pair.lean.heard, pair.wires[0].fate), (b"last words", "closed"))
            pair.wires[0].hang_up()
            assert pair.lean.ended is not None
            self.assertTrue(pair.lean.ended.check(ConnectionDone))

    def test_rubbish(self) -> None:
        """
        A record that nobody encrypted ends the connection.
        """
        for rubbish in (b"\x17\x03\x03\x00\x05hello", b"hello world", b"\0" * 100):
            pair = Pair("TLSv1.3")
            pair.wires[0].say(rubbish)
            if pair.wires[0].fate == "open":  # it waits for the rest of what claims to be a record
                pair.wires[0].say(b"\0" * 65_536)
            self.assertEqual((pair.lean.heard, pair.wires[0].fate), (b"", "closed"), rubbish)


class WritingTests(SynchronousTestCase):
    def test_before_the_handshake(self) -> None:
        """
        What is written before TLS is up goes out when it is.
        """
        contexts = showing(SERVER)
        creator = ClientContexts().creator("localhost", TlsOptions(verify_server=False))
        server, client = Peer(), Peer()
        ends = (
            tls_factory(contexts, False, Factory.forProtocol(lambda: server)).buildProtocol(HERE),
            tls_factory(creator, True, Factory.forProtocol(lambda: client)).buildProtocol(HERE),
        )
        wires = Wire(), Wire()
        for wire, end in zip(wires, ends, strict=True):
            wire.protocol = end
            end.makeConnection(wire)
            end.write(b"early ")
            end.write(b"word")
        while wires[0].value() or wires[1].value():
            for source, sink in (wires, wires[::-1]):
                data = source.value()
                source.clear()
                sink.say(data)
        self.assertEqual((server.heard, client.heard), (b"early word", b"early word"))

    def test_one_write_each(self) -> None:
        """
        A message becomes one record in one write, at once.
        """
        pair = Pair("TLSv1.3")
        pair.ends[0].write(b"message")
        data = pair.wires[0].value()
        self.assertEqual(len(data), 5 + int.from_bytes(data[3:5], "big"))

    def test_after_the_end(self) -> None:
        """
        Behind loseConnection, or when the connection is gone, nothing is sent and nothing raised.
        """
        pair = Pair("TLSv1.3")
        pair.ends[0].loseConnection()
        pair.wires[0].clear()
        pair.ends[0].write(b"too late")
        self.assertEqual(pair.wires[0].value(), b"")
        for wire in pair.wires:
            wire.hang_up()
        pair.ends[0].write(b"much too late")
        self.assertEqual(pair.wires[0].value(), b"")
