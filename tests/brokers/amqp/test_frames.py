"""Frames on their way from a broker to pika."""

from __future__ import annotations

import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties
from pika.frame import Body, Header, Heartbeat, Method, decode_frame
from pika.spec import Basic
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp.frames import LONGEST, Frames

BODY = b"\xce" * 10
PROPERTIES = BasicProperties(headers={"a": "b"}, message_id="m")
STREAM = b"".join(
    (
        Method(7, Basic.Deliver("tag", 1, False, "", "q")).marshal(),
        Header(7, len(BODY), PROPERTIES).marshal(),
        Heartbeat().marshal(),
        Body(7, BODY).marshal(),
    )
)


def fed(frames: Frames, *chunks: bytes) -> list[bytes]:
    """Return what pika gets."""
    return [frame for chunk in chunks for frame in frames.feed(chunk)]


class FramesTests(SynchronousTestCase):
    @given(st.lists(st.integers(0, len(STREAM)), max_size=6))
    def test_cuts(self, places: list[int]) -> None:
        """
        Whole frames come out one by one, headers of messages without properties, wherever the stream is cut.
        """
        frames, cuts = Frames(), [0, *sorted(places), len(STREAM)]
        got = fed(frames, *(STREAM[a:b] for a, b in pairwise(cuts)))
        self.assertEqual(
            got,
            [
                Method(7, Basic.Deliver("tag", 1, False, "", "q")).marshal(),
                Header(7, len(BODY), BasicProperties()).marshal(),
                Heartbeat().marshal(),
                Body(7, BODY).marshal(),
            ],
        )
        self.assertEqual(frames.properties, {7: b"".join(PROPERTIES.encode())})

    def test_pika_reads_them(self) -> None:
        """
        Pika takes a header without properties for what it is, with the size of the body.
        """
        (_, header) = decode_frame(fed(Frames(), Header(7, 99, PROPERTIES).marshal())[0])
        self.assertEqual((header.channel_number, header.body_size), (7, 99))
        self.assertEqual(header.properties, BasicProperties())

    def test_closed_channels(self) -> None:
        """
        Nothing is kept of a channel that is closed.
        """
        frames = Frames()
        fed(frames, STREAM)
        frames.forget(7)
        frames.forget(7)
        self.assertEqual(frames.properties, {})

    def test_too_long(self) -> None:
        """
        A frame that is longer than agreed is refused before it came, the longest is not.
        """
        frames = Frames()
        whole = struct.pack(">BHI", 3, 7, LONGEST - 8) + bytes(LONGEST - 8) + b"\xce"
        self.assertEqual(fed(frames, whole), [whole])
        with self.assertRaises(ValueError) as refused:
            fed(frames, struct.pack(">BHI", 3, 7, LONGEST - 7))
        self.assertEqual(str(refused.exception), "a frame of 131073 bytes, where 131072 were agreed on")

    def test_wrong_end(self) -> None:
        """
        Frames before one that does not end as it must are passed on.
        """
        frames, got = Frames(), []
        with self.assertRaises(ValueError) as refused:
            for frame in frames.feed(Heartbeat().marshal() + Heartbeat().marshal()[:-1] + b"\xcd"):
                got.append(frame)
        self.assertEqual(
            (got, str(refused.exception)), ([Heartbeat().marshal()], "a frame without its end octet")
        )
