"""Tests for L{kaazing.wire.pure_amqp}: the rules of AMQP 0-9-1, kept alike in Python and in C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_amqp
from kaazing.wire.amqp import COMPACT, HEARTBEAT, Code, Scanner, encode
from kaazing.wire.amqp_methods import ROWS
from tests.wire.amqp_streams import Settings, body, deliver, frame, header, outcome, publish

try:
    from kaazing._speedups import AmqpScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a scanner

CLIENT, SERVER = Settings(), Settings(client=False)
OPENING = Settings(open=False)
METHOD = encode(1, "basic.publish", 0, "", "q", 0)
CLOSE = encode(1, "channel.close", 200, "bye", 0, 0)
CLOSE_OK = encode(1, "channel.close-ok")
OPEN = encode(1, "channel.open", "")
BYE = encode(0, "connection.close", 200, "bye", 0, 0)
BYE_OK = encode(0, "connection.close-ok")
GET = encode(1, "basic.get", 0, "q", 0)


class ScannerTests(Case):
    """What any scanner does; C{kind} says which one."""

    kind: Any

    def assert_passes(self, given: Settings, data: bytes) -> None:
        """All of C{data} passes."""
        items, fault, _ = outcome(given, [data], self.kind)
        passed = b"".join(item[1] if isinstance(item, tuple) else item for item in items)
        self.assertEqual((passed, fault), (data, ""))

    def assert_refused(self, given: Settings, good: bytes, bad: bytes, place: int, fault: str) -> None:
        """C{good} passes and nothing of C{bad}, which is refused C{place} bytes behind its start."""
        items, said, _ = outcome(given, [good + bad + good], self.kind)
        passed = b"".join(item[1] if isinstance(item, tuple) else item for item in items)
        side = "client" if given.client else "backend"
        section = fault if fault.endswith(")") else f"{fault})"
        self.assertEqual((passed, said), (good, f"{side} byte {len(good) + place}: {section}"))

    def scanner(self, **values: Any) -> Scanner:
        return Settings(**values).scanner(self.kind)

    # Frames

    def test_frames_pass(self) -> None:
        """
        Whole frames pass as they came, a run of them as one object; an open one waits.
        """
        scanner = self.scanner()
        data = publish() + HEARTBEAT + publish(b"")
        self.assertEqual(scanner.feed(data), [data])
        self.assertEqual(scanner.feed(GET + publish()[:-1]), [GET + publish()[:-13]])
        self.assertEqual(scanner.pending, 12)
        self.assertEqual(scanner.feed(b"\xce"), [body(1, b"hello")])
        self.assertEqual(
            scanner.take_counts(), {ROWS["basic.publish"]: 3, len(ROWS): 1, ROWS["basic.get"]: 1}
        )
        self.assertEqual(scanner.take_counts(), {})

    def test_untouched_bytes(self) -> None:
        """
        A chunk of whole frames passes as the very object that came.
        """
        data = publish() * 3
        if self.kind is NativeScanner:
            self.assertIs(self.scanner().feed(data)[0], data)

    def test_frames_apart(self) -> None:
        """
        Towards the browser each frame is one item.
        """
        scanner = self.scanner(client=False, split=True)
        method = encode(1, "basic.deliver", "ctag", 1, 0, "", "q")
        frames = [method, header(1, 4), body(1, b"news"), HEARTBEAT]
        self.assertEqual((scanner.feed(b"".join(frames)), scanner.looks), (frames, 0))

    def test_watched_frames(self) -> None:
        """
        Methods that open or close something come apart with their place.
        """
        scanner = self.scanner()
        place = scanner.offset + len(GET)
        self.assertEqual(scanner.feed(GET + CLOSE + HEARTBEAT), [GET, (place, CLOSE), HEARTBEAT])
        self.assertEqual((scanner.looks, scanner.offset), (1, place + len(CLOSE + HEARTBEAT)))

    def test_frame_form(self) -> None:
        """
        A frame has a known type, a size within the limit, and ends with CE (section 2.3.5).
        """
        self.assert_refused(
            CLIENT, GET, frame(4, 0, b""), 0, "frame of the unknown type 4 (AMQP 0-9-1 section 2.3.5)"
        )
        self.assert_refused(
            CLIENT, GET, frame(1, 1, b"", b""), 3, "method frame without a method (AMQP 0-9-1 section 4.2.4)"
        )
        bad = frame(8, 0, b"", b"\xcd")
        fault = "frame that does not end with CE (AMQP 0-9-1 section 2.3.5)"
        self.assert_refused(CLIENT, GET, bad, 7, fault)
        fault = "frame of more than 4096 bytes (AMQP 0-9-1 section 2.3.5)"
        self.assert_refused(CLIENT, GET, b"\x03\0\x01\0\0\x0f\xf9", 3, fault)
        large = METHOD + header(1, 4088) + body(1, bytes(4088))
        self.assert_passes(CLIENT, large)

    def test_heart_beats(self) -> None:
        """
        A heart-beat is empty and on channel 0 (section 4.2.7).
        """
        fault = "heart-beat that is not empty, or not on channel 0 (AMQP 0-9-1 section 4.2.7)"
        self.assert_refused(CLIENT, HEARTBEAT, frame(8, 1, b""), 1, fault)
        self.assert_refused(SERVER, HEARTBEAT, frame(8, 0, b"x"), 1, fault)

    # Methods

    def test_methods(self) -> None:
        """
        A method is known, sent by its side, and on a channel of its kind (sections 2.2.1, 4.2.3, 4.2.4).
        """
        unknown = frame(1, 1, bytes.fromhex("003c 0099"))
        self.assert_refused(CLIENT, GET, unknown, 7, "unknown method (AMQP 0-9-1 section 4.2.4)")
        fault = "basic.deliver is not sent by this side (AMQP 0-9-1 section 2.2.1)"
        self.assert_refused(CLIENT, GET, deliver(), 7, fault)
        fault = "basic.get is not sent by this side (AMQP 0-9-1 section 2.2.1)"
        self.assert_refused(SERVER, HEARTBEAT, GET, 7, fault)
        fault = "connection.close-ok on channel 1 (AMQP 0-9-1 section 4.2.3)"
        self.assert_refused(CLIENT, GET, encode(1, "connection.close-ok"), 1, fault)
        fault = "basic.get on channel 0 (AMQP 0-9-1 section 4.2.3)"
        self.assert_refused(CLIENT, GET, encode(0, "basic.get", 0, "", 0), 1, fault)

    def test_arguments(self) -> None:
        """
        Arguments are read by their types, and there is nothing behind them (section 4.2.4).
        """
        short = frame(1, 1, GET[7:-3])
        self.assert_refused(
            CLIENT, GET, short, 13, "value longer than what it is in (AMQP 0-9-1 section 4.2.5)"
        )
        self.assert_refused(
            CLIENT,
            GET,
            frame(1, 1, GET[7:-1] + b"x"),
            16,
            "bytes behind the last value (AMQP 0-9-1 section 4.2.4)",
        )

    # Channels

    def test_channels(self) -> None:
        """
        What a client sends is on a channel that it has opened, and no higher than agreed (2.2.5, 4.9).
        """
        fault = "frame on channel 3, which is not open (AMQP 0-9-1 section 2.2.5)"
        self.assert_refused(CLIENT, GET, encode(3, "basic.get", 0, "q", 0), 7, fault)
        self.assert_refused(CLIENT, GET, header(3, 5), 1, fault)
        fault = "channel higher than 9 (AMQP 0-9-1 section 4.9)"
        self.assert_refused(CLIENT, GET, encode(10, "channel.open", ""), 1, fault)
        self.assert_refused(CLIENT, GET, OPEN, 7, "channel 1 is open already (AMQP 0-9-1 section 2.2.5)")
        opened = encode(9, "channel.open", "")
        self.assert_passes(CLIENT, opened + publish(channel=9) + publish(channel=2))

    def test_server_channels(self) -> None:
        """
        A server sends on a channel when it has said open-ok, which nobody says unasked.
        """
        ok = encode(3, "channel.open-ok", b"")
        scanner = self.scanner(client=False)
        scanner.await_open(3)
        self.assertEqual([item[1] for item in scanner.feed(ok)], [ok])
        self.assertEqual(scanner.feed(deliver(channel=3)), [deliver(channel=3)])
        scanner.await_open(4)
        scanner.feed(deliver(channel=4))
        place = scanner.offset + 7
        self.assertEqual(scanner.fault, (Code.BEFORE_OPEN_OK, place, 4, 60 << 16 | 60))
        fault = "channel.open-ok that nobody asked for (AMQP 0-9-1 section 2.2.1)"
        self.assert_refused(SERVER, deliver(), ok, 7, fault)

    def test_close_ok(self) -> None:
        """
        close-ok answers close and nothing else; then the channel is closed, and can be opened again.
        """
        scanner = self.scanner()
        scanner.owe(1)
        again = [
            item if type(item) is bytes else item[1] for item in scanner.feed(GET + CLOSE_OK + OPEN + GET)
        ]
        self.assertEqual(again, [GET, CLOSE_OK, OPEN, GET])
        fault = "channel.close-ok that nobody asked for (AMQP 0-9-1 section 2.2.1)"
        self.assert_refused(CLIENT, GET, CLOSE_OK, 7, fault)
        fault = "connection.close-ok that nobody asked for (AMQP 0-9-1 section 2.2.1)"
        self.assert_refused(CLIENT, GET, BYE_OK, 7, fault)

    def test_close_ok_within_a_message(self) -> None:
        """
        A client may answer channel.close where the rest of a message would have to come: nobody wants it.
        """
        scanner = self.scanner()
        scanner.feed(METHOD)
        scanner.owe(1)
        self.assertEqual([item[1] for item in scanner.feed(CLOSE_OK)], [CLOSE_OK])

    def test_after_close(self) -> None:
        """
        After channel.close nothing passes on the channel but close-ok, until the other side has answered.
        """
        scanner = self.scanner()
        self.assertEqual([item[1] for item in scanner.feed(CLOSE + GET + publish())], [CLOSE])
        self.assertEqual(scanner.feed(publish(channel=2)), [publish(channel=2)])
        scanner.owe(1)
        self.assertEqual([item[1] for item in scanner.feed(CLOSE_OK + CLOSE_OK)], [CLOSE_OK])
        scanner.free(1)
        self.assertEqual([item[1] for item in scanner.feed(OPEN)], [OPEN])

    def test_after_connection_close(self) -> None:
        """
        After connection.close or its close-ok nothing passes on any channel, good or not.
        """
        scanner = self.scanner()
        self.assertEqual([item[1] for item in scanner.feed(BYE + GET + publish() + CLOSE_OK)], [BYE])
        scanner.owe(0)
        self.assertEqual([item[1] for item in scanner.feed(BYE_OK + GET)], [BYE_OK])
        scanner = self.scanner()
        scanner.owe(0)
        self.assertEqual([item[1] for item in scanner.feed(BYE_OK + GET + BYE)], [BYE_OK])

    def test_refused_channels(self) -> None:
        """
        Nothing passes on a channel that the gateway closes, but the client's close; then it is free.
        """
        scanner = self.scanner()
        scanner.feed(METHOD)
        scanner.refuse(1)
        self.assertEqual(scanner.feed(header(1, 5) + body(1, b"hello") + publish() + CLOSE_OK), [])
        self.assertEqual([item[1] for item in scanner.feed(CLOSE + OPEN)], [CLOSE, OPEN])
        scanner.refuse(1)
        scanner.owe(1)
        self.assertEqual([item[1] for item in scanner.feed(GET + CLOSE_OK + OPEN)], [CLOSE_OK, OPEN])

    # Contents

    def test_contents(self) -> None:
        """
        A content is a method, a header and a body in as many frames as it takes (section 4.2.6); those of
        different channels may come among each other.
        """
        other = encode(2, "basic.publish", 0, "", "q", 0)
        parts = (
            METHOD,
            other,
            header(1, 5),
            HEARTBEAT,
            body(1, b"he"),
            header(2, 0),
            body(1, b""),
            body(1, b"llo"),
        )
        self.assert_passes(CLIENT, b"".join(parts) + GET)

    def test_out_of_order(self) -> None:
        """
        Nothing else comes on a channel before its content is whole (section 2.3.5.2), and no content
        without a method.
        """
        missing = "basic.get where a content has to go on (AMQP 0-9-1 section 2.3.5.2)"
        no_header = "content header that no method announced (AMQP 0-9-1 section 4.2.6)"
        no_body = "content body that no header announced (AMQP 0-9-1 section 4.2.6)"
        for before, bad, place, fault in (
            (METHOD, GET, 7, missing),
            (METHOD + header(1, 1), GET, 7, missing),
            (b"", header(1, 1), 0, no_header),
            (METHOD + header(1, 1), header(1, 1), 0, no_header),
            (METHOD + header(1, 0), header(1, 0), 0, no_header),
            (METHOD, body(1, b"x"), 0, no_body),
            (METHOD + header(1, 0), body(1, b""), 0, no_body),
            (publish(b"x"), body(1, b"x"), 0, no_body),
        ):
            said = outcome(CLIENT, [before + bad], self.kind)[1]
            self.assertEqual(said, f"client byte {len(before) + place}: {fault}")

    def test_too_much_body(self) -> None:
        """
        A body has as many bytes as its header says (section 4.2.6.2).
        """
        fault = "content body longer than its header says (AMQP 0-9-1 section 4.2.6.2)"
        self.assert_refused_content(header(1, 3) + body(1, b"ab"), body(1, b"cd"), 8, fault)
        self.assert_refused_content(b"", header(1, 1 << 63), 11, fault)

    def assert_refused_content(self, good: bytes, bad: bytes, place: int, fault: str) -> None:
        """As L{assert_refused}, behind basic.publish."""
        items, said, _ = outcome(CLIENT, [METHOD + good + bad], self.kind)
        self.assertEqual(
            (items, said), ([METHOD + good], f"client byte {len(METHOD + good) + place}: {fault}")
        )

    def test_header_form(self) -> None:
        """
        A content header is of class basic, has no weight, and only flags that basic has (section 4.2.6.1).
        """
        wrong = "content header not of class basic, or of weight not 0 (AMQP 0-9-1 section 4.2.6.1)"
        zeros = bytes(10)
        self.assert_refused_content(b"", frame(2, 1, b"\0\x3d\0\0" + zeros), 7, wrong)
        self.assert_refused_content(b"", frame(2, 1, b"\0\x3c\0\x01" + zeros), 7, wrong)
        flags = "property flags that class basic does not have (AMQP 0-9-1 section 4.2.6.1)"
        for flag in (1, 2):
            self.assert_refused_content(b"", header(1, 0, flag), 19, flags)
        short = "value longer than what it is in (AMQP 0-9-1 section 4.2.5)"
        self.assert_refused_content(b"", frame(2, 1, b"\0\x3c\0\0"), 7, short)

    # Opening and stops

    def test_opening(self) -> None:
        """
        Until the connection is open each frame is to be decided on, on channel 0 (section 2.2.4).
        """
        tune = encode(0, "connection.tune-ok", 9, 4096, 0)
        scanner = OPENING.scanner(self.kind)
        self.assertEqual(scanner.feed(tune + HEARTBEAT + tune[:5]), [(0, tune)])
        self.assertEqual(scanner.feed(b""), [(len(tune), HEARTBEAT)])
        self.assertEqual((scanner.feed(b""), scanner.pending), ([], 5))
        fault = "frame for a channel before the connection is open (AMQP 0-9-1 section 2.2.4)"
        for early in (OPEN, header(0, 1), body(0, b"x")):
            self.assert_refused(OPENING, HEARTBEAT, early, 0, fault)

    def test_stops(self) -> None:
        """
        The scanner stops behind a method that is to be decided on, and behind a content header with it.
        """
        scanner = self.scanner(stops=("basic.publish",))
        place = scanner.offset + len(GET)
        self.assertEqual(scanner.feed(GET + publish() + GET), [GET, (place, METHOD)])
        self.assertEqual(scanner.feed(b""), [(place + len(METHOD), header(1, 5))])
        self.assertEqual(scanner.feed(b""), [body(1, b"hello") + GET])

    # Callers

    def test_impossible_settings(self) -> None:
        """
        A limit that is none and a channel that cannot be are mistakes of the caller's.
        """
        good = {
            "methods": COMPACT,
            "client": True,
            "split": True,
            "max_frame": 9,
            "max_depth": 1,
            "max_entries": 0,
        }
        for bad in (
            {"methods": b"x"},
            {"max_frame": 8},
            {"max_depth": 101},
            {"max_depth": 0},
            {"max_entries": -1},
        ):
            self.assertRaises(ValueError, self.kind, **{**good, **bad})
        scanner = self.kind(**good)
        for arguments in ((8, 1, b""), (9, 65536, b""), (9, 1, b"\xff")):
            self.assertRaises(ValueError, scanner.begin, *arguments)
        for call in (scanner.await_open, scanner.owe, scanner.free, scanner.refuse):
            self.assertRaises(ValueError, call, 1)
        self.assertRaises(TypeError, scanner.feed, bytearray(b"x"))

    def test_nothing_after_a_fault(self) -> None:
        """
        After a fault nothing passes any more, and nothing is kept.
        """
        scanner = self.scanner()
        self.assertEqual(scanner.feed(GET + b"\x07" * 7 + GET), [GET])
        self.assertEqual((scanner.feed(GET), scanner.pending), ([], 0))

    def test_many_pieces(self) -> None:
        """
        A large frame that comes byte by byte is read in time that grows as its size.
        """
        scanner = self.scanner(max_frame=1 << 20)
        whole = METHOD + header(1, 200_000) + body(1, bytes(200_000))
        items = [item for i in range(len(whole)) for item in scanner.feed(whole[i : i + 1])]
        self.assertEqual(items, [METHOD, header(1, 200_000), body(1, bytes(200_000))])


class PureScannerTests(ScannerTests, SynchronousTestCase):
    """The scanner in Python."""

    kind = pure_amqp.AmqpScanner


class NativeScannerTests(ScannerTests, SynchronousTestCase):
    """The scanner in C."""

    kind = NativeScanner
    if NativeScanner is None:
        skip = "kaazing._speedups is not built"
