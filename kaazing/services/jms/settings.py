# -*- test-case-name: tests.services.jms.test_settings -*-
"""What the configuration says of topics: who shares a subscription, what is kept, what slow clients miss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kaazing.interfaces.brokers import Domain
from kaazing.interfaces.feeds import Slow
from kaazing.literals import Unreadable, bounded, choice, integer, interval, size, text
from kaazing.options import Option
from kaazing.wire import destinations

_DEFAULT = Slow(kind="disconnect")
_FOUND = 4096  # names whose settings are remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """One <topic>, or what holds for those of which none speaks.

    Attributes:
        name: of the topic, or a pattern, as L{destinations.read} gives it.
        keeps: whether a subscription at the broker stays when the last client has gone.
        joins: whether a subscription that covers it may do for it.
        cache: values of each topic that are kept for those who come late; 0 for none.
        slow: what is done with clients that take less than comes.
        key: the property by which a message replaces an earlier one; None: any one of the same topic does.
        remarks: sentences for the log, of what was read and means nothing here.
    """

    name: str = destinations.MANY
    keeps: bool = False
    joins: bool = False
    cache: int = 0
    slow: Slow = _DEFAULT
    key: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def shares(self) -> bool:
        """Whether one subscription of the name, a pattern, is to serve all who want less; never of C{>}
        alone, which would be all that the broker has."""
        return self.joins and self.name != destinations.MANY and destinations.is_pattern(self.name)

    @property
    def lasts(self) -> bool:
        """Whether a subscription of the name is there before any client is."""
        return self.keeps and self.name != destinations.MANY


class Settings:
    """All that is said of the topics of a service.

    Attributes:
        topics: what is said of some.
        cache_bytes: that all kept values of the service may take.
        find: C{find(name)} returns what holds for a topic or a pattern: the closest that speaks of all of it.
    """

    find: Callable[[str], TopicSettings]

    def __init__(self, topics: Sequence[TopicSettings] = (), cache_bytes: int = 0) -> None:
        self.topics, self.cache_bytes = tuple(topics), cache_bytes
        self.find = lru_cache(_FOUND)(self._find)

    def _find(self, name: str) -> TopicSettings:
        best: TopicSettings | None = None
        for each in self.topics:
            if destinations.covers(each.name, name) and (
                best is None or destinations.covers(best.name, each.name)
            ):
                best = each
        return best or TopicSettings()

    @property
    def caches(self) -> bool:
        """Whether values of any topic are kept."""
        return any(each.cache for each in self.topics)

    @property
    def remarks(self) -> list[str]:
        """Sentences for the log."""
        return [f"topic {each.name}: {remark}" for each in self.topics for remark in each.remarks]


def check(topics: Iterable[TopicSettings]) -> Iterator[str]:
    """Yield what is wrong with settings that are each for itself all right."""
    names = [each.name for each in topics]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"<topic>: {name} stands there {names.count(name)} times"


def _name(value: str) -> str:
    """Read the name of a topic, or a pattern, with or without C{/topic/}."""
    written = value if value.startswith("/") else f"/topic/{value}"
    try:
        found = destinations.read(written)
    except ValueError as why:
        raise Unreadable(f"expected a topic: {why}") from None
    if found.domain is not Domain.TOPIC:
        raise Unreadable("expected a topic, orders.eu, or a pattern of topics, orders.>")
    return found.name


def _slow_consumer(value: str) -> str:
    if value == "pause":
        raise Unreadable(
            "expected disconnect, drop-oldest or conflate: to pause for one client would stop all others"
        )
    return choice("disconnect", "drop-oldest", "conflate")(value)


_USELESS = (
    *("cache.durable.name.format", "cache.durable.client.id"),
    *("message.header.expiration", "message.header.timestamp", "message.header.messageID"),
)
"""Properties of the original that fill a cache from a durable subscription, or leave out headers."""


def _topic(parts: Mapping[str, Any]) -> TopicSettings:
    """Return the settings of one <topic>.

    Raises:
        ValueError: two properties in it do not go together.
    """
    strategy, kind = parts["conflation.strategy"], parts["slow.consumer"]
    if strategy is not None and kind not in (None, "conflate"):
        raise Unreadable(f"expected one of slow.consumer {kind} and conflation.strategy {strategy}, not both")
    kind = kind or ("disconnect" if strategy is None else "conflate")
    return TopicSettings(
        name=parts["name"],
        keeps=parts["subscription.lifetime"] == "connection",
        joins=parts["subscription.sharing"] == "wildcard",
        cache=parts["cache.size"],
        slow=Slow(kind=kind, bytes=parts["slow.bytes"], age=parts["slow.age"]),
        key=parts["conflation.key"],
        remarks=tuple(_remarks(parts)),
    )


def _remarks(parts: Mapping[str, Any]) -> Iterator[str]:
    if parts["message.delivery.strategy"] == "delta":
        yield "message.delivery.strategy delta: clients are sent whole messages"
    if parts["conflation.threshold"] is not None:
        yield "conflation.threshold is not used: messages are conflated as soon as they have to wait"
    if parts["maximum.conflation.cache.size"] is not None:
        yield "maximum.conflation.cache.size is not used: slow.bytes says what may wait"
    useless = [name for name in _USELESS if parts[name] is not None]
    if useless:
        yield f"not used: {', '.join(useless)}"


CACHE_BYTES = Option(
    name="cache.bytes",
    read=bounded(size, 0, 16 * 1024 * 1024 * 1024),
    default=64 * 1024 * 1024,
    doc="Bytes that the values kept by cache.size take in all topics of the service, about; beyond them the"
    " oldest are forgotten.",
)

TOPIC = Option(
    name="topic",
    read=_topic,
    default=(),
    repeated=True,
    doc="How topics are shared among clients. Of several that cover a topic, the closest holds; of one that"
    " none covers, the defaults.",
    children=(
        Option(
            name="name",
            read=_name,
            required=True,
            doc="Of a topic, or a pattern: * stands for one word, > at the end for any number of words.",
        ),
        Option(
            name="subscription.lifetime",
            read=choice("consumer", "connection"),
            default="consumer",
            doc="Whether the subscription at the broker ends with its last client, or stays with the"
            " connection and goes on filling the cache: that of the name from the start of the service"
            " (unless it is > or connection.strategy is per-user), others from their first client on, the"
            " last thousand of them.",
        ),
        Option(
            name="subscription.sharing",
            read=choice("exact", "wildcard"),
            default="exact",
            doc="Whether clients share a subscription at the broker with those who want the same, or all"
            " have one of the pattern in the name (unless that is >), and of wider ones that are open.",
        ),
        Option(
            name="cache.size",
            read=integer(0, 100_000),
            default=0,
            doc="How many of the last values of each topic a client is told when it subscribes; with"
            " conflation.key, one of each key. They are those that came while there was a subscription"
            " at the broker.",
        ),
        Option(
            name="slow.consumer",
            read=_slow_consumer,
            doc="What is done with a client that takes less than comes: disconnect, which is the default;"
            " drop-oldest; or conflate: a later message replaces one that waits.",
        ),
        Option(
            name="slow.bytes",
            read=bounded(size, 1024, 1024 * 1024 * 1024),
            default=_DEFAULT.bytes,
            doc="Bytes of messages that may wait for one subscription, some for each message counted besides"
            " its body.",
        ),
        Option(
            name="slow.age",
            read=interval,
            default=_DEFAULT.age,
            doc="How long a message may wait for a client; 0 for any time.",
        ),
        Option(
            name="conflation.key",
            read=text,
            doc="Property of a message, JMSCorrelationID or JMSType by whose value it replaces an earlier"
            " one; messages without it replace none. Absent: a later message of the topic replaces any.",
        ),
        Option(
            name="conflation.strategy",
            read=choice("replace"),
            doc="As the original has it: replace is slow.consumer conflate.",
        ),
        Option(
            name="conflation.threshold",
            read=integer(0),
            doc="Read for the original's sake, with a warning: messages are conflated as soon as they wait.",
        ),
        Option(
            name="maximum.conflation.cache.size",
            read=integer(0),
            doc="Read for the original's sake, with a warning: see slow.bytes.",
        ),
        Option(
            name="message.delivery.strategy",
            read=choice("full", "delta"),
            default="full",
            doc="delta is read for the original's sake, with a warning: whole messages are sent.",
        ),
        *(
            Option(name=name, read=text, doc="Read for the original's sake, with a warning.")
            for name in _USELESS
        ),
    ),
)
