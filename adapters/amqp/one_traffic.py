# -*- test-case-name: tests.adapters.amqp.test_one_traffic -*-
"""Frames of an open AMQP 1.0 connection: checked, brought within the limits, refused by policy.

AMQP 1.0 sections 2.3 to 2.7.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from kaazing.adapters.amqp import one_words as words
from kaazing.adapters.amqp.one_ledger import End, LinkEnd, Refusal, SessionEnd, pair
from kaazing.adapters.amqp.one_permits import Permits
from kaazing.errors import Side
from kaazing.interfaces.adapters import IMeter, Kind, Link, Order, ToFront
from kaazing.wire.amqp_one import FRAMING_ERROR, MIN_MAX_FRAME, Frames, Performative, frame, parse
from kaazing.wire.amqp_one_tables import ATTACH, BEGIN, FLOW
from kaazing.wire.amqp_one_types import RESOURCE_LIMIT, Checker, Malformed, described, string, uint, ushort

MAX_WAITING = 256
"""Links of a connection that may be refused before the backend has begun its side of the session."""
MAX_WAITING_FRAME = 4096
"""Bytes of the attach of such a link."""


class Traffic:
    """What passes between two ends when logins are done.

    Attributes:
        frames: side -> its stream.
        ends: side -> what it has said.
        checker: keeps the limits on values.
    """

    def __init__(self, link: Link, count_refusal: Callable[[str], None]) -> None:
        """Begin; C{count_refusal} takes note of an operation that the client may not do."""
        options = link.options
        self._virtual_host = _hostname(link.options)
        self._max_frame: int = options["amqp.maximum.frame.size"]
        self._max_channel: int = options["amqp.maximum.channels"]
        self._max_handle: int = options["amqp.maximum.links"] - 1
        self._permits = Permits(link.policy) if link.policy is not None else None
        if self._permits is not None and not self._permits.needed:
            self._permits = None
        self._count_refusal = count_refusal
        self._waiting = 0  # refusals that have had to wait for a begin, in all
        self._refused = False  # whether any link has been; its frames must not pass
        opening = min(options["amqp.maximum.opening.frame.size"], self._max_frame)
        self.checker = Checker(options["amqp.maximum.depth"], options["amqp.maximum.entries"])
        self.frames = {side: Frames(opening) for side in Side}
        self._front, self._back = pair(self._max_channel, self._max_handle)
        self.ends = {Side.FRONT: self._front, Side.BACK: self._back}

    def report(self, meter: IMeter) -> None:
        """Tell what has been counted since the last report."""
        for side, end in self.ends.items():
            for operation, count in end.counts.items():
                meter.add(side, operation, count)
            end.counts.clear()

    def front(self, wire: bytes, orders: list[Order]) -> None:
        """Take a frame of the client; put what follows into C{orders}.

        Raises:
            Malformed: it is none, or may not come now.
        """
        what, link = self._admitted(wire, self._front)
        if what is None or (what.descriptor > ATTACH and not self._refused):
            orders.append(wire)
        elif link is not None:
            self._look(wire, what, link, orders)
        elif what.name == "open":
            orders.append(self._opening(wire, what, Side.FRONT))
        else:
            orders.append(self._beginning(wire, what) if what.name == "begin" else wire)

    def back(self, wire: bytes, orders: list[Order]) -> None:
        """Take a frame of the backend; put what follows into C{orders}.

        Raises:
            Malformed: it is none, or may not come now.
        """
        what, _ = self._admitted(wire, self._back)
        if what is None or what.descriptor > BEGIN:
            orders.append(wire)
        elif what.name == "open":
            orders.append(self._opening(wire, what, Side.BACK))
        else:
            orders.append(self._beginning(wire, what))
            session = self._back.session(what)
            if session.peer is not None:
                for refused in session.peer.waiting:
                    orders.extend(self._refusal(session, refused))
                session.peer.waiting.clear()

    def _admitted(self, wire: bytes, end: End) -> tuple[Performative | None, LinkEnd | None]:
        """Return what a frame carries, None for a heart-beat, and the link it is about, when the end may
        send it."""
        what = parse(wire, self.checker)
        name = "heart-beat" if what is None else what.name
        if len(wire) > MIN_MAX_FRAME and not end.peer.opened and name != "open":
            text = f"{name} of more than {MIN_MAX_FRAME} bytes before the other end's open"
            raise Malformed(text, 0, "section 2.4.1", FRAMING_ERROR)
        link = None
        if what is None:
            end.beat()
        else:
            link = end.admit(what)
        end.count(name)
        return what, link

    def _look(self, wire: bytes, what: Performative, link: LinkEnd, orders: list[Order]) -> None:
        """Say what follows from a frame of the client that is about a link."""
        if what.name == "attach":
            self._attach(wire, what, link, orders)
        elif not link.refused:
            orders.append(wire)
        elif what.name == "flow":
            orders.append(_of_session(what))

    def _opening(self, wire: bytes, what: Performative, side: Side) -> bytes:
        """Return an open with no more than our limits and, of the client, the configured host name."""
        values: dict[str, bytes] = {}
        if what.number("max-frame-size", 0xFFFFFFFF) > self._max_frame:
            values["max-frame-size"] = uint(self._max_frame)
        if what.number("channel-max", 0xFFFF) > self._max_channel:
            values["channel-max"] = ushort(self._max_channel)
        if side is Side.FRONT and self._virtual_host is not None:
            values["hostname"] = string(self._virtual_host)
        end = self.ends[side]
        other = Side.BACK if side is Side.FRONT else Side.FRONT
        self.frames[other].limit = min(self._max_frame, end.max_frame)
        return frame(what.replaced(values)) if values else wire

    def _beginning(self, wire: bytes, what: Performative) -> bytes:
        if what.number("handle-max", 0xFFFFFFFF) <= self._max_handle:
            return wire
        return frame(what.replaced({"handle-max": uint(self._max_handle)}), what.channel)

    def _attach(self, wire: bytes, what: Performative, link: LinkEnd, orders: list[Order]) -> None:
        refusal = None if self._permits is None else self._permits.refuses(what)
        if refusal is None:
            orders.append(wire)
            return
        operation, reason = refusal
        self._count_refusal(operation)
        self._refused = link.refused = True
        refused = Refusal(str(what.get("name")), link.sends, reason)
        session = self._front.session(what)
        if session.peer is not None:
            orders.extend(told(each) for each in self._refusal(session.peer, refused))
        elif self._waiting < MAX_WAITING and len(wire) <= MAX_WAITING_FRAME:
            self._waiting += 1
            session.waiting.append(refused)
        else:
            what_is = f"{MAX_WAITING} links, or one of {MAX_WAITING_FRAME} bytes,"
            text = f"more than {what_is} refused before the backend's begin"
            raise Malformed(text, 0, "section 2.6.3", RESOURCE_LIMIT)

    def _refusal(self, session: SessionEnd, refused: Refusal) -> tuple[bytes, bytes]:
        """Return the frames that refuse a link on a session of the backend."""
        highest = self._max_handle if session.peer is None else session.peer.handle_max
        for handle in range(highest + 1):
            if handle not in session.links:
                return words.refusal(refused, session.channel, handle)
        raise Malformed("no handle is left to refuse a link with", 0, "section 2.6.3", RESOURCE_LIMIT)


def told(data: bytes) -> ToFront:
    """Return the order to tell the client something."""
    return ToFront(data, Kind.BINARY)


def _of_session(flow: Performative) -> bytes:
    """Return what a flow says of its session, without the link, of which the backend knows nothing."""
    bounds = [*flow.starts[:5], flow.stop]
    return frame(described(FLOW, [flow.data[at:end] for at, end in pairwise(bounds[:5])]), flow.channel)


def _hostname(options: Any) -> str | None:
    """Return what stands as hostname in the open that the backend gets; None for the client's own."""
    if options["amqp.hostname"] is not None:
        return str(options["amqp.hostname"])
    return None if options["virtual.host"] is None else f"vhost:{options['virtual.host']}"
