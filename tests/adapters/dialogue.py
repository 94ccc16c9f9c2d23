"""A conversation with a session of an adapter: what happens, and what must follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, Self

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.adapters import IAdapterSession, Kind, Link, Login, NoLogin, Order, ToBack, ToFront
from kaazing.wire.policy import Block, Policy, read_rule
from tests.adapters.orders import carried_out

PEER = Link(peer="192.0.2.1:5000")
_FIELDS = frozenset(each.name for each in fields(Link))


def defaults(adapter: Any) -> dict[str, Any]:
    """Return what an adapter's options are where a service does not set them."""
    return {option.name: option.default for option in adapter.options}


def linked(adapter: Any, link: Link = PEER, **changes: Any) -> Link:
    """Return the link with all options of an adapter; C{changes} are fields of it or options, dots written
    as underscores."""
    changed = {name: value for name, value in changes.items() if name in _FIELDS}
    options = {name.replace("_", "."): value for name, value in changes.items() if name not in _FIELDS}
    return replace(link, options={**defaults(adapter), **link.options, **options}, **changed)


def policy(adapter: Any, *allow: str, deny: Iterable[str] = ()) -> Policy:
    """Return a policy for everybody, of rules as a configuration has them."""
    allowed, denied = (
        tuple(read_rule(rule, adapter.operations) for rule in rules) for rules in (allow, deny)
    )
    return Policy([Block(allow=allowed, deny=denied)], frozenset(), adapter.operations)


class Dialogue:
    """Tell the session what happens with L{front}, L{back} and the like; say with L{then} what must
    follow, all of it, before the next thing happens.

    Attributes:
        adapter: whose session it is, a class; to be set.
        speaks: the kind of the browser's messages, None for that of the session.
        now: the time, seconds; set it to let time pass.
        session: what is told.
    """

    adapter: Any
    speaks: Kind | None = None

    def __init__(self, case: SynchronousTestCase, link: Link = PEER, **changes: Any) -> None:
        """Begin with L{linked}."""
        self._case = case
        self.now = 100.0
        self.session: Any = self.begin(linked(self.adapter, link, **changes))
        verifyObject(IAdapterSession, self.session)
        self._said: list[Any] = []
        self._hear(self.session.opened(self.now), ToBack)

    def begin(self, link: Link) -> Any:
        """Return a new session."""
        return self.adapter().session(link)

    def passed(self, data: bytes) -> Any:
        """Return what stands for plain bytes that follow from the client's."""
        return ToBack(data)

    def told(self, data: bytes) -> Any:
        """Return what stands for plain bytes towards the client."""
        return ToFront(data, self.session.kind)

    def front(self, data: bytes, kind: Kind | None = None) -> Self:
        """The browser sends a message."""
        kind = kind or self.speaks or self.session.kind
        return self._hear(self.session.from_front(data, kind, self.now), self.passed)

    def back(self, *data: bytes) -> Self:
        """The backend sends, all in one piece."""
        return self._hear(self.session.from_back(b"".join(data), self.now), self.told)

    def front_ended(self) -> Self:
        """The browser sends no more."""
        return self._hear(self.session.front_ended(self.now), ToBack)

    def back_ended(self) -> Self:
        """The backend sends no more."""
        return self._hear(self.session.back_ended(self.now), self.told)

    def login(self, answer: Login | NoLogin) -> Self:
        """The question for the login is answered."""
        return self._hear(self.session.login(answer, self.now), ToBack)

    def secured(self) -> Self:
        """The backend's connection is encrypted."""
        return self._hear(self.session.secured(self.now), ToBack)

    def computed(self, result: Any) -> Self:
        """What was to be computed is."""
        return self._hear(self.session.computed(result, self.now), ToBack)

    def wait_for_deadline(self) -> Self:
        """Let time pass until the session wants to be told."""
        self._case.assertIsNotNone(self.session.deadline)
        self.now = self.session.deadline
        return self._hear(self.session.expired(self.now), self.told)

    def then(self, *orders: Order | bytes | str) -> Self:
        """This follows and nothing else; text stands for the violation that ends it all."""
        self._case.assertEqual(self.heard(), list(orders))
        return self

    def heard(self) -> list[Any]:
        """Return what follows, to be looked at."""
        said, self._said = self._said, []
        return said

    def _hear(self, orders: Iterable[Order], passing: Any) -> Self:
        self._case.assertEqual(self._said, [], "this was not expected")
        self._said = carried_out(orders, passing)
        return self
