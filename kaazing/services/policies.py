# -*- test-case-name: tests.services.test_policies -*-
"""The properties by which a service says what its clients may do, and what that is for some roles."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from kaazing.interfaces.security import Subject
from kaazing.literals import comma_list, text
from kaazing.options import Option
from kaazing.wire.policy import Block, Policy, read_rule

_MOST_POLICIES = 1000  # sets of roles that are kept ready

_ROLES = Option(
    name="anonymous.roles",
    read=comma_list,
    default=(),
    doc="Roles of the clients of whom nobody knows who they are, for <policy>; commas in between.",
)


def options(operations: Mapping[str, Any]) -> tuple[Option, ...]:
    """Return the properties of a service whose protocol has such operations (L{IAdapter.operations}); none
    for none."""
    return (_ROLES, _policy(operations)) if operations else ()


def _policy(operations: Mapping[str, Any]) -> Option:
    rule = partial(read_rule, operations=operations)
    known = ", ".join(sorted(operations))
    return Option(
        name="policy",
        read=_block,
        repeated=True,
        doc="What clients may do; where any policy stands, whatever none allows is denied.",
        children=(
            Option(
                name="role",
                read=text,
                repeated=True,
                doc="Who the policy is for: clients with one of its roles; without any, all clients.",
            ),
            Option(
                name="allow",
                read=rule,
                repeated=True,
                doc=f"Operations ({known}; commas in between, * for all) and a name or pattern, without which"
                " every name is meant.",
            ),
            Option(name="deny", read=rule, repeated=True, doc="The same; what a policy denies, none allows."),
        ),
    )


def _block(parts: Mapping[str, Any]) -> Block:
    return Block(roles=frozenset(parts["role"]), allow=parts["allow"], deny=parts["deny"])


class Policies:
    """What the clients of one service may do; one object for all whom no policy tells apart."""

    def __init__(self, properties: Mapping[str, Any], operations: Mapping[str, Any]) -> None:
        self._operations = operations
        self._anonymous = frozenset(properties.get("anonymous.roles", ()))
        self._blocks: tuple[Block, ...] = properties.get("policy", ())
        self._named = frozenset[str]().union(*(block.roles for block in self._blocks))
        self._policies: dict[frozenset[str], Policy] = {}

    def roles(self, subject: Subject | None) -> frozenset[str]:
        """Return those of a client; C{subject} is None where nobody asked who it is."""
        if subject is None or not (subject.user or subject.roles):
            return self._anonymous
        return subject.roles

    def of(self, roles: frozenset[str]) -> Policy | None:
        """Return what clients with such roles may do, None for everything."""
        if not self._blocks:
            return None
        roles &= self._named
        if roles not in self._policies:
            if len(self._policies) >= _MOST_POLICIES:
                self._policies.clear()
            self._policies[roles] = Policy(self._blocks, roles, self._operations)
        return self._policies[roles]
