"""Tests for L{kaazing.services.jms.settings}: what a configuration says of topics."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.feeds import Slow
from kaazing.services.jms.settings import TOPIC, Settings, TopicSettings, check


def read(**written: str) -> Any:
    """Return a <topic> of these properties, underscores standing for dots."""
    given = {name.replace("_", "."): value for name, value in written.items()}
    parts = {
        option.name: option.read(given.pop(option.name)) if option.name in given else option.default
        for option in TOPIC.children
    }
    assert not given, given
    return TOPIC.read(parts)


class ReadingTests(SynchronousTestCase):
    def test_defaults(self) -> None:
        """
        A topic that is only named is as if it was not; a name may be written as a destination.
        """
        for name in ("a.b", "/topic/a.b"):
            self.assertEqual(read(name=name), TopicSettings(name="a.b"))
        self.assertEqual(read(name="a.#"), TopicSettings(name="a.>"))

    def test_all(self) -> None:
        """
        Everything that can be said.
        """
        made = read(
            name="a.*",
            subscription_lifetime="connection",
            subscription_sharing="wildcard",
            cache_size="7",
            slow_consumer="conflate",
            slow_bytes="64k",
            slow_age="30 s",
            conflation_key="id",
        )
        slow = Slow(kind="conflate", bytes=65_536, age=30.0)
        self.assertEqual(
            made, TopicSettings(name="a.*", keeps=True, joins=True, cache=7, slow=slow, key="id")
        )

    def test_words_of_the_original(self) -> None:
        """
        What the original has and means the same is taken; what means nothing here is said once for each.
        """
        made = read(name="a", conflation_strategy="replace", message_delivery_strategy="full")
        self.assertEqual((made.slow.kind, made.remarks), ("conflate", ()))
        made = read(
            name="a",
            conflation_threshold="10",
            maximum_conflation_cache_size="100",
            message_delivery_strategy="delta",
            cache_durable_name_format="lvc_%s",
            message_header_timestamp="exclude",
        )
        remarks = [
            "topic a: message.delivery.strategy delta: clients are sent whole messages",
            "topic a: conflation.threshold is not used: messages are conflated as soon as they have to wait",
            "topic a: maximum.conflation.cache.size is not used: slow.bytes says what may wait",
            "topic a: not used: cache.durable.name.format, message.header.timestamp",
        ]
        self.assertEqual((made.slow.kind, Settings([made]).remarks), ("disconnect", remarks))

    def test_refused(self) -> None:
        """
        What is wrong is refused with what would be right, and why.
        """
        wrong = {
            "expected disconnect, drop-oldest or conflate: to pause for one client would stop all others": {
                "slow_consumer": "pause"
            },
            "expected one of slow.consumer drop-oldest and conflation.strategy replace, not both": {
                "slow_consumer": "drop-oldest",
                "conflation_strategy": "replace",
            },
            "expected a topic, orders.eu, or a pattern of topics, orders.>": {"name": "/queue/a"},
            "expected a topic: destination '/topic/a..b' has an empty word; write one dot between two"
            " words": {"name": "a..b"},
        }
        for sentence, given in wrong.items():
            why = self.assertRaises(ValueError, read, **{"name": "a", **given})
            self.assertEqual(str(why), sentence)


class FindingTests(SynchronousTestCase):
    def test_closest(self) -> None:
        """
        The closest that speaks of all of a topic or pattern holds, wherever it stands; or the defaults.
        """
        names = ("a.b", "a.>", "a.*", "a.*.c")
        for order in (names, names[::-1]):
            settings = Settings([TopicSettings(name=name) for name in order])
            asked = ("a.b", "a.x", "a.*", "a.x.c", "a.x.d", "a.>", "b", "*.b")
            found = [settings.find(name).name for name in asked]
            self.assertEqual(found, ["a.b", "a.*", "a.*", "a.*.c", "a.>", "a.>", ">", ">"])
        self.assertEqual((Settings().find("a"), Settings().caches), (TopicSettings(), False))
        self.assertTrue(Settings([TopicSettings(name="a", cache=1)]).caches)

    def test_twice(self) -> None:
        """
        A topic of which is spoken twice is a fault.
        """
        topics = [TopicSettings(name=name) for name in ("a", "b", "a")]
        self.assertEqual(list(check(topics)), ["<topic>: a stands there 2 times"])
        self.assertEqual(list(check(topics[:2])), [])
