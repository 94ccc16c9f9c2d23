"""What a browser sees of the echo service, on whatever path the data goes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from kaazing.transports.handshakes import ServerSocket
from tests.transports.paths import CHUNK, waiting
from tests.transports.scenes import BINARY, CLOSE, PING, PONG, TEXT, SceneTestCase, Speaker, close
from tests.wire.framing import raw

if TYPE_CHECKING:
    Case = SceneTestCase
else:
    Case = object  # so that trial does not collect the tests without a path


class EchoTests(Case):
    """The echo of a WebSocket service."""

    def echo(self, repeat: int = 1, early: bytes = b"") -> None:
        """Set C{browser} and its channel C{front}."""
        self.browser: Speaker
        self.front: ServerSocket
        self.browser, self.front = self.scene.front(early)
        self.scene.house.loop("echo", self.front, repeat)

    def hears(self, *frames: tuple[int, bytes]) -> None:
        """Wait until the browser has heard as many frames, then compare."""
        self.net.until(lambda: len(self.browser.heard) >= len(frames))
        self.assertEqual(self.browser.heard, list(frames))

    def test_messages(self) -> None:
        """
        Each message comes back whole and of its kind, empty and fragmented ones too; pings are answered
        in their turn.
        """
        self.echo(early=raw(TEXT, b"early"))
        self.browser.say((TEXT, b"one"), (BINARY, b"\xff"), (TEXT, b""), (PING, b"?"), (BINARY, b"x" * 900))
        self.browser.say_raw(raw(1, b"f", final=False) + raw(PING, b"!") + raw(0, b"g"))
        said = [(TEXT, b"early"), (TEXT, b"one"), (BINARY, b"\xff"), (TEXT, b""), (PONG, b"?")]
        self.hears(*said, (BINARY, b"x" * 900), (PONG, b"!"), (TEXT, b"fg"))

    def test_repeat(self) -> None:
        """
        With repeat, as often as that.
        """
        self.echo(3)
        self.browser.say((TEXT, b"a"), (BINARY, b"b"))
        self.hears(*[(TEXT, b"a")] * 3, *[(BINARY, b"b")] * 3)

    def test_slow_browser(self) -> None:
        """
        A browser that does not read what comes back is not read either.
        """
        self.net.buffer = 64 * 1024
        self.echo()
        self.browser.far.block()
        stream = [(BINARY, Random(1).randbytes(1000)) for _ in range(2000)]
        self.browser.say(*stream)
        self.net.until(lambda: waiting(self.front) > 64_000)
        for _ in range(20):
            self.net.turn()
        self.assertLess(waiting(self.front), 64_000 + CHUNK)
        self.assertGreater(self.browser.far.unsent, 500_000)
        self.browser.far.unblock()
        self.net.until(lambda: len(self.browser.heard) >= len(stream))
        self.assertTrue(self.browser.heard == stream)

    def test_ends(self) -> None:
        """
        A Close is answered behind all that comes back; a violation gets its code; a browser that
        vanishes is forgotten.
        """
        for said, code in (
            (raw(8, b"\x03\xe8bye"), 1000),
            (raw(3), 1002),
            (raw(1, b"\xff"), 1007),
            (raw(2, claim=1001), 1009),
        ):
            self.echo()
            self.browser.say((TEXT, b"a"))
            self.browser.say_raw(said)
            self.net.until(lambda: self.browser.far.end == "fin")
            echo, (opcode, reason) = self.browser.heard
            self.assertEqual((echo, opcode, int.from_bytes(reason[:2], "big")), ((TEXT, b"a"), CLOSE, code))
            self.browser.far.fin()
            self.net.until(lambda: not len(self.scene.sessions))
        self.echo()
        self.browser.far.reset()
        self.net.until(lambda: not len(self.scene.sessions))
        self.assertEqual(len(self.scene.sessions.said), 3)

    def test_leaving(self) -> None:
        """
        When the gateway goes away the browser gets Close 1001.
        """
        self.echo()
        self.scene.sessions.leave()
        self.hears(close(1001, b"the gateway goes away"))
        self.browser.say((TEXT, b"unheard"), close(1001))
        self.net.until(lambda: self.browser.far.end == "fin")
        self.hears(close(1001, b"the gateway goes away"))
        self.assertEqual(len(self.scene.sessions), 0)
