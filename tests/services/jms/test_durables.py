"""Tests for L{kaazing.services.jms.durables}: what durable subscriptions are called, and who has which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Destination, Domain
from kaazing.literals import Unreadable
from kaazing.services.jms.durables import KEPT, Durables, durable_form, expanded, pattern

parts = st.text(alphabet="ab:%{}$")


class NameTests(SynchronousTestCase):
    def test_pattern(self) -> None:
        """
        A form has variables that are known, or none; an empty one is none.
        """
        read = pattern("clientid", "name")
        for form in ("${clientid}:${name}", "x", "$"):
            self.assertEqual(read(form), form)
        for form in ("", "${user}", "${clientid}:${}"):
            why = self.assertRaises(Unreadable, read, form)
            self.assertIn("expected text with ${clientid}, ${name} in it", str(why))

    def test_java(self) -> None:
        """
        What the original has, Java's format of client id and name, is the same; what has no name would make
        one subscription of all, and is none.
        """
        for form, name in (("%s@%s", "c@n"), ("%2$s:%1$s", "n:c"), ("50%%-%2$s", "50%-n"), ("${name}", "n")):
            self.assertEqual(expanded(durable_form(form), user="u", clientid="c", name="n"), name)
        for form in ("", "news", "%s", "%s%s%s", "${clientid}", "${topic}${name}"):
            self.assertRaises(Unreadable, durable_form, form)

    def test_expanded(self) -> None:
        """
        Values take their places; colons in them are written otherwise.
        """
        form = "${user}:${clientid}:${name}"
        self.assertEqual(expanded(form, user="ann", clientid="c", name="n"), "ann:c:n")
        self.assertEqual(expanded(form, user="a:b%", clientid="", name="${user}"), "a%3Ab%25::${user}")

    @given(parts, parts, parts, parts)
    def test_apart(self, one: str, two: str, other: str, another: str) -> None:
        """
        No two pairs give one name.
        """
        form = "${clientid}:${name}"
        names = [expanded(form, clientid=id, name=name) for id, name in ((one, two), (other, another))]
        self.assertEqual(names[0] == names[1], (one, two) == (other, another))


class Opener:
    """Somebody who opens durable subscriptions."""

    def __init__(self, durables: Durables) -> None:
        self._durables = durables
        self.over = False

    def superseded(self) -> None:
        """See L{kaazing.services.jms.durables.Opened}."""
        self.over = True


class DurablesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.durables = Durables()
        self.one, self.two, self.three = (Opener(self.durables) for _ in range(3))

    def test_free(self) -> None:
        """
        One that nobody has is to be had at once.
        """
        self.successResultOf(self.durables.take("d", self.one))
        self.assertIs(self.durables.who("d"), self.one)
        self.successResultOf(self.durables.take("e", self.two))
        self.assertEqual((self.one.over, len(self.durables)), (False, 2))

    def test_taken_over(self) -> None:
        """
        Who has it is told that it is over; it is free when the broker knows.
        """
        self.durables.take("d", self.one)
        taking = self.durables.take("d", self.two)
        self.assertTrue(self.one.over)
        self.assertNoResult(taking)
        self.assertIs(self.durables.who("d"), self.two)
        self.durables.leave("d", self.one)
        self.successResultOf(taking)
        self.assertIs(self.durables.who("d"), self.two)

    def test_in_turn(self) -> None:
        """
        Several wait in turn, and when the last has left nothing is kept.
        """
        self.durables.take("d", self.one)
        second, third = self.durables.take("d", self.two), self.durables.take("d", self.three)
        self.assertTrue(self.two.over)
        self.durables.leave("d", self.one)
        self.assertNoResult(third)
        self.successResultOf(second)
        self.durables.leave("d", self.two)
        self.successResultOf(third)
        self.durables.leave("d", self.three)
        self.assertEqual((len(self.durables), self.durables._locks), (0, {}))

    def test_destinations(self) -> None:
        """
        It is known of which topics the last ones were.
        """
        for number in range(KEPT + 1):
            self.durables.named(str(number), Destination(Domain.TOPIC, str(number)))
        self.assertIsNone(self.durables.destination("0"))
        self.assertEqual(self.durables.destination("1"), Destination(Domain.TOPIC, "1"))
