"""python -m kaazing keyring, as a user sees it."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from kaazing.__main__ import main
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import Subject
from kaazing.security.keys import KeyRing
from kaazing.security.seals import Revocations, Seals
from kaazing.security.stores.entries import Entry
from kaazing.security.stores.file import open_file
from tests.needs import ROOT

_WRONG = "python -m kaazing: error: unrecognized arguments"


class CommandTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.keys, self.store = self.folder / "keys", self.folder / "logins"

    def run_command(self, *arguments: str, stdin: str = "") -> tuple[int, str]:
        """Exit status, and what is printed; no secret is in it, and folders are left out."""
        done = subprocess.run(
            [sys.executable, "-m", "kaazing", "keyring", *arguments],
            check=False,
            cwd=self.folder,
            env={"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertNotIn("hunter2", done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode, (done.stdout + done.stderr).replace(f"{self.folder}/", "")

    def test_keys(self) -> None:
        """
        init makes a key file for its owner alone, and never another over it; rotate adds a key, and keeps
        what is sealed in the stores it is told of, even when old keys go.
        """
        status, said = self.run_command("init", "keys")
        self.assertEqual((status, said.partition(":")[0]), (0, "keys"))
        self.assertEqual(self.keys.stat().st_mode & 0o777, 0o600)
        [first] = KeyRing.load(self.keys).keys
        again = "there is a file of that name already, which is left as it is\n"
        self.assertEqual(self.run_command("init", "keys"), (1, again))
        setting = ("set", "--keys", "keys", "logins", "--username", "app", "--stdin")
        self.assertEqual(self.run_command(*setting, stdin="hunter2\n")[0], 0)
        rotated = self.run_command("rotate", "keys", "--store", "logins")
        self.assertEqual(rotated, (0, "keys: a key was added, 0 dropped; stores sealed anew: 1\n"))
        keys = KeyRing.load(self.keys)
        self.assertEqual((len(keys.keys), keys.keys[0]), (2, first))
        rotated = self.run_command("rotate", "keys", "--keep", "0", "--store", "logins")
        self.assertEqual(rotated, (0, "keys: a key was added, 2 dropped; stores sealed anew: 1\n"))
        self.assertEqual(
            open_file(self.store, KeyRing.load(self.keys)), (Entry(username="app", password="hunter2"),)
        )

    def test_logins(self) -> None:
        """
        set keeps a login, and another one for the same client in its place; list shows them without their
        passwords; remove takes one out.
        """
        KeyRing.made().save(self.keys)
        where = ("--keys", "keys", "logins")
        joe = ("--service", "stomp", "--user", "joe")
        for more, said in (
            ((*joe, "--username", "j"), "added: user joe at stomp: j"),
            (("--role", "trader", "--username", "${user}"), "added: role trader at *: ${user}"),
            (
                (*joe, "--username", "joe", "--mechanism", "PLAIN"),
                "changed: user joe at stomp: joe by PLAIN",
            ),
        ):
            answer = self.run_command("set", *where, *more, "--stdin", stdin="hunter2\n")
            self.assertEqual(answer, (0, f"logins: {said}\n"))
        self.assertEqual(self.store.stat().st_mode & 0o777, 0o600)
        shown = "role trader at *: ${user}\nuser joe at stomp: joe by PLAIN\n"
        self.assertEqual(self.run_command("list", *where), (0, shown))
        kept = open_file(self.store, KeyRing.load(self.keys))
        self.assertEqual([entry.password for entry in kept], ["hunter2", "hunter2"])
        gone = (0, "logins: removed: user joe at stomp\n")
        self.assertEqual(self.run_command("remove", *where, *joe), gone)
        none = (1, "logins: there is no login of user joe at stomp\n")
        self.assertEqual(self.run_command("remove", *where, *joe), none)
        self.assertEqual(self.run_command("list", *where), (0, "role trader at *: ${user}\n"))

    def test_typed(self) -> None:
        """
        Without --stdin the password is asked for at the terminal, unseen.
        """
        KeyRing.made().save(self.keys)
        asked: list[str] = []

        def typed(prompt: str) -> str:
            asked.append(prompt)
            return "hunter2"

        self.patch(getpass, "getpass", typed)
        with redirect_stdout(StringIO()) as said:
            where = ["--keys", str(self.keys), str(self.store)]
            self.assertEqual(main(["keyring", "set", *where, "--username", "app"]), 0)
        self.assertEqual(asked, ["password at the backend: "])
        self.assertEqual(said.getvalue(), f"{self.store}: added: everybody at *: app\n")
        entries = open_file(self.store, KeyRing.load(self.keys))
        self.assertEqual(entries, (Entry(username="app", password="hunter2"),))

    def test_no_terminal(self) -> None:
        """
        Where what is typed would be seen, or there is no terminal, nothing is asked; --stdin is named.
        """
        KeyRing.made().save(self.keys)

        def echoing(prompt: str) -> str:
            warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=1)
            return "hunter2"

        self.patch(getpass, "getpass", echoing)
        with redirect_stderr(StringIO()) as said:
            where = ["--keys", str(self.keys), str(self.store)]
            self.assertEqual(main(["keyring", "set", *where, "--username", "app"]), 1)
        self.assertEqual(said.getvalue(), "there is no terminal to ask at; use --stdin\n")
        self.assertFalse(self.store.exists())

    def test_nothing_typed(self) -> None:
        """
        Nothing is kept where nothing is typed or the input is empty, as that of a command that failed, and
        Ctrl-C ends in a sentence; EXTERNAL alone wants no password.
        """
        KeyRing.made().save(self.keys)
        where = ("set", "--keys", "keys", "logins", "--username", "app")
        nothing = (1, "no password at the backend was given\n")
        self.assertEqual(self.run_command(*where, "--stdin"), nothing)
        self.assertEqual(self.run_command(*where, "--stdin", stdin="\n"), nothing)
        for interruption, said in ((EOFError, nothing[1]), (KeyboardInterrupt, "\nnothing was changed\n")):

            def typed(prompt: str, why: type[BaseException] = interruption) -> str:
                raise why

            self.patch(getpass, "getpass", typed)
            with redirect_stderr(StringIO()) as errors:
                at = ["--keys", str(self.keys), str(self.store)]
                self.assertEqual(main(["keyring", "set", *at, "--username", "app"]), 1)
            self.assertEqual(errors.getvalue(), said)
        self.assertFalse(self.store.exists())
        external = (0, "logins: added: everybody at *: app by EXTERNAL\n")
        self.assertEqual(self.run_command(*where, "--mechanism", "EXTERNAL", "--stdin"), external)

    def test_at_once(self) -> None:
        """
        Of commands that run at once none takes back what another has kept.
        """
        KeyRing.made().save(self.keys)
        users = [f"u{number}" for number in range(6)]
        setting = [sys.executable, "-m", "kaazing", "keyring", "set", "--keys", "keys", "logins", "--stdin"]
        running = [
            subprocess.Popen(
                [*setting, "--user", user, "--username", "app"],
                cwd=self.folder,
                env={"PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
            for user in users
        ]
        for each in running:
            assert each.stdin is not None
            each.stdin.write(b"hunter2\n")
            each.stdin.close()
        self.assertEqual([each.wait(60) for each in running], [0] * len(users))
        kept = open_file(self.store, KeyRing.load(self.keys))
        self.assertEqual(sorted(str(entry.user) for entry in kept), users)

    def test_tokens(self) -> None:
        """
        seal prints a token that opens for its user and service; inspect says what it is for.
        """
        KeyRing.made().save(self.keys)
        whose = ("--service", "stomp", "--user", "joe", "--username", "j")
        status, token = self.run_command(
            "seal", "--keys", "keys", *whose, "--lifetime", "1 hour", "--stdin", stdin="hunter2\n"
        )
        self.assertEqual(status, 0)
        now = 0.0
        seals = Seals(KeyRing.load(self.keys), lambda: now, Revocations(lambda: now))
        login = seals.open(token.strip(), Subject(user="joe"), "stomp")
        self.assertEqual(login, Login(username="j", password="hunter2"))
        status, said = self.run_command("inspect", "--keys", "keys", "--stdin", stdin=token)
        found = json.loads(said)
        self.assertEqual((status, found.pop("made")[:2], found.pop("expires")[:2]), (0, "20", "20"))
        self.assertEqual(found, {"service": "stomp", "user": "joe", "username": "j", "revoked": False})
        tampered = self.run_command("inspect", "--keys", "keys", "--stdin", stdin="kzl1.x\n")
        self.assertEqual(tampered, (1, "a sealed login that was changed, or not made here\n"))

    def test_refused(self) -> None:
        """
        What cannot be done ends with status 1 and a sentence; a command line that is wrong with 2.
        """
        missing = (1, "keys: cannot be read: No such file or directory\n")
        self.assertEqual(self.run_command("list", "--keys", "keys", "logins"), missing)
        KeyRing.made().save(self.keys)
        missing = (1, "logins: cannot be read: No such file or directory\n")
        self.assertEqual(self.run_command("list", "--keys", "keys", "logins"), missing)
        self.assertEqual(self.run_command("init", "none/keys")[0], 1)
        where = ("--keys", "keys", "logins")
        both = self.run_command("set", *where, "--user", "a", "--role", "b", "--username", "c")
        self.assertEqual((both[0], "not allowed with" in both[1]), (2, True))
        status, said = self.run_command("set", *where, "--username", "${x}", "--stdin", stdin="hunter2")
        self.assertEqual((status, said), (1, "username: only ${user} and ${claim.NAME} can be filled in\n"))
        for words in (("--password", "hunter2"), ("--password=hunter2",), ("hunter2",)):
            status, said = self.run_command("list", *where, *words)
            name = ": --password" if len(words[0]) > 7 else ""
            self.assertEqual((status, said.splitlines()[-1]), (2, f"{_WRONG}{name}"))
        self.assertEqual(self.run_command("rotate", "keys", "--keep", "long")[0], 2)
        self.assertFalse(self.store.exists())

    def test_help(self) -> None:
        """
        Each action has a help that says what it does.
        """
        for action in ([], ["init"], ["rotate"], ["set"], ["list"], ["remove"], ["seal"], ["inspect"]):
            with redirect_stdout(StringIO()) as said:
                self.assertEqual(self.assertRaises(SystemExit, main, ["keyring", *action, "--help"]).code, 0)
            self.assertTrue(said.getvalue().startswith("usage: python -m kaazing keyring"), action)
