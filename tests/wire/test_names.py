"""What patterns of names match, and what they have of each other, against every short name there is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from time import monotonic

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.literals import Unreadable
from kaazing.wire.names import (
    EVERYTHING,
    MAX_FILTER,
    MAX_NAME,
    MAX_PATTERN,
    Glob,
    Grammar,
    Levels,
    Pattern,
    covers,
    meets,
)

MQTT = Levels("/", frozenset("+"), frozenset("#"), hidden="$")
AMQP = Levels(".", frozenset("*"), frozenset("#"))
STOMP = Levels("/.", frozenset("*"), frozenset("#>"))
QUEUES = Levels("", frozenset(), frozenset())
MASKS = Glob(str.lower)


def matches(grammar: Grammar, pattern: str, name: str, *, deny: bool = False) -> bool:
    """Return whether a rule's pattern matches a name."""
    return grammar.rule(pattern, deny=deny).matches(grammar.letters(name))


def rule(grammar: Grammar, text: str) -> Pattern:
    """Return the pattern of a rule that allows."""
    return grammar.rule(text, deny=False)


class LevelsTests(SynchronousTestCase):
    """Names in levels."""

    def assert_matches(self, grammar: Grammar, pattern: str, yes: str, no: str) -> None:
        """C{pattern} matches the words of C{yes} and none of C{no}."""
        names = [*yes.split(), *no.split()]
        expected = [True] * len(yes.split()) + [False] * len(no.split())
        self.assertEqual([matches(grammar, pattern, each) for each in names], expected, pattern)

    def test_mqtt(self) -> None:
        """
        MQTT 5.0, the examples of sections 4.7.1.2 and 4.7.1.3.
        """
        self.assert_matches(
            MQTT,
            "sport/tennis/player1/#",
            "sport/tennis/player1 sport/tennis/player1/ranking sport/tennis/player1/score/wimbledon",
            "sport/tennis sport/tennis/player2 sport/tennis/player10",
        )
        self.assert_matches(
            MQTT,
            "sport/tennis/+",
            "sport/tennis/player1 sport/tennis/",
            "sport/tennis sport/tennis/player1/ranking",
        )
        self.assert_matches(MQTT, "sport/+", "sport/", "sport")
        self.assert_matches(MQTT, "+/+", "/finance", "finance")
        self.assert_matches(MQTT, "/+", "/finance", "finance finance/")
        self.assert_matches(MQTT, "#", "a /a a/b /", "")

    def test_mqtt_hidden(self) -> None:
        """
        No wildcard in first place stands for a topic that begins with $ (MQTT 5.0 section 4.7.2).
        """
        self.assert_matches(MQTT, "#", "a a/$b", "$SYS $SYS/a $")
        self.assert_matches(MQTT, "+/monitor/Clients", "a/monitor/Clients", "$SYS/monitor/Clients")
        self.assert_matches(MQTT, "$SYS/#", "$SYS $SYS/a", "SYS/a $SYSTEM")
        self.assert_matches(MQTT, "$SYS/monitor/+", "$SYS/monitor/Clients", "$SYS/other/Clients")

    def test_hidden_is_denied(self) -> None:
        """
        Where a rule denies, a wildcard in first place does stand for them: what # denies is denied.
        """
        for pattern in ("#", "+/a", "+/#"):
            self.assertTrue(matches(MQTT, pattern, "$SYS/a", deny=True), pattern)

    def test_amqp(self) -> None:
        """
        AMQP 0-9-1 section 3.1.3.3: * one word, # none or more, anywhere.
        """
        self.assert_matches(
            AMQP, "*.stock.#", "usd.stock eur.stock.db", "stock.nasdaq usd.stocks usd.a.stock"
        )
        self.assert_matches(AMQP, "#.b", "b a.b a.a.b", "a a.c b.a")
        self.assert_matches(AMQP, "a.#.b", "a.b a.x.b a.x.y.b a.b.b", "a b ab a.bb")
        self.assert_matches(AMQP, "#.#.a.#.#", "a b.a b.a.b a.a.a", "b b.b")
        self.assert_matches(AMQP, "a.*.#.*", "a.b.c a.b.c.d", "a a.b")

    def test_separators_agree(self) -> None:
        """
        Where there are several separators, each stands for itself; a wildcard for many goes on over all.
        """
        self.assert_matches(STOMP, "/topic/a.*", "/topic/a.b", "/topic/a/b /topic.a.b /topic/a.b.c")
        self.assert_matches(STOMP, "/topic/>", "/topic /topic/a /topic/a.b/c", "/topic.a /topics")
        self.assert_matches(STOMP, "/queue/a", "/queue/a", "/queue.a queue/a /queue/a/ /queue/A")

    def test_no_separator(self) -> None:
        """
        Without separators a name is one level, taken as it is.
        """
        self.assert_matches(QUEUES, "a.b/c#", "a.b/c#", "a a.b a.b/c a.b/c#d")

    def test_name_is_literal(self) -> None:
        """
        Wildcards in a name are characters like others.
        """
        self.assert_matches(AMQP, "a.b", "a.b", "a.* a.# # *")
        self.assert_matches(AMQP, "a.*", "a.* a.#", "#")

    def test_partial_wildcard(self) -> None:
        """
        A wildcard that is part of a level is refused in a rule, and in doubt in a client's pattern.
        """
        for text in ("a/b+", "#a", "a/++", "a/##/b"):
            with self.assertRaises(Unreadable) as caught:
                rule(MQTT, text)
            self.assertEqual(
                str(caught.exception), "expected a wildcard (# +) to be a whole level of a name", text
            )
            self.assertIsNone(MQTT.filter(text), text)

    def test_bounds(self) -> None:
        """
        Rules, names and clients' patterns have a longest length; a longer name matches nothing.
        """
        rule(AMQP, "a" * MAX_PATTERN)
        for text in ("", "a" * (MAX_PATTERN + 1)):
            with self.assertRaises(Unreadable) as caught:
                rule(AMQP, text)
            self.assertEqual(str(caught.exception), "expected a name or a pattern of 1 to 1024 characters")
        self.assertTrue(matches(AMQP, "#", "." * (MAX_NAME - 1)))
        self.assertFalse(matches(AMQP, "#", "." * MAX_NAME))
        self.assertIsNotNone(AMQP.filter("." * (MAX_FILTER - 1)))
        self.assertIsNone(AMQP.filter("." * MAX_FILTER))


