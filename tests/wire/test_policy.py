"""What clients may do, by the rules of a service."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.adapters import IPolicy
from kaazing.literals import Unreadable
from kaazing.wire.policy import MAX_ANSWERS, Block, Glob, Grammar, Levels, Policy, read_rule

TOPICS = Levels("/", frozenset("+"), frozenset("#"), hidden="$")
OPERATIONS: Mapping[str, Grammar] = {"publish": TOPICS, "subscribe": TOPICS, "join": Glob(str.lower)}
TRADER = frozenset({"trader"})


def block(roles: str = "", *, allow: str = "", deny: str = "") -> Block:
    """Return a block; rules with semicolons in between."""
    allowed, denied = (
        tuple(read_rule(each.strip(), OPERATIONS) for each in rules.split(";") if each)
        for rules in (allow, deny)
    )
    return Block(roles=frozenset(roles.split()), allow=allowed, deny=denied)


def policy(*blocks: Block, roles: frozenset[str] = frozenset()) -> Policy:
    """Return the policy for a client with C{roles}."""
    return Policy(blocks, roles, OPERATIONS)


class ReadTests(SynchronousTestCase):
    """Rules as they are written."""

    def assert_unreadable(self, text: str, fault: str) -> None:
        """C{text} is refused with C{fault}."""
        with self.assertRaises(Unreadable) as caught:
            read_rule(text, OPERATIONS)
        self.assertEqual(str(caught.exception), fault)

    def test_read(self) -> None:
        """
        Operations have commas in between; the pattern is all behind the first blanks.
        """
        for text, operations, pattern in (
            ("publish a/b", {"publish"}, "a/b"),
            ("publish,subscribe  \t a b/+/c d", {"publish", "subscribe"}, "a b/+/c d"),
            ("* a", {"publish", "subscribe", "join"}, "a"),
            ("publish,publish a", {"publish"}, "a"),
            ("join", {"join"}, None),
            ("*", {"publish", "subscribe", "join"}, None),
        ):
            rule = read_rule(text, OPERATIONS)
            self.assertEqual((rule.operations, rule.pattern), (operations, pattern), text)

    def test_unknown_operation(self) -> None:
        """
        An operation that the protocol does not have is refused, with the nearest one.
        """
        known = (
            "expected operations out of join, publish, subscribe, commas in between and no blank, or * for"
        )
        known += " all"
        self.assert_unreadable("publsh a", known + "; did you mean 'publish'?")
        self.assert_unreadable("send a", known)
        self.assert_unreadable("publish,,join a", known)
        self.assert_unreadable("publish, join a", known)
        self.assert_unreadable("*,join a", known)

    def test_bad_pattern(self) -> None:
        """
        A pattern that some operation cannot have is refused.
        """
        self.assert_unreadable("publish a/b#", "expected a wildcard (# +) to be a whole level of a name")
        self.assert_unreadable("* a/b#", "expected a wildcard (# +) to be a whole level of a name")
        self.assertEqual(read_rule("join a/b#", OPERATIONS).pattern, "a/b#")
        self.assert_unreadable("join " + "a" * 1025, "expected a name or a pattern of 1 to 1024 characters")

    def test_empty(self) -> None:
        """
        No rule at all is refused.
        """
        self.assert_unreadable(
            "", "expected operations (join, publish, subscribe), a blank, and a name or pattern"
        )


class PolicyTests(SynchronousTestCase):
    """Who may do what."""

    def test_interface(self) -> None:
        """
        A policy keeps what sessions are promised.
        """
        self.assertTrue(verifyObject(IPolicy, policy()))

    def test_denied_by_default(self) -> None:
        """
        What no rule allows is not allowed, an empty block being a block.
        """
        for each in (policy(), policy(block()), policy(block(deny="publish a"))):
            self.assertFalse(each.allows("publish", "b"))
            self.assertFalse(each.allows_all("subscribe", "b"))
            self.assertTrue(each.restricts("publish"))

    def test_allow(self) -> None:
        """
        A rule allows its operations on what its pattern matches, and nothing else.
        """
        given = policy(block(allow="publish,subscribe stock/#"))
        for operation, name, expected in (
            ("publish", "stock/a", True),
            ("subscribe", "stock", True),
            ("publish", "stocks", False),
            ("join", "stock/a", False),
        ):
            self.assertEqual(given.allows(operation, name), expected, (operation, name))

    def test_deny_wins(self) -> None:
        """
        What one rule denies no other allows, in whichever block they stand.
        """
        for each in (
            policy(block(allow="publish stock/#", deny="publish stock/secret")),
            policy(block(deny="publish stock/secret"), block(allow="publish stock/secret;publish stock/#")),
        ):
            self.assertTrue(each.allows("publish", "stock/a"))
            self.assertFalse(each.allows("publish", "stock/secret"))

    def test_roles(self) -> None:
        """
        A block is for those with one of its roles, one without roles for everybody.
        """
        blocks = (
            block(allow="join #lobby"),
            block("trader clerk", allow="join #floor"),
            block("clerk", deny="join #lobby"),
        )
        for roles, expected in (
            (frozenset[str](), (True, False)),
            (frozenset({"guest"}), (True, False)),
            (TRADER, (True, True)),
            (frozenset({"clerk", "trader"}), (False, True)),
        ):
            given = policy(*blocks, roles=roles)
            self.assertEqual(
                (given.allows("join", "#lobby"), given.allows("join", "#FLOOR")), expected, roles
            )

    def test_filters(self) -> None:
        """
        A subscription with wildcards is allowed when one rule covers all of it and nothing of it is denied.
        """
        given = policy(block(allow="subscribe stock/#;subscribe news/+", deny="subscribe stock/secret/#"))
        for text, expected in (
            ("stock/a/+", True),
            ("stock/+/+", False),
            ("stock/+", False),
            ("stock/#", False),
            ("stock/a", True),
            ("news/+", True),
            ("news/#", False),
            ("#", False),
            ("stock/a+", False),
            ("stock/secret", False),
            ("/" * 600, False),
        ):
            self.assertEqual(given.allows_all("subscribe", text), expected, text)

    def test_name_or_filter(self) -> None:
        """
        The same text is a name here and a pattern there, and the answers are not mixed up.
        """
        given = policy(block(allow="publish,subscribe a/+"))
        self.assertTrue(given.allows("publish", "a/#"))
        self.assertFalse(given.allows_all("publish", "a/#"))
        self.assertFalse(given.allows("subscribe", "a/b/c"))
        self.assertTrue(given.allows("publish", "a/#"))

    def test_restricts(self) -> None:
        """
        An operation is free when everything is allowed and nothing denied: then no name need be asked for.
        """
        for rules, expected in (
            ("*", (False, False)),
            ("publish;join *", (False, False)),
            ("publish;join ?*", (False, True)),
            ("publish #;join *a", (True, True)),  # topics with $ are not in #
        ):
            given = policy(block(allow=rules))
            self.assertEqual((given.restricts("publish"), given.restricts("join")), expected, rules)
        self.assertTrue(policy(block(allow="*", deny="publish a")).restricts("publish"))
        free = policy(block(allow="*"))
        self.assertTrue(free.allows("publish", "$SYS/" + "a/" * 9999))
        self.assertTrue(free.allows_all("subscribe", "$SYS/#"))

    def test_denied_hidden(self) -> None:
        """
        A rule that denies # denies topics with $ as well.
        """
        given = policy(block(allow="*", deny="publish #"))
        self.assertFalse(given.allows("publish", "$SYS/a"))
        self.assertTrue(given.allows("subscribe", "$SYS/a"))

    def test_undeclared(self) -> None:
        """
        To ask about an operation that the adapter does not declare is a fault of ours, never an answer.
        """
        given = policy(block(allow="*"))
        with self.assertRaises(KeyError):
            given.allows("send", "a")
        with self.assertRaises(KeyError):
            given.allows_all("send", "a")


class RememberedTests(SynchronousTestCase):
    """Answers are kept, within bounds."""

    def test_bounded(self) -> None:
        """
        However many names a client thinks of, few are remembered, and none that is long.
        """
        given = policy(block(allow="publish a/#"))
        for number in range(3 * MAX_ANSWERS):
            self.assertTrue(given.allows("publish", f"a/{number}"))
            self.assertFalse(given.allows("publish", f"b/{number}"))
        kept = len(given._answers)
        self.assertLessEqual(kept, MAX_ANSWERS)
        self.assertTrue(given.allows("publish", "a/" + "x" * 10_000))
        self.assertLessEqual(max(len(name) for _, _, name in given._answers), 256)

    @given(st.lists(st.tuples(st.booleans(), st.text("a/+#", min_size=1, max_size=4)), max_size=30))
    def test_same_answers(self, asked: list[tuple[bool, str]]) -> None:
        """
        An answer that is remembered is the one that was found.
        """
        shared = policy(block(allow="subscribe a/+/#", deny="subscribe +/a"))
        for whole, name in asked:
            fresh = policy(block(allow="subscribe a/+/#", deny="subscribe +/a"))
            if whole:
                self.assertEqual(
                    shared.allows_all("subscribe", name), fresh.allows_all("subscribe", name), name
                )
            else:
                self.assertEqual(shared.allows("subscribe", name), fresh.allows("subscribe", name), name)
