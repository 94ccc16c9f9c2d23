"""The promises of a protocol adapter: sans-I/O, told what happens, says what is to be done.

No reactor, clock, Deferred or socket inside. Time enters as C{now}, monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any

from zope.interface import Attribute, Interface

from kaazing.errors import Side


class Kind(IntEnum):
    """The kind of a WebSocket message (RFC 6455 section 5.6): its opcode, or AUTO outward only."""

    AUTO = 0
    """Outward: text when the bytes are valid UTF-8, binary otherwise."""
    TEXT = 1
    BINARY = 2


class Front(Enum):
    """How an adapter wants to be given what the browser sends."""

    STREAM = "stream"
    """Any cut, empty messages left out; C{kind} is that of the message the bytes came in."""
    MESSAGES = "messages"
    """Each call is one whole WebSocket message; of a carrier that has none (L{Link.messages}), any cut."""


@dataclass(frozen=True, slots=True)
class ToFront:
    """Order: send one message to the browser, of C{kind}."""

    data: bytes
    kind: Kind = Kind.AUTO


@dataclass(frozen=True, slots=True)
class ToBack:
    """Order: send bytes to the backend; C{counts} where they are a message of the client's, which waits
    for its rate like one that is passed on. What the gateway says itself waits for none."""

    data: bytes
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Order: read no more from that end until L{Resume}."""

    side: Side


@dataclass(frozen=True, slots=True)
class Resume:
    """Order: read from that end again."""

    side: Side


@dataclass(frozen=True, slots=True)
class Close:
    """Order: end the session in good order, the front with this close code; what was sent is flushed.

    The client and, with a code other than 1000 and 1001, the operator read C{reason}: no secret is in it.
    """

    code: int = 1000
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Complain:
    """Order: tell the operator, in one line of the log, C{what} is wrong though the session goes on; no
    secret is in it."""

    what: str


@dataclass(frozen=True, slots=True)
class AskLogin:
    """Question: who is the client to be at the backend? C{IAdapterSession.login} hears the answer.

    To be asked only where L{Link.injects} says that there is an answer.

    Attributes:
        username, password: what the client said in the protocol's own login; empty where it said nothing, or
            said it in a way that shows no password (SCRAM). The password may be a sealed token of ours.
    """

    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StartTls:
    """Question: may the connection to the backend be encrypted from here on (STARTTLS)?

    C{IAdapterSession.secured} is called when it is, its certificate checked; where it cannot be, the
    session is over, told as a backend that was lost.
    """


@dataclass(frozen=True, slots=True)
class Compute:
    """Question: what does C{work()} return, which takes long (a SCRAM proof)?

    It is called in another thread; C{IAdapterSession.computed} hears the result. What it raises is
    raised here: a ProtocolViolation is the violation it says, anything else a fault of ours.
    """

    work: Callable[[], Any]


Order = bytes | ToFront | ToBack | Hold | Resume | Close | Complain | AskLogin | StartTls | Compute
"""What a session may yield; plain bytes pass on to the end that did not speak.

A question (L{AskLogin}, L{StartTls}, L{Compute}) is the last order of its answer: until its own
answer is told, the session is told nothing else and neither end is read, but C{deadline} stands.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who the gateway is at a backend.

    Attributes:
        username: empty where the mechanism finds it out by itself (EXTERNAL).
        password: kept out of every repr.
        mechanism: the SASL mechanism to use, None for the best that the backend offers.
    """

    username: str
    password: str = field(default="", repr=False)
    mechanism: str | None = None


@dataclass(frozen=True, slots=True)
class NoLogin:
    """There is no login for this client; C{reason} is a sentence that the client may read."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an adapter's session is told of its connection when it is made.

    Attributes:
        peer: the client's address, "192.0.2.1:5000".
        subprotocol: what the handshake settled on, None for none (RFC 6455 section 1.9).
        messages: whether the front has message boundaries and kinds (WebSocket) or not (tcp).
        secure: whether the front is encrypted.
        encrypted: whether the back is, from its first byte on.
        options: the service's properties, read, by name; every option the adapter declares is there.
        user: who the client has proved to be, None where nobody asked.
        roles: what C{user} may be.
        claims: what else is known of C{user}, by name (see kaazing.interfaces.security.Subject).
        injects: whether L{AskLogin} has an answer: a login that takes the place of the client's.
        told: whether that answer depends on what the client says in its own login, so that it has to be asked
            for when that has come and not before.
        policy: an L{IPolicy}, None where everything is allowed.
        apart: whether each message to the backend must be yielded by itself, none joined with another,
            because they are counted (rate limits).
    """

    peer: str
    subprotocol: str | None = None
    messages: bool = True
    secure: bool = False
    encrypted: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    user: str | None = None
    roles: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    injects: bool = False
    told: bool = False
    policy: Any = None
    apart: bool = False