class GlobTests(SynchronousTestCase):
    """Names with * and ? in their patterns."""

    def test_matches(self) -> None:
        """
        * is any run of characters, ? one; both sides are folded.
        """
        for pattern, yes, no in (
            ("#Dev*", "#dev #DEV-talk", "#de dev #d#dev"),
            ("*@example.org", "ann@example.org @EXAMPLE.org", "ann@example.org.evil.net ann"),
            ("a?c", "abc a?c A*C", "ac abbc"),
            ("*a*b*", "ab xaxbx aabb", "ba a b"),
            ("**", "a ab", ""),
            ("?*", "a ab", ""),
        ):
            for name in yes.split():
                self.assertTrue(matches(MASKS, pattern, name), (pattern, name))
            for name in no.split():
                self.assertFalse(matches(MASKS, pattern, name), (pattern, name))
        self.assertTrue(matches(MASKS, "*", ""))
        self.assertFalse(matches(MASKS, "?*", ""))

    def test_bounds(self) -> None:
        """
        Rules, names and clients' patterns have a longest length; a longer name matches nothing.
        """
        with self.assertRaises(Unreadable):
            rule(MASKS, "a" * (MAX_PATTERN + 1))
        self.assertTrue(matches(MASKS, "*", "a" * MAX_NAME))
        self.assertFalse(matches(MASKS, "*", "a" * (MAX_NAME + 1)))
        self.assertIsNotNone(MASKS.filter("a" * MAX_FILTER))
        self.assertIsNone(MASKS.filter("a" * (MAX_FILTER + 1)))


