"""A directory, OpenLDAP's slapd, with users, groups in groups, and a reference to elsewhere."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.integration.children import answers, free_ports
from tests.integration.servers.setup import PASSWORD, USER, certificate, folder, start
from tests.needs import program

BASE = "dc=example,dc=org"
PEOPLE, GROUPS = f"ou=people,{BASE}", f"ou=groups,{BASE}"
SERVICE, SERVICE_PASSWORD = f"cn=gateway,{BASE}", "the gateway's own s3cret"
"""Who may search; nobody in particular may not."""

MANY = [f"many{number:03}" for number in range(200)]
"""Users with the password of everybody."""


@dataclass(frozen=True)
class Slapd:
    """A running slapd.

    Attributes:
        ldap: port, with StartTLS.
        ldaps: port.
        ca: PEM file of the authority that signed its certificate, which is for "localhost" and "127.0.0.1".
    """

    ldap: int
    ldaps: int
    ca: Path


@cache
def slapd() -> Slapd:
    """Return the test run's slapd, started at the first call; raises SkipTest where there is none."""
    server = program("/usr/sbin/slapd", "slapd")
    base = folder("slapd")
    ldap, ldaps = free_ports(2)
    made = Slapd(ldap, ldaps, base / "ca.crt")
    (base / "data").mkdir()
    (base / "slapd.conf").write_text(_conf(base))
    (base / "entries.ldif").write_text(_entries())
    subprocess.run(
        ["/usr/sbin/slapadd", "-f", base / "slapd.conf", "-l", base / "entries.ldif"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    urls = f"ldap://127.0.0.1:{made.ldap} ldaps://127.0.0.1:{made.ldaps}"
    argv = [server, "-h", urls, "-f", str(base / "slapd.conf"), "-d", "stats"]
    start(argv, base / "server.log", lambda _: answers(made.ldap) and answers(made.ldaps))
    return made


def _conf(base: Path) -> str:
    ca, crt, key = certificate(base)
    return (
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n"
        "include /etc/ldap/schema/inetorgperson.schema\n"
        f"pidfile {base}/slapd.pid\nargsfile {base}/slapd.args\n"
        f"modulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        f"TLSCACertificateFile {ca}\nTLSCertificateFile {crt}\nTLSCertificateKeyFile {key}\n"
        f'database mdb\nsuffix "{BASE}"\nrootdn "cn=admin,{BASE}"\ndirectory {base}/data\nmaxsize 10485760\n'
        "access to attrs=userPassword by anonymous auth by * none\n"
        f'access to * by dn.base="{SERVICE}" read by self read by * none\n'
    )


def _entries() -> str:
    return "".join(
        (
            _entry(BASE, "organization", "dcObject", o="example", dc="example"),
            _entry(PEOPLE, "organizationalUnit", ou="people"),
            _entry(GROUPS, "organizationalUnit", ou="groups"),
            _entry(
                SERVICE,
                "organizationalRole",
                "simpleSecurityObject",
                cn="gateway",
                userPassword=SERVICE_PASSWORD,
            ),
            _person(USER, f"uid={USER},{PEOPLE}", PASSWORD, mail="alice@example.org", title="queen"),
            _person("o*(x)\\", f"uid=o*(x)\\\\,{PEOPLE}", "odd"),
            *(_person(user, f"uid={user},{PEOPLE}", PASSWORD) for user in MANY),
            _person("twin", f"uid=twin,{PEOPLE}", "one"),
            _person("twin", f"cn=other twin,{PEOPLE}", "one"),
            f"dn: ou=elsewhere,{PEOPLE}\nobjectClass: referral\nobjectClass: extensibleObject\n"
            f"ou: elsewhere\nref: ldap://127.0.0.1:1/{PEOPLE}\n\n",
            _entry(f"cn=admins,{GROUPS}", "groupOfNames", cn="admins", member=f"uid={USER},{PEOPLE}"),
            _entry(f"cn=staff,{GROUPS}", "groupOfNames", cn="staff", member=f"cn=admins,{GROUPS}"),
            _entry(f"cn=all,{GROUPS}", "groupOfNames", cn="all", member=f"cn=staff,{GROUPS}"),
            _entry(f"cn=others,{GROUPS}", "groupOfNames", cn="others", member=f"uid=twin,{PEOPLE}"),
        )
    )


def _person(user: str, name: str, password: str, **more: str) -> str:
    cn = "other twin" if name.startswith("cn=") else user
    return _entry(name, "inetOrgPerson", uid=user, cn=cn, sn=user, userPassword=password, **more)


def _entry(name: str, *classes: str, **attributes: str) -> str:
    lines = [f"dn: {name}", *(f"objectClass: {each}" for each in classes)]
    lines += [f"{attribute}: {value}" for attribute, value in attributes.items()]
    return "\n".join(lines) + "\n\n"
