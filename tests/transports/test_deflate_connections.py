"""Tests for L{kaazing.transports.deflate}: connections whose messages are compressed on their way."""

from __future__ import annotations

from typing import Any

from zope.interface.verify import verifyObject

from kaazing.config.model import Compression
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.feeds import Event, IForm
from tests.transports.scenes import BINARY, PONG, REQUEST, RSV1, TEXT, Scene, SceneTestCase, Speaker, close
from tests.transports.test_deflate import RANDOM, deflated, inflated
from tests.transports.test_ws import Hearing
from tests.wire.framing import raw

OFFER = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"  # Chromium's


class CompressedTests(SceneTestCase):
    """A connection that has agreed on it."""

    def open(
        self, *, whole: bool = False, early: bytes = b"", max_message: int = 1000, **wanted: Any
    ) -> Hearing:
        """Let a browser in that offers compression."""
        scene = Scene(self.net, max_message=max_message, compression=Compression(**wanted))
        self.browser: Speaker
        self.channel: Any
        self.browser, self.channel = scene.front(early, request=REQUEST[:-2] + OFFER + b"\r\n")
        self.channel.whole = whole
        hearing = Hearing(self.channel)
        self.channel.resume()
        self.net.turn()
        return hearing

    def say(self, *messages: tuple[int, bytes]) -> None:
        """Send messages, compressed."""
        frames = (raw(opcode | RSV1, deflated(payload)) for opcode, payload in messages)
        self.browser.say_raw(b"".join(frames))
        self.net.turn()

    def hears(self) -> list[tuple[int, bytes]]:
        """What the browser hears."""
        self.net.turn()
        return self.browser.heard

    def test_agreed(self) -> None:
        """
        The answer says what is agreed on; where nothing may be, or nothing is offered, it says nothing.
        """
        self.open()
        self.hears()
        agreed = b"server_no_context_takeover; client_no_context_takeover; client_max_window_bits=11\r\n"
        self.assertIn(b"\r\nSec-WebSocket-Extensions: permessage-deflate; " + agreed, self.browser.head)
        for offer, compression in (
            (b"", Compression()),
            (OFFER, None),
            (b"Sec-WebSocket-Extensions: x\r\n", Compression()),
        ):
            scene = Scene(self.net, compression=compression)
            browser, channel = scene.front(request=REQUEST[:-2] + offer + b"\r\n")
            Hearing(channel)
            channel.resume()
            self.net.turn()
            self.assertEqual((browser.heard, browser.head.count(b"Extensions")), ([], 0))
            self.assertIsNotNone(channel.lane)

    def test_both_ways(self) -> None:
        """
        Messages pass, compressed or not; empty ones where whole messages are asked for.
        """
        for whole in (False, True):
            hearing = self.open(whole=whole)
            self.say((TEXT, b"hello " * 20), (BINARY, b""))
            self.browser.say((TEXT, b"plain"))
            self.net.turn()
            empty = [(BINARY, b"")] if whole else []
            self.assertEqual(hearing.heard, [(TEXT, b"hello " * 20), *empty, (TEXT, b"plain")])
            self.channel.send(b"world " * 20, Kind.TEXT)
            self.channel.send_all([b"short", b"\xff" * 100], Kind.AUTO)
            (opcode, payload), short, (last, binary) = self.hears()
            self.assertEqual(
                (opcode, inflated(payload), short), (TEXT | RSV1, b"world " * 20, (TEXT, b"short"))
            )
            self.assertEqual((last, inflated(binary)), (BINARY | RSV1, b"\xff" * 100))

    def test_cuts(self) -> None:
        """
        Fragments and pings, cut anywhere: the same is heard.
        """
        text = deflated("zwölf Boxkämpfer".encode() * 3)
        stream = (
            raw(TEXT | RSV1, text[:5], final=False) + raw(9, b"?") + raw(0, text[5:])
            + raw(BINARY, b"pla", final=False) + raw(0, b"in")
        )  # fmt: skip
        for cut in range(1, len(stream)):
            hearing = self.open(whole=True)
            for at in range(0, len(stream), cut):
                self.browser.say_raw(stream[at : at + cut])
                self.net.turn()
            self.assertEqual(
                hearing.heard, [(TEXT, "zwölf Boxkämpfer".encode() * 3), (BINARY, b"plain")], cut
            )
            self.assertEqual(self.hears(), [(PONG, b"?")])

    def test_nothing_again_and_again(self) -> None:
        """
        Fragments without a byte, or that inflate to none, take no room, however many come.
        """
        hearing = self.open()
        text = deflated(b"hello " * 20)
        self.browser.say_raw(raw(TEXT | RSV1, text[:5], final=False) + raw(0, b"", final=False) * 100)
        self.net.turn()
        self.assertLessEqual(len(self.channel.message_data), 1)
        self.browser.say_raw(raw(0, text[5:]))
        nothing = raw(0, b"\0\0\0\xff\xff", final=False)  # a stored block of no bytes
        self.browser.say_raw(raw(TEXT | RSV1, b"\0\0\0\xff\xff", final=False) + nothing * 100)
        self.net.turn()
        self.assertEqual(self.channel.message_data, [])
        self.browser.say_raw(raw(0, text))
        self.net.turn()
        self.assertEqual(hearing.heard, [(TEXT, b"hello " * 20)] * 2)

    def failed(self, frames: bytes, **more: Any) -> str:
        """Return how a connection fails; it is closed then as any other."""
        hearing = self.open(**more)
        failures: list[Any] = []

        def failed(why: Exception) -> None:
            failures.append(why)

        hearing.failed = failed  # type: ignore[method-assign]
        self.browser.say_raw(frames)
        self.net.turn()
        (why,) = failures
        self.channel.finish(why.close_code)
        self.say((TEXT, b"not heard, and not inflated"))
        self.assertEqual(self.channel._perMessageCompress._inflated, 0)
        self.browser.say((TEXT, b"not heard"), close(why.close_code))
        self.assertEqual(self.hears()[-1], close(why.close_code))
        self.assertEqual((self.browser.far.end, hearing.heard[-1]), ("fin", "lost: None"))
        return f"{why.close_code} {why}"

    def test_too_big(self) -> None:
        """
        What inflates to more than the limit or the ratio allows is refused, whatever the frames are; and
        so is what is too big without compression.
        """
        big = raw(TEXT | RSV1, deflated(b"x" * 1001))
        self.assertEqual(self.failed(big), "1009 client byte 0: message of more than 1000 bytes (RFC 6455)")
        self.assertEqual(
            self.failed(raw(TEXT, b"x" * 1001)),
            "1009 client byte 0: message of more than 1000 bytes (RFC 6455)",
        )
        bomb = deflated(bytes(500_000))
        frames = raw(BINARY | RSV1, bomb[:10], final=False) + raw(0, bomb[10:])
        self.assertEqual(
            self.failed(frames, max_message=0, ratio=3),
            "1009 client byte 0: message of more than 65536 bytes and 3 times its compressed size (RFC 6455)",
        )

    def test_bad(self) -> None:
        """
        Bytes that are no DEFLATE data or no text, and a reserved bit where it may not be, are refused.
        """
        corrupt = "1007 client byte 0: no DEFLATE data (RFC 6455)"
        self.assertEqual(self.failed(raw(TEXT | RSV1, b"\x07\x07")), corrupt)
        no_text = "1007 client byte 0: text that is no UTF-8 (RFC 6455)"
        for frame in (raw(TEXT | RSV1, deflated(b"\xff")), raw(TEXT, b"\xc3")):
            self.assertEqual(self.failed(frame), no_text)
        for frames in (
            raw(9 | RSV1, b""),
            raw(TEXT, b"", final=False) + raw(RSV1, b""),
            raw(TEXT | 0x20, b""),
        ):
            self.assertIn("1002 ", self.failed(frames))

    def test_as_long_as_the_limit(self) -> None:
        """
        A message as long as the limit that compression has made longer is let in.
        """
        hearing = self.open(whole=True)
        self.say((BINARY, RANDOM[:1000]))
        self.assertEqual(hearing.heard, [(BINARY, RANDOM[:1000])])

    def test_without_limit(self) -> None:
        """
        Where the accept has no limit, 16 MiB is the limit, compressed or not.
        """
        for head in (0x02, 0x42):
            hearing = self.open(max_message=0, ratio=2000)
            if head & RSV1:
                self.browser.say_raw(raw(head, deflated(bytes((1 << 24) + 1)), final=False))
            else:
                self.browser.say_raw(raw(head, b"", claim=(1 << 24) + 1))
            self.net.turn()
            said = "failed: client byte 0: message of more than 16777216 bytes (RFC 6455)"
            self.assertEqual(hearing.heard, [said])

    def test_close_behind_a_fault(self) -> None:
        """
        A Close that comes with the fault is heard, so that the connection ends at once.
        """
        for fault in (raw(TEXT | RSV1, b"\x07"), raw(BINARY | RSV1, b"\0\x64\0\x9b\xffhello")):
            hearing = self.open()
            hearing.failed = lambda why: self.channel.finish(1007)  # type: ignore[method-assign]
            self.browser.say_raw(fault + raw(TEXT | RSV1, deflated(b"unheard")) + raw(8, b"\x0f\xa0"))
            self.net.turn()
            self.assertEqual((self.hears(), hearing.heard), ([close(1007)], ["lost: None"]))
            self.assertEqual(self.channel.closed_with, (4000, ""))

    def test_held(self) -> None:
        """
        While the channel is held nothing more is inflated, not even of what has come; then all is.
        """
        hearing = self.open()

        def received(data: bytes, kind: int) -> None:
            hearing.heard.append(data)
            self.channel.hold()

        hearing.received = received  # type: ignore[method-assign]
        self.say((TEXT, b"a"), (TEXT, b"b"), (TEXT, b"c"))
        self.assertEqual(hearing.heard, [b"a"])
        self.channel.resume()
        self.assertEqual(hearing.heard, [b"a", b"b"])
        self.channel.resume()
        self.net.turn()
        self.assertEqual(hearing.heard, [b"a", b"b", b"c"])

    def test_resumed_while_read(self) -> None:
        """
        A receiver may hold the channel and resume it before it returns: nothing is heard out of order.
        """
        hearing = self.open()

        def received(data: bytes, kind: int) -> None:
            self.channel.hold()
            self.channel.resume()
            hearing.heard.append(data)

        hearing.received = received  # type: ignore[method-assign]
        self.say((TEXT, b"a"), (TEXT, b"b"), (TEXT, b"c"))
        self.assertEqual(hearing.heard, [b"a", b"b", b"c"])

    def test_finished_while_held(self) -> None:
        """
        The answer to our Close is heard even where it had come before.
        """
        hearing = self.open()
        hearing.received = lambda data, kind: self.channel.hold()  # type: ignore[method-assign]
        self.say((TEXT, b"a"))
        self.browser.say_raw(raw(TEXT, b"b") + raw(8, b"\x03\xe8"))
        self.channel.dataReceived(bytes(self.browser.far.inbox))  # type: ignore[attr-defined]
        self.browser.far.inbox.clear()  # type: ignore[attr-defined]
        self.channel.finish(1001)
        self.net.turn()
        self.assertEqual(hearing.heard, ["ended", "lost: None"])

    def test_early(self) -> None:
        """
        What came with the handshake is inflated too.
        """
        hearing = self.open(early=raw(TEXT | RSV1, deflated(b"early " * 9)))
        self.assertEqual(hearing.heard, [(TEXT, b"early " * 9)])

    def test_never_resumed(self) -> None:
        """
        A channel may be finished before it was ever resumed.
        """
        scene = Scene(self.net, compression=Compression())
        self.browser, self.channel = scene.front(request=REQUEST[:-2] + OFFER + b"\r\n")
        hearing = Hearing(self.channel)
        self.channel.finish(1011, "no backend")
        self.say((TEXT, b"x" * 100))
        self.browser.say(close(1011))
        self.assertEqual(self.hears(), [close(1011, b"no backend")])
        self.assertEqual((hearing.heard[-2:], self.browser.far.end), (["ended", "lost: None"], "fin"))

    def test_form(self) -> None:
        """
        Connections that keep nothing between messages, and have windows of one size, send events alike:
        one encoding serves them all; those that keep something have none.
        """
        self.open()
        form = self.channel.form
        verifyObject(IForm, form)
        events = [Event(b"short"), Event(b"news " * 50), Event(b"\xff" * 90, Kind.BINARY)]
        for event in events:
            self.channel.send(event.data, event.kind)
        self.channel.put(form.encode(events))
        heard = self.hears()
        self.assertEqual((len(heard), heard[:3]), (6, heard[3:]))
        for same, bits in ((True, 11), (False, 9)):
            self.open(window_bits=bits)
            self.assertEqual((self.channel.form == form, hash(self.channel.form) == hash(form)), (same, same))
        self.open(context_takeover=True)
        self.assertIsNone(self.channel.form)

    def test_idle(self) -> None:
        """
        Without context takeover nothing of zlib stays between messages.
        """
        self.open(whole=True)
        self.say((TEXT, b"x" * 500))
        self.channel.send(b"x" * 500, Kind.TEXT)
        deflate = self.channel._perMessageCompress
        self.assertEqual((deflate._inflater, deflate._deflater), (None, None))
        self.assertNotIn("agreed", vars(self.channel))
