"""Errors and warnings of one file, collected."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.faults import SHOWN, SUGGESTIONS, UNREAD, Faults, shown
from kaazing.errors import ConfigErrors
from kaazing.literals import switch
from tests.config.files import node, noted


def foreign(value: str) -> str:
    """Refuse everything as a reader does that knows nothing of our rules."""
    raise ValueError(f"bad value {value!r}")


class FaultsTests(SynchronousTestCase):
    """What is collected, and how it reads."""

    def setUp(self) -> None:
        """Begin with none."""
        self.faults = Faults("c.xml")

    def test_line_order(self) -> None:
        """
        All errors are raised together, in line order, with the name of the file.
        """
        self.faults.at(node("type", line=9), "is wrong")
        self.faults.add(3, "is worse")
        why = self.assertRaises(ConfigErrors, self.faults.settle)
        self.assertEqual(str(why), "c.xml:3: is worse\nc.xml:9: <type>: is wrong")

    def test_none(self) -> None:
        """
        Without an error nothing is raised.
        """
        self.faults.warn(node("type"), "is old")
        self.faults.settle()
        self.assertEqual(self.faults.count, 0)

    def test_same_twice(self) -> None:
        """
        The same error at the same line is given once.
        """
        for _ in range(2):
            self.faults.add(3, "is worse")
        self.assertEqual((self.faults.count, noted(self.faults)), (2, ["3: is worse"]))

    def test_warnings(self) -> None:
        """
        The same warning from several lines is one; warnings come in line order.
        """
        for line, name in ((30, "b"), (4, "a"), (7, "b"), (9, "b")):
            self.faults.warn(node(name, line=line), "is old")
        self.assertEqual(
            self.faults.warnings(), ("c.xml:4: <a>: is old", "c.xml:7: <b>: is old (also lines 9, 30)")
        )

    def test_suggestions_end(self) -> None:
        """
        A file with very many errors gets no more suggestions, which would take minutes.
        """
        found = [self.faults.near("tpye", ["type"]) for _ in range(SUGGESTIONS + 1)]
        self.assertEqual(found, ["; did you mean 'type'?"] * SUGGESTIONS + [""])
        self.assertEqual(Faults("c").near("tpye" * 100, ["type"]), "")


class ReadTests(SynchronousTestCase):
    """One value read, and what is said when it cannot be."""

    def setUp(self) -> None:
        """Begin with none."""
        self.faults = Faults("c.xml")

    def test_good(self) -> None:
        """
        A good value is returned.
        """
        self.assertIs(self.faults.read(node("on", "enabled"), switch), True)

    def test_bad(self) -> None:
        """
        A bad value is shown, with what would be right and a suggestion.
        """
        self.assertIs(self.faults.read(node("on", "enable"), switch), UNREAD)
        said = "7: <on>: 'enable': expected enabled or disabled; did you mean 'enabled'?"
        self.assertEqual(noted(self.faults), [said])

    def test_replaced(self) -> None:
        """
        A value that was put in for ${...} is not shown, nor is a suggestion that would tell of it.
        """
        self.faults.read(node("on", "enable", written="${ON}"), switch)
        self.faults.read(node("on", "enable", written="${ON}"), foreign)
        self.assertEqual(
            noted(self.faults),
            [
                "7: <on>: '${ON}': expected enabled or disabled",
                "7: <on>: '${ON}': is not what may stand here",
            ],
        )

    def test_secret(self) -> None:
        """
        Of a secret nothing is shown, whoever reads it.
        """
        self.faults.read(node("on", "enable"), switch, secret=True)
        self.faults.read(node("on", "enable"), foreign, secret=True)
        self.assertEqual(
            noted(self.faults),
            ["7: <on>: expected enabled or disabled", "7: <on>: is not what may stand here"],
        )

    def test_foreign(self) -> None:
        """
        A reader of somebody else's says what it says, of a value that stands in the file.
        """
        self.faults.read(node("on", "x"), foreign)
        self.assertEqual(noted(self.faults), ["7: <on>: 'x': bad value 'x'"])

    def test_failed_replacement(self) -> None:
        """
        A value of which an error has told already gets no second one.
        """
        failed = node("on", written="${ON}")
        object.__setattr__(failed, "value", None)
        self.assertIs(self.faults.read(failed, switch), UNREAD)
        self.assertEqual(noted(self.faults), [])

    def test_elements_inside(self) -> None:
        """
        An element where text is expected is an error.
        """
        self.faults.read(node("on", "", node("off", line=8)), switch)
        self.assertEqual(noted(self.faults), ["8: <off>: no element may stand in <on>"])


class ShownTests(SynchronousTestCase):
    """Text of the file as people see it."""

    def test_credentials(self) -> None:
        """
        Credentials are cut out, those with a slash or an @ in them and those of no proper URI included.
        """
        written = [
            "tcp://u:p@h:1",
            "tcp://u:p/w?x@x@h:1",
            "u:p@h:1",
            "tcp://@eth0:1",
            "tcp://[@eth0]:1",
            "@eth0:1",
        ]
        expected = [
            "tcp://...@h:1",
            "tcp://...@h:1",
            "...@h:1",
            "tcp://@eth0:1",
            "tcp://[@eth0]:1",
            "@eth0:1",
        ]
        self.assertEqual([shown(each) for each in written], expected)

    def test_query(self) -> None:
        """
        A query is cut out: tokens are often in it.
        """
        self.assertEqual(shown("wss://h/x?token=1"), "wss://h/x?...")

    def test_long(self) -> None:
        """
        Long text is cut, and lines are joined.
        """
        self.assertEqual(shown("a\n  b"), "a b")
        self.assertEqual(shown("x" * 1000), "x" * SHOWN + "...")
