"""Tests for L{kaazing.wire.mqtt_types}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.mqtt_types import AUTH, DISCONNECT, KINDS, NAMES, NOT_ZERO, PINGREQ, PLACES, SUBACK


class TypesTests(SynchronousTestCase):
    """Numbers and names agree."""

    def test_names(self) -> None:
        """
        Every packet type has its name at its number (MQTT 5 section 2.1.2).
        """
        self.assertEqual(len(NAMES), 16)
        numbers = [NAMES.index(name) for name in ("SUBACK", "PINGREQ", "DISCONNECT", "AUTH")]
        self.assertEqual(numbers, [SUBACK, PINGREQ, DISCONNECT, AUTH])

    def test_properties(self) -> None:
        """
        The 27 properties of MQTT 5, each with a kind of value and packets it may be in.
        """
        self.assertEqual(len(KINDS), 27)
        self.assertEqual(KINDS.keys(), PLACES.keys())
        self.assertTrue(NOT_ZERO.issubset(KINDS))
