# -*- test-case-name: tests.wire.test_policy -*-
"""What clients may do: rules by role, on the names that a protocol's operations are done to.

A service with any block denies by default: an operation on a name is allowed when some rule of an
applicable block allows it and none denies it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zope.interface import implementer

from kaazing.errors import suggest
from kaazing.interfaces.adapters import IPolicy
from kaazing.literals import Unreadable
from kaazing.wire.names import EVERYTHING, Glob, Grammar, Levels, Pattern, covers, meets

__all__ = ["Block", "Glob", "Grammar", "Levels", "Policy", "Rule", "read_rule"]

MAX_ANSWERS = 512
"""Answers that a policy remembers; with more it forgets them all."""
MAX_REMEMBERED = 256
"""Characters of the longest name whose answer is remembered."""

_RULE = re.compile(r"(\S+)(?:\s+(\S.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rule:
    """Operations, and the names they may or may not be done to.

    Attributes:
        operations: some that the adapter declares.
        pattern: as written; None for every name, also those that no wildcard stands for.
        allowing: operation -> the pattern, read to allow.
        denying: the same, read to deny.
    """

    operations: frozenset[str]
    pattern: str | None
    allowing: Mapping[str, Pattern] = field(repr=False, compare=False)
    denying: Mapping[str, Pattern] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One C{<policy>} of a service.

    Attributes:
        roles: who it is for: whoever has one of them; none for everybody.
        allow: rules that allow.
        deny: rules that deny, whatever allows.
    """

    roles: frozenset[str] = frozenset()
    allow: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()


def read_rule(text: str, operations: Mapping[str, Grammar]) -> Rule:
    """Read C{OPERATIONS PATTERN}: C{publish,subscribe stock/#}; C{*} for all operations, and no pattern
    for all names.

    Args:
        text: without blanks at its ends.
        operations: what the adapter declares.

    Raises:
        Unreadable: an operation that it does not, or a pattern that the grammar of one cannot read.
    """
    match = _RULE.fullmatch(text)
    if match is None:
        raise Unreadable(f"expected operations ({_known(operations)}), a blank, and a name or pattern")
    named = frozenset(operations) if match[1] == "*" else frozenset(match[1].split(","))
    for each in sorted(named - operations.keys()):
        raise Unreadable(
            f"expected operations out of {_known(operations)}, commas in between and no blank, or * for all",
            suggest(each, operations),
        )
    pattern: str | None = match[2]
    if pattern is None:
        every = dict.fromkeys(named, EVERYTHING)
        return Rule(named, None, every, every)
    allowing, denying = (
        {each: operations[each].rule(pattern, deny=deny) for each in named} for deny in (False, True)
    )
    return Rule(named, pattern, allowing, denying)


def _known(operations: Mapping[str, Grammar]) -> str:
    return ", ".join(sorted(operations))


@implementer(IPolicy)
class Policy:
    """What clients who have some roles may do; one object does for all of them.

    Wildcards in first place stand for hidden names where a rule denies, though not where it allows.
    """

    def __init__(
        self, blocks: Iterable[Block], roles: frozenset[str], operations: Mapping[str, Grammar]
    ) -> None:
        self._operations = operations
        self._allow: dict[str, list[Pattern]] = {each: [] for each in operations}
        self._deny: dict[str, list[Pattern]] = {each: [] for each in operations}
        self._answers: dict[tuple[bool, str, str], bool] = {}
        for block in blocks:
            if block.roles and not block.roles & roles:
                continue
            for rule in block.allow:
                for operation, pattern in rule.allowing.items():
                    self._allow[operation].append(pattern)
            for rule in block.deny:
                for operation, pattern in rule.denying.items():
                    self._deny[operation].append(pattern)
        self._free = frozenset(each for each in operations if self._is_free(each))

    def _is_free(self, operation: str) -> bool:
        grammar = self._operations[operation]
        return not self._deny[operation] and any(
            covers(pattern, EVERYTHING, grammar) for pattern in self._allow[operation]
        )

    def restricts(self, operation: str) -> bool:
        """See L{IPolicy}."""
        return operation not in self._free

    def allows(self, operation: str, name: str) -> bool:
        """See L{IPolicy}."""
        key = False, operation, name
        answer = self._answers.get(key)
        return self._remembered(key, self._allows(operation, name)) if answer is None else answer

    def allows_all(self, operation: str, pattern: str) -> bool:
        """See L{IPolicy}. Allowed when one rule covers all of it; where it is too much work to find
        out, it is not."""
        key = True, operation, pattern
        answer = self._answers.get(key)
        return self._remembered(key, self._allows_all(operation, pattern)) if answer is None else answer

    def _allows(self, operation: str, name: str) -> bool:
        if operation in self._free:
            return True
        letters = self._operations[operation].letters(name)
        return (
            letters is not None
            and any(pattern.matches(letters) for pattern in self._allow[operation])
            and not any(pattern.matches(letters) for pattern in self._deny[operation])
        )

    def _allows_all(self, operation: str, pattern: str) -> bool:
        if operation in self._free:
            return True
        grammar = self._operations[operation]
        asked = grammar.filter(pattern)
        return (
            asked is not None
            and any(covers(allow, asked, grammar) for allow in self._allow[operation])
            and not any(meets(deny, asked, grammar) for deny in self._deny[operation])
        )

    def _remembered(self, key: tuple[bool, str, str], answer: bool) -> bool:
        if len(key[2]) <= MAX_REMEMBERED:
            if len(self._answers) >= MAX_ANSWERS:
                self._answers.clear()
            self._answers[key] = answer
        return answer
