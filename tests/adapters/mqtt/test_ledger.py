"""Tests for L{kaazing.adapters.mqtt.ledger}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.mqtt.ledger import Ledger
from kaazing.errors import ProtocolViolation
from kaazing.wire.mqtt import parse_request
from tests.wire.mqtt_streams import packet, sized, suback, subscribe


class LedgerTests(SynchronousTestCase):
    """Requests and their answers."""

    def said(self, call: object, *args: object) -> str:
        """The violation in words."""
        return str(self.assertRaises(ProtocolViolation, call, *args))

    def test_answers(self) -> None:
        """
        Each request has one answer, of its kind and length.
        """
        for version in (4, 5):
            ledger = Ledger(version, 10)
            ledger.ask(parse_request(subscribe(version, "a", "b"), version), 0)
            self.assertIn(
                "that nobody has asked for", self.said(ledger.answered, suback(version, 0, id=8), 5)
            )
            self.assertIn("SUBACK with 1 codes", self.said(ledger.answered, suback(version, 0), 5))
            ledger.ask(parse_request(subscribe(version, "a", "b"), version), 0)
            self.assertEqual(ledger.answered(suback(version, 0, 1), 5), suback(version, 0, 1))
            said = self.said(ledger.answered, suback(version, 0, 1), 5)
            self.assertTrue(said.startswith("backend byte 5: SUBACK that nobody has asked for"), said)

    def test_unsubscribe(self) -> None:
        """
        UNSUBACK answers UNSUBSCRIBE and nothing else; it has codes in MQTT 5 alone.
        """
        for version, good in ((4, b"\xb0\2\0\1"), (5, b"\xb0\4\0\1\0\x11")):
            ledger = Ledger(version, 10)
            leave = packet(0xA2, b"\0\1", b"\0" if version == 5 else b"", sized("a"))
            ledger.ask(parse_request(leave, version), 0)
            self.assertIn("nobody", self.said(ledger.answered, suback(version, 0, id=1), 0))
            self.assertEqual(ledger.answered(good, 0), good)

    def test_refused(self) -> None:
        """
        What the gateway has refused is put into the backend's answer, at its places.
        """
        for version, code in ((3, 0x80), (4, 0x80), (5, 0x87)):
            ledger = Ledger(version, 10)
            ledger.ask(parse_request(subscribe(version, "a", "b", "c", "d"), version), 0, {0, 2})
            answer = ledger.answered(suback(version, 1, 2), 0)
            self.assertEqual(answer, suback(version, code, 1, code, 2))

    def test_identifiers(self) -> None:
        """
        An identifier is used by one request at a time, of so many; MQTT 3.1 lets clients ask again.
        """
        ledger = Ledger(4, 1)
        ledger.ask(parse_request(subscribe(4, "a"), 4), 0)
        said = self.said(ledger.ask, parse_request(subscribe(4, "b"), 4), 70)
        self.assertTrue(
            said.startswith("client byte 70: SUBSCRIBE with packet identifier 9, which is in use")
        )
        said = self.said(ledger.ask, parse_request(subscribe(4, "b", id=1), 4), 70)
        self.assertIn("more than 1 requests that are not answered", said)
        old = Ledger(3, 1)
        for _ in range(2):
            old.ask(parse_request(subscribe(3, "a"), 3), 0)
        self.assertEqual([old.answered(suback(3, 0), 0) for _ in range(2)], [suback(3, 0)] * 2)
