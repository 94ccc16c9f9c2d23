"""Tests for L{kaazing.services.policies}: what the clients of a service may do, by their roles."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.security import Subject
from kaazing.services.policies import Policies, options
from kaazing.wire.policy import Block, Levels

LEVELS = Levels("/", frozenset("+"), frozenset("#"))
MOVES = {"move": LEVELS, "watch": LEVELS}


def read(**parts: Any) -> Block:
    """Read a <policy>."""
    declared = {option.name: option for option in options(MOVES)}["policy"]
    readers = {option.name: option.read for option in declared.children}
    whole = {"role": (), "allow": (), "deny": (), **parts}
    block: Block = declared.read({name: tuple(map(readers[name], said)) for name, said in whole.items()})
    return block


class PolicyTests(SynchronousTestCase):
    def test_options(self) -> None:
        """
        A protocol that has operations has the two properties; one that has none, none.
        """
        self.assertEqual([option.name for option in options(MOVES)], ["anonymous.roles", "policy"])
        self.assertEqual(options({}), ())

    def test_roles(self) -> None:
        """
        Who is known has its own roles; who is not, those of everybody of whom nothing is known.
        """
        policies = Policies({"anonymous.roles": ("guest",), "policy": ()}, MOVES)
        joe = Subject(user="joe", roles=frozenset({"master"}))
        self.assertEqual(
            [policies.roles(who) for who in (joe, Subject(user="ann"), Subject(), None)],
            [{"master"}, frozenset(), {"guest"}, {"guest"}],
        )

    def test_of(self) -> None:
        """
        A policy is for the clients with one of its roles, or for all; clients whom no policy tells apart
        share one object, and where there is no policy there is none to ask.
        """
        blocks = (read(allow=["watch"]), read(role=["master"], allow=["move board/1"]))
        policies = Policies({"policy": blocks}, MOVES)
        master, others = policies.of(frozenset({"master", "x"})), policies.of(frozenset({"y"}))
        assert master is not None
        assert others is not None
        self.assertEqual([each.allows("move", "board/1") for each in (master, others)], [True, False])
        self.assertEqual([each.allows("watch", "board/2") for each in (master, others)], [True, True])
        self.assertIs(policies.of(frozenset({"z"})), others)
        self.assertIsNone(Policies({}, MOVES).of(frozenset({"master"})))

    def test_many_roles(self) -> None:
        """
        However many sets of roles clients have, only so many policies are kept.
        """
        names = [str(number) for number in range(11)]
        policies = Policies({"policy": (Block(roles=frozenset(names)),)}, MOVES)
        for number in range(2**11):
            policies.of(frozenset(name for at, name in enumerate(names) if number >> at & 1))
        self.assertLessEqual(len(policies._policies), 1000)
