"""Backends that are asked for TLS in clear: what they hear, what the client hears, and who is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory

from kaazing.config.model import ConnectOptions, TlsOptions, Uri
from kaazing.errors import ConnectError
from kaazing.interfaces.adapters import Kind
from kaazing.transports.leantls import tls_factory
from tests.transports.certificates import AUTHORITY, SERVER, STRANGER, Certified, showing
from tests.transports.doors import Ear
from tests.transports.test_dial import TIMEOUT, DialTestCase, Server
from tests.transports.test_tcp import HERE
from tests.wire.test_starttls import APOP, DOVECOT, EHLO, GONE

SAID = {
    "imap": (DOVECOT, [(b"a STARTTLS\r\n", b"a OK go\r\n")]),
    "pop3": (APOP, [(b"STLS\r\n", b"+OK\r\n")]),
    "smtp": (GONE, [(b"EHLO [10.0.0.1]\r\n", EHLO), (b"STARTTLS\r\n", b"220 go\r\n")]),
}
"""Protocol -> the greeting, and what is answered to what; TLS follows the last answer."""
TOLD = {"imap": b"* OK Dovecot (Debian) ready.\r\n", "pop3": APOP, "smtp": GONE}


class Backend(Server):
    """A server that speaks a protocol in clear, and then TLS.

    Attributes:
        heard: what came in clear.
        inside: who hears what comes inside TLS.
        injects: what is said in clear behind the consent.
        by_itself: what is said inside TLS before anything is asked.
    """

    injects = by_itself = b""

    def __init__(self, protocol: str, certified: Certified = SERVER) -> None:
        self.greeting, answers = SAID[protocol]
        self.answers = list(answers)
        self.inside = Server()
        self._contexts = showing(certified)
        self._read = 0

    def dataReceived(self, data: bytes) -> None:
        """See L{Peer}."""
        super().dataReceived(data)
        while self.answers and self.heard[self._read :].endswith(self.answers[0][0]):
            self._read = len(self.heard)
            _, answer = self.answers.pop(0)
            self.say(answer if self.answers else answer + self.injects)
            if not self.answers:
                self._secure()

    def _secure(self) -> None:
        self.inside.greeting = self.by_itself
        transport: Any = self.transport
        made = tls_factory(self._contexts, False, Factory.forProtocol(lambda: self.inside))
        transport.protocol = made.buildProtocol(HERE)
        transport.protocol.makeConnection(transport)


class StarttlsTestCase(DialTestCase):
    """Dials a backend that is asked for TLS."""

    server: Server
    protocol, header = "imap", ""

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "ca.pem").write_bytes(AUTHORITY.pem)
        self.tls = TlsOptions(ca_file=folder / "ca.pem", server_name="localhost")
        self.server = self.backend = Backend("imap")

    def speak(self, protocol: str, certified: Certified = SERVER) -> Backend:
        """Let the backend be one of this protocol."""
        self.protocol = protocol
        self.server = self.backend = Backend(protocol, certified)
        return self.backend

    def dial(self, host: str = "192.0.2.7", **more: Any) -> Deferred[Any]:
        """See L{DialTestCase}."""
        uri = Uri(scheme="tcp", host=host, port=7)
        options = ConnectOptions(
            timeout=TIMEOUT, tls=self.tls, starttls=self.protocol, proxy_protocol=self.header
        )
        return self.dialler.connect(uri, options, **more)


class SecuredTests(StarttlsTestCase):
    """Backends that consent."""

    def test_protocols(self) -> None:
        """
        Each protocol is spoken in clear up to the consent; then the client hears the greeting, and what it
        says itself goes over TLS, as does the answer.
        """
        for protocol, (_, answers) in SAID.items():
            for host in ("192.0.2.7", "backend.example"):
                backend, ear = self.speak(protocol), Ear()
                channel = self.reach(host)
                self.assertEqual(channel.receiver, None)
                channel.receiver = ear
                channel.resume()
                channel.send(b"hello", Kind.BINARY)
                self.network.settle()
                backend.inside.say(b"welcome")
                self.network.settle()
                self.assertEqual(backend.heard, b"".join(asked for asked, _ in answers))
                self.assertEqual((backend.inside.heard, ear.heard), (b"hello", [TOLD[protocol], b"welcome"]))
                backend.inside.hang_up()
                self.network.settle()
                self.assertEqual(ear.heard[2:], [("lost", None)])

    def test_held(self) -> None:
        """
        What the backend says over TLS before the client is there follows the greeting, and nothing is left
        of dialling.
        """
        self.backend.by_itself = b"* OK more\r\n"
        channel, ear = self.reach(), Ear()
        self.assertEqual(self.network.getDelayedCalls(), [])
        self.network.wait(60)
        channel.receiver = ear
        channel.resume()
        self.network.settle()
        self.assertEqual(b"".join(ear.heard), TOLD["imap"] + b"* OK more\r\n")

    def test_taken_at_once(self) -> None:
        """
        A service that listens as soon as it has the channel hears the greeting first too.
        """
        self.backend.by_itself = b"* OK more\r\n"
        ear = Ear()

        def take(channel: Any) -> None:
            channel.receiver = ear
            channel.resume()

        self.dial().addCallback(take)
        self.network.settle()
        self.assertEqual(ear.heard, [TOLD["imap"], b"* OK more\r\n"])

    def test_cuts(self) -> None:
        """
        The backend's words may come byte by byte.
        """
        self.backend.greeting, self.backend.answers = b"", []
        dialling = self.dial()
        self.network.settle()
        for byte in b"* OK hello\r\n* x\r\na OK g":
            self.backend.say(bytes([byte]))
            self.network.settle()
        self.assertEqual(self.backend.heard, b"a STARTTLS\r\n")
        self.backend.answers = [(b"", b"o\r\n")]
        self.backend.dataReceived(b"")
        self.network.settle()
        channel, ear = self.successResultOf(dialling), Ear()
        channel.receiver = ear
        channel.resume()
        self.assertEqual(ear.heard, [b"* OK hello\r\n"])

    def test_header(self) -> None:
        """
        A PROXY header goes before the first word.
        """
        self.header = "v1"
        self.reach()
        self.assertEqual(self.backend.heard, b"PROXY UNKNOWN\r\na STARTTLS\r\n")


class RefusedTests(StarttlsTestCase):
    """Backends that get no client: the error says why, nothing goes in clear, nothing is left."""

    def assert_refused(self, why: str) -> None:
        """Dial in vain."""
        self.assertRegex(self.refusal(), f"^tcp://192.0.2.7:7: {why}")
        self.assertEqual(self.backend.inside.heard, b"")
        self.quiet()

    def test_no_consent(self) -> None:
        """
        A backend that does not want TLS, or does not know how, is left; clear text is no way out.
        """
        for protocol, answer in (("imap", b"a NO no\r\n"), ("pop3", b"-ERR no\r\n"), ("smtp", b"454 no\r\n")):
            (*answers, (asked, _)) = SAID[protocol][1]
            self.speak(protocol).answers = [*answers, (asked, answer), (b"never", b"")]
            self.assert_refused(f"does not consent to TLS: '{answer[:-2].decode()}'$")
        self.speak("smtp").answers[0] = (b"EHLO [10.0.0.1]\r\n", b"250 HELP\r\n")
        self.assert_refused(r"does not offer STARTTLS \(RFC 3207 section 2\)$")

    def test_greeting(self) -> None:
        """
        So is one of another protocol, and one that says too much.
        """
        self.backend.greeting = b"SSH-2.0-x\r\n"
        self.assert_refused("greets with 'SSH-2.0-x', which lets nobody in by IMAP$")
        self.speak("imap").greeting = b"* OK " + b"x" * 9000
        self.assert_refused("more than 8192 bytes in clear, and TLS has not begun$")

    def test_injected(self) -> None:
        """
        Bytes in clear behind the consent reach nobody, whether they come with it or after it.
        """
        self.backend.injects = b"* OK [ALERT] listen\r\n"
        self.assert_refused("the backend sent bytes in clear behind its consent to TLS$")
        backend = self.speak("imap")
        backend.answers.append((b"never", b""))
        dialling = self.dial()
        self.network.settle()
        backend.say(b"* OK [ALERT] listen\r\n")
        self.network.settle()
        why = self.failureResultOf(dialling, ConnectError)
        self.assertRegex(
            str(why.value), "TLS: (wrong version number|packet length too long|record layer failure)"
        )
        self.quiet()

    def test_certificate(self) -> None:
        """
        The certificate is verified as on an ssl connect: by its authority and by its name.
        """
        self.speak("imap", STRANGER)
        self.assert_refused("TLS: the certificate of 'localhost', issued by 'localhost', is refused")
        self.speak("imap", Certified("other", ["other"], AUTHORITY))
        self.assert_refused("TLS: the server's certificate is not for 'localhost'; it is for 'other' ")

    def test_closed(self) -> None:
        """
        A backend that closes is refused with where it was: in clear, or in the handshake.
        """
        for answers, why in (
            ([(b"never", b"")], "closed before TLS began"),
            ([(b"a STARTTLS\r\n", b"a OK\x20\r\n"), (b"never", b"")], "closed during the TLS handshake"),
        ):
            for leave in ("loseConnection", "abortConnection"):
                backend = self.speak("imap")
                backend.answers = answers.copy()
                dialling = self.dial()
                self.network.settle()
                transport: Any = backend.transport
                getattr(transport, leave)()
                self.network.settle()
                said = str(self.failureResultOf(dialling, ConnectError).value)
                self.assertRegex(said, f"^tcp://192.0.2.7:7: ({why}|Connection to the other side was lost)")
                self.quiet()

    def test_timeout(self) -> None:
        """
        The connect timeout is for all of it: greeting, consent and handshake; then the backend is left.
        """
        for greeting, answers in (
            (b"", []),
            (DOVECOT, [(b"never", b"")]),
            (DOVECOT, [(b"a STARTTLS\r\n", b"a OK\x20\r\n"), (b"never", b"")]),
        ):
            backend = self.speak("imap")
            backend.greeting, backend.answers = greeting, answers
            dialling = self.dial()
            self.network.wait(TIMEOUT - 0.5)
            self.assertNoResult(dialling)
            self.network.wait(0.5)
            why = self.failureResultOf(dialling, ConnectError)
            self.assertEqual(str(why.value), "tcp://192.0.2.7:7: no answer within the connect timeout")
            self.quiet()

    def test_not_there(self) -> None:
        """
        A backend that is not reached is told as ever.
        """
        self.network.listening.clear()
        self.assert_refused("Connection refused$")
        self.network.silent.add(("192.0.2.7", 7))
        dialling = self.dial()
        self.network.wait(TIMEOUT)
        why = self.failureResultOf(dialling, ConnectError)
        self.assertEqual(str(why.value), "tcp://192.0.2.7:7: no answer within the connect timeout")
        self.quiet()
