"""Logins in a sealed file."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, IStoreType, Subject
from kaazing.security.keys import KeyRing
from kaazing.security.stores.entries import Entry
from kaazing.security.stores.file import FileStoreType, open_file, seal_file
from tests.security.stores.places import workplace


class FileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path, self.keys, self.clock = self.folder / "logins", KeyRing.made(), Clock()
        seal_file(self.path, self.keys, [Entry(user="joe", username="j", password="hunter2")], new=True)

    def test_sealed(self) -> None:
        """
        Nothing in the file can be read without the keys, and only the gateway's user may read it.
        """
        self.assertRegex(self.path.read_text(), r"\A[A-Za-z0-9_-]+\n\Z")
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(
            open_file(self.path, self.keys), (Entry(user="joe", username="j", password="hunter2"),)
        )

    def test_store(self) -> None:
        """
        A store finds its logins, new ones a second after they were written.
        """
        kind = FileStoreType()
        verifyObject(IStoreType, kind)
        store = kind.store({"file": "logins"}, workplace(self.folder, self.clock), self.keys)
        verifyObject(IStore, store)
        find = lambda: self.successResultOf(store.find("stomp", Subject(user="joe")))  # noqa: E731
        self.assertEqual(find(), Login(username="j", password="hunter2"))
        seal_file(self.path, self.keys, [])
        self.clock.advance(1)
        self.assertIsNone(find())

    def test_refused(self) -> None:
        """
        A file of other keys, one that was changed, or that others may read, is refused at the start.
        """
        kind, place = FileStoreType(), workplace(self.folder)
        said = {"file": "logins"}
        why = self.assertRaises(ConfigError, kind.store, said, place, KeyRing.made())
        self.assertEqual(str(why), f"{self.path}: is not sealed under the gateway's keys")
        self.path.write_text(self.keys.seal("store", b'[{"password": "hunter2"}]'))
        why = self.assertRaises(ConfigError, kind.store, said, place, self.keys)
        self.assertEqual(str(why), f"{self.path}: login 1: username is missing")
        self.path.chmod(0o644)
        self.assertRaises(ConfigError, kind.store, said, place, self.keys)

    def test_too_long(self) -> None:
        """
        What could not be read again is not written.
        """
        entry = Entry(username="u", password="x" * 8000)
        self.assertRaises(ValueError, seal_file, self.path, self.keys, [entry] * 500)
        self.assertEqual(len(open_file(self.path, self.keys)), 1)
