"""nginx and HAProxy in front of a gateway, configured as docs/operations.md says."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.integration.children import Child, free_ports
from tests.integration.gateway import ANY_SITE, Gateway, conf, service
from tests.integration.haproxy import haproxy
from tests.integration.nginx import nginx
from tests.integration.scenarios import in_chromium
from tests.integration.test_emulation import COUNT, ECHOED, EMULATED
from tests.integration.test_websockets import self_signed
from tests.integration.wse import ENCODINGS, Emulated
from tests.needs import ROOT

MESSAGES = (b"x", bytes(range(256)) * 256, "grüße")


@dataclass(frozen=True)
class Front:
    """A way to put a proxy in front.

    Attributes:
        name: for messages.
        run: starts it, given its own port, the gateway's and a certificate.
        tls: whether its clients speak TLS.
        options: more accept-options of the gateway.
        scheme: of the gateway's accept.
    """

    name: str
    run: Callable[[int, int, Path], AbstractContextManager[Child]]
    tls: bool = False
    options: str = ""
    scheme: str = "ws"


def documented(language: str, which: int = 0) -> str:
    """Return an example of docs/operations.md."""
    page = (ROOT / "docs" / "operations.md").read_text()
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    return found[which]


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Return a text with parts replaced, each of which must be there."""
    for old, new in changes:
        assert old in text, f"docs/operations.md has no {old!r}"
        text = text.replace(old, new)
    return text


def by_nginx(*changes: tuple[str, str], tls: bool = False) -> Callable[..., AbstractContextManager[Child]]:
    """Return what runs the documented nginx."""

    def run(port: int, gateway: int, certificate: Path) -> AbstractContextManager[Child]:
        text = documented("nginx")
        if tls:
            text = re.sub(r"(ssl_certificate(?:_key)?) .*;", rf"\1 {certificate};", text)
        else:
            text = re.sub(r".*ssl_certificate.*\n", "", text)
        listen = f"listen 127.0.0.1:{port}{' ssl' if tls else ''};"
        places = (("listen 443 ssl;", listen), ("http://127.0.0.1:8000", f"http://127.0.0.1:{gateway}"))
        return nginx(changed(text, *places, *changes), port)

    return run


def by_haproxy(
    which: int, *changes: tuple[str, str], tls: bool = False
) -> Callable[..., AbstractContextManager[Child]]:
    """Return what runs one of the documented HAProxys."""

    def run(port: int, gateway: int, certificate: Path) -> AbstractContextManager[Child]:
        bind = f"bind 127.0.0.1:{port}" + (f" ssl crt {certificate}" if tls else "")
        places = (
            ("bind :443 ssl crt /etc/haproxy/www.example.com.pem", bind),
            ("server gateway 127.0.0.1:8000", f"server gateway 127.0.0.1:{gateway}"),
        )
        return haproxy(changed(documented("haproxy", which), *places, *changes), port)

    return run


TOLD = "<proxy.trusted>127.0.0.1</proxy.trusted>"
INTRODUCED = TOLD + "<proxy.protocol>enabled</proxy.protocol>"
OFFLOADED = "<ssl.encryption>disabled</ssl.encryption>"
HEADER_1 = ("send-proxy-v2-ssl check", "send-proxy check inter 100ms")
HEADER_2 = ("send-proxy-v2-ssl check", "send-proxy-v2 check inter 100ms")

PAGE = f"<directory>{ROOT / 'tests/browser/page'}</directory><welcome-file>index.html</welcome-file>"

FRONTS = (
    Front("nginx", by_nginx(), options=TOLD),
    Front("nginx, TLS", by_nginx(tls=True), True, TOLD),
    Front("nginx, TLS, wss", by_nginx(tls=True), True, TOLD + OFFLOADED, "wss"),
    Front("HAProxy, http", by_haproxy(0), options=TOLD),
    Front("HAProxy, http, TLS", by_haproxy(0, tls=True), True, TOLD),
    Front("HAProxy, PROXY 1", by_haproxy(1, HEADER_1), options=INTRODUCED),
    Front("HAProxy, PROXY 2", by_haproxy(1, HEADER_2), options=INTRODUCED),
    Front("HAProxy, PROXY 2, TLS", by_haproxy(1, tls=True), True, INTRODUCED),
    Front(
        "HAProxy, PROXY 2, TLS passes", by_haproxy(1, HEADER_2), True,
        INTRODUCED + "<ssl.certificate-file>PEM</ssl.certificate-file>", "wss",
    ),
)  # fmt: skip
BUFFERS = ("proxy_buffering off;", "proxy_buffering on;")
IGNORES = ("proxy_buffering on;", "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;")
HINTS = ("proxy_buffering on;", "proxy_buffering on; proxy_set_header X-Kaazing-Proxy-Buffering on;")

