"""Login module pam: what reaches PAM, and what comes of that; PAM itself is in tests.integration.test_pam."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import LoginMissing, LoginRefused
from kaazing.interfaces.security import ILoginModule
from kaazing.security.modules.pam import PamChecker, PamType, groups_of, read_service
from tests.security.modules.attempts import attempt, options, workplace
from tests.security.threads import ThreadClock


class PamTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        The module keeps its promises, and asks the service kaazing with four threads unless told otherwise.
        """
        module = PamType()
        verifyObject(ILoginModule, module)
        self.assertEqual(list(module.check({})), [])
        self.assertEqual(options(module), {"service": "kaazing", "roles": "none", "threads": 4})

    def test_service(self) -> None:
        """
        A service is a name and never a path, which some versions of PAM would read as a file.
        """
        self.assertEqual(read_service("kaazing-1.test"), "kaazing-1.test")
        for bad in ("", "/tmp/x", "../x", "a b", ".x", "x" * 65, "a\0"):
            self.assertRaises(ValueError, read_service, bad)

    def test_never_asked(self) -> None:
        """
        PAM is not asked about what is no password, or about characters that C ends a string at or cannot say.
        """
        checker = PamChecker(options(PamType()), workplace(Path(), ThreadClock()), self.fail)
        self.assertRaises(LoginMissing, checker.requestAvatarId, attempt(tokens=("t",)))
        for user, password in (
            ("", "x"),
            ("a\0", "x"),
            ("a\n", "x"),
            ("\ud800", "x"),
            ("a", "x\0"),
            ("a", "\ud800"),
        ):
            self.assertRaises(LoginRefused, checker.requestAvatarId, attempt(user, password))

    def test_groups(self) -> None:
        """
        A user's groups are those of the machine; who has no account there has none.
        """
        here = pwd.getpwuid(os.getuid())
        self.assertIn(grp.getgrgid(here.pw_gid).gr_name, groups_of(here.pw_name))
        self.assertEqual(groups_of("nobody-is-called-this"), frozenset())
