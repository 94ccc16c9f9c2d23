"""The promises of feeds: one event, told to many channels, encoded once for all that look alike."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from zope.interface import Attribute, Interface


@dataclass(frozen=True, slots=True)
class Event:
    """What a feed tells its receivers.

    Attributes:
        data: the payload.
        kind: 1 text, 2 binary, 0 text where it is valid UTF-8 (L{Kind}).
        id: of an event stream, C{epoch-offset}; empty for none.
        name: of an event stream's C{event} field; empty for none.
        key: of what it is about: where a receiver is slow, a later event replaces an earlier one of
            the same key; None for nothing.
        at: when it came, monotonic seconds.
        until: when it means nothing any more, likewise; one that waits for longer is dropped.
    """

    data: bytes
    kind: int = 0
    id: str = ""
    name: str = ""
    key: bytes | None = None
    at: float = 0.0
    until: float = math.inf

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return len(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """What is done with events that a receiver does not take as fast as they come.

    Attributes:
        kind: "drop-oldest"; "conflate": a later event of the same key takes the place of an earlier
            one that waits, at the end, so that ids stay in order, and otherwise as drop-oldest; or
            "disconnect": the receiver is finished with 1008.
        bytes: that may wait for one receiver, L{COST} for each event counted. Those on
            their way to it, at most as many again and 64 KiB, are not; nor is what it missed.
        age: seconds that an event may wait; looked at twice a second; 0 for any time.
        coalesce: seconds between two writes at least; events that come in between share the next one.
            0: each event is a write of its own.
    """

    kind: str = "drop-oldest"
    bytes: int = 1024 * 1024
    age: float = 0.0
    coalesce: float = 0.001


COST = 100
"""Bytes that an event counts for, besides its payload, where it waits."""


@dataclass(slots=True)
class Counts:
    """What became of the events of an audience, one for each receiver.

    Attributes:
        delivered: handed to the kernel or to a receiver's transport.
        dropped: for waiting too long or being too many; those of a receiver that was disconnected too.
        conflated: replaced by a later event of the same key.
        disconnected: receivers finished for being slow.
    """

    delivered: int = 0
    dropped: int = 0
    conflated: int = 0
    disconnected: int = 0

    def add(self, more: Any) -> None:
        """Add what became of other events; C{more} has the attributes of this class."""
        self.delivered += more.delivered
        self.dropped += more.dropped
        self.conflated += more.conflated
        self.disconnected += more.disconnected


class IRendered(Interface):
    """An event that does not look the same to all."""

    kind = Attribute("int: as of L{Event}")
    key = Attribute("bytes | None: likewise")
    until = Attribute("float: likewise")
    size = Attribute("int: bytes that it takes while it waits, about")

    def render(look: Hashable) -> tuple[bytes, tuple[int, ...]]:
        """Return the payload for receivers of one look, and the offsets in it, which do not fall, at which
        each receiver's own bytes are put in. Made once for each look."""


class ISeat(Interface):
    """One receiver's place in an audience, from L{IAudience.seat}; who owns the channel's receiver tells it
    what the channel says, since a channel may have places in several audiences."""

    slow = Attribute("bool: whether events wait for it")

    def leave() -> None:
        """Tell the channel no more, from this call on; what waits for it is lost."""

    def congested() -> None:
        """As L{kaazing.interfaces.channels.IReceiver}; every place of the channel is told."""

    def drained() -> None:
        """Likewise."""

    def lost() -> None:
        """The channel is gone."""


class IForm(Interface):
    """How events look on the wire of one sort of channel; hashable, equal where the bytes are equal."""

    def encode(events: Sequence[Event]) -> bytes:
        """Return the bytes of events, in order, for every channel of this form."""


class ISpreadable(Interface):
    """A channel that can be told what has been encoded for others too."""

    form = Attribute(
        "IForm | None: never another; None where the channel's bytes are its own: send_all() is used"
    )

    def descriptor() -> int:
        """Return the file descriptor to which encoded bytes may be written at once: open, plain TCP,
        and nothing waits to be sent; -1 otherwise. Good until the reactor's thread does anything else."""

    def put(data: bytes) -> None:
        """Write encoded bytes; nothing happens once the channel is not open. What the peer does not
        take is buffered, and the receiver's congested() called, however little it is; drained()
        follows."""


class IAudience(Interface):
    """All receivers of one feed. It has the attributes of L{Counts} too."""

    receivers = Attribute("int: how many there are")

    def join(channel: Any, missed: Sequence[Event] = ()) -> None:
        """Tell a channel C{missed} first, and from now on every event, until it is gone or L{leave}.

        The channel's receiver is set before: the audience puts itself in front of it, and calls it as
        the channel would. A channel that is not open, or has joined already, is left as it is.

        Args:
            missed: events before any that is published from now on; not subject to the policy's bytes.
        """

    def seat(
        channel: Any, look: Hashable, own: bytes, missed: Sequence[Any] = (), congested: bool = False
    ) -> ISeat:
        """As L{join}, for events that are L{IRendered}: the channel is told what they look like to C{look},
        its own bytes put in. Its receiver stays as it is, and what becomes of the channel is the caller's to
        tell (L{ISeat}). All receivers of one form, one look and equally long own bytes are written to in one
        C loop. A channel may have any number of seats; of one that is not open, nothing comes of it.

        Args:
            congested: whether the channel is, at the moment.
        """

    def leave(channel: Any) -> None:
        """Tell a channel no more; what waits for it is lost. Nothing happens when it is not there."""

    def publish(event: Event | IRendered) -> None:
        """Tell everybody."""

    def close(code: int, reason: str) -> None:
        """Finish all channels, those that are slow when they have taken what waits, or five seconds later;
        drop, then abort those that take nothing."""
