# -*- test-case-name: tests.adapters.amqp.test_one_ledger -*-
"""What the two ends of an AMQP 1.0 connection have open: the connection, sessions, links, deliveries.

AMQP 1.0 sections 2.4 (connections), 2.5 (sessions), 2.6 (links).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kaazing.wire.amqp_one import FRAMING_ERROR, INVALID_FIELD, MIN_MAX_FRAME, Performative
from kaazing.wire.amqp_one_types import RESOURCE_LIMIT, Malformed

NOT_ALLOWED = "amqp:not-allowed"
"""Error condition: the peer tried to use a frame in a manner that is inconsistent (section 2.8.15)."""
UNATTACHED_HANDLE = "amqp:session:unattached-handle"
HANDLE_IN_USE = "amqp:session:handle-in-use"
"""Error conditions of sessions (section 2.8.17)."""

MAX_TAG = 32
"""Bytes of a delivery-tag (section 2.8.7)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A link that is not to be.

    Attributes:
        name: the link's.
        sends: whether the end that asked for it would have been the sender.
        reason: a sentence that the end may read.
    """

    name: str
    sends: bool
    reason: str


class LinkEnd:
    """One end's side of a link, between its attach and its detach.

    Attributes:
        sends: whether this end is the sender.
        delivery: id of the delivery whose last transfer has not come yet, None between deliveries.
        refused: whether the other end was never told of it.
    """

    __slots__ = ("delivery", "refused", "sends")

    def __init__(self, sends: bool) -> None:
        self.sends = sends
        self.delivery: int | None = None
        self.refused = False


class SessionEnd:
    """One end's side of a session, between its begin and the end of both.

    Attributes:
        channel: that it sends on.
        peer: the other end's side, None until its begin.
        ended: whether it has sent end.
        handle_max: the highest handle that it lets the other end use.
        links: handle -> what it has attached with it.
        waiting: what the other end is to be told when it has begun, at most one for each handle.
    """

    __slots__ = ("channel", "ended", "handle_max", "links", "peer", "waiting")

    def __init__(self, channel: int, handle_max: int) -> None:
        self.channel, self.handle_max = channel, handle_max
        self.peer: SessionEnd | None = None
        self.ended = False
        self.links: dict[int, LinkEnd] = {}
        self.waiting: list[Refusal] = []


class End:
    """One end of a connection: what it has said, checked against what both have said before.

    Attributes:
        peer: the other end; to be set.
        opened: whether it has sent open.
        closed: whether it has sent close.
        max_frame: bytes, the longest frame that it takes; 512 until its open.
        channel_max: the highest channel number that it lets the other end use.
        sessions: channel -> what it has begun there.
        attached: how many links it has in all of them.
        counts: name of a performative -> how many it has sent since somebody asked.
    """

    __slots__ = (
        "_rules",
        "attached",
        "channel_max",
        "closed",
        "counts",
        "max_channel",
        "max_frame",
        "max_handle",
        "opened",
        "peer",
        "sessions",
    )

    peer: End

    def __init__(self, max_channel: int, max_handle: int) -> None:
        """Make it with the highest channel and handle, whatever the other end would allow."""
        self.max_channel, self.max_handle = max_channel, max_handle
        self.opened = self.closed = False
        self.max_frame = MIN_MAX_FRAME
        self.channel_max = max_channel
        self.sessions: dict[int, SessionEnd] = {}
        self.attached = 0
        self.counts: dict[str, int] = {}
        self._rules: dict[str, Callable[[SessionEnd, Performative], LinkEnd | None]] = {
            "attach": self._attach,
            "flow": self._flow,
            "transfer": self._transfer,
            "disposition": self._disposition,
            "detach": self._detach,
        }

    def count(self, operation: str) -> None:
        """Count a frame that this end has sent."""
        self.counts[operation] = self.counts.get(operation, 0) + 1

    def admit(self, what: Performative) -> LinkEnd | None:
        """Take note of a performative that this end sends.

        Returns:
            The link it is about, None for those about none; that of detach is gone already.

        Raises:
            Malformed: it may not come now, or not so.
        """
        name = what.name
        if self.closed:
            raise _fault(f"{name} behind close", "section 2.7.9")
        if name == "open":
            self._open(what)
            return None
        if not self.opened:
            raise _fault(f"{name} before open", "section 2.4.1")
        if what.channel > self.peer.channel_max:
            text = f"a channel above {self.peer.channel_max}"
            raise _fault(text, "section 2.7.1", FRAMING_ERROR)
        if name == "close":
            self.closed = True
        elif name == "begin":
            self._begin(what)
        else:
            session = self.session(what)
            if name != "end":
                return self._rules[name](session, what)
            self._end(session)
        return None

    def beat(self) -> None:
        """Take note of a heart-beat.

        Raises:
            Malformed: it comes before open or behind close.
        """
        if self.closed or not self.opened:
            raise _fault("a heart-beat on a connection that is not open", "section 2.4.5")

    def session(self, what: Performative) -> SessionEnd:
        """Return the session on whose channel a performative comes.

        Raises:
            Malformed: this end has none there.
        """
        session = self.sessions.get(what.channel)
        if session is None or session.ended:
            raise _fault(f"{what.name} on a channel without session", "section 2.5.1")
        return session

    def _open(self, what: Performative) -> None:
        if self.opened:
            raise _fault("open twice", "section 2.4.1")
        if what.channel:
            raise _fault("open on another channel than 0", "section 2.4.1")
        self.max_frame = what.number("max-frame-size", 0xFFFFFFFF)
        if self.max_frame < MIN_MAX_FRAME:
            raise _fault(f"a max-frame-size below {MIN_MAX_FRAME}", "section 2.7.1", INVALID_FIELD)
        self.channel_max = min(what.number("channel-max", 0xFFFF), self.max_channel)
        self.opened = True

    def _begin(self, what: Performative) -> None:
        if what.channel in self.sessions:
            raise _fault("begin on a channel that has a session", "section 2.5.1")
        handle_max = min(what.number("handle-max", 0xFFFFFFFF), self.max_handle)
        session = SessionEnd(what.channel, handle_max)
        remote = what.get("remote-channel")
        if remote is not None:
            session.peer = self.peer.sessions.get(int(remote))
            if session.peer is None or session.peer.peer is not None:
                text = "begin in answer to a channel on which no session awaits one"
                raise _fault(text, "section 2.5.1")
            session.peer.peer = session
        self.sessions[what.channel] = session

    def _end(self, session: SessionEnd) -> None:
        session.ended = True
        self.attached -= len(session.links)
        session.links.clear()
        session.waiting.clear()
        peer = session.peer
        if peer is not None and peer.ended:
            del self.sessions[session.channel], self.peer.sessions[peer.channel]

    def _attach(self, session: SessionEnd, what: Performative) -> LinkEnd:
        handle = what.number("handle", 0)
        if handle in session.links:
            raise _fault("attach with a handle in use", "section 2.6.3", HANDLE_IN_USE)
        highest = self.max_handle if session.peer is None else session.peer.handle_max
        if handle > highest:
            raise _fault(f"a handle above {highest}", "section 2.7.2", FRAMING_ERROR)
        if self.attached > self.max_handle:
            text = f"more than {self.max_handle + 1} links"
            raise _fault(text, "section 2.6.3", RESOURCE_LIMIT)
        self.attached += 1
        link = session.links[handle] = LinkEnd(not what.get("role"))
        return link

    def _link(self, session: SessionEnd, what: Performative) -> LinkEnd:
        link = session.links.get(what.number("handle", 0))
        if link is None:
            text = f"{what.name} with a handle that is not attached"
            raise _fault(text, "section 2.6.2", UNATTACHED_HANDLE)
        return link

    def _flow(self, session: SessionEnd, what: Performative) -> LinkEnd | None:
        if what.start("handle") is not None:
            return self._link(session, what)
        for name in ("delivery-count", "link-credit", "available"):
            if what.start(name) is not None:
                raise _fault(f"flow with {name} but no handle", "section 2.7.4", INVALID_FIELD)
        return None

    def _transfer(self, session: SessionEnd, what: Performative) -> LinkEnd:
        link = self._link(session, what)
        if not link.sends:
            raise _fault("transfer from the receiver of the link", "section 2.6.12")
        if link.refused:
            text = "transfer without credit, on a link that was refused"
            raise _fault(text, "section 2.6.7", "amqp:link:transfer-limit-exceeded")
        delivery = what.get("delivery-id")
        if link.delivery is None:
            tag = what.get("delivery-tag")
            if delivery is None or tag is None:
                text = "the first transfer of a delivery without delivery-id and delivery-tag"
                raise _fault(text, "section 2.7.5", INVALID_FIELD)
            if isinstance(tag, bytes) and len(tag) > MAX_TAG:
                text = f"a delivery-tag of more than {MAX_TAG} bytes"
                raise _fault(text, "section 2.8.7", INVALID_FIELD)
        elif delivery is not None and delivery != link.delivery:
            text = "a delivery begins before the last one of its link has ended"
            raise _fault(text, "section 2.7.5")
        going_on = what.get("more") and not what.get("aborted")
        if link.delivery is None:
            link.delivery = int(delivery) if going_on and delivery is not None else None
        elif not going_on:
            link.delivery = None
        return link

    def _disposition(self, session: SessionEnd, what: Performative) -> None:
        """Which deliveries are settled is between the ends."""

    def _detach(self, session: SessionEnd, what: Performative) -> LinkEnd:
        link = self._link(session, what)
        del session.links[what.number("handle", 0)]
        self.attached -= 1
        return link


def _fault(text: str, rule: str, condition: str = NOT_ALLOWED) -> Malformed:
    return Malformed(text, 0, rule, condition)


def pair(max_channel: int, max_handle: int) -> tuple[End, End]:
    """Return the two ends of a connection, client and backend, each with the other as its peer."""
    front, back = End(max_channel, max_handle), End(max_channel, max_handle)
    front.peer, back.peer = back, front
    return front, back
