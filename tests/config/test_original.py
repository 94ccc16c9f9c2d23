"""The table of the original's language, and the page that is made of it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing import plugins
from kaazing.config.fates import Fate
from kaazing.config.original import EVERY, NAMESPACES, TABLE, TYPES, entries, today


class TableTests(SynchronousTestCase):
    """What holds for the table as a whole."""

    def test_once(self) -> None:
        """
        Nothing is in it twice.
        """
        keys = [(entry.place, entry.name) for entry in TABLE]
        self.assertEqual(sorted(keys), sorted(set(keys)))

    def test_entries(self) -> None:
        """
        The table is asked by place; a place that is not in it has nothing.
        """
        self.assertEqual(sorted(entries("mime-mapping")), ["extension", "mime-type"])
        self.assertEqual(entries("nowhere"), {})

    def test_types_that_are_there(self) -> None:
        """
        A type that is installed is not called missing, nor one that is missing kept.
        """
        installed = set(plugins.service_types())
        kept = {entry.name for entry in TYPES if entry.fate is Fate.KEPT}
        refused = {entry.name for entry in TYPES if entry.fate is Fate.REFUSED}
        self.assertEqual((kept - installed, refused & installed), (set(), set()))

    def test_properties_that_are_there(self) -> None:
        """
        A property that a type declares is not called without use.
        """
        for entry in TABLE:
            if entry.place in plugins.service_types():
                options = {option.name for option in plugins.service_type(entry.place).options}
                self.assertNotIn(entry.name, options, entry.place)

    def test_legacy_properties(self) -> None:
        """
        Four properties of old belong to every type, and so do accept and connect.
        """
        names = ["accept", "authentication.connect", "authentication.identifier", "connect"]
        self.assertEqual(sorted(entries(EVERY)), [*names, "encryption.key.alias", "service.domain"])


class NameTests(SynchronousTestCase):
    """Names of old."""

    def test_namespaces(self) -> None:
        """
        Eight namespaces are read, from 2016/06 back to dragonfire.
        """
        short = ["2016/06", "2015/11", "2014/09", "2012/09", "2012/08", "2012/03", "excalibur", "dragonfire"]
        self.assertEqual(list(NAMESPACES.values()), short)

    def test_tls(self) -> None:
        """
        tls.* is ssl.* in every version.
        """
        self.assertEqual(
            [today("tls.bind", version) for version in ("2016/06", "2012/03")], ["ssl.bind", "ssl.bind"]
        )

    def test_constraint(self) -> None:
        """
        auth-constraint has its long name since 2015.
        """
        names = [today("auth-constraint", version) for version in ("2015/11", "2014/09", "dragonfire")]
        self.assertEqual(names, ["auth-constraint", "authorization-constraint", "authorization-constraint"])
