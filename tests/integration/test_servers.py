"""The servers that other tests put behind the gateway: each starts, and answers as its protocol says."""

from __future__ import annotations

import base64
import socket
import ssl
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.integration import servers

USER, PASSWORD, VHOST = servers.USER, servers.PASSWORD, servers.VHOST


def answer(port: int, question: bytes, until: bytes, ca: Path | None = None) -> bytes:
    """Ask a server, over TLS where C{ca} is given; return what it says, up to and with C{until}."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        if ca:
            context = ssl.create_default_context(cafile=ca)
            connection = context.wrap_socket(connection, server_hostname="localhost")
        return ask(connection, question, until)


def ask(connection: socket.socket, question: bytes, until: bytes) -> bytes:
    """As L{answer} does, on a connection that is there."""
    connection.sendall(question)
    said = b""
    while until not in said:
        more = connection.recv(65536)
        if not more:
            raise AssertionError(f"{until!r} never came: {said!r}")
        said += more
    return said[: said.index(until) + len(until)]


def mqtt_connect(user: str, password: str) -> bytes:
    """Return a CONNECT of MQTT 3.1.1 with a clean session and no client identifier."""

    def string(text: str) -> bytes:
        return len(text).to_bytes(2, "big") + text.encode()

    body = string("MQTT") + b"\x04\xc2\x00\x3c" + string("") + string(user) + string(password)
    return bytes((0x10, len(body))) + body


def xmpp_open(host: str) -> bytes:
    """Return the stream header of a client."""
    return (
        f"<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams'>"
    ).encode()


class BrokerTests(SynchronousTestCase):
    """RabbitMQ, ActiveMQ and Mosquitto."""

    def test_rabbitmq(self) -> None:
        """
        One port speaks both versions of AMQP, one STOMP, and one MQTT, which starts later.
        """
        rabbit = servers.rabbitmq()
        start = answer(rabbit.amqp, b"AMQP\x00\x00\x09\x01", b"RabbitMQ")
        self.assertEqual(
            start[:3] + start[7:13], b"\x01\x00\x00\x00\x0a\x00\x0a\x00\x09"
        )  # connection.start 0-9
        self.assertEqual(
            answer(rabbit.amqp, b"AMQP\x03\x01\x00\x00", b"\x03\x01\x00\x00"), b"AMQP\x03\x01\x00\x00"
        )
        connect = f"CONNECT\naccept-version:1.2\nhost:{VHOST}\nlogin:{USER}\npasscode:{PASSWORD}\n\n\0"
        self.assertTrue(answer(rabbit.stomp, connect.encode(), b"\0").startswith(b"CONNECTED\n"))
        connack = answer(rabbit.mqtt, mqtt_connect(f"{VHOST}:{USER}", PASSWORD), b"\x20\x02\x00\x00")
        self.assertEqual(connack, b"\x20\x02\x00\x00")

    def test_activemq(self) -> None:
        """
        It speaks STOMP, over TLS too, and OpenWire.
        """
        active = servers.activemq()
        connect = f"CONNECT\naccept-version:1.2\nhost:/\nlogin:{USER}\npasscode:{PASSWORD}\n\n\0".encode()
        self.assertIn(b"server:ActiveMQ/5", answer(active.stomp, connect, b"\0"))
        self.assertIn(b"server:ActiveMQ/5", answer(active.stomps, connect, b"\0", active.ca))
        self.assertIn(b"\x01ActiveMQ\0", answer(active.openwire, b"", b"ActiveMQ\0"))  # WIREFORMAT_INFO

    def test_activemq_killed(self) -> None:
        """
        One that was killed and started again has what it had taken.
        """
        active = servers.ActiveMQ()
        active.start()
        self.addCleanup(active.kill)
        login = f"CONNECT\naccept-version:1.2\nhost:/\nlogin:{USER}\npasscode:{PASSWORD}\n\n\0"
        send = "SEND\ndestination:/queue/kept\npersistent:true\nreceipt:1\n\nkept\0"
        self.assertIn(b"RECEIPT", answer(active.stomp, f"{login}{send}".encode(), b"receipt-id:1\n\n\0"))
        active.kill()
        active.start()
        take = "SUBSCRIBE\nid:1\ndestination:/queue/kept\n\n\0"
        self.assertIn(b"MESSAGE", answer(active.stomp, f"{login}{take}".encode(), b"\n\nkept\0"))

    def test_mosquitto(self) -> None:
        """
        It lets the user in, and nobody who guesses.
        """
        port = servers.mosquitto().mqtt
        self.assertEqual(answer(port, mqtt_connect(USER, PASSWORD), b"\x00\x00"), b"\x20\x02\x00\x00")
        self.assertEqual(answer(port, mqtt_connect(USER, "guess"), b"\x00\x05"), b"\x20\x02\x00\x05")

    def test_artemis(self) -> None:
        """
        AMQP 1.0 after a login, and STOMP for the user alone; killed and started again, it is where it was.
        """
        artemis = servers.Artemis()
        artemis.start()
        self.addCleanup(artemis.kill)
        sasl, connect = b"AMQP\x03\x01\x00\x00", "CONNECT\naccept-version:1.2\nlogin:{}\npasscode:{}\n\n\0"
        self.assertEqual(answer(artemis.amqp, sasl, sasl), sasl)
        mine, guessed = connect.format(USER, PASSWORD), connect.format(USER, "guess")
        self.assertTrue(answer(artemis.stomp, mine.encode(), b"\0").startswith(b"CONNECTED\n"))
        self.assertTrue(answer(artemis.stomp, guessed.encode(), b"\0").startswith(b"ERROR\n"))
        artemis.kill()
        self.assertRaises(OSError, answer, artemis.amqp, sasl, sasl)
        artemis.start()
        self.assertEqual(answer(artemis.amqp, sasl, sasl), sasl)


class XmppTests(SynchronousTestCase):
    """Prosody and ejabberd."""

    def test_prosody(self) -> None:
        """
        STARTTLS is required on one host and may be left out on the other; or TLS comes first.
        """
        prosody = servers.prosody()
        closed = answer(prosody.client, xmpp_open("localhost"), b"</stream:features>")
        self.assertIn(b"<required/>", closed)
        self.assertNotIn(b"<mechanism>", closed)
        free = answer(prosody.client, xmpp_open("plain.localhost"), b"</stream:features>")
        self.assertIn(b"<mechanism>PLAIN</mechanism>", free)
        direct = answer(prosody.direct, xmpp_open("localhost"), b"</stream:features>", prosody.ca)
        self.assertIn(b"<mechanism>SCRAM-SHA-1</mechanism>", direct)
        self.assertIn(b"<mechanism>PLAIN</mechanism>", direct)

    def test_ejabberd(self) -> None:
        """
        STARTTLS is required at one port, and may be left out at the other.
        """
        ejabberd = servers.ejabberd()
        closed = answer(ejabberd.client, xmpp_open("localhost"), b"</stream:features>")
        self.assertIn(b"<required/>", closed)
        free = answer(ejabberd.plain, xmpp_open("localhost"), b"</stream:features>")
        self.assertIn(b"<mechanism>SCRAM-SHA-1</mechanism>", free)


class IrcTests(SynchronousTestCase):
    """ngIRCd and InspIRCd; each believes the address that WEBIRC names."""

    def webirc(self, port: int, password: str, nick: str) -> bytes:
        """Log in from 192.0.2.7 behind a gateway; return where the server says this client comes from."""
        lines = [
            f"WEBIRC {servers.irc.WEBIRC} gateway somewhere.test 192.0.2.7",
            *([f"PASS {password}"] if password else []),
            f"NICK {nick}",
            f"USER {nick} 0 * :{nick}",
        ]
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            ask(client, "".join(f"{line}\r\n" for line in lines).encode(), b" 001 ")
            return ask(client, f"WHOIS {nick}\r\n".encode(), b" 318 ")

    def test_ngircd(self) -> None:
        """
        It wants the server's password.
        """
        ngircd = servers.ngircd()
        self.assertIn(b"192.0.2.7", self.webirc(ngircd.irc, ngircd.password, "ann"))
        refused = answer(ngircd.irc, b"PASS guess\r\nNICK ben\r\nUSER ben 0 * :ben\r\n", b"\r\n")
        self.assertIn(b"Bad password", refused)

    def test_inspircd(self) -> None:
        """
        It offers STARTTLS and SASL PLAIN, where the user has an account; or TLS comes first.
        """
        inspircd = servers.inspircd()
        self.assertIn(b"192.0.2.7", self.webirc(inspircd.irc, "", "ann"))
        offered = answer(inspircd.irc, b"CAP LS 302\r\n", b"\r\n")
        self.assertIn(b"sasl=PLAIN", offered)
        self.assertIn(b"tls", offered.split())
        self.assertIn(b"sasl=PLAIN", answer(inspircd.tls, b"CAP LS 302\r\n", b"\r\n", inspircd.ca))
        with socket.create_connection(("127.0.0.1", inspircd.irc), 10) as client:
            ask(client, b"CAP REQ sasl\r\nNICK cid\r\nUSER cid 0 * :cid\r\n", b" ACK ")
            ask(client, b"AUTHENTICATE PLAIN\r\n", b"AUTHENTICATE :+\r\n")
            login = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())
            self.assertIn(b" 900 ", ask(client, b"AUTHENTICATE " + login + b"\r\n", b" 903 "))


class ImapTests(SynchronousTestCase):
    """Dovecot."""

    def test_dovecot(self) -> None:
        """
        It greets before it is asked, and lets the user in.
        """
        login = f"a LOGIN {USER} {PASSWORD}\r\n".encode()
        self.assertTrue(answer(servers.dovecot().imap, login, b"a OK").startswith(b"* OK"))
