"""A conversation with a session of the IRC adapter: what happens, and what must follow."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.irc.adapter import IrcAdapter
from kaazing.interfaces.adapters import Kind, Link, ToBack, ToFront
from kaazing.wire.policy import Policy
from tests.adapters import dialogue

DEFAULTS = dialogue.defaults(IrcAdapter)
LINK = Link(peer="192.0.2.1:5000", subprotocol="text.ircv3.net", options=DEFAULTS)
policy = partial(dialogue.policy, IrcAdapter)
WELCOME = b":irc.test 001 ann :Welcome"


def linked(link: Link = LINK, **changes: Any) -> Link:
    """Return the link with these options: C{irc_login} for irc.login."""
    return dialogue.linked(IrcAdapter, link, **changes)


class Dialogue(dialogue.Dialogue):
    """See there. Lines of the backend get their CR LF here."""

    adapter = IrcAdapter

    def __init__(self, case: SynchronousTestCase, link: Link = LINK) -> None:
        super().__init__(case, link)

    def register(self) -> Self:
        """Let the client register, and the backend welcome it."""
        self.front(b"NICK ann").then(ToBack(b"NICK ann\r\n"))
        return self.back(WELCOME).then(ToFront(WELCOME, self.session.kind))

    def back(self, *lines: bytes) -> Self:
        """The backend sends lines, in one piece."""
        return self.back_raw(b"".join(line + b"\r\n" for line in lines))

    def back_raw(self, data: bytes) -> Self:
        """The backend sends."""
        return super().back(data)

    def forget(self) -> Self:
        """Whatever followed is of no interest."""
        self.heard()
        return self

    def last(self) -> Any:
        """Return the last order, and forget what followed."""
        return self.heard()[-1]


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


def forbidden(**names: tuple[str, ...]) -> Policy:
    """Return a policy that forbids these, by operation, and allows the rest."""
    return policy("*", deny=[f"{operation} {name}" for operation in names for name in names[operation]])
