"""Tests for L{kaazing.wire.pure_mqtt_fields}: what fields may hold, in Python and in C alike."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.wire.mqtt_streams import Settings, both, packet, properties, publish, refusal, sized, subscribe

V5 = Settings(version=5)
BACK5 = Settings(client=False, version=5)


class TextTests(SynchronousTestCase):
    """UTF-8 strings (MQTT 5 section 1.5.4)."""

    def test_good(self) -> None:
        """
        Any character but NUL, U+FEFF and noncharacters included.
        """
        for topic in ("a", "grüße/🚂", "\ufeffx", "\uffff", "\x01", "x" * 200):
            self.assertEqual(refusal(Settings(), publish(topic=topic)), "", topic)

    def test_bad(self) -> None:
        """
        NUL, surrogates, overlong forms, what is above U+10FFFF or cut short.
        """
        for text in (b"a\0b", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff"):
            wire = packet(0x30, sized(text))
            rule = "text that is not UTF-8, or has a NUL, in PUBLISH (MQTT 3.1.1; MQTT 5 section 1.5.4)"
            self.assertEqual(refusal(Settings(), wire), f"byte 2: {rule}", text)

    def test_too_short(self) -> None:
        """
        A text, a number or a length that goes beyond its packet.
        """
        for wire, place in (
            (packet(0x30, b"\0"), 2),
            (packet(0x30, b"\0\5abcd"), 2),
            (packet(0x32, sized("a"), b"\1"), 5),
            (packet(0x82, b"\0\1", sized("a")), 7),
        ):
            self.assertIn(f"byte {place}: ", refusal(Settings(), wire))
            self.assertIn("that ends inside a field", refusal(Settings(), wire))


class TopicTests(SynchronousTestCase):
    """Topic names and filters (MQTT 5 section 4.7)."""

    def test_names(self) -> None:
        """
        A topic name is not empty, has no wildcard, and is no longer than the limit.
        """
        self.assertIn("topic name with a wildcard in PUBLISH", refusal(Settings(), publish(topic="a/+")))
        self.assertIn("topic name with a wildcard in PUBLISH", refusal(V5, publish(5, "#")))
        self.assertIn("PUBLISH without a topic", refusal(Settings(), publish(topic="")))
        self.assertIn("PUBLISH without a topic", refusal(V5, publish(5, "")))
        short = Settings(max_topic=3)
        self.assertEqual(refusal(short, publish(topic="a/b")), "")
        self.assertIn("topic of more than 3 bytes", refusal(short, publish(topic="a/bc")))

    def test_filters(self) -> None:
        """
        A wildcard is a whole level, and # the last one (section 4.7.1).
        """
        for good in ("#", "+", "/", "a//b", "+/+", "/+", "+/#", "a/#", "a/+/b", "$SYS/#", "$share/g"):
            self.assertEqual(refusal(Settings(), subscribe(4, good)), "", good)
        for bad in ("", "a#", "#/a", "a/#/b", "+a", "a+", "a/b+/c", "##", "++"):
            self.assertIn(
                "topic filter that is none in SUBSCRIBE", refusal(Settings(), subscribe(4, bad)), bad
            )
        self.assertIn("topic of more than 3 bytes", refusal(Settings(max_topic=3), subscribe(4, "a/bc")))

    def test_shared(self) -> None:
        """
        A shared subscription has a name without wildcards and a filter (section 4.8.2); before MQTT 5 there
        is none, and the same text is a filter like any other.
        """
        for good in ("$share/g/a", "$share/g/#", "$share/g//", "$sharex", "$share"):
            self.assertEqual(refusal(V5, subscribe(5, good)), "", good)
        for bad in ("$share/", "$share/g", "$share/g/", "$share//a", "$share/+/a", "$share/a#/a"):
            self.assertIn("shared subscription without name", refusal(V5, subscribe(5, bad)), bad)
            self.assertNotIn("shared", refusal(Settings(), subscribe(4, bad)), bad)
        self.assertIn("topic filter that is none", refusal(V5, subscribe(5, "$share/g/a#")))


class PropertyTests(SynchronousTestCase):
    """Properties (MQTT 5 section 2.2.2)."""

    def test_values(self) -> None:
        """
        Each kind of value, as it may be.
        """
        values = (
            *(b"\x01\1", b"\x02\0\0\0\0", b"\x03" + sized("text/plain"), b"\x08" + sized("r/t")),
            *(b"\x09" + sized(b"\0\xff"), b"\x23\0\1", b"\x26" + sized("") + sized("v")),
        )
        self.assertEqual(refusal(V5, publish(5, "a", b"", *values)), "")

    def test_faults(self) -> None:
        """
        A value that is none, a property twice, in the wrong packet, unknown, or cut short.
        """
        for value, said in (
            (b"\x01\2", "byte 7: property 0x01 in PUBLISH with a value that is none"),
            (b"\x23\0\0", "byte 7: property 0x23 in PUBLISH with a value that is none"),
            (b"\x01\1\x01\1", "byte 8: property 0x01 twice in PUBLISH"),
            (b"\x11\0\0\0\1", "byte 6: property 0x11 in PUBLISH"),
            (b"\x0b\1", "byte 6: property 0x0B in PUBLISH"),
            (b"\x00", "byte 6: property 0x00 in PUBLISH"),
            (b"\x7f", "byte 6: property 0x7F in PUBLISH"),
            (b"\x81\1", "byte 6: property 0x81 in PUBLISH"),
            (b"\x02\0\0\0", "byte 7: PUBLISH that ends inside a field"),
            (b"\x26" + sized("k"), "byte 10: PUBLISH that ends inside a field"),
            (b"\x08" + sized("r/+"), "byte 7: topic name with a wildcard in PUBLISH"),
            (b"\x08" + sized(""), "byte 7: PUBLISH without a topic"),
            (b"\x03" + sized("\0"), "byte 7: text that is not UTF-8"),
        ):
            self.assertTrue(refusal(V5, publish(5, "a", b"zzzzzzz", value)).startswith(said), value)

    def test_repeated(self) -> None:
        """
        User properties come as often as they like; subscription identifiers from the server.
        """
        pair, identifier = b"\x26" + sized("k") + sized("v"), b"\x0b\xff\xff\xff\x7f"
        self.assertEqual(refusal(V5, publish(5, "a", b"", pair, pair)), "")
        self.assertEqual(refusal(BACK5, publish(5, "a", b"", identifier, b"\x0b\1")), "")
        twice = packet(0x82, b"\0\1", properties(b"\x0b\1", b"\x0b\1"), sized("a"), b"\0")
        self.assertIn("property 0x0B twice in SUBSCRIBE", refusal(V5, twice))

    def test_lengths(self) -> None:
        """
        Variable Byte Integers are as short as can be and no longer than four bytes (section 1.5.5).
        """
        for written, said in (
            (b"\x80\0", "byte 5: length with more bytes than it needs"),
            (b"\x80\x80\x80\x80\1", "byte 5: length of more than four bytes"),
            (b"\x7f", "byte 5: PUBLISH that ends inside a field"),
            (b"", "byte 5: PUBLISH that ends inside a field"),
        ):
            self.assertTrue(refusal(V5, packet(0x30, sized("a"), written)).startswith(said), written)
        for value, said in ((b"\x0b\x80\0", "more bytes than it needs"), (b"\x0b\0", "a value that is none")):
            self.assertIn(said, refusal(BACK5, publish(5, "a", b"", value)))

    def test_limit(self) -> None:
        """
        No more properties than the limit, so that nobody has to keep millions.
        """
        pair, two = b"\x26\0\0\0\0", Settings(version=5, max_properties=2)
        self.assertEqual(refusal(two, publish(5, "a", b"", pair, pair)), "")
        self.assertIn("with more than 2 properties", refusal(two, publish(5, "a", b"", pair, pair, pair)))

    def test_every_property_in_every_packet(self) -> None:
        """
        C and Python agree about each property in each packet of each side, and about no property at all.
        """
        for number in range(256):
            for type in range(1, 16):
                for client in (True, False):
                    given = Settings(client=client, version=5, auth=True, connected=type != 2)
                    value = bytes([number]) + b"\0\1" * 6
                    both(given, [packet(type << 4, b"\0\1", properties(value), sized("a"), b"\0")])
