"""Ids that nobody can guess, and how many sessions may wait."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.metrics import REGISTRY
from kaazing.transports.emulation.registry import MOST_LONELY, MOST_OF_ONE, OWNER, Registry


class RegistryTests(SynchronousTestCase):
    """L{Registry}."""

    def test_ids(self) -> None:
        """
        An id is 32 letters and digits, never twice the same, and begins with that of its process.
        """
        registry = Registry()
        names = {registry.add(number) for number in range(1000)}
        self.assertEqual(len(names), 1000)
        self.assertEqual({name[:OWNER] for name in names}, {registry.owner})
        self.assertEqual([name for name in names if not re.fullmatch("[0-9a-zA-Z]{32}", name)], [])
        self.assertNotEqual(Registry().owner, registry.owner)

    def test_found(self) -> None:
        """
        A session is found by its very id until it is removed, which may happen twice.
        """
        registry = Registry()
        name = registry.add("session")
        self.assertEqual((registry.find(name), len(registry)), ("session", 1))
        self.assertEqual(
            [registry.find(other) for other in ("", name[:-1], name + "x", name.swapcase())], [None] * 4
        )
        registry.remove(name)
        registry.remove(name)
        self.assertEqual((registry.find(name), len(registry)), (None, 0))

    def test_too_many(self) -> None:
        """
        Where too many sessions wait for their first downstream, the next create is told to come later.
        """
        registry = Registry()
        registry.lonely = MOST_LONELY - 1
        registry.admit("192.0.2.1:5000")
        registry.lonely += 1
        why = self.assertRaises(BadRequest, registry.admit, "192.0.2.1:5000")
        self.assertEqual(
            str(why), "503: 10000 emulated sessions wait for a downstream (RFC 9110 section 15.6.4)"
        )

    def test_counted(self) -> None:
        """
        Who is told to come later is counted, by the limit that said so.
        """

        def counts() -> list[float]:
            limits = ("emulated.sessions", "emulated.sessions.per.address")
            return [
                REGISTRY.get_sample_value("kaazing_limited_total", {"limit": each}) or 0.0 for each in limits
            ]

        full, (all_, one) = Registry(), counts()
        full.lonely = MOST_LONELY
        self.assertRaises(BadRequest, full.admit, "192.0.2.1:5000")
        self.assertEqual(counts(), [all_ + 1, one])
        mine = Registry()
        for _ in range(MOST_OF_ONE):
            mine.waits("192.0.2.1:5000")
        self.assertRaises(BadRequest, mine.admit, "192.0.2.1:5000")
        self.assertEqual(counts(), [all_ + 1, one + 1])

    def test_too_many_of_one(self) -> None:
        """
        One address, or one /64 network of IPv6, may have no more than its share; others are let in, and it
        too once one of its sessions has a downstream.
        """
        for one, same, other in (
            ("192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1"),
            ("[2001:db8::1]:1", "[2001:db8::ffff:2]:1", "[2001:db8:0:1::1]:1"),
            ("[::ffff:192.0.2.1]:1", "192.0.2.1:2", "[::ffff:192.0.2.2]:1"),
        ):
            registry = Registry()
            for _ in range(MOST_OF_ONE):
                registry.admit(one)
                registry.waits(one)
            why = self.assertRaises(BadRequest, registry.admit, same)
            self.assertEqual(
                str(why),
                "429: 1000 emulated sessions of one address wait for a downstream (RFC 6585 section 4)",
            )
            registry.admit(other)
            registry.waits_no_more(same)
            registry.admit(one)
