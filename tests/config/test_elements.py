"""The elements: each has a place that can be reached, and what guards is refused."""

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
        Whatever lets people in or keeps them out, and is not in force, is refused.
        """
        guards = {"realm", "realm-name", "authorization-constraint", "session", "login-module"}
        fates = {entry.fate for entry in ELEMENTS if entry.name in guards}
        self.assertEqual(fates, {Fate.REFUSED})

    def test_notes(self) -> None:
        """
        Every note is a sentence.
        """
        self.assertEqual([each.note for each in ELEMENTS if not each.note.endswith(".")], [])
