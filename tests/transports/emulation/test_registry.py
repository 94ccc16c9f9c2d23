"""Ids that nobody can guess, and how many sessions may wait."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.transports.emulation.registry import MOST_LONELY, OWNER, Registry


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
        registry.admit()
        registry.lonely += 1
        why = self.assertRaises(BadRequest, registry.admit)
        self.assertEqual(
            str(why), "503: 10000 emulated sessions wait for a downstream (RFC 9110 section 15.6.4)"
        )
