"""Tests for L{kaazing.wire.pure_stomp}: what the owner of a scanner may ask for, of that in C as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_stomp
from kaazing.wire.stomp import Scanner
from tests.wire.stomp_streams import Settings
from tests.wire.test_pure_stomp import HELLO, NEWS

try:
    from kaazing._speedups import StompScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a scanner


class OwnerTests(Case):
    """What any scanner does; C{kind} says which one."""

    kind: Any

    def scanner(self, **values: Any) -> Scanner:
        """Make one."""
        return Settings(**values).scanner(self.kind)

    def test_client_frames_apart(self) -> None:
        """
        So may frames of the client be, each with the line ends behind it.
        """
        scanner = self.scanner(apart=True)
        begin = b"BEGIN\ntransaction:t\n\n\0"
        data = b"\n" + HELLO + b"\n\r\n" + HELLO + begin + HELLO + b"\n" + HELLO[:-1]
        items = [b"\n", HELLO + b"\n\r\n", HELLO, (2 * len(HELLO) + 4, begin), HELLO + b"\n"]
        self.assertEqual(scanner.feed(data), items)
        self.assertEqual(scanner.feed(b"\0oops\n"), [HELLO])
        self.assertIsNotNone(scanner.fault)

    def test_watched_sends(self) -> None:
        """
        SEND frames come apart with their place where the owner has to look at them, too.
        """
        ack = b"ACK\nid:1\n\n\0"
        items = self.scanner(sends=True).feed(ack + HELLO + b"\n" + HELLO)
        place = len(ack)
        self.assertEqual(items, [ack, (place, HELLO), b"\n", (place + len(HELLO) + 1, HELLO)])

    def test_counts(self) -> None:
        """
        Whole frames are counted by their command, until the counts are taken.
        """
        scanner = self.scanner()
        scanner.feed(HELLO * 3 + b"\nDISCONNECT\n\n\0")
        self.assertEqual(scanner.take_counts(), {"SEND": 3, "DISCONNECT": 1})
        scanner.feed(HELLO)
        self.assertEqual(scanner.take_counts(), {})
        scanner = self.scanner(client=False, split=True)
        scanner.feed(NEWS + NEWS[:-1])
        self.assertEqual(scanner.take_counts(), {"MESSAGE": 1})
        scanner.feed(b"\0ERROR\n\n\0RECEIPT\nreceipt-id:1\n\n\0")
        self.assertEqual(scanner.take_counts(), {"MESSAGE": 1, "ERROR": 1, "RECEIPT": 1})
        scanner = self.scanner(version=0)
        scanner.feed(b"CONNECT\n\n\0" + HELLO)
        self.assertEqual(scanner.take_counts(), {"CONNECT": 1})


class PureOwnerTests(OwnerTests, SynchronousTestCase):
    """In Python."""

    kind = pure_stomp.StompScanner


class NativeOwnerTests(OwnerTests, SynchronousTestCase):
    """In C."""

    kind = NativeScanner
    if NativeScanner is None:
        skip = "kaazing._speedups is not built"
