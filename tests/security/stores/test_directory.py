"""Logins in small files, as Kubernetes and Docker mount secrets."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, IStoreType, Subject
from kaazing.security.stores.directory import DirectoryStoreType, read_folder
from kaazing.security.stores.entries import Entry
from tests.security.stores.places import workplace

JOE = Entry(service="stomp", user="joe", username="j", password="hunter2")


def put(folder: Path, **files: str) -> None:
    """Write files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


class DirectoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def refused(self, sentence: str) -> None:
        self.assertEqual(str(self.assertRaises(ConfigError, read_folder, self.folder)), sentence)

    def test_folders(self) -> None:
        """
        A folder is a login, a file in it one of its texts; the line end behind it is not part of it.
        """
        put(
            self.folder / "joe",
            service="stomp\n",
            user="joe",
            username="j\r\n",
            password="hunter2\n",
            note="x",
        )
        put(self.folder / "all", username="app", password=" p \n\n")
        self.assertEqual(read_folder(self.folder), (Entry(username="app", password=" p \n"), JOE))

    def test_files(self) -> None:
        """
        Docker's secrets are files in one folder: what stands behind the last dot says which text it is.
        """
        texts = {"joe.service": "stomp", "joe.user": "joe", "joe.username": "j", "joe.password": "hunter2"}
        put(self.folder, **texts, **{"tls.crt": "x", ".hidden": "x", "password": "x"})
        self.assertEqual(read_folder(self.folder), (JOE,))

    def kubernetes(self, folder: Path, age: str, password: str) -> None:
        """Mount a secret, or change it, as kubelet does it."""
        put(folder / f"..{age}", username="app", password=password)
        draft = folder / "..data_tmp"
        draft.symlink_to(f"..{age}")
        draft.rename(folder / "..data")
        for name in ("username", "password"):
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(f"..data/{name}")

    def test_kubernetes(self) -> None:
        """
        A secret that Kubernetes exchanges by its symbolic link is read again, and whole.
        """
        clock, kind = Clock(), DirectoryStoreType()
        verifyObject(IStoreType, kind)
        self.kubernetes(self.folder / "logins" / "app", "2026_1", "old")
        store = kind.store({"directory": "logins"}, workplace(self.folder, clock), None)
        verifyObject(IStore, store)
        find = lambda: self.successResultOf(store.find("stomp", Subject()))  # noqa: E731
        self.assertEqual(find(), Login(username="app", password="old"))
        self.kubernetes(self.folder / "logins" / "app", "2026_2", "newer")
        clock.advance(1)
        self.assertEqual(find(), Login(username="app", password="newer"))

    def test_one_secret(self) -> None:
        """
        One secret of Kubernetes may have several logins, its keys with dots.
        """
        put(self.folder / "..1", **{"a.username": "app", "a.password": "p"})
        (self.folder / "..data").symlink_to("..1")
        for name in ("a.username", "a.password"):
            (self.folder / name).symlink_to(f"..data/{name}")
        self.assertEqual(read_folder(self.folder), (Entry(username="app", password="p"),))

    def test_refused(self) -> None:
        """
        A folder that is not there, and a login that is no good, are refused; nothing secret is repeated.
        """
        put(self.folder / "a", password="hunter2")
        self.refused(f"{self.folder}: 'a': login 1: username is missing")
        put(self.folder, **{"a.password": "hunter2"})
        self.refused(f"{self.folder}: password of 'a' stands twice")
        (self.folder / "a.password").write_bytes(b"\xff")
        (self.folder / "a" / "password").unlink()
        self.refused(f"{self.folder / 'a.password'}: is not UTF-8")
        (self.folder / "a.password").write_text("x" * 40_000)
        self.refused(f"{self.folder / 'a.password'}: has more than 32768 bytes")
        (self.folder / "a.password").unlink()
        (self.folder / "a.password").symlink_to("/nowhere/at/all")
        self.refused(f"{self.folder / 'a.password'}: cannot be read: No such file or directory")
        self.folder = self.folder / "none"
        self.refused(f"{self.folder}: cannot be read: No such file or directory")

    def test_bounded(self) -> None:
        """
        A folder of more than 2000 files is refused.
        """
        for number in range(1001):
            put(self.folder / f"{number}", username="u", password="p")
        self.refused(f"{self.folder}: has more than 2000 files")
