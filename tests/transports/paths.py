"""What a browser and a backend of a stream protocol see of a plain proxy, on whatever path the data goes."""

from __future__ import annotations

from itertools import zip_longest
from random import Random
from typing import TYPE_CHECKING, Any

from kaazing.interfaces.adapters import Kind
from kaazing.transports.handshakes import ServerSocket
from kaazing.transports.tcp import StreamChannel
from tests.transports.scenes import BINARY, PING, PONG, TEXT, Scene, SceneTestCase, Speaker
from tests.wire.cuts import pieces
from tests.wire.framing import raw

if TYPE_CHECKING:
    Case = SceneTestCase
else:
    Case = object  # so that trial does not collect the tests without a path

CHUNK = 256 * 1024 + 20  # bytes that one read brings at most, framed: those of the pump


def waiting(channel: Any) -> int:
    """Return how many bytes the gateway holds for the far end of a channel."""
    transport = channel.transport
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen  # type: ignore[no-any-return]


class ProxyCase(Case):
    """A browser and a backend, joined."""

    def join(self, early: bytes = b"", bound: int = 64_000, scene: Scene | None = None) -> None:
        """Set C{browser}, C{backend} and their channels C{front} and C{back}; C{early} comes first."""
        self.scene = scene or self.scene
        self.browser: Speaker
        self.backend: Any
        self.front: ServerSocket
        self.back: StreamChannel
        self.browser, self.front = self.scene.front(early)
        self.backend, self.back = self.scene.tcp_back()
        self.front.bound = self.back.bound = bound
        self.scene.house.join("gate", self.front, self.back, Kind.BINARY)

    def backend_has(self, data: bytes) -> None:
        """Wait until the backend has at least as many bytes, then compare."""
        self.net.until(lambda: len(self.backend.got) >= len(data))
        self.assertEqual(bytes(self.backend.got), data)

    def browser_hears(self, *frames: tuple[int, bytes]) -> None:
        """Wait until the browser has heard as many frames, then compare."""
        self.net.until(lambda: len(self.browser.heard) >= len(frames))
        self.assertEqual(self.browser.heard, list(frames))

    def all_gone(self) -> None:
        """Wait until nothing is left of the session."""
        self.net.until(lambda: not len(self.scene.sessions) and self.browser.far.end != "")
        self.net.until(lambda: self.backend.end != "")


