"""A conversation with a session of the STOMP adapter: what happens, and what must follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.stomp.adapter import StompAdapter
from kaazing.interfaces.adapters import (
    IAdapterSession,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    ToBack,
    ToFront,
)
from kaazing.wire.policy import Block, Policy, read_rule
from tests.adapters.orders import carried_out

CONNECT = b"CONNECT\naccept-version:1.0,1.1,1.2\nhost:/\n\n\0"
CONNECTED = b"CONNECTED\nversion:%s\n\n\0"
HELLO = b"SEND\ndestination:/q\n\nhello\0"
NEWS = b"MESSAGE\ndestination:/q\nmessage-id:1\nsubscription:0\n\nnews\0"

DEFAULTS = {option.name: option.default for option in StompAdapter.options}
GATEWAY = Login(username="gw", password="pw:1")


def rules(*allow: str, deny: str = "") -> Policy:
    """Return a policy for everybody."""
    read = [read_rule(rule, StompAdapter.operations) for rule in allow]
    denied = (read_rule(deny, StompAdapter.operations),) if deny else ()
    return Policy([Block(allow=tuple(read), deny=denied)], frozenset(), StompAdapter.operations)


class Dialogue:
    """Tell the session what happens with L{front}, L{back} and the like; say with L{then} what must
    follow, all of it, before the next thing happens.

    Attributes:
        now: the time, seconds; set it to let time pass.
    """

    def __init__(
        self,
        case: SynchronousTestCase,
        *,
        injects: bool = False,
        policy: Any = None,
        apart: bool = False,
        **options: Any,
    ) -> None:
        """Options are written with underscores in place of dots."""
        values = {**DEFAULTS, **{name.replace("_", "."): value for name, value in options.items()}}
        self._case = case
        self.now = 100.0
        link = Link(peer="192.0.2.1:5000", options=values, injects=injects, policy=policy, apart=apart)
        self.session = StompAdapter().session(link)
        verifyObject(IAdapterSession, self.session)
        self._said: list[Any] = []
        self._hear(self.session.opened(self.now), ToBack)

    def connect(self, version: bytes = b"1.2") -> Dialogue:
        """Let the client log in, and the backend agree on C{version}."""
        self.front(CONNECT).then(ToBack(CONNECT))
        return self.back(CONNECTED % version).then(ToFront(CONNECTED % version))

    def front(self, data: bytes) -> Dialogue:
        """The browser sends."""
        return self._hear(self.session.from_front(data, Kind.TEXT, self.now), ToBack)

    def back(self, data: bytes) -> Dialogue:
        """The backend sends."""
        return self._hear(self.session.from_back(data, self.now), ToFront)

    def login(self, answer: Login | NoLogin) -> Dialogue:
        """The question for the login is answered."""
        return self._hear(self.session.login(answer, self.now), ToBack)

    def front_ended(self) -> Dialogue:
        """The browser sends no more."""
        return self._hear(self.session.front_ended(self.now), ToBack)

    def back_ended(self) -> Dialogue:
        """The backend sends no more."""
        return self._hear(self.session.back_ended(self.now), ToFront)

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

    def _hear(self, orders: Iterable[Order], passing: Any) -> Dialogue:
        self._case.assertEqual(self._said, [], "this was not expected")
        self._said = carried_out(orders, passing)
        return self