BUFFERING = Front("nginx, buffering", by_nginx(BUFFERS), options=TOLD)
STUBBORN = Front("nginx, buffering everything", by_nginx(BUFFERS, IGNORES), options=TOLD)
HINTING = Front("nginx, buffering everything and saying so", by_nginx(BUFFERS, IGNORES, HINTS), options=TOLD)


class Scene:
    """A proxy, behind it an echo at /, a page at /pages/ and events at /events.

    Attributes:
        name: of the front.
        client: the address that the clients here come from; the proxies come from 127.0.0.1.
        origin: of the pages that a browser would get from here.
        other: another origin, with the other scheme where TLS is spoken.
    """

    def __init__(self, front: Front, number: int, port: int, backend: int, certificate: Path) -> None:
        self.name, self.client = front.name, f"127.0.0.{10 + number}"
        self.origin = f"{'https' if front.tls else 'http'}://127.0.0.1:{port}"
        self.other = f"http://127.0.0.1:{port}" if front.tls else f"http://127.0.0.2:{port}"
        self._port, self._backend = port, backend
        self._trusting = ssl.create_default_context(cafile=str(certificate)) if front.tls else None

    def websocket(self, *messages: bytes | str, origin: str | None = None, breaks: bool = False) -> list[Any]:
        """Send messages over a WebSocket through the proxy; return what comes back for each.

        C{breaks}: send what is no frame at the end, and wait for the connection to be closed.
        """
        return asyncio.run(self._websocket(messages, origin, breaks))

    async def _websocket(self, messages: Sequence[Any], origin: str | None, breaks: bool) -> list[Any]:
        heard = []
        async with connect(
            f"{self.origin.replace('http', 'ws')}/",
            compression=None,
            ssl=self._trusting,
            local_addr=(self.client, 0),
            additional_headers={"Origin": origin} if origin else None,
        ) as connection:
            for message in messages:
                await connection.send(message)
                heard.append(await asyncio.wait_for(connection.recv(), 10))
            if breaks:
                connection.transport.write(b"\xff\x80\0\0\0\0")
                await asyncio.wait_for(connection.wait_closed(), 10)
        return heard

    def emulated(self, encoding: str = "cbm", *, poll: bool = False, timeout: float = 10.0) -> Emulated:
        """Open an emulated one."""
        return Emulated(f"{self.origin}/", encoding, poll=poll, timeout=timeout, context=self._trusting)

    @contextmanager
    def events(self) -> Iterator[HTTPResponse]:
        """Ask for the events."""
        made: HTTPConnection
        if self._trusting is not None:
            made = HTTPSConnection("127.0.0.1", self._port, timeout=10, context=self._trusting)
        else:
            made = HTTPConnection("127.0.0.1", self._port, timeout=10)
        made.request("GET", "/events", headers={"Accept": "text/event-stream"})
        with made.getresponse() as response:
            yield response
        made.close()

    def tell(self, event: bytes) -> None:
        """Let the backend of the events say something."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as backend:
            backend.sendto(event, ("127.0.0.1", self._backend))


@contextmanager
def scenes(*fronts: Front) -> Iterator[tuple[Gateway, list[Scene]]]:
    """Run one gateway, and in front of it a proxy of each kind."""
    with TemporaryDirectory(prefix="kaazing-front-") as name, ExitStack() as running:
        certificate = self_signed(Path(name))
        made, proxies, services = [], [], []
        ports = iter(free_ports(3 * len(fronts)))
        for number, front in enumerate(fronts):
            port, behind, backend = next(ports), next(ports), next(ports)
            made.append(Scene(front, number, port, backend, certificate))
            proxies.append(partial(front.run, port, behind, certificate))
            place = f"//127.0.0.1:{port}"
            pages, events = ("https", "sse+ssl") if front.scheme == "wss" else ("http", "sse")
            options = f"<tcp.bind>127.0.0.1:{behind}</tcp.bind>{front.options}".replace(
                "PEM", str(certificate)
            )
            services += [
                service("echo", f"{front.scheme}:{place}/", accept_options=options),
                service(
                    "directory",
                    f"{pages}:{place}/pages",
                    accept_options=options,
                    properties=PAGE,
                ),
                service(
                    "broadcast",
                    f"{events}:{place}/events",
                    f"udp://127.0.0.1:{backend}",
                    accept_options=options,
                ),
            ]
        gateway = running.enter_context(Gateway(conf(*services).replace(ANY_SITE, "")))
        for proxy in proxies:
            running.enter_context(proxy())
        yield gateway, made


class InFrontTests(SynchronousTestCase):
    """Every documented way to put a proxy in front."""

    maxDiff = None

    def test_websocket(self) -> None:
        """
        Messages of any size pass both ways; the log names the client that broke a rule by its own
        address, and complains of no proxy.
        """
        with scenes(*FRONTS) as (gateway, fronts):
            for front in fronts:
                self.assertEqual(front.websocket(*MESSAGES, breaks=True), list(MESSAGES), front.name)
            said = gateway.said()
        for front in fronts:
            self.assertRegex(said, rf"(?m)^.*\b{front.client}:\d+.*RFC 6455.*$", front.name)
        self.assertNotIn("not let in", said)

    def test_origin(self) -> None:
        """
        A page of the site that the client sees comes in; one of the same host with the other scheme,
        or of another host, does not.
        """
        with scenes(*FRONTS) as (_, fronts):
            for front in fronts:
                self.assertEqual(front.websocket("hello", origin=front.origin), ["hello"], front.name)
                refused = self.assertRaises(InvalidStatus, front.websocket, origin=front.other)
                self.assertEqual(refused.response.status_code, 403, front.name)

    def test_emulation(self) -> None:
        """
        An emulated WebSocket is made by the client's own URLs, and passes messages both ways, as a
        stream and in responses that end.
        """
        with scenes(*FRONTS) as (_, fronts):
            for front in fronts:
                for poll in (False, True):
                    with front.emulated(poll=poll) as client:
                        for message in MESSAGES:
                            client.send(message)
                            self.assertEqual(client.receive(), message, (front.name, poll))
                        self.assertEqual(client.downstreams > 1, poll, front.name)

    def test_events(self) -> None:
        """
        Events arrive while their stream is open, also where the proxy would buffer other responses.
        """
        with scenes(*FRONTS, BUFFERING) as (_, fronts):
            for front in fronts:
                with front.events() as response:
                    heard = b""
                    for event in (b"first", b"second"):
                        front.tell(event)
                        while not heard.endswith(b"data:%b\n\n" % event):
                            heard += response.readline()
                    self.assertEqual(response.getheader("Content-Type"), "text/event-stream", front.name)


class BufferingTests(SynchronousTestCase):
    """An nginx that keeps each response until it is whole, whatever the gateway says."""

    def test_stream(self) -> None:
        """
        Of a streamed downstream nothing arrives; that is why there is long-poll.
        """
        with scenes(STUBBORN) as (_, [front]):
            client = front.emulated(timeout=1.0)
            client.send(b"hello")
            self.assertRaises(TimeoutError, client.receive)
            client.leave()

    def test_long_poll(self) -> None:
        """
        In responses that end, messages pass in all encodings; so they do for a client that does not
        ask for them where the proxy says that it buffers.
        """
        with scenes(STUBBORN, HINTING) as (_, fronts):
            for front, poll in zip(fronts, (True, False), strict=True):
                for encoding in ENCODINGS:
                    with front.emulated(encoding, poll=poll) as client:
                        for message in MESSAGES[:2]:
                            client.send(message)
                            self.assertEqual(client.receive(), message, (front.name, encoding))
                        self.assertEqual(client.downstreams, 2, front.name)

    def test_browser(self) -> None:
        """
        A page in Chromium, which comes through that proxy itself, has its messages echoed by long-poll,
        whether it asks for it or the proxy says that it is wanted, and over WebSocket.
        """
        with scenes(STUBBORN, HINTING) as (_, fronts):
            for front, polls in zip(fronts, (True, False), strict=True):
                page = f"{front.origin}/pages/"
                self.assertEqual(
                    in_chromium(page, "emulated", "emulated", url=front.origin, count=COUNT, polls=polls),
                    {**EMULATED, "downstreams": "many"},
                    front.name,
                )
            native = front.origin.replace("http", "ws")
            self.assertEqual(in_chromium(page, "emulated", "native", url=f"{native}/", count=COUNT), ECHOED)

    def test_websocket(self) -> None:
        """
        A WebSocket passes all the same: what is upgraded is not buffered.
        """
        with scenes(STUBBORN) as (_, [front]):
            self.assertEqual(front.websocket(b"hello"), [b"hello"])
