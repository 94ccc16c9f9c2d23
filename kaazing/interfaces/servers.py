"""The promises of a protocol that the gateway is itself the server of, in front of a broker: sans-I/O.

A session is told what the client sent and yields orders (L{ToFront}, L{Hold}, L{Resume}, L{Close},
L{Complain} of kaazing.interfaces.adapters) and requests (below). A request is answered by
L{IServerSession.done} or L{IServerSession.refused}, in any order, at any time later; a request whose answer
nobody waits for has C{receipt} None and need not be answered by C{done}.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zope.interface import Attribute, Interface

from kaazing.interfaces.adapters import Close, Complain, Hold, Kind, Link, Resume, ToFront
from kaazing.interfaces.brokers import Destination, Message, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Question: may the client come in? Until L{IServerSession.welcome} or C{refused}, nothing else is asked,
    and the front is not read.

    Attributes:
        username, password: empty where none were given.
        client_id: of durable subscriptions (JMS 2.0 section 6.1.2); empty for none.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send a message.

    Attributes:
        message: its destination and its reply_to may be temporary ones, named as the client names its own.
        receipt: None where the client wants none.
    """

    message: Message
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Begin a subscription.

    Attributes:
        id: the session's name of it, hashable, unique among those that are open.
        destination: as the client named it; a temporary one may be new.
        selector: text, not looked at; empty for none.
        durable: the client's name of a durable subscription; empty for none.
        acknowledges: whether the client says what became of each delivery; otherwise a delivery is accepted
            when it was sent.
        prefetch: deliveries that may be out and not settled; None where the client said nothing, 0 for any
            number.
        receipt: None where the client wants none.
    """

    id: Hashable
    destination: Destination
    selector: str = ""
    durable: str = ""
    acknowledges: bool = False
    prefetch: int | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """End a subscription; what was delivered on it and is not settled goes back.

    Attributes:
        id: of an open one; None for a durable one that is not open, of the name C{durable}.
        durable: the durable subscription of that name ends for good; empty to keep it.
        destination: where C{id} is None and the client named one.
    """

    id: Hashable | None
    durable: str = ""
    destination: Destination | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """The client says what became of deliveries of a subscription.

    Attributes:
        tags: as given to L{IServerSession.deliver}, in that order.
    """

    id: Hashable
    tags: Sequence[Hashable]
    outcome: Outcome
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """End a transaction: all of it is to be done, or nothing.

    Attributes:
        sends: messages, in order.
        settles: L{Settle}s, in order, none with a receipt; those with RELEASED or REJECTED are done when the
            rest was.
    """

    sends: Sequence[Message] = ()
    settles: Sequence[Settle] = ()
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye:
    """The client leaves in good order: when all its requests so far are answered, C{done} is called for this
    one; the session then closes the front."""

    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """To be counted, and nothing else: the policy keeps something of the client's back.

    Attributes:
        operation: of the policy, "send".
    """

    operation: str
    receipt: None = None


Request = Connect | Send | Subscribe | Unsubscribe | Settle | Commit | Goodbye | Withheld
Answer = ToFront | Hold | Resume | Close | Complain | Request


class IServerSession(Interface):
    """One client's connection, as its protocol sees it.

    What a call returns is to be iterated at once and to the end. A call may raise ProtocolViolation while
    iterated, after all that is still to be done; the protocol's own error for the client was then yielded
    already, and the session is told nothing more.
    """

    deadline = Attribute(
        "monotonic seconds at which expired() wants to be called, or None; read after each call"
    )

    def opened(now: float) -> Iterable[Answer]:
        """The client is there; called first."""

    def from_front(data: bytes, kind: Kind, now: float) -> Iterable[Answer]:
        """The client sent C{data}, any cut."""

    def front_ended(now: float) -> Iterable[Answer]:
        """The client sends no more."""

    def expired(now: float) -> Iterable[Answer]:
        """The deadline has passed."""

    def held(yes: bool, now: float) -> None:
        """The front is not read from now on, by no order of the session's (what the client sends, or is
        sent, finds no room), or it is read again: the silence in between is not the client's."""

    def welcome(now: float, *, user: str = "", server: str = "", policy: Any = None) -> Iterable[Answer]:
        """The answer to L{Connect}: come in. What the client had sent behind it goes on.

        Args:
            user: who the client is, where that is known.
            server: what the gateway calls itself, "Kaazing-Gateway/1.0".
            policy: an L{IPolicy} in the place of the link's, where only the login has said what the client
                may do; None to keep that one.
        """

    def done(request: Request, now: float) -> Iterable[Answer]:
        """A request was done."""

    def refused(request: Request, why: str, now: float) -> Iterable[Answer]:
        """A request was not done; C{why} is a sentence that the client may read. It may end the session: see
        the protocol. A refused Subscribe is not open any more."""

    def failed(id: Hashable, why: str, now: float) -> Iterable[Answer]:
        """A subscription that was open has ended by itself (the broker took it away)."""

    def deliver(id: Hashable, message: Message, tag: Hashable) -> ToFront:
        """Return the order that tells the client a message of a subscription; one that the client settles is
        remembered by its tag."""

    def look(id: Hashable) -> tuple[Hashable, bytes]:
        """Return how messages of a subscription that settles nothing look: for L{IServerProtocol.render}, and
        the receiver's own bytes for the holes in it."""

    def unsettled(id: Hashable) -> int:
        """Return how many deliveries of a subscription the client has not settled."""

    def discard(id: Hashable) -> None:
        """Forget the deliveries of a subscription that the client has not settled (its broker connection was
        lost: they come again); what the client says of them later is passed over in silence."""


