"""Login module file: who is let in, what is computed and what is remembered, and how long it takes."""

from __future__ import annotations

import gc
import statistics
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError, LoginMissing, LoginRefused, LoginUnavailable
from kaazing.interfaces.security import ILoginModule, Password, Subject
from kaazing.security.modules.file import FileChecker, FileType, Remembered
from kaazing.security.passwords import read
from tests.security.modules.attempts import attempt, options, workplace
from tests.security.test_passwords import argoned, bcrypted
from tests.security.test_users import ROLES, jaas
from tests.security.threads import Pool, ThreadClock


class FileTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = ThreadClock()
        self.clock.advance(1_700_000_000)
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def checker(self, users: bytes, pool: Pool | None = None, **said: str) -> FileChecker:
        """A checker of a file of users."""
        (self.folder / "users").write_bytes(users)
        module = FileType()
        self.assertEqual(list(module.check({})), [])
        return module.checker(options(module, file="users", **said), workplace(self.folder, self.clock, pool))

    def login(self, checker: FileChecker, user: str, password: str) -> Deferred[Any]:
        """Ask for somebody."""
        return checker.requestAvatarId(attempt(user, password))


class FileTests(FileTestCase):
    def test_promises(self) -> None:
        """
        The module keeps its promises.
        """
        verifyObject(ILoginModule, FileType())

    def test_jaas(self) -> None:
        """
        The original's file, its passwords in clear: joe gets his roles and those in them.
        """
        checker = self.checker(jaas(ROLES), debug="true")
        subject = self.successResultOf(self.login(checker, "joe", "welcome"))
        self.assertEqual(subject, Subject(user="joe", roles=frozenset({"TRADER", "READER", "WRITER"})))

    def test_refused(self) -> None:
        """
        A wrong user and a wrong password are refused in the same words, whatever the file is.
        """
        files = (jaas(ROLES), f"joe:{bcrypted('welcome')}\nann:{argoned('x y')}".encode(), b"")
        for users in files:
            checker = self.checker(users)
            for name, password in (
                ("joe", "x y"),
                ("joe", ""),
                ("Joe", "welcome"),
                ("", "welcome"),
                ("bob", "x"),
            ):
                failed = self.failureResultOf(self.login(checker, name, password), LoginRefused)
                self.assertEqual(failed.getErrorMessage(), "wrong user or password")

    def test_missing(self) -> None:
        """
        An attempt without a password is for the next module.
        """
        checker = self.checker(jaas(ROLES))
        self.failureResultOf(checker.requestAvatarId(attempt(tokens=("x",))), LoginMissing)

    def test_groups(self) -> None:
        """
        A second file has roles for the users of the first.
        """
        (self.folder / "groups").write_bytes(b"trader: joe\nboss: ann\n")
        checker = self.checker(f"joe:{bcrypted('welcome')}".encode(), groups="groups")
        subject = self.successResultOf(self.login(checker, "joe", "welcome"))
        self.assertEqual(subject, Subject(user="joe", roles=frozenset({"trader"})))

    def test_change(self) -> None:
        """
        Who is taken out of the file is out a second later, whatever is remembered.
        """
        checker = self.checker(f"joe:{bcrypted('welcome')}".encode())
        self.successResultOf(self.login(checker, "joe", "welcome"))
        (self.folder / "users").write_bytes(f"joe:{bcrypted('other')}".encode())
        self.clock.advance(1)
        self.failureResultOf(self.login(checker, "joe", "welcome"), LoginRefused)
        self.successResultOf(self.login(checker, "joe", "other"))
        (self.folder / "users").write_bytes(b"# nobody")
        self.clock.advance(1)
        self.failureResultOf(self.login(checker, "joe", "other"), LoginRefused)

    def test_faults(self) -> None:
        """
        A file that is missing or no good keeps the gateway from starting.
        """
        self.assertRaises(ConfigError, self.checker, b"joe")
        self.assertRaises(ConfigError, self.checker, b"", groups="none")

    def test_weak(self) -> None:
        """
        Hashes that are cheap to guess are told of once for each version of the file.
        """
        with capturedLogs() as events:
            checker = self.checker(f"joe:{bcrypted('welcome')}\nann:{bcrypted('x', 10)}".encode())
            for _ in range(3):
                self.successResultOf(self.login(checker, "joe", "welcome"))
        line = (
            f"{self.folder / 'users'}: 1 of 2 hashes are cheap to guess; make new ones with htpasswd -B -C 12"
        )
        self.assertEqual([formatEvent(event) for event in events], [line])


