"""What becomes of a part of the original's language."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.fates import Entry, Fate


class EntryTests(SynchronousTestCase):
    """One row of the table."""

    def test_words(self) -> None:
        """
        There are three fates, under the words that the documentation has.
        """
        self.assertEqual([fate.value for fate in Fate], ["kept", "warned", "refused"])

    def test_defaults(self) -> None:
        """
        Unless it says so, a part stands once, may be missing, and is the original's.
        """
        entry = Entry(place="service", name="x", fate=Fate.KEPT, note="An x.")
        self.assertEqual(
            (entry.read, entry.many, entry.needed, entry.quiet, entry.ours), (None, False, False, (), False)
        )
