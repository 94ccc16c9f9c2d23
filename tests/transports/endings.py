"""How a session of a plain proxy ends, on whatever path its data goes."""

from __future__ import annotations

from tests.transports.paths import FlowTests, ProxyCase, waiting
from tests.transports.scenes import BINARY, CLOSE, PING, PONG, Scene, close
from tests.wire.framing import raw


class EndTests(ProxyCase):
    """How it ends."""

    def test_browser_closes(self) -> None:
        """
        A browser's Close is the backend's end of stream; what the backend still sends is delivered;
        then the browser gets its Close back, and both connections are closed.
        """
        for said in (close(1000), close(1001, b"going"), close(4999, "ß".encode()), (CLOSE, b"")):
            self.join()
            self.browser.say((BINARY, b"last words"), said, (BINARY, b"after the end"), (PING, b""))
            self.net.until(lambda: self.backend.end == "fin")
            self.backend.send(b"so long")
            self.browser_hears((BINARY, b"so long"))
            self.backend.send(b", and thanks")
            self.backend.fin()
            self.all_gone()
            self.assertEqual(self.backend.got, b"last words")
            self.assertEqual(self.browser.stream, b"so long, and thanks")
            self.assertEqual([f for f in self.browser.heard if f[0] != BINARY], [said])
            self.assertEqual(self.browser.far.end, "fin")
        self.assertEqual(self.scene.sessions.said, [])

    def test_backend_closes(self) -> None:
        """
        When the backend has sent all, the browser gets all, then Close 1000; what the browser says
        until it answers still goes to the backend.
        """
        self.join()
        self.backend.send(b"all")
        self.backend.fin()
        self.browser_hears((BINARY, b"all"), close(1000))
        self.browser.say((BINARY, b"one more thing"))
        self.backend_has(b"one more thing")
        self.assertEqual((self.browser.far.end, self.backend.end), ("", ""))
        self.browser.say(close(1000))
        self.all_gone()
        self.assertEqual((self.browser.far.end, self.backend.end), ("fin", "fin"))
        self.browser_hears((BINARY, b"all"), close(1000))
        self.assertEqual(self.scene.sessions.said, [])

    def test_flushed_before_the_close(self) -> None:
        """
        What a slow browser has not read yet comes before the Close.
        """
        self.net.buffer = 64 * 1024
        self.join()
        self.browser.far.block()
        self.backend.send(b"x" * 300_000)
        self.backend.fin()
        self.net.turn()
        self.browser.far.unblock()
        self.net.until(lambda: self.browser.heard[-1:] == [close(1000)])
        self.assertEqual(len(self.browser.stream), 300_000)

    def test_no_answer_to_the_close(self) -> None:
        """
        A browser that does not answer a Close is cut off after the close timeout.
        """
        self.join()
        self.backend.fin()
        self.browser_hears(close(1000))
        self.net.clock.pump([0.5] * 9)
        self.net.turn()
        self.assertEqual((self.browser.far.end, len(self.scene.sessions)), ("", 1))
        self.net.clock.pump([0.5] * 3)
        self.all_gone()
        self.assertEqual((self.browser.far.end, self.backend.end), ("reset", "fin"))
        self.assertEqual(self.net.clock.getDelayedCalls(), [])

    def test_backend_deaf_to_the_end(self) -> None:
        """
        A backend that goes on for ever after its client's Close is cut off after the close timeout.
        """
        self.join()
        self.browser.say(close(1000, b"bye"))
        self.net.until(lambda: self.backend.end == "fin")
        self.net.clock.pump([0.5] * 9)
        self.net.turn()
        self.assertEqual(self.browser.heard, [])
        self.net.clock.pump([0.5] * 3)
        self.browser_hears(close(1000, b"bye"))
        self.all_gone()

    def test_browser_vanishes(self) -> None:
        """
        When a browser goes without a Close, politely or not, the backend gets what it sent and the end.
        """
        for leave in ("fin", "reset"):
            self.join()
            self.browser.say((BINARY, b"oh"))
            self.backend_has(b"oh")
            getattr(self.browser.far, leave)()
            self.all_gone()
            self.assertEqual((self.backend.got, self.backend.end), (b"oh", "fin"))

    def test_backend_vanishes(self) -> None:
        """
        When the backend breaks off, the browser gets Close 1011, and the log a line.
        """
        self.join()
        self.backend.reset()
        self.browser_hears(close(1011, b"backend lost"))
        self.browser.say((BINARY, b"?"), close(1011))
        self.all_gone()
        self.assertEqual(self.browser.far.end, "fin")
        lost = "gate: 192.0.2.1:5000: Connection to the other side was lost in a non-clean fashion"
        self.assertEqual(self.scene.sessions.said, [lost])

    def test_gateway_leaves(self) -> None:
        """
        When the gateway goes away, browsers get Close 1001 and backends the end of the stream; it
        waits for the browsers' answers.
        """
        self.join()
        self.backend.send(b"news")
        self.browser_hears((BINARY, b"news"))
        left: list[object] = []
        self.scene.sessions.leave().addCallback(left.append)
        self.browser_hears((BINARY, b"news"), close(1001, b"the gateway goes away"))
        self.backend.send(b"late news")
        self.net.turn()
        self.assertEqual((self.backend.end, left), ("fin", []))
        self.browser.say(close(1001))
        self.all_gone()
        self.assertEqual(left, [None])
        self.browser_hears((BINARY, b"news"), close(1001, b"the gateway goes away"))

    def test_unheard_when_it_leaves(self) -> None:
        """
        What a browser says after the gateway has said so is not kept for a backend that is slow.
        """
        self.net.buffer = 64 * 1024
        self.join()
        self.backend.block()
        self.browser.say(*[(BINARY, b"x" * 1000)] * 1000)
        self.net.until(lambda: waiting(self.back) > 64_000)
        self.scene.sessions.leave()
        self.browser.say((BINARY, b"the end"), close(1001))
        self.net.until(lambda: self.browser.far.end == "fin")
        self.backend.unblock()
        self.all_gone()
        self.assertEqual((set(self.backend.got), self.backend.end), (set(b"x"), "fin"))


