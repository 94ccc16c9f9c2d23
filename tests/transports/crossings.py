"""What a browser and a WebSocket backend see of a plain proxy, on whatever path the data goes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from kaazing.interfaces.adapters import Kind
from kaazing.transports.handshakes import ClientSocket, ServerSocket
from tests.transports.paths import waiting
from tests.transports.scenes import BINARY, CLOSE, PING, PONG, TEXT, SceneTestCase, Speaker, close
from tests.wire.framing import raw

if TYPE_CHECKING:
    Case = SceneTestCase
else:
    Case = object  # so that trial does not collect the tests without a path


class CrossingTests(Case):
    """A browser, and a backend that speaks WebSocket too."""

    def join(self, early: bytes = b"", bound: int = 64_000) -> None:
        """Set C{browser}, C{backend} and their channels; C{early} comes right behind the backend's answer."""
        self.browser: Speaker
        self.backend: Speaker
        self.front: ServerSocket
        self.back: ClientSocket
        self.browser, self.front = self.scene.front()
        self.backend, self.back = self.scene.ws_back(early=early)
        self.front.bound = self.back.bound = bound
        self.scene.house.join("gate", self.front, self.back, Kind.BINARY)
        self.net.turn()

    def heard(self) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]:
        """What browser and backend have heard."""
        self.net.turn()
        return self.browser.heard, self.backend.heard

    def test_messages(self) -> None:
        """
        Kinds and boundaries of messages are kept both ways, empty messages too; fragments arrive as
        one message.
        """
        messages = [(TEXT, b"one"), (TEXT, b""), (BINARY, b"\xff" * 300), (BINARY, b""), (TEXT, b"1")]
        self.join()
        self.browser.say(*messages)
        self.backend.say(*messages)
        self.assertEqual(self.heard(), (messages, messages))
        parts = (1, b"zw\xc3", False), (0, b"", False), (0, b"\xb6lf", True)
        for speaker, key in ((self.browser, b"abcd"), (self.backend, b"")):
            for opcode, part, final in parts:
                speaker.say_raw(raw(opcode, part, final=final, key=key))
                self.net.turn()
        messages.append((TEXT, "zwölf".encode()))
        self.assertEqual(self.heard(), (messages, messages))

    def test_early(self) -> None:
        """
        What a backend sends right behind its answer is not lost.
        """
        self.join(early=raw(TEXT, b"welcome", key=b"") + raw(PING, b"you?", key=b""))
        self.assertEqual(self.heard(), ([(TEXT, b"welcome")], [(PONG, b"you?")]))

    def test_pings_are_ours(self) -> None:
        """
        Pings are answered where they arrive, and go no further.
        """
        self.join()
        self.browser.say((PING, b"a"))
        self.backend.say((PING, b"b"))
        self.assertEqual(self.heard(), ([(PONG, b"a")], [(PONG, b"b")]))

    def test_browser_closes(self) -> None:
        """
        A browser's Close reaches the backend with its code and reason; they come back when the
        backend has answered, after all that it still had to say.
        """
        self.join()
        self.browser.say((TEXT, b"last"), close(4001, b"bye"))
        self.assertEqual(self.heard(), ([], [(TEXT, b"last"), close(4001, b"bye")]))
        self.backend.say((TEXT, b"so long"), close(4001, b"bye"))
        self.assertEqual(self.heard()[0], [(TEXT, b"so long"), close(4001, b"bye")])
        self.assertEqual(self.browser.far.end, "fin")
        self.backend.far.fin()
        self.net.turn()
        self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, []))

    def test_backend_closes(self) -> None:
        """
        A backend's Close reaches the browser with its code and reason; each gets its answer.
        """
        self.join()
        self.backend.say((TEXT, b"last"), close(4001, b"bye"))
        self.assertEqual(self.heard(), ([(TEXT, b"last"), close(4001, b"bye")], []))
        self.browser.say((TEXT, b"too late"), close(4001, b"bye"))
        self.assertEqual(self.heard()[1], [(TEXT, b"too late"), close(4001, b"bye")])
        self.assertEqual((self.browser.far.end, self.backend.far.end), ("fin", "fin"))
        self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, []))

    def test_closes_without_a_code(self) -> None:
        """
        A Close that gives no code is the other end's Close 1000.
        """
        self.join()
        self.browser.say((CLOSE, b""))
        self.assertEqual(self.heard(), ([], [close(1000)]))
        self.join()
        self.backend.say((CLOSE, b""))
        self.assertEqual(self.heard(), ([close(1000)], []))

    def test_backend_lost(self) -> None:
        """
        A backend that goes without a Close is lost: 1011, and a line in the log.
        """
        for leave in ("fin", "reset"):
            self.join()
            getattr(self.backend.far, leave)()
            self.assertEqual(self.heard()[0], [close(1011, b"backend lost")])
            self.browser.say(close(1011))
            self.net.turn()
            said = ["gate: 192.0.2.1:5000: closed without a Close frame"]
            self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, said))
            self.scene.sessions.said.clear()

    def test_browser_lost(self) -> None:
        """
        When the browser goes without a Close, the backend is told 1001, and cut off if it does not answer.
        """
        self.join()
        self.browser.far.fin()
        self.assertEqual(self.heard()[1], [close(1001)])
        self.net.clock.pump([0.5] * 11)
        self.net.turn()
        self.assertEqual((self.backend.far.end, len(self.scene.sessions)), ("reset", 0))

    def test_backend_breaks_a_rule(self) -> None:
        """
        A backend that breaks RFC 6455 is told which rule, the browser 1014, and the log all of it.
        """
        for bad, code in ((raw(3, key=b""), 1002), (raw(2), 1002), (raw(1, b"\xff", key=b""), 1007)):
            self.join()
            self.backend.say((TEXT, b"good"))
            self.backend.say_raw(bad)
            self.net.turn()
            self.assertEqual([payload[:2] for _, payload in self.browser.heard], [b"go", b"\x03\xf6"])
            self.assertEqual([payload[:2] for _, payload in self.backend.heard], [code.to_bytes(2, "big")])
            self.assertEqual(self.backend.far.end, "fin")
            self.browser.say(close(1014))
            self.backend.far.fin()
            self.net.turn()
            self.assertEqual((len(self.scene.sessions), len(self.scene.sessions.said)), (0, 1))
            self.assertIn("gate: 192.0.2.1:5000: backend byte ", self.scene.sessions.said.pop())

    def test_slow_ends(self) -> None:
        """
        Back-pressure works both ways.
        """
        self.join(bound=5000)
        stream = [(BINARY, Random(1).randbytes(1000)) for _ in range(500)]
        for slow, quick, channel in (
            (self.browser, self.backend, self.front),
            (self.backend, self.browser, self.back),
        ):
            slow.far.block()
            quick.say(*stream)
            self.net.turn()
            self.assertLess(waiting(channel), 15_000)
            self.assertGreater(quick.far.unsent, 400_000)
            slow.far.unblock()
            self.net.turn()
            self.assertTrue(slow.heard == stream)
