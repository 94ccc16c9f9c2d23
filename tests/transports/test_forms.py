"""Tests for L{kaazing.transports.forms}: bytes for many, and when they may go to a descriptor."""

from __future__ import annotations

from collections.abc import Hashable
from math import inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.protocol import Factory
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from kaazing.interfaces.feeds import Event, IForm, IRendered, ISpreadable
from kaazing.transports.events import FORM
from kaazing.transports.forms import FRAMES, Alike, Spreadable, alike, put_in, runs, seen
from kaazing.transports.leantls import tls_factory
from kaazing.transports.tcp import StreamChannel
from kaazing.wire.spread import filled
from tests.transports.doors import Wire
from tests.transports.scenes import BINARY, PING, PONG, TEXT, SceneTestCase
from tests.transports.test_leantls import HERE, made
from tests.transports.test_tcp import Peer
from tests.transports.test_ws import Hearing
from tests.wire.framing import raw


class FormTests(SceneTestCase):
    def test_frames(self) -> None:
        """
        Each event is a frame of its kind, or of the kind that its bytes are.
        """
        self.assertTrue(verifyObject(IForm, FRAMES))
        told = [Event(b"a", TEXT), Event(b"b", TEXT), Event(b"c", BINARY), Event(b"d"), Event(b"\xff")]
        wanted = [(1, b"a"), (1, b"b"), (2, b"c"), (1, b"d"), (2, b"\xff")]
        frames = [raw(kind, data, key=b"") for kind, data in wanted]
        self.assertEqual(FRAMES.encode(told), b"".join(frames))
        self.assertEqual([FRAMES.encode([event]) for event in told], frames)
        self.assertEqual(runs(told), [([b"a", b"b"], 1), ([b"c"], 2), ([b"d", b"\xff"], 0)])


@implementer(IRendered)
class Note:
    """An event with a receiver's own bytes at the given offsets of C{text}."""

    key, until, size = None, inf, 1

    def __init__(self, text: bytes, *offsets: int, kind: int = 0) -> None:
        self.text, self.offsets, self.kind = text, offsets, kind

    def render(self, look: Hashable) -> tuple[bytes, tuple[int, ...]]:
        """See L{IRendered}."""
        return bytes(str(look), "ascii") + self.text, self.offsets


class AlikeTests(SynchronousTestCase):
    def test_put_in(self) -> None:
        """
        Own bytes are put in at each offset, both ends and the same one twice included.
        """
        for offsets, wanted in (
            ((), b"abc"), ((1,), b"a-bc"), ((0, 3), b"-abc-"), ((2, 2), b"ab--c"), ((0, 1, 3), b"-a-bc-"),
        ):  # fmt: skip
            self.assertEqual(put_in(b"abc", offsets, b"-"), wanted)
        self.assertTrue(verifyObject(IRendered, Note(b"")))

    def test_who_is_alike(self) -> None:
        """
        Browsers' WebSockets with equally long own bytes are told together; where that might make another
        frame, or another sort of channel other bytes, those with the same ones; none whose bytes are its own.
        """
        self.assertEqual(alike(FRAMES, 2, b"sub-0", 0), Alike(FRAMES, 2, 5, 0))
        self.assertEqual(alike(FRAMES, 2, b"\xff", 1), Alike(FRAMES, 2, b"\xff", 1))
        self.assertEqual(alike(FORM, 2, b"sub-0", 0), Alike(FORM, 2, b"sub-0", 0))
        self.assertIsNone(alike(None, 2, b"sub-0", 0))

    @given(
        st.lists(
            st.tuples(
                st.binary(max_size=8) | st.sampled_from((b"x" * 123, b"x" * 124, b"x" * 65_533)),
                st.lists(st.integers(0, 10), max_size=3).map(sorted),
                st.integers(0, 2),
            ),
            max_size=4,
        ),
        st.lists(st.text(alphabet="a\u00e9", min_size=1, max_size=2), min_size=1, max_size=4),
    )
    def test_holes(self, said: list[Any], texts: list[str]) -> None:
        """
        What is encoded once, with each one's own bytes put in, is what would be encoded for each alone:
        lengths, kinds and all.
        """
        notes = [Note(text, *(min(at, len(text) + 1) for at in ats), kind=kind) for text, ats, kind in said]
        for owns in ([text.encode() for text in texts], [b"\xff\x80", b"\xa9a"]):
            for form in (FRAMES, FORM):
                groups: dict[Any, list[bytes]] = {}
                for own in owns:
                    groups.setdefault(alike(form, 7, own, 0), []).append(own)
                for group, members in groups.items():
                    data, holes = group.encode(notes, members[0])
                    for own in members:
                        wanted = form.encode(seen(notes, 7, own))
                        self.assertEqual(filled(data, holes, own), wanted)


