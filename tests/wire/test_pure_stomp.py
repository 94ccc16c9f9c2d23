"""Tests for L{kaazing.wire.pure_stomp}: the rules of STOMP, kept alike by the scanners in Python and in C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_stomp
from kaazing.wire.stomp import Scanner
from tests.wire.stomp_streams import Settings, outcome

try:
    from kaazing._speedups import StompScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a scanner

HELLO = b"SEND\ndestination:/q\n\nhello\0"
NEWS = b"MESSAGE\ndestination:/q\nmessage-id:1\nsubscription:0\n\nnews\0"
V10, V11, V12 = (Settings(version=version) for version in (10, 11, 12))
B10, B11, B12 = (Settings(client=False, version=version) for version in (10, 11, 12))


class ScannerTests(Case):
    """What any scanner does; C{kind} says which one."""

    kind: Any

    def assert_passes(self, given: Settings, frames: bytes) -> None:
        """All of C{frames} passes, behind a good one and before one."""
        good = HELLO if given.client else NEWS
        items, fault, _ = outcome(given, [good + frames + good], self.kind)
        passed = b"".join(item[1] if isinstance(item, tuple) else item for item in items)
        self.assertEqual((passed, fault), (good + frames + good, ""))

    def assert_refused(self, given: Settings, bad: bytes, fault: str, head: bytes = b"") -> None:
        """A good frame passes, C{bad} does not; {0} in C{fault} stands for the place where C{bad} starts.
        C{head} is how much of it was in order."""
        good = HELLO if given.client else NEWS
        items, said, _ = outcome(given, [good + bad], self.kind)
        place = len(good)
        for offset in range(len(bad) + 1):
            fault = fault.replace(f"{{{offset}}}", str(place + offset))
        side = "client" if given.client else "backend"
        self.assertEqual((items, said), ([good], f"{side} byte {fault} after {head!r}"))

    def assert_opens(self, given: Settings, frame: bytes, fault: str = "") -> None:
        """C{frame} is the first of its side, and passes or is refused at once."""
        items, said, _ = outcome(given, [frame], self.kind)
        if fault:
            self.assertEqual((items, said), ([], fault))
        else:
            self.assertEqual((items, said), ([(0, frame)] if given.client else [frame], ""))

    def scanner(self, **values: Any) -> Scanner:
        return Settings(**values).scanner(self.kind)

    # Frames and lines

    def test_frames_pass(self) -> None:
        """
        Whole frames pass as they came, with the line ends between them; an open one waits.
        """
        scanner = self.scanner()
        data = HELLO + b"\n" + HELLO + b"\n\n"
        self.assertEqual(scanner.feed(data), [data])
        self.assertEqual(scanner.feed(HELLO + HELLO[:-1]), [HELLO])
        self.assertEqual((scanner.pending, scanner.frames), (len(HELLO) - 1, 3))
        self.assertEqual(scanner.feed(b"\0"), [HELLO])

    def test_untouched_bytes(self) -> None:
        """
        A chunk of whole frames passes as the very object that came.
        """
        data = HELLO * 3
        if self.kind is NativeScanner:
            self.assertIs(self.scanner().feed(data)[0], data)

    def test_frames_apart(self) -> None:
        """
        Towards the browser each frame is one item; line ends between frames are dropped, and one that
        stands before the first frame is told as a heart-beat.
        """
        scanner = self.scanner(client=False, split=True)
        self.assertEqual((scanner.feed(NEWS + b"\n" + NEWS + b"\n\n"), scanner.beat), ([NEWS, NEWS], False))
        self.assertEqual((scanner.feed(b"\n" + NEWS), scanner.beat), ([NEWS], True))
        self.assertEqual((scanner.feed(b"\r\n"), scanner.beat), ([], True))
        self.assertEqual((scanner.feed(NEWS), scanner.beat), ([NEWS], False))

    def test_watched_frames(self) -> None:
        """
        Frames that open or end something, or name a transaction, come apart with their place.
        """
        begin = b"BEGIN\ntransaction:t\n\n\0"
        send = b"SEND\ndestination:/q\ntransaction:t\n\nhi\0"
        items = self.scanner().feed(HELLO + begin + b"\n" + send + HELLO)
        place = len(HELLO + begin) + 1
        self.assertEqual(items, [HELLO, (len(HELLO), begin), b"\n", (place, send), HELLO])

    def test_commands(self) -> None:
        """
        Each side has its own commands; any other word is refused, and shown if it is one.
        """
        for command in (b"ACK\nid:1", b"NACK\nid:1", b"DISCONNECT", b"UNSUBSCRIBE\nid:0"):
            self.assertEqual(outcome(V12, [command + b"\n\n\0"], self.kind)[1:], ("", 1))
        for command in (b"RECEIPT\nreceipt-id:1", b"ERROR"):
            self.assertEqual(outcome(B12, [command + b"\n\n\0"], self.kind)[1:], ("", 1))
        self.assert_refused(V12, b"FOO\n", "{0}: unknown command FOO (STOMP 1.2, Augmented BNF)")
        self.assert_refused(V12, b"{'a': 1}\n", "{0}: unknown command (STOMP 1.2, Augmented BNF)")
        self.assert_refused(V12, b"send\n", "{0}: unknown command send (STOMP 1.2, Augmented BNF)")
        self.assert_refused(
            V11, NEWS, "{0}: MESSAGE is not a command of this side (STOMP 1.1, Augmented BNF)"
        )
        self.assert_refused(B10, HELLO, "{0}: SEND is not a command of this side (STOMP 1.0, Augmented BNF)")

    def test_commands_of_versions(self) -> None:
        """
        NACK came with STOMP 1.1.
        """
        nack = b"NACK\nmessage-id:1\nsubscription:0\n\n\0"
        self.assert_passes(V11, nack)
        self.assert_refused(V10, nack, "{0}: NACK is not in this version (STOMP 1.0, Augmented BNF)")

    def test_header_lines(self) -> None:
        """
        A header has a name and a colon; its value may be empty, and may contain colons: some clients
        never escape them, and the first colon alone divides the line.
        """
        for version in (V10, V11, V12):
            self.assert_passes(version, b"SEND\ndestination:\nx:a:b\n y : z \n\n\0")
        head = b"SEND\ndestination:/q\n"
        self.assert_refused(
            V12, head + b"oops\n", "{20}: header line without a colon (STOMP 1.2, Augmented BNF)", head
        )
        self.assert_refused(
            V10, head + b":x\n", "{20}: header without a name (STOMP 1.0, Augmented BNF)", head
        )

    def test_nul_in_head(self) -> None:
        """
        A NUL before the blank line is refused as soon as it comes, not when the line ends.
        """
        fault = "{12}: NUL before the blank line that ends the headers (STOMP 1.2, STOMP Frames)"
        self.assert_refused(V12, b"DISCONNECT\nx\0", fault, b"DISCONNECT\n")
        self.assert_refused(V12, b"DISCONNECT\nx\0y\n", fault, b"DISCONNECT\n")

    def test_carriage_returns(self) -> None:
        """
        In STOMP 1.2 lines may end in CR LF, and a CR ends a line or is refused; in 1.0 and 1.1 it is
        part of its line.
        """
        self.assert_passes(V12, b"SEND\r\ndestination:/q\r\n\r\nhi\r\0\r\n\n\r\n")
        self.assert_passes(V11, b"SEND\ndestination:/q\r\nx:\r\r\n\n\0")
        stray = "carriage return that ends no line (STOMP 1.2, Augmented BNF)"
        self.assert_refused(V12, b"SEND\nx:a\rb\n", f"{{8}}: {stray}", b"SEND\n")
        self.assert_refused(V12, b"SEND\nx:a\r\r\n", f"{{8}}: {stray}", b"SEND\n")
        self.assert_refused(V12, b"\r\r\n", f"{{0}}: {stray}")
        self.assert_refused(V11, b"DISCONNECT\r\n", "{0}: unknown command (STOMP 1.1, Augmented BNF)")

    # Escapes

    def test_escapes(self) -> None:
        """
        STOMP 1.0 has no escapes, 1.1 has three, 1.2 four; others are refused, in names and values.
        """
        frame = b"SEND\ndestination:/q\nx\\c:%s\n\n\0"
        self.assert_passes(V10, frame % b"\\t\\")
        self.assert_passes(V11, frame % b"\\n\\\\r\\c")
        self.assert_passes(V12, frame % b"\\n\\r\\c\\\\t")
        head = b"SEND\ndestination:/q\n"
        for version, escape, shown in (
            (V11, b"\\r", "\\r (STOMP 1.1"),
            (V12, b"\\t", "\\t (STOMP 1.2"),
            (V12, b"\\\\\\", "\\ (STOMP 1.2"),
            (V12, b"\\\x07", "\\<07> (STOMP 1.2"),
        ):
            place = 24 if len(escape) < 3 else 26
            fault = f"{{{place}}}: undefined escape {shown}, Value Encoding)"
            self.assert_refused(version, frame % escape, fault, head)

    def test_utf8(self) -> None:
        """
        From STOMP 1.1 on a client's headers are UTF-8. A backend's may be anything: a broker passes on
        what other protocols brought.
        """
        bad = b"SEND\ndestination:/q\nx:\xff\n\n\0"
        self.assert_passes(V12, "SEND\ndestination:/ü\n\n\0".encode())
        self.assert_passes(V10, bad)
        fault = "{20}: header that is not UTF-8 (STOMP 1.1, Value Encoding)"
        self.assert_refused(V11, bad, fault, b"SEND\ndestination:/q\n")
        self.assert_passes(B12, NEWS.replace(b"\n\n", b"\nx:\xff\n\n"))

    # Bodies

    def test_bodies(self) -> None:
        """
        A body with a content-length may contain anything; one without ends at the first NUL.
        """
        head = b"SEND\ndestination:/q\ncontent-length:%d\n\n%s\0"
        for body in (b"", b"\0", b"a\0SEND\n", b"\n\n"):
            self.assert_passes(V12, head % (len(body), body))
        head = b"SEND\ndestination:/q\ncontent-length:2\n\n"
        fault = "{40}: no NUL where content-length says the body ends (STOMP 1.2, Header content-length)"
        self.assert_refused(V12, head + b"hello\0", fault, head)

    def test_content_length(self) -> None:
        """
        content-length is a number and nothing else; where it stands twice, twice the same.
        """
        head = b"SEND\ndestination:/q\n"
        frame = head + b"content-length:%s\n\nhello\0"
        self.assert_passes(V12, frame % b"005\ncontent-length:5")
        fault = "{20}: content-length is not a number (STOMP 1.2, Header content-length)"
        for wrong in (b"", b"five", b"-5", b"+5", b" 5", b"5 ", b"\xd9\xa5", b"0x5", b"5.0"):
            self.assert_refused(V12, frame % wrong, fault, head)
        self.assert_refused(
            V12,
            frame % b"5\ncontent-length:4",
            "{37}: content-length twice with different values (STOMP 1.2, Header content-length)",
            head + b"content-length:5\n",
        )

    def test_padding(self) -> None:
        """
        STOMP 1.0 pads values with blanks, a content-length too.
        """
        self.assert_passes(V10, b"SEND\ndestination: /q\ncontent-length: 3 \n\na\0b\0")

    def test_bodies_forbidden(self) -> None:
        """
        From STOMP 1.1 on only SEND, MESSAGE and ERROR have a body; it is refused before it has come.
        """
        self.assert_passes(V10, b"SUBSCRIBE\ndestination:/q\n\nbody\0")
        self.assert_passes(V11, b"SUBSCRIBE\ndestination:/q\nid:0\ncontent-length:0\n\n\0")
        for head in (b"DISCONNECT\n\n", b"DISCONNECT\ncontent-length:9\n\n"):
            fault = f"{{{len(head)}}}: DISCONNECT with a body (STOMP 1.1, Body)"
            self.assert_refused(V11, head + b"b", fault, head)
        head = b"RECEIPT\nreceipt-id:1\n\n"
        self.assert_refused(B12, head + b"body\0", "{22}: RECEIPT with a body (STOMP 1.2, Body)", head)

    # What must be there, and when

    def test_required_headers(self) -> None:
        """
        Each command has the headers that its version requires.
        """
        needs = {
            b"SEND": ("destination",) * 3,
            b"SUBSCRIBE": ("destination", "destination id", "destination id"),
            b"UNSUBSCRIBE": ("", "id", "id"),
            b"ACK": ("message-id", "message-id subscription", "id"),
            b"NACK": (None, "message-id subscription", "id"),
            b"BEGIN": ("transaction",) * 3,
            b"COMMIT": ("transaction",) * 3,
            b"ABORT": ("transaction",) * 3,
            b"DISCONNECT": ("",) * 3,
            b"MESSAGE": ("destination message-id", *["destination message-id subscription"] * 2),
            b"RECEIPT": ("receipt-id",) * 3,
            b"ERROR": ("",) * 3,
        }
        for command, versions in needs.items():
            client = command not in (b"MESSAGE", b"RECEIPT", b"ERROR")
            for version, names in zip((10, 11, 12), versions, strict=True):
                if names is not None:
                    self.requires(Settings(client=client, version=version), command, names.split())

    def requires(self, given: Settings, command: bytes, names: list[str]) -> None:
        """A frame with the headers passes; without one of them it is refused."""
        lines = [f"{name}:x".encode() for name in names]
        whole = b"\n".join([command, *lines, b"", b"\0"])
        self.assertEqual(outcome(given, [whole], self.kind)[1:], ("", 1), (given, whole))
        for name, line in zip(names, lines, strict=True):
            left = whole.replace(line + b"\n", b"")
            what = f"{command.decode()} without the header {name}"
            fault = f"{{0}}: {what} (STOMP {given.version / 10}, Frames and Headers)"
            self.assert_refused(given, left, fault, left[:-1])

    def test_names_are_exact(self) -> None:
        """
        Header names are case sensitive.
        """
        head = b"SEND\nDestination:/q\n\n"
        fault = "{0}: SEND without the header destination (STOMP 1.2, Frames and Headers)"
        self.assert_refused(V12, head + b"\0", fault, head)

    def test_opening(self) -> None:
        """
        CONNECT or STOMP comes first from a client, CONNECTED or ERROR from a backend.
        """
        client, back = Settings(version=0), Settings(client=False, split=True, version=0)
        self.assert_opens(client, b"CONNECT\nlogin:a:b\\t\n\n\0")
        self.assert_opens(client, b"STOMP\r\naccept-version:1.2\r\n\r\n\0")
        self.assert_opens(back, b"CONNECTED\nsession:ID:1\n\n\0")
        self.assert_opens(back, b"ERROR\nmessage:no\n\nsorry\0")
        early = "before the connection is made (STOMP 1.2, Connecting) after b''"
        self.assert_opens(client, HELLO, f"client byte 0: SEND {early}")
        self.assert_opens(back, NEWS, f"backend byte 0: MESSAGE {early}")
        body = "client byte 9: CONNECT with a body (STOMP 1.2, Body) after b'CONNECT\\n\\n'"
        self.assert_opens(client, b"CONNECT\n\nbody\0", body)

    def test_opening_stops(self) -> None:
        """
        What follows CONNECT is kept until the version is known, and then read by its rules.
        """
        scanner = self.scanner(version=0)
        connect = b"CONNECT\n\n\0"
        self.assertEqual(scanner.feed(connect + HELLO[:9]), [(0, connect)])
        self.assertEqual((scanner.feed(HELLO[9:]), scanner.pending), ([], len(HELLO)))
        scanner.version = 12
        self.assertEqual((scanner.feed(b""), scanner.pending), ([HELLO], 0))

    def test_only_once(self) -> None:
        """
        There is no second CONNECT or CONNECTED.
        """
        twice = "on a connection that is made (STOMP 1.2, Connecting)"
        self.assert_refused(V12, b"CONNECT\n", f"{{0}}: CONNECT {twice}")
        self.assert_refused(V12, b"STOMP\n", f"{{0}}: STOMP {twice}")
        self.assert_refused(B12, b"CONNECTED\n", f"{{0}}: CONNECTED {twice}")

    def test_after_disconnect(self) -> None:
        """
        After DISCONNECT only line ends may come.
        """
        bye = b"DISCONNECT\nreceipt:1\n\n\0\n\n"
        self.assertEqual(outcome(V12, [bye], self.kind), ([bye], "", 1))
        fault = "client byte 25: frame after DISCONNECT (STOMP 1.2, DISCONNECT) after b''"
        self.assertEqual(outcome(V12, [bye + HELLO], self.kind), ([bye], fault, 1))

    def test_error_goes_on(self) -> None:
        """
        Brokers send ERROR and go on, though the specification says that they close: what follows passes.
        """
        self.assert_passes(B12, b"ERROR\nmessage:bad selector\n\nsorry\0")

    # Limits

    def test_frame_limit(self) -> None:
        """
        A frame over the limit is refused when the limit is reached, or when its content-length tells.
        """
        given, fault = Settings(max_frame=30), "{0}: frame of more than 30 bytes (STOMP 1.2, Size Limits)"
        head = b"SEND\ndestination:/q\n\n"
        self.assert_passes(given, head + b"12345678\0")
        self.assert_refused(given, head + b"123456789", fault, head)
        self.assert_refused(given, b"SEND\nname:" + b"x" * 20, fault, b"SEND\n")
        told = b"SEND\ndestination:/q\ncontent-length:%d\n\n"
        given, fault = Settings(max_frame=100), fault.replace("30", "100")
        self.assert_passes(given, told % 60 + b"x" * 60 + b"\0")
        for size in (61, 10**30):
            self.assert_refused(given, told % size, fault, told % size)

    def test_line_limit(self) -> None:
        """
        A line over the limit is refused at its first byte too many.
        """
        given = Settings(max_line=20)
        self.assert_passes(given, b"SEND\ndestination:/q\nx:" + b"y" * 18 + b"\n\n\0")
        fault = "{25}: header line of more than 20 bytes (STOMP 1.2, Size Limits)"
        self.assert_refused(given, b"SEND\nx:" + b"y" * 19, fault, b"SEND\n")

    def test_header_limit(self) -> None:
        """
        A header over the number allowed is refused.
        """
        given = Settings(max_headers=2)
        head = b"SEND\ndestination:/q\na:b\n"
        self.assert_passes(given, head + b"\n\0")
        self.assert_refused(
            given, head + b"c:d\n", "{24}: more than 2 headers (STOMP 1.2, Size Limits)", head
        )

    def test_impossible_settings(self) -> None:
        """
        A limit of zero and a version that does not exist are mistakes of the caller's.
        """
        for name in ("max_frame", "max_headers", "max_line"):
            self.assertRaises(ValueError, self.scanner, **{name: 0})
        scanner = self.scanner()
        self.assertRaises(ValueError, setattr, scanner, "version", 13)
        self.assertRaises(TypeError, scanner.feed, bytearray(b"x"))

    def test_nothing_after_a_fault(self) -> None:
        """
        After a fault nothing passes any more, and nothing is kept.
        """
        scanner = self.scanner()
        self.assertEqual(scanner.feed(HELLO + b"FOO\n" + HELLO), [HELLO])
        self.assertEqual((scanner.feed(HELLO), scanner.pending), ([], 0))

    def test_large_bodies(self) -> None:
        """
        A large body in many pieces is read once, with a content-length and without.
        """
        for head in (b"SEND\ndestination:/q\n\n", b"SEND\ndestination:/q\ncontent-length:800000\n\n"):
            scanner = self.scanner()
            whole = head + b"x" * 800_000 + b"\0"
            parts = [whole[i : i + 1000] for i in range(0, len(whole), 1000)]
            items = [item for part in parts for item in scanner.feed(part)]
            self.assertEqual(items, [whole])


class PureScannerTests(ScannerTests, SynchronousTestCase):
    """The scanner in Python."""

    kind = pure_stomp.StompScanner


class NativeScannerTests(ScannerTests, SynchronousTestCase):
    """The scanner in C."""

    kind = NativeScanner
    if NativeScanner is None:
        skip = "kaazing._speedups is not built"