class CoversTests(SynchronousTestCase):
    """Whether a pattern matches all that another matches."""

    def assert_covers(self, grammar: Grammar, pattern: str, yes: str, no: str) -> None:
        """C{pattern} covers the words of C{yes} and none of C{no}."""
        for text, expected in [(each, True) for each in yes.split()] + [(each, False) for each in no.split()]:
            narrow = grammar.filter(text)
            assert narrow is not None
            self.assertEqual(covers(rule(grammar, pattern), narrow, grammar), expected, (pattern, text))

    def test_covers(self) -> None:
        """
        What is wider covers what is narrower, however it is written.
        """
        self.assert_covers(MQTT, "stock/#", "stock stock/+ stock/# stock/+/# stock/a/b", "# + +/# stocks/a")
        self.assert_covers(MQTT, "stock/+", "stock/+ stock/a stock/", "stock stock/# stock/a/b")
        self.assert_covers(AMQP, "a.*.#", "a.#.* a.*.*.# a.#.b.#", "a.# a a.#.#")
        self.assert_covers(AMQP, "#.a.#", "a #.a *.a.* a.# #.a.*.a", "# * *.#")
        self.assert_covers(STOMP, "/topic/#", "/topic/a.* /topic/a.> /topic/*", "/topic.* /*/a")
        self.assert_covers(MQTT, "+/#", "# + a/#", "$SYS/#")
        self.assert_covers(STOMP, "*/#.#", "# a/# a.#", "")
        self.assert_covers(MASKS, "a*", "A a? ab*c", "* ?a")
        self.assert_covers(MASKS, "?*", "? *?  *a*", "*")

    def test_hidden(self) -> None:
        """
        # of a rule covers # of a client, since neither stands for topics with $; those it does not cover.
        """
        self.assert_covers(MQTT, "#", "# +/# a", "$SYS $SYS/#")
        self.assert_covers(MQTT, "$SYS/#", "$SYS/+ $SYS", "# +/a $share/#")

    def test_everything(self) -> None:
        """
        Everything is covered by what stands for hidden names too.
        """
        for grammar, text, expected in ((MQTT, "#", False), (AMQP, "#", True), (MASKS, "*", True)):
            self.assertEqual(covers(rule(grammar, text), EVERYTHING, grammar), expected, text)
        self.assertTrue(covers(EVERYTHING, EVERYTHING, QUEUES))
        self.assertFalse(covers(rule(QUEUES, "a"), EVERYTHING, QUEUES))


class MeetsTests(SynchronousTestCase):
    """Whether there is a name that two patterns match."""

    def assert_meets(self, grammar: Grammar, pattern: str, yes: str, no: str) -> None:
        """A rule C{pattern} that denies meets the words of C{yes} and none of C{no}."""
        for text, expected in [(each, True) for each in yes.split()] + [(each, False) for each in no.split()]:
            other = grammar.filter(text)
            assert other is not None
            denied = grammar.rule(pattern, deny=True)
            self.assertEqual(meets(denied, other, grammar), expected, (pattern, text))

    def test_meets(self) -> None:
        """
        Patterns meet when there is a name for both.
        """
        self.assert_meets(MQTT, "stock/secret", "# stock/# stock/+ +/secret", "stock stock/+/a /#")
        self.assert_meets(MQTT, "$SYS/#", "$SYS $SYS/a/+", "# +/a a/#")
        self.assert_meets(AMQP, "a.*.b", "#.b a.# *.*.* a.x.b", "a.b *.b b.# a.*.*.*")
        self.assert_meets(STOMP, "/topic/a.*", "/topic/# /*/a.b", "/topic/a/* /queue/#")
        self.assert_meets(MASKS, "*secret*", "* s* ?ecret #secret2", "?ecre ????? a?b")


class CostTests(SynchronousTestCase):
    """What a hostile pattern or name costs."""

    def test_names(self) -> None:
        """
        The longest name against a pattern that other programs need ages for is read in no time.
        """
        name = "a" * MAX_NAME
        began = monotonic()
        self.assertFalse(matches(MASKS, "*a" * 100 + "b", name))
        self.assertFalse(matches(AMQP, "#.a." * 100 + "b", ".".join(name)))
        self.assertLess(monotonic() - began, 2)

    def test_patterns(self) -> None:
        """
        Where it takes too many states to find out, it is left in doubt: not covered, and met.
        """
        began = monotonic()
        for middle, sure in (3, True), (60, False):
            tail = "#.a" + ".*" * middle
            narrow = AMQP.filter(tail + ".b")
            assert narrow is not None
            self.assertEqual(covers(rule(AMQP, tail + ".b"), narrow, AMQP), sure, middle)
            self.assertEqual(meets(rule(AMQP, tail + ".c"), narrow, AMQP), not sure, middle)
        self.assertLess(monotonic() - began, 2)


