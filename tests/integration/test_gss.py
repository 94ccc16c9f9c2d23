"""Login module gss before a real KDC, MIT's: a client with a ticket comes in through a gateway."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from twisted.trial.unittest import TestCase

from kaazing.errors import ConfigError, LoginRefused
from kaazing.security.modules.gss import Acceptor
from tests.integration.children import free_port
from tests.integration.gateway import NAMESPACE, Gateway
from tests.integration.servers.kdc import REALM, SERVICE, Kdc, kdc
from tests.integration.servers.setup import USER
from tests.needs import missing

CLIENT = """
import base64, gssapi
name = gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service)
mech = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
print(base64.b64encode(gssapi.SecurityContext(name=name, mech=mech, usage="initiate").step()).decode())
"""


def word(server: Kdc) -> str:
    """Return what a browser of the user would say, in base64; made in a process with its environment."""
    argv = [sys.executable, "-c", CLIENT]
    done = subprocess.run(
        argv, env={**os.environ, **server.env}, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


class AcceptorTests(TestCase):
    def setUp(self) -> None:
        try:
            import gssapi  # noqa: F401
        except ImportError:
            raise missing("python-gssapi is not installed (the extra kerberos)") from None
        self.server = kdc()

    def test_ticket(self) -> None:
        """
        A ticket names its user, by one word; a ticket used twice or changed does not.
        """
        acceptor = Acceptor(SERVICE, self.server.keytab)
        said = base64.b64decode(word(self.server))
        _, _, subject = acceptor.step(None, said)
        assert subject is not None
        self.assertEqual((subject.user, subject.claims), (USER, {"principal": f"{USER}@{REALM}"}))
        self.assertTrue(
            subject.expires is not None and 0 < subject.expires <= 36300
        )  # 10 h, and 5 min for clocks
        self.assertRaises(LoginRefused, acceptor.step, None, said)
        fresh = base64.b64decode(word(self.server))
        for place in range(len(fresh) - 200, len(fresh), 7):
            changed = bytearray(fresh)
            changed[place] ^= 1
            self.assertRaises(LoginRefused, acceptor.step, None, bytes(changed))
        _, _, subject = acceptor.step(None, fresh)
        self.assertEqual(subject and subject.user, USER)

    def test_realms(self) -> None:
        """
        Users of realms that are not named do not come in; the realm stays in the name where it is wanted.
        """
        other = Acceptor(SERVICE, self.server.keytab, ("OTHER.ORG",))
        self.assertRaises(LoginRefused, other.step, None, base64.b64decode(word(self.server)))
        whole = Acceptor(SERVICE, self.server.keytab, (REALM,), strip=False)
        _, _, subject = whole.step(None, base64.b64decode(word(self.server)))
        self.assertEqual(subject and subject.user, f"{USER}@{REALM}")

    def test_keys(self) -> None:
        """
        A keytab that is missing, or has no key of the principal, is told of at the start.
        """
        self.assertRaises(ConfigError, Acceptor, SERVICE, Path("/nowhere"))
        self.assertRaises(ConfigError, Acceptor, f"HTTP/other@{REALM}", self.server.keytab)

    def test_gateway(self) -> None:
        """
        A gateway asks for Negotiate, takes the ticket, and takes nothing else.
        """
        port = free_port()
        env = {"KRB5_CONFIG": self.server.env["KRB5_CONFIG"]}
        with Gateway(_conf(self.server.keytab, port), env=env) as gateway:
            said = word(self.server)
            answers = [_get(port, each) for each in (None, f"Negotiate {said}", f"Negotiate {said[:-8]}AAAA")]
            log = gateway.said()
        self.assertEqual(answers, [(401, "Negotiate"), (200, None), (401, "Negotiate")])
        self.assertNotIn(said[:40], log)


def _conf(keytab: Path, port: int) -> str:
    options = f"<principal>{SERVICE}</principal><keytab>{keytab}</keytab><roles>AUTHORIZED</roles>"
    return (
        f'<gateway-config xmlns="{NAMESPACE}"><security><realm><name>tickets</name><authentication>'
        "<http-challenge-scheme>Negotiate</http-challenge-scheme><login-modules><login-module><type>gss</type>"
        f"<success>required</success><options>{options}</options></login-module></login-modules></authentication>"
        f"</realm></security><service><name>files</name><accept>http://localhost:{port}/</accept>"
        "<type>directory</type><properties><directory>package:kaazing.web/demo</directory></properties>"
        "<realm-name>tickets</realm-name><authorization-constraint><require-role>AUTHORIZED</require-role>"
        "</authorization-constraint></service></gateway-config>"
    )


def _get(port: int, authorization: str | None) -> tuple[int, str | None]:
    fields = {} if authorization is None else {"Authorization": authorization}
    asked = urllib.request.Request(f"http://localhost:{port}/index.html", headers=fields)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.headers["WWW-Authenticate"]
    except urllib.error.HTTPError as why:
        with why:
            return why.code, why.headers["WWW-Authenticate"]
