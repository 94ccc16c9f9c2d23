"""Tests for L{kaazing.wire.amqp_one}."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import amqp_one_types as types
from kaazing.wire.amqp_one import PLAIN_HEADER, SASL_HEADER, SASL_TYPE, Frames, frame, parse
from kaazing.wire.amqp_one_types import NULL, Checker, Malformed, boolean, described, string, symbol, uint

OPEN = frame(described(0x10, (string("me"), string("host"), uint(4096), types.ushort(7))))
TRANSFER = frame(described(0x14, (uint(1), uint(2), types.binary(b"t"))) + b"\0\x53\x75\xa0\4news", channel=3)
BEAT = frame(b"")
STREAM = SASL_HEADER + OPEN + BEAT + TRANSFER + PLAIN_HEADER + OPEN


def taken(parts: list[bytes], limit: int = 4096) -> tuple[list[tuple[int, bytes]], tuple[int, str] | None]:
    """Return frames with their offsets, and the fault that ends the stream."""
    frames, found = Frames(limit), []
    try:
        for part in parts:
            frames.feed(part)
            while (wire := frames.take()) is not None:
                found.append((frames.offset, wire))
    except Malformed as why:
        return found, (frames.offset, why.what)
    return found, None


class FramesTests(SynchronousTestCase):
    """A stream is cut into frames and protocol headers (section 2.3)."""

    def test_whole(self) -> None:
        """
        Protocol headers, frames and heart-beats come one by one, each with its offset.
        """
        parts = [SASL_HEADER, OPEN, BEAT, TRANSFER, PLAIN_HEADER, OPEN]
        offsets = [sum(map(len, parts[:index])) for index in range(len(parts))]
        self.assertEqual(taken([STREAM]), (list(zip(offsets, parts, strict=True)), None))

    def test_every_cut(self) -> None:
        """
        Where the stream is cut does not matter, neither to frames nor to the fault at the end.
        """
        for end, fault in ((b"\0\0\0\7\2\0\0\0", "a frame of less than 8 bytes"),
                           (b"\0\0\x10\1\2\0\0\0", "a frame of more than 4096 bytes")):  # fmt: skip
            stream = STREAM + end + b"more"
            whole = taken([stream])
            self.assertEqual(whole[1], (len(STREAM), fault))
            for step in range(1, len(stream)):
                parts = [stream[at : at + step] for at in range(0, len(stream), step)]
                self.assertEqual(taken(parts), whole, f"cut every {step}")

    def test_pending(self) -> None:
        """
        What is not taken yet is counted.
        """
        frames = Frames(4096)
        frames.feed(OPEN[:5])
        frames.feed(OPEN[5:] + BEAT[:3])
        self.assertEqual(frames.pending, len(OPEN) + 3)
        frames.take()
        self.assertEqual((frames.take(), frames.pending), (None, 3))

    def test_limit_grows(self) -> None:
        """
        The limit that counts is that of the moment in which a frame is taken.
        """
        frames = Frames(512)
        frames.feed(BEAT + frame(b"x" * 600))
        self.assertEqual(frames.take(), BEAT)
        frames.limit = 1024
        self.assertEqual(frames.take(), frame(b"x" * 600))

    def test_byte_by_byte(self) -> None:
        """
        A frame of 1 MiB that comes byte by byte is not copied for each of them.
        """
        wire = frame(b"x" * (1 << 20))
        frames = Frames(1 << 21)
        for at in range(len(wire)):
            frames.feed(wire[at : at + 1])
            if at < len(wire) - 1:
                self.assertIsNone(frames.take())
        self.assertEqual(frames.take(), wire)


class ParseTests(SynchronousTestCase):
    """What frames carry, checked against the tables (sections 2.7 and 5.3.3)."""

    def refused(self, wire: bytes, what: str, at: int, condition: str, kind: int = 0) -> None:
        """The frame is refused so."""
        why = self.assertRaises(Malformed, parse, wire, Checker(), kind)
        self.assertEqual((why.what, why.at, why.condition), (what, at, condition))

    def test_fields(self) -> None:
        """
        Fields are found by name; those at the end may be missing.
        """
        what = parse(OPEN, Checker())
        assert what is not None
        self.assertEqual((what.name, what.channel), ("open", 0))
        self.assertEqual([what.get(name) for name in ("container-id", "hostname")], ["me", "host"])
        self.assertEqual(what.number("max-frame-size", 1), 4096)
        self.assertEqual(what.number("idle-time-out", 9), 9)
        self.assertEqual(what.names("outgoing-locales"), [])

    def test_symbolic(self) -> None:
        """
        A descriptor may be a symbol, or a long ulong (section 1.4).
        """
        for descriptor in (b"\xa3\x0eamqp:open:list", b"\x80" + b"\0" * 7 + b"\x10"):
            what = parse(frame(b"\0" + descriptor + OPEN[11:]), Checker())
            assert what is not None
            self.assertEqual((what.name, what.get("container-id")), ("open", "me"))

    def test_payload(self) -> None:
        """
        Behind transfer there is a payload; behind others there is nothing (section 2.3.2).
        """
        what = parse(TRANSFER, Checker())
        assert what is not None
        self.assertEqual((TRANSFER[what.stop :], what.channel), (b"\0\x53\x75\xa0\4news", 3))
        self.refused(frame(OPEN[8:] + b"x"), "bytes behind open", len(OPEN), "amqp:decode-error")

    def test_heart_beat(self) -> None:
        """
        An empty frame is a heart-beat (section 2.4.5), also with an extended header; none of SASL is.
        """
        self.assertIsNone(parse(BEAT, Checker()))
        self.assertIsNone(parse(b"\0\0\0\x0c\3\0\0\0abcd", Checker()))
        empty = frame(b"", kind=SASL_TYPE)
        self.refused(empty, "a value without descriptor", 8, "amqp:decode-error", SASL_TYPE)

    def test_head(self) -> None:
        """
        The data offset is within the frame, and the type the one due (section 2.3.1).
        """
        framing = "amqp:connection:framing-error"
        for doff in (0, 1, 4):
            wire = b"\0\0\0\x0c" + bytes((doff,)) + b"\0\0\0abcd"
            self.refused(wire, "a data offset outside the frame", 4, framing)
        self.refused(b"\0\0\0\x08\2\1\0\0", "a frame of type 1 where 0 is due", 5, framing)
        self.refused(OPEN, "a frame of type 0 where 1 is due", 5, framing, SASL_TYPE)

    def test_no_performative(self) -> None:
        """
        Each frame begins with a performative of its type.
        """
        for body in (described(0x41, (symbol("PLAIN"),)), described(0x28, ()), b"\0\xa3\1x\x45"):
            self.refused(frame(body), "a frame that begins with no performative", 8, "amqp:decode-error")
        self.refused(frame(b"\x40"), "a value without descriptor", 8, "amqp:decode-error")
        self.refused(frame(b"\0\x53\x10\xc1\1\0"), "open without a list", 11, "amqp:decode-error")

    def test_mandatory(self) -> None:
        """
        Fields that must be there are.
        """
        invalid = "amqp:invalid-field"
        self.refused(frame(described(0x10, ())), "open without container-id", 12, invalid)
        wire = frame(described(0x10, (NULL, string("h"))))
        self.refused(wire, "open without container-id", 14, invalid)
        wire = frame(described(0x12, (string("n"), uint(1))))
        self.refused(wire, "attach without role", 19, invalid)

    def test_types(self) -> None:
        """
        Fields have the type of the table; numbers that stand for choices are one of them.
        """
        wrong: dict[str, Any] = {
            "open with a container-id that it may not have": (0x10, symbol("x")),
            "begin with a remote-channel that it may not have": (0x11, uint(1), *(uint(0),) * 3),
            "attach with a snd-settle-mode that it may not have": (
                0x12, string("n"), uint(0), boolean(True), types.ubyte(3)),
            "attach with a source that it may not have": (
                0x12, string("n"), uint(0), boolean(True), NULL, NULL, string("queue")),
            "attach with a target that it may not have": (
                0x12, string("n"), uint(0), boolean(True), NULL, NULL, NULL, described(0x28, ())),
            "source with a dynamic that it may not have": (
                0x12, string("n"), uint(0), boolean(True), NULL, NULL,
                described(0x28, (*(NULL,) * 4, uint(1)))),
            "disposition with a state that it may not have": (
                0x15, boolean(True), uint(0), NULL, NULL, uint(1)),
            "received without section-offset": (
                0x15, boolean(True), uint(0), NULL, NULL, described(0x23, (uint(1),))),
            "detach with a error that it may not have": (0x16, uint(0), NULL, described(0x24, ())),
            "error with a condition that it may not have": (0x18, described(0x1D, (string("x"),))),
            "open with a properties that it may not have": (
                0x10, string("x"), *(NULL,) * 8, b"\xc1\x05\2\xa1\1k\x40"),
            "open with a outgoing-locales that it may not have": (
                0x10, string("x"), *(NULL,) * 4, b"\xe0\x04\2\x50\1\2"),
            "end with more than 1 fields": (0x17, NULL, boolean(True)),
        }  # fmt: skip
        for what, (descriptor, *values) in wrong.items():
            why = self.assertRaises(Malformed, parse, frame(described(descriptor, values)), Checker())
            self.assertEqual(why.what, what)

    def test_extensions(self) -> None:
        """
        Termini, delivery states and filters that the specification does not know are left to the peers.
        """
        mine = b"\0\xa3\1x\x45"
        for body in (
            described(0x15, (boolean(True), uint(0), NULL, NULL, mine)),
            described(0x12, (string("n"), uint(0), boolean(False), NULL, NULL, NULL, mine)),
        ):
            self.assertIsNotNone(parse(frame(body), Checker()))

    def test_composite(self) -> None:
        """
        The terminus of a link is read.
        """
        source = described(0x28, (string("/queue/q"), NULL, NULL, NULL, boolean(True)))
        body = described(0x12, (string("n"), uint(0), boolean(True), NULL, NULL, source))
        what = parse(frame(body), Checker())
        assert what is not None
        found = what.composite("source")
        assert found is not None
        self.assertEqual(
            (found.name, found.get("address"), found.get("dynamic")), ("source", "/queue/q", True)
        )
        self.assertIsNone(what.composite("target"))

    def test_replaced(self) -> None:
        """
        A field is exchanged, or put where there was none; all others stay.
        """
        what = parse(OPEN, Checker())
        assert what is not None
        fresh = frame(what.replaced({"hostname": string("vhost:x"), "idle-time-out": uint(9)}))
        expected = described(0x10, (string("me"), string("vhost:x"), uint(4096), types.ushort(7), uint(9)))
        self.assertEqual(fresh, frame(expected))

    def test_limits(self) -> None:
        """
        Depth and number of values are limited over the whole frame, and anew in the next.
        """
        checker = Checker(max_depth=4, max_entries=12)
        for _ in range(3):
            self.assertIsNotNone(parse(OPEN, checker))
        properties = b"\xc1\x0d\6" + b"".join(symbol(each) + NULL for each in "abc")
        many = described(0x10, (string("x"), *(NULL,) * 8, properties))
        why = self.assertRaises(Malformed, parse, frame(many), checker)
        self.assertEqual(why.condition, "amqp:resource-limit-exceeded")

    def test_elements_without_bytes(self) -> None:
        """
        Elements of an array may take no bytes; there may be more of them than there are bytes.
        """
        nulls = b"\xe0\2\x64\x40"
        properties = b"\xc1%c\2" % (1 + len(symbol("a") + nulls)) + symbol("a") + nulls
        body = described(0x10, (string("x"), *(NULL,) * 8, properties))
        self.assertIsNotNone(parse(frame(body), Checker(max_entries=200)))

    @given(st.binary(max_size=80), st.sampled_from((0, 1)))
    def test_anything(self, body: bytes, kind: int) -> None:
        """
        Any body is a performative or refused, with a place in the frame.
        """
        for start in (b"", b"\0\x53\x12\xc0", b"\0\x53\x14\xd0\0\0\0", b"\0\x53\x41\xc0"):
            wire = frame(start + body, kind=kind)
            try:
                parse(wire, Checker(), kind)
            except Malformed as why:
                self.assertLessEqual(why.at, len(wire))
