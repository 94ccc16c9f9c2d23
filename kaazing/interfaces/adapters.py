"""The promises of a protocol adapter: sans-I/O, told what happens, says what is to be done.

No reactor, clock, Deferred or socket inside. Time enters as C{now}, monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    """Each call is one whole WebSocket message."""


@dataclass(frozen=True, slots=True)
class ToFront:
    """Order: send one message to the browser, of C{kind}."""

    data: bytes
    kind: Kind = Kind.AUTO


@dataclass(frozen=True, slots=True)
class ToBack:
    """Order: send bytes to the backend."""

    data: bytes


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
    """Order: end the session in good order, the front with this close code; what was sent is flushed."""

    code: int = 1000
    reason: str = ""


Order = bytes | ToFront | ToBack | Hold | Resume | Close
"""What a session may yield; plain bytes pass on to the end that did not speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an adapter's session is told of its connection when it is made.

    Attributes:
        peer: the client's address, "192.0.2.1:5000".
        subprotocol: what the handshake settled on, None for none (RFC 6455 section 1.9).
        options: the service's properties, read, by name; every option the adapter declares is there.
        user: who the client has proved to be, None where nobody asked.
        roles: what C{user} may be.
    """

    peer: str
    subprotocol: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    user: str | None = None
    roles: frozenset[str] = frozenset()


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

    def opened(now: float) -> Iterable[Order]:
        """Both ends are up; called first."""

    def from_front(data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """The browser sent C{data}; see L{Front} for how it is cut."""

    def from_back(data: bytes, now: float) -> Iterable[Order]:
        """The backend sent C{data}, any cut. Each plain C{bytes} yielded is one WebSocket message
        of kind AUTO, and those in a row are framed together."""

    def front_ended(now: float) -> Iterable[Order]:
        """The browser sends no more; the backend's FIN follows when the orders are done."""

    def back_ended(now: float) -> Iterable[Order]:
        """The backend sends no more; the front's Close follows when the orders are done."""

    def expired(now: float) -> Iterable[Order]:
        """The deadline has passed."""


class IAdapter(Interface):
    """One protocol spoken inside channels; there is one object per adapter, made when first asked for."""

    name = Attribute("str: as declared; NAME makes the service type NAME.proxy")
    front = Attribute("Front: how sessions want the browser's bytes")
    subprotocols = Attribute(
        "tuple[str, ...]: Sec-WebSocket-Protocol values it answers to (RFC 6455 section 1.9); the first"
        " of the client's offer that is in here is chosen; a client that offers none is served"
    )
    options = Attribute("tuple[Option, ...]: the service properties it reads, beside those of every proxy")

    def check(options: Mapping[str, Any]) -> Iterable[str]:
        """Return sentences, each a fault in a service's properties, read, that looking at them one
        by one cannot see; none when all is well."""

    def session(link: Link) -> IAdapterSession:
        """Return a new session for a client that was let in."""
