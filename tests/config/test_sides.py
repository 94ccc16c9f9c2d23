"""The options of both sides: all that the original has, and a few of ours."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.fates import Fate
from kaazing.config.sides import ACCEPT_OPTIONS, CONNECT_OPTIONS

BOTH = ACCEPT_OPTIONS + CONNECT_OPTIONS


class SideTests(SynchronousTestCase):
    """What holds for the lists as a whole."""

    def test_once(self) -> None:
        """
        No option is listed twice on one side.
        """
        for side in (ACCEPT_OPTIONS, CONNECT_OPTIONS):
            names = [entry.name for entry in side]
            self.assertEqual(sorted(names), sorted(set(names)))

    def test_guards(self) -> None:
        """
        Rates guard and are not in force: refused. Realms and client certificates are in force.
        """
        fates = {entry.name: entry.fate for entry in ACCEPT_OPTIONS}
        guards = ("http.realm", "tcp.realm", "tcp.maximum.outbound.rate", "ssl.verify-client")
        self.assertEqual([fates[each].value for each in guards], ["kept", "kept", "refused", "kept"])

    def test_other_ways(self) -> None:
        """
        What would send bytes another way than the file says is refused, on both sides.
        """
        fates = {
            entry.fate for entry in BOTH if entry.name.endswith(".transport") or entry.name == "socks.mode"
        }
        self.assertEqual(fates, {Fate.REFUSED})

    def test_every_option_is_read(self) -> None:
        """
        Every option has a reader, so that its value is checked whatever becomes of it, and a note.
        """
        self.assertEqual([each.name for each in BOTH if each.read is None or not each.note.endswith(".")], [])

    def test_quiet_values(self) -> None:
        """
        The original's own defaults of what is not kept are taken without a word.
        """
        loud = [e.name for e in BOTH if e.fate is not Fate.KEPT and e.default and not e.quiet]
        self.assertEqual(loud, [])
