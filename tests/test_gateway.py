"""From a configuration to bound ports and back: assembly, addresses, the polite end."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.logger import capturedLogs, formatEvent

from kaazing.config.model import AcceptOptions, TlsOptions
from kaazing.errors import ConfigErrors, ListenError
from kaazing.gateway import Gateway
from kaazing.transports.handshakes import CLOSE_TIMEOUT
from tests.running import GatewayTestCase, close, service
from tests.transports.certificates import SERVER

ECHO = service("echo", "echo", "ws://localhost:8000/echo")


class AssemblyTests(GatewayTestCase):
    def test_binds_when_privileged(self) -> None:
        """
        Assembling binds nothing; all ports are bound while the process may still bind low ones.
        """
        gateway = self.assemble(ECHO)
        self.assertEqual(self.network.listening, {})
        gateway.privilegedStartService()
        self.assertIn(("127.0.0.1", 8000), self.network.listening)
        gateway.startService()
        self.assertEqual(self.browse("/echo").head, "HTTP/1.1 101 Switching Protocols")

    def test_binds_under_every_runner(self) -> None:
        """
        A runner that only starts services finds them bound too.
        """
        self.assemble(ECHO).startService()
        self.assertIn(("127.0.0.1", 8000), self.network.listening)

    def test_shared_address(self) -> None:
        """
        All accepts at one address are served there, told apart by host and path.
        """
        here = AcceptOptions(binds={"ws": ("127.0.0.1", 8000)})
        self.start(
            service("one", "echo", "ws://localhost:8000/one"),
            service("two", "echo", "ws://localhost:8000/two"),
            service("three", "echo", "ws://other.example:8000/one", accept_options=here),
        )
        heads = {
            (host, path): self.browse(path, host=f"{host}:8000").head[9:12]
            for host in ("localhost", "other.example")
            for path in ("/one", "/two")
        }
        self.assertEqual(
            heads,
            {
                ("localhost", "/one"): "101",
                ("localhost", "/two"): "101",
                ("other.example", "/one"): "101",
                ("other.example", "/two"): "404",
            },
        )

    def test_says_so(self) -> None:
        """
        The log names each service with its accepts as they are written, the ports, the warnings.
        """
        config = service("echo", "echo", "ws://localhost:8000/echo?secret=1")
        with capturedLogs() as events:
            self.start(config, warnings=("one thing", "another"))
        said = [formatEvent(event) for event in events if event["log_namespace"] == "kaazing.gateway"]
        self.assertEqual(said[:2], ["one thing", "another"])
        self.assertEqual(said[2], "echo (echo): ws://localhost:8000/echo?secret=1")
        self.assertRegex(
            said[3], r"^started: 1 services on .*127\.0\.0\.1:8000.*; (native|pure).*; reactor Network$"
        )


class AddressTests(GatewayTestCase):
    def bound(self, accept: str, **options: Any) -> list[tuple[str, int]]:
        """Where an accept is listened on."""
        self.network.listening.clear()
        self.start(service("echo", "echo", accept, accept_options=AcceptOptions(**options)))
        return sorted(self.network.listening)

    def resolve(self, *addresses: str) -> None:
        """Let every name have these addresses, the last of them not this machine's."""

        def getaddrinfo(host: str, port: object, **more: object) -> list[Any]:
            if not addresses:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in addresses]

        self.patch(socket, "getaddrinfo", getaddrinfo)

    def test_addresses(self) -> None:
        """
        An accept is listened on at its address; on all of them for a wildcard.
        """
        self.assertEqual(self.bound("ws://127.0.0.1:8000/"), [("127.0.0.1", 8000)])
        self.assertEqual(self.bound("ws://0.0.0.0:8000/"), [("0.0.0.0", 8000)])
        self.assertEqual(self.bound("tcp://127.0.0.1:8000"), [("127.0.0.1", 8000)])
        self.assertEqual(self.bound("ws://127.0.0.1/"), [("127.0.0.1", 80)])

    def test_several(self) -> None:
        """
        A name of several addresses is listened on at each, once.
        """
        self.resolve("192.0.2.1", "192.0.2.2", "192.0.2.1")
        self.assertEqual(self.bound("ws://many.example:8000/"), [("192.0.2.1", 8000), ("192.0.2.2", 8000)])

    def test_interface(self) -> None:
        """
        A network interface stands for its address.
        """
        self.assertEqual(self.bound("ws://[@lo]:8000/"), [("127.0.0.1", 8000)])
        self.assertEqual(self.browse("/", host="anything").head, "HTTP/1.1 101 Switching Protocols")
        with self.assertRaises(ListenError) as caught:
            self.assemble(service("echo", "echo", "ws://[@nothing]:8000/"))
        self.assertEqual(
            str(caught.exception),
            "accept ws://[@nothing]:8000/: network interface 'nothing': No such device",
        )

    def test_bind(self) -> None:
        """
        A bind says where it is really listened on; clients go on naming the accept.
        """
        self.resolve("127.0.0.1")
        self.assertEqual(
            self.bound("ws://public.example/", binds={"ws": ("127.0.0.1", 8000), "tcp": ("x", 1)}),
            [("127.0.0.1", 8000)],
        )
        self.assertEqual(self.browse("/", host="public.example").head, "HTTP/1.1 101 Switching Protocols")
        self.assertEqual(self.browse("/", host="public.example:8000").head, "HTTP/1.1 404 Not Found")
        self.assertEqual(self.bound("ws://127.0.0.1/", binds={"ws": ("@lo", 9)}), [("127.0.0.1", 9)])

    def test_unknown_host(self) -> None:
        """
        A host without an address is named.
        """
        self.resolve()
        with self.assertRaises(ListenError) as caught:
            self.assemble(service("echo", "echo", "ws://nobody.example:8000/"))
        self.assertEqual(
            str(caught.exception),
            "accept ws://nobody.example:8000/: host 'nobody.example' has no address:"
            " Name or service not known",
        )

    def test_address_elsewhere(self) -> None:
        """
        Of an IPv4 and an IPv6 address, the one that this machine lacks is left out; an accept is never
        left out whole: binding its address says what is wrong.
        """
        both = [
            (family, socket.SOCK_STREAM, 6, "", (address, 0))
            for family, address in ((socket.AF_INET6, "2001:db8::1"), (socket.AF_INET, "127.0.0.1"))
        ]
        for entries, expected in ((both, "127.0.0.1"), (both[:1], "2001:db8::1")):
            self.patch(socket, "getaddrinfo", lambda *args, entries=entries, **more: entries)
            self.assertEqual(self.bound("ws://here.example:8000/"), [(expected, 8000)])

    def test_port_taken(self) -> None:
        """
        A port that is taken is named, with the service and the accept.
        """
        self.network.listenTCP(8000, Factory(), interface="127.0.0.1")
        with self.assertRaises(ListenError) as caught:
            self.start(service("echo", "echo", "ws://127.0.0.1:8000/echo"))
        self.assertEqual(
            str(caught.exception),
            "service 'echo', accept ws://127.0.0.1:8000/echo:"
            " cannot listen on 127.0.0.1:8000: Address already in use",
        )


