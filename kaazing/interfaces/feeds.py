"""The promises of feeds: one event, told to many channels, encoded once for all that look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """

    data: bytes
    kind: int = 0
    id: str = ""
    name: str = ""
    key: bytes | None = None
    at: float = 0.0


class IForm(Interface):
    """How events look on the wire of one sort of channel; hashable, equal where the bytes are equal."""

    def encode(events: Sequence[Event]) -> bytes:
        """Return the bytes of events, in order, for every channel of this form."""


class ISpreadable(Interface):
    """A channel that can be told what has been encoded for others too."""

    form = Attribute("IForm | None: None where the channel's bytes are its own; then send_all() is used")

    def descriptor() -> int:
        """Return the file descriptor to which encoded bytes may be written at once: open, plain TCP,
        and nothing waits to be sent; -1 otherwise."""

    def put(data: bytes) -> None:
        """Write encoded bytes; what the peer does not take is buffered."""

    def unsent() -> int:
        """Return how many bytes wait in this process to be sent."""


class IAudience(Interface):
    """All receivers of one feed."""

    def join(channel: object, missed: Sequence[Event] = ()) -> None:
        """Tell a channel C{missed} first, and from now on every event, until it is gone or L{leave}."""

    def leave(channel: object) -> None:
        """Tell a channel no more."""

    def publish(event: Event) -> None:
        """Tell everybody."""

    def close(code: int, reason: str) -> None:
        """Finish all channels, what waits is flushed."""
