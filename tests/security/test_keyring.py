"""Which login a client gets at its backend, and that a doubt is no login."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from kaazing.config.model import KeyringConfig, ModuleConfig
from kaazing.errors import ConfigError, LoginUnavailable
from kaazing.interfaces.adapters import AskLogin, ILogins, Link, Login, NoLogin
from kaazing.interfaces.security import IKeyring, IStore, Subject, Workplace
from kaazing.metrics import REGISTRY
from kaazing.security.keyring import AGAIN, Keyring, revoked_file
from kaazing.security.keys import KeyRing
from kaazing.security.stores.entries import Entry
from kaazing.security.stores.file import seal_file
from tests.security.stores.places import workplace

JOE = Link(peer="192.0.2.1:5000", user="joe", roles=frozenset({"trader"}), claims={"sub": "j-1"})
SUBJECT = Subject(user="joe")
LOGIN = Login(username="j", password="hunter2")
NONE, UNAVAILABLE = NoLogin("no login for this client"), NoLogin("no login at the moment")


@implementer(IStore)
class Store:
    """Says the same to everybody."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, list[tuple[str, Subject]]()

    def find(self, service: str, subject: Subject) -> Any:
        """See IStore."""
        self.asked.append((service, subject))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def events(event: str) -> float:
    """How often a security event was counted."""
    return REGISTRY.get_sample_value("kaazing_security_events_total", {"event": event}) or 0.0


class KeyringTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.keys = Clock(), KeyRing.made()
        self.clock.advance(1000)

    def keyring(self, *answers: Any) -> Keyring:
        """A keyring of stores that answer so."""
        self.stores = [Store(each) for each in answers]
        place = workplace(Path(), self.clock)
        made = Keyring(self.keys, [(f"s{n}", each) for n, each in enumerate(self.stores)], place, None)
        verifyObject(IKeyring, made)
        return made

    def ask(
        self, keyring: Keyring, source: str, password: str = "", link: Link = JOE
    ) -> tuple[Any, list[str]]:
        """The answer to a client of stomp, and what the log says."""
        logins = keyring.logins("stomp", source)
        verifyObject(ILogins, logins)
        with capturedLogs() as said:
            answer = self.successResultOf(logins.login(link, AskLogin("x", password)))
        lines = [formatEvent(each) for each in said]
        self.assertNotIn("hunter2", "".join(lines))
        return answer, lines

    def test_stored(self) -> None:
        """
        The first store that has a login gives it; each hears service, user, roles and claims.
        """
        keyring = self.keyring(None, succeed(LOGIN), Login(username="not asked"))
        self.assertEqual(self.ask(keyring, "stored"), (LOGIN, []))
        asked = [("stomp", Subject(user="joe", roles=frozenset({"trader"}), claims={"sub": "j-1"}))]
        self.assertEqual([store.asked for store in self.stores], [asked, asked, []])

    def test_none(self) -> None:
        """
        Where no store has one there is none, and the log says for whom.
        """
        line = "192.0.2.1:5000, user 'joe', service stomp: no store has a login"
        self.assertEqual(self.ask(self.keyring(None, None), "stored"), (NONE, [line]))

    def test_store_fails(self) -> None:
        """
        When a store fails the next is not asked: it might have a login that the first would not have given.
        """
        for why, words in ((LoginUnavailable("busy"), "busy"), (ValueError("hunter2"), "ValueError")):
            for answer in (why, fail(why)):
                keyring = self.keyring(answer, LOGIN)
                line = f"192.0.2.1:5000, user 'joe', service stomp: store s0: {words}"
                self.assertEqual(self.ask(keyring, "stored"), (UNAVAILABLE, [line]))
                self.assertEqual(self.stores[1].asked, [])

    def test_sealed(self) -> None:
        """
        The token that the client gives as its password is the login, and stores are not asked.
        """
        keyring = self.keyring(Login(username="stored"))
        token = keyring.seal(SUBJECT, "stomp", LOGIN, 60.0)
        self.assertEqual(self.ask(keyring, "sealed", token), (LOGIN, []))
        self.assertEqual(self.stores[0].asked, [])

    def test_any(self) -> None:
        """
        With "any", a sealed token counts where one is given, and a broken one is no way to the stores.
        """
        stored = Login(username="stored")
        keyring = self.keyring(stored)
        token = keyring.seal(SUBJECT, "stomp", LOGIN, 60.0)
        self.assertEqual(self.ask(keyring, "any", token)[0], LOGIN)
        self.assertEqual(self.ask(keyring, "any", token + "A")[0], NONE)
        self.assertEqual(self.ask(keyring, "any", "secret")[0], stored)
        self.assertEqual(self.ask(keyring, "stored", token)[0], stored)

    def test_broken(self) -> None:
        """
        A token that does not open is a security event: one line of the log, one count, and no login.
        """
        keyring = self.keyring()
        token = keyring.seal(SUBJECT, "stomp", LOGIN, 60.0)
        revoked = keyring.seal(SUBJECT, "stomp", LOGIN, 60.0)
        keyring.revoke(revoked, SUBJECT)
        ann = Link(peer="192.0.2.1:5000", user="ann")
        cases = (
            ("", JOE, 0, "seal-tampered", "no sealed login"),
            (token[:-1], JOE, 0, "seal-tampered", "a sealed login that was changed, or not made here"),
            (token, ann, 0, "seal-foreign", "a sealed login of another user or for another service"),
            (revoked, JOE, 0, "seal-revoked", "a sealed login that was revoked"),
            (token, JOE, 60, "seal-expired", "a sealed login that is expired"),
        )
        for password, link, later, event, words in cases:
            self.clock.advance(later)
            before = events(event)
            line = f"192.0.2.1:5000, user '{link.user}', service stomp: {words}"
            self.assertEqual(self.ask(keyring, "sealed", password, link), (NONE, [line]))
            self.assertEqual(events(event), before + 1)

    def test_all_revoked(self) -> None:
        """
        A user's tokens can be revoked all at once.
        """
        keyring = self.keyring()
        token = keyring.seal(SUBJECT, "stomp", LOGIN, 60.0)
        keyring.revoke_all(SUBJECT)
        self.assertEqual(self.ask(keyring, "sealed", token)[0], NONE)


class ConfigTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.keys = KeyRing.made()
        self.keys.save(self.folder / "keys")

    def test_made(self) -> None:
        """
        A keyring is made as configured: the key file, and the stores in their order.
        """
        seal_file(self.folder / "logins", self.keys, [Entry(username="j")])
        stores = (ModuleConfig(type="file", options={"file": "logins"}, line=7),)
        config = KeyringConfig(key_file=Path("keys"), stores=stores)
        keyring = Keyring.of(config, workplace(self.folder))
        self.assertEqual(keyring.keys.keys, self.keys.keys)
        answer = keyring.logins("stomp", "stored").login(JOE, AskLogin())
        self.assertEqual(self.successResultOf(answer), Login(username="j"))

    def test_no_key_file(self) -> None:
        """
        Without a key file the log says that nothing sealed outlives the gateway.
        """
        self.patch(os, "environ", {})
        with capturedLogs() as said:
            Keyring.of(KeyringConfig(), workplace(self.folder))
        lines = ["there is no key file: what is sealed is worthless when the gateway ends"]
        self.assertEqual([formatEvent(each) for each in said], lines)

    def test_refused(self) -> None:
        """
        What a store finds wrong at the start is told with its line.
        """
        stores = (ModuleConfig(type="file", options={"file": "none"}, line=7),)
        config = KeyringConfig(key_file=Path("keys"), stores=stores)
        why = self.assertRaises(ConfigError, Keyring.of, config, workplace(self.folder))
        self.assertEqual(why.line, 7)
        path = self.folder / "none"
        self.assertEqual(why.what, f"store file: {path}: cannot be read: No such file or directory")

    def test_revoked(self) -> None:
        """
        What is revoked is written beside the key file, in another thread, one write at a time, and counts
        after a restart.
        """
        works: list[tuple[Deferred[None], Any]] = []

        def work(function: Any, *arguments: Any) -> Deferred[Any]:
            leave: Deferred[None] = Deferred()
            works.append((leave, arguments))
            return leave.addCallback(lambda _: function(*arguments))

        place = Workplace(folder=self.folder, reactor=Clock(), time=lambda: 1000.0, work=work)
        config = KeyringConfig(key_file=Path("keys"))
        keyring = Keyring.of(config, place)
        tokens = [keyring.seal(SUBJECT, "stomp", LOGIN, 60.0) for _ in range(3)]
        for token in tokens:
            keyring.revoke(token, SUBJECT)
        self.assertEqual(len(works), 1)
        works.pop()[0].callback(None)
        works.pop()[0].callback(None)
        self.assertEqual(works, [])
        again = Keyring.of(config, workplace(self.folder))
        for token in tokens:
            answer = again.logins("stomp", "sealed").login(JOE, AskLogin("", token))
            self.assertEqual(self.successResultOf(answer), NONE)

    def test_not_written(self) -> None:
        """
        Where the file of the revoked cannot be written, the log says so, they are revoked all the same, and
        it is tried again until it is written.
        """
        clock, works = Clock(), list[Any]([maybeDeferred, *[lambda *_: fail(OSError("full"))] * 3])
        place = Workplace(
            folder=self.folder, reactor=clock, time=lambda: 1000.0, work=lambda *call: works.pop()(*call)
        )
        keyring = Keyring.of(KeyringConfig(key_file=Path("keys")), place)
        token = keyring.seal(SUBJECT, "stomp", LOGIN, 60.0)
        with capturedLogs() as said:
            keyring.revoke(token, SUBJECT)
            keyring.revoke(token, SUBJECT)
            clock.advance(AGAIN)
        self.assertEqual([formatEvent(each) for each in said], ["revoked tokens are not written: full"] * 3)
        answer = keyring.logins("stomp", "sealed").login(JOE, AskLogin("", token))
        self.assertEqual(self.successResultOf(answer), NONE)
        self.assertFalse((self.folder / "keys.revoked").exists())
        clock.advance(AGAIN)
        self.assertTrue((self.folder / "keys.revoked").exists())
        self.assertEqual((works, clock.getDelayedCalls()), ([], []))

    def test_where(self) -> None:
        """
        Revoked tokens are kept beside the key file, for a systemd credential in its state folder.
        """
        path = self.folder / "keys"
        keys = KeyRing.load(path)
        self.patch(os, "environ", {})
        self.assertEqual(revoked_file(keys), self.folder / "keys.revoked")
        self.assertIsNone(revoked_file(KeyRing.made()))
        os.environ["CREDENTIALS_DIRECTORY"] = str(self.folder)
        self.assertIsNone(revoked_file(keys))
        os.environ["STATE_DIRECTORY"] = "/var/lib/kaazing:/var/lib/other"
        self.assertEqual(revoked_file(keys), Path("/var/lib/kaazing/kaazing-revoked.json"))
