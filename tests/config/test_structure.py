"""Elements taken apart by the table."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.fates import Entry, Fate
from kaazing.config.faults import UNREAD, Faults
from kaazing.config.structure import clause, flag, leaf, parts
from tests.config.files import node, noted

LOGIN = (
    "it stood here before 2012/03; put it into the <login-modules> of an <authentication>, beside a"
    " <http-challenge-scheme>"
)


class PartsTests(SynchronousTestCase):
    """The children of one element."""

    def setUp(self) -> None:
        """Begin without errors."""
        self.faults = Faults("c.xml")

    def test_known(self) -> None:
        """
        Known children come by name, in their order, those that may stand several times too.
        """
        accepts = [node("accept", "ws://a"), node("accept", "ws://b")]
        kind = node("type", "echo")
        found = parts(node("service", "", accepts[0], kind, accepts[1]), self.faults)
        self.assertEqual((found, noted(self.faults)), ({"accept": accepts, "type": [kind]}, []))

    def test_unknown(self) -> None:
        """
        An unknown child is an error, with the name it may have meant.
        """
        parts(node("service", "", node("typ", "echo", line=9), node("type", "echo")), self.faults)
        self.assertEqual(noted(self.faults), ["9: <typ>: unknown in <service>; did you mean 'type'?"])

    def test_repeated(self) -> None:
        """
        What stands once and stands twice is an error that names both lines.
        """
        parts(node("service", "", node("type", "a", line=8), node("type", "b", line=9)), self.faults)
        self.assertEqual(noted(self.faults), ["9: <type>: stands in <service> already, at line 8"])

    def test_missing(self) -> None:
        """
        What is needed and missing is an error at the element that needs it.
        """
        parts(node("login-module"), self.faults, refused=True)
        self.assertEqual(
            noted(self.faults),
            ["7: <login-module>: <type> is missing in it", "7: <login-module>: <success> is missing in it"],
        )

    def test_text(self) -> None:
        """
        Text where only elements may stand is an error.
        """
        parts(node("service", "ws://a"), self.faults)
        self.assertIn("7: <service>: text stands where only elements may stand", noted(self.faults))

    def test_refused(self) -> None:
        """
        What is refused is one error, and everything in it is checked all the same.
        """
        module = node("login-module", "", node("type", "file"), node("success", "requird", line=12))
        parts(node("realm", "", node("name", "demo"), module), self.faults)
        self.assertEqual(
            noted(self.faults),
            [
                f"7: <login-module>: {LOGIN}",
                "12: <success>: 'requird': expected required, requisite, sufficient or optional;"
                " did you mean 'required'?",
            ],
        )

    def test_warned(self) -> None:
        """
        What has no effect is one warning, and everything in it is checked all the same.
        """
        cluster = node("cluster", "", node("name", "a"), node("accept", "tcp//x", line=9))
        parts(node("gateway-config", "", cluster), self.faults)
        self.assertEqual(
            self.faults.warnings(),
            ("c.xml:7: <cluster>: has no effect. Clusters are not there yet: this gateway stands alone.",),
        )
        self.assertEqual(len(noted(self.faults)), 1)

    def test_free_names(self) -> None:
        """
        Options of a login module have names of their own.
        """
        options = node("options", "", node("userProvider", "ldap://x"))
        module = node("login-module", "", node("type", "ldap"), node("success", "required"), options)
        parts(node("login-modules", "", module), self.faults, refused=True)
        self.assertEqual(noted(self.faults), [])


class LeafTests(SynchronousTestCase):
    """The text of one child."""

    def test_leaf(self) -> None:
        """
        It is read as the table says; there is a default for what is missing.
        """
        faults = Faults("c.xml")
        found = {"maximum-age": [node("maximum-age", "60")], "allow-methods": [node("allow-methods", ",")]}
        place = "cross-site-constraint"
        values = [
            leaf(found, place, name, faults, "-")
            for name in ("maximum-age", "allow-headers", "allow-methods")
        ]
        self.assertEqual(values, [60, "-", UNREAD])


class FlagTests(SynchronousTestCase):
    """What is said of a fate."""

    def test_quiet(self) -> None:
        """
        A value that asks for nothing goes without a word; every other does not.
        """
        faults = Faults("c.xml")
        entry = Entry(place="x", name="n", fate=Fate.REFUSED, note="Not yet.", quiet=(0,))
        for value in (0, 1):
            flag(node("n", line=value), entry, value, faults)
        self.assertEqual(noted(faults), ["1: <n>: not yet"])

    def test_clause(self) -> None:
        """
        Behind a colon a sentence begins small, an acronym does not.
        """
        self.assertEqual([clause("Not yet."), clause("UDP is not.")], ["not yet", "UDP is not"])