class SilenceTests(ProxyCase):
    """Browsers that say nothing, where C{ws.inactivity.timeout} is 10 seconds."""

    def silent(self) -> None:
        """Join them."""
        self.join(scene=Scene(self.net, inactivity=10.0))

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(int(seconds * 2)):
            self.net.clock.advance(0.5)
            self.net.turn()

    def test_silent(self) -> None:
        """
        A silent browser is pinged, and cut off when it does not answer; the log says nothing.
        """
        self.silent()
        self.pass_time(9)
        self.assertEqual(self.browser.heard, [])
        self.pass_time(2)
        self.browser_hears((PING, b""))
        self.assertEqual(self.browser.far.end, "")
        self.pass_time(6)
        self.all_gone()
        self.assertEqual((self.browser.far.end, self.backend.end), ("reset", "fin"))
        self.assertEqual(self.scene.sessions.said, [])

    def test_answering(self) -> None:
        """
        A browser that answers its pings, or says anything, is kept; what it hears does not count.
        """
        self.silent()
        for sign in ((PONG, b""), (PING, b"?"), (BINARY, b"x")):
            self.pass_time(12)
            self.assertEqual(self.browser.heard[-1], (PING, b""))
            self.browser.say(sign)
            self.backend.send(b"for you")
            self.net.until(lambda: self.browser.heard[-1] == (BINARY, b"for you"))
        for _ in range(20):
            self.browser.say((BINARY, b"x"))
            self.pass_time(3)
        self.assertEqual(len([frame for frame in self.browser.heard if frame == (PING, b"")]), 3)
        self.pass_time(20)
        self.assertEqual(self.browser.far.end, "reset")

    def test_not_read(self) -> None:
        """
        A browser that is not read, because its backend is slow, is pinged, but kept.
        """
        self.net.buffer = 64 * 1024
        self.silent()
        self.backend.block()
        self.browser.say(*[(BINARY, b"x" * 1000)] * 1000)
        self.pass_time(60)
        self.assertEqual((set(self.browser.heard), self.browser.far.end), ({(PING, b"")}, ""))

    def test_closing(self) -> None:
        """
        A browser that waits for the answer to its Close is not pinged any more.
        """
        self.silent()
        self.browser.say(close(1000))
        self.pass_time(20)
        self.assertEqual((self.browser.heard, self.browser.far.end), ([close(1000)], "fin"))


