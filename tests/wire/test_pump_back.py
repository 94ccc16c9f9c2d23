"""Tests for the pumps of C{kaazing._speedups}: from the backend to the browser, and the echo."""

from __future__ import annotations

import os
import socket

from tests.wire.framing import raw
from tests.wire.sockets import EOF, PumpTestCase, tcp_pair

try:
    from kaazing._speedups import BackPump, EchoPump, Lane
except ImportError:
    BackPump = None  # type: ignore[assignment,misc]


class BackPumpTests(PumpTestCase):
    """From the backend to the browser."""

    def pump(self, kind: int = 2) -> BackPump:
        """Make a pump between the two connections."""
        return BackPump(self.back.fileno(), self.front.fileno(), self.transport, self.spill, kind)

    def test_frames(self) -> None:
        """
        Each receiving is one frame, whatever its length.
        """
        pump = self.pump()
        for size in (1, 125, 126, 65535, 65536, 100_000):
            self.backend.send(b"x" * size)
            self.assertIsNone(pump())
            self.assertEqual(self.drain(self.browser), raw(2, b"x" * size, key=b""), size)
        self.assertEqual((pump.messages, pump.octets), (6, 1 + 125 + 126 + 65535 + 65536 + 100_000))

    def test_text(self) -> None:
        """
        Asked for text, it frames what is UTF-8 by itself and leaves the rest as it came.
        """
        pump = self.pump(1)
        self.backend.send("zürich".encode())
        self.assertIsNone(pump())
        self.assertEqual(self.drain(self.browser), raw(1, "zürich".encode(), key=b""))
        for bad in (b"cut \xc3", b"\xbc begun", b"\xff"):
            self.backend.send(bad)
            self.assertEqual(pump(), "the answer")
            self.assertEqual(self.spilled.pop(), (b"", bad, 0))
        self.assertEqual((pump.messages, self.drain(self.browser)), (1, b""))

    def test_no_other_kind(self) -> None:
        """
        Frames are text or binary.
        """
        self.assertRaises(ValueError, self.pump, 0)

    def test_short_send(self) -> None:
        """
        What the browser does not take comes back framed, for the transport to buffer.
        """
        self.fill(self.front)
        self.backend.send(b"payload")
        self.assertEqual(self.pump()(), "the answer")
        self.assertEqual(self.spilled, [(raw(2, b"payload", key=b""), b"", 0)])

    def test_partly_sent(self) -> None:
        """
        Of a frame that the browser takes in part, the rest comes back.
        """
        self.browser, self.front = self.pair(tcp_pair())
        self.front.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        frame = b""
        while not self.spilled:
            payload = os.urandom(30_000)
            frame += raw(2, payload, key=b"")
            self.backend.send(payload)
            self.pump()()
        (unsent, rest, status), got = self.spilled[0], b""
        while len(got) + len(unsent) < len(frame):
            self.browser.setblocking(True)
            got += self.browser.recv(1 << 20)
        self.assertEqual((got + unsent, rest, status), (frame, b"", 0))

    def test_sink_busy(self) -> None:
        """
        While bytes wait for the browser, nothing overtakes them.
        """
        self.transport.dataBuffer = b"waiting"
        self.backend.send(b"next")
        self.assertEqual(self.pump()(), "the answer")
        self.assertEqual(self.spilled, [(raw(2, b"next", key=b""), b"", 0)])

    def test_end(self) -> None:
        """
        The backend's end is told.
        """
        self.backend.close()
        self.assertEqual(self.pump()(), "the answer")
        self.assertEqual(self.spilled, [(b"", b"", EOF)])


class EchoPumpTests(PumpTestCase):
    """Back to the browser."""

    def pump(self, repeat: int = 1, lane: Lane | None = None) -> EchoPump:
        """Make a pump on the browser's connection."""
        return EchoPump(
            lane or self.lane(whole=True), self.front.fileno(), self.transport, self.spill, repeat
        )

    def test_echo(self) -> None:
        """
        Each message comes back whole and of its kind, empty ones too.
        """
        self.browser.send(raw(1, "zür".encode()) + raw(2) + raw(1, b"a", final=False) + raw(0, b"b"))
        self.assertIsNone(self.pump()())
        wanted = raw(1, "zür".encode(), key=b"") + raw(2, key=b"") + raw(1, b"ab", key=b"")
        self.assertEqual((self.drain(self.browser), self.spilled), (wanted, []))

    def test_every_cut(self) -> None:
        """
        Messages may come in pieces, cut anywhere.
        """
        stream = raw(1, "zürich".encode()) + raw(2, b"b" * 130, final=False) + raw(0, b"c") + raw(2)
        wanted = raw(1, "zürich".encode(), key=b"") + raw(2, b"b" * 130 + b"c", key=b"") + raw(2, key=b"")
        pump = self.pump()
        for cut in range(1, len(stream)):
            for piece in (stream[:cut], stream[cut:]):
                self.browser.send(piece)
                pump()
            self.assertEqual(self.drain(self.browser), wanted, cut)

    def test_large(self) -> None:
        """
        A message may be longer than what one call receives.
        """
        lane = self.lane(whole=True)
        pump = self.pump(lane=lane)
        payload = os.urandom(600_000)
        frame, sent = raw(2, payload), 0
        got = b""
        while sent < len(frame):
            sent += self.browser.send(frame[sent : sent + 100_000])
            pump()
            got += self.drain(self.browser)
        got += b"".join(unsent for unsent, _, _ in self.spilled)
        self.assertEqual((got, lane.messages), (raw(2, payload, key=b""), 1))

    def test_repeat(self) -> None:
        """
        Each message can come back several times.
        """
        self.browser.send(raw(1, b"a") + raw(2, b"b"))
        self.pump(3)()
        self.assertEqual(self.drain(self.browser), raw(1, b"a", key=b"") * 3 + raw(2, b"b", key=b"") * 3)
        self.assertRaises(ValueError, self.pump, 0)

    def test_control_frame(self) -> None:
        """
        From a control frame on, the bytes come back to be read otherwise.
        """
        rest = raw(8, b"\x03\xe8") + raw(2, b"late")
        self.browser.send(raw(2, b"echo") + rest)
        self.assertEqual(self.pump()(), "the answer")
        self.assertEqual(self.drain(self.browser), raw(2, b"echo", key=b""))
        self.assertEqual(self.spilled, [(b"", rest, 0)])

    def test_fault(self) -> None:
        """
        A message that is broken does not come back; those before it do.
        """
        lane = self.lane(whole=True)
        self.browser.send(raw(1, b"good") + raw(1, b"begun", final=False) + raw(0, b"\xff"))
        self.assertEqual(self.pump(lane=lane)(), "the answer")
        self.assertEqual(self.drain(self.browser), raw(1, b"good", key=b""))
        self.assertEqual((self.spilled, lane.fault and lane.fault[:2]), ([(b"", b"", 0)], (1007, 27)))

    def test_sink_busy(self) -> None:
        """
        While bytes wait for the browser, the echo waits with them.
        """
        self.transport._tempDataBuffer = [b"waiting"]
        self.browser.send(raw(2, b"next"))
        self.assertEqual(self.pump()(), "the answer")
        self.assertEqual(self.spilled, [(raw(2, b"next", key=b""), b"", 0)])

    def test_wrong_lane(self) -> None:
        """
        It takes a lane for whole messages.
        """
        self.assertRaises(ValueError, self.pump, 1, self.lane())
