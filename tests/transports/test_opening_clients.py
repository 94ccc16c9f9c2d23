"""Tests for L{kaazing.transports.opening}: the traffic of the original's own clients, byte for byte."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.services import Visit, Welcome
from tests.transports.doors import House, Usher
from tests.transports.originals import BINARY, CLOSE, END, STAYS, SWITCHED, TEXT, Original, inside, welcome

PING, PONG = b"\1\1\1\2\x09\0", b"\1\1\1\2\x0a\0"
CHALLENGE = b'Application Basic realm="Kaazing Gateway Demo"'
JAVASCRIPT = (
    b"GET /chat HTTP/1.1\r\n"
    b"WebSocket-Protocol: \r\n"
    b"Sec-WebSocket-Protocol: %b\r\n"
    b"Sec-WebSocket-Extensions: x-kaazing-idle-timeout,x-kaazing-ping-pong\r\n"
    b"%b\r\n"
)
JAVA = (
    b"GET /chat HTTP/1.1\r\n"
    b"Sec-WebSocket-Protocol: amqp091\r\n"
    b"Sec-WebSocket-Extensions: x-kaazing-idle-timeout\r\n"
    b"%b\r\n"
)


def realm(visit: Visit) -> BadRequest | None:
    """A realm with one user, joe, whose password is welcome."""
    if visit.headers.get("authorization") == "Basic am9lOndlbGNvbWU=":
        return None
    return BadRequest(
        401, "who are you?", rule="RFC 9110 section 15.5.2", headers=[(b"WWW-Authenticate", CHALLENGE)]
    )


class JavaScriptTests(SynchronousTestCase):
    """The JavaScript client: text messages, both extensions, balancer messages."""

    def test_plain(self) -> None:
        """
        Opening request, balancer message, inner request, answer, end, balancer message; then messages,
        and the Close of either end.
        """
        house = House(inactivity=30.0, extends=True)
        client = Original(house, protocols=b"x-kaazing-handshake")
        self.assertEqual((client.head, client.heard), (SWITCHED, [STAYS]))
        self.assertEqual((house.host.visits, house.host.guests), ([], []))
        client.say((TEXT, JAVASCRIPT % (b"", b"")))
        let_in = welcome(
            b"Sec-WebSocket-Extensions: x-kaazing-idle-timeout;timeout=30000",
            b"Sec-WebSocket-Extensions: x-kaazing-ping-pong;01010102",
        )
        self.assertEqual(client.heard, [STAYS, let_in, END, STAYS])
        (channel,) = house.host.guests
        ear = house.host.listen()
        client.say((TEXT, b"hello"), (BINARY, b"\0"))
        channel.send(b"world", Kind.TEXT)
        self.assertEqual((ear.heard, client.heard[4:]), ([b"hello", b"\0"], [(TEXT, b"world")]))
        client.say((CLOSE, b"\x03\xe8"))
        channel.finish()
        self.assertEqual((ear.heard[2:], client.heard[5:]), (["ended"], [(CLOSE, b"\x03\xe8")]))

    def test_visit(self) -> None:
        """
        The service sees the subprotocols and credentials of the inner request, the rest of the opening
        one, and none of the handshake.
        """
        house = House(welcome=Welcome("b"), extends=True)
        client = Original(
            house, b"/chat?room=1&.kl=Y", b"x-kaazing-handshake, a", b"Cookie: k=v", b"Authorization: no"
        )
        client.say((TEXT, JAVASCRIPT % (b"a,b", b"Authorization: Token x\r\n")))
        (visit,) = house.host.visits
        self.assertEqual((visit.path, visit.query, visit.subprotocols), ("/chat", "room=1", ("a", "b")))
        asked = {name: visit.headers[name] for name in ("cookie", "authorization", "sec-websocket-protocol")}
        self.assertEqual(
            asked, {"cookie": "k=v", "authorization": "Token x", "sec-websocket-protocol": "a, b"}
        )
        self.assertNotIn("sec-websocket-extensions", visit.headers)
        self.assertIn(b"\r\nSec-WebSocket-Protocol: b\r\n", client.heard[1][1])
        self.assertEqual(house.host.guests[0].subprotocol, "b")

    def test_challenge(self) -> None:
        """
        Who has to log in is challenged inside the WebSocket, and asks again there with credentials.
        """
        house = House(extends=True, guard=Usher(realm))
        client = Original(house)
        client.say((TEXT, JAVASCRIPT % (b"", b"")))
        challenged = inside(
            b"WWW-Authenticate: " + CHALLENGE, b"Content-Length: 0", status=b"401 Unauthorized"
        )
        self.assertEqual(client.heard, [STAYS, challenged, END])
        house.wait(60)  # for a person to type
        client.say((TEXT, JAVASCRIPT % (b"", b"Authorization: Basic am9lOndyb25n\r\n")))
        self.assertEqual(client.heard, [STAYS, challenged, END, challenged, END])
        self.assertEqual(house.host.visits, [])
        client.say((TEXT, JAVASCRIPT % (b"", b"Authorization: Basic am9lOndlbGNvbWU=\r\n")))
        let_in = welcome(b"Sec-WebSocket-Extensions: x-kaazing-ping-pong;01010102")
        self.assertEqual(client.heard[5:], [let_in, END, STAYS])
        self.assertEqual(len(house.host.guests), 1)

    def test_text_pings(self) -> None:
        """
        The client is pinged by a text message, answers with one, and the time between is its latency.
        """
        house = House(inactivity=10.0, extends=True)
        client = Original(house)
        client.say((TEXT, JAVASCRIPT % (b"", b"")))
        ear = house.host.listen()
        (channel,) = house.host.guests
        self.assertIsNone(channel.latency)
        while (TEXT, PING) not in client.heard:
            house.wait(0.5)
        house.clock.advance(0.25)
        client.say((TEXT, PONG))
        self.assertEqual((ear.heard, channel.latency), ([], 0.25))

    def test_any_cut(self) -> None:
        """
        It is all the same wherever the client's bytes are cut, and when all come at once.
        """
        request = JAVASCRIPT % (b"", b"Authorization: Basic am9lOndlbGNvbWU=\r\n")
        said = (
            (TEXT, JAVASCRIPT % (b"", b"")),
            (TEXT, request),
            (TEXT, PING),
            (TEXT, b"hello"),
            (CLOSE, b""),
        )
        outcomes = []
        for cut in (0, 1, 2, 3, 5, 50, 200):
            house = House(extends=True, guard=Usher(realm))
            client = Original(house)
            client.say(*said, cut=cut)
            (channel,) = house.host.guests
            ear = house.host.listen()
            channel.finish()
            outcomes.append((ear.heard, client.heard))
        heard, frames = outcomes[0]
        self.assertEqual(heard, [b"hello", "ended"])
        self.assertEqual(frames[-3:], [STAYS, (TEXT, PONG), (CLOSE, b"")])
        self.assertEqual(outcomes, [outcomes[0]] * len(outcomes))


class JavaTests(SynchronousTestCase):
    """The Java client: binary messages, no text pings."""

    def test_plain(self) -> None:
        """
        It compares the whole status line; its request and the answers are binary messages.
        """
        house = House(welcome=Welcome("amqp091"), inactivity=15.0, extends=True)
        client = Original(house, protocols=b"x-kaazing-handshake,amqp091")
        self.assertTrue(client.head.startswith(b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"))
        client.say((BINARY, JAVA % b""))
        let_in = welcome(
            b"Sec-WebSocket-Protocol: amqp091",
            b"Sec-WebSocket-Extensions: x-kaazing-idle-timeout;timeout=15000",
        )
        self.assertEqual((client.head, client.heard), (SWITCHED, [STAYS, let_in, END, STAYS]))
        ear = house.host.listen()
        client.say((TEXT, PING), (BINARY, b"AMQP"))
        self.assertEqual(ear.heard, [PING, b"AMQP"])

    def test_subprotocols(self) -> None:
        """
        Its last releases name their subprotocols in the opening request alone: these are offered.
        """
        house = House(welcome=Welcome("beta"), extends=True)
        client = Original(house, protocols=b"x-kaazing-handshake,alpha,beta")
        client.say(
            (BINARY, b"GET /chat HTTP/1.1\r\nSec-WebSocket-Extensions: x-kaazing-idle-timeout\r\n\r\n")
        )
        (visit,) = house.host.visits
        said = visit.headers["sec-websocket-protocol"]
        self.assertEqual((visit.subprotocols, said), (("alpha", "beta"), "alpha, beta"))
        self.assertEqual(client.heard, [STAYS, welcome(b"Sec-WebSocket-Protocol: beta"), END, STAYS])

    def test_challenge(self) -> None:
        """
        The same challenge, and the same answer.
        """
        house = House(extends=True, guard=Usher(realm))
        client = Original(house, protocols=b"x-kaazing-handshake,amqp091")
        client.say((BINARY, JAVA % b""))
        self.assertEqual([STAYS, client.heard[1], END], client.heard)
        self.assertIn(b"\r\nWWW-Authenticate: " + CHALLENGE + b"\r\n", client.heard[1][1])
        client.say((BINARY, JAVA % b"Authorization: Basic am9lOndlbGNvbWU=\r\n"))
        self.assertEqual(client.heard[3:], [welcome(), END, STAYS])
