"""Login module ldap before a real directory: OpenLDAP's slapd."""

from __future__ import annotations

import base64
import statistics
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from twisted.trial.unittest import TestCase

from kaazing.errors import LoginRefused, LoginUnavailable
from kaazing.security.modules.directory import Directory, Found, Search, read_place
from tests.integration.asked import asked
from tests.integration.children import free_port
from tests.integration.gateway import NAMESPACE, Gateway
from tests.integration.servers.directories import (
    BASE,
    GROUPS,
    PEOPLE,
    SERVICE,
    SERVICE_PASSWORD,
    Slapd,
    slapd,
)
from tests.integration.servers.setup import PASSWORD, USER
from tests.transports.certificates import STRANGER

ALICE = {"dn": f"uid={USER},{PEOPLE}"}
UNKNOWN = "a user or a password that the directory does not know"


class DirectoryTests(TestCase):
    def setUp(self) -> None:
        self.server: Slapd = slapd()
        self.search = Search(
            base=BASE, user_filter="(uid={USERNAME})", bind_name=SERVICE, bind_password=SERVICE_PASSWORD
        )

    def directory(self, *urls: str, ca_file: Path | None = None, **changed: Any) -> Directory:
        """Return one that asks the server, over TLS unless there are other URLs."""
        places = [read_place(url) for url in urls or (f"ldaps://localhost:{self.server.ldaps}",)]
        return Directory(
            places, replace(self.search, **changed), time.time, patience=5, ca_file=ca_file or self.server.ca
        )

    def outcome(self, directory: Directory, user: str = USER, password: str = PASSWORD) -> Found | str:
        """Return who was found, or why nobody was."""
        try:
            return directory.found(user, password)
        except (LoginRefused, LoginUnavailable) as why:
            return str(why)

    def test_search_and_bind(self) -> None:
        """
        A user is searched, and then logs in as what was found; over TLS from the start or by StartTLS.
        """
        for url in (f"ldaps://localhost:{self.server.ldaps}", f"ldap://localhost:{self.server.ldap}"):
            self.assertEqual(self.outcome(self.directory(url)), Found(USER, frozenset(), ALICE))

    def test_refused(self) -> None:
        """
        A wrong password and a wrong user have one answer; an empty password is not tried.
        """
        door = self.directory()
        for user, password, why in (
            (USER, "x", UNKNOWN),
            ("nobody", PASSWORD, UNKNOWN),
            (USER, "", "a user or a password that cannot be one"),
            (USER, "\u00ad", UNKNOWN),  # which is nothing once prepared (RFC 4013)
            ("twin", "one", "a user whom the directory has more than once"),
        ):
            self.assertEqual(self.outcome(door, user, password), why, user)

    def test_injection(self) -> None:
        """
        Whatever a user is called, it is a name that is looked for, and no part of the question.
        """
        door = self.directory()
        for user in ("*", f"{USER})(uid=*", "*)(|(uid=*", f"{USER}\\2a", "al*", f"{USER}))(|(cn=*"):
            self.assertEqual(self.outcome(door, user), UNKNOWN, user)
        found = self.outcome(door, "o*(x)\\", "odd")
        self.assertEqual(found.user if isinstance(found, Found) else found, "o*(x)\\")
        direct = self.directory(user_name=f"uid={{USERNAME}},{PEOPLE}", user_filter="", bind_name="")
        for user in (f"{USER},{PEOPLE}", f"{USER}+uid={USER}", f"{USER}\\"):
            self.assertEqual(self.outcome(direct, user), UNKNOWN, user)

    def test_direct(self) -> None:
        """
        A user may log in by its name without a search, odd ones too.
        """
        direct = self.directory(user_name=f"uid={{USERNAME}},{PEOPLE}", user_filter="", bind_name="")
        self.assertEqual(self.outcome(direct), Found(USER, frozenset(), ALICE))
        self.assertEqual(self.outcome(direct, password="x"), UNKNOWN)
        odd = self.outcome(direct, "o*(x)\\", "odd")
        self.assertEqual(odd.user if isinstance(odd, Found) else odd, "o*(x)\\")

    def test_spelling(self) -> None:
        """
        Case does not count to a directory, so the user is called what the directory calls it.
        """
        found = self.outcome(self.directory(), USER.upper())
        self.assertEqual(found, Found(USER, frozenset(), ALICE))

    def test_groups(self) -> None:
        """
        The groups of a user are its roles, those in which they are too as deep as is asked for.
        """
        for nested, named in ((0, {"admins"}), (1, {"admins", "staff"}), (9, {"admins", "staff", "all"})):
            found = self.outcome(self.directory(roles_base=GROUPS, nested=nested))
            self.assertEqual(found, Found(USER, frozenset(named), ALICE))

    def test_attributes(self) -> None:
        """
        Attributes of the entry are claims, or name roles.
        """
        found = self.outcome(self.directory(attributes=("mail", "jpegPhoto"), member_of="title"))
        self.assertEqual(found, Found(USER, frozenset(("queen",)), {**ALICE, "mail": "alice@example.org"}))

    def test_unavailable(self) -> None:
        """
        A directory that refuses the gateway itself, or has no such base, cannot say.
        """
        place = f"localhost:{self.server.ldaps}"
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"bind_password": "x"}, "refuses the gateway's own login with result 49"),
            ({"base": "dc=other"}, "answers a search with result 32 (RFC 4511 appendix A)"),
            ({"bind_name": ""}, "answers a search with result 32 (RFC 4511 appendix A)"),
        )
        for changed, why in cases:
            self.assertEqual(self.outcome(self.directory(**changed)), f"no directory can say: {place} {why}")

    def test_certificate(self) -> None:
        """
        No password goes to a server whose certificate is not trusted or for another name.
        """
        own = Path(self.mktemp())
        own.write_bytes(STRANGER.pem)
        why = "shows a certificate that is not to be trusted"
        for scheme, port in (("ldaps", self.server.ldaps), ("ldap", self.server.ldap)):
            url = f"{scheme}://localhost:{port}"
            self.assertEqual(
                self.outcome(self.directory(url, ca_file=own)),
                f"no directory can say: localhost:{port} {why}",
            )
            other = f"{scheme}://127.0.0.2:{port}"
            self.assertIn("no directory can say", str(self.outcome(self.directory(other))))

    def test_several(self) -> None:
        """
        The next server is asked when one does not answer, and that one last for a while.
        """
        down, up = f"ldaps://localhost:{free_port()}", f"ldaps://localhost:{self.server.ldaps}"
        door = self.directory(down, up)
        for _ in range(2):
            self.assertEqual(self.outcome(door), Found(USER, frozenset(), ALICE))
        self.assertEqual([place.port for place in door._down], [read_place(down).port])
        self.assertEqual(self.outcome(door, password="x"), UNKNOWN)

    def test_time(self) -> None:
        """
        How long a refusal takes does not say whether there is such a user: the medians are alike.
        """
        door = self.directory()
        for _ in range(8):  # others may be at work on the machine; a bind less would be 9 % in each
            times: dict[str, list[float]] = {USER: [], "nobody": []}
            for user in Random(0).sample([USER, "nobody"] * 100, 200):
                began = time.perf_counter()
                self.outcome(door, user, "wrong")
                times[user].append(time.perf_counter() - began)
            one, other = (statistics.median(each) for each in times.values())
            if abs(one - other) < 0.05 * one:
                return
        self.fail(f"{one} s and {other} s")


