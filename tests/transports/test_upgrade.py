"""Tests for L{kaazing.transports.upgrade}: TLS put under a connection to a backend that is in use."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from typing import Any

from twisted.internet import tcp
from twisted.internet.epollreactor import EPollReactor

from kaazing.config.model import ConnectOptions, TlsOptions, Uri
from kaazing.interfaces.adapters import Close, Compute, Front, StartTls, ToBack, ToFront
from kaazing.interfaces.services import Terms
from kaazing.transports.answers import Answers
from kaazing.transports.dial import Dialler
from kaazing.transports.trust import ClientContexts
from tests.transports import scenes
from tests.transports.certificates import AUTHORITY, SERVER, STRANGER, Certified
from tests.transports.scenes import TEXT, close
from tests.transports.scripted import AdaptedTestCase
from tests.transports.test_adapted_questions import Asked
from tests.transports.wires import LoopbackFar, LoopbackNet, tcp_pair

TIMEOUT = 5.0


class TlsEnd:
    """A backend's TLS, on the far end of a connection.

    Attributes:
        got: what it has deciphered.
    """

    def __init__(self, far: Any, certificate: Path) -> None:
        self._far, self._in, self._out = far, ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._read = len(far.got)
        self.got, self.up = b"", False

    def turn(self) -> None:
        """Take what has come, and answer it; what is deciphered stays unread before C{up}."""
        self._in.write(bytes(self._far.got[self._read :]))
        self._read = len(self._far.got)
        try:
            if not self.up:
                self._tls.do_handshake()
                self.up = True
            while True:
                self.got += self._tls.read(65536)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        finally:
            self._flush()

    def say(self, data: bytes) -> None:
        """Send."""
        self._tls.write(data)
        self._flush()

    def bye(self) -> None:
        """Send no more: close_notify."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self._flush()

    def _flush(self) -> None:
        if said := self._out.read():
            self._far.send(said)


class UpgradeTestCase(AdaptedTestCase):
    """A session that asks for encryption when its browser has spoken."""

    def setUp(self) -> None:
        super().setUp()
        clock: Any = self.net.clock
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        (self.folder / "ca.pem").write_bytes(AUTHORITY.pem)
        self.tls = TlsOptions(ca_file=self.folder / "ca.pem", server_name="localhost")
        dialler = Dialler(clock, self.scene.wheel, ClientContexts())
        answers = Answers(self.scene.sessions, self.scene.wheel, dialler, None)
        self.patch(self.scene.house, "_answers", answers)

    def terms(self, wants: Front) -> Terms:
        """Backends are verified."""
        uri = Uri(scheme="tcp", host="backend.example", port=5222)
        return Terms(
            service="gate", wants=wants, connect=uri, options=ConnectOptions(timeout=TIMEOUT, tls=self.tls)
        )

    def ask(self, **orders: Any) -> None:
        """Let the session ask."""
        self.adapt(from_front=[b"starttls\n", StartTls()], **{"secured": [b"hello"], **orders})
        self.browser.say((TEXT, b"?"))
        self.net.until(lambda: len(self.backend.got) > 20)  # the ClientHello follows
        self.session.orders["from_front"] = [b"more"]
        self.session.told.clear()

    def shake(self, certified: Certified = SERVER) -> TlsEnd:
        """Let the backend do its part of the handshake."""
        self.assertTrue(self.backend.got.startswith(b"starttls\n"))
        far = self.backend
        del far.got[: len(b"starttls\n")]
        tls = TlsEnd(far, certified.write(self.folder / "server.pem"))
        tls._read = 0
        tls.turn()
        self.net.turn()
        return tls

    def until(self, tls: TlsEnd, come: Any) -> None:
        """Let things happen."""

        def turned() -> bool:
            tls.turn()
            self.net.turn()
            return bool(come())

        self.net.until(turned)


