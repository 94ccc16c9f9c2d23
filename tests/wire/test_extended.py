"""Tests for L{kaazing.wire.extended}: the messages of the extended handshake, and of its extensions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest, FrameViolation
from kaazing.wire.extended import (
    CONTROL,
    NOT_BALANCED,
    PING,
    PONG,
    Inner,
    Sign,
    Signs,
    answer,
    escape,
    manner,
    offered,
    read,
    redirection,
)
from kaazing.wire.heads import Head, peek
from kaazing.wire.lane import Lane
from kaazing.wire.switching import switching
from tests.wire.framing import raw

AUTO, TEXT, BINARY = 0, 1, 2
JAVASCRIPT = (
    b"GET /chat?room=1 HTTP/1.1\r\nWebSocket-Protocol: \r\nSec-WebSocket-Protocol: a,b\r\n"
    b"Sec-WebSocket-Extensions: x-kaazing-idle-timeout,x-kaazing-ping-pong\r\n"
    b"Authorization: Basic am9lOndlbGNvbWU=\r\n\r\n"
)


def opening(path: str = "/chat?.kl=Y", protocols: str = "x-kaazing-handshake") -> Head:
    """Return the head of an opening request."""
    head = peek(
        f"GET {path} HTTP/1.1\r\nHost: example.com\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: {protocols}\r\n\r\n".encode()
    )
    assert head is not None
    return head


class OpeningTests(SynchronousTestCase):
    """What the opening request says."""

    def test_offered(self) -> None:
        """
        The handshake is for who offers it before all else.
        """
        for protocols, yes in (
            ("x-kaazing-handshake", True),
            ("x-kaazing-handshake, a", True),
            ("a, x-kaazing-handshake", False),
            ("X-KAAZING-HANDSHAKE", False),
            ("", False),
        ):
            self.assertEqual(offered(opening(protocols=protocols)), yes, protocols)

    def test_manner(self) -> None:
        """
        Its parameters for the gateway are read, and taken out of what is for the service.
        """
        for query, balanced, ends, rest in (
            (".kl=Y", True, True, ""),
            ("room=1&.kl=Y&.kv=10.05", True, True, "room=1"),
            (".kv=10.05&a&b=", False, True, "a&b="),
            (".kl=N&x=.kl=Y", False, False, "x=.kl=Y"),
            (".kat=ticket&.kl=Y", True, True, ".kat=ticket"),
            ("", False, False, ""),
        ):
            read = manner(query)
            self.assertEqual((read.balanced, read.ends, read.query), (balanced, ends, rest), query)

    def test_balancer(self) -> None:
        """
        A balancer message is U+F0FF with N to stay, or R and where to go.
        """
        self.assertEqual(NOT_BALANCED, bytes.fromhex("ef83bf4e"))
        self.assertEqual(redirection("ws://b.example/x?y"), bytes.fromhex("ef83bf52") + b"ws://b.example/x?y")


class ReadTests(SynchronousTestCase):
    """The inner request."""

    def test_javascript(self) -> None:
        """
        The JavaScript client's request, its empty field included.
        """
        extensions = ("x-kaazing-idle-timeout", "x-kaazing-ping-pong")
        self.assertEqual(read(JAVASCRIPT, opening()), Inner(("a", "b"), extensions, "Basic am9lOndlbGNvbWU="))

    def test_least(self) -> None:
        """
        No field is needed; a client that has no path for the root gives none.
        """
        nothing = Inner((), (), None)
        self.assertEqual(read(b"GET /chat HTTP/1.1\r\n\r\n", opening()), nothing)
        for target in (b"", b"?a=b", b"/", b"/?a=b"):
            self.assertEqual(
                read(b"GET " + target + b" HTTP/1.1\r\n\r\n", opening("/?.kl=Y")), nothing, target
            )

    def test_extensions(self) -> None:
        """
        Extensions are known by their names, whatever their parameters.
        """
        fields = (
            b"X-WebSocket-Extensions: A; b=c ,, x-kaazing-ping-pong;01010102\r\nHost: h\r\nConnection: c\r\n"
        )
        inner = read(b"GET /chat HTTP/1.1\r\n" + fields + b"\r\n", opening())
        self.assertEqual(inner.extensions, ("a", "x-kaazing-ping-pong"))

    def test_refused(self) -> None:
        """
        What is not one whole request of the few that there are is refused.
        """
        no_get = "a message that is not one whole GET request of HTTP/1.1"
        for request, fault in (
            (b"", no_get),
            (b"hello", no_get),
            (JAVASCRIPT[:-1], no_get),
            (JAVASCRIPT + b"x", no_get),
            (JAVASCRIPT.replace(b"GET", b"POST"), no_get),
            (JAVASCRIPT.replace(b"1.1", b"1.0"), no_get),
            (JAVASCRIPT.replace(b"\r\n", b"\n"), no_get),
            (JAVASCRIPT.replace(b"a,b", "ä".encode()), no_get),
            (JAVASCRIPT.replace(b"/chat", b"/chats"), "a path other than that of the opening request"),
            (JAVASCRIPT.replace(b"/chat", b"/chat/."), "a path other than that of the opening request"),
            (JAVASCRIPT.replace(b"a,b", b"a,a"), "subprotocols that are not different"),
            (JAVASCRIPT.replace(b"a,b", b"a,,b"), "subprotocols that are no list of tokens"),
            (JAVASCRIPT.replace(b"a,b", b"a b"), "subprotocols that are no list of tokens"),
            (JAVASCRIPT.replace(b"a,b", b"a,"), "subprotocols that are no list of tokens"),
            (JAVASCRIPT.replace(b"l: \r", b"l: c\r"), "protocols more than once"),
            (JAVASCRIPT[:-2] + b"Authorization: x\r\n\r\n", "authorization more than once"),
            (JAVASCRIPT[:-2] + b"Cookie: a=b\r\n\r\n", "a field that the extended handshake does not have"),
            (
                JAVASCRIPT[:-2] + b"Content-Length: 5\r\n\r\n",
                "a field that the extended handshake does not have",
            ),
        ):
            with self.assertRaises(BadRequest) as caught:
                read(request, opening())
            self.assertEqual((caught.exception.status, caught.exception.what), (400, fault), request)
        with self.assertRaises(BadRequest) as caught:
            read(JAVASCRIPT[:-2] + b"Authorization: " + b"x" * 16_384 + b"\r\n\r\n", opening())
        self.assertEqual(caught.exception.status, 431)

    @given(st.binary(max_size=80), st.integers(0, len(JAVASCRIPT)))
    def test_any_bytes(self, data: bytes, at: int) -> None:
        """
        Any message is read or refused.
        """
        for message in (data, JAVASCRIPT[:at] + data + JAVASCRIPT[at:]):
            try:
                read(message, opening())
            except BadRequest as why:
                self.assertEqual(why.status, 400)

    def test_no_secret(self) -> None:
        """
        Credentials are not shown.
        """
        self.assertNotIn("am9lOndlbGNvbWU", repr(read(JAVASCRIPT, opening())))


class AnswerTests(SynchronousTestCase):
    """The answers."""

    def test_let_in(self) -> None:
        """
        The 101 has the accept value of the opening request's key, a field for each extension, and none
        for a subprotocol that was not chosen.
        """
        common = (
            b"HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        )
        self.assertEqual(answer(101, switching(opening(), None, ())), common + b"\r\n")
        self.assertEqual(
            answer(101, switching(opening(), "a", ("b;c", "d"))),
            common + b"Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: b;c\r\n"
            b"Sec-WebSocket-Extensions: d\r\n\r\n",
        )

    def test_others(self) -> None:
        """
        Other answers are as anywhere.
        """
        self.assertEqual(
            answer(401, [(b"WWW-Authenticate", b"Application Basic")]),
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Application Basic\r\n\r\n",
        )


class SignTests(SynchronousTestCase):
    """The ping-pong extension."""

    def taken(self, *messages: tuple[int, bytes]) -> list[object]:
        """Return what messages are: signs, the payload of the application's own, and the fault."""
        signs = Signs()
        found: list[object] = []
        for kind, data in messages:
            try:
                found.append(signs.take(data, kind) or data)
            except FrameViolation as why:
                found.append(f"{why.close_code} {why}")
        return found

    def test_signs(self) -> None:
        """
        Pings and pongs are text messages that begin with four bytes.
        """
        messages = ((TEXT, PING), (TEXT, b"hello"), (TEXT, PONG), (TEXT, b""), (TEXT, CONTROL[:3]))
        self.assertEqual(self.taken(*messages), [Sign.PING, b"hello", Sign.PONG, b"", CONTROL[:3]])

    def test_escaped(self) -> None:
        """
        The application's own that begins so, an escape even, comes behind an escape.
        """
        for own in (PING, CONTROL, CONTROL + b"anything"):
            self.assertEqual(self.taken((TEXT, CONTROL), (TEXT, own)), [Sign.ESCAPE, own])
            self.assertEqual(escape([b"a", own], TEXT), [b"a", CONTROL, own])

    def test_binary(self) -> None:
        """
        Binary messages are the application's, whatever they begin with, and between an escape and its
        text too.
        """
        self.assertEqual(self.taken((BINARY, PING), (BINARY, CONTROL)), [PING, CONTROL])
        between = ((TEXT, CONTROL), (BINARY, b"x"), (TEXT, PONG), (TEXT, PONG))
        self.assertEqual(self.taken(*between), [Sign.ESCAPE, b"x", PONG, Sign.PONG])
        self.assertEqual(escape([PING], BINARY), [PING])

    def test_kind_by_content(self) -> None:
        """
        Where the kind depends on the content, only what is text is escaped.
        """
        text, binary = CONTROL + b"text", CONTROL + b"\xff"
        self.assertEqual(escape([text, binary], AUTO), [CONTROL, text, binary])

    def test_refused(self) -> None:
        """
        Text that begins like a sign and is none breaks the extension's rules.
        """
        for bad in (CONTROL + b"\x09", CONTROL + b"\x09\0\0", CONTROL + b"\x08\0", CONTROL + b"hello"):
            fault = (
                "1002 client byte 5: text that begins like a ping and is none, and is not escaped"
                " (x-kaazing-ping-pong)"
            )
            self.assertEqual(self.taken((TEXT, b"hello"), (TEXT, bad)), [b"hello", fault], bad)

    def test_cuts(self) -> None:
        """
        What the messages are does not depend on where the stream of frames is cut, fragments included.
        """
        stream = (
            raw(TEXT, PING) + raw(TEXT, CONTROL) + raw(TEXT, PING[:3], final=False) + raw(9, b"")
            + raw(0, PING[3:]) + raw(BINARY, CONTROL) + raw(TEXT, CONTROL + b"no")
        )  # fmt: skip
        wanted = self.taken(
            (TEXT, PING), (TEXT, CONTROL), (TEXT, PING), (BINARY, CONTROL), (TEXT, CONTROL + b"no")
        )
        self.assertEqual(wanted[:4], [Sign.PING, Sign.ESCAPE, PING, CONTROL])
        for cut in range(1, len(stream) + 1):
            lane = Lane(True, 1000, True)
            parts = [stream[at : at + cut] for at in range(0, len(stream), cut)]
            messages = [item for part in parts for item in lane.feed(part) if item[0] < 8]
            self.assertEqual(self.taken(*messages), wanted, cut)

    @given(st.lists(st.binary(max_size=9) | st.sampled_from([PING, PONG, CONTROL, CONTROL + b"x"])))
    def test_there_and_back(self, messages: list[bytes]) -> None:
        """
        Whatever texts are sent escaped are taken as they were.
        """
        taken = self.taken(*((TEXT, message) for message in escape(messages, TEXT)))
        self.assertEqual([message for message in taken if message is not Sign.ESCAPE], messages)
