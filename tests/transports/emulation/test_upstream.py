"""What clients send: every encoding, every cut, and what is wrong with it."""

from __future__ import annotations

from kaazing.wire.wse import CLOSE, NOP, PING, PONG, RECONNECT
from tests.transports.doors import answers, get
from tests.transports.emulation.stage import (
    BAD,
    DONE,
    JAVASCRIPT,
    PINGS,
    Client,
    StageTestCase,
    body,
    closing,
)

MESSAGES = b"\x81\x03a\0z\x80\x02\r\n\x00over\xff\x81\x00\x80\x01\x7f"
HEARD = [b"a\0z", b"\r\n", b"over", b"", b"\x7f"]


def encoded(code: str, frames: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Return frames as a client encodes them, and the header fields that say how."""
    if "e" in code:
        frames = frames.replace(b"\x7f", b"\x7f\x7f").replace(b"\0", b"\x7f0")
        frames = frames.replace(b"\r", b"\x7fr").replace(b"\n", b"\x7fn")
    return (frames.decode("latin-1").encode(), JAVASCRIPT) if "t" in code else (frames, ())


class BodyTests(StageTestCase):
    """Frames in requests."""

    def test_every_cut(self) -> None:
        """
        In every encoding, wherever the request is cut, the messages come whole and 200 follows.
        """
        for code in ("b", "t", "te", "bm", "tm", "tem"):
            frames, fields = encoded(code, MESSAGES + RECONNECT)
            length = len(self.play(code).request(frames, *fields))
            for cut in range(1, length + 1, 1 if code == "tem" else 7):
                client = self.play(code)
                client.wire.say(client.request(frames, *fields), cut)
                self.assertEqual(self.ear.heard, HEARD, f"{code}, cut every {cut}")
                self.assertEqual(answers(client.wire.value()), [DONE])
                self.assertEqual(client.wire.fate, "open")

    def test_sent_as_binary(self) -> None:
        """
        In a session of text, bytes whose type is not text are taken as they are.
        """
        client = self.play("tm")
        self.assertEqual(client.post(b"\x80\x02\xff\xfe", b"Content-Type: application/octet-stream"), DONE)
        self.assertEqual(self.ear.heard, [b"\xff\xfe"])

    def test_character_256(self) -> None:
        """
        Browsers that cannot send the character 0 send 256 for it.
        """
        client = self.play("tm")
        self.assertEqual(client.post("\x81\x01Ā".encode(), *JAVASCRIPT), DONE)
        self.assertEqual(self.ear.heard, [b"\0"])

    def test_pieces(self) -> None:
        """
        A receiver that wants no whole messages gets what is there; empty messages say nothing then.
        """
        self.play()
        client = self.stage.create()
        ear = client.listen(whole=False)
        request = client.request(b"\x81\x05hello\x81\x00" + RECONNECT)
        client.wire.say(request[:-8])
        client.wire.say(request[-8:])
        self.assertEqual(ear.heard, [b"hel", b"lo"])

    def test_chunked(self) -> None:
        """
        A request may go on for as long as the client likes, chunk by chunk, until RECONNECT.
        """
        client = self.play()
        chunked = (b"Transfer-Encoding: chunked", b"X-Sequence-No: 1")
        client.wire.say(get(client.up.encode(), *chunked, method=b"POST"))
        self.wait(50)
        for word in (b"one", b"two"):
            client.wire.say(b"5\r\n\x81\x03" + word + b"\r\n")
            self.assertEqual(self.ear.heard[-1], word)
        self.assertEqual(client.wire.value(), b"")
        client.wire.say(b"4\r\n" + RECONNECT + b"\r\n0\r\n\r\n")
        self.assertEqual(answers(client.wire.value()), [DONE])

    def test_in_a_row(self) -> None:
        """
        Request follows request on one connection, each with the next number.
        """
        client = self.play(number=9007199254740000)
        for number in range(5):
            self.assertEqual(client.post(b"\x80\x01" + b"%d" % number), DONE)
        self.assertEqual(self.ear.heard, [b"0", b"1", b"2", b"3", b"4"])

    def test_nop(self) -> None:
        """
        NOPs, alone or in one frame with others, say nothing.
        """
        client = self.play()
        self.assertEqual(client.post(NOP + b"\x010000\xff\x80\x01x" + NOP), DONE)
        self.assertEqual(self.ear.heard, [b"x"])


class FaultTests(StageTestCase):
    """What breaks a rule: 400, CLOSE and RECONNECT downstream, and what came before it is heard."""

    def check(self, client: Client, frames: bytes, said: str, *fields: bytes) -> None:
        """Send a message and then what is wrong."""
        down = client.attach()
        client.wire.say(client.request(frames, *fields))
        (answer,) = answers(client.wire.value())
        self.assertIn(answer, (BAD, closing(BAD)), said)
        self.assertEqual(self.ear.heard[-1], said)
        self.assertEqual(body(down), CLOSE + RECONNECT, said)
        self.assertEqual((down.fate, client.channel.open), ("finished", False))

    def test_frames(self) -> None:
        """
        Each fault is told with its place in the session's stream of frames and the rule it breaks.
        """
        good = b"\x81\x02ok"
        for wrong, said in (
            (b"\x82\x00", "client byte 4: unknown frame type (WSE frames)"),
            (b"\x80\x87\x69", "client byte 5: message of more than 1000 bytes (WSE message size)"),
            (b"\x00" + b"x" * 1001, "client byte 1005: message of more than 1000 bytes (WSE message size)"),
            (b"\x81\x02\xc3\x28", "client byte 7: text that is not UTF-8 (WSE text)"),
            (b"\x0103\xff", "client byte 6: unknown command (WSE commands)"),
            (PING, "client byte 4: PING or PONG in a session without them (WSE commands)"),
            (RECONNECT + b"\x80", "client byte 8: bytes behind RECONNECT (WSE commands)"),
            (b"\x81\x05hel", "client byte 9: request ends inside a frame (WSE frames)"),
            (b"", "client byte 4: request that does not end with RECONNECT (WSE upstream)"),
        ):
            client = self.play()
            self.check(client, good + wrong, said)
            self.assertEqual(self.ear.heard, [b"ok", said])

    def test_ping_length(self) -> None:
        """
        A PING has no payload.
        """
        client = self.play("bm", PINGS)
        self.check(client, b"\x89\x01x", "client byte 1: PING or PONG with a payload (WSE frames)")

    def test_encodings(self) -> None:
        """
        Bodies that break their encoding; what was decoded before is heard.
        """
        for code, wrong, what in (
            ("tm", b"\xc3\x28", "body that is not UTF-8"),
            ("tm", RECONNECT.decode("latin-1").encode() + b"\xc3", "body ends inside a character"),
            ("tem", b"\x7fx", "escape of none of the four bytes"),
            ("tem", RECONNECT.decode("latin-1").encode() + b"\x7f", "body ends inside an escape"),
        ):
            client = self.play(code)
            client.wire.say(client.request("\x81\x02ok".encode() + wrong, *JAVASCRIPT))
            self.assertEqual(self.ear.heard[0], b"ok")
            self.assertIn("(WSE encodings)", self.ear.heard[1], what)
            self.assertEqual(answers(client.wire.value())[0][0], "400 Bad Request")

    def test_cut(self) -> None:
        """
        The fault is the same wherever the request is cut.
        """
        frames = b"\x81\x02ok\x81\x02\xc3\x28" + RECONNECT
        for cut in range(1, 20):
            client = self.play()
            client.wire.say(client.request(frames), cut)
            said = "client byte 7: text that is not UTF-8 (WSE text)"
            self.assertEqual(self.ear.heard, [b"ok", said], f"cut every {cut}")

    def test_after(self) -> None:
        """
        Nothing more is heard of a client that broke a rule; its session is no more.
        """
        client = self.play()
        client.attach()
        client.post(b"\x82")
        client.wire = self.stage.house.visitor()
        self.assertEqual(client.post(b"\x80\x01x")[0], "404 Not Found")
        self.wait(1)
        self.assertEqual(self.ear.heard[1:], [("lost", "the client broke a rule")])


class ConnectionTests(StageTestCase):
    """Connections that end too early."""

    def test_cut_off(self) -> None:
        """
        Where an upstream request breaks off, the session is lost, and the downstream ends abruptly.
        """
        client = self.play()
        down = client.attach()
        client.wire.say(client.request(b"\x81\x05hello" + RECONNECT)[:-1])
        client.wire.hang_up()
        self.assertEqual(self.ear.heard, [b"hello", ("lost", "the upstream connection was lost")])
        self.assertEqual((down.fate, body(down), len(self.stage.registry)), ("aborted", b"", 0))

    def test_between(self) -> None:
        """
        A connection that ends between requests is nobody's loss.
        """
        client = self.play()
        client.post(b"\x80\x01x")
        client.wire.hang_up()
        client.wire = self.stage.house.visitor()
        self.assertEqual((client.post(b"\x80\x01y"), self.ear.heard), (DONE, [b"x", b"y"]))


class PingTests(StageTestCase):
    """PING and PONG from the client."""

    def test_answered(self) -> None:
        """
        A PING is answered on the downstream; several that find none are answered once it is there.
        """
        client = self.play("tem", PINGS)
        self.assertEqual(client.post(*_escaped(PING + PING)), DONE)
        down = client.attach()
        self.assertEqual(body(down), b"\x8a\x7f0")
        self.assertEqual(client.post(*_escaped(PING)), DONE)
        self.assertEqual(body(down), b"\x8a\x7f0" * 2)
        self.assertEqual(self.ear.heard, [])

    def test_pong(self) -> None:
        """
        A PONG that nobody asked for is taken and says nothing.
        """
        client = self.play("bm", PINGS)
        self.assertEqual((client.post(PONG), self.ear.heard, client.channel.latency), (DONE, [], None))


def _escaped(frames: bytes) -> tuple[bytes, bytes]:
    return frames.replace(b"\0", b"\x7f0").decode("latin-1").encode(), JAVASCRIPT[0]
