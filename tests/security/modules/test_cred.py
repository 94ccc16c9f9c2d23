"""Login module twisted: checkers that Twisted has, as twistd knows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.cred.checkers import ANONYMOUS
from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import LoginFailed
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError, LoginRefused
from kaazing.interfaces.security import ILoginModule, Subject
from kaazing.security.modules.cred import TwistedChecker, TwistedType
from tests.security.modules.attempts import options, workplace
from tests.security.threads import ThreadClock


class TwistedTests(SynchronousTestCase):
    def login(self, user: bytes, password: bytes, **said: str) -> Deferred[Any]:
        """Log in."""
        module = TwistedType()
        checker = module.checker(options(module, **said), workplace(Path(), ThreadClock()))
        asked: Deferred[Any] = checker.requestAvatarId(UsernamePassword(user, password))
        return asked

    def test_promises(self) -> None:
        """
        The module keeps its promises; its description is a secret, for there may be passwords in it.
        """
        verifyObject(ILoginModule, TwistedType())
        self.assertTrue(TwistedType().options[0].secret)

    def test_memory(self) -> None:
        """
        A checker with users and passwords of its own: its users come in with the roles of the option.
        """
        said = {"checker": "memory:joe:welcome:j\xf6rg:x", "roles": "trader, guest"}
        subject = self.successResultOf(self.login(b"joe", b"welcome", **said))
        self.assertEqual(subject, Subject(user="joe", roles=frozenset({"trader", "guest"})))
        subject = self.successResultOf(self.login("j\xf6rg".encode(), b"x", checker=said["checker"]))
        self.assertEqual(subject, Subject(user="j\xf6rg"))

    def test_file(self) -> None:
        """
        A checker that reads a file, as twisted.cred does.
        """
        path = Path(self.mktemp())
        path.write_text("joe:welcome\n")
        subject = self.successResultOf(self.login(b"joe", b"welcome", checker=f"file:{path}"))
        self.assertEqual(subject, Subject(user="joe"))

    def test_refused(self) -> None:
        """
        A wrong password fails as the checker says.
        """
        for user, password in ((b"joe", b"x"), (b"bob", b"welcome")):
            self.failureResultOf(self.login(user, password, checker="memory:joe:welcome"), LoginFailed)

    def test_nobody(self) -> None:
        """
        A checker that lets somebody in without a name lets nobody in.
        """
        for said in (ANONYMOUS, "", b"", None, 7):

            class Checker:
                def requestAvatarId(self, credentials: object, said: object = said) -> object:
                    return succeed(said)

            asked = TwistedChecker(Checker(), frozenset()).requestAvatarId(UsernamePassword(b"joe", b"x"))
            self.failureResultOf(asked, LoginRefused)

    def test_faults(self) -> None:
        """
        What is no checker, or none of passwords, is told of without its arguments.
        """
        table = {
            "mem0ry:joe:s3cret": "checker 'mem0ry': InvalidAuthType; see twistd --help-auth, --help-auth-type"
            " mem0ry",
            "memory:joe:s3cret:x": "checker 'memory': InvalidAuthArgumentString; see twistd --help-auth,"
            " --help-auth-type memory",
            "anonymous": "checker 'anonymous': it takes no user and password",
        }
        module = TwistedType()
        for checker, what in table.items():
            said = options(module, checker=checker)
            self.assertEqual(list(module.check(said)), [what])
            self.assertRaises(ConfigError, module.checker, said, workplace(Path(), ThreadClock()))
        self.assertEqual(list(module.check(options(module, checker="memory:joe:x"))), [])
