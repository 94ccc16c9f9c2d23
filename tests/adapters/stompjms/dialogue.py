"""A conversation with a STOMP session whose server the gateway is: what happens, and what must follow."""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Iterable
from functools import partial
from typing import Any, Self

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.stompjms.adapter import StompJms
from kaazing.interfaces.adapters import Close, Kind, ToFront
from kaazing.interfaces.brokers import Content, Destination, Domain, Message
from kaazing.interfaces.servers import Connect, IServerSession, Request
from kaazing.wire.stomp import VERSIONS
from tests.adapters import dialogue
from tests.adapters.orders import carried_out

DEFAULTS = dialogue.defaults(StompJms)
policy = partial(dialogue.policy, StompJms)

CONNECT = b"CONNECT\naccept-version:%s\n\n\0"
QUEUE = Destination(Domain.QUEUE, "a")
TOPIC = Destination(Domain.TOPIC, "a.b")
NEWS = Message(destination=QUEUE, body=b"news", content=Content.TEXT, message_id="m1", persistent=False)


def connected(version: str = "1.2", beats: str = "10000,10000", more: str = "") -> ToFront:
    """Return the CONNECTED frame of this version."""
    heart_beat = "" if version == "1.0" else f"heart-beat:{beats}\n"
    return ToFront(f"CONNECTED\nversion:{version}\nsession:0102\n{heart_beat}{more}\n\0".encode())


def error(what: str, receipt: str | None = None, version: str = "1.2", connecting: bool = False) -> ToFront:
    """Return the ERROR frame that says so."""
    message = what.replace("\\", "\\\\").replace(":", "\\c") if version > "1.0" and not connecting else what
    lines = [f"message:{message}", "content-type:text/plain", f"content-length:{len(what)}"]
    if connecting:
        lines.insert(1, "version:1.0,1.1,1.2")
    elif receipt is not None:
        lines.insert(0, f"receipt-id:{receipt}")
    return ToFront("\n".join(["ERROR", *lines, "", what]).encode() + b"\0")


def receipt(id: str) -> ToFront:
    """Return the RECEIPT."""
    return ToFront(f"RECEIPT\nreceipt-id:{id}\n\n\0".encode())


def refused(what: str, receipt: str | None = None, version: str = "1.2") -> tuple[ToFront, Close]:
    """Return what follows on a frame that is not served."""
    return error(what, receipt, version), Close(1008, what)


class Dialogue:
    """Tell the session what happens; say with L{then} what must follow, all of it.

    Attributes:
        now: the time, seconds; set it to let time pass.
        session: what is told.
    """

    def __init__(
        self, case: SynchronousTestCase, protocol: StompJms | None = None, /, **changes: Any
    ) -> None:
        """Begin; C{changes} are options, dots written as underscores, or fields of the link."""
        case.patch(secrets, "token_hex", lambda size: "0102")
        self._case = case
        self.now = 100.0
        made = protocol or StompJms()
        self.session: Any = made.session(dialogue.linked(made, **changes))
        verifyObject(IServerSession, self.session)
        self._said: list[Any] = []
        self._hear(self.session.opened(self.now))

    def connect(self, version: str = "1.2", policy: Any = None) -> Self:
        """Let the client log in with this version."""
        self.front(CONNECT % version.encode()).then(Connect())
        return self.welcome(policy=policy).then(connected(version))

    def front(self, data: bytes | str) -> Self:
        """The client sends this; text is the lines of a frame, with NUL to be added."""
        wire = data if isinstance(data, bytes) else data.encode() + b"\0"
        return self._hear(self.session.from_front(wire, Kind.TEXT, self.now))

    def front_ended(self) -> Self:
        """The client sends no more."""
        return self._hear(self.session.front_ended(self.now))

    def welcome(self, **more: Any) -> Self:
        """The client may come in."""
        return self._hear(self.session.welcome(self.now, **more))

    def done(self, request: Request) -> Self:
        """A request was done."""
        return self._hear(self.session.done(request, self.now))

    def refused(self, request: Request, why: str) -> Self:
        """A request was not done."""
        return self._hear(self.session.refused(request, why, self.now))

    def failed(self, id: str, why: str) -> Self:
        """A subscription has ended by itself."""
        return self._hear(self.session.failed(id, why, self.now))

    def deliver(self, tag: Hashable, message: Message = NEWS, id: str = "0") -> Self:
        """The broker delivers on a subscription."""
        return self._hear([self.session.deliver(id, message, tag)])

    def wait_for_deadline(self) -> Self:
        """Let time pass until the session wants to be told."""
        self._case.assertIsNotNone(self.session.deadline)
        self.now = self.session.deadline
        return self._hear(self.session.expired(self.now))

    def then(self, *answers: Any) -> Self:
        """This follows and nothing else; text stands for the violation that ends it all."""
        self._case.assertEqual(self.heard(), list(answers))
        return self

    def heard(self) -> list[Any]:
        """Return what follows, to be looked at."""
        said, self._said = self._said, []
        return said

    def _hear(self, answers: Iterable[Any]) -> Self:
        self._case.assertEqual(self._said, [], "this was not expected")
        self._said = carried_out(answers, ToFront)
        return self


VERSION_NAMES = tuple(VERSIONS)
