"""Tests for L{kaazing.wire.mqtt_faults}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import Side
from kaazing.wire.mqtt_faults import Code, reason, violation


class FaultTests(SynchronousTestCase):
    """A fault in words."""

    def test_words(self) -> None:
        """
        An error says who, where, what and which rule; before MQTT 5 the version is named, too.
        """
        fault = (int(Code.BAD_REASON), 17, 2, 0x8B)
        self.assertEqual(
            str(violation(fault, Side.BACK, 5)),
            "backend byte 17: reason code 0x8B in CONNACK (MQTT 5 section 2.4)",
        )
        self.assertEqual(
            str(violation((int(Code.QOS_3), 0, 3, 0), Side.FRONT, 4)),
            "client byte 0: PUBLISH with QoS 3 (MQTT 3.1.1; MQTT 5 section 3.3.1.2)",
        )

    def test_every_code(self) -> None:
        """
        Every fault has words without anything left to fill in, and a reason code that is an error.
        """
        for code in Code:
            fault = (int(code), 0, 3, 1)
            self.assertNotIn("{", str(violation(fault, Side.FRONT, 5)), code)
            self.assertGreaterEqual(reason(fault), 0x80, code)