class DescriptorTests(SceneTestCase):
    """A browser's WebSocket over a real socket."""

    loopback = True

    def setUp(self) -> None:
        super().setUp()
        self.net.buffer = 8192
        self.browser, channel = self.scene.front()
        self.channel: Any = channel
        self.ear = Hearing(channel)
        channel.resume()

    def test_free(self) -> None:
        """
        An open channel with nothing to send gives its descriptor, and has the form of all its like.
        """
        self.assertTrue(verifyObject(ISpreadable, self.channel))
        self.assertEqual(self.channel.descriptor(), self.channel.transport.fileno())
        self.assertIs(self.channel.form, FRAMES)

    def test_waiting(self) -> None:
        """
        While anything waits none is given; the receiver hears when it begins, however little it is, and
        when it is over.
        """
        self.browser.far.block()
        wrote = 0
        while self.channel.descriptor() >= 0:
            self.channel.put(raw(BINARY, b"x" * 998, key=b""))
            wrote += 1
        self.assertEqual(self.ear.heard, ["congested"])
        self.assertLess(len(self.channel.transport._tempDataBuffer[0]), 1004)
        self.channel.put(raw(BINARY, b"last", key=b""))
        self.assertEqual(self.ear.heard, ["congested"])
        self.browser.far.unblock()
        self.net.until(lambda: len(self.browser.heard) == wrote + 1)
        self.assertEqual(self.ear.heard, ["congested", "drained"])
        self.assertGreaterEqual(self.channel.descriptor(), 0)

    def test_others_write(self) -> None:
        """
        None is given while somebody else's bytes wait, so that nothing gets between them.
        """
        self.browser.far.block()
        while not self.channel.transport._tempDataBuffer:
            self.channel.send(b"x" * 1000, BINARY)
        self.assertEqual(self.channel.descriptor(), -1)
        self.channel.put(raw(TEXT, b"behind", key=b""))
        self.browser.say((PING, b"?"))
        self.browser.far.unblock()
        self.net.until(lambda: (PONG, b"?") in self.browser.heard)
        self.assertEqual([opcode for opcode, _ in self.browser.heard][-2:], [TEXT, PONG])

    def test_closing(self) -> None:
        """
        A channel that is finished, dropped or gone gives none and takes nothing.
        """
        self.channel.finish()
        self.assertEqual(self.channel.descriptor(), -1)
        self.channel.put(raw(TEXT, b"too late", key=b""))
        self.browser.far.reset()
        self.net.until(lambda: bool(self.ear.heard))
        self.assertEqual(self.channel.descriptor(), -1)
        self.channel.put(raw(TEXT, b"too late", key=b""))
        self.assertNotIn((TEXT, b"too late"), self.browser.heard)

    def test_aborted(self) -> None:
        """
        Nor does one that is aborted, though its descriptor is still open.
        """
        self.channel.abort()
        self.assertGreaterEqual(self.channel.transport.fileno(), 0)
        self.assertEqual(self.channel.descriptor(), -1)

    def test_transport_closing(self) -> None:
        """
        Nor one whose transport closes, or ends its sending, by itself; or has TLS inside.
        """
        for name in ("disconnecting", "_writeDisconnecting", "TLS"):
            setattr(self.channel.transport, name, True)
            self.assertEqual(self.channel.descriptor(), -1, name)
            setattr(self.channel.transport, name, False)
            self.assertGreaterEqual(self.channel.descriptor(), 0)

    def test_no_connection(self) -> None:
        """
        Nor one that no TCP connection of ours carries by itself.
        """
        self.channel.transport = StringTransport()
        self.assertEqual(self.channel.descriptor(), -1)

    def test_forms_of_others(self) -> None:
        """
        A channel towards a backend masks, so its bytes are its own.
        """
        self.assertIs(self.scene.ws_back()[1].form, None)


@implementer(ISpreadable)
class Teller(Spreadable, StreamChannel):
    """A plain stream that can be told what is encoded for others."""

    form = FRAMES


class TlsTests(SceneTestCase):
    """A channel over TLS; the client's end of it is carried over by hand."""

    def setUp(self) -> None:
        super().setUp()
        contexts, creator = made("TLSv1.3")
        self.channel: Any = Teller()
        self.ear = Hearing(self.channel)
        serving = tls_factory(contexts, False, Factory.forProtocol(lambda: self.channel))
        _, self.far = self.net.connect(serving.buildProtocol(HERE))
        self.client, self.wire = Peer(), Wire()
        calling = TLSMemoryBIOFactory(creator, True, Factory.forProtocol(lambda: self.client))
        self.wire.protocol = calling.buildProtocol(HERE)
        self.wire.protocol.makeConnection(self.wire)
        for _ in range(3):
            self.carry()
        self.channel.resume()

    def carry(self) -> None:
        """Carry over what both have said."""
        self.far.send(self.wire.value())
        self.wire.clear()
        self.net.turn()
        self.wire.say(bytes(self.far.got))
        self.far.got.clear()

    def test_told(self) -> None:
        """
        It gives no descriptor and is told all the same, in order; it says when anything waits, and when
        that is out.
        """
        self.channel.put(b"a")
        self.carry()
        self.assertEqual((self.channel.descriptor(), self.ear.heard), (-1, []))
        self.far.block()
        self.channel.put(b"b")
        self.channel.put(b"c")
        self.assertEqual(self.ear.heard, ["congested"])
        self.far.unblock()
        self.carry()
        self.assertEqual(self.ear.heard, ["congested", "drained"])
        self.assertEqual(self.client.heard, b"abc")
