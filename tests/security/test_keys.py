"""What is sealed opens for nothing else, changed by no bit, and keys are kept as secrets are."""

import json
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import ConfigError
from kaazing.security.keys import Key, KeyRing, SealBroken, decode, encode, read_private, write_private

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class SealTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.ring = KeyRing.made()

    def broken(self, sealed: str, purpose: str = "session", bound: bytes = b"") -> None:
        self.assertRaises(SealBroken, self.ring.open, purpose, sealed, bound)

    def test_opens(self) -> None:
        """
        What was sealed comes back, whatever it is; the text is safe in a URL, and no two are alike.
        """
        for plain in (b"", b"x", b"\0" * 5000):
            one, other = (self.ring.seal("session", plain, b"here") for _ in range(2))
            self.assertNotEqual(one, other)
            self.assertRegex(one, r"\A[A-Za-z0-9_-]+\Z")
            self.assertEqual(self.ring.open("session", one, b"here"), plain)

    def test_every_bit(self) -> None:
        """
        A sealed text in which any one bit is another never opens, nor one with a character more or less.
        """
        sealed = self.ring.seal("session", b"joe")
        data = decode(sealed)
        for bit in range(len(data) * 8):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            self.broken(encode(bytes(changed)))
        for place, was in enumerate(sealed):
            for other in ALPHABET:
                if other != was:
                    self.broken(sealed[:place] + other + sealed[place + 1 :])
            self.broken(sealed[:place] + sealed[place + 1 :])
        for more in ("A", "=", " ", "\n"):
            self.broken(sealed + more)

    @given(st.text() | st.text(ALPHABET, min_size=60, max_size=200))
    def test_anything(self, text: str) -> None:
        """
        Whatever text is given in place of a sealed one, it is a broken seal and nothing else.
        """
        self.broken(text)

    def test_too_long(self) -> None:
        """
        A text of more than 4 MiB is not looked at.
        """
        self.broken("A" * (4 * 1024 * 1024 + 1))

    def test_bound(self) -> None:
        """
        What was sealed for one purpose, bound to one thing, opens for no other, however the two are joined.
        """
        sealed = self.ring.seal("session", b"joe", b"stomp")
        self.broken(sealed)
        self.broken(sealed, bound=b"stomp2")
        self.broken(sealed, "login", b"stomp")
        self.broken(sealed, "sessions", b"tomp")
        self.broken(sealed, "sessionstomp", b"")

    def test_foreign(self) -> None:
        """
        What another gateway has sealed does not open here, even where its key has the same id.
        """
        (key,) = self.ring.keys
        stranger = KeyRing([Key(key.id, key.made, bytes(32))])
        self.broken(stranger.seal("session", b"joe"))
        self.broken(KeyRing.made().seal("session", b"joe"))

    def test_says_nothing(self) -> None:
        """
        The error does not tell what was wrong, and nothing printed of a key shows it.
        """
        self.assertEqual(str(SealBroken()), "the seal is broken")
        self.assertNotIn("secret", repr(self.ring.keys))


class RotationTests(SynchronousTestCase):
    def test_newest_seals(self) -> None:
        """
        After a rotation a new key seals, and what was sealed before still opens.
        """
        before = KeyRing([Key("00000001", 100, b"1" * 32)])
        after = before.rotated(1000.0, lambda: 500.0)
        self.assertEqual([key.made for key in after.keys], [100, 500])
        self.assertEqual(after.open("p", before.seal("p", b"old")), b"old")
        self.assertRaises(SealBroken, before.open, "p", after.seal("p", b"new"))

    def test_oldest_goes(self) -> None:
        """
        A key that was followed by another for longer than is wanted is dropped; with 0 all go at once.
        """
        ring = KeyRing([Key("00000001", 100, b"1" * 32), Key("00000002", 500, b"2" * 32)])
        self.assertEqual([key.made for key in ring.rotated(1000.0, lambda: 1499.0).keys], [100, 500, 1499])
        self.assertEqual([key.made for key in ring.rotated(1000.0, lambda: 1500.0).keys], [500, 1500])
        self.assertEqual([key.made for key in ring.rotated(0.0, lambda: 1500.0).keys], [1500])

    def test_clock_set_back(self) -> None:
        """
        The new key is the newest even where the clock was set back.
        """
        ring = KeyRing([Key("00000001", 900, b"1" * 32)]).rotated(10.0, lambda: 100.0)
        self.assertEqual([key.made for key in ring.keys], [900, 900])
        self.assertNotEqual(ring.keys[-1].id, "00000001")

    def test_bounded(self) -> None:
        """
        A ring has 64 keys at most; the oldest go first.
        """
        keys = [Key(f"{number:08x}", number, bytes(32)) for number in range(64)]
        rotated = KeyRing(keys).rotated(10_000.0, lambda: 100.0)
        self.assertEqual([key.made for key in rotated.keys], [*range(1, 64), 100])


class FileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.ring = KeyRing.made(lambda: 1000.5)
        self.ring.save(self.path, new=True)

    def refused(self, sentence: str, text: str | None = None) -> None:
        if text is not None:
            self.path.write_text(text)
        error = self.assertRaises(ConfigError, KeyRing.load, self.path)
        self.assertEqual(str(error), f"{self.path}: {sentence}")

    def test_kept(self) -> None:
        """
        What is sealed opens after a restart, with the key file; only the gateway's user may read that.
        """
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(KeyRing.load(self.path).open("p", self.ring.seal("p", b"joe")), b"joe")

    def test_not_overwritten(self) -> None:
        """
        Making a new key file never replaces one that is there, nor leaves a draft behind.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        write_private(folder / "keys", "first", new=True)
        self.assertRaises(FileExistsError, write_private, folder / "keys", "second", new=True)
        self.assertEqual([each.read_text() for each in folder.iterdir()], ["first"])

    def test_readable_by_others(self) -> None:
        """
        A key file that others may read or write is refused.
        """
        for mode in (0o640, 0o604, 0o660, 0o602):
            self.path.chmod(mode)
            self.refused(f"has mode {mode:04o}: others may read or write it; chmod 600 it")

    def test_no_key_file(self) -> None:
        """
        Anything that is not a key file is refused with the remedy, and what it says is not repeated.
        """
        no_file = "is no key file; python -m kaazing keyring init makes one"
        key = {"id": "0000000a", "made": 5, "key": "A" * 43}
        for text in ("", "[]", "{}", '{"kaazing-keys": 2, "keys": []}', '{"kaazing-keys": 1, "keys": [5]}'):
            self.refused(no_file, text)
        self.refused(no_file, json.dumps({"kaazing-keys": 1, "keys": [{**key, "key": "!"}]}))
        wrong = "has not between 1 and 64 keys with ids of their own and of 32 bytes"
        for keys in ([], [key, key], [{**key, "key": "AAAA"}], [{**key, "id": "x"}], [key] * 65):
            self.refused(wrong, json.dumps({"kaazing-keys": 1, "keys": keys}))

    def test_unreadable(self) -> None:
        """
        A key file that is missing, a pipe, too long or no text is refused.
        """
        self.path.write_bytes(b"\xff")
        self.refused("is not UTF-8")
        self.refused("has more than 65536 bytes", " " * 65537)
        self.path.unlink()
        self.refused("cannot be read: No such file or directory")
        os.mkfifo(self.path, 0o600)
        self.refused("is no file")

    def test_read_again(self) -> None:
        """
        A gateway that runs takes new keys from its file at the next seal; a bad file changes nothing.
        """
        running = KeyRing.load(self.path)
        rotated = self.ring.rotated(1000.0, lambda: 2000.0)
        rotated.save(self.path)
        self.assertEqual(running.open("p", rotated.seal("p", b"joe")), b"joe")
        self.assertEqual(rotated.open("p", running.seal("p", b"ann")), b"ann")
        write_private(self.path, "spoilt")
        self.assertEqual(running.open("p", rotated.seal("p", b"joe")), b"joe")
        self.path.unlink()
        self.assertEqual(running.open("p", rotated.seal("p", b"joe")), b"joe")

    def test_made_private(self) -> None:
        """
        A new key file that others may read is taken as soon as chmod has put that right.
        """
        running = KeyRing.load(self.path)
        rotated = self.ring.rotated(1000.0, lambda: 2000.0)
        rotated.save(self.path)
        self.path.chmod(0o644)
        sealed = rotated.seal("p", b"joe")
        self.assertRaises(SealBroken, running.open, "p", sealed)
        self.path.chmod(0o600)
        self.assertEqual(running.open("p", sealed), b"joe")

    def test_systemd(self) -> None:
        """
        Without a key file the keys are those of the systemd credential kaazing-keys, and without that new.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.patch(os, "environ", {"CREDENTIALS_DIRECTORY": str(folder)})
        self.assertNotEqual(KeyRing.found(None).keys, self.ring.keys)
        self.ring.save(folder / "kaazing-keys")
        self.assertEqual(KeyRing.found(None).keys, self.ring.keys)
        self.assertEqual(KeyRing.found(self.path).keys, self.ring.keys)

    def test_of_root(self) -> None:
        """
        What root has put down for the gateway's group to read, as Kubernetes does, is read; a file of its own
        that its group may read is not.
        """
        self.path.chmod(0o640)
        for user, well in ((0, False), (os.getuid() + 1, os.getuid() == 0)):
            self.patch(os, "geteuid", lambda user=user: user)
            if well:
                self.assertIn("kaazing-keys", read_private(self.path, 1000))
            else:
                self.assertRaises(ConfigError, read_private, self.path, 1000)