class SecuredTests(UpgradeTestCase):
    """In memory."""

    def test_secured(self) -> None:
        """
        What was sent before goes out in clear, everything after that over TLS; the session hears of it
        when the server is verified, and from then on all is as before.
        """
        self.ask(from_back=[ToFront(b"ok")])
        tls = self.shake()
        self.until(tls, lambda: tls.got)
        self.assertEqual((tls.got, self.session.told), (b"hello", [("secured",)]))
        tls.say(b"welcome")
        self.until(tls, lambda: self.browser.heard)
        self.browser.say((TEXT, b"?"))
        self.until(tls, lambda: tls.got != b"hello")
        self.assertEqual((tls.got, self.browser.heard), (b"hellomore", [(TEXT, b"ok")]))
        self.assertEqual(self.session.told[1], ("from_back", b"welcome"))

    def test_server_speaks_at_once(self) -> None:
        """
        What comes with the end of the handshake is told after it.
        """
        self.tls = TlsOptions(
            ca_file=self.folder / "ca.pem", server_name="localhost", protocols=("TLSv1.2", "TLSv1.2")
        )
        self.ask()
        tls = self.shake()
        while not tls.up:
            tls.turn()
            if not tls.up:
                self.net.turn()
        tls.say(b"hi")
        self.until(tls, lambda: tls.got and len(self.session.told) > 1)
        self.assertEqual(self.session.told, [("secured",), ("from_back", b"hi")])

    def test_in_the_meantime(self) -> None:
        """
        What the browser sends meanwhile waits; an order given meanwhile goes out over TLS too.
        """
        self.ask(expired=[ToBack(b"late")])
        self.browser.say((TEXT, b"?"))
        self.session.deadline = 1.0
        self.scene.wheel.put(self.scene.sessions._open.copy().pop(), 1.0)  # type: ignore[arg-type]
        self.net.clock.pump([0.5] * 4)
        self.net.turn()
        self.assertEqual([what for what, *_ in self.session.told], ["expired"])
        tls = self.shake()
        self.until(tls, lambda: len(tls.got) == 13)
        self.assertEqual(tls.got, b"latehellomore")
        self.assertEqual([what for what, *_ in self.session.told], ["expired", "secured", "from_front"])

    def test_congested(self) -> None:
        """
        Back-pressure is as it was: a backend that takes nothing keeps the browser from being read, and
        a browser the backend.
        """
        self.ask(secured=[], from_back=[ToFront(b"x" * 70_000)])
        tls = self.shake()
        self.until(tls, lambda: self.session.told)
        self.session.orders["from_front"] = [b"x" * 70_000]
        self.backend.block()
        for _ in range(2):
            self.browser.say((TEXT, b"?"))
            self.net.turn()
        self.assertEqual([what for what, *_ in self.session.told], ["secured", "from_front"])
        self.backend.unblock()
        self.until(tls, lambda: len(tls.got) == 140_000)
        self.browser.far.block()
        for _ in range(2):
            tls.say(b"?")
            self.net.turn()
        self.assertEqual([what for what, *_ in self.session.told[3:]], ["from_back"])

    def test_ends(self) -> None:
        """
        Each end's end reaches the other over TLS, and nothing is left.
        """
        self.ask(back_ended=[ToFront(b"bye")])
        tls = self.shake()
        self.until(tls, lambda: tls.got)
        tls.bye()
        self.net.turn()
        self.backend.fin()
        self.net.turn()
        self.assertEqual(self.browser.heard, [(TEXT, b"bye"), close(1000)])
        self.browser.say(close(1000))
        self.net.turn()
        self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, []))
        self.ask(from_back=[Close(4000, "enough")])
        tls = self.shake()
        self.until(tls, lambda: tls.got)
        tls.say(b"?")
        self.net.turn()
        self.browser.say(close(4000))
        self.net.turn()
        self.assertEqual((self.backend.end, len(self.scene.sessions)), ("fin", 0))