UNREAD = b"\xff" * 300_000  # what a browser that broke a rule goes on to say

VIOLATIONS = (
    (1002, raw(2, b"x", key=b"")),
    (1002, raw(2, b"x", reserved=4)),
    (1002, raw(3, b"x")),
    (1002, raw(11, b"x")),
    (1002, raw(0, b"x")),
    (1002, raw(1, b"x", final=False) + raw(1, b"x")),
    (1002, raw(9, b"x", final=False)),
    (1002, raw(9, b"x" * 126)),
    (1002, raw(2, form=2, claim=3)),
    (1007, raw(1, b"\xff")),
    (1007, raw(1, b"\xe2\x82")),
    (1009, raw(2, claim=1001)),
    (1009, raw(2, b"x" * 600, final=False) + raw(0, claim=401)),
)
BAD_CLOSES = (
    (1002, raw(8, b"x")),
    (1002, raw(8, b"\x03\xed")),  # 1005, never sent
    (1002, raw(8, b"\x03\xe7")),  # 999
    (1007, raw(8, b"\x03\xe8\xff")),
)


class ViolationTests(ProxyCase):
    """What becomes of browsers that break RFC 6455."""

    def close_code(self) -> int:
        """Return the code of the Close that the browser got, which is all it got."""
        self.assertEqual([opcode for opcode, _ in self.browser.heard], [CLOSE])
        return int.from_bytes(self.browser.heard[0][1][:2], "big")

    def test_violations(self) -> None:
        """
        A browser that breaks a rule gets a Close that says which; whatever it still sends is read and
        thrown away, so that no reset overtakes the Close. The backend gets what came before, and the
        end. The log has one line.
        """
        for code, bad in VIOLATIONS:
            self.join()
            self.browser.say((BINARY, b"good"))
            self.browser.say_raw(bad + UNREAD)
            self.net.until(lambda: self.browser.far.end != "")
            self.assertEqual((self.close_code(), self.browser.far.end), (code, "fin"), bad[:20])
            self.assertEqual((bytes(self.backend.got[:4]), self.backend.end), (b"good", "fin"), bad[:20])
            self.browser.far.fin()
            self.all_gone()
            self.assertEqual(len(self.scene.sessions.said), 1, bad[:20])
            self.assertIn("gate: 192.0.2.1:5000: client byte ", self.scene.sessions.said.pop())

    def test_bad_closes(self) -> None:
        """
        The same for a Close that is wrong in itself.
        """
        for code, bad in BAD_CLOSES:
            self.join()
            self.browser.say_raw(bad)
            self.all_gone()
            self.assertEqual((self.close_code(), self.browser.far.end), (code, "fin"), bad)
            self.assertEqual(len(self.scene.sessions.said), 1, bad)
            self.scene.sessions.said.clear()

    def test_silent_afterwards(self) -> None:
        """
        A browser that broke a rule and then stays is cut off after the close timeout, or after two where
        the kernel had not yet sent the last bytes when the first began.
        """
        self.join()
        self.browser.say_raw(raw(3))
        self.net.until(lambda: self.browser.far.end == "fin")
        self.net.clock.pump([0.5] * 22)
        self.all_gone()

    def test_before_the_backend(self) -> None:
        """
        A violation among the early bytes ends the session as well.
        """
        self.join(raw(2, b"good") + raw(2, b"bad", key=b""))
        self.net.until(lambda: self.browser.far.end == "fin")
        self.assertEqual(self.close_code(), 1002)
        self.assertEqual((self.backend.got, self.backend.end), (b"good", "fin"))
        self.browser.far.fin()
        self.all_gone()


class ProxyTests(FlowTests, EndTests, SilenceTests, ViolationTests):
    """All that holds for a plain proxy to a stream backend."""
