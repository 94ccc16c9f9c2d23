# -*- test-case-name: tests.services.jms.test_circles -*-
"""Who listens to a topic: clients who want the same are a circle, which is told by one feed of the broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from kaazing.interfaces.brokers import Destination, Message
from kaazing.interfaces.feeds import Counts, IAudience
from kaazing.services.jms.bulletins import Bulletin
from kaazing.wire.selectors import Selector

if TYPE_CHECKING:
    from kaazing.services.jms.feeds import Feed

_log = Logger(namespace="kaazing.jms")


class TopicSubscription:
    """One client's place in a circle; from L{kaazing.services.jms.topics.Topics.subscribe}.

    Attributes:
        circle: where it is; None once it has ended.
        listener: who is told.
        opened: whether it has heard that the broker has the subscription.
    """

    __slots__ = ("_seat", "_waiting", "circle", "listener", "opened")

    def __init__(self, circle: Circle, listener: Any, missed: list[Bulletin], congested: bool) -> None:
        self.circle: Circle | None = circle
        self.listener = listener
        self.opened = False
        self._seat: Any = None
        self._waiting: list[Bulletin] | None = None  # for one that acknowledges, until it may be called
        if listener.channel is None:
            self._waiting = missed
        else:
            look, own = listener.look()
            self._seat = circle.audience.seat(listener.channel, look, own, missed, congested)

    @property
    def acknowledges(self) -> bool:
        """Whether it is told message by message."""
        return self._seat is None

    # What its client says

    def leave(self) -> None:
        """The listener wants no more, from this call on; nothing happens when it has left."""
        if self._end() and self._seat is not None:
            self._seat.leave()

    def lost(self) -> None:
        """The listener's channel is gone."""
        if self._end() and self._seat is not None:
            self._seat.lost()

    def congested(self) -> None:
        """The listener's channel is congested; what comes waits, as the topic's settings have it."""
        if self._seat is not None and self.circle is not None:
            self._seat.congested()

    def drained(self) -> None:
        """The listener's channel has room again."""
        if self._seat is not None and self.circle is not None:
            self._seat.drained()

    def _end(self) -> bool:
        circle, self.circle = self.circle, None
        if circle is not None:
            circle.leave(self)
        return circle is not None

    # What its circle says

    def tell(self, bulletin: Bulletin) -> None:
        """Tell a listener that acknowledges one message, behind those before it."""
        if self._waiting is not None:
            self._waiting.append(bulletin)
        elif self.circle is not None:
            self.circle.delivered += 1
            _call(self.listener.delivered, bulletin.message)

    def begin(self) -> None:
        """The listener may be called from now on."""
        waiting, self._waiting = self._waiting or (), None
        for bulletin in waiting:
            self.tell(bulletin)
        if self.circle is not None and self.circle.feed.ready_once and not self.opened:
            self.ready()

    def ready(self) -> None:
        """The feed is there."""
        self.opened = True
        if self.circle is not None:
            _call(self.listener.ready)

    def refused(self, why: str) -> None:
        """There is no feed."""
        if self._end():
            if self._seat is not None:
                self._seat.leave()
            _call(self.listener.refused, why)


class Circle:
    """Those who want the same.

    Attributes:
        destination: the topics, a name or a pattern.
        wish: what messages of these, as the members said it.
        feed: tells it.
        audience: members that acknowledge nothing.
        members: all.
        acknowledging: the others.
        delivered: messages, once for each of these.
    """

    __slots__ = (
        "_emptied", "_selector", "acknowledging", "audience", "delivered", "destination", "feed", "members",
        "wish",
    )  # fmt: skip

    def __init__(
        self,
        destination: Destination,
        wish: Selector | None,
        feed: Feed,
        audience: IAudience,
        emptied: Callable[[Circle], None],
    ) -> None:
        """C{emptied} is called when the last member has left."""
        self.destination, self.wish, self.feed, self.audience = destination, wish, feed, audience
        self._selector = None if feed.selector else wish  # otherwise the broker selects
        self._emptied = emptied
        self.members: dict[TopicSubscription, None] = {}
        self.acknowledging: dict[TopicSubscription, None] = {}
        self.delivered = 0

    @property
    def counts(self) -> Counts:
        """What became of messages, one for each member."""
        made = Counts(delivered=self.delivered)
        made.add(self.audience)
        return made

    @property
    def pattern(self) -> str:
        """Which topics."""
        return self.destination.name

    def enter(self, listener: Any, congested: bool) -> TopicSubscription:
        """Let somebody in, and tell what there is for those who come late."""
        missed = [each for each in self.feed.values(self.pattern) if self.wants(each.message, {})]
        member = TopicSubscription(self, listener, missed, congested)
        self.members[member] = None
        if member.acknowledges:
            self.acknowledging[member] = None
        return member

    def leave(self, member: TopicSubscription) -> None:
        """Somebody has left; called by the subscription."""
        del self.members[member]
        self.acknowledging.pop(member, None)
        if not self.members:
            self._emptied(self)

    def wants(self, message: Message, asked: dict[Selector, bool]) -> bool:
        """Return whether a message is selected.

        Args:
            asked: what selectors have said of it already.
        """
        selector = self._selector
        if selector is None:
            return True
        known = asked.get(selector)
        if known is None:
            known = asked[selector] = selector.matches(message)
        return known

    def publish(self, bulletin: Bulletin) -> None:
        """Tell the members that acknowledge nothing."""
        if len(self.members) > len(self.acknowledging):
            self.audience.publish(bulletin)


def _call(what: Callable[..., None], *more: Any) -> None:
    """One that fails must not keep the others from their messages."""
    try:
        what(*more)
    except Exception:
        _log.failure("a listener of a topic failed")