class RefusedTests(UpgradeTestCase):
    """Servers that are not what they should be."""

    def assert_lost(self, said: str) -> None:
        """The browser hears of a backend lost, and the log says why; nothing is left."""
        self.net.turn()
        self.assertEqual(self.browser.heard, [close(1011, b"backend lost")])
        self.browser.say(close(1011))
        self.net.turn()
        self.assertRegex(
            self.scene.sessions.said.pop(), f"^gate: 192.0.2.1:5000: tcp://backend.example:5222: {said}"
        )
        self.assertEqual((self.scene.sessions.said, len(self.scene.sessions), self.session.told), ([], 0, []))
        self.net.clock.pump([0.5] * 20)
        self.assertEqual(self.net.clock.getDelayedCalls(), [])

    def test_certificate(self) -> None:
        """
        A certificate that leads to no known authority, or is for somebody else, ends it.
        """
        for certified, said in (
            (STRANGER, "TLS: the certificate of 'localhost', issued by 'localhost', is refused"),
            (
                Certified("other", ["other"], AUTHORITY),
                "TLS: the server's certificate is not for 'localhost'",
            ),
        ):
            self.ask()
            try:
                tls = self.shake(certified)
                self.until(tls, lambda: self.browser.heard)
            except ssl.SSLError:  # our alert
                pass
            self.assert_lost(said)

    def test_injected(self) -> None:
        """
        Bytes in clear, behind the consent, are no TLS, and nothing of them is told.
        """
        self.ask()
        self.backend.send(b"mail from: mallory\n")
        self.net.turn()
        self.assert_lost("TLS: (wrong version number|packet length too long|record layer failure)")

    def test_waiting_in_clear(self) -> None:
        """
        So are bytes that were read while the question before it was open.
        """
        asked = Asked(self.scene)
        self.patch(self.scene.house, "_answers", asked)
        self.adapt(from_front=[Compute(dict)], computed=[StartTls()])
        self.browser.say((TEXT, b"?"))
        self.net.turn()
        self.back.dataReceived(b"mail from: mallory\n")
        asked.answers[0].callback(None)
        self.assertEqual(self.heard(), ([close(1011, b"backend lost")], b""))
        self.assertEqual(len(asked.questions), 1)
        said = "gate: 192.0.2.1:5000: the backend sent bytes in clear behind its consent to TLS"
        self.assertEqual(self.scene.sessions.said, [said])

    def test_timeout(self) -> None:
        """
        A server that says nothing is given up after the connect timeout.
        """
        self.ask()
        self.net.clock.pump([0.5] * 9)
        self.assertEqual(self.browser.heard, [])
        self.net.clock.pump([0.5] * 2)
        self.assert_lost("no answer within the connect timeout")

    def test_hangs_up(self) -> None:
        """
        So is one that hangs up.
        """
        self.ask()
        self.backend.fin()
        self.assert_lost("closed during the TLS handshake")

    def test_browser_leaves(self) -> None:
        """
        When the browser goes away in mid-handshake, the backend is left at once.
        """
        self.ask()
        self.front.resume()
        self.browser.far.reset()
        self.net.turn()
        self.net.clock.pump([0.5] * 20)
        self.net.turn()
        self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, []))
        self.assertNotEqual(self.backend.end, "")
        self.assertEqual(self.net.clock.getDelayedCalls(), [])


class LoopbackTests(UpgradeTestCase):
    """Over real sockets, on the lean reactor."""

    loopback = True

    def test_secured(self) -> None:
        """
        A megabyte passes each way, over TLS.
        """
        self.ask(from_back=[ToFront(b"x" * 1000)])
        tls = self.shake()
        self.session.orders["from_front"] = [b"y" * (1 << 20)]
        self.until(tls, lambda: tls.got == b"hello")
        self.browser.say((TEXT, b"?"))
        self.until(tls, lambda: len(tls.got) == 5 + (1 << 20))
        self.assertEqual(tls.got[5:], b"y" * (1 << 20))
        tls.say(b"z" * (1 << 20))
        heard = lambda: sum(len(data) for what, data, *_ in self.session.told[2:] if what == "from_back")  # noqa: E731
        self.until(tls, lambda: heard() == 1 << 20)


class PlainNet(LoopbackNet):
    """As the other, with Twisted's own reactor and connections."""

    def __init__(self) -> None:
        super().__init__()
        self.reactor: Any = EPollReactor()

    def connect(self, protocol: Any) -> tuple[Any, LoopbackFar]:
        near, far = tcp_pair(self.buffer)
        self._fars.append(LoopbackFar(far))
        near.setblocking(False)
        server: Any = None
        transport = tcp.Server(near, protocol, ("192.0.2.1", 5000), server, 0, self.reactor)
        transport.repstr = "<a connection>"
        protocol.makeConnection(transport)
        return transport, self._fars[-1]


class PlainTests(LoopbackTests):
    """Over real sockets, on a reactor of Twisted's own."""

    def setUp(self) -> None:
        self.patch(scenes, "LoopbackNet", PlainNet)
        super().setUp()
