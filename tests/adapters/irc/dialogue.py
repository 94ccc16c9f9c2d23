"""A conversation with a session of the IRC adapter: what happens, and what must follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.irc.adapter import IrcAdapter
from kaazing.adapters.irc.session import IrcSession
from kaazing.interfaces.adapters import IAdapterSession, Kind, Link, Login, NoLogin, Order, ToBack, ToFront
from tests.adapters.orders import carried_out

DEFAULTS = {option.name: option.default for option in IrcAdapter.options}
LINK = Link(peer="192.0.2.1:5000", subprotocol="text.ircv3.net", options=DEFAULTS)
WELCOME = b":irc.test 001 ann :Welcome"


def linked(link: Link = LINK, **options: Any) -> Link:
    """Return the link with these options: C{irc_login} for irc.login."""
    values = {name.replace("_", "."): value for name, value in options.items()}
    return replace(link, options={**link.options, **values})


class Dialogue:
    """Tell the session what happens with L{front}, L{back} and the like; say with L{then} what must
    follow, all of it, before the next thing happens. Lines of the backend get their CR LF here.

    Attributes:
        now: the time, seconds; set it to let time pass.
    """

    def __init__(self, case: SynchronousTestCase, link: Link = LINK) -> None:
        self._case = case
        self.now = 100.0
        self.session = IrcSession(link)
        verifyObject(IAdapterSession, self.session)
        self._said: list[Any] = []
        self._hear(self.session.opened(self.now), ToBack)

    def register(self) -> Dialogue:
        """Let the client register, and the backend welcome it."""
        self.front(b"NICK ann").then(ToBack(b"NICK ann\r\n"))
        return self.back(WELCOME).then(ToFront(WELCOME, self.session.kind))

    def front(self, data: bytes, kind: Kind | None = None) -> Dialogue:
        """The browser sends a message."""
        return self._hear(self.session.from_front(data, kind or self.session.kind, self.now), ToBack)

    def back(self, *lines: bytes) -> Dialogue:
        """The backend sends lines, in one piece."""
        return self.back_raw(b"".join(line + b"\r\n" for line in lines))

    def back_raw(self, data: bytes) -> Dialogue:
        """The backend sends."""
        orders = self.session.from_back(data, self.now)
        return self._hear(orders, lambda each: ToFront(each, self.session.kind))

    def login(self, answer: Login | NoLogin) -> Dialogue:
        """The keeper of logins answers."""
        return self._hear(self.session.login(answer, self.now), ToBack)

    def secured(self) -> Dialogue:
        """The connection to the backend is encrypted."""
        return self._hear(self.session.secured(self.now), ToBack)

    def computed(self, result: bytes) -> Dialogue:
        """What was to be computed is."""
        return self._hear(self.session.computed(result, self.now), ToBack)

    def wait_for_deadline(self) -> Dialogue:
        """Let time pass until the session wants to be told."""
        self._case.assertIsNotNone(self.session.deadline)
        self.now = self.session.deadline or 0.0
        return self._hear(self.session.expired(self.now), ToFront)

    def then(self, *orders: Order | str) -> Dialogue:
        """This follows and nothing else; text stands for the violation that ends it all."""
        said, self._said = self._said, []
        self._case.assertEqual(said, list(orders))
        return self

    def forget(self) -> Dialogue:
        """Whatever followed is of no interest."""
        self._said = []
        return self

    def last(self) -> Any:
        """Return the last order, and forget what followed."""
        said, self._said = self._said, []
        return said[-1]

    def _hear(self, orders: Iterable[Order], passing: Any) -> Dialogue:
        self._case.assertEqual(self._said, [], "this was not expected")
        self._said = carried_out(orders, passing)
        return self


def told(line: bytes, kind: Kind = Kind.TEXT) -> ToFront:
    """Return the order by which the browser hears a line."""
    return ToFront(line, kind)


def sent(line: bytes) -> ToBack:
    """Return the order by which the backend hears a line."""
    return ToBack(line + b"\r\n")


def waited(line: bytes) -> ToBack:
    """Return the order by which the backend hears a line of the client that had to wait."""
    return ToBack(line + b"\r\n", counts=True)


def violated(what: str) -> bytes:
    """Return the line that a client is told."""
    return b"ERROR :Closing link: " + what.encode()


class Rules:
    """A policy: what is forbidden, by operation; the rest is allowed."""

    def __init__(self, **forbidden: tuple[str, ...]) -> None:
        self._forbidden = forbidden

    def restricts(self, operation: str) -> bool:
        """See L{IPolicy}."""
        return operation in self._forbidden

    def allows(self, operation: str, name: str) -> bool:
        """See L{IPolicy}."""
        return name not in self._forbidden.get(operation, ())

    def allows_all(self, operation: str, pattern: str) -> bool:
        """See L{IPolicy}."""
        return not self.restricts(operation)
