"""The promises of a channel: one connection as a service sees it, whatever carries it."""

from __future__ import annotations

from zope.interface import Attribute, Interface


class IReceiver(Interface):
    """Who is told what happens on a channel. Calls come from the reactor thread."""

    def received(data: bytes, kind: int) -> None:
        """Bytes came. From a channel with C{whole} set, one whole message of that kind; otherwise
        any cut of the stream of that kind (kind BINARY where the carrier has no kinds)."""

    def ended() -> None:
        """The peer sends no more (FIN, or a Close frame); the channel can still be written to."""

    def failed(why: Exception) -> None:
        """The peer broke a rule of the carrier (FrameViolation); nothing more is received. The
        receiver finishes the channel."""

    def lost(why: Exception | None) -> None:
        """The channel is gone, both ways; None when in good order. Called once, and last."""

    def congested() -> None:
        """More bytes than C{bound} wait to be sent; L{drained} follows."""

    def drained() -> None:
        """What waited has been sent."""


class IChannel(Interface):
    """One connection. Starts held: nothing is read before the first C{resume}."""

    receiver = Attribute("IReceiver: set by the owner before it resumes the channel")
    open = Attribute("bool: whether it can still be written to")
    peer = Attribute('str: the other end\'s address, "192.0.2.1:5000"')
    subprotocol = Attribute("str | None: what the WebSocket handshake settled on")
    messages = Attribute("bool: whether the carrier has message boundaries and kinds (ws) or not (tcp)")
    closed_with = Attribute(
        "tuple[int, str]: code and reason of the peer's Close; 1000 and none before it, or where it gave none"
    )
    whole = Attribute("bool: set by the owner before the first resume: deliver whole messages only")
    latency = Attribute(
        "float | None: seconds from the last ping to its pong; None before, or where there are no pings"
    )
    tenure = Attribute(
        "kaazing.tenure.Tenure | None: told once when the channel is gone; see kaazing.tenure.begin"
    )
    bound = Attribute("int: bytes that may wait to be sent before congested() is called")

    def send(data: bytes, kind: int) -> None:
        """Send one message of C{kind}; its boundary is lost where the carrier has none."""

    def send_all(messages: list[bytes], kind: int) -> None:
        """Send several, in one write."""

    def hold() -> None:
        """Read no more, until L{resume}."""

    def resume() -> None:
        """Read (again)."""

    def finish(code: int = 1000, reason: str = "") -> None:
        """Send no more: what waits is flushed, then FIN or a Close frame of C{code} goes out. A
        WebSocket peer's own Close is awaited for a bounded time. The second call does nothing."""

    def drop() -> None:
        """Flush what waits, then close both ways; of a WebSocket peer no more is awaited than its
        Close, for a bounded time."""

    def abort() -> None:
        """Close both ways at once; what waits is lost."""
