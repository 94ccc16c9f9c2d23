"""The properties of a service, by the declarations of its type."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.faults import UNREAD, Faults, Node
from kaazing.config.original import entries
from kaazing.config.properties import read_properties, scrubbed
from kaazing.literals import integer, text
from kaazing.options import Option
from tests.config.files import PASSING, node, noted


def ordered(values: dict[str, int]) -> tuple[int, int]:
    """Return a pair that must be in order."""
    if values["low"] > values["high"]:
        raise ValueError(f"{values['low']} is above {values['high']}")
    return values["low"], values["high"]


SPAN = Option(
    name="span",
    read=ordered,
    doc="From low to high.",
    children=(
        Option(name="low", read=integer(), default=0, doc="Low."),
        Option(name="high", read=integer(), required=True, doc="High."),
    ),
)


class PropertyTests(SynchronousTestCase):
    """What is read, and what is said of the rest."""

    def setUp(self) -> None:
        """Begin without errors."""
        self.faults = Faults("c.xml")

    def read(self, *nodes: Node, options: tuple[Option, ...] = PASSING.options) -> dict[str, Any]:
        """Return the values of a service's properties."""
        return read_properties(nodes, options, node("properties", line=3), self.faults, entries("proxy"))

    def test_defaults(self) -> None:
        """
        Every property is there, with its default where the file has none; a repeated one is then empty.
        """
        self.assertEqual(self.read(), {"pending": 64000, "password": None, "topic": (), "location": ()})

    def test_values(self) -> None:
        """
        Values are in base units; what may stand several times is a tuple; what has parts is made of them.
        """
        place = node("location", "", node("patterns", "**/*.js"), node("age", "5"))
        found = self.read(node("pending", "1k"), node("topic", "a"), place, node("topic", "b"))
        self.assertEqual(
            found,
            {
                "pending": 1024,
                "password": None,
                "topic": ("a", "b"),
                "location": ({"patterns": "**/*.js", "age": 5},),
            },
        )

    def test_unknown(self) -> None:
        """
        An unknown property is an error, with the name it may have meant.
        """
        self.read(node("pendng", "1k"))
        said = "7: <pendng>: unknown in <properties>; did you mean 'pending'?"
        self.assertEqual(noted(self.faults), [said])

    def test_of_the_original(self) -> None:
        """
        A property of the original without use is checked, and warned of unless it asks for nothing.
        """
        self.read(node("prepared.connection.count", "0"), node("connect.strategy", "deferred"))
        self.assertEqual(noted(self.faults), [])
        self.assertEqual(len(self.faults.warnings()), 1)
        self.read(node("prepared.connection.count", "many"))
        self.assertEqual(len(noted(self.faults)), 1)

    def test_together(self) -> None:
        """
        Many properties of the original that mean nothing here for one reason are named in one warning.
        """
        useless = entries("jms")
        names = ("destination.strategy", "send.session.count", "destination.strategy")
        for named, said in (
            (names, "<destination.strategy>: has no effect, nor have send.session.count. "),
            (names[1:2], "<send.session.count>: has no effect. "),
        ):
            faults = Faults("c.xml")
            nodes = [node(name, "1") for name in named]
            read_properties(nodes, (), node("properties", line=3), faults, useless)
            reason = "What it sets belongs to Java and JNDI, or is done by itself."
            self.assertEqual(faults.warnings(), (f"c.xml:7: {said}{reason}",))

    def test_of_one_sort(self) -> None:
        """
        A part of the original that has any names with one beginning is known by that.
        """
        nodes = [node("env.java.naming.provider.url", "x"), node("environment", "x")]
        read_properties(nodes, (), node("properties", line=3), self.faults, entries("jms"))
        self.assertEqual(noted(self.faults), ["7: <environment>: unknown in <properties>"])
        self.assertIn("<env.java.naming.provider.url>: has no effect.", self.faults.warnings()[0])

    def test_repeated(self) -> None:
        """
        What may stand once and stands twice is an error that names both lines.
        """
        self.read(node("pending", "1"), node("pending", "2", line=9))
        self.assertEqual(noted(self.faults), ["9: <pending>: stands here already, at line 7"])

    def test_missing(self) -> None:
        """
        A required property that is missing is an error at <properties>, and in a nested one at that.
        """
        self.read(options=(Option(name="folder", read=str, required=True, doc="Which."),))
        self.read(node("span", "", node("low", "1")), options=(SPAN,))
        said = ["3: <properties>: <folder> is missing in it", "7: <span>: <high> is missing in it"]
        self.assertEqual(noted(self.faults), said)

    def test_parts_together(self) -> None:
        """
        What does not go together is an error of the whole, without its values when one was put in for ${...}.
        """
        self.read(node("span", "", node("low", "5"), node("high", "3")), options=(SPAN,))
        high = node("high", "3", written="${HIGH}")
        self.read(node("span", "", node("low", "5"), high, line=8), options=(SPAN,))
        self.assertEqual(
            noted(self.faults), ["7: <span>: 5 is above 3", "8: <span>: its parts do not go together"]
        )

    def test_wrong_parts(self) -> None:
        """
        With a part that cannot be read, or text in its place, there is no whole.
        """
        values = self.read(node("span", "", node("high", "x")), options=(SPAN,))
        self.assertIs(values["span"], UNREAD)
        self.read(node("span", "5", line=9), options=(SPAN,))
        self.assertEqual(
            noted(self.faults),
            [
                "7: <high>: 'x': expected a whole number",
                "9: <span>: text stands where only elements may stand",
                "9: <span>: <high> is missing in it",
            ],
        )

    def test_scrubbed(self) -> None:
        """
        What a plugin says is shown without secrets, those inside others too, and with ${...} where the file
        has it.
        """
        key = Option(name="key", read=text, secret=True, doc="A key.")
        options = (key, Option(name="box", read=dict, doc="A box.", children=(key,)))
        nodes = (node("key", "one"), node("box", "", node("key", "two")), node("x", "three", written="${X}"))
        owner = node("options", "", *nodes)
        said = "one, two and three do not go with four"
        self.assertEqual(scrubbed(said, owner, nodes, options), "..., ... and ${X} do not go with four")
