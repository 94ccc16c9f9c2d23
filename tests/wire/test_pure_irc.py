"""Tests for L{kaazing.wire.pure_irc}: the rules of lines, kept alike by the scanners in Python and in C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_irc
from kaazing.wire.irc import Scanner
from tests.wire.irc_streams import Settings, outcome

try:
    from kaazing._speedups import IrcScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a scanner

CLIENT, SERVER = Settings(), Settings(client=False)
GOOD = b"PING x\r\n"


class ScannerTests(Case):
    """What any scanner does; C{kind} says which one."""

    kind: Any

    def scanner(self, **values: Any) -> Scanner:
        """Make one; limits as of RFC 2812 and of clients' tags."""
        given = dict.fromkeys(("client", "split", "bare", "text"), False) | values
        limits = {"max_line": 512, "max_tags": 4096, "max_parameters": 15}
        made: Scanner = self.kind(**limits | given)
        return made

    def assert_passes(self, given: Settings, line: bytes) -> None:
        """A line passes as it is, between good ones."""
        data = GOOD + line + b"\r\n" + GOOD
        items, fault, *_ = outcome(given, [data], self.kind)
        self.assertEqual((items, fault), ([data], ""))

    def assert_refused(self, given: Settings, line: bytes, at: int, fault: str) -> None:
        """A good line passes, C{line} does not; C{at} is where in it the fault is."""
        side = "client" if given.client else "backend"
        items, said, pending, _ = outcome(given, [GOOD + line + b"\r\n" + GOOD], self.kind)
        self.assertEqual((items, said, pending), ([GOOD], f"{side} byte {len(GOOD) + at}: {fault}", 0))

    def test_messages(self) -> None:
        """
        RFC 2812 section 2.3.1: prefix, letters or three digits, parameters, a last one with a colon.
        """
        for line in (
            b"QUIT",
            b"privmsg #c :hello: world",
            b"PRIVMSG #c ::)",
            b"TOPIC #c :",
            b"USER guest 0 * :Ronnie Reagan",
            b":ann PRIVMSG bob :own nickname",
            b"MODE  #c   +o ann ",
            b"PRIVMSG #c :\x01ACTION \xff\xfe\x01",
        ):
            self.assert_passes(CLIENT, line)
        for line in (b":irc.test 001 ann :Welcome", b":ann!a@host JOIN :#c", b"ERROR :Closing", b"001 x"):
            self.assert_passes(SERVER, line)

    def test_tags(self) -> None:
        """
        IRCv3 Message Tags, Format: keys with vendor and prefix, values or none.
        """
        for tags in (b"@a", b"@+a=", b"@id=123AB;rose", b"@+example.com/foo=bar\\:;x-1=\xc3\xbc", b"@a==b"):
            self.assert_passes(CLIENT, tags + b" TAGMSG #c")
            self.assert_passes(SERVER, tags + b"  :ann!a@b PRIVMSG #c :x")

    def test_bad_tags(self) -> None:
        """
        A key that is none is refused, at its place.
        """
        what = "tag without a proper key (IRCv3 Message Tags)"
        for tags, at in (
            (b"@", 1),
            (b"@=x", 1),
            (b"@a;", 3),
            (b"@a;;b", 3),
            (b"@a;b_c=1", 3),
            (b"@+=1", 1),
            (b"@/a", 1),
            (b"@a/", 1),
            (b"@a/b/c", 1),
            (b"@a;\xc3\xbc", 3),
        ):
            self.assert_refused(CLIENT, tags + b" PING x", at, what)
            self.assert_refused(SERVER, tags + b" PING x", at, what)

    def test_commands(self) -> None:
        """
        RFC 2812 section 2.3.1: a command is letters, or three digits of a server (section 2.4).
        """
        nothing = "line without a command (RFC 2812 section 2.3.1)"
        for line, at in ((b" PING", 0), (b":ann", 4), (b":ann ", 5), (b"@a", 2), (b"@a :x ", 6), (b" ", 0)):
            self.assert_refused(CLIENT, line, at, nothing)
        bad = "command that is neither letters nor three digits (RFC 2812 section 2.3.1)"
        for line, at in (
            (b"P1NG", 0),
            (b"12 x", 0),
            (b"1234", 0),
            (b":a 0x1", 3),
            (b"\xc3\xbc", 0),
            (b"PING\t", 0),
        ):
            self.assert_refused(SERVER, line, at, bad)
        self.assert_refused(CLIENT, b"001 x", 0, "numeric reply of a client (RFC 2812 section 2.4)")
        self.assert_refused(SERVER, b"@a : PING", 3, "prefix without a name (RFC 2812 section 2.3.1)")

    def test_bytes(self) -> None:
        """
        RFC 2812 section 2.3.1: NUL is nowhere, CR only before LF; the latter alone ends lines too, and
        becomes CR LF. Any other byte passes.
        """
        self.assert_refused(CLIENT, b"PING \0", 5, "NUL in a line (RFC 2812 section 2.3.1)")
        what = "carriage return that ends no line (RFC 2812 section 2.3.1)"
        self.assert_refused(CLIENT, b"PING a\rQUIT", 6, what)
        self.assert_refused(SERVER, b"PING a\r", 6, what)
        self.assert_passes(CLIENT, b"PRIVMSG #c :" + bytes(set(range(1, 256)) - {10, 13}))
        items, fault, *_ = outcome(CLIENT, [b"\nPING a\n\r\n" + GOOD + b"PING b\n"], self.kind)
        self.assertEqual((items, fault), ([b"PING a\r\n" + GOOD + b"PING b\r\n"], ""))

    def test_parameters(self) -> None:
        """
        RFC 2812 section 2.3: at most fifteen, the one with the colon counted; a server may have more,
        because MODE=20 is common.
        """
        given, words = Settings(max_parameters=15), b" x" * 15
        self.assert_passes(given, b"MODE" + words + b" ")
        self.assert_passes(given, b"MODE" + words[2:] + b" :y z a b c")
        what = "more than 15 parameters (RFC 2812 section 2.3)"
        self.assert_refused(given, b"MODE" + words + b" y", 0, what)
        self.assert_refused(given, b"MODE" + words + b" :", 0, what)
        self.assert_passes(SERVER, b"MODE" + words * 2)

    def test_limits(self) -> None:
        """
        RFC 2812 section 2.3: 512 bytes with CR LF; tags do not count there, but have a limit of their
        own; the fault is known before the line has ended.
        """
        line = b"PRIVMSG #c :".ljust(510, b"x")
        self.assert_passes(CLIENT, line)
        self.assert_passes(CLIENT, b"@a=".ljust(4095, b"b") + b" " + line)
        long, tags = "line of more than 512 bytes", "tags of more than 4096 bytes"
        self.assert_refused(CLIENT, line + b"x", 0, f"{long} (RFC 2812 section 2.3)")
        self.assert_refused(CLIENT, b"@a=".ljust(4096, b"b") + b" PING x", 0, f"{tags} (IRCv3 Message Tags)")
        for begun, what in (
            (line + b"x", long),
            (b"@a " + line + b"x", long),
            (b"@".ljust(4096, b"b"), tags),
        ):
            scanner = self.scanner(client=True)
            self.assertEqual((scanner.feed(begun[:-1] + b"\r"), scanner.fault), ([], None))
            scanner = self.scanner(client=True)
            self.assertEqual(scanner.feed(begun), [])
            self.assertIn(str(scanner.fault[2] if scanner.fault else ""), what)
            self.assertEqual((scanner.pending, scanner.feed(GOOD)), (0, []))

    def test_forms(self) -> None:
        """
        Lines pass in runs, each apart, without their ends, or in UTF-8.
        """
        data, line = GOOD + b":x NOTICE y :\xe9\xe2\x82\r\n", b":x NOTICE y :\xe9\xe2\x82"
        self.assertEqual(self.scanner().feed(data), [data])
        self.assertEqual(self.scanner(split=True).feed(data), [GOOD, line + b"\r\n"])
        self.assertEqual(self.scanner(bare=True).feed(data), [GOOD[:-2], line])
        text = ":x NOTICE y :\ufffd\ufffd".encode()
        self.assertEqual(self.scanner(text=True).feed(data), [GOOD, text + b"\r\n"])
        self.assertEqual(self.scanner(text=True, bare=True).feed(data), [GOOD[:-2], text])

    def test_watched(self) -> None:
        """
        The owner looks at the lines of the commands that it names, or of all others; in any case.
        """
        scanner = self.scanner(client=True)
        scanner.watch(frozenset((b"JOIN", b"X" * 20)), False)
        data = GOOD + b"join #a\r\nPART #a\n" + b"x" * 20 + b"\r\n"
        self.assertEqual(scanner.feed(data), [GOOD, (8, b"join #a"), b"PART #a\r\n", (25, b"x" * 20)])
        scanner.watch(frozenset((b"PING",)), True)
        self.assertEqual(scanner.feed(data), [GOOD, (55, b"join #a"), (64, b"PART #a"), (72, b"x" * 20)])
        self.assertRaises(TypeError, scanner.watch, [b"PING"], True)

    def test_counts(self) -> None:
        """
        Lines are counted by command since the last time, numbers together; what does not pass is taken
        back; what a client makes up costs no more memory from the ninety-seventh on.
        """
        scanner = self.scanner(client=False)
        scanner.feed(b"PING x\r\nping y\r\n001 x\r\n002 x\r\nJOIN #a\r\nPING")
        scanner.discount(b"JOIN")
        self.assertEqual(scanner.take_counts(), {"PING": 2, "numeric": 2})
        names = [bytes((65 + number // 26, 65 + number % 26)) for number in range(100)]
        scanner.feed(b"\r\n" + b"\r\n".join(names) + b"\r\n")
        counts = scanner.take_counts()
        self.assertEqual((len(counts), counts["PING"], counts["other"]), (94, 1, 8))
        scanner.feed(b"PING x\r\nZZ\r\n" + b"Y" * 16 + b"\r\n")
        self.assertEqual(scanner.take_counts(), {"PING": 1, "other": 2})

    def test_misuse(self) -> None:
        """
        Limits that cannot be and what is no bytes are refused.
        """
        for values in ({"max_line": 0}, {"max_tags": 2**31}, {"max_parameters": -1}):
            self.assertRaises(ValueError, self.scanner, **values)
        self.assertRaises(TypeError, self.scanner().feed, bytearray(GOOD))


class PureScannerTests(ScannerTests, SynchronousTestCase):
    """The scanner in Python."""

    kind = pure_irc.IrcScanner


class NativeScannerTests(ScannerTests, SynchronousTestCase):
    """The scanner in C."""

    kind = NativeScanner
    if NativeScanner is None:
        skip = "kaazing._speedups is not built"

    def test_nothing_is_copied(self) -> None:
        """
        A chunk of whole lines in order passes as the object that it is.
        """
        data = GOOD * 3
        self.assertIs(self.scanner(client=True).feed(data)[0], data)
