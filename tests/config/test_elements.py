"""The elements: each has a place that can be reached, and what guards is in force or refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.elements import ELEMENTS, PLACES
from kaazing.config.fates import Fate


class ElementTests(SynchronousTestCase):
    """What holds for the list as a whole."""

    def test_reachable(self) -> None:
        """
        Every place is the root or an element that stands somewhere itself.
        """
        names = {entry.name for entry in ELEMENTS} | {"gateway-config"}
        self.assertEqual(PLACES - names, set())

    def test_once(self) -> None:
        """
        No element is listed twice in one place.
        """
        keys = [(entry.place, entry.name) for entry in ELEMENTS]
        self.assertEqual(sorted(keys), sorted(set(keys)))

    def test_guards(self) -> None:
        """
        Whatever lets people in or keeps them out is in force, or refused where it is of old.
        """
        fates = {(entry.place, entry.name): entry.fate for entry in ELEMENTS}
        kept = [("security", "realm"), ("service", "realm-name"), ("service", "authorization-constraint")]
        refused = [("gateway-config", "session"), ("realm", "login-module")]
        self.assertEqual({fates[each] for each in kept}, {Fate.KEPT})
        self.assertEqual({fates[each] for each in refused}, {Fate.REFUSED})

    def test_notes(self) -> None:
        """
        Every note is a sentence.
        """
        self.assertEqual([each.note for each in ELEMENTS if not each.note.endswith(".")], [])
