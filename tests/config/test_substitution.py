"""${name}: where its value comes from, and what is no name."""

from __future__ import annotations

import socket
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.substitution import DEPTH, LENGTH, Substitution, Unreplaceable


def substitution(**properties: str) -> Substitution:
    """Return one with these properties, and one name each on the command line and in the environment."""
    made = Substitution({"DEFINED": "defined", "EMPTY": ""}, {"ENVIRON": "environ"})
    for name, value in properties.items():
        made.define(name, value)
    return made


class LookupTests(SynchronousTestCase):
    """Who is asked for a value, in which order."""

    def test_sources(self) -> None:
        """
        Names come from the command line, the properties, the environment; text around them stays.
        """
        made = substitution(PROPERTY="property")
        self.assertEqual(made.replace("<${DEFINED}-${PROPERTY}-${ENVIRON}>"), "<defined-property-environ>")

    def test_order(self) -> None:
        """
        The command line goes before the properties, and these before the environment and the default.
        """
        made = substitution(DEFINED="p", ENVIRON="p")
        self.assertEqual(made.replace("${DEFINED} ${ENVIRON:x} ${OTHER:x}"), "defined p x")

    def test_empty_counts_as_none(self) -> None:
        """
        An empty value counts as none, but an empty default is a value.
        """
        made = substitution(ENVIRON="", PLAIN="")
        self.assertEqual(made.replace("${EMPTY:a} ${ENVIRON} ${PLAIN:b} ${OTHER:}|"), "a environ b |")

    def test_hostname(self) -> None:
        """
        ${hostname} is the name of this machine, unless somebody gives it another value.
        """
        self.assertEqual(substitution().replace("${hostname}"), socket.gethostname())
        self.assertEqual(substitution(hostname="h").replace("${hostname}"), "h")

    def test_nested(self) -> None:
        """
        Properties may use each other in any order, and defaults may have references in them.
        """
        made = substitution(a="${b}:${c}", b="<${c}>", c="C")
        self.assertEqual(made.replace("${a} ${x:${y:${c}}}"), "<C>:C C")

    def test_values_are_not_looked_into(self) -> None:
        """
        Values of the environment and of the command line are taken as they are.
        """
        made = Substitution({"D": "${x}"}, {"E": "$${y} ${"})
        self.assertEqual(made.replace("${D} ${E}"), "${x} $${y} ${")

    def test_defined_twice(self) -> None:
        """
        The first definition of a property holds, and the second is told that it is one.
        """
        made = substitution(a="1")
        self.assertFalse(made.define("a", "1"))
        self.assertTrue(made.define("b", "1"))


class SyntaxTests(SynchronousTestCase):
    """What is a reference and what is not."""

    def refused(self, text: str, **properties: str) -> str | None:
        """Return why a text cannot be replaced."""
        why: str | None = self.assertRaises(Unreplaceable, substitution(**properties).replace, text).why
        return why

    def test_escape(self) -> None:
        """
        One of several dollars is taken away before a brace, and the rest is no reference; other dollars stay.
        """
        self.assertEqual(
            substitution().replace("$${DEFINED} $$${x} $x $ {} } $"), "${DEFINED} $${x} $x $ {} } $"
        )

    def test_undefined(self) -> None:
        """
        A name without a value is an error that says where it was looked for.
        """
        self.assertEqual(
            self.refused("${NOWHERE}"),
            "${NOWHERE} is not defined: not with -D, in <properties> or in the environment,"
            " and it has no default (${NOWHERE:default})",
        )

    def test_cloud(self) -> None:
        """
        What the original asks of the cloud is not asked, and can be given by hand.
        """
        said = "${cloud.host} was asked of the cloud by the original; define it with -D cloud.host=..."
        self.assertEqual(self.refused("${cloud.host}"), said)
        self.assertEqual(substitution(**{"cloud.host": "h"}).replace("${cloud.host}"), "h")

    def test_no_name(self) -> None:
        """
        A brace without a name and its end is an error that tells of the escape.
        """
        said = {self.refused(text) for text in ("${", "${}", "${a b}", "${:x}", "${a", "${ a}", "${ü}")}
        self.assertEqual(said, {"expected ${name} or ${name:default}; write $${ for a plain ${"})
        self.assertEqual(self.refused("${a:x"), "a reference has no closing brace; write $${ for a plain ${")

    def test_circle(self) -> None:
        """
        Properties that need each other are an error where the first of them is defined, and only there.
        """
        made = substitution(a="${b}", b="${a}")
        whys = [self.assertRaises(Unreplaceable, made.definition, name).why for name in "ab"]
        self.assertEqual(whys, ["a property may not refer to itself: ${a} in ${b} in ${a}", None])
        self.assertIsNone(self.assertRaises(Unreplaceable, made.replace, "${a}").why)

    def test_fault_is_told_once(self) -> None:
        """
        A property at fault is told of where it is defined, and not where it is used.
        """
        made = substitution(user="${bad}", bad="${NOWHERE}")
        self.assertIsNone(self.assertRaises(Unreplaceable, made.definition, "user").why)
        self.assertIn("${NOWHERE}", self.assertRaises(Unreplaceable, made.definition, "bad").why or "")


class BoundTests(SynchronousTestCase):
    """What keeps a small file from becoming a large one."""

    def test_deep(self) -> None:
        """
        Properties within properties end at a depth, defaults within defaults too.
        """
        names = [f"p{number}" for number in range(DEPTH + 1)]
        made = substitution(**{name: f"${{{after}}}" for name, after in pairwise(names)})
        made.define(names[-1], "end")
        self.assertEqual(made.replace("${p1}"), "end")
        made.define("before", "${" + names[0] + "}")
        self.assertEqual(made.replace("${before}"), "end")  # what is known already is not gone into again
        deep = substitution(**{name: f"${{{after}}}" for name, after in pairwise([*names, "last"])})
        self.assertRaises(Unreplaceable, deep.replace, "${p0}")
        self.assertRaises(Unreplaceable, made.replace, "${a:" * (DEPTH + 1) + "}" * (DEPTH + 1))

    def test_long(self) -> None:
        """
        A property that doubles, and doubles again, ends at a length.
        """
        made = substitution(p0="x" * 100, **{f"p{n}": f"${{p{n - 1}}}${{p{n - 1}}}" for n in range(1, 30)})
        for number in range(30):
            try:
                value = made.definition(f"p{number}")
            except Unreplaceable as fault:
                self.assertEqual(fault.why, f"the value comes to more than {LENGTH} characters")
                break
            self.assertEqual(value, "x" * 100 * 2**number)
        self.assertEqual(number, 10)

    def test_total(self) -> None:
        """
        Many texts that are each long enough end as well.
        """
        made = substitution(long="x" * 60_000)
        with self.assertRaises(Unreplaceable) as caught:
            for _ in range(10_000):
                made.replace("${long}")
        self.assertEqual(caught.exception.why, "the values of the file come to more than 33554432 characters")

    @given(st.text(alphabet="${}:abDEFIN x"))
    def test_any_text(self, text: str) -> None:
        """
        Any text is replaced, or refused without a value in what is said.
        """
        made = Substitution({"a": "secret", "DEFINED": "secret"}, {"b": "secret"})
        try:
            made.replace(text)
        except Unreplaceable as fault:
            self.assertNotIn("secret", str(fault))
