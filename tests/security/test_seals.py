"""Logins that browsers keep: whose token opens, for how long, and that none does that was changed."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import ConfigError, LoginUnavailable
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import Subject
from kaazing.security.keys import KeyRing, write_private
from kaazing.security.seals import Revocations, Seals, TokenRefused

JOE, ANN = Subject(user="joe"), Subject(user="ann")
LOGIN = Login(username="j", password="hunter2", mechanism="PLAIN")
DAY = 86400.0


class SealsTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.keys = KeyRing.made()
        self.revocations = Revocations(self.time)
        self.seals = Seals(self.keys, self.time, self.revocations)

    def time(self) -> float:
        return self.now

    def token(self, subject: Subject = JOE) -> str:
        """A token for stomp, good for a day."""
        return self.seals.seal(subject, "stomp", LOGIN, DAY)

    def refused(self, token: str, subject: Subject = JOE, service: str = "stomp") -> str:
        """The event that comes of a token."""
        why = self.assertRaises(TokenRefused, self.seals.open, token, subject, service)
        self.assertNotIn("hunter2", str(why))
        return str(why.event)


class SealTests(SealsTestCase):
    def test_opens(self) -> None:
        """
        A token opens for its user at its service, until it expires.
        """
        token = self.token()
        self.assertTrue(token.startswith("kzl1."))
        self.now += DAY - 1
        self.assertEqual(self.seals.open(token, JOE, "stomp"), LOGIN)
        self.now += 1
        self.assertEqual(self.refused(token), "seal-expired")

    def test_foreign(self) -> None:
        """
        It opens for no other user, for nobody, and at no other service.
        """
        token = self.token()
        for subject, service in ((ANN, "stomp"), (Subject(), "stomp"), (JOE, "amqp"), (JOE, "")):
            self.assertEqual(self.refused(token, subject, service), "seal-foreign")

    def test_every_bit(self) -> None:
        """
        A token in which any one bit is another never opens.
        """
        token = self.token().encode()
        for bit in range(len(token) * 8):
            changed = bytearray(token)
            changed[bit // 8] ^= 1 << bit % 8
            self.assertEqual(self.refused(changed.decode("latin-1")), "seal-tampered")

    @given(st.text().map(lambda text: "kzl1." + text) | st.text(max_size=5000))
    def test_anything(self, text: str) -> None:
        """
        Whatever is given in place of a token is refused as one that was changed.
        """
        self.assertEqual(self.refused(text), "seal-tampered")

    def test_of_others(self) -> None:
        """
        What another gateway made, or what this one sealed for something else, is refused.
        """
        stranger = Seals(KeyRing.made(), self.time, self.revocations)
        self.assertEqual(self.refused(stranger.seal(JOE, "stomp", LOGIN, DAY)), "seal-tampered")
        plain = json.dumps({"s": "stomp", "u": "joe", "n": "x", "p": "x", "m": None, "a": 0, "e": 9e9})
        self.assertEqual(self.refused("kzl1." + self.keys.seal("session", plain.encode())), "seal-tampered")

    def test_refused(self) -> None:
        """
        Nothing is sealed for nobody, for ever, or for what would not pass as a password.
        """
        long = Login(username="j", password="x" * 3000)
        for subject, login, lifetime in ((Subject(), LOGIN, DAY), (JOE, LOGIN, 0), (JOE, LOGIN, 367 * DAY)):
            self.assertRaises(ValueError, self.seals.seal, subject, "stomp", login, lifetime)
        why = self.assertRaises(ValueError, self.seals.seal, JOE, "stomp", long, DAY)
        self.assertEqual(str(why), "the token would have more than 3072 characters")
        half = Subject(user="joe\ud800")
        why = self.assertRaises(ValueError, self.seals.seal, half, "stomp", LOGIN, DAY)
        self.assertEqual(str(why), "a user or a login that is no UTF-8 cannot be sealed")

    def test_inspected(self) -> None:
        """
        Who has the keys may see what a token is for, and not the password in it.
        """
        token = self.token()
        said = {"service": "stomp", "user": "joe", "username": "j", "made": 1000.0, "expires": 1000.0 + DAY}
        self.assertEqual(self.seals.inspect(token), {**said, "revoked": False})
        self.seals.revoke(token, JOE)
        self.assertEqual(self.seals.inspect(token), {**said, "revoked": True})
        self.assertRaises(TokenRefused, self.seals.inspect, token[:-1])


class RevocationTests(SealsTestCase):
    def test_revoked(self) -> None:
        """
        A revoked token opens no more, another one does; nobody revokes somebody else's.
        """
        one, other = self.token(), self.token()
        self.assertRaises(TokenRefused, self.seals.revoke, one, ANN)
        self.assertRaises(TokenRefused, self.seals.revoke, "kzl1.x", JOE)
        self.assertEqual(self.seals.open(one, JOE, "stomp"), LOGIN)
        self.seals.revoke(one, JOE)
        self.assertEqual(self.refused(one), "seal-revoked")
        self.assertEqual(self.seals.open(other, JOE, "stomp"), LOGIN)

    def test_all(self) -> None:
        """
        All of a user's are revoked at once; what is made afterwards, and what others have, opens.
        """
        mine, hers = self.token(), self.token(ANN)
        self.seals.revoke_all(JOE)
        self.now += 1
        self.assertEqual(self.refused(mine), "seal-revoked")
        for token, subject in ((hers, ANN), (self.token(), JOE)):
            self.assertEqual(self.seals.open(token, subject, "stomp"), LOGIN)

    def test_many(self) -> None:
        """
        Whoever revokes a 33rd token one by one has revoked all so far; expired ones do not count.
        """
        kept = self.token()
        for _ in range(32):
            self.seals.revoke(self.token(), JOE)
        self.assertEqual(self.seals.open(kept, JOE, "stomp"), LOGIN)
        self.now += DAY + 1
        kept = self.token()
        for _ in range(32):
            self.seals.revoke(self.token(), JOE)
        self.assertEqual(self.seals.open(kept, JOE, "stomp"), LOGIN)
        self.seals.revoke(self.token(), JOE)
        self.assertEqual(self.refused(kept), "seal-revoked")

    def test_full(self) -> None:
        """
        Revocations of 10000 users are kept; there is room again when some would have expired.
        """
        for number in range(10_000):
            self.revocations.add(f"u{number}", "token", self.now + 10 + number % 2)
        token = self.token()
        self.assertRaises(LoginUnavailable, self.seals.revoke, token, JOE)
        self.revocations.add("u5", "another", self.now + 10)
        self.now += 10.5
        self.seals.revoke(token, JOE)
        self.assertEqual(self.refused(token), "seal-revoked")

    def test_after_restart(self) -> None:
        """
        What was revoked is so after a restart; tokens themselves are not in the file.
        """
        one, hers = self.token(), self.token(ANN)
        self.seals.revoke(one, JOE)
        self.seals.revoke_all(ANN)
        path = Path(self.mktemp())
        write_private(path, self.revocations.text())
        self.assertNotIn(one[5:], path.read_text())
        self.seals = Seals(self.keys, self.time, Revocations(self.time, path))
        self.assertEqual((self.refused(one), self.refused(hers, ANN)), ("seal-revoked", "seal-revoked"))
        Revocations(self.time, Path("none"))

    def test_spoilt(self) -> None:
        """
        A file of revoked tokens that is no good is refused: to leave it out would let them in.
        """
        path = Path(self.mktemp())
        for text in (
            "",
            "{}",
            '{"kaazing-revoked": 1}',
            '{"kaazing-revoked": 1, "before": [], "tokens": {}}',
        ):
            write_private(path, text)
            why = self.assertRaises(ConfigError, Revocations, self.time, path)
            self.assertEqual(str(why), f"{path}: is no file of revoked tokens")
