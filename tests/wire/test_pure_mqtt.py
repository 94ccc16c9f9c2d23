"""Tests for L{kaazing.wire.pure_mqtt}: packets found, given and kept, in Python and in C alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_mqtt
from kaazing.wire.mqtt import Scanner
from tests.wire.mqtt_streams import ALL, Settings, both, connack, connect, packet, publish, sized, subscribe

try:
    from kaazing._speedups import MqttScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    Base = SynchronousTestCase
else:
    Base = object

ONE = publish(payload=b"x" * 300)


class Promises(Base):
    """What a scanner promises; C{scanner} makes one."""

    kind: Any

    def scanner(self, **given: Any) -> Scanner:
        """Make one that is connected."""
        return Settings(**given).scanner(self.kind)

    def test_passes_as_it_came(self) -> None:
        """
        Whole packets pass in one piece, as the very object that came in.
        """
        data = ONE * 3
        scanner = self.scanner()
        self.assertIs(scanner.feed(data)[0], data)
        self.assertEqual((scanner.plain, scanner.pending, scanner.offset), (True, 0, len(data)))

    def test_split(self) -> None:
        """
        Each packet apart, as WebSocket messages are made of them.
        """
        scanner = self.scanner(client=False, split=True)
        self.assertEqual(scanner.feed(ONE + b"\xd0\0" + ONE[:9]), [ONE, b"\xd0\0"])
        self.assertEqual((scanner.pending, scanner.offset), (9, len(ONE) + 2))
        self.assertEqual(scanner.feed(ONE[9:]), [ONE])

    def test_watched(self) -> None:
        """
        A watched packet comes with its place in the stream, between those that pass.
        """
        wish = subscribe(4, "a")
        for cut in range(len(wish)):
            scanner = self.scanner(watched=1 << 8)
            items = [*scanner.feed(ONE + wish[:cut]), *scanner.feed(wish[cut:] + ONE)]
            self.assertEqual(items, [ONE, (len(ONE), wish), ONE])
            self.assertFalse(scanner.plain)
            scanner.feed(ONE)
            self.assertTrue(scanner.plain)

    def test_open_packet(self) -> None:
        """
        What is kept is the open packet, and it is given in one piece.
        """
        scanner = self.scanner()
        self.assertEqual(scanner.feed(ONE + ONE[:100]), [ONE])
        self.assertEqual(scanner.pending, 100)
        self.assertEqual(scanner.feed(ONE[100:] + ONE), [ONE, ONE])

    def test_byte_by_byte(self) -> None:
        """
        A message of 1 MiB that arrives in single bytes costs a step for each, and passes.
        """
        data = publish(payload=b"x" * 2**20)
        scanner = self.scanner(max_packet=2**21)
        items = [item for at in range(len(data)) for item in scanner.feed(data[at : at + 1])]
        self.assertTrue(items == [data], "it passes whole")

    def test_limit(self) -> None:
        """
        A packet beyond the limit is refused by its fixed header, before its body has come.
        """
        scanner = self.scanner(max_packet=100)
        self.assertEqual(scanner.feed(packet(0x30, sized("a"), b"x" * 95)[:50]), [])
        self.assertIsNone(scanner.fault)
        scanner = self.scanner(max_packet=100)
        scanner.feed(packet(0x30, sized("a"), b"x" * 96)[:2])
        self.assertEqual(scanner.fault, (13, 0, 3, 100))
        self.assertEqual((scanner.feed(ONE), scanner.pending), ([], 0))

    def test_fault(self) -> None:
        """
        What is in order before a fault passes; nothing does after it.
        """
        for split in (True, False):
            scanner = self.scanner(split=split)
            self.assertEqual(scanner.feed(ONE + b"\x40\2\0\0" + ONE), [ONE])
            self.assertEqual(scanner.fault, (17, len(ONE) + 2, 4, 0))
            self.assertEqual((scanner.feed(ONE), scanner.plain), ([], False))

    def test_refill(self) -> None:
        """
        What is acknowledged may be sent again, up to the Receive Maximum (MQTT 5 section 4.9).
        """
        scanner = self.scanner(version=5, receive_max=2)
        one = publish(5, qos=1)
        scanner.feed(one * 2)
        scanner.refill(1)
        scanner.feed(one)
        self.assertIsNone(scanner.fault)
        scanner.refill(10)
        scanner.feed(one * 2)
        self.assertIsNone(scanner.fault)
        scanner.feed(one)
        self.assertEqual(scanner.fault, (42, 5 * len(one), 3, 2))

    def test_connected(self) -> None:
        """
        CONNACK's limits hold from there on: a lower packet size, another quota less what is under way.
        """
        scanner = Settings(version=0).scanner(self.kind)
        scanner.feed(connect(5) + publish(5, qos=1))
        told: dict[str, Any] = {"version": 5, "auth": False, "connected": True, "max_alias": 0}
        scanner.connect(**told, max_packet=2**28, receive_max=5)
        scanner.connect(**told, max_packet=50, receive_max=1)
        scanner.feed(publish(5, qos=1))
        self.assertIsNone(scanner.fault)
        scanner.feed(publish(5, payload=b"x" * 50))
        self.assertEqual((scanner.fault or (0,))[0], 13)

    def test_counts(self) -> None:
        """
        Packets are counted by type until they are asked for.
        """
        scanner = self.scanner()
        scanner.feed(ONE * 3 + b"\xc0\0")
        counts = scanner.take_counts()
        self.assertEqual((counts[3], counts[12], sum(counts), len(counts)), (3, 1, 4, 16))
        self.assertEqual(sum(scanner.take_counts()), 0)

    def test_released(self) -> None:
        """
        Acknowledgements are counted until the count is set back.
        """
        scanner = self.scanner(client=False)
        scanner.feed(b"\x40\2\0\1" * 3)
        self.assertEqual(scanner.released, 3)
        scanner.released = 0
        self.assertEqual(scanner.released, 0)

    def test_limits(self) -> None:
        """
        Limits that are none are a mistake of the caller's.
        """
        for name in ("max_packet", "max_topic", "max_properties", "max_filters"):
            self.assertRaises(ValueError, self.scanner, **{name: 0})
        for wrong in ({"version": 6}, {"max_alias": 65536}, {"receive_max": -2}):
            self.assertRaises(ValueError, self.scanner, **wrong)
        self.assertRaises(TypeError, self.scanner().feed, "text")


class PureScannerTests(Promises, SynchronousTestCase):
    """In Python."""

    kind = pure_mqtt.MqttScanner


class NativeScannerTests(Promises, SynchronousTestCase):
    """In C."""

    kind = NativeScanner
    skip = None if NativeScanner is not None else "the C extension is not built"


class LengthTests(SynchronousTestCase):
    """Remaining Length (MQTT 5 section 2.1.4)."""

    def test_every_size(self) -> None:
        """
        Lengths of one, two and three bytes, at their edges.
        """
        for size in (0, 1, 124, 125, 16380, 16381, 100_000):
            wire = packet(0x30, sized("a"), b"x" * size)
            self.assertEqual(both(Settings(watched=ALL), [wire, wire])[0], [(0, wire), (len(wire), wire)])

    def test_five_bytes(self) -> None:
        """
        A fifth byte of length is none, whatever it is.
        """
        for wire in (b"\x30\xff\xff\xff\xff\1", b"\x30\x80\x80\x80\x80\0"):
            self.assertIn("byte 1: length of more than four bytes in PUBLISH", both(Settings(), [wire])[1])

    def test_short_as_can_be(self) -> None:
        """
        MQTT 5 wants no length longer than needed (section 1.5.5); the versions before leave it open.
        """
        wire = b"\x20\x83\0" + connack(5)[2:]
        for version, good in ((4, True), (5, False)):
            given = Settings(client=False, version=version, connected=False)
            said = both(given, [wire if version == 5 else b"\x20\x82\0\0\0"])[1]
            self.assertEqual(said == "", good, said)
