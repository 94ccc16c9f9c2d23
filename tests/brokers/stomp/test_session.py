"""The client's side of STOMP in memory."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.stomp.session import MAX_FRAME, Connected, Delivered, Done, Fact, Refused, Session
from kaazing.errors import BrokerRefused, ProtocolViolation
from kaazing.interfaces.adapters import Login
from kaazing.wire.stomp import Frame

CONNECTED = b"CONNECTED\nversion:1.1\nserver:ActiveMQ/5.17.2\nsession:ID:vm-1\nheart-beat:20000,5000\n\n\0\n"
MESSAGE = b"MESSAGE\nsubscription:7\nmessage-id:ID\\c1\ndestination:/queue/q\nv:a\\nb\n\nbody\0\n"
TOLD: list[Any] = [
    Connected("ActiveMQ/5.17.2", "ID:vm-1", sends=10.0, beats=20.0),
    Delivered(
        "7",
        Frame(
            "MESSAGE",
            (("subscription", "7"), ("message-id", "ID:1"), ("destination", "/queue/q"), ("v", "a\nb")),
            b"body",
        ),
    ),
    Done("3"),
    Refused("4", "no such topic", "no such topic\nat great length"),
]
STREAM = (
    CONNECTED + MESSAGE + b"RECEIPT\nreceipt-id:3\n\n\0\n\n\nERROR\nreceipt-id:4\nmessage:no such topic\n\n"
    b"at great length\0"
)


def session(login: Login | None = None, client_id: str = "", beat: float = 10.0) -> Session:
    """Return a session whose CONNECT was sent."""
    made = Session(login, "/", client_id, beat)
    made.opening()
    return made


def outcome(stream: bytes, *cuts: int) -> tuple[list[Fact], str]:
    """Return what a session says to a stream in pieces, and its last word."""
    made, told = session(), list[Fact]()
    try:
        for start, end in zip((0, *sorted(cuts)), (*sorted(cuts), len(stream)), strict=True):
            for fact in made.feed(stream[start:end]):
                told.append(fact)
    except ProtocolViolation as why:
        return told, str(why)
    return told, ""


class FactsTests(SynchronousTestCase):
    """What the broker says."""

    def test_stream(self) -> None:
        """
        Connected, a message, a receipt, an error; line ends in between are passed over.
        """
        told, why = outcome(STREAM)
        self.assertEqual((told[:3], why), (TOLD[:3], ""))
        self.assertEqual(told[3], Refused("4", "no such topic at great length", TOLD[3].text))

    def test_cuts(self) -> None:
        """
        What it says does not depend on where the stream is cut, the fault at its end neither.
        """
        bad = STREAM + b"HELLO\n\n\0"
        whole = outcome(bad)
        self.assertEqual(len(whole[0]), 4)
        self.assertEqual(
            whole[1], f"backend byte {len(STREAM)}: unknown command HELLO (STOMP 1.1, Augmented BNF)"
        )
        for cut in range(1, len(bad)):
            self.assertEqual(outcome(bad, cut), whole, cut)
        self.assertEqual(outcome(bad, *range(1, len(bad))), whole)

    @given(st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=5))
    def test_anything(self, noise: bytes, cuts: list[int]) -> None:
        """
        Whatever a broker sends is facts, and one sentence at most.
        """
        stream = CONNECTED + noise
        self.assertEqual(outcome(stream, *(min(cut, len(stream)) for cut in cuts)), outcome(stream))

    def test_first(self) -> None:
        """
        Nothing but CONNECTED and ERROR may come first, and no version that was not offered.
        """
        self.assertEqual(
            outcome(MESSAGE)[1],
            "backend byte 0: MESSAGE before the connection is made (STOMP 1.2, Connecting)",
        )
        self.assertEqual(
            outcome(b"CONNECTED\nversion:1.2\n\n\0")[1],
            "backend byte 0: version '1.2', which was not offered (STOMP 1.2, Protocol Negotiation)",
        )

    def test_traces(self) -> None:
        """
        Of an error with a stack trace only the message is passed on; of one without a message the body is.
        """
        trace = b"ERROR\nmessage:no\n\njavax.jms.JMSException: no\n\tat org.apache\n\tat org\0"
        ((refused,), _) = outcome(trace)
        self.assertEqual(refused, Refused(None, "no", f"no\n{trace[18:-1].decode()}"))
        ((refused,), _) = outcome(b"ERROR\n\n" + b"x\x1b" * 400 + b"\0")
        self.assertEqual(refused.why, ("x " * 400)[:300].strip())  # type: ignore[union-attr]
        ((refused,), _) = outcome(b"ERROR\n\n\0")
        self.assertEqual(refused.why, "no reason given")  # type: ignore[union-attr]

    def test_old(self) -> None:
        """
        A broker of STOMP 1.0 says no version, has no heart-beats, and escapes nothing.
        """
        made = session()
        (connected,) = made.feed(b"CONNECTED\nsession:1\nheart-beat:5,5\n\n\0")
        self.assertEqual((connected, made.version), (Connected("", "1", 0.0, 0.0), 10))
        (message,) = made.feed(b"MESSAGE\nmessage-id:a\\cb\ndestination:/queue/q\n\n\0")
        self.assertEqual(message.frame.get("message-id"), "a\\cb")  # type: ignore[union-attr]

    def test_carriage_returns(self) -> None:
        """
        RabbitMQ escapes them as STOMP 1.2 does, ActiveMQ sends them as they are.
        """
        for server, written in ((b"RabbitMQ/3.10.8", b"a\\rb"), (b"ActiveMQ/5.17.2", b"a\rb")):
            made = session()
            stream = b"CONNECTED\nversion:1.1\nserver:" + server + b"\n\n\0"
            (_, message) = made.feed(stream + MESSAGE.replace(b"a\\nb", written))
            self.assertEqual(message.frame.get("v"), "a\rb")  # type: ignore[union-attr]

    def test_heart_beats(self) -> None:
        """
        Each side beats as seldom as the other allows; zero is never.
        """
        for said, sends, beats in (("0,0", 0, 0), ("30000,0", 0, 30), ("0,1", 10, 0), ("x", 0, 0)):
            (connected,) = session().feed(f"CONNECTED\nversion:1.1\nheart-beat:{said}\n\n\0".encode())
            self.assertEqual(connected, Connected("", "", sends=sends, beats=beats))


class RequestTests(SynchronousTestCase):
    """What the broker is sent."""

    def test_opening(self) -> None:
        """
        CONNECT with what there is to say.
        """
        self.assertEqual(
            Session(None, "/", "", 10.0).opening(),
            b"CONNECT\naccept-version:1.0,1.1\nhost:/\nheart-beat:10000,10000\n\n\0",
        )
        self.assertEqual(
            Session(Login(username="ann", password="s:ecret"), "shop", "gw", 2.5).opening(),
            b"CONNECT\naccept-version:1.0,1.1\nhost:shop\nheart-beat:2500,2500\n"
            b"login:ann\npasscode:s:ecret\nclient-id:gw\n\n\0",
        )

    def test_login_unsayable(self) -> None:
        """
        A password with a line end would be two headers: it is refused, and not told.
        """
        made = Session(Login(username="ann", password="se\ncret"), "/", "", 10.0)
        why = self.assertRaises(BrokerRefused, made.opening)
        self.assertEqual(str(why), "the login, the host or the client id has a line end or NUL in it")

    def test_request(self) -> None:
        """
        Headers are escaped; bodies are as they are.
        """
        made = session()
        list(made.feed(CONNECTED))
        self.assertEqual(
            made.request("SEND", [("destination", "/queue/q"), ("v", "a:b\n\\")], b"x"),
            b"SEND\ndestination:/queue/q\nv:a\\cb\\n\\\\\n\nx\0",
        )

    def test_refused(self) -> None:
        """
        What brokers end a connection for is not sent: too much, and what cannot be said.
        """
        made = session()
        list(made.feed(CONNECTED))
        for headers, body, why in (
            ([("v", "")] * 501, b"", "a message has more than 500 headers"),
            ([("v", "x" * 10_000)], b"", "header 'v' has more than 10000 bytes"),
            ([("v", ":" * 5_000)], b"", "header 'v' has more than 10000 bytes"),
            ([("v", "\r")], b"", "header 'v' has a carriage return, not in STOMP 1.1, Value Encoding"),
            ([("v", "\0")], b"", "header 'v' cannot be said in this version of STOMP"),
            ([("", "")], b"", "header '' cannot be said in this version of STOMP"),
            ([], bytes(MAX_FRAME + 1), f"a message has more than {MAX_FRAME} bytes"),
        ):
            refused = self.assertRaises(BrokerRefused, made.request, "SEND", headers, body)
            self.assertEqual(str(refused), why)
        self.assertEqual(len(made.request("SEND", [("v", "x" * 9_998)])), 5 + 10_000 + 3)
