"""PAM itself, with its configuration in a folder of the test's own by pam_wrapper: no root, no /etc/pam.d."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.needs import ROOT, missing

SCRIPT = """
import ctypes.util, json, sys, time
from pathlib import Path
known = ctypes.util.find_library
ctypes.util.find_library = lambda name: sys.argv[1] if name == "pam" else known(name)

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react
from kaazing.interfaces.security import Attempt, Password, Workplace
from kaazing.security.modules.pam import PamType

async def log_in(reactor, service, user, password):
    place = Workplace(folder=Path(), reactor=reactor, time=time.time, work=None)
    checker = PamType().checker({"service": service, "roles": "none", "threads": 2}, place)
    checker.start()
    said = Attempt(realm="r", service="s", address="192.0.2.1", password=Password(user, password))
    try:
        return (await checker.requestAvatarId(said)).user
    except Exception as why:
        return f"{type(why).__name__}: {why}"
    finally:
        await checker.stop()

async def all_of_them(reactor):
    print(json.dumps([await log_in(reactor, *each) for each in json.loads(sys.argv[2])]))

react(lambda reactor: ensureDeferred(all_of_them(reactor)))
"""


def found(pattern: str) -> str:
    """Return the path of a library, or raise SkipTest."""
    libraries = Path("/usr/lib")
    for path in (*libraries.glob(f"*/{pattern}"), libraries / pattern):
        if path.exists():
            return str(path)
    raise missing(f"{pattern} is not installed (Debian package libpam-wrapper)")


class PamTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.wrapper, self.matrix = found("libpam_wrapper.so"), found("pam_wrapper/pam_matrix.so")
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / "passwords").write_text("joe:welcome:kaazing\nj\xf6rg:p\xe4ss:kaazing\n")
        self.service("other", "auth required pam_deny.so\naccount required pam_deny.so\n")

    def service(self, name: str, text: str) -> None:
        """Configure a service of PAM."""
        (self.folder / "services").mkdir(exist_ok=True)
        known = f"{self.matrix} passdb={self.folder}/passwords"
        (self.folder / "services" / name).write_text(text.replace("MATRIX", known))

    def log_in(self, *logins: tuple[str, str, str]) -> list[str]:
        """Ask a process of its own, where PAM is the wrapped one; return users and errors."""
        wrapped = {"PAM_WRAPPER": "1", "PAM_WRAPPER_SERVICE_DIR": str(self.folder / "services")}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, self.wrapper, json.dumps(logins)],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", **wrapped},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        users: list[str] = json.loads(done.stdout)
        return users

    def test_passwords(self) -> None:
        """
        Who PAM knows comes in; a wrong user and a wrong password are refused in the same words.
        """
        self.service("kaazing", "auth required MATRIX\naccount required MATRIX\n")
        outcomes = self.log_in(
            ("kaazing", "joe", "welcome"),
            ("kaazing", "j\xf6rg", "p\xe4ss"),
            ("kaazing", "joe", "x"),
            ("kaazing", "bob", "welcome"),
            ("kaazing", "joe", ""),
        )
        wrong = "LoginRefused: wrong user or password"
        self.assertEqual(outcomes, ["joe", "j\xf6rg", wrong, wrong, wrong])

    def test_account(self) -> None:
        """
        A right password of an account that may not be used is refused.
        """
        self.service(
            "kaazing", "auth required pam_permit.so\naccount required pam_debug.so acct=acct_expired\n"
        )
        self.assertEqual(self.log_in(("kaazing", "joe", "x")), ["LoginRefused: the account has expired"])

    def test_no_service(self) -> None:
        """
        A service without a file is what `other` says, here a no.
        """
        self.assertEqual(self.log_in(("none", "joe", "welcome")), ["LoginRefused: wrong user or password"])

    def test_broken(self) -> None:
        """
        Where a module of PAM is not there, nobody could say.
        """
        self.service("kaazing", "auth required /none/pam_none.so\naccount required pam_permit.so\n")
        outcome = self.log_in(("kaazing", "joe", "welcome"))
        self.assertEqual(outcome, ["LoginUnavailable: PAM, service 'kaazing': Module is unknown (28)"])
