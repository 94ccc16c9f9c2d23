"""python -m kaazing, as a user sees it."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

from kaazing import __version__, plugins
from kaazing.__main__ import main
from tests.config.files import NAMESPACE, ConfigTestCase, Declared


class MainTests(ConfigTestCase):
    """The commands: what they print, and the exit status."""

    def said(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit status, output and errors of a command; the folder's name is left out."""
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            try:
                status = main(arguments)
            except SystemExit as end:
                status = int(end.code or 0)
        said, complained = (each.getvalue().replace(f"{self.folder}/", "") for each in (out, err))
        return status, said, complained

    def check(self, body: str, *arguments: str) -> tuple[int, str, str]:
        """Return what is said of a file."""
        path = self.write("conf.xml", f'<gateway-config xmlns="{NAMESPACE}">\n{body}\n</gateway-config>')
        return self.said("check", str(path), *arguments)

    def test_good(self) -> None:
        """
        Of a good file there is a line for each service, then the warnings; no credentials are in it.
        """
        self.assertEqual(
            self.check(
                "<service><accept>ws://a/x</accept><connect>tcp://u:pw@b:1</connect><type>passing</type></service>"
                "<service><name>Echo</name><accept>ws://a/</accept><accept>tcp://a:1</accept><type>saying</type>"
                "</service>\n<cluster><name>c</name></cluster>"
            ),
            (
                0,
                "conf.xml: 2 services, no errors\n"
                "  passing ws://a/x: passing, ws://a/x -> tcp://...@b:1\n"
                "  Echo: saying, ws://a/, tcp://a:1\n"
                "warning: conf.xml:3: <cluster>: has no effect. Clusters are not there yet:"
                " this gateway stands alone.\n",
                "",
            ),
        )

    def test_realm(self) -> None:
        """
        Of a service with a realm the line says which, and the roles that its clients must have.
        """
        module = "<login-module><type>open</type><success>required</success></login-module>"
        chain = f"<authentication><login-modules>{module}</login-modules></authentication>"
        roles = "<require-role>B</require-role><require-role>A</require-role>"
        guard = "<realm-name>demo</realm-name>"
        service = "<service><name>{}</name><accept>ws://a/{}</accept><type>saying</type>{}</service>"
        constraint = f"{guard}<authorization-constraint>{roles}</authorization-constraint>"
        self.assertEqual(
            self.check(
                f"<security><realm><name>demo</name>{chain}</realm></security>"
                + service.format("One", 1, guard)
                + service.format("Two", 2, constraint)
            ),
            (
                0,
                "conf.xml: 2 services, no errors\n"
                "  One: saying, ws://a/1; realm demo, anybody logged in\n"
                "  Two: saying, ws://a/2; realm demo, roles A, B\n",
                "",
            ),
        )

    def test_files_of_logins(self) -> None:
        """
        A file that a login module or the keyring needs and that is not there is an error; not one of a realm
        that no service names.
        """
        broken = Declared(name="broken", broken="no.txt: there is no such file")
        self.patch(plugins, "login_modules", lambda: ["broken"])
        self.patch(plugins, "login_module", lambda name: broken)
        self.patch(plugins, "stores", lambda: ["broken"])
        self.patch(plugins, "store", lambda name: broken)
        module = "<login-module><type>broken</type><success>required</success></login-module>"
        chain = f"<authentication><login-modules>\n{module}</login-modules></authentication>"
        keyring = "<keyring>\n<store><type>broken</type></store></keyring>"
        realm = f"<security><realm><name>demo</name>{chain}</realm>{keyring}</security>"
        service = "<service><accept>ws://a/</accept><type>saying</type>{}</service>"
        keys = "conf.xml:4: store broken: no.txt: there is no such file\n"
        self.assertEqual(
            self.check(realm + service.format("<realm-name>demo</realm-name>")),
            (1, "", f"conf.xml:3: no.txt: there is no such file\n{keys}"),
        )
        self.assertEqual(self.check(realm + service.format("")), (1, "", keys))

    def test_bad(self) -> None:
        """
        Of a bad file there are all errors, in line order, and exit status 1.
        """
        self.assertEqual(
            self.check("<servce/>\n<securty/>"),
            (
                1,
                "",
                "conf.xml:2: <servce>: unknown in <gateway-config>; did you mean 'service'?\n"
                "conf.xml:3: <securty>: unknown in <gateway-config>; did you mean 'security'?\n",
            ),
        )

    def test_missing(self) -> None:
        """
        A file that is not there is an error like others.
        """
        self.assertEqual(
            self.said("check", str(self.folder / "no.xml")), (1, "", "no.xml: there is no such file\n")
        )

    def test_define(self) -> None:
        """
        -D gives values to names, as often as it stands; they are not shown.
        """
        body = "<service><accept>${scheme}://${host}/</accept><type>saying</type></service>"
        status, out, _ = self.check(body, "-D", "scheme=ws", "-Dhost=a=b")
        self.assertEqual(status, 1)
        status, out, _ = self.check(body, "-D", "scheme=ws", "-Dhost=inner")
        self.assertEqual(
            (status, out),
            (
                0,
                "conf.xml: 1 service, no errors\n  saying ${scheme}://${host}/: saying, ${scheme}://${host}/\n",
            ),
        )

    def test_wrong_usage(self) -> None:
        """
        A command line that cannot be understood is told how it goes; exit status 2.
        """
        for arguments in ((), ("chek",), ("check",), ("check", "a", "b"), ("check", "a", "-D", "b")):
            status, out, err = self.said(*arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(err.startswith("usage: python -m kaazing"), err)

    def test_help(self) -> None:
        """
        --help names the commands.
        """
        status, out, _ = self.said("--help")
        self.assertEqual(status, 0)
        for command in ("check", "run", "version"):
            self.assertIn(f"    {command} ", out)

    def test_version(self) -> None:
        """
        The version is that of the package.
        """
        self.assertEqual(self.said("version"), (0, f"kaazing {__version__}\n", ""))

    def test_run(self) -> None:
        """
        run becomes python -m twisted kaazing, with everything behind it as it stands.
        """
        started: list[tuple[str, list[str]]] = []
        arguments = ["run", "-c", "conf.xml", "-D", "a=b", "--define", "c=d"]
        main(arguments, lambda program, argv: started.append((program, argv)))
        expected = [sys.executable, "-m", "twisted", "kaazing", *arguments[1:]]
        self.assertEqual(started, [(sys.executable, expected)])
