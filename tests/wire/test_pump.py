"""Tests for the pumps of C{kaazing._speedups}: from the browser to the backend, and detaching any."""

from __future__ import annotations

import errno
import gc
import os
import socket
import time
import weakref
from collections.abc import Callable
from typing import Any

from twisted.internet.abstract import FileDescriptor

from tests.wire.framing import raw
from tests.wire.sockets import EOF, FakeTransport, PumpTestCase, reset, tcp_pair

try:
    from kaazing._speedups import BackPump, EchoPump, FrontPump, Lane
except ImportError:
    BackPump = None  # type: ignore[assignment,misc]


class FrontPumpTests(PumpTestCase):
    """From the browser to the backend."""

    def pump(self, lane: Lane | None = None) -> FrontPump:
        """Make a pump between the two connections."""
        return FrontPump(
            lane or self.lane(), self.front.fileno(), self.back.fileno(), self.transport, self.spill
        )

    def test_passes(self) -> None:
        """
        Payload goes to the backend at once, without its frames; nothing is left to others.
        """
        lane = self.lane()
        self.browser.send(raw(1, "zür".encode()) + raw(2, b"", final=False) + raw(0, b"b" * 300))
        self.assertIsNone(self.pump(lane)())
        self.assertEqual((self.drain(self.backend), self.spilled), ("zür".encode() + b"b" * 300, []))
        self.assertEqual((lane.messages, lane.octets, lane.received), (2, 304, 324))
        self.assertTrue(lane.at_boundary)

    def test_every_cut(self) -> None:
        """
        Frames may come in pieces, cut anywhere.
        """
        stream = raw(1, "zürich".encode()) + raw(2, b"b" * 130, final=False) + raw(0, b"c")
        pump = self.pump()
        for cut in range(1, len(stream)):
            for piece in (stream[:cut], stream[cut:]):
                self.browser.send(piece)
                pump()
            self.assertEqual(self.drain(self.backend), "zürich".encode() + b"b" * 130 + b"c", cut)
        self.assertEqual(self.spilled, [])

    def test_nothing_there(self) -> None:
        """
        Called without need, it does nothing.
        """
        self.assertIsNone(self.pump()())
        self.assertEqual(self.spilled, [])

    def test_short_send(self) -> None:
        """
        What the backend does not take comes back, for the transport to buffer.
        """
        before = self.fill(self.back)
        self.backend.recv(before // 2)
        payload = os.urandom(100_000)
        frame = raw(2, payload)
        self.browser.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.assertEqual(self.browser.send(frame), len(frame))
        self.fill(self.back)
        self.assertEqual(self.pump()(), "the answer")
        self.assertEqual(self.spilled, [(payload, b"", 0)])

    def test_sink_busy(self) -> None:
        """
        While the backend's transport has bytes waiting, or is closing, nothing overtakes them.
        """
        pump = self.pump()
        for name, value in (("dataBuffer", b"x"), ("_tempDataBuffer", [b"x"]), ("disconnecting", 1)):
            with_this, before = self.transport, getattr(self.transport, name)
            setattr(with_this, name, value)
            self.browser.send(raw(2, name.encode()))
            self.assertEqual(pump(), "the answer")
            self.assertEqual(self.spilled.pop(), (name.encode(), b"", 0))
            setattr(with_this, name, before)
        self.browser.send(raw(2, b"free again"))
        self.assertIsNone(pump())
        self.assertEqual(self.drain(self.backend), b"free again")

    def test_control_frame(self) -> None:
        """
        From a control frame on, the bytes come back as they came; what stands before has passed, and
        the lane goes on with the rest and then with the pump.
        """
        lane = self.lane()
        pump = self.pump(lane)
        ping = raw(9, b"there?")
        self.browser.send(raw(2, b"one", final=False) + ping + raw(0, b"two"))
        self.assertEqual(pump(), "the answer")
        self.assertEqual(self.spilled, [(b"", ping + raw(0, b"two"), 0)])
        self.assertEqual(lane.feed(self.spilled[0][1]), [(9, ping), (2, b"two")])
        self.browser.send(raw(2, b"three"))
        self.assertIsNone(pump())
        self.assertEqual(self.drain(self.backend), b"onethree")

    def test_control_frame_in_pieces(self) -> None:
        """
        A control frame that comes byte by byte comes back byte by byte.
        """
        lane = self.lane()
        pump = self.pump(lane)
        ping = raw(9, b"there?")
        items = []
        for i in range(len(ping)):
            self.browser.send(ping[i : i + 1])
            pump()
            items += lane.feed(self.spilled.pop()[1])
        self.assertEqual(items, [(9, ping)])

    def test_head_in_pieces(self) -> None:
        """
        A head begun by the pump is finished by the lane, and the other way round.
        """
        lane = self.lane()
        pump = self.pump(lane)
        frame = raw(2, b"x" * 200)
        for cut in range(1, 8):
            self.browser.send(frame[:cut])
            pump()
            self.assertEqual(lane.feed(frame[cut:]), [(2, b"x" * 200)])
            lane.feed(frame[:cut])
            self.browser.send(frame[cut:])
            pump()
            self.assertEqual(self.drain(self.backend), b"x" * 200)

    def test_fault(self) -> None:
        """
        What stands before a fault passes, the fault is told once, and nothing passes after it.
        """
        lane = self.lane(limit=10)
        pump = self.pump(lane)
        self.browser.send(raw(2, b"good") + raw(2, b"x" * 11) + raw(2, b"late"))
        self.assertEqual(pump(), "the answer")
        self.assertEqual(self.spilled, [(b"", b"", 0)])
        fault = (1009, 11, "message of more than 10 bytes", "RFC 6455 section 10.4")
        self.assertEqual(lane.fault, fault)
        self.browser.send(raw(2, b"later"))
        self.assertIsNone(pump())
        self.assertEqual(self.drain(self.backend), b"good")
        self.assertEqual(lane.received, 10 + 17 + 10 + 11)

    def test_bad_text(self) -> None:
        """
        Text is checked on the way, and passes up to the byte that is wrong.
        """
        lane = self.lane()
        self.browser.send(raw(1, b"good \xe2\x82\x28 bad"))
        self.assertEqual(self.pump(lane)(), "the answer")
        self.assertEqual(self.drain(self.backend), b"good \xe2\x82")
        self.assertEqual(lane.fault and lane.fault[:2], (1007, 13))

    def test_end(self) -> None:
        """
        An orderly end is told once all that came before it has passed.
        """
        self.browser.send(raw(2, b"last"))
        self.browser.shutdown(socket.SHUT_WR)
        pump = self.pump()
        self.assertEqual((pump(), pump()), (None, "the answer"))
        self.assertEqual(self.spilled, [(b"", b"", EOF)])
        self.assertEqual(self.drain(self.backend), b"last")

    def test_reset(self) -> None:
        """
        A reset is told with its number.
        """
        self.browser, self.front = self.pair(tcp_pair())
        pump = self.pump()
        reset(self.browser)
        self.assertEqual(pump(), "the answer")
        self.assertEqual(self.spilled, [(b"", b"", errno.ECONNRESET)])

    def test_sink_gone(self) -> None:
        """
        A failure to send is not told: the bytes come back, and the transport finds out by itself.
        """
        self.backend.close()
        self.browser.send(raw(2, b"payload"))
        self.assertEqual(self.pump()(), "the answer")
        self.assertEqual(self.spilled, [(b"payload", b"", 0)])

    def test_one_receiving_a_call(self) -> None:
        """
        One call takes at most 256 KiB, so that no browser keeps the others waiting.
        """
        self.browser, self.front = self.pair(tcp_pair())
        self.browser.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        self.front.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        lane = self.lane()
        sent = self.browser.send(raw(2, b"x" * 900_000))
        self.pump(lane)()
        self.assertEqual(lane.received, min(sent, 256 * 1024))

    def test_idle_clock(self) -> None:
        """
        The time of the last bytes is kept, in seconds of the monotonic clock.
        """
        pump = self.pump()
        made = pump.last
        self.assertLess(abs(time.monotonic() - made), 1)
        while time.monotonic() < made + 0.03:  # the clock may go in steps of 10 ms
            pump()
        self.assertEqual(pump.last, made)
        self.browser.send(raw(2, b"x"))
        pump()
        self.assertGreater(pump.last, made)

    def test_wrong_lane(self) -> None:
        """
        A lane for whole messages is none for this pump; and descriptors are not negative.
        """
        spill: Callable[..., object] = self.spill
        self.assertRaises(ValueError, self.pump, self.lane(whole=True))
        self.assertRaises(ValueError, FrontPump, self.lane(), -1, 0, self.transport, spill)
        self.assertRaises(TypeError, FrontPump, object(), 0, 0, self.transport, spill)

    def test_no_arguments(self) -> None:
        """
        A pump is called without arguments.
        """
        self.assertRaises(TypeError, self.pump(), 1)

    def test_twisted_names(self) -> None:
        """
        What a pump looks at is there in Twisted's own transports, and says that nothing waits.
        """
        reactor: Any = object()
        transport = FileDescriptor(reactor)
        seen = transport.dataBuffer, transport._tempDataBuffer, transport.disconnecting
        self.assertEqual(seen, (b"", [], 0))
        transport.connected = 1
        transport.startWriting = lambda: None  # type: ignore[method-assign]
        transport.write(b"x")
        self.assertTrue(transport.dataBuffer or transport._tempDataBuffer)

    def test_transport_without_buffer(self) -> None:
        """
        A transport that does not have what a pump looks at is a mistake, found before anything is read.
        """
        self.transport = object()  # type: ignore[assignment]
        self.browser.send(raw(2, b"kept"))
        self.assertRaises(AttributeError, self.pump())
        self.assertEqual(self.drain(self.front), raw(2, b"kept"))


class DetachTests(PumpTestCase):
    """A pump that has been detached."""

    def pumps(self) -> list[FrontPump | BackPump | EchoPump]:
        """Make one of each, reading the front's descriptor."""
        front, back = self.front.fileno(), self.back.fileno()
        return [
            FrontPump(self.lane(), front, back, self.transport, self.spill),
            BackPump(front, back, self.transport, self.spill),
            EchoPump(self.lane(whole=True), front, self.transport, self.spill),
        ]

    def test_reused_descriptors(self) -> None:
        """
        After detaching, strangers who were given the descriptors' numbers neither lose a byte nor get one.
        """
        for pump in self.pumps():
            pump.detach()
            stranger, ours = self.pair(socket.socketpair())
            os.dup2(ours.fileno(), self.front.fileno())
            os.dup2(ours.fileno(), self.back.fileno())
            stranger.send(raw(2, b"private"))
            self.assertIsNone(pump())
            self.assertEqual(self.drain(ours), raw(2, b"private"))
            self.assertEqual((self.drain(stranger), self.spilled), (b"", []))

    def test_detached_while_looking(self) -> None:
        """
        A pump may be detached by the very attribute it looks up.
        """
        for pump in self.pumps():
            self.transport.__class__ = type("Sly", (FakeTransport,), {})
            detach = pump.detach

            def sly(_: object, detach: Callable[[], None] = detach) -> bytes:
                detach()
                return b""

            type(self.transport).dataBuffer = property(sly, lambda _, __: None)  # type: ignore[assignment]
            self.browser.send(raw(2, b"kept"))
            self.assertIsNone(pump())
            self.assertEqual(self.drain(self.front), raw(2, b"kept"))

    def test_detached_while_spilling(self) -> None:
        """
        A pump may be detached by what it spills to.
        """
        pumps: list[FrontPump] = []

        def spill(unsent: bytes, rest: bytes, status: int) -> str:
            pumps.pop().detach()
            return f"{unsent!r} {rest!r} {status}"

        pump = FrontPump(self.lane(), self.front.fileno(), self.back.fileno(), self.transport, spill)
        pumps.append(pump)
        self.browser.shutdown(socket.SHUT_WR)
        self.assertEqual((pump(), pump()), ("b'' b'' -1", None))

    def test_twice(self) -> None:
        """
        Detaching twice is no mistake.
        """
        for pump in self.pumps():
            pump.detach()
            pump.detach()
            self.assertIsNone(pump())

    def test_references(self) -> None:
        """
        A detached pump keeps nothing alive; a forgotten one in a cycle is collected.
        """
        for number in range(3):
            for detached in (True, False):
                pump = self.pumps()[number]
                self.transport.pump = pump  # type: ignore[attr-defined]
                gone = weakref.ref(self.transport)
                self.transport = FakeTransport()
                if detached:
                    pump.detach()
                else:
                    del pump
                    gc.collect()
                self.assertIsNone(gone())