class FlowTests(ProxyCase):
    """What flows."""

    def test_to_the_backend(self) -> None:
        """
        The payload of all messages, text or binary, whole or in fragments, reaches the backend in order.
        """
        self.join()
        self.browser.say((BINARY, b"one,"), (TEXT, "zwölf,".encode()), (BINARY, b""))
        self.browser.say_raw(raw(1, b"fr", final=False) + raw(0, b"", final=False) + raw(0, b"agments,"))
        self.browser.say((BINARY, b"x" * 300))
        self.backend_has("one,zwölf,fragments,".encode() + b"x" * 300)

    def test_to_the_browser(self) -> None:
        """
        What the backend sends arrives as binary messages.
        """
        self.join()
        for size in (1, 125, 126, 65535, 65536, 100_000):
            self.backend.send(b"b" * size)
            heard = len(self.browser.stream)
            self.net.until(lambda wanted=heard + size: len(self.browser.stream) == wanted)  # type: ignore[misc]
        self.assertEqual({opcode for opcode, _ in self.browser.heard}, {BINARY})

    def test_early(self) -> None:
        """
        What a browser sends right behind its request, a cut frame too, is not lost.
        """
        early = raw(2, b"early,") + raw(9, b"there?") + raw(2, b"cut")
        self.join(early[:-2])
        self.browser.say_raw(early[-2:])
        self.backend_has(b"early,cut")
        self.browser_hears((PONG, b"there?"))

    def test_held(self) -> None:
        """
        Nothing is read from either end before both are there.
        """
        browser, front = self.scene.front()
        browser.say((BINARY, b"waits"))
        backend, back = self.scene.tcp_back()
        backend.send(b"waits too")
        self.net.turn()
        self.assertEqual((backend.got, browser.heard), (b"", []))
        self.scene.house.join("gate", front, back, Kind.BINARY)
        self.net.until(lambda: (backend.got, browser.heard) == (b"waits", [(BINARY, b"waits too")]))

    def test_pings(self) -> None:
        """
        A ping in mid-stream, even inside a message, is answered, and the stream goes on.
        """
        self.join()
        self.browser.say_raw(raw(2, b"a", final=False) + raw(9, b"1") + raw(0, b"b"))
        self.backend_has(b"ab")
        self.backend.send(b"back")
        self.browser_hears((PONG, b"1"), (BINARY, b"back"))
        self.browser.say((PING, b""), (PONG, b"unasked"), (BINARY, b"c"))
        self.backend_has(b"abc")
        self.browser_hears((PONG, b"1"), (BINARY, b"back"), (PONG, b""))

    def test_any_stream(self) -> None:
        """
        Any messages of any sizes, with pings between them, cut anywhere, both ways at once and with
        either end pausing: nothing is lost, doubled or out of order.
        """
        for seed in range(25):
            self.any_stream(Random(seed))

    def any_stream(self, random: Random) -> None:
        """One of them."""
        self.join(scene=Scene(self.net, max_message=0))
        sent, frames = b"", b""
        pings: list[tuple[int, bytes]] = []
        for _ in range(random.randrange(12)):
            payload = random.randbytes(random.choice((0, 1, 125, 126, 5000, 70_000)))
            frames += raw(BINARY, payload)
            sent += payload
            if random.random() < 0.3:
                pings.append((PONG, bytes((len(pings),))))
                frames += raw(PING, pings[-1][1])
        answer = random.randbytes(random.choice((0, 1, 3000, 200_000)))
        for there, back in zip_longest(pieces(random, frames), pieces(random, answer), fillvalue=b""):
            for far in (self.backend, self.browser.far):
                random.choice((far.block, far.unblock))()
            self.browser.say_raw(there)
            self.backend.send(back)
            self.net.turn()
        self.backend.unblock()
        self.browser.far.unblock()
        self.net.until(lambda: len(self.backend.got) >= len(sent) and len(self.browser.stream) >= len(answer))
        self.net.until(lambda: len([frame for frame in self.browser.heard if frame[0] == PONG]) >= len(pings))
        self.assertTrue(self.backend.got == sent)
        self.assertTrue(self.browser.stream == answer)
        self.assertEqual([frame for frame in self.browser.heard if frame[0] != BINARY], pings)

    def test_slow_browser(self) -> None:
        """
        While a browser reads nothing, a bounded part of what its backend sends is taken and nothing
        more; when it reads again everything arrives.
        """
        self.net.buffer = 64 * 1024
        self.join(bound=20_000)
        self.browser.far.block()
        stream = Random(1).randbytes(2_000_000)
        self.backend.send(stream)
        self.net.until(lambda: waiting(self.front) > 20_000)
        for _ in range(20):
            self.net.turn()
        self.assertLess(waiting(self.front), 20_000 + CHUNK)
        self.assertGreater(self.backend.unsent, 500_000)
        self.browser.far.unblock()
        self.net.until(lambda: len(self.browser.stream) >= len(stream))
        self.assertTrue(self.browser.stream == stream)

    def test_slow_backend(self) -> None:
        """
        The same for a backend that reads nothing.
        """
        self.net.buffer = 64 * 1024
        self.join(bound=20_000)
        self.backend.block()
        stream = Random(1).randbytes(2_000_000)
        for start in range(0, len(stream), 1000):
            self.browser.say((BINARY, stream[start : start + 1000]))
        self.net.until(lambda: waiting(self.back) > 20_000)
        for _ in range(20):
            self.net.turn()
        self.assertLess(waiting(self.back), 20_000 + CHUNK)
        self.assertGreater(self.browser.far.unsent, 500_000)
        self.backend.unblock()
        self.backend_has(stream)

    def test_answers_while_the_backend_is_slow(self) -> None:
        """
        A backend that reads nothing can still be heard.
        """
        self.net.buffer = 64 * 1024
        self.join(bound=1000)
        self.backend.block()
        self.browser.say(*[(BINARY, b"x" * 1000)] * 1000)
        self.net.until(lambda: waiting(self.back) > 1000)
        self.backend.send(b"news")
        self.browser_hears((BINARY, b"news"))
