"""Tests for L{kaazing.transports.lasting}: event streams of the original's clients."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

from zope.interface.verify import verifyObject

from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.exchanges import ITaker
from kaazing.interfaces.feeds import ISpreadable
from kaazing.transports.emulation.parameters import Parameters
from kaazing.transports.emulation.session import REATTACH
from kaazing.transports.lasting import Stay
from tests.transports.doors import Wire, get
from tests.transports.eventstage import THEIRS, EventTestCase, body, heard, response


class LastingTestCase(EventTestCase):
    def begin(self, query: bytes = b".kv=1", *fields: bytes) -> None:
        """Let a client come for the first time."""
        self.wire, self.channel, self.ear = self.attend(b"/feed?" + query, *fields)
        ((_, url), *_) = heard(self.wire).others
        self.place = url.removeprefix("http://example.com:8000").encode()
        self.first = body(self.wire)

    def again(self, query: bytes = b".kv=1", *fields: bytes) -> Wire:
        """Let it come again."""
        return self.ask(self.place + b"?" + query, *fields)

    def said(self) -> bytes:
        """What came on the first connection behind the opening."""
        return body(self.wire).removeprefix(self.first)


class ChannelTests(LastingTestCase):
    def test_promises(self) -> None:
        """
        It is a channel that can be told what is encoded for others, but never at a descriptor.
        """
        self.begin()
        verifyObject(IChannel, self.channel)
        verifyObject(ISpreadable, self.channel)
        self.assertEqual(self.channel.descriptor(), -1)
        self.assertEqual((self.channel.peer, self.channel.messages), ("192.0.2.1:5000", True))
        verifyObject(ITaker, Stay(self.exchange(), Parameters(), lambda stay: None))

    def exchange(self) -> Any:
        """Some exchange."""
        taken: list[Any] = []
        self.doors["/feed"].serve = taken.append  # type: ignore[method-assign,assignment]
        self.ask()
        return taken[0]

    def test_messages(self) -> None:
        """
        Each message is an event, whatever carries it; nothing is sent once it is finished.
        """
        self.begin()
        self.channel.hold()
        self.channel.send_all([b"one", b"two"], 1)
        self.channel.put(b"data:three\n\n")
        self.assertEqual(self.said(), b"data:one\n\ndata:two\n\ndata:three\n\n")
        self.channel.finish()
        self.channel.send(b"late", 1)
        self.channel.put(b"late")
        self.assertEqual(self.said(), b"data:one\n\ndata:two\n\ndata:three\n\n")
        self.assertEqual(self.wire.fate, "finished")

    def test_without_request(self) -> None:
        """
        What is said while no request is there waits; beyond the bound the receiver hears that it is too
        much, and when somebody came for it.
        """
        self.begin()
        self.wire.hang_up()
        self.channel.send(b"x" * 60_000, 1)
        self.assertEqual(self.ear.heard, [])
        self.channel.send(b"y" * 10_000, 1)
        self.channel.send(b"z", 1)
        self.assertEqual(self.ear.heard, ["congested"])
        more = self.again()
        self.assertEqual([data[:1] for _, data, _ in heard(more).told], ["x", "y", "z"])
        self.assertEqual(self.ear.heard, ["congested", "drained"])

    def test_encoded_without_request(self) -> None:
        """
        Of encoded events the receiver hears at once that they wait.
        """
        self.begin()
        self.wire.hang_up()
        self.channel.put(b"data:x\n\n")
        self.assertEqual(self.ear.heard, ["congested"])
        self.assertEqual(body(self.again()), b"data:x\n\n")
        self.assertEqual(self.ear.heard, ["congested", "drained"])

    def test_congestion(self) -> None:
        """
        A connection that takes too little is told of as any other's.
        """
        self.begin()
        self.assertEqual(self.wire.bufferSize, self.channel.bound)
        self.wire.overflow()
        self.assertEqual(self.ear.heard, ["congested"])
        self.wire.drain()
        self.assertEqual(self.ear.heard, ["congested", "drained"])

    def test_taken_over(self) -> None:
        """
        A request that comes while another is open takes over; the old one ends in good order.
        """
        self.begin()
        more = self.again()
        self.channel.send(b"x", 1)
        self.assertEqual((self.said(), self.wire.fate), (b"reconnect\n\n", "finished"))
        self.assertEqual(body(more), b":\n\ndata:x\n\n")
        self.wire.hang_up()
        self.channel.send(b"y", 1)
        self.assertEqual(body(more), b":\n\ndata:x\n\ndata:y\n\n")

    def test_left_alone(self) -> None:
        """
        After 60 seconds without a request the channel is gone, and its place with it.
        """
        self.begin()
        self.wire.hang_up()
        self.house.wait(REATTACH - 1)
        self.assertEqual(self.ear.heard, [])
        self.house.wait(2)
        self.assertEqual(self.ear.heard, [("lost", "the client did not come again")])
        self.assertEqual(self.house.clock.getDelayedCalls(), [])
        self.assertEqual(response(self.again())[0], "404 Not Found")

    def test_finished_alone(self) -> None:
        """
        What waits when the channel is finished is told to the client if it comes in time.
        """
        self.begin()
        self.wire.hang_up()
        self.channel.send(b"last", 1)
        self.channel.finish()
        self.assertFalse(self.channel.open)
        more = self.again()
        self.house.clock.advance(0)
        self.assertEqual((body(more), more.fate), (b"data:last\n\n", "finished"))
        self.assertEqual(self.ear.heard, [("lost", None)])

    def test_ends(self) -> None:
        """
        However it ends, the receiver hears of it once, after whoever ended it is done.
        """
        for end, fate in (("finish", "finished"), ("drop", "finished"), ("abort", "aborted")):
            self.begin()
            getattr(self.channel, end)()
            self.assertEqual((self.ear.heard, self.wire.fate), ([], fate), end)
            getattr(self.channel, end)()
            self.house.clock.advance(0)
            self.wire.hang_up()
            self.assertEqual(self.ear.heard, [("lost", None)], end)
            self.assertEqual(response(self.again())[0], "404 Not Found", end)
        self.begin()
        self.wire.hang_up()
        self.channel.finish()
        self.house.clock.advance(0)
        self.assertEqual(self.ear.heard, [("lost", None)])


class ParameterTests(LastingTestCase):
    """What a client asks of the response that carries its channel."""

    def test_limit(self) -> None:
        """
        .kb: after so many KiB the client is told to come again at once, and the response ends.
        """
        self.begin(b".kb=1")
        self.channel.send(b"x" * 700, 1)
        self.assertEqual(self.wire.fate, "open")
        self.channel.send(b"y" * 700, 1)
        self.assertEqual(self.wire.fate, "finished")
        self.assertTrue(self.said().endswith(b"yy\n\nreconnect\n\n"))
        self.channel.send(b"z", 1)
        self.assertEqual(body(self.again(b".kb=1")), b"data:z\n\n")
        self.assertEqual(self.ear.heard, [])

    def test_padding(self) -> None:
        """
        .kp: comments fill the response up to so many bytes.
        """
        self.begin(b".kp=300")
        self.assertEqual(len(self.first), 300)
        self.channel.send(b"x", 1)
        self.assertEqual(self.said(), b"data:x\n\n")
        self.begin(b".kp=000")
        least = len(self.first)
        for more, size in ((0, least), (1, least + 3), (3, least + 3), (4, least + 4)):
            self.begin(b".kp=%d" % (least + more))
            self.assertEqual(len(self.first), size, f"{more} bytes to fill")

    def test_blocks(self) -> None:
        """
        .kbp: each write is followed by 4 KiB of comment, and all of it compressed for a client that takes
        gzip.
        """
        self.begin(b".kbp=4096")
        self.channel.send(b"x", 1)
        self.assertEqual(response(self.wire)[1], THEIRS)
        self.assertEqual(self.said(), b"data:x\n\n:" + b" " * 4093 + b"\n\n")
        self.wire, self.channel, self.ear = self.attend(b"/feed?.kbp=4096", b"Accept-Encoding: gzip")
        _, fields, first = response(self.wire)
        self.assertEqual(fields, {**THEIRS, "content-encoding": "gzip"})
        self.assertLess(len(first), 300)
        self.channel.send(b"x", 1)
        unpacked = zlib.decompressobj(31).decompress(body(self.wire))
        self.assertTrue(unpacked.endswith(b"data:x\n\n:" + b" " * 4093 + b"\n\n"))
        self.assertEqual(unpacked.count(b"\n\n:   "), 2)
        self.channel.finish()
        self.assertEqual(gzip.decompress(body(self.wire)), unpacked)

    def test_fields(self) -> None:
        """
        .kc and .kcc: another type, and other words for caches.
        """
        self.begin(b".kc=text/plain&.kcc=private")
        self.assertEqual(
            response(self.wire)[1],
            {**THEIRS, "content-type": "text/plain;charset=UTF-8", "cache-control": "private"},
        )
        self.begin(b".kc=text/event-stream")
        self.assertEqual(response(self.wire)[1]["content-type"], "text/event-stream;charset=UTF-8")

    def test_polls(self) -> None:
        """
        .ki=p: each request is answered with what there is, once there is something, heartbeats too, and
        the client told to come again at once. So is one through a proxy that says that it buffers.
        """
        for query, fields in (
            (b".ki=p", ()),
            (b".kv=1", (b"X-Kaazing-Proxy-Buffering: on",)),
        ):
            self.begin(query, *fields)
            _, said, first = response(self.wire)
            self.assertEqual(said["content-length"], str(len(first)))
            self.assertTrue(first.endswith(b"\n\nreconnect\n\n"))
            self.wire.clear()
            self.wire.say(get(self.place + b"?" + query, *fields))
            self.assertEqual(self.wire.value(), b"")
            self.channel.send_all([b"a", b"b"], 1)
            self.assertEqual(body(self.wire), b"data:a\n\ndata:b\n\nreconnect\n\n")
            self.channel.send(b"c", 1)
            poll = self.again(query, *fields)
            self.assertEqual(body(poll), b"data:c\n\nreconnect\n\n")
            poll = self.again(query, *fields)
            self.house.wait(31)
            self.assertEqual(body(poll), b":\n\nreconnect\n\n")
            poll = self.again(query, *fields)
            self.channel.finish()
            self.assertEqual((response(poll)[0], body(poll)), ("200 OK", b""))

    def test_stays_streaming(self) -> None:
        """
        A proxy that says that it does not buffer is believed.
        """
        self.begin(b".ki=p", b"X-Kaazing-Proxy-Buffering: off")
        self.assertEqual(self.wire.fate, "open")
        self.assertNotIn("content-length", response(self.wire)[1])

    def test_flushes(self) -> None:
        """
        .kf: comments go out after two, four and eight times so many milliseconds.
        """
        self.begin(b".kf=1000")
        for seconds, comments in ((1.5, 0), (1.5, 1), (2, 2), (4, 3), (15, 3)):
            self.house.wait(seconds)
            self.assertEqual(self.said(), b":\n\n" * comments, f"{seconds} s later")

    def test_heartbeat(self) -> None:
        """
        A comment goes out after 30 seconds of silence, or as many as .kkt says.
        """
        self.begin()
        self.house.wait(20)
        self.channel.send(b"x", 1)
        self.house.wait(29)
        self.assertEqual(self.said(), b"data:x\n\n")
        self.house.wait(2)
        self.assertEqual(self.said(), b"data:x\n\n:\n\n")
        self.begin(b".kkt=5")
        self.house.wait(11)
        self.assertEqual(self.said(), b":\n\n:\n\n")
