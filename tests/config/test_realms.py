"""Realms: read whole, and what is wrong with them."""

from __future__ import annotations

from kaazing.config.model import ModuleConfig, RealmConfig
from tests.config.files import ConfigTestCase

MODULE = "<login-module><type>open</type><success>required</success></login-module>"
MODULES = f"<login-modules>{MODULE}</login-modules>"


def realm(authentication: str, name: str = "demo") -> str:
    """Return <security> with one realm."""
    return f"<security><realm><name>{name}</name>{authentication}</realm></security>"


class RealmTests(ConfigTestCase):
    """What a realm says."""

    def test_whole(self) -> None:
        """
        All that the original's realms have is read, times in seconds.
        """
        body = (
            "<security><realm><name>demo</name><description>The\n demo</description><authentication>"
            "<http-challenge-scheme>Application Basic</http-challenge-scheme>"
            "<http-header>X-A</http-header><http-header>X-B</http-header><http-header>X-A</http-header>"
            "<http-query-parameter>auth</http-query-parameter><http-cookie>acme</http-cookie>"
            "<authorization-mode>recycle</authorization-mode><session-timeout>8 hours</session-timeout>"
            f"<authorization-timeout>30 min</authorization-timeout>{MODULES}"
            "</authentication></realm></security>"
        )
        self.assertEqual(
            self.config(body).realms,
            (
                RealmConfig(
                    name="demo",
                    description="The demo",
                    scheme="Application Basic",
                    headers=("X-A", "X-B"),
                    parameters=("auth",),
                    cookies=("acme",),
                    mode="recycle",
                    session_timeout=28800.0,
                    authorization_timeout=1800.0,
                    modules=(ModuleConfig(type="open", success="required", line=3),),
                    line=2,
                ),
            ),
        )

    def test_least(self) -> None:
        """
        A realm may have a name and nothing else: no service can then name it.
        """
        self.assertEqual(self.config(realm("")).realms, (RealmConfig(name="demo", line=2),))

    def test_order(self) -> None:
        """
        Realms and login modules stay in the order of the file.
        """
        chain = MODULE + MODULE.replace("required", "optional")
        body = f"<authentication><login-modules>{chain}</login-modules></authentication>"
        config = self.config(
            f"<security><realm><name>b</name>{body}</realm><realm><name>a</name></realm></security>"
        )
        self.assertEqual([each.name for each in config.realms], ["b", "a"])
        self.assertEqual([each.success for each in config.realms[0].modules], ["required", "optional"])

    def test_same_name(self) -> None:
        """
        Two realms of one name are an error that names both lines.
        """
        one = "<realm><name>demo</name></realm>"
        self.assertEqual(
            self.errors(f"<security>{one}\n{one}</security>"),
            ["3: <name>: 'demo': a realm of this name stands at line 2"],
        )

    def test_values(self) -> None:
        """
        What cannot be read is told with what may stand there.
        """
        authentication = (
            "<authentication>\n<http-challenge-scheme>basic</http-challenge-scheme>"
            "\n<http-header>X A</http-header>"
            "\n<http-query-parameter/>\n<http-cookie>a=b</http-cookie>"
            "\n<authorization-mode>recheck</authorization-mode>"
            "\n<session-timeout>soon</session-timeout>\n<login-modules/></authentication>"
        )
        name = "expected a name of letters, digits and hyphens"
        self.assertEqual(
            self.errors(realm(authentication, name="")),
            [
                "2: <name>: expected some text",
                "3: <http-challenge-scheme>: 'basic': expected Basic, Negotiate, Token, Application Basic,"
                " Application Negotiate or Application Token; did you mean 'Basic'?",
                f"4: <http-header>: 'X A': {name}",
                "5: <http-query-parameter>: expected some text",
                f"6: <http-cookie>: 'a=b': {name}",
                "7: <authorization-mode>: 'recheck': expected challenge, recycle or validate",
                "8: <session-timeout>: 'soon': expected a time: a number and ms, s, min or h;"
                " no unit means seconds",
                "9: <login-modules>: <login-module> is missing in it",
            ],
        )

    def test_validate(self) -> None:
        """
        The original's validate is refused, with what to write in its place.
        """
        mode = "<authentication><authorization-mode>validate</authorization-mode></authentication>"
        self.assertEqual(
            self.errors(realm(mode)),
            [
                "2: <authorization-mode>: 'validate': what it meant is written nowhere; write challenge, or"
                " recycle for a session cookie"
            ],
        )

    def test_application_negotiate(self) -> None:
        """
        Application Negotiate works, and is warned of as in the original.
        """
        scheme = "<http-challenge-scheme>Application Negotiate</http-challenge-scheme>"
        self.assertEqual(
            self.warnings(realm(f"<authentication>{scheme}</authentication>")),
            [
                "2: <http-challenge-scheme>: Application Negotiate was given up by the original; Negotiate"
                " works in browsers and in its clients"
            ],
        )

    def test_user_principal_class(self) -> None:
        """
        Classes of Java have no effect, and one warning says so.
        """
        body = realm(
            "<user-principal-class>a.B</user-principal-class><user-principal-class>a.C</user-principal-class>"
        )
        self.assertEqual(
            self.warnings(body),
            [
                "2: <user-principal-class>: has no effect. There are no classes of Java; who logged in is the"
                " user that a login module names. (also line 2)"
            ],
        )

    def test_before_2012(self) -> None:
        """
        A login module where it stood before 2012/03 is told where it stands today.
        """
        self.assertEqual(
            self.errors(realm(MODULE), namespace="http://xmlns.kaazing.com/gateway-config/excalibur"),
            [
                "2: <login-module>: it stood here before 2012/03; put it into the <login-modules> of an"
                " <authentication>, beside a <http-challenge-scheme>"
            ],
        )

    def test_many(self) -> None:
        """
        Ten thousand realms with an unknown type each are told of in a moment.
        """
        bad = MODULES.replace("open", "opne")
        one = "<realm><name>r{}</name><authentication>{}</authentication></realm>\n"
        found = self.errors(f"<security>{''.join(one.format(n, bad) for n in range(10_000))}</security>")
        self.assertEqual(len(found), 10_000)
