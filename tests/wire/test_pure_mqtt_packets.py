"""Tests for L{kaazing.wire.pure_mqtt_packets}: what packets may hold and when, in Python and in C alike."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.wire.mqtt_streams import (
    Settings,
    both,
    connack,
    connect,
    packet,
    properties,
    publish,
    refusal,
    sized,
    suback,
    subscribe,
)

FRESH = Settings(version=0, connected=False)
FRONT, FRONT5 = Settings(), Settings(version=5)
BACK, BACK5 = Settings(client=False), Settings(client=False, version=5)
WAITING, WAITING5 = (Settings(client=False, version=version, connected=False) for version in (4, 5))


class FirstByteTests(SynchronousTestCase):
    """Types and flags (MQTT 5 sections 2.1.2 and 2.1.3)."""

    def test_every_first_byte(self) -> None:
        """
        C and Python agree about every first byte in every state; type 0 never passes.
        """
        for first in range(256):
            for version in (0, 3, 4, 5):
                for client in (True, False):
                    for connected in (True, False):
                        given = Settings(client=client, version=version, connected=connected)
                        said = both(given, [bytes([first])])[1]
                        if first < 16:
                            self.assertIn("packet type 0 is not in this version", said)

    def test_sides(self) -> None:
        """
        A client does not send what only servers do, nor the other way round.
        """
        for first in (0x20, 0x90, 0xB0, 0xD0):
            self.assertIn("is not a packet of this side", refusal(FRONT, bytes([first, 0])))
        for first in (0x10, 0x82, 0xA2, 0xC0, 0xE0):
            self.assertIn("is not a packet of this side", refusal(BACK, bytes([first, 0])))
        self.assertEqual(refusal(BACK5, b"\xe0\0"), "", "servers of MQTT 5 say DISCONNECT")
        self.assertIn("packet type 15 is not in this version", refusal(FRONT, b"\xf0\0"))

    def test_flags(self) -> None:
        """
        The flags are those of the type; MQTT 3.1 repeats requests with DUP.
        """
        for first in (0x31 - 1 | 6, 0x41, 0x60, 0x63, 0x80, 0x8A, 0xC1, 0xE8):
            self.assertNotEqual(refusal(FRONT, bytes([first, 0])), "", hex(first))
        self.assertIn("PUBLISH with QoS 3", refusal(FRONT, b"\x36\0"))
        self.assertIn("PUBLISH with QoS 0 that says it is sent again", refusal(FRONT, b"\x38\0"))
        again = b"\x8a" + subscribe(3, "a")[1:]
        self.assertEqual(refusal(Settings(version=3), again), "")


class OrderTests(SynchronousTestCase):
    """What may come when."""

    def test_connect_first(self) -> None:
        """
        CONNECT comes first and once (section 3.1), and nothing behind DISCONNECT (section 3.14.4).
        """
        self.assertIn("PINGREQ before the connection is made", refusal(FRESH, b"\xc0\0"))
        said = both(FRESH, [connect() + connect()])
        self.assertEqual(said[0], [connect()])
        self.assertIn("CONNECT on a connection that is made", said[1])
        said = both(FRONT, [b"\xe0\0\xc0\0"])
        self.assertEqual(said[0], [b"\xe0\0"])
        self.assertIn("PINGREQ after the end of the connection", said[1])

    def test_connack_first(self) -> None:
        """
        A server says CONNACK first and once; after one that refuses nothing comes.
        """
        self.assertIn("PINGRESP before the connection is made", refusal(WAITING, b"\xd0\0"))
        self.assertIn("DISCONNECT before the connection is made", refusal(WAITING5, b"\xe0\0"))
        nobody = Settings(client=False, version=0, connected=False)
        self.assertIn("CONNACK before the connection is made", refusal(nobody, connack()))
        self.assertIn("on a connection that is made", both(WAITING, [connack() * 2])[1])
        self.assertIn("after the end of the connection", both(WAITING, [connack(4, 5) + b"\xd0\0"])[1])

    def test_authentication(self) -> None:
        """
        Where CONNECT has named a method, only AUTH and DISCONNECT come before CONNACK (section 3.1.2.11.9);
        where it has not, AUTH never does (section 4.12).
        """
        method = properties(b"\x15" + sized("SCRAM"))
        named = packet(0x10, sized("MQTT"), b"\5\2\0\0", method, sized("me"))
        again = packet(0xF0, b"\x18", method)
        self.assertEqual(both(FRESH, [named + again])[:2], ([named + again], ""))
        self.assertIn("PUBLISH before the authentication", both(FRESH, [named + publish(5)])[1])
        self.assertIn("AUTH on a connection without", both(FRESH, [connect(5) + again])[1])
        self.assertIn("AUTH on a connection without", refusal(WAITING5, again))
        challenged = Settings(client=False, version=5, auth=True, connected=False)
        self.assertEqual(refusal(challenged, again), "")
        self.assertIn("reason code 0x19 in AUTH", refusal(challenged, packet(0xF0, b"\x19", method)))
        self.assertIn("AUTH without property 0x15", refusal(challenged, packet(0xF0, b"\x18\0")))
        self.assertIn("reason code 0x00 in AUTH", both(FRESH, [named + b"\xf0\0"])[1])
        self.assertEqual(refusal(challenged, b"\xf0\0"), "", "success, in as few bytes as can be")

    def test_versions(self) -> None:
        """
        The version that CONNECT names decides how what follows reads.
        """
        for version in (3, 4, 5):
            wire = connect(version) + publish(version)
            self.assertEqual(both(FRESH, [wire]), ([wire], "", {"CONNECT": 1, "PUBLISH": 1}, 0, version))


class ConnectTests(SynchronousTestCase):
    """CONNECT (section 3.1) and CONNACK (section 3.2)."""

    def test_faults(self) -> None:
        """
        Protocol name and level, flags, will, login and client identifier, as each version has them.
        """
        will = (sized("w/t"), sized(b"gone\xff"))
        self.assertEqual(refusal(FRESH, connect(4, 0xEE, *will, sized("u"), sized(b"\xff"))), "")
        self.assertEqual(refusal(FRESH, connect(5, 0x46, b"\0", *will, sized(b"p"))), "", "a token only")
        old = packet(0x10, sized("MQIsdp"), b"\3\2\0\0", sized(""))
        for wire, said in (
            (connect(4, name="HTTP"), "byte 2: CONNECT with a protocol name"),
            (connect(3, name="MQTT"), "byte 8: CONNECT with protocol level 3"),
            (connect(4, name="MQIsdp"), "byte 10: CONNECT with protocol level 4"),
            (connect(6), "byte 8: CONNECT with protocol level 6"),
            (connect(4, 3), "byte 9: CONNECT with a flag that is reserved"),
            (connect(4, 0x1E, *will), "byte 9: CONNECT with flags for a will that cannot be"),
            (connect(4, 0x0A), "byte 9: CONNECT with flags for a will that cannot be"),
            (connect(4, 0x22), "byte 9: CONNECT with flags for a will that cannot be"),
            (connect(4, 0x42, sized("p")), "byte 9: CONNECT with a password and no user name"),
            (connect(4, 6, sized("w/+"), sized("")), "byte 16: topic name with a wildcard"),
            (connect(4, 6, sized(""), sized("")), "byte 16: CONNECT without a topic"),
            (connect(4, 0x82, sized(b"\xff")), "byte 16: text that is not UTF-8"),
            (connect(4, 2, b"x"), "byte 16: CONNECT with bytes behind its last field"),
            (connect(4, 0x82), "byte 16: CONNECT that ends inside a field"),
            (old, "byte 14: CONNECT without a client identifier"),
            (packet(0x10, sized("MQTT"), b"\4\0\0\0", sized("")), "byte 12: CONNECT without a client"),
        ):
            self.assertTrue(refusal(FRESH, wire).startswith(said), (wire, refusal(FRESH, wire)))
        data = packet(0x10, sized("MQTT"), b"\5\2\0\0", properties(b"\x16" + sized("x")), sized(""))
        self.assertIn("CONNECT without property 0x15", refusal(FRESH, data))

    def test_length(self) -> None:
        """
        MQTT 5 wants lengths as short as can be (section 1.5.5), in CONNECT too; the versions before do not.
        """
        for version, said in ((4, ""), (5, "byte 1: length with more bytes than it needs in CONNECT")):
            wire = connect(version)
            longer = wire[:1] + bytes([wire[1] | 0x80, 0]) + wire[2:]
            self.assertTrue(refusal(FRESH, longer).startswith(said))
            self.assertEqual(bool(refusal(FRESH, longer)), bool(said))

    def test_connack(self) -> None:
        """
        Flags, codes and length of CONNACK.
        """
        self.assertEqual(refusal(WAITING, b"\x20\2\1\0"), "")
        self.assertEqual(refusal(WAITING5, connack(5, 0, b"\x21\0\1", b"\x22\0\0")), "")
        for given, wire, said in (
            (WAITING, b"\x20\2\2\0", "flags that cannot be"),
            (WAITING, b"\x20\2\1\1", "flags that cannot be"),
            (WAITING, b"\x20\2\0\6", "reason code 0x06 in CONNACK"),
            (WAITING, b"\x20\3\0\0\0", "bytes behind its last field"),
            (WAITING5, b"\x20\2\0\0", "ends inside a field"),
            (WAITING5, connack(5, 1), "reason code 0x01 in CONNACK"),
            (WAITING5, connack(5, 0, b"\x21\0\0"), "property 0x21 in CONNACK with a value"),
        ):
            self.assertIn(said, refusal(given, wire), wire)


class PublishTests(SynchronousTestCase):
    """PUBLISH and its acknowledgements (sections 3.3 to 3.7)."""

    def test_identifiers(self) -> None:
        """
        QoS 1 and 2 have a packet identifier, which is not 0 (section 2.2.1).
        """
        self.assertEqual(refusal(FRONT, publish(qos=2)), "")
        self.assertIn("byte 7: PUBLISH with packet identifier 0", refusal(FRONT, publish(qos=1, id=0)))
        for first in (0x40, 0x50, 0x62, 0x70):
            self.assertIn("with packet identifier 0", refusal(FRONT, bytes([first, 2, 0, 0])))

    def test_aliases(self) -> None:
        """
        A topic alias is one that the receiver allows, and has had a topic (section 3.3.2.3.4).
        """
        named, used = publish(5, "a", b"", b"\x23\0\x0a"), publish(5, "", b"", b"\x23\0\x0a")
        self.assertEqual(both(FRONT5, [named + used])[:2], ([named + used], ""))
        self.assertIn("topic alias 10 that has no topic", refusal(FRONT5, used))
        high = publish(5, "a", b"", b"\x23\0\x0b")
        self.assertIn("topic alias 11 above the receiver's maximum", refusal(FRONT5, high))

    def test_acknowledgements(self) -> None:
        """
        Before MQTT 5 an identifier and nothing else; in MQTT 5 a reason code may follow, and properties.
        """
        for given, wire, said in (
            (FRONT, b"\x40\2\0\1", ""),
            (FRONT, b"\x40\3\0\1\0", "bytes behind its last field"),
            (FRONT5, b"\x40\2\0\1", ""),
            (FRONT5, b"\x40\3\0\1\x10", ""),
            (FRONT5, b"\x40\4\0\1\x80\0", ""),
            (FRONT5, b"\x40\3\0\1\x92", "reason code 0x92 in PUBACK"),
            (FRONT5, b"\x62\3\0\1\x92", ""),
            (FRONT5, b"\x70\4\0\1\x10\0", "reason code 0x10 in PUBCOMP"),
            (FRONT5, b"\x40\5\0\1\0\0\0", "bytes behind its last field"),
        ):
            self.assertIn(said, refusal(given, wire), wire)
            self.assertEqual(bool(said), bool(refusal(given, wire)), wire)

    def test_receive_maximum(self) -> None:
        """
        No more PUBLISH of QoS 1 and 2 under way than the receiver takes (section 4.9); QoS 0 is free.
        """
        given = Settings(version=5, receive_max=2)
        one = publish(5, qos=1)
        self.assertEqual(both(given, [one * 2 + publish(5) * 9])[1], "")
        self.assertIn("more than 2 PUBLISH that are not acknowledged", both(given, [one * 3])[1])

    def test_released(self) -> None:
        """
        What ends a PUBLISH is counted: PUBACK, PUBCOMP, and PUBREC that refuses.
        """
        wire = b"\x40\2\0\1\x50\2\0\2\x50\3\0\3\x87\x62\2\0\2\x70\2\0\2"
        self.assertEqual(both(BACK5, [wire])[3], 3)


class RequestTests(SynchronousTestCase):
    """SUBSCRIBE, UNSUBSCRIBE and their answers (sections 3.8 to 3.11), pings and DISCONNECT."""

    def test_options(self) -> None:
        """
        QoS up to 2, no bit that is reserved; "no local" not for a shared subscription (section 3.8.3.1).
        """
        shared = ["$share/g/a"]
        cases: tuple[tuple[Settings, int, list[str], bool], ...] = (
            *((FRONT, options, ["a"], options < 3) for options in range(256)),
            *((FRONT5, o, ["a"], o < 64 and o & 3 < 3 and o & 0x30 < 0x30) for o in range(256)),
            *((FRONT5, options, shared, options == 1) for options in (1, 5)),
        )
        for given, options, names, good in cases:
            said = refusal(given, subscribe(given.version, *names, options=options))
            self.assertEqual(said == "", good, (given.version, options))
            self.assertTrue(good or f"subscription options 0x{options:02X}" in said)

    def test_filters(self) -> None:
        """
        At least one filter, and no more than the limit.
        """
        for first in (0x82, 0xA2):
            self.assertIn("without a topic filter", refusal(FRONT, packet(first, b"\0\1")))
        self.assertIn("with packet identifier 0", refusal(FRONT, subscribe(4, "a", id=0)))
        two: dict[str, Any] = {"max_filters": 2}
        self.assertEqual(refusal(Settings(**two), subscribe(4, "a", "b")), "")
        self.assertIn("more than 2 topic filters", refusal(Settings(**two), subscribe(4, "a", "b", "c")))
        self.assertEqual(refusal(FRONT, packet(0xA2, b"\0\1", sized("a"), sized("b/#"))), "")

    def test_answers(self) -> None:
        """
        SUBACK has codes of its version, UNSUBACK has none before MQTT 5.
        """
        for given, wire, said in (
            (BACK, suback(4, 0, 1, 2, 0x80), ""),
            (BACK, suback(4, 0x87), "reason code 0x87 in SUBACK"),
            (BACK5, suback(5, 0x87), ""),
            (BACK5, suback(5, 3), "reason code 0x03 in SUBACK"),
            (BACK, suback(4), "SUBACK without a reason code"),
            (BACK, b"\xb0\2\0\1", ""),
            (BACK, b"\xb0\3\0\1\0", "bytes behind its last field"),
            (BACK5, b"\xb0\4\0\1\0\x11", ""),
            (BACK5, b"\xb0\3\0\1\0", "UNSUBACK without a reason code"),
        ):
            self.assertIn(said, refusal(given, wire), wire)
            self.assertEqual(bool(said), bool(refusal(given, wire)), wire)

    def test_pings_and_disconnect(self) -> None:
        """
        PINGREQ, PINGRESP and the older DISCONNECT are empty; MQTT 5's may have a code and properties.
        """
        for given, wire, good in (
            *((FRONT, b"\xc0\0", True), (FRONT, b"\xc0\1\0", False), (BACK, b"\xd0\1\0", False)),
            *((FRONT, b"\xe0\0", True), (FRONT, b"\xe0\1\0", False), (FRONT5, b"\xe0\1\4", True)),
            *((FRONT5, b"\xe0\2\4\0", True), (FRONT5, b"\xe0\1\x8b", False), (BACK5, b"\xe0\1\x8b", True)),
            *((BACK5, b"\xe0\1\4", False), (FRONT5, b"\xe0\7\0\5\x11\0\0\0\1", True)),
        ):
            self.assertEqual(refusal(given, wire) == "", good, wire)

    def test_every_reason_code(self) -> None:
        """
        C and Python agree about every reason code in every packet of every version.
        """
        for code in range(256):
            for version in (3, 4, 5):
                for client in (True, False):
                    for type in (2, 4, 5, 6, 7, 9, 11, 14, 15):
                        given = Settings(client=client, version=version, auth=True, connected=type != 2)
                        start = b"" if type > 13 else b"\0" if type == 2 else b"\0\1"
                        start += b"\0" if version == 5 and type in (9, 11) else b""
                        both(given, [packet(type << 4 | 2 * (type == 6), start, bytes([code]))])
