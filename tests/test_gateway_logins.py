"""Logging in at a whole gateway: what doors, services and certificates have to do with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.x509.oid import NameOID
from twisted.internet.protocol import Factory

from kaazing import plugins
from kaazing.config.model import (
    AcceptOptions,
    Keystore,
    ModuleConfig,
    RealmConfig,
    ServiceConfig,
    TlsOptions,
)
from kaazing.errors import ConfigErrors, LoginMissing
from kaazing.interfaces.security import Attempt, IAttempt, Subject
from kaazing.transports.leantls import tls_factory
from kaazing.transports.trust import ClientContexts
from kaazing.wire.policy import Block, read_rule
from kaazing.wire.wse import RECONNECT
from tests.running import Caller, GatewayTestCase, service
from tests.security.static import JOE, Static, declare, realm
from tests.security.test_attempts import basic
from tests.transports.certificates import AUTHORITY, SERVER, Certified

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost:8000\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class LoginTestCase(GatewayTestCase):
    """A gateway whose services all want the role AUTHORIZED."""

    def setUp(self) -> None:
        super().setUp()
        declare(self)

    def guarded(self, name: str, type: str, accept: str, config: RealmConfig, **more: Any) -> ServiceConfig:
        """Return a service with a realm."""
        return service(name, type, accept, realm=config, roles=frozenset({"AUTHORIZED"}), **more)

    def ask(
        self, target: str, *fields: str, method: str = "GET", body: bytes = b"", port: int = 8000
    ) -> Caller:
        """Send a request on a connection of its own; return the client."""
        client: Caller = self.call(port=port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: localhost:{port}", *fields]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        client.say("\r\n".join([*lines, "", ""]).encode() + body)
        self.network.settle()
        return client


class Asking:
    """A checker that lets in whom a function names, and nobody else."""

    credentialInterfaces = (IAttempt,)

    def __init__(self, who: Callable[[Attempt], str]) -> None:
        self._who = who

    def requestAvatarId(self, attempt: Attempt) -> Subject:
        """See ICredentialsChecker."""
        user = self._who(attempt)
        if not user:
            raise LoginMissing("nobody known")
        return Subject(user=user, roles=frozenset({"AUTHORIZED"}))


class DoorTests(LoginTestCase):
    """What else the doors do with logins."""

    def test_emulated(self) -> None:
        """
        Who has created an emulated session has it: no request of its says again who it is.
        """
        self.start(self.guarded("echo", "echo", "ws://localhost:8000/echo", realm("Application Basic")))
        said = f"Authorization: {basic('joe:welcome')}"
        created = self.ask("/echo/;e/cbm", "X-Sequence-No: 0", said)
        up, down = (
            "/" + url.split("/", 3)[3] for url in created.heard.split(b"\r\n\r\n")[1].decode().split()
        )
        reading = self.ask(down, "X-Sequence-No: 1")
        self.ask(up, "X-Sequence-No: 1", method="POST", body=b"\x81\x05hello" + RECONNECT)
        self.assertTrue(reading.heard.endswith(b"\x81\x05hello"), reading.heard)

    def test_streams(self) -> None:
        """
        TCP clients are known by what comes without a word of theirs; others are gone, before the backend
        hears of them.
        """
        backend = self.backend("127.0.0.1", 7000)
        for known in (True, False):
            checker = Asking(lambda attempt, known=known: attempt.address if known else "")  # type: ignore
            proxy = self.guarded(
                "proxy", "proxy", "tcp://127.0.0.1:8000", realm("", checker), connect="tcp://127.0.0.1:7000"
            )
            gateway = self.start(proxy)
            client = self.call()
            client.say(b"hello")
            self.network.settle()
            self.assertEqual([each.heard for each in backend], [b"hello"])
            self.assertEqual(client.ended is not None, not known)
            gateway.stopService()
            self.network.wait(10)

    def test_streams_later(self) -> None:
        """
        While they are looked up nothing of theirs is read, and no backend is dialled.
        """
        backend, later = self.backend("127.0.0.1", 7000), list[Any]()
        checker = Static({"": JOE}, later)
        self.patch(checker, "_answer", lambda attempt: JOE)
        self.start(
            self.guarded(
                "proxy", "proxy", "tcp://127.0.0.1:8000", realm("", checker), connect="tcp://127.0.0.1:7000"
            )
        )
        self.call().say(b"hello")
        self.network.settle()
        self.assertEqual(backend, [])
        for answer in later:
            answer()
        self.network.settle()
        self.assertEqual([each.heard for each in backend], [b"hello"])

    def test_http_proxy(self) -> None:
        """
        The backend of http.proxy sees nothing that the client logged in by; where nobody is asked, all.
        """
        backend = self.backend("127.0.0.1", 7000)
        said = f"Authorization: {basic('joe:welcome')}"
        for config in (realm(), None):
            more: dict[str, Any] = {} if config is None else {"realm": config}
            connect = "http://127.0.0.1:7000/"
            gateway = self.start(
                service("web", "http.proxy", "http://localhost:8000/", connect=connect, **more)
            )
            self.ask("/page", said)
            self.assertEqual("authorization" in backend[-1].fields, config is None)
            gateway.stopService()
            self.network.wait(10)

    def test_http_proxy_upgrades(self) -> None:
        """
        WebSockets through http.proxy are guarded like all it passes on.
        """
        backend = self.backend("127.0.0.1", 7000)
        connect = "http://127.0.0.1:7000/"
        self.start(service("web", "http.proxy", "http://localhost:8000/", connect=connect, realm=realm()))
        self.assertEqual((self.browse("/chat").head[9:12], backend), ("401", []))
        self.browse("/chat", f"Authorization: {basic('joe:welcome')}")
        self.assertEqual(backend[0].fields["upgrade"], "websocket")

    def test_certificates(self) -> None:
        """
        A client's certificate, once it is verified, says who it is, to HTTP and WebSockets as to streams;
        without one nobody comes in.
        """
        checker = Asking(lambda attempt: common_name(attempt.certificate()))
        folder = Path(self.mktemp())
        folder.mkdir()
        tls = TlsOptions(certificate=SERVER.write(folder / "server.pem"), verify_client="optional")
        shared: dict[str, Any] = {"accept_options": AcceptOptions(tls=tls), "realm": realm("", checker)}
        trusted = Keystore(type="PEM", file=AUTHORITY.write(folder / "trusted.pem"))
        self.start(
            service("echo", "echo", "wss://localhost:8000/", **shared),
            service("stream", "echo", "ssl://127.0.0.1:8001", **shared),
            truststore=trusted,
        )
        joe = Certified("joe", ["joe.example"], AUTHORITY).write(folder / "joe.pem")
        for shown, outcome in ((joe, (b"101", b"hello")), (None, (b"403", b""))):
            creator = ClientContexts().creator(
                "localhost", TlsOptions(verify_server=False, certificate=shown)
            )
            heard = []
            for port, said in ((8000, HANDSHAKE), (8001, b"hello")):
                caller = Caller()
                factory = Factory.forProtocol(lambda caller=caller: caller)  # type: ignore
                self.call(port=port, client=tls_factory(creator, True, factory).buildProtocol(None))
                caller.say(said)
                self.network.settle()
                heard.append(caller.heard)
            self.assertEqual((heard[0][9:12], heard[1]), outcome)

    def test_adapters(self) -> None:
        """
        An adapter's policies are for the roles that the client has logged in with.
        """
        backend = self.backend("127.0.0.1", 7000)
        rule = partial(read_rule, operations=plugins.adapter("stomp").operations)
        policy = (Block(roles=frozenset({"AUTHORIZED"}), allow=(rule("send"),), deny=()),)
        self.start(
            service(
                "broker",
                "stomp.proxy",
                "ws://localhost:8000/",
                connect="tcp://127.0.0.1:7000",
                properties={"policy": policy, "anonymous.roles": ("AUTHORIZED",)},
                realm=realm(),
            )
        )
        outcomes = []
        for secret in ("welcome", "guest"):
            client = self.browse("/", f"Authorization: {basic('joe:' + secret)}")
            client.say_frames((1, b"CONNECT\naccept-version:1.2\nhost:x\n\n\0"))
            self.network.settle()
            backend[-1].say(b"CONNECTED\nversion:1.2\n\n\0")
            self.network.settle()
            client.say_frames((1, b"SEND\ndestination:/queue/a\n\nhello\0"))
            self.network.settle()
            outcomes.append(b"SEND\n" in backend[-1].heard)
        self.assertEqual(outcomes, [True, False])

    def test_asked_once(self) -> None:
        """
        Whatever a client passes on its way, its credentials are looked at once.
        """
        for accept, scheme, ask in (
            (
                "http://localhost:8000/",
                "Basic",
                lambda said: self.ask("/", "Accept: text/event-stream", said),
            ),
            ("ws://localhost:8000/", "Basic", lambda said: self.browse("/", said)),
            ("ws://localhost:8000/", "Basic", lambda said: self._extended(said)),
            ("ws://localhost:8000/", "Basic", lambda said: self.ask("/;e/cbm", said)),
            ("sse://localhost:8000/", "Basic", lambda said: self.ask("/", said)),
        ):
            checker = Static()
            gateway = self.start(self.guarded("feed", "broadcast", accept, realm(scheme, checker)))
            ask(f"Authorization: {basic('joe:welcome')}")
            self.assertEqual(len(checker.attempts), 1, accept)
            gateway.stopService()
            self.network.wait(10)

    def _extended(self, said: str) -> None:
        client = self.browse("/", "Sec-WebSocket-Protocol: x-kaazing-handshake", said)
        client.say_frames((1, b"GET / HTTP/1.1\r\n\r\n"))
        self.network.settle()
        self.assertEqual(client.frames[0][1].split()[1], b"101")

    def test_challenges(self) -> None:
        """
        Browsers see no challenge that is for the original's clients, but where those come too.
        """
        config = realm("Application Basic")
        self.start(
            self.guarded("echo", "echo", "ws://localhost:8000/echo", config),
            self.guarded("feed", "broadcast", "sse://localhost:8000/feed", config),
            self.guarded("web", "broadcast", "http://localhost:8000/web", config),
        )
        stream = "Accept: text/event-stream"
        inside, outside = b'Application Basic realm="Demo"\r\n', b'Basic realm="Demo", charset="UTF-8"\r\n'
        for target, fields, challenge in (
            ("/echo/;e/cbm", (), inside),
            ("/feed", (stream,), inside),
            ("/web", (stream,), outside),
        ):
            heard = self.ask(target, *fields).heard
            self.assertIn(b"WWW-Authenticate: " + challenge, heard, target)


class AssemblyTests(LoginTestCase):
    """From realms in a configuration to their login modules."""

    def test_lives(self) -> None:
        """
        Login modules live as long as the gateway.
        """
        checker = Static()
        gateway = self.start(
            self.guarded("echo", "echo", "ws://localhost:8000/echo", realm("Basic", checker))
        )
        self.assertEqual(checker.calls, ["start"])
        stopped = gateway.stopService()
        self.network.wait(10)
        self.successResultOf(stopped)
        self.assertEqual(checker.calls, ["start", "stop"])

    def test_faults(self) -> None:
        """
        A login module that cannot be made is told with all other faults, before any port is bound.
        """
        config = realm(modules=(ModuleConfig(type="statik", success="required", line=7),))
        why = self.assertRaises(
            ConfigErrors, self.assemble, self.guarded("echo", "echo", "ws://localhost:8000/echo", config)
        )
        self.assertRegex(str(why), "^conf.xml:7: no login module is called 'statik'; there are: ")
        self.assertEqual(self.network.listening, {})


def common_name(certificate: Any) -> str:
    """Return the name of a certificate; empty for none."""
    if certificate is None:
        return ""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