class ThreadTests(FileTestCase):
    def test_beside_the_reactor(self) -> None:
        """
        Hashes are computed in a thread, of users who are not there too; passwords in clear are compared
        at once.
        """
        pool = Pool()
        checker = self.checker(f"joe:{bcrypted('welcome')}".encode(), pool)
        for name, outcome in (("joe", Subject), ("bob", LoginRefused)):
            done = self.login(checker, name, "welcome")
            self.assertNoResult(done)
            pool.run()
            result = done.result if name == "joe" else self.failureResultOf(done).value
            self.assertIsInstance(result, outcome)
        self.successResultOf(self.login(self.checker(jaas(ROLES), pool), "joe", "welcome"))

    def test_change(self) -> None:
        """
        Who was taken out of a file is out even if nobody has asked since; who logs in while it is read waits.
        """
        pool = Pool()
        checker = self.checker(jaas(ROLES), pool)
        self.successResultOf(self.login(checker, "joe", "welcome"))
        (self.folder / "users").write_bytes(b"# nobody")
        self.clock.advance(86400)
        done = self.login(checker, "joe", "welcome")
        self.assertNoResult(done)
        pool.run()
        self.failureResultOf(done, LoginRefused)

    def test_remembered(self) -> None:
        """
        A password that was right is not computed again for half a minute; a wrong one always is.
        """
        pool = Pool()
        checker = self.checker(f"joe:{bcrypted('welcome')}".encode(), pool)
        table = [
            # seconds since the last, password, whether something is computed
            (0, "welcome", True),
            (29, "welcome", False),
            (0, "wrong", True),
            (0, "wrong", True),
            (0, "welcome", False),
            (1, "welcome", True),
        ]
        for since, password, computed in table:
            self.clock.advance(since)
            done = self.login(checker, "joe", password)
            self.assertEqual(bool(pool.calls), computed, (since, password))
            if computed:
                pool.run()
            done.addErrback(lambda why: why.trap(LoginRefused))
            self.successResultOf(done)

    def test_not_remembered(self) -> None:
        """
        With remember 0 every login is computed; of a user who is not there nothing is ever remembered,
        or it would show when a password is that of another.
        """
        for name, said in (("joe", {"remember": "0"}), ("bob", {})):
            pool = Pool()
            checker = self.checker(f"joe:{bcrypted('welcome')}".encode(), pool, **said)
            for _ in range(3):
                done = self.login(checker, name, "welcome").addErrback(lambda why: why.trap(LoginRefused))
                self.assertNoResult(done)
                pool.run()
                self.successResultOf(done)

    def test_busy(self) -> None:
        """
        Where too many wait, nobody is told that a password is wrong.
        """
        pool = Pool()
        checker = self.checker(f"joe:{bcrypted('welcome')}".encode(), pool)
        logins = [self.login(checker, "joe", "wrong") for _ in range(203)]
        self.failureResultOf(logins[-1], LoginUnavailable)
        self.assertNoResult(logins[0])

    def test_bounds(self) -> None:
        """
        So many are remembered and no more; the oldest are forgotten, and none outlives a clock set back.
        """
        remembered = Remembered(30.0, self.clock.seconds, most=2)
        kept, said = read("x", clear=True), [Password(f"u{number}", "x") for number in range(3)]
        for each in said:
            remembered.keep(True, each, kept)
        self.assertEqual([remembered.has(each, kept) for each in said], [False, True, True])
        self.assertFalse(remembered.has(said[1], read("y", clear=True)))
        self.clock.rightNow -= 60
        self.assertFalse(remembered.has(said[1], kept))


class TimeTests(FileTestCase):
    """A wrong user takes as long as a wrong password: time of this thread's processor, in which all is
    computed here, so that a busy machine changes nothing."""

    TRIES = 200

    def medians(self, users: bytes, times: int) -> float:
        """The ratio of the medians of a wrong user and a wrong password."""
        checker = self.checker(users)
        names: dict[str, list[float]] = {"joe": [], "bob": []}
        attempts = {name: attempt(name, "wrong") for name in names}
        gc.disable()
        self.addCleanup(gc.enable)
        for turn in range(self.TRIES):
            for name in sorted(names, reverse=bool(turn % 2)):  # neither is always the first
                begun = time.thread_time()
                for _ in range(times):
                    checker.requestAvatarId(attempts[name]).addErrback(lambda why: None)
                names[name].append(time.thread_time() - begun)
        gc.enable()
        joe, bob = (statistics.median(names[name]) for name in ("joe", "bob"))
        return bob / joe

    def assertAlike(self, users: bytes, times: int = 1) -> None:
        """Check that the medians differ by less than 5 %."""
        ratio = self.medians(users, times)
        self.assertTrue(0.95 < ratio < 1.05, ratio)

    def test_bcrypt(self) -> None:
        """
        With hashes by bcrypt.
        """
        self.assertAlike(f"joe:{bcrypted('welcome', 5)}\nann:{bcrypted('x', 5)}".encode())

    def test_argon2(self) -> None:
        """
        With hashes by argon2id.
        """
        hashes = [argoned(each, time_cost=2, memory_cost=512) for each in ("welcome", "x")]
        self.assertAlike(f"joe:{hashes[0]}\nann:{hashes[1]}".encode())

    def test_clear(self) -> None:
        """
        With passwords in clear.
        """
        self.assertAlike(jaas(ROLES), times=10)
