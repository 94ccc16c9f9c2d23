"""Tests for L{kaazing.services.jms.bulletins}: a message is made once for each look."""

from __future__ import annotations

import math
from collections.abc import Hashable

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.brokers import Message
from kaazing.interfaces.feeds import IRendered
from kaazing.services.jms.bulletins import Bulletin, key_of
from tests.services.jms.listening import topic


class BulletinTests(SynchronousTestCase):
    def test_made_once(self) -> None:
        """
        Whoever looks at it in the same way gets the same bytes, made once.
        """
        made: list[Hashable] = []

        def render(message: Message, look: Hashable) -> tuple[bytes, tuple[int, ...]]:
            made.append(look)
            return message.body + str(look).encode(), (0,)

        bulletin = Bulletin(Message(destination=topic("a"), body=b"x"), render, None, math.inf)
        self.assertTrue(verifyObject(IRendered, bulletin))
        self.assertEqual(
            [bulletin.render(look) for look in (1, 2, 1)], [(b"x1", (0,)), (b"x2", (0,)), (b"x1", (0,))]
        )
        self.assertEqual(made, [1, 2])

    def test_size(self) -> None:
        """
        It counts for its body and its properties, and something for the rest.
        """
        sizes = [
            Bulletin(
                Message(destination=topic("a"), body=body, properties=properties),
                lambda *_: (b"", ()),
                None,
                0,
            ).size
            for body, properties in ((b"", {}), (b"12345", {}), (b"", {"abc": 12}))
        ]
        self.assertEqual([size - sizes[0] for size in sizes], [0, 5, 7])

    def test_keys(self) -> None:
        """
        It is about its topic, or about what the property says; without that, about nothing.
        """
        message = Message(
            destination=topic("a.b"), correlation_id="c", properties={"id": 7, "text": "\udc80"}
        )
        names = (None, "id", "text", "JMSCorrelationID", "JMSType", "other")
        wanted = [b"a.b", b"a.b 7", b"a.b \x80", b"a.b c", None, None]
        self.assertEqual([key_of(message, name) for name in names], wanted)