class ClashTests(GatewayTestCase):
    """Accepts that cannot share an address."""

    def setUp(self) -> None:
        super().setUp()
        self.certificate = SERVER.write(Path(self.mktemp()))

    def refusal(self, first: str, second: str, **options: Any) -> str:
        """What is said of two services whose accepts are at one address under two names."""
        tls = AcceptOptions(tls=TlsOptions(certificate=self.certificate))
        second_tls = AcceptOptions(tls=TlsOptions(certificate=self.certificate, **options))
        with self.assertRaises(ConfigErrors) as caught:
            self.assemble(
                service("one", "echo", first, accept_options=tls, line=3),
                service("two", "echo", second, accept_options=second_tls, line=9),
            )
        return str(caught.exception)

    def test_streams(self) -> None:
        """
        A tcp accept shares its address with nobody: its clients say nothing of whom they want.
        """
        for first, second in (
            ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1"),
            ("tcp://127.0.0.1:1", "ws://127.0.0.1:1/"),
            ("ws://127.0.0.1:1/", "tcp://127.0.0.1:1"),
            ("wss://127.0.0.1:1/", "ssl://127.0.0.1:1"),
        ):
            self.assertEqual(
                self.refusal(first, second),
                f"conf.xml:9: accept {second} is at the same address as that of service 'one',"
                f" accept {first}",
            )

    def test_tls(self) -> None:
        """
        One address speaks TLS or does not: a wss accept is never served in clear.
        """
        for first, second in (("ws", "wss"), ("wss", "ws")):
            self.assertEqual(
                self.refusal(f"{first}://127.0.0.1:1/", f"{second}://127.0.0.1:1/"),
                f"conf.xml:9: accept {second}://127.0.0.1:1/ is at the same address, with and without TLS,"
                f" as that of service 'one', accept {first}://127.0.0.1:1/",
            )

    def test_tls_options(self) -> None:
        """
        What a handshake settles must be the same for all accepts of an address.
        """
        said = self.refusal("wss://127.0.0.1:1/", "wss://127.0.0.1:1/", protocols=("TLSv1.3", "TLSv1.3"))
        self.assertRegex(
            said,
            "^conf.xml:9: ssl.ciphers, ssl.protocols, ssl.verify-client, ssl.ca-file and ssl.crl-file must",
        )


