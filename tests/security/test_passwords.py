"""Passwords as files keep them: which are taken, which match."""

from __future__ import annotations

import argon2
import bcrypt
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.security.passwords import read

HTPASSWD = "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"  # bcrypt's published test, "/="
REMEDY = "; make a new one with htpasswd -B, or with argon2 -id -e"


def bcrypted(password: str, cost: int = 4) -> str:
    """A hash by bcrypt."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode()


def argoned(password: str, **parameters: int) -> str:
    """A hash by argon2id, cheap unless told otherwise."""
    said = {"time_cost": 1, "memory_cost": 64, "parallelism": 1} | parameters
    return argon2.PasswordHasher(**said).hash(password)  # type: ignore[arg-type]


class PasswordTests(SynchronousTestCase):
    def test_matches(self) -> None:
        """
        Each kind matches the password it was made of, and no other.
        """
        for password in ("welcome", "w\xe9lc\xf6me \U0001f512", " ", "a\0b"):
            for text in (password, bcrypted(password), argoned(password)):
                kept = read(text, clear=True)
                others = ("", "Welcome", password + "x", password + "\0", password[1:])
                self.assertEqual([kept.matches(each) for each in others], [False] * 5, text)
                self.assertTrue(kept.matches(password), text)

    def test_kinds(self) -> None:
        """
        A hash is known by its form; anything else is a password in clear, where one may be.
        """
        table = {
            "welcome": ("clear", False),
            bcrypted("x"): ("bcrypt", True),
            bcrypted("x", 10): ("bcrypt", False),
            argoned("x"): ("argon2id", True),
            argon2.PasswordHasher().hash("x"): ("argon2id", False),
        }
        kept = {text: read(text, clear=True) for text in table}
        self.assertEqual({text: (each.kind, each.weak) for text, each in kept.items()}, table)

    def test_htpasswd(self) -> None:
        """
        Apache's hashes ($2y$) and others' ($2a$, $2b$) are the same.
        """
        made = bcrypted("welcome")
        for prefix in ("$2y$", "$2a$", "$2b$"):
            self.assertTrue(read(prefix + made[4:], clear=False).matches("welcome"))

    def test_long(self) -> None:
        """
        bcrypt's hashes are of the first 72 bytes, so longer passwords match as they do in Apache.
        """
        kept = read(bcrypted("x" * 80), clear=False)
        self.assertEqual([kept.matches("x" * n) for n in (71, 72, 80, 5000)], [False, True, True, True])

    def test_refused(self) -> None:
        """
        Old, broken and boundless hashes are refused with what to do; the text is never said.
        """
        table = {
            "$1$salt$hash": "a hash by MD5 is not taken",
            "$apr1$salt$hash": "a hash by MD5 (apr1) is not taken",
            "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=": "a hash by SHA-1 is not taken",
            "{SSHA}AAAA": "a hash by SHA-1 with salt is not taken",
            "$5$salt$hash": "a hash by SHA-256 crypt is not taken",
            "$6$salt$hash": "a hash by SHA-512 crypt is not taken",
            "$y$j9T$salt$hash": "a hash by yescrypt is not taken",
            "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA": "a hash by argon2 other than argon2id is not taken",
            "$2b$05$short": "a broken hash by bcrypt or argon2",
            "$argon2id$m=1": "a broken hash by bcrypt or argon2",
            "$2b$03" + HTPASSWD[6:]: "bcrypt with a cost of 3: expected 4 to 16",
            "$2b$31" + HTPASSWD[6:]: "bcrypt with a cost of 31: expected 4 to 16",
            "welcome": "neither a hash by bcrypt nor one by argon2id",
            "rqXexS6ZhobKA": "neither a hash by bcrypt nor one by argon2id",
            argoned("x").replace("m=64", "m=1048577"): "argon2id with parameters out of bounds: expected m up"
            " to 1048576 (1 GiB) and at least 8 * p, t and p up to 64",
        }
        for text, what in table.items():
            raised = self.assertRaises(ValueError, read, text, clear=False)
            self.assertEqual(str(raised), what + REMEDY)
        self.assertRaises(ValueError, read, "", clear=True)

    def test_shown_nowhere(self) -> None:
        """
        What is kept is in no repr.
        """
        for text in ("welcome", bcrypted("welcome")):
            self.assertNotIn(text, repr(read(text, clear=True)))

    @settings(max_examples=50, deadline=None)
    @given(st.text(alphabet="./$=,mtpv0123456789abcdefgid", max_size=120), st.text())
    def test_any_text(self, tail: str, password: str) -> None:
        """
        Whatever stands in a file is read or refused, and whatever a client says matches or does not.
        """
        for text in (tail, "$2b$04$" + tail, "$argon2id$v=19$m=64,t=1,p=1$" + tail):
            try:
                kept = read(text, clear=True)
            except ValueError:
                continue
            self.assertEqual(kept.matches(password), kept.kind == "clear" and password == tail)

    def test_surrogates(self) -> None:
        """
        Half a character, which no file can hold, is a wrong password.
        """
        for text in ("welcome", bcrypted("welcome"), argoned("welcome")):
            self.assertFalse(read(text, clear=True).matches("\ud800"))
