"""A conversation in AMQP 0-9-1 with a session of the adapter: what happens, and what must follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.amqp.adapter import AmqpAdapter
from kaazing.errors import Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Compute,
    IAdapterSession,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    ToBack,
    ToFront,
)
from kaazing.literals import Unreadable
from kaazing.wire.amqp import PREAMBLE, encode
from kaazing.wire.policy import Block, Policy, read_rule
from tests.adapters.orders import carried_out, counted

DEFAULTS = {option.name: option.default for option in AmqpAdapter.options}

SERVER = b"\x07productS\0\0\0\x06broker"
CLIENT = b"\x07productS\0\0\0\x06tester"
START = encode(0, "connection.start", 0, 9, SERVER, b"AMQPLAIN PLAIN", b"en_US")
START_OK = encode(0, "connection.start-ok", CLIENT, "PLAIN", b"\0ann\0secret", "en_US")
TUNE = encode(0, "connection.tune", 2047, 131072, 60)
TUNE_OK = encode(0, "connection.tune-ok", 2047, 131072, 60)
OPEN = encode(0, "connection.open", "/", "", 0)
OPEN_OK = encode(0, "connection.open-ok", "")
CHANNEL, CHANNEL_OK = encode(1, "channel.open", ""), encode(1, "channel.open-ok", b"")
SECOND, SECOND_OK = encode(2, "channel.open", ""), encode(2, "channel.open-ok", b"")


class Dialogue:
    """Tell the session what happens with L{front}, L{back} and the like; say with L{then} what must
    follow, all of it, before the next thing happens.

    Attributes:
        now: the time, seconds; set it to let time pass.
        session: what is told.
    """

    def __init__(self, case: SynchronousTestCase, link: Link | None = None, **options: Any) -> None:
        """C{link}: its options are the adapter's defaults with C{options} in place, dots for underscores."""
        given = {name.replace("_", "."): value for name, value in options.items()}
        values = (
            {field: getattr(link, field) for field in ("messages", "injects", "policy", "apart")}
            if link
            else {}
        )
        self._case = case
        self.now = 100.0
        self.session = AmqpAdapter().session(
            Link(peer="192.0.2.1:5000", options={**DEFAULTS, **given}, **values)
        )
        verifyObject(IAdapterSession, self.session)
        self._said: list[Any] = []
        self._hear(self.session.opened(self.now), ToBack)

    def start(self) -> Dialogue:
        """Let the client say what it speaks, and the backend say the same."""
        self.front(PREAMBLE).then(ToBack(PREAMBLE))
        return self.back(START).then(ToFront(START))

    def connect(self) -> Dialogue:
        """Let them open a connection."""
        self.start().front(START_OK).then(ToBack(START_OK))
        self.back(TUNE).then(ToFront(TUNE, Kind.BINARY))
        self.front(TUNE_OK + OPEN).then(ToBack(TUNE_OK), ToBack(OPEN))
        return self.back(OPEN_OK).then(ToFront(OPEN_OK))

    def channels(self) -> Dialogue:
        """Let them open a connection, and channels 1 and 2."""
        self.connect().front(CHANNEL + SECOND).then(ToBack(CHANNEL), ToBack(SECOND))
        return self.back(CHANNEL_OK + SECOND_OK).then(ToFront(CHANNEL_OK), ToFront(SECOND_OK))

    def front(self, data: bytes, kind: Kind = Kind.BINARY) -> Dialogue:
        """The browser sends."""
        return self._hear(self.session.from_front(data, kind, self.now), ToBack)

    def back(self, data: bytes) -> Dialogue:
        """The backend sends."""
        return self._hear(self.session.from_back(data, self.now), ToFront)

    def back_ended(self) -> Dialogue:
        """The backend sends no more."""
        return self._hear(self.session.back_ended(self.now), ToFront)

    def login(self, answer: Login | NoLogin) -> Dialogue:
        """The gateway knows who it is."""
        self._case.assertIsInstance(self._said.pop(), AskLogin)
        return self._hear(self.session.login(answer, self.now), ToBack)

    def compute(self) -> Dialogue:
        """Let the computation be done that the session has asked for."""
        asked = self._said.pop()
        self._case.assertIsInstance(asked, Compute)
        return self._hear(self.session.computed(asked.work(), self.now), ToBack)

    def wait_for_deadline(self) -> Dialogue:
        """Let time pass until the session wants to be told."""
        self._case.assertIsNotNone(self.session.deadline)
        self.now = self.session.deadline
        return self._hear(self.session.expired(self.now), ToFront)

    def then(self, *orders: Order | str) -> Dialogue:
        """This follows and nothing else; text stands for the violation that ends it all."""
        said, self._said = self._said, []
        self._case.assertEqual(said, list(orders))
        return self

    def asks(self) -> Dialogue:
        """A question follows, and nothing else; to be answered by the next call."""
        self._case.assertEqual(len(self._said), 1)
        return self

    def counted(self) -> dict[tuple[Side, str], int]:
        """What the session reports."""
        return counted(self.session)

    def _hear(self, orders: Iterable[Order], passing: Any) -> Dialogue:
        self._case.assertEqual(self._said, [], "this was not expected")
        self._said = carried_out(orders, passing)
        return self


def policy(*allow: str, deny: tuple[str, ...] = ()) -> Policy:
    """Return a policy for everybody out of rules as a configuration has them."""
    operations = AmqpAdapter.operations
    try:
        allowed, denied = ([read_rule(rule, operations) for rule in rules] for rules in (allow, deny))
    except Unreadable as why:
        raise AssertionError(f"no rule: {why}") from why
    return Policy([Block(allow=tuple(allowed), deny=tuple(denied))], frozenset(), operations)
