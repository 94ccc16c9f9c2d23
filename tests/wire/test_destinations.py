"""Tests for L{kaazing.wire.destinations}."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Destination, Domain
from kaazing.literals import Unreadable
from kaazing.wire.destinations import (
    GRAMMAR,
    MAX_NAME,
    MAX_STEPS,
    Patterns,
    covers,
    is_pattern,
    matches,
    read,
)
from kaazing.wire.policy import Block, Policy, read_rule

WORDS = st.lists(st.sampled_from(("a", "b", "*", ">")), min_size=1, max_size=5).map(".".join)
PLAIN = st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map(".".join)


def slowly(pattern: list[str], name: list[str]) -> bool:
    """Return whether a pattern stands for a name, tried out."""
    if not pattern:
        return not name
    if pattern[0] == ">":
        return any(slowly(pattern[1:], name[at:]) for at in range(len(name) + 1))
    return bool(name) and pattern[0] in ("*", name[0]) and slowly(pattern[1:], name[1:])


class ReadTests(SynchronousTestCase):
    """What clients write."""

    def test_domains(self) -> None:
        """
        The four sorts of destinations, each written as it was read.
        """
        for text, domain, name in (
            ("/topic/orders.eu", Domain.TOPIC, "orders.eu"),
            ("/queue/work", Domain.QUEUE, "work"),
            ("/temp-queue/ID:host-41-16:1:1", Domain.TEMP_QUEUE, "ID:host-41-16:1:1"),
            ("/temp-topic/answers", Domain.TEMP_TOPIC, "answers"),
            ("/topic/chat/room-1", Domain.TOPIC, "chat/room-1"),
            ("/queue/Größe", Domain.QUEUE, "Größe"),
        ):
            self.assertEqual(read(text), Destination(domain, name))
            self.assertEqual(str(read(text)), text)

    def test_wildcards(self) -> None:
        """
        Topics have wildcards in ActiveMQ's grammar; AMQP's # is >.
        """
        for text, name in (
            ("/topic/orders.*.new", "orders.*.new"),
            ("/topic/orders.>", "orders.>"),
            ("/topic/#", ">"),
            ("/topic/orders.#.new", "orders.>.new"),
        ):
            self.assertEqual(read(text), Destination(Domain.TOPIC, name))
            self.assertTrue(is_pattern(name))
        self.assertFalse(is_pattern("orders.eu"))

    def test_refused(self) -> None:
        """
        What is none, or what some broker would read otherwise, is refused with a sentence that says what to
        write.
        """
        kinds = "write /topic/NAME, /queue/NAME, /temp-topic/NAME or /temp-queue/NAME"
        alike = "write a name without blanks, control characters, // and any of \\ % ? ,"
        whole = "has a wildcard inside of a word; write * for a whole word, and > for any number of words"
        for text, why in (
            ("", f"'' is no destination; {kinds}"),
            ("orders", f"'orders' is no destination; {kinds}"),
            ("/topic/", f"'/topic/' is no destination; {kinds}"),
            ("/exchange/amq.topic/a", f"'/exchange/amq.topic/a' is no destination; {kinds}"),
            ("/Topic/a", f"'/Topic/a' is no destination; {kinds}"),
            (
                "/queue/a,b",
                f"destination '/queue/a,b' contains ',', which not all brokers read alike; {alike}",
            ),
            ("/queue/a ", f"destination '/queue/a ' contains ' ', which not all brokers read alike; {alike}"),
            (
                "/queue//a",
                f"destination '/queue//a' contains '//', which not all brokers read alike; {alike}",
            ),
            (
                "/topic/queue://a",
                f"destination '/topic/queue://a' contains '//', which not all brokers read alike; {alike}",
            ),
            ("/topic/a..b", "destination '/topic/a..b' has an empty word; write one dot between two words"),
            ("/topic/.a", "destination '/topic/.a' has an empty word; write one dot between two words"),
            ("/topic/a*", f"destination '/topic/a*' {whole}"),
            ("/topic/a.**", f"destination '/topic/a.**' {whole}"),
            ("/topic/a#.b", f"destination '/topic/a#.b' {whole}"),
            (
                "/queue/a.>",
                "destination '/queue/a.>' has a wildcard; only names of topics may have some",
            ),
        ):
            self.assertEqual(str(self.assertRaises(ValueError, read, text)), why)

    def test_doubtful(self) -> None:
        """
        Options of ActiveMQ, escapes of RabbitMQ, blanks, control characters and what is not Unicode.
        """
        for each in (
            "a?b=c",
            "a%2Fb",
            "a\\cb",
            "\u00a0a",
            "a\u2028",
            "a\0",
            "a\x85",
            "a\ud800",
            "\ta",
            "a\nb",
        ):
            why = str(self.assertRaises(ValueError, read, f"/queue/{each}"))
            self.assertIn("not all brokers read alike", why)
            self.assertTrue(why.isascii() and why.isprintable(), why)

    def test_length(self) -> None:
        """
        A name has 255 bytes at most; the sentence that says so is short.
        """
        self.assertEqual(read("/topic/" + "ö" * 127).name, "ö" * 127)
        why = str(self.assertRaises(ValueError, read, "/topic/" + "ö" * 128))
        self.assertRegex(why, rf"^the name of destination '.+'... is longer than {MAX_NAME} bytes$")
        self.assertLess(len(str(self.assertRaises(ValueError, read, "x" * 100_000))), 250)

    @given(st.text())
    def test_anything(self, text: str) -> None:
        """
        Of any text, read or refused; what was read is read again as the same.
        """
        for each in (text, f"/topic/{text}"):
            try:
                found = read(each)
            except ValueError:
                continue
            self.assertEqual(read(str(found)), found)


class PatternTests(SynchronousTestCase):
    """What patterns stand for."""

    def test_matches(self) -> None:
        """
        C{*} is one word, C{>} any number.
        """
        for pattern, yes, no in (
            ("a.*", "a.b", "a a.b.c b.a"),
            ("a.>", "a a.b a.b.c", "b ab a/b"),
            (">", "a a.b", ""),
            ("a.>.z", "a.z a.b.z a.b.c.z", "a z a.z.b"),
            ("a.b", "a.b", "a a.b.c A.b"),
        ):
            self.assertEqual([each for each in f"{yes} {no}".split() if matches(pattern, each)], yes.split())

    def test_covers(self) -> None:
        """
        What stands for all that another stands for.
        """
        for wide, narrow, expected in (
            ("a.>", "a.*.b", True),
            ("a.>", "a", True),
            ("a.*", "a.b", True),
            ("*.*", "*.b", True),
            ("a.>", ">", False),
            ("a.*", "a.>", False),
            ("a.b", "a.*", False),
            ("a.b", "a.b", True),
            ("*.>", ">.*", True),
        ):
            self.assertEqual(covers(wide, narrow), expected, (wide, narrow))

    @given(WORDS, PLAIN)
    def test_matches_as_tried_out(self, pattern: str, name: str) -> None:
        """
        The answer is that of trying all there is.
        """
        self.assertEqual(matches(pattern, name), slowly(pattern.split("."), name.split(".")))

    @given(WORDS, WORDS, PLAIN)
    def test_covers_is_true(self, wide: str, narrow: str, name: str) -> None:
        """
        Whatever is covered matches.
        """
        if covers(wide, narrow) and matches(narrow, name):
            self.assertTrue(matches(wide, name))


class GrammarTests(SynchronousTestCase):
    """Destinations in policies."""

    def policy(self, *rules: str, deny: Sequence[str] = ()) -> Policy:
        """Return a policy that allows what the rules say."""
        operations = dict.fromkeys(("send", "subscribe"), GRAMMAR)
        allow, denied = (tuple(read_rule(each, operations) for each in given) for given in (rules, deny))
        return Policy([Block(allow=allow, deny=denied)], frozenset(), operations)

    def test_names(self) -> None:
        """
        What a rule stands for.
        """
        for rule, yes, no in (
            ("/topic/a.*", "/topic/a.b /topic/a.b/c", "/topic/a /topic/a.b.c /queue/a.b"),
            ("/topic/a.>", "/topic/a /topic/a.b.c", "/topic/b /topic/ab"),
            ("/topic/#", "/topic/a /topic/a/b.c", "/queue/a"),
            ("/topic/**", "/topic/a /topic/a/b.c", "/queue/a"),
            ("/temp-queue/*", "/temp-queue/a", "/topic/a /temp-queue/a.b"),
            (">", "/topic/a /temp-topic/x.y", ""),
            ("/topic/chat/room", "/topic/chat/room", "/topic/chat /topic/chat.room"),
        ):
            policy = self.policy(f"send {rule}")
            names = f"{yes} {no}".split()
            self.assertEqual([each for each in names if policy.allows("send", each)], yes.split(), rule)

    def test_a_slash_is_a_letter(self) -> None:
        """
        To brokers "chat/secret" is one word, for which C{*} stands: so it does in a policy.
        """
        policy = self.policy("subscribe /topic/>", deny=["subscribe /topic/chat/secret"])
        for pattern in ("/topic/*", "/topic/>", "/topic/chat/secret"):
            self.assertFalse(policy.allows_all("subscribe", pattern), pattern)
        for pattern in ("/topic/*.*", "/topic/chat/room"):
            self.assertTrue(policy.allows_all("subscribe", pattern), pattern)

    def test_refused(self) -> None:
        """
        A rule that could never stand for a destination is refused with what to write.
        """
        sample = "/topic/a.*, /queue/a, /temp-queue/>, /temp-topic/>, or > for all"
        for rule in ("orders.>", "*", "/*/a", "/topics/a", "/topic/", "/>"):
            why = str(self.assertRaises(Unreadable, self.policy, f"send {rule}"))
            self.assertEqual(why, f"expected a destination or a pattern of some: {sample}")
        why = str(self.assertRaises(Unreadable, self.policy, "send /topic/a/*"))
        self.assertEqual(why, "expected a wildcard (# * ** >) to be a whole level of a name")

    @given(WORDS, WORDS)
    def test_as_covered(self, wide: str, narrow: str) -> None:
        """
        A policy allows of patterns exactly what is covered, the sort of destination taken for a word.
        """
        policy = self.policy(f"subscribe /topic/{wide}")
        self.assertEqual(
            policy.allows_all("subscribe", f"/topic/{narrow}"), covers(f"t.{wide}", f"t.{narrow}")
        )
        self.assertFalse(policy.allows_all("subscribe", f"/queue/{narrow}"))

    @given(WORDS, PLAIN)
    def test_as_matched(self, pattern: str, name: str) -> None:
        """
        And of names what matches.
        """
        policy = self.policy(f"send /topic/{pattern}")
        self.assertEqual(policy.allows("send", f"/topic/{name}"), matches(pattern, name))


class PatternsTests(SynchronousTestCase):
    """Values under patterns."""

    def test_find(self) -> None:
        """
        All values under patterns that stand for the name are found.
        """
        patterns = Patterns[int]()
        for number, pattern in enumerate(("a.b", "a.*", "a.>", ">", "*.b", "a.b.c", ">.b", "b.>")):
            patterns.add(pattern, number)
        self.assertEqual(sorted(patterns.find("a.b")), [0, 1, 2, 3, 4, 6])
        self.assertEqual(sorted(patterns.find("a")), [2, 3])
        self.assertEqual(sorted(patterns.find("b")), [3, 6, 7])
        self.assertEqual(sorted(patterns.find("x.y.z")), [3])

    def test_once(self) -> None:
        """
        A pattern that stands for a name in several ways gives its value once, and added twice too; one value
        under two patterns comes twice.
        """
        patterns = Patterns[str]()
        for pattern in (">.>", ">.a.>", ">.>", "a.*"):
            patterns.add(pattern, pattern[0])
        self.assertEqual(sorted(patterns.find("a.a")), [">", ">", "a"])

    def test_under(self) -> None:
        """
        The values under names for which a pattern stands are found, each once.
        """
        names = Patterns[str]()
        for name in ("a", "a.b", "a.b.c", "b", "b.c", "x.b.y.c"):
            names.add(name, name)
        for pattern, found in (
            ("a.b", ["a.b"]),
            ("a.*", ["a.b"]),
            ("a.>", ["a", "a.b", "a.b.c"]),
            (">.c", ["a.b.c", "b.c", "x.b.y.c"]),
            ("*.>.>.*", ["a.b", "a.b.c", "b.c", "x.b.y.c"]),
            ("x.*", []),
        ):
            self.assertEqual(sorted(names.under(pattern)), found, pattern)

    def test_under_bounded(self) -> None:
        """
        It takes a bounded time, whatever the pattern, and is then not all.
        """
        names = Patterns[int]()
        for number in range(MAX_STEPS):
            names.add(f"a.b{number}.c", number)
        self.assertEqual(names.under(".".join([">", "a"] * 60)), [])
        self.assertLess(len(names.under(">")), MAX_STEPS)
        self.assertEqual(names.under("a.b7.*"), [7])

    def test_remove(self) -> None:
        """
        What was taken away is not found, what shares words with it still is; twice is an error.
        """
        patterns = Patterns[int]()
        patterns.add("a.b", 1)
        patterns.add("a.b", 2)
        patterns.add("a.b.c", 3)
        patterns.remove("a.b", 1)
        self.assertEqual((patterns.find("a.b"), patterns.find("a.b.c")), ([2], [3]))
        patterns.remove("a.b.c", 3)
        self.assertEqual((patterns.find("a.b"), patterns.find("a.b.c")), ([2], []))
        for pattern, value in (("a.b", 1), ("a.b.c", 3), ("x", 1)):
            self.assertRaises(KeyError, patterns.remove, pattern, value)

    @given(st.lists(PLAIN, unique=True, max_size=12), WORDS)
    def test_under_anything(self, names: list[str], pattern: str) -> None:
        """
        The names that are found are those for which the pattern stands, tried one by one.
        """
        known = Patterns[str]()
        for name in names:
            known.add(name, name)
        expected = [name for name in names if slowly(pattern.split("."), name.split("."))]
        self.assertEqual(sorted(known.under(pattern)), sorted(expected))

    @given(st.lists(st.tuples(WORDS, st.integers(0, 2)), unique=True, max_size=12), PLAIN)
    def test_as_tried_out(self, pairs: list[tuple[str, int]], name: str) -> None:
        """
        Found is what matches; emptied again, nothing is kept.
        """
        patterns = Patterns[tuple[str, int]]()
        for pair in pairs:
            patterns.add(pair[0], pair)
        expected = sorted(pair for pair in pairs if slowly(pair[0].split("."), name.split(".")))
        self.assertEqual(sorted(patterns.find(name)), expected)
        for pair in pairs:
            patterns.remove(pair[0], pair)
        self.assertEqual((patterns.find(name), patterns.empty), ([], True))
