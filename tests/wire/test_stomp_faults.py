"""Tests for L{kaazing.wire.stomp_faults}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import Side
from kaazing.wire.stomp_faults import Code, rule, violation


class ViolationTests(SynchronousTestCase):
    def test_every_fault_has_words(self) -> None:
        """
        Each fault a scanner can find is a sentence with the place, and the section of the specification.
        """
        said = [str(violation((code, 7, b"SEND id", b""), Side.FRONT, 11)) for code in Code]
        self.assertEqual(len(set(said)), 20)
        for sentence in said:
            self.assertRegex(sentence, r"^client byte 7: [^{}]+ \(STOMP 1\.1, [A-Za-z -]+\)$")

    def test_fields(self) -> None:
        """
        The error carries side, place, fault and rule apart.
        """
        error = violation((Code.MISSING_HEADER, 40, b"MESSAGE message-id", b"MESSAGE\n"), Side.BACK, 12)
        self.assertEqual(
            (error.side, error.offset, error.what, error.rule),
            (Side.BACK, 40, "MESSAGE without the header message-id", "STOMP 1.2, Frames and Headers"),
        )

    def test_bodies_stay_secret(self) -> None:
        """
        When frames go out of step, a piece of a body stands where a command should: it is not repeated.
        """
        for text, shown in ((b"HELLO", "unknown command HELLO"), (b"my password", "unknown command")):
            error = violation((Code.UNKNOWN_COMMAND, 0, text, b""), Side.FRONT, 12)
            self.assertEqual(error.what, shown)

    def test_details_are_printable(self) -> None:
        """
        What a client sent reaches the log as printable ASCII.
        """
        error = violation((Code.BAD_ESCAPE, 0, b"\\\x1b", b""), Side.FRONT, 12)
        self.assertEqual(error.what, "undefined escape \\<1b>")

    def test_before_a_version(self) -> None:
        """
        As long as no version is settled, STOMP 1.2 is cited.
        """
        self.assertEqual(rule("Connecting", 0), "STOMP 1.2, Connecting")
        self.assertEqual(rule("BEGIN", 10), "STOMP 1.0, BEGIN")
