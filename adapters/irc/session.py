# -*- test-case-name: tests.adapters.irc.test_session -*-
"""One IRC connection: lines of both sides checked, the gateway's introduction, the policy.

docs/protocols/irc.md says what is checked and what is left to the backend, and why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import LOGIN_REFUSED, BaseSession, in_words, login_deadline
from kaazing.adapters.irc.asking import Asking
from kaazing.adapters.irc.claims import Claims
from kaazing.adapters.irc.forms import Form, agreed, shown
from kaazing.adapters.irc.opening import Opening, Unwelcome, unencrypted
from kaazing.adapters.irc.permits import OPERATIONS, Permits
from kaazing.closecodes import INTERNAL_ERROR, POLICY
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
    Compute,
    Hold,
    IAdapterSession,
    IMeter,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    Resume,
    StartTls,
    ToBack,
    ToFront,
)
from kaazing.wire.irc import Line, Scanner, encode, folded, parse, violation

_END = b"\r\n"
_REGISTERING = frozenset((b"001", b"464", b"NICK"))
"""Where the backend says what the client is called, or that the password is wrong."""


@implementer(IAdapterSession)
class IrcSession(BaseSession):
    """See L{IAdapterSession}."""

    __slots__ = (
        "_asked", "_asking", "_back", "_by_sasl", "_claims", "_early", "_form", "_front",
        "_held", "_link", "_nick", "_opening", "_own", "_permits", "_registered", "_server",
        "_single", "_unread", "_username", "_waiting",
    )  # fmt: skip

    def __init__(self, link: Link) -> None:
        super().__init__(Kind.TEXT)
        self._link = link
        self._form = agreed(link)  # None until the client has shown it
        self._opening: Opening | None = Opening(link)  # until the client may speak
        self._permits = Permits(link.policy)
        self._claims = Claims() if link.injects else None
        self._asking = (
            Asking() if link.injects and link.told else None
        )  # until the client has said its password
        self._early = b""  # what it said before that
        self._by_sasl = False
        self._own = self._commands()
        self._front = self._scanner(Side.FRONT, split=link.apart, bare=False, text=False)
        self._front.watch(*self._permits.watch(self._own))
        self._back: Scanner | None = None  # once the form is known
        self._waiting: list[tuple[bytes, Kind]] = []  # of the client, which is held meanwhile
        self._unread: deque[Any] = deque()  # of the backend, behind what raised a question
        self._asked = self._held = self._registered = False
        self._nick, self._server, self._username = "*", "", ""
        self._single = 0  # the kind, a plain number, of messages that are a line each

    def _commands(self) -> frozenset[bytes]:
        """Those of the client that bear on a login which is the gateway's."""
        options, commands = self._link.options, set()
        if self._link.injects or options["server.password"] is not None:
            commands.add(b"PASS")
        if self._link.injects:
            commands.add(b"AUTHENTICATE")
        if self._link.injects and options["irc.login"] == "pass":
            commands.add(b"USER")
        return frozenset(commands)

    def _scanner(self, side: Side, **how: bool) -> Scanner:
        front, options = side is Side.FRONT, self._link.options
        return Scanner(
            client=front,
            max_line=options["irc.maximum.line" if front else "irc.maximum.backend.line"],
            max_tags=options["irc.maximum.tags" if front else "irc.maximum.backend.tags"],
            max_parameters=options["irc.maximum.parameters"] if front else 0,
            **how,
        )

    def opened(self, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.opened}."""
        self.deadline = login_deadline(self._link.options, now)
        if self._form is None:
            yield Hold(Side.BACK)  # until it is known how the client wants to hear it
        else:
            yield from self._begin(self._form)

    def _begin(self, form: Form) -> Iterator[Order]:
        self._form, self.kind = form, form.kind
        self._single = 0 if form.stream else int(form.kind)
        self._back = self._scanner(Side.BACK, split=self._link.messages, bare=not form.stream, text=form.text)
        self._back.watch(frozenset(), True)  # all, until the opening is over
        if self._asking is not None:
            return
        orders = list(self._told(Opening.begin))
        if self._opening is not None:
            self._held = True
            yield Hold(Side.FRONT)
        yield from orders

    def login(self, answer: Login | NoLogin, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.login}."""
        if isinstance(answer, NoLogin) and self._link.told:
            words = ("904", "SASL authentication failed") if self._by_sasl else ("464", "Password incorrect")
            yield self._to_front(Line(words[0], ("*", words[1])))
        yield from self._answered(lambda opening: opening.answered(answer))

    def secured(self, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.secured}."""
        return self._answered(Opening.secured)

    def computed(self, result: Any, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.computed}."""
        return self._answered(lambda opening: opening.computed(result))

    def _answered(self, tell: Callable[[Opening], list[Order] | None]) -> Iterator[Order]:
        self._asked = False
        yield from self._told(tell)
        yield from self._read_on()

    def _told(self, tell: Callable[[Opening], list[Order] | None]) -> Iterator[Order]:
        """Tell the opening something, and carry out what it says; let the client speak when it is over."""
        opening = self._opening
        assert opening is not None
        try:
            orders = tell(opening) or []
        except Unwelcome as why:
            yield from self._turned_away(why)
            return
        yield from orders
        self._asked = bool(orders) and isinstance(orders[-1], AskLogin | StartTls | Compute)
        if opening.over:
            self._opening = None
            assert self._back is not None
            self._back.watch(_REGISTERING, False)
            if self._claims is not None:
                self._claims.account = opening.account
            if opening.login is not None:
                self._username = opening.login.username
            yield from self._released()

    def _released(self) -> Iterator[Order]:
        if self._by_sasl and self._claims is not None:
            for line in self._claims.accepted("*"):
                yield self._to_front(line)
        early, self._early = self._early, b""
        waiting, self._waiting = self._waiting, []
        for passing in (self._fed(early) if early else (), *(self._inward(*each) for each in waiting)):
            for order in passing:
                yield ToBack(order, counts=True) if type(order) is bytes else order
        if self._held:
            yield Resume(Side.FRONT)

    def _turned_away(self, why: Unwelcome) -> Iterator[Order]:
        self._unread.clear()
        if why.words is not None:
            yield self._to_front(why.words)
        yield self._error(why.reason)
        yield Close(why.code, why.reason)

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_front}."""
        return self._awaited(data, kind) if self._opening is not None else self._inward(data, kind)

    def _awaited(self, data: bytes, kind: Kind) -> Iterator[Order]:
        if self._asking is None:
            self._waiting.append((data, kind))
        if self._form is None:
            yield Resume(Side.BACK)
            yield from self._begin(shown(data, kind))
        if self._asking is not None:
            yield from self._hear_login(self._asking, data, kind)

    def _hear_login(self, asking: Asking, data: bytes, kind: Kind) -> Iterator[Order]:
        """The client speaks to the gateway, until it has said what the login depends on."""
        assert self._form is not None
        try:
            answers = asking.feed(self._form.lines(data, kind, self._front.offset))
        except ProtocolViolation as why:
            yield from self._failed(why, in_words(why))
            return
        for answer in answers:
            yield self._to_front(answer)
        if asking.question is not None:
            self._asking, self._early, self._by_sasl = None, asking.rest(), asking.by_sasl
            self._held = self._asked = True
            yield Hold(Side.FRONT)
            yield asking.question

    def _inward(self, data: bytes, kind: Kind) -> Iterable[Order]:
        """What goes on of the client's words; a list where all of it does."""
        if kind == self._single and b"\n" not in data and b"\r" not in data:  # mostly
            data += _END
        else:
            assert self._form is not None
            try:
                data = self._form.lines(data, kind, self._front.offset)
            except ProtocolViolation as why:
                return self._failed(why, why.what)
        return self._fed(data)

    def _fed(self, data: bytes) -> Iterable[Order]:
        """The next of the stream of the client's lines."""
        items: list[Any] = self._front.feed(data)
        return items if self._front.fault is None and _only_passes(items) else self._admitted(items)

    def _admitted(self, items: list[Any]) -> Iterator[Order]:
        for item in items:
            if type(item) is bytes:
                yield item
                continue
            wire: bytes = item[1]
            if self._permits.knows(wire):
                yield wire + _END
                continue
            line = parse(wire)
            passing, answers = self._admit(line, wire)
            for answer in answers:
                yield self._to_front(answer)
            if passing is None:
                self._front.discount(line.command.encode())
                continue
            yield passing + _END
            if self._permits.exempts(line.command):
                self._front.watch(*self._permits.watch(self._own))
        if self._front.fault is not None:
            why = violation(self._front.fault, Side.FRONT)
            yield from self._failed(why, in_words(why))

    def _admit(self, line: Line, wire: bytes) -> tuple[bytes | None, list[Line]]:
        """Return what goes on of a line that had to be looked at, and what the client is answered."""
        passing, refusals = self._permits.admit(line, wire)
        if passing is None or line.command.encode() not in self._own:
            if passing is wire:
                self._permits.remember(wire)
            for numeric, *_ in refusals:
                self.count_refusal(OPERATIONS.get(numeric, "command"))
            return passing, [
                Line(numeric, (self._nick, *words), self._server) for numeric, *words in refusals
            ]
        if line.command == "AUTHENTICATE" and self._claims is not None:
            return None, self._claims.heard(line.parameter(0), self._nick)
        if line.command == "USER" and self._username and line.parameters:
            return encode(replace(line, parameters=(self._username, *line.parameters[1:]))), []
        return (wire if line.command == "USER" else None), []

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_back}."""
        assert self._back is not None
        items: list[Any] = self._back.feed(data)
        if self._registered and self._back.fault is None and _only_passes(items):
            return items
        self._unread.extend(items)
        return self._read_on()

    def _read_on(self) -> Iterator[Order]:
        """The backend's lines, up to one that raises a question."""
        back = self._back
        assert back is not None
        while self._unread and not self._asked:
            item = self._unread.popleft()
            if type(item) is bytes:
                yield ToFront(item, self.kind)
                continue
            line = parse(item[1])
            if self._opening is not None and (yield from self._heard(line, item[0])):
                back.discount(line.command.encode())
                continue
            if line.command == "464" and b"PASS" in self._own and not self._registered:
                yield LOGIN_REFUSED
            self._note(line)
            yield self._ended(item[1])
        if back.fault is not None and not self._asked:
            why = violation(back.fault, Side.BACK)
            yield from self._failed(why, in_words(why))

    def _heard(self, line: Line, offset: int) -> Generator[Order, None, bool]:
        """Let the opening hear a line; returns whether it was for it."""
        assert self._opening is not None and self._back is not None
        heard: list[list[Order] | None] = []

        def tell(opening: Opening) -> list[Order] | None:
            heard.append(opening.heard(line))
            return heard[0]

        if line.command == "670" and (self._unread or self._back.pending or self._back.fault):
            why = unencrypted(offset)
            yield from self._failed(why, in_words(why))
        yield from self._told(tell)
        return heard != [None]

    def _note(self, line: Line) -> None:
        """The client's name, and that it has one."""
        if line.command == "001" and self._opening is None:
            self.deadline = None
            self._registered = True
            self._nick, self._server = _word(line.parameter(0)), line.prefix
            names = self._permits.names or self._claims is not None
            assert self._back is not None
            self._back.watch(frozenset((b"NICK",) if names else ()), False)
        elif line.command == "NICK" and folded(line.prefix.partition("!")[0]) == folded(self._nick):
            self._nick = _word(line.parameter(0))

    def expired(self, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.expired}; the login has taken too long."""
        self.deadline = None
        if self._form is not None and self._opening is not None and self._asking is None:
            yield self._error("the backend has not answered the gateway in time")
            yield Close(INTERNAL_ERROR, "login timeout of the backend")
        else:
            yield self._error("you have not registered in time")
            yield Close(POLICY, "login timeout")

    def report(self, meter: IMeter) -> None:
        """See L{IAdapterSession.report}."""
        super().report(meter)
        for side, scanner in ((Side.FRONT, self._front), (Side.BACK, self._back)):
            if scanner is not None:
                for command, count in scanner.take_counts().items():
                    meter.add(side, command, count)

    def _failed(self, why: ProtocolViolation, words: str) -> Iterator[Order]:
        yield self._error(words)
        raise why

    def _error(self, words: str) -> ToFront:
        return self._to_front(Line("ERROR", (f"Closing link: {' '.join(words.split())}",)))

    def _to_front(self, line: Line) -> ToFront:
        return self._ended(encode(line))

    def _ended(self, wire: bytes) -> ToFront:
        """A line to the client, its end as the client wants it."""
        if self._form is None or self._form.text:
            wire = wire.decode("utf-8", "replace").encode()
        stream = self._form is not None and self._form.stream
        return ToFront(wire + _END if stream else wire, self.kind)


def _only_passes(items: list[Any]) -> bool:
    """Return whether a scanner has found nothing to look at."""
    return type(items[0]) is bytes if len(items) == 1 else tuple not in map(type, items)


def _word(nick: str) -> str:
    """Return a nickname that can stand in any line, whatever the backend said."""
    return "*" if not nick or " " in nick or nick.startswith(":") else nick