class ILogins(Interface):
    """Where the logins of backends are kept."""

    def login(link: Link, said: AskLogin) -> Any:
        """Return a Deferred of the L{Login}, or L{NoLogin}, for a client of this service that said that."""


class IPolicy(Interface):
    """What a client may do, by its roles; see kaazing.wire.policy for the rules.

    An operation is one that the adapter declares (L{IAdapter.operations}).
    """

    def restricts(operation: str) -> bool:
        """Return whether there may be names that this operation is not allowed for."""

    def allows(operation: str, name: str) -> bool:
        """Return whether the operation may be done to C{name}, in which no character is a wildcard."""

    def allows_all(operation: str, pattern: str) -> bool:
        """Return whether it may be done to everything that C{pattern} matches, read by the
        operation's grammar; for subscriptions with wildcards."""


class IMeter(Interface):
    """Counts what passes, and what a policy keeps back."""

    def add(side: Side, operation: str, count: int) -> None:
        """That end sent C{count} more messages of an operation ("SEND", "basic.publish") that passed, or
        tried C{count} times what its policy does not allow ("refused publish")."""


class IValidator(Interface):
    """One direction of one connection, checked as its bytes arrive.

    Sans-I/O and used from one thread: no transport, no clock, no Deferred.
    """

    def feed(data: bytes) -> Iterator[bytes]:
        """Take the next bytes; yield what may be passed on, in order.

        Args:
            data: as read, of any length; where it is cut never matters.

        Returns:
            Whole messages, wire form, framing kept; none while one is still open. Runs of whole
            messages may be one object.

        Raises:
            ProtocolViolation: while iterating, after all that came before the fault.
        """


class IAdapterSession(Interface):
    """One client's connection as its protocol sees it.

    Each call returns the orders to carry out, in order, to be iterated at once and to the end. A
    C{list} holds nothing but plain C{bytes}, so that a run of messages passes without a look at each.
    A call may raise ProtocolViolation while iterated, after all that is still to be done; the
    session has then already yielded the protocol's own error for the client, and is told nothing
    more.
    """

    deadline = Attribute(
        "monotonic seconds at which expired() wants to be called, or None; read after each call"
    )
    kind = Attribute("Kind: what plain bytes become towards the browser; read after each call")

    def opened(now: float) -> Iterable[Order]:
        """Both ends are up; called first."""

    def from_front(data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """The browser sent C{data}; see L{Front} for how it is cut."""

    def from_back(data: bytes, now: float) -> Iterable[Order]:
        """The backend sent C{data}, any cut. Each plain C{bytes} yielded is one WebSocket message
        of C{kind}, and those in a row are framed together."""

    def front_ended(now: float) -> Iterable[Order]:
        """The browser sends no more; the backend's FIN follows when the orders are done."""

    def back_ended(now: float) -> Iterable[Order]:
        """The backend sends no more, or was lost; the front's Close follows when the orders are done. Not
        called for one that is lost while a question is open."""

    def expired(now: float) -> Iterable[Order]:
        """The deadline has passed."""

    def login(answer: Login | NoLogin, now: float) -> Iterable[Order]:
        """The answer to L{AskLogin}. Plain bytes yielded here, and in the two below, go to the back."""

    def secured(now: float) -> Iterable[Order]:
        """The answer to L{StartTls}: the connection to the backend is encrypted."""

    def computed(result: Any, now: float) -> Iterable[Order]:
        """The answer to L{Compute}."""

    def report(meter: IMeter) -> None:
        """Tell the meter what has passed and what was refused since the last report. Called now and then, at
        the end too."""


class IAdapter(Interface):
    """One protocol spoken inside channels; there is one object per adapter, made when first asked for."""

    name = Attribute("str: as declared; NAME makes the service type NAME.proxy")
    front = Attribute("Front: how sessions want the browser's bytes")
    subprotocols = Attribute(
        "tuple[str, ...]: Sec-WebSocket-Protocol values it answers to (RFC 6455 section 1.9); the first"
        " of the client's offer that is in here is chosen; a client that offers none is served"
    )
    options = Attribute("tuple[Option, ...]: the service properties it reads, beside those of every proxy")
    operations = Attribute(
        "Mapping[str, Grammar]: what a <policy> may allow or deny, and how the names look that each"
        " is done to (kaazing.wire.policy); empty where the adapter asks no policy"
    )

    def check(options: Mapping[str, Any]) -> Iterable[str]:
        """Return sentences, each a fault in a service's properties, read, that looking at them one
        by one cannot see; none when all is well."""

    def session(link: Link) -> IAdapterSession:
        """Return a new session for a client that was let in."""
