"""Tests for L{kaazing.adapters.mqtt.opening}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.mqtt.opening import IDENTIFIERS, Refusal, farewell, logged_in, may_be, within_host
from kaazing.interfaces.adapters import Login
from kaazing.wire.mqtt import Connect, parse_connect
from tests.wire.mqtt_streams import connack, connect, packet, properties, sized

SENT = parse_connect(connect(4, 0xC2, sized("ann"), sized("guess")))


class LoginTests(SynchronousTestCase):
    """What the backend gets for a CONNECT."""

    def login(self, came: Connect, username: str, password: str = "") -> bytes:
        """Put a login in; return the packet."""
        put = logged_in(came, Login(username=username, password=password))
        self.assertIsInstance(put, Connect)
        return put.encode() if isinstance(put, Connect) else b""

    def test_injected(self) -> None:
        """
        The backend's user name and password take the place of the client's, in every version.
        """
        self.assertEqual(self.login(SENT, "gw", "pw"), connect(4, 0xC2, sized("gw"), sized("pw")))
        for version in (3, 5):
            wire = self.login(parse_connect(connect(version)), "gw", "pw")
            self.assertEqual(wire, connect(version, 0xC2, sized("gw"), sized("pw")))

    def test_without_username(self) -> None:
        """
        Where the backend finds out by itself, nothing of the client's is left; a password alone has an
        empty user name before MQTT 5, which requires one (MQTT 3.1.1 section 3.1.2.9).
        """
        self.assertEqual(self.login(SENT, ""), connect(4, 2))
        self.assertEqual(self.login(SENT, "", "pw"), connect(4, 0xC2, sized(""), sized("pw")))
        self.assertEqual(self.login(parse_connect(connect(5)), "", "pw"), connect(5, 0x42, sized("pw")))

    def test_refused(self) -> None:
        """
        A client of MQTT 5 that wants another authentication is told so; a login that MQTT cannot say is
        not cut.
        """
        named = packet(0x10, sized("MQTT"), b"\5\2\0\0", properties(b"\x15" + sized("X")), sized(""))
        refused = logged_in(parse_connect(named), Login(username="gw"))
        self.assertEqual(refused.code if isinstance(refused, Refusal) else None, 0x8C)
        for login in (Login(username="x" * 65536), Login(username="a\0")):
            refused = logged_in(SENT, login)
            self.assertEqual(refused, Refusal(0x88, "the login of the backend cannot be said in MQTT"))

    def test_virtual_host(self) -> None:
        """
        The virtual host stands before the user name; a client cannot choose another by a colon of its own,
        nor go without a name.
        """
        put = within_host(SENT, "prod")
        wire = connect(4, 0xC2, sized("prod:ann"), sized("guess"))
        self.assertEqual(put.encode() if isinstance(put, Connect) else None, wire)
        for username, code in ((None, 0x87), (b"other:ann", 0x86), (b"x" * 65535, 0x86)):
            refused = within_host(SENT.with_login(username, None), "prod")
            self.assertEqual(refused.code if isinstance(refused, Refusal) else None, code)


class IdentifierTests(SynchronousTestCase):
    """Who a client may be at the backend."""

    def test_patterns(self) -> None:
        """
        One of the patterns has to match all of the identifier, letter by letter; one that is too long to be
        compared matches none, and no identifier at all is always allowed.
        """
        allowed = [IDENTIFIERS.rule(each, deny=False) for each in ("web-*", "tv-?")]
        for good in ("", "web-", "web-1/ü", "tv-1", "tv-é"):
            self.assertTrue(may_be(good.encode(), allowed), good)
        for bad in ("web", "WEB-1", "a web-1", "tv-", "tv-12", "*", "web-" + "x" * 5000):
            self.assertFalse(may_be(bad.encode(), allowed), bad)
        self.assertEqual(parse_connect(connect(5)).client_id, b"me")


class FarewellTests(SynchronousTestCase):
    """What the client is told."""

    def test_older(self) -> None:
        """
        Before MQTT 5: one of five codes in CONNACK, and nothing once that has come.
        """
        for code, old in ((0x84, 1), (0x85, 2), (0x88, 3), (0x86, 4), (0x87, 5)):
            self.assertEqual(farewell(4, False, code, "why", 1000), connack(4, old))
            self.assertIsNone(farewell(4, True, code, "why", 1000))
        self.assertIsNone(farewell(3, False, 0x81, "why", 1000))
        self.assertIsNone(farewell(0, False, 0x87, "why", 1000))

    def test_mqtt_5(self) -> None:
        """
        In MQTT 5: CONNACK or DISCONNECT, with the reason in words where the client takes so much.
        """
        words = b"\x1f" + sized("why")
        self.assertEqual(farewell(5, False, 0x87, "why", 1000), connack(5, 0x87, words))
        self.assertEqual(farewell(5, True, 0x93, "why", 1000), b"\xe0\x08\x93\6" + words)
        self.assertEqual(farewell(5, True, 0x93, "why", 9), b"\xe0\2\x93\0")
        self.assertEqual(farewell(5, False, 0x87, "why", 9), connack(5, 0x87))
        self.assertEqual(farewell(5, False, 0x94, "", 100), connack(5, 0x82), "not a code of CONNACK")