class GatewayTests(TestCase):
    def test_login(self) -> None:
        """
        A gateway asks the directory who a browser's user is; roles decide, and no password is in its log.
        """
        server, port = slapd(), free_port()
        options = (
            f"<url>ldaps://localhost:{server.ldaps}</url><base>{BASE}</base><ca-file>{server.ca}</ca-file>"
            f"<bind.dn>{SERVICE}</bind.dn><bind.password-file>{server.ca.parent}/gateway.password</bind.password-file>"
            f"<roles.base>{GROUPS}</roles.base>"
        )
        (server.ca.parent / "gateway.password").write_text(SERVICE_PASSWORD)
        with Gateway(_conf(options, port)) as gateway:
            answers = [_get(port, user, password) for user, password in (
                (USER, PASSWORD), (USER, "hunter2"), ("nobody", "hunter2"), ("o*(x)\\", "odd"), (USER, "")
            )]  # fmt: skip
            said = gateway.said()
        self.assertEqual(answers, [200, 401, 401, 403, 401])
        for secret in (PASSWORD, "hunter2", SERVICE_PASSWORD):
            self.assertNotIn(secret, said)


def _conf(options: str, port: int) -> str:
    return (
        f'<gateway-config xmlns="{NAMESPACE}"><security><realm><name>people</name><authentication>'
        "<http-challenge-scheme>Basic</http-challenge-scheme><login-modules><login-module><type>ldap</type>"
        f"<success>required</success><options>{options}</options></login-module></login-modules></authentication>"
        f"</realm></security><service><name>files</name><accept>http://localhost:{port}/</accept>"
        "<type>directory</type><properties><directory>package:kaazing.web/demo</directory></properties>"
        "<realm-name>people</realm-name><authorization-constraint><require-role>admins</require-role>"
        "</authorization-constraint></service></gateway-config>"
    )


def _get(port: int, user: str, password: str) -> int:
    return asked(port, f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")
