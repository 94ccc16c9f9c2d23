"""Unmodified IRC clients, ngIRCd and InspIRCd with Atheme, and the gateway with every line checked."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.integration import scenarios, servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.scenarios import at, in_chromium, in_node

COUNT = 100
"""Texts in a conversation."""

LONG = 1024 * 1024
"""Bytes of a text that is said in lines; less to InspIRCd, which ends who says a thousand at once."""

LOGIN = (
    f"<backend.username>{servers.USER}</backend.username>"
    f"<backend.password>{servers.PASSWORD}</backend.password>"
)
WEBIRC = f"<webirc.password>{servers.irc.WEBIRC}</webirc.password>"
EVERY_BYTE = bytes(sorted(set(range(1, 256)) - {10, 13}))
"""Every byte that a line can hold."""


@contextmanager
def gateway(backend: str, properties: str = "", options: str = "", scheme: str = "ws") -> Iterator[int]:
    """Run a gateway with one service before a server, and a page on the same port; yield the port."""
    port = free_port()
    accept = f"{scheme}://127.0.0.1:{port}" + ("/irc" if scheme == "ws" else "")
    services = [service("irc.proxy", accept, backend, properties=properties, connect_options=options)]
    if scheme == "ws":
        services.append(scenarios.page(port))
    with Gateway(conf(*services)):
        yield port


def inspircd() -> str:
    """Return where InspIRCd is."""
    return f"tcp://127.0.0.1:{servers.inspircd().irc}"


def ngircd(properties: str = "") -> tuple[str, str]:
    """Return where ngIRCd is, and the properties with the password that it wants."""
    server = servers.ngircd()
    password = f"<server.password>{server.password}</server.password>"
    return f"tcp://127.0.0.1:{server.irc}", password + properties


def connected(port: int, *subprotocols: str) -> Any:
    """Return a client that offers these."""
    return connect(f"ws://127.0.0.1:{port}/irc", subprotocols=[Subprotocol(each) for each in subprotocols])


def went_well(subprotocol: str, **more: Any) -> dict[str, Any]:
    """Return the facts of a conversation in which nothing was lost, changed or late."""
    facts = {"texts": COUNT, "long": True, "failed": False, "subprotocol": subprotocol, "alive": True}
    return {**facts, "host": "127.0.0.1", "account": None, **more}


class FrameworkTests(SynchronousTestCase):
    """irc-framework 4: two clients join a channel; one says a hundred texts in letters of many scripts and
    a long one in lines, the other hears it in order; both quit."""

    def converse(self, port: int, **options: Any) -> dict[str, Any]:
        """In Node."""
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": port,
            "channel": "#c",
            "count": COUNT,
            "long": LONG // 8,
        }
        return in_node("irc", "converse", **given | options)

    def test_login(self) -> None:
        """
        InspIRCd: the gateway logs in by SASL, and the client's guess does not matter; the server knows the
        client's address.
        """
        account = {"account": "ann", "password": "guess"}
        with gateway(inspircd(), LOGIN + WEBIRC) as port:
            facts = self.converse(port, protocol="text.ircv3.net", account=account)
        self.assertEqual(facts, went_well("text.ircv3.net", account=servers.USER))

    def test_chromium(self) -> None:
        """
        The same in a browser that knows of no login at all.
        """
        with gateway(inspircd(), LOGIN + WEBIRC) as port:
            options = {"host": "127.0.0.1", "port": port, "protocol": "text.ircv3.net"}
            said = {"channel": "#c", "count": COUNT, "long": LONG // 8}
            facts = in_chromium(at(port), "irc", "converse", **options, **said)
        self.assertEqual(facts, went_well("text.ircv3.net", account=servers.USER))

    def test_no_subprotocol(self) -> None:
        """
        ngIRCd, the server's password put in, for a client that comes again without a subprotocol when its
        own is not to be had; a mebibyte, and silence for two heart-beats.
        """
        backend, properties = ngircd(WEBIRC)
        with gateway(backend, properties) as port:
            self.assertEqual(self.converse(port, protocol="unheard.of", long=LONG), went_well(""))

    def test_wrong_password(self) -> None:
        """
        A wrong password in the configuration: the server's 904 reaches the client, and an ERROR.
        """
        with gateway(inspircd(), LOGIN.replace(servers.PASSWORD, "guess")) as port:
            facts = in_node("irc", "refused", host="127.0.0.1", port=port, protocol="text.ircv3.net")
        error = "ERROR :Closing link: the backend refuses the gateway's own login"
        self.assertEqual(facts, {"failed": True, "error": error})

    def test_wrong_server_password(self) -> None:
        """
        ngIRCd refuses the password in the configuration: its ERROR reaches the client.
        """
        wrong = "<server.password>guess</server.password>"
        with gateway(ngircd()[0], wrong) as port:
            facts = in_node("irc", "refused", host="127.0.0.1", port=port, protocol="text.ircv3.net")
        self.assertIn("Bad password", facts["error"])


class WebSocketTests(SynchronousTestCase):
    """What is hard to see through a client: kinds, bytes, refusals."""

    def registered(self, client: Any, nick: str) -> None:
        """Register with a name."""
        binary = client.subprotocol == "binary.ircv3.net"
        for line in (f"NICK {nick}", f"USER {nick} 0 * :{nick}"):
            client.send(line.encode() if binary else line)
        self.awaited(client, " 001 ")

    def awaited(self, client: Any, part: str) -> bytes:
        """Return the next line with this part."""
        while part.encode() not in (line := self.line(client)):
            pass
        return line

    def line(self, client: Any) -> bytes:
        """Return the next line, which is of the kind agreed on and has no end."""
        message = client.recv(10)
        binary = client.subprotocol == "binary.ircv3.net"
        self.assertIsInstance(message, bytes if binary else str)
        line: bytes = message if binary else message.encode()
        self.assertNotIn(b"\n", line)
        return line

    def test_every_byte(self) -> None:
        """
        Every byte that IRC knows passes in binary, and comes out as U+FFFD in text.
        """
        backend, properties = ngircd()
        with (
            gateway(backend, properties) as port,
            connected(port, "binary.ircv3.net") as ann,
            connected(port, "x", "text.ircv3.net") as bob,
        ):
            self.registered(ann, "ann")
            self.registered(bob, "bob")
            for nick in (b"ann", b"bob"):
                ann.send(b"PRIVMSG " + nick + b" :" + EVERY_BYTE)
            said = self.awaited(ann, "PRIVMSG").partition(b" :")[2]
            read = self.awaited(bob, "PRIVMSG").partition(b" :")[2]
        self.assertEqual(said, EVERY_BYTE)
        self.assertEqual(read.decode(), EVERY_BYTE.decode("utf-8", "replace"))

    def test_starttls(self) -> None:
        """
        InspIRCd: the gateway encrypts by STARTTLS, then says who the client is.
        """
        starttls = "<irc.starttls>required</irc.starttls>"
        ca = f"<ssl.ca-file>{servers.inspircd().ca}</ssl.ca-file>"
        with (
            gateway(inspircd(), LOGIN + WEBIRC + starttls, ca) as port,
            connected(port, "text.ircv3.net") as client,
        ):
            self.registered(client, "dan")
            client.send("WHOIS dan")
            self.assertIn(b" 330 dan dan alice :", self.awaited(client, " 330 "))

    def test_tls(self) -> None:
        """
        InspIRCd, where TLS comes first; the account is known there too.
        """
        server = servers.inspircd()
        backend, ca = f"ssl://localhost:{server.tls}", f"<ssl.ca-file>{server.ca}</ssl.ca-file>"
        with gateway(backend, LOGIN + WEBIRC, ca) as port, connected(port, "text.ircv3.net") as client:
            self.registered(client, "tls")
            client.send("WHOIS tls")
            self.assertIn(b" 330 tls tls alice :", self.awaited(client, " 330 "))

    def test_policy(self) -> None:
        """
        A channel that the policy denies: a numeric, and everything else goes on.
        """
        policy = "<policy><allow>*</allow><deny>join #secret</deny><deny>command oper</deny></policy>"
        backend, properties = ngircd(policy)
        with (
            gateway(backend, properties) as port,
            connected(port, "text.ircv3.net") as client,
        ):
            self.registered(client, "pat")
            client.send("OPER a b")
            self.assertIn(b" 421 pat OPER :", self.awaited(client, "OPER"))
            client.send("JOIN #Secret,#open")
            self.assertIn(b" 474 pat #Secret :", self.awaited(client, " 474 "))
            self.assertIn(b"JOIN :#open", self.awaited(client, "JOIN"))

    def test_violation(self) -> None:
        """
        A line that IRC forbids: an ERROR that names the rule, then close code 1002; the valid line
        before it has reached the server.
        """
        backend, properties = ngircd()
        with (
            gateway(backend, properties) as port,
            connected(port, "text.ircv3.net") as client,
        ):
            self.registered(client, "vic")
            client.send("PING :still there")
            self.awaited(client, "PONG")
            client.send("PR1VMSG vic :x")
            error = self.awaited(client, "ERROR")
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertIn(b"neither letters nor three digits (RFC 2812 section 2.3.1)", error)
        self.assertEqual(closed.rcvd.code, 1002)


class TcpTests(SynchronousTestCase):
    def test_tcp(self) -> None:
        """
        A client of plain TCP: lines in any cut, the server's last words, the end.
        """
        backend, properties = ngircd()
        with (
            gateway(backend, properties, scheme="tcp") as port,
            socket.create_connection(("127.0.0.1", port), 10) as client,
        ):
            for byte in b"NICK tom\r\nUSER tom 0 * :tom\nPING 1\r\nQUIT :bye\r\n":
                client.sendall(bytes((byte,)))
            said = client.makefile("rb").read()
        self.assertIn(b" 001 tom :", said)
        self.assertIn(b"PONG irc.test.invalid", said)
        self.assertTrue(said.endswith(b"\r\n") and b"\r\nERROR :" in said, said[-200:])

    def test_rate(self) -> None:
        """
        Lines that come faster than allowed wait, however many come at once, and none is lost.
        """
        backend, properties = ngircd("<maximum.message.rate>20</maximum.message.rate>")
        pings = [b"PING %d\r\n" % number for number in range(60)]
        with (
            gateway(backend, properties, scheme="tcp") as port,
            socket.create_connection(("127.0.0.1", port), 10) as client,
        ):
            start = time.monotonic()
            client.sendall(b"NICK slo\r\nUSER slo 0 * :slo\r\n" + b"".join(pings) + b"QUIT\r\n")
            said = client.makefile("rb").read()
            self.assertGreater(time.monotonic() - start, 1.5)
        self.assertEqual(said.count(b" PONG "), len(pings))
