"""Tests for L{kaazing.wire.amqp_faults}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import Side
from kaazing.wire.amqp_faults import Code, reply_code, rule, violation

PUBLISH = 60 << 16 | 40


class FaultTests(SynchronousTestCase):
    def test_sentence(self) -> None:
        """
        A fault names its side, its place, what it is and the section that forbids it.
        """
        why = violation((Code.TOO_BIG, 70, 4096, 0), Side.FRONT)
        said = "client byte 70: frame of more than 4096 bytes (AMQP 0-9-1 section 2.3.5)"
        self.assertEqual(str(why), said)
        why = violation((Code.WRONG_SIDE, 7, 0, PUBLISH), Side.BACK)
        said = "backend byte 7: basic.publish is not sent by this side (AMQP 0-9-1 section 2.2.1)"
        self.assertEqual(str(why), said)

    def test_all_said(self) -> None:
        """
        Each fault has words without gaps, and a reply code of the specification (section 1.2).
        """
        for code in Code:
            fault = (int(code), 0, 1, PUBLISH)
            self.assertNotIn("{", violation(fault, Side.FRONT).what)
            self.assertIn(reply_code(fault), {501, 502, 503, 504, 505, 506, 540})

    def test_rules(self) -> None:
        """
        A rule is a section of the specification, or the property that sets a limit.
        """
        self.assertEqual(rule("4.2.3"), "AMQP 0-9-1 section 4.2.3")
        self.assertEqual(rule("amqp.maximum.depth"), "amqp.maximum.depth")