class StopTests(GatewayTestCase):
    """The polite end."""

    def stop(self, gateway: Gateway) -> Deferred[None]:
        """Stop, and let what is sent arrive."""
        stopped: Deferred[None] = gateway.stopService()
        self.network.settle()
        return stopped

    def test_idle(self) -> None:
        """
        A gateway without clients stops at once and takes nobody in any more.
        """
        for gateway in (self.start(ECHO), self.assemble(ECHO)):
            self.successResultOf(self.stop(gateway))
            self.assertEqual(self.network.listening, {})

    def test_polite(self) -> None:
        """
        Clients get Close 1001, and the gateway waits for their answer.
        """
        gateway = self.start(ECHO)
        client = self.browse("/echo")
        stopped = self.stop(gateway)
        self.assertEqual(client.frames, [close(1001, b"the gateway goes away")])
        self.assertNoResult(stopped)
        client.say_frames(close(1001))
        self.network.settle()
        self.successResultOf(stopped)
        self.assertIsNotNone(client.ended)

    def test_no_answer(self) -> None:
        """
        Clients that never answer are waited for no longer than the close timeout.
        """
        gateway = self.start(ECHO, service("feed", "echo", "tcp://127.0.0.1:8001"))
        self.browse("/echo")
        stream = self.call(port=8001)
        stream.transport.pauseProducing()
        stopped = self.stop(gateway)
        self.network.wait(CLOSE_TIMEOUT - 1)
        self.assertNoResult(stopped)
        self.network.wait(2.5)
        self.successResultOf(stopped)

    def test_proxied(self) -> None:
        """
        The backends of the clients are left too.
        """
        backends = self.backend("192.0.2.7", 7)
        gateway = self.start(service("proxy", "proxy", "ws://localhost:8000/", connect="tcp://192.0.2.7:7"))
        client = self.browse("/")
        stopped = self.stop(gateway)
        client.say_frames(close(1001))
        self.network.settle()
        self.successResultOf(stopped)
        self.assertIsNotNone(backends[0].ended)

    def test_before_the_backend_answers(self) -> None:
        """
        A client whose backend is still being dialled gets its Close too.
        """
        self.network.silent.add(("192.0.2.7", 7))
        gateway = self.start(service("proxy", "proxy", "ws://localhost:8000/", connect="tcp://192.0.2.7:7"))
        client = self.browse("/")
        self.successResultOf(self.stop(gateway))
        self.assertEqual(client.frames, [close(1001, b"the gateway goes away")])

    def test_again(self) -> None:
        """
        A stopped gateway can be started again.
        """
        gateway = self.start(ECHO)
        self.successResultOf(self.stop(gateway))
        gateway.startService()
        client = self.browse("/echo")
        client.say_frames((1, b"hello"))
        self.network.settle()
        self.assertEqual(client.frames, [(1, b"hello")])
