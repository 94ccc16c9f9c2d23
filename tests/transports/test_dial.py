"""Reaching a backend: what the service gets, and what is said of a backend that is not reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import ConnectOptions, TlsOptions, Uri
from kaazing.errors import ConnectError
from kaazing.interfaces.adapters import Kind
from kaazing.transports.dial import Dialler
from kaazing.transports.leantls import tls_factory
from kaazing.transports.trust import ClientContexts, pin_of
from kaazing.transports.wheel import Wheel
from tests.transports.cables import Network
from tests.transports.certificates import AUTHORITY, SERVER, STRANGER, Certified, showing
from tests.transports.doors import Ear
from tests.transports.test_tcp import Peer

TIMEOUT = 5.0


class Server(Peer):
    """A backend; speaks first where C{greeting} says so."""

    greeting = b""

    def connectionMade(self) -> None:
        """See L{Peer}."""
        if self.greeting:
            self.say(self.greeting)

    def say(self, data: bytes) -> None:
        """Send."""
        assert self.transport is not None
        self.transport.write(data)

    def hang_up(self) -> None:
        """Close."""
        assert self.transport is not None
        self.transport.loseConnection()


class DialTestCase(SynchronousTestCase):
    """Dials from one end of a network to the other."""

    scheme = "tcp"
    tls = TlsOptions()

    def setUp(self) -> None:
        self.network = Network()
        self.network.names["backend.example"] = ["192.0.2.7"]
        self.server = Server()
        self.dialler = Dialler(self.network, Wheel(self.network), ClientContexts())
        self.listen("192.0.2.7")

    def listen(self, address: str) -> None:
        """Let the server be at port 7 of an address."""
        self.network.listening[address, 7] = Factory.forProtocol(lambda: self.server)

    def dial(self, host: str = "192.0.2.7", **more: Any) -> Deferred[Any]:
        """Dial port 7 of a host."""
        uri = Uri(scheme=self.scheme, host=host, port=7, path="/x" if self.scheme[0] == "w" else "")
        options = ConnectOptions(timeout=TIMEOUT, tls=self.tls)
        return self.dialler.connect(uri, options, **more)

    def reach(self, host: str = "192.0.2.7", **more: Any) -> Any:
        """Dial and return the channel."""
        dialling = self.dial(host, **more)
        self.network.wait(2)
        return self.successResultOf(dialling)

    def refusal(self, host: str = "192.0.2.7", **more: Any) -> str:
        """Dial and return what is said of the failure."""
        dialling = self.dial(host, **more)
        self.network.wait(1)
        return str(self.failureResultOf(dialling, ConnectError).value)

    def quiet(self) -> None:
        """See that a minute later nothing is left: no connection, no timer."""
        self.network.wait(60)
        self.assertEqual([cable.left.fate for cable in self.network.cables if cable.left.connected], [])
        self.assertEqual(self.network.getDelayedCalls(), [])


class TcpTests(DialTestCase):
    def test_reached(self) -> None:
        """
        The channel comes held, and carries bytes both ways.
        """
        self.server.greeting = b"220 hello"
        channel, ear = self.reach(), Ear()
        self.assertEqual((channel.open, channel.peer), (True, "192.0.2.1:5000"))
        channel.receiver = ear
        channel.resume()
        channel.send(b"EHLO", Kind.BINARY)
        self.network.settle()
        self.assertEqual((ear.heard, self.server.heard), ([b"220 hello"], b"EHLO"))

    def test_taken_at_once(self) -> None:
        """
        A service that listens as soon as it has the channel misses nothing.
        """
        self.server.greeting = b"220 hello"
        ear = Ear()

        def take(channel: Any) -> None:
            channel.receiver = ear
            channel.resume()

        self.dial().addCallback(take)
        self.network.settle()
        self.assertEqual(ear.heard, [b"220 hello"])

    def test_nothing_left(self) -> None:
        """
        A connection that has come about has no timer any more.
        """
        channel = self.reach()
        self.assertEqual(self.network.getDelayedCalls(), [])
        self.network.wait(60)
        self.assertTrue(channel.open)

    def test_refused(self) -> None:
        """
        A backend that is not there is named, with what the system says.
        """
        self.network.listening.clear()
        self.assertEqual(self.refusal(), "tcp://192.0.2.7:7: Connection refused")

    def test_no_answer(self) -> None:
        """
        A backend that does not answer is given up after the connect timeout, not before.
        """
        self.network.silent.add(("192.0.2.7", 7))
        dialling = self.dial()
        self.network.wait(TIMEOUT - 0.5)
        self.assertNoResult(dialling)
        self.network.wait(0.5)
        why = self.failureResultOf(dialling, ConnectError)
        self.assertEqual(str(why.value), "tcp://192.0.2.7:7: no answer within the connect timeout")
        self.quiet()


class NameTests(DialTestCase):
    def test_ipv6(self) -> None:
        """
        An IPv6 address needs no name.
        """
        self.listen("2001:db8::7")
        self.reach("2001:db8::7")
        self.assertEqual(self.network.dialled, [("2001:db8::7", 7)])
        self.network.listening.clear()
        self.assertEqual(self.refusal("2001:db8::7"), "tcp://[2001:db8::7]:7: Connection refused")

    def test_name(self) -> None:
        """
        A name is looked up.
        """
        self.assertTrue(self.reach("backend.example").open)
        self.assertEqual(self.network.dialled, [("192.0.2.7", 7)])

    def test_next_address(self) -> None:
        """
        Of several addresses of a name, one that answers is taken.
        """
        self.network.names["backend.example"] = ["192.0.2.8", "192.0.2.9", "192.0.2.7"]
        self.network.silent.add(("192.0.2.8", 7))
        self.assertTrue(self.reach("backend.example").open)

    def test_all_refuse(self) -> None:
        """
        Where no address answers, the name and what was said are in the error.
        """
        self.network.listening.clear()
        self.assertEqual(self.refusal("backend.example"), "tcp://backend.example:7: Connection refused")

    def test_unknown(self) -> None:
        """
        So they are where the name has no address.
        """
        self.assertEqual(
            self.refusal("nobody.example"),
            "tcp://nobody.example:7: DNS lookup failed: no results for hostname lookup: nobody.example",
        )

    def test_slow(self) -> None:
        """
        The connect timeout is for all of it: looking the name up, and trying all its addresses.
        """
        addresses = ["192.0.2.8", "192.0.2.9", "192.0.2.10"]
        self.network.silent.update((address, 7) for address in addresses)
        for known in ([], addresses):
            self.network.names["slow.example"] = known
            dialling = self.dial("slow.example")
            self.network.wait(TIMEOUT)
            why = self.failureResultOf(dialling, ConnectError)
            self.assertEqual(str(why.value), "tcp://slow.example:7: no answer within the connect timeout")
        self.quiet()


FOR = "; it is for 'localhost', '127.0.0.1' (ssl.server-name says which name to expect)"
"""What is said of L{SERVER} as that of somebody else."""


class SslTests(DialTestCase):
    """ssl connects; certificates are verified."""

    scheme = "ssl"

    def setUp(self) -> None:
        super().setUp()
        self.network.names["localhost"] = ["127.0.0.1"]
        self.certified = SERVER
        folder = Path(self.mktemp())
        folder.mkdir()
        self.authority = folder / "ca.pem"
        self.authority.write_bytes(AUTHORITY.pem)
        self.tls = TlsOptions(ca_file=self.authority)
        self.present(SERVER)

    def present(self, certified: Certified) -> None:
        """Let the server show a certificate."""
        contexts = showing(certified)
        for address in ("127.0.0.1", "192.0.2.7"):
            self.listen(address)
            inner = self.network.listening[address, 7]
            self.network.listening[address, 7] = tls_factory(contexts, False, inner)

    def test_reached(self) -> None:
        """
        A server whose certificate leads to the authority and names the host is taken.
        """
        self.server.greeting = b"220 hello"
        channel, ear = self.reach("localhost"), Ear()
        channel.receiver = ear
        channel.resume()
        channel.send(b"EHLO", Kind.BINARY)
        self.network.settle()
        self.assertEqual((ear.heard, self.server.heard), ([b"220 hello"], b"EHLO"))
        self.server.hang_up()
        self.network.settle()
        self.assertEqual(ear.heard, [b"220 hello", ("lost", None)])

    def test_address(self) -> None:
        """
        An address is verified where the certificate names it.
        """
        self.assertTrue(self.reach("127.0.0.1").open)

    def test_unknown_authority(self) -> None:
        """
        A certificate that leads to no known authority is refused; the error says so.
        """
        self.present(STRANGER)
        self.assertEqual(
            self.refusal("localhost"),
            "ssl://localhost:7: TLS: the certificate of 'localhost', issued by 'localhost', is refused: it is"
            " signed by itself (ssl.ca-file names authorities to trust; ssl.pin"
            f" {pin_of(STRANGER.certificate)} with ssl.verify-server disabled trusts this key alone)",
        )
        self.quiet()

    def test_wrong_name(self) -> None:
        """
        A certificate for somebody else is refused; the error names who was asked for.
        """
        self.assertEqual(
            self.refusal("backend.example"),
            "ssl://backend.example:7: TLS: the server's certificate is not for 'backend.example'" + FOR,
        )
        self.assertEqual(
            self.refusal("192.0.2.7"),
            "ssl://192.0.2.7:7: TLS: the server's certificate is not for '192.0.2.7'" + FOR,
        )
        self.quiet()

    def test_expired(self) -> None:
        """
        So is one that has expired.
        """
        self.present(Certified("localhost", ["localhost"], AUTHORITY, days=-1))
        self.assertRegex(
            self.refusal("localhost"),
            "^ssl://localhost:7: TLS: the certificate of 'localhost', issued by 'Test authority', is refused:"
            r" it has expired \(valid from [0-9]{4}-[0-9-]{5} to [0-9]{4}-[0-9-]{5}\)$",
        )

    def test_server_name(self) -> None:
        """
        The name to verify may be another than that of the connect.
        """
        self.tls = TlsOptions(ca_file=self.authority, server_name="localhost")
        self.assertTrue(self.reach("backend.example").open)
        self.tls = TlsOptions(ca_file=self.authority, server_name="other.example")
        self.assertEqual(
            self.refusal("localhost"),
            "ssl://localhost:7: TLS: the server's certificate is not for 'other.example'" + FOR,
        )

    def test_unverified(self) -> None:
        """
        With verification off, any certificate does.
        """
        self.tls = TlsOptions(verify_server=False)
        self.present(STRANGER)
        self.assertTrue(self.reach("backend.example").open)

    def test_in_clear(self) -> None:
        """
        With ssl.encryption disabled the bytes go in clear, for something in front that encrypts them.
        """
        self.tls = TlsOptions(encryption=False)
        self.listen("192.0.2.7")
        self.reach().send(b"clear", Kind.BINARY)
        self.network.settle()
        self.assertEqual(self.server.heard, b"clear")

    def test_no_tls(self) -> None:
        """
        A server that speaks something else is told from one with a bad certificate.
        """
        self.listen("192.0.2.7")
        self.server.greeting = b"220 hello\r\n"
        self.assertRegex(
            self.refusal(), "^ssl://192.0.2.7:7: TLS: (wrong version number|packet length too long)"
        )
        self.quiet()

    def test_hangs_up(self) -> None:
        """
        So is one that closes in mid-handshake.
        """
        self.listen("192.0.2.7")
        dialling = self.dial()
        self.network.settle()
        self.server.hang_up()
        self.network.settle()
        why = self.failureResultOf(dialling, ConnectError)
        self.assertEqual(str(why.value), "ssl://192.0.2.7:7: closed during the TLS handshake")

    def test_no_handshake(self) -> None:
        """
        A server that is connected and says nothing is given up with the connect timeout, and left.
        """
        self.listen("192.0.2.7")
        dialling = self.dial()
        self.network.wait(TIMEOUT)
        why = self.failureResultOf(dialling, ConnectError)
        self.assertEqual(str(why.value), "ssl://192.0.2.7:7: no answer within the connect timeout")
        self.quiet()

    def test_refused(self) -> None:
        """
        A backend that is not there is named as over TCP.
        """
        self.network.listening.clear()
        self.assertEqual(self.refusal(), "ssl://192.0.2.7:7: Connection refused")