def spelt(levels: Sequence[str], separators: Sequence[str]) -> str:
    """Return a name, or a pattern, of levels with separators in between."""
    return levels[0] + "".join(map("".join, zip(separators, levels[1:], strict=True)))


NAMES = [
    spelt(levels, separators)
    for length in range(5)
    for levels in product("ab$", *["ab"] * length)
    for separators in product("/.", repeat=length)
]
"""Names of up to five levels, with both separators; those that begin with $ are hidden."""

WORDS = ["".join(word) for length in range(6) for word in product("abc", repeat=length)]
"""Words of up to five characters, one of which is in no mask."""

SMALL = Levels("/.", frozenset("+"), frozenset("#"), hidden="$")
PATTERNS = [
    spelt(levels, separators)
    for length in range(3)
    for levels in product("a$+#", *["a+#"] * length)
    for separators in product("/.", repeat=length)
]
"""Patterns of up to three levels: what two of them have of each other shows in L{NAMES}."""
patterns = st.sampled_from(PATTERNS)
masks = st.text("ab*?", min_size=1, max_size=3)


def model(pattern: list[str], name: list[str], *, first: bool = True) -> bool:
    """Return whether levels and separators, alternating, match: the rules as they are told, with no
    regard to cost."""
    if not pattern:
        return not name
    separator, level, *rest = pattern
    if level == "#":
        if model(rest, name, first=first):
            return True
        begins = bool(name) and (first or name[0] == separator)
        return begins and any(model(rest, name[end:], first=False) for end in range(2, len(name) + 1, 2))
    if not name or not (first or name[0] == separator):
        return False
    return level in ("+", name[1]) and model(rest, name[2:], first=False)


def parts(text: str) -> list[str]:
    """Return separator and level, alternating; none before the first."""
    return ["", *text.replace("/", " / ").replace(".", " . ").split(" ")]


def expected(pattern: str, name: str, *, deny: bool = False) -> bool:
    """Return what C{SMALL} should say."""
    if not deny and pattern[0] in "+#" and name[0] == "$":
        return False
    return model(parts(pattern), parts(name))


def glob(pattern: str, name: str) -> bool:
    """Return what a mask matches, with no regard to cost."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(glob(pattern[1:], name[at:]) for at in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and glob(pattern[1:], name[1:])


class ModelTests(SynchronousTestCase):
    """The same answers as of models that try everything."""

    @given(patterns, st.booleans())
    def test_levels_match(self, pattern: str, deny: bool) -> None:
        """
        A pattern matches what the model matches.
        """
        compiled = SMALL.rule(pattern, deny=deny)
        for name in NAMES:
            self.assertEqual(
                compiled.matches(SMALL.letters(name)), expected(pattern, name, deny=deny), (pattern, name)
            )

    @given(patterns, patterns)
    def test_levels_compare(self, one: str, two: str) -> None:
        """
        What covers matches all names that the other matches, and nothing else covers; where two patterns
        meet, and only there, one name is matched by both.
        """
        narrow = SMALL.filter(two)
        assert narrow is not None
        ours = [name for name in NAMES if expected(two, name)]
        covered = all(expected(one, name) for name in ours)
        self.assertEqual(covers(rule(SMALL, one), narrow, SMALL), covered, (one, two))
        met = any(expected(one, name, deny=True) for name in ours)
        self.assertEqual(meets(SMALL.rule(one, deny=True), narrow, SMALL), met, (one, two))

    @given(masks, masks)
    def test_masks(self, one: str, two: str) -> None:
        """
        The same of masks.
        """
        narrow = MASKS.filter(two)
        assert narrow is not None
        for name in WORDS:
            self.assertEqual(matches(MASKS, one, name), glob(one, name), (one, name))
        answers = [glob(one, name) for name in WORDS if glob(two, name)]
        self.assertEqual(meets(rule(MASKS, one), narrow, MASKS), any(answers), (one, two))
        self.assertEqual(covers(rule(MASKS, one), narrow, MASKS), all(answers), (one, two))