class IServerProtocol(Interface):
    """One such protocol, a plugin; there is one object, made when first asked for."""

    name = Attribute('str: as declared, e.g. "stompjms"')
    subprotocols = Attribute("tuple[str, ...]: as IAdapter.subprotocols")
    options = Attribute("tuple[Option, ...]: the service properties that it reads")
    operations = Attribute(
        'Mapping[str, Grammar]: as IAdapter.operations: "send" and "subscribe", of destinations'
    )

    def check(options: Mapping[str, Any]) -> Iterable[str]:
        """As L{kaazing.interfaces.adapters.IAdapter.check}."""

    def session(link: Link) -> IServerSession:
        """Return a new session for a client that was let in; C{link.policy} has been put before nothing: the
        session asks it itself."""

    def render(message: Message, look: Hashable) -> tuple[bytes, tuple[int, ...]]:
        """Return a message for every receiver of one look: the bytes without what is the receiver's own, and
        where in them that is to be put in, offsets that do not fall."""


class IClient(Interface):
    """A service's side of one client of such a protocol."""

    def asked(request: Request) -> None:
        """The client wants something. Called while the session speaks: what is answered at once is told the
        session when it has finished."""

    def congested() -> None:
        """More waits to be sent to the client than its channel's bound."""

    def drained() -> None:
        """What waited has been sent."""

    def gone() -> None:
        """The client is gone, or on its way out: it hears nothing more. Called once, and last."""


class IServing(Interface):
    """One client and its session, whose orders are carried out; from C{IHouse.serve}. Once L{IClient.gone}
    was called, nothing happens any more."""

    channel = Attribute("IChannel: the client's; others may send to it, never finish or hold it")
    session = Attribute("IServerSession: for C{look}, C{unsettled} and C{discard}")
    slow = Attribute("bool: whether L{IClient.congested} was called last, and not L{IClient.drained}")
    user = Attribute("str: who the client is, for the log; empty at first")

    def start() -> None:
        """Begin: the client is heard."""

    def welcome(**more: Any) -> None:
        """As L{IServerSession.welcome}."""

    def done(request: Request) -> None:
        """As L{IServerSession.done}."""

    def refused(request: Request, why: str) -> None:
        """As L{IServerSession.refused}."""

    def fail(id: Hashable, why: str) -> None:
        """As L{IServerSession.failed}."""

    def deliver(id: Hashable, message: Message, tag: Hashable) -> None:
        """Send the client a message of an open subscription (L{IServerSession.deliver}); to be called by
        L{soon}, since the session must not be speaking."""

    def soon(call: Callable[..., None], *more: Any) -> None:
        """Call C{call(*more)} now, or as soon as the session does not speak, in order with what it is
        told."""

    def hold(yes: bool) -> None:
        """Read no more from the client, or read again."""

    def complain(why: Exception) -> None:
        """Write one line to the log: the service, the client, what was wrong."""

    def close(code: int, reason: str) -> None:
        """Say goodbye: what was sent is flushed, then the channel is finished."""
