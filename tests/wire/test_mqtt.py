"""Tests for L{kaazing.wire.mqtt}: packets read and written; the scanners beside each other, cut anywhere."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.mqtt import (
    Connack,
    Publish,
    acknowledge,
    codes,
    connack,
    disconnect,
    identifier,
    lower_aliases,
    packet,
    parse_connack,
    parse_connect,
    parse_publish,
    parse_request,
    with_codes,
)
from kaazing.wire.mqtt_types import PUBACK, PUBREC, SUBACK
from tests.wire import mqtt_streams as wires
from tests.wire.cuts import pieces
from tests.wire.mqtt_streams import Settings, both, properties, settings, sized, stream

FRESH = Settings(version=0, connected=False)


class ConnectTests(SynchronousTestCase):
    """CONNECT read, changed and written (MQTT 5 section 3.1)."""

    def test_older(self) -> None:
        """
        Version, will and login; what is written again is what was read.
        """
        for version in (3, 4):
            wire = wires.connect(version, 0xCE, sized("w/t"), sized(b"gone"), sized("ann"), sized(b"\xff"))
            read = parse_connect(wire)
            self.assertEqual((read.version, read.will_topic), (version, b"w/t"))
            self.assertEqual((read.username, read.password, read.method), (b"ann", b"\xff", False))
            self.assertEqual(read.encode(), wire)

    def test_limits(self) -> None:
        """
        What a client of MQTT 5 takes, and the defaults of what it does not say.
        """
        said = properties(b"\x21\0\7", b"\x22\0\5", b"\x27\0\0\2\0", b"\x15" + sized("X"))
        wire = wires.packet(0x10, sized("MQTT"), b"\5\2\0\0", said, sized(""))
        read = parse_connect(wire)
        self.assertEqual((read.receive_max, read.alias_max, read.max_packet), (7, 5, 512))
        self.assertEqual((read.method, read.encode()), (True, wire))
        silent = parse_connect(wires.connect(5))
        self.assertEqual((silent.receive_max, silent.alias_max, silent.max_packet), (65535, 0, 2**31))

    def test_with_login(self) -> None:
        """
        Another login takes the place of the client's, or none does; the will stays.
        """
        will = (b"\0", sized("w"), sized("gone"))
        came = wires.connect(5, 0xC6, *will, sized("ann"), sized("secret"))
        ours = wires.connect(5, 0xC6, *will, sized("gw"), sized("pw"))
        none = wires.connect(5, 0x06, *will)
        self.assertEqual(parse_connect(came).with_login(b"gw", b"pw").encode(), ours)
        self.assertEqual(parse_connect(none).with_login(b"gw", b"pw").encode(), ours)
        self.assertEqual(parse_connect(came).with_login(None, None).encode(), none)

    def test_repr(self) -> None:
        """
        A password never shows.
        """
        read = parse_connect(wires.connect(4, 0xC2, sized("ann"), sized("secret")))
        self.assertEqual(repr(read), "<CONNECT of version 4>")

    def test_connack(self) -> None:
        """
        What a server takes; its Topic Alias Maximum can be lowered.
        """
        self.assertEqual(parse_connack(wires.connack(4, 5), 4), Connack(5, 65535, 0, 2**31))
        wire = wires.connack(5, 0, b"\x21\0\7", b"\x22\0\x64", b"\x27\0\0\2\0")
        self.assertEqual(parse_connack(wire, 5), Connack(0, 7, 100, 512))
        lower = wires.connack(5, 0, b"\x21\0\7", b"\x22\0\x0a", b"\x27\0\0\2\0")
        self.assertEqual((lower_aliases(wire, 10), lower_aliases(wire, 100)), (lower, wire))
        self.assertEqual(lower_aliases(wires.connack(5), 10), wires.connack(5))


class ReadTests(SynchronousTestCase):
    """What policy and ledger ask of packets."""

    def test_publish(self) -> None:
        """
        Topic, QoS, identifier and alias.
        """
        self.assertEqual(parse_publish(wires.publish(4, "a/b"), 4), Publish(b"a/b", 0, 0, 0))
        self.assertEqual(parse_publish(wires.publish(5, "a", qos=2, id=300), 5), Publish(b"a", 2, 300, 0))
        aliased = wires.publish(5, "", b"", b"\x01\0", b"\x23\0\7", qos=1)
        self.assertEqual(parse_publish(aliased, 5), Publish(b"", 1, 7, 7))

    def test_request(self) -> None:
        """
        A SUBSCRIBE without some of its filters has the same options and properties as before.
        """
        wish = parse_request(wires.subscribe(5, "a", "b/#", "c", options=0x2D), 5)
        self.assertEqual((wish.id, wish.filters), (9, (b"a", b"b/#", b"c")))
        self.assertEqual(wish.without((0, 2)), wires.subscribe(5, "b/#", options=0x2D))
        leave = wires.packet(0xA2, b"\0\1", sized("a"), sized("b"))
        self.assertEqual(parse_request(leave, 4).filters, (b"a", b"b"))

    def test_codes(self) -> None:
        """
        The codes of a SUBACK, read and exchanged.
        """
        for version in (4, 5):
            wire = wires.suback(version, 0, 1)
            self.assertEqual((identifier(wire), codes(wire, version)), (9, b"\0\1"))
            self.assertEqual(with_codes(wire, version, b"\0\x80\1"), wires.suback(version, 0, 0x80, 1))


class WriteTests(SynchronousTestCase):
    """What the gateway says itself."""

    def test_packets(self) -> None:
        """
        They pass a scanner, and say what they should.
        """
        for version in (4, 5):
            back = Settings(client=False, version=version)
            refuses = acknowledge(PUBREC, version, 7, (0x87,) if version == 5 else ())
            self.assertEqual(both(back, [refuses])[1], "")
            self.assertEqual(acknowledge(SUBACK, version, 9, (1, 0x80)), wires.suback(version, 1, 0x80))
        self.assertEqual(acknowledge(PUBACK, 4, 258), b"\x40\2\1\2")
        waiting = Settings(client=False, version=5, connected=False)
        self.assertEqual(both(waiting, [connack(5, 0x87, "no " * 100)])[1], "")
        self.assertEqual(connack(4, 5, "no"), b"\x20\2\0\5")
        self.assertEqual(both(Settings(client=False, version=5), [disconnect(0x81, "why")])[1], "")
        self.assertEqual(disconnect(0x81, "why"), b"\xe0\x08\x81\6\x1f\0\3why")
        self.assertEqual(disconnect(0x81), b"\xe0\2\x81\0")

    @given(st.integers(0, 3 * 10**5))
    def test_lengths(self, size: int) -> None:
        """
        A fixed header of any length is as short as can be.
        """
        self.assertEqual(packet(0x30, bytes(size)), wires.packet(0x30, bytes(size)))


class CutTests(SynchronousTestCase):
    """No cut changes what a scanner says, and the two scanners say the same."""

    def test_every_cut(self) -> None:
        """
        What passes, and the fault that ends it, are the same wherever a stream is cut in two, and in
        pieces of one, two, three bytes and so on.
        """
        opening = wires.connect(5) + wires.publish(5, qos=1) + wires.subscribe(5, "a/#", "b")
        for ending in (
            b"\x36",
            b"\xc0\x80\0",
            b"\x30\xff\xff\xff\xff\x7f",
            b"\x40\2\0\0",
            b"\xe0\0\xc0\0",
            b"",
        ):
            data = opening + wires.publish(5, "x", b"x" * 150) + ending
            said = both(FRESH, [data])
            for cut in range(1, len(data)):
                self.assertEqual(both(FRESH, [data[:cut], data[cut:]]), said, cut)
            for step in range(1, 20):
                parts = [data[i : i + step] for i in range(0, len(data), step)]
                self.assertEqual(both(FRESH, parts), said, step)

    @given(st.integers(0, 2**32), st.sampled_from((0.0, 0.03, 0.2)))
    def test_any_cuts(self, seed: int, faults: float) -> None:
        """
        Any stream, good or bad, and any cuts.
        """
        random = Random(seed)
        made = settings(random)
        data = stream(random, made, faults)
        self.assertEqual(both(made, pieces(random, data)), both(made, [data]))

    @given(st.lists(st.binary(max_size=8), max_size=8), st.sampled_from((0, 3, 4, 5)), st.booleans())
    def test_any_bytes(self, parts: list[bytes], version: int, client: bool) -> None:
        """
        Bytes of any kind, cut anywhere.
        """
        made = Settings(client=client, split=not client, version=version, max_topic=10)
        self.assertEqual(both(made, parts), both(made, [b"".join(parts)]))
