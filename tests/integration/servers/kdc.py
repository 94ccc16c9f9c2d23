"""A Kerberos realm: MIT's KDC, a user, and the keys of a service."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.integration.children import answers, free_port
from tests.integration.servers.setup import PASSWORD, USER, folder, start
from tests.needs import program

REALM = "EXAMPLE.ORG"
SERVICE = f"HTTP/localhost@{REALM}"


@dataclass(frozen=True)
class Kdc:
    """A running KDC.

    Attributes:
        keytab: keys of C{SERVICE}.
        env: of a process whose user, C{USER}, has a ticket.
    """

    keytab: Path
    env: Mapping[str, str] = field(repr=False)


@cache
def kdc() -> Kdc:
    """Return the test run's KDC, started at the first call; raises SkipTest where there is none."""
    server = program("/usr/sbin/krb5kdc", "krb5-kdc")
    util = program("/usr/sbin/kdb5_util", "krb5-kdc")
    admin = program("/usr/sbin/kadmin.local", "krb5-admin-server")
    kinit = program("kinit", "krb5-user")
    base, port = folder("kdc"), free_port()
    _write(base, port)
    env = {
        "KRB5_CONFIG": f"{base}/krb5.conf",
        "KRB5_KDC_PROFILE": f"{base}/kdc.conf",
        "KRB5CCNAME": f"FILE:{base}/cc",
    }
    _run([util, "create", "-s", "-r", REALM, "-P", "master"], env)
    for asked in (
        f"addprinc -pw {PASSWORD} {USER}",
        f"addprinc -randkey {SERVICE}",
        f"ktadd -k {base}/http.keytab {SERVICE}",
        f"ktadd -norandkey -k {base}/user.keytab {USER}",
    ):
        _run([admin, "-r", REALM, "-q", asked], env)
    start([server, "-n", "-P", f"{base}/kdc.pid"], base / "server.log", lambda _: answers(port), env=env)
    _run([kinit, "-k", "-t", f"{base}/user.keytab", USER], env)
    return Kdc(base / "http.keytab", env)


def _write(base: Path, port: int) -> None:
    (base / "krb5.conf").write_text(
        f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_lookup_realm = false\n"
        "dns_canonicalize_hostname = false\nrdns = false\nudp_preference_limit = 1\n"
        f"[realms]\n{REALM} = {{\nkdc = 127.0.0.1:{port}\n}}\n[domain_realm]\nlocalhost = {REALM}\n"
    )
    (base / "kdc.conf").write_text(
        f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n"
        f"[realms]\n{REALM} = {{\ndatabase_name = {base}/principal\nkey_stash_file = {base}/stash\n"
        f"acl_file = {base}/acl\nmax_life = 10h\n}}\n[logging]\nkdc = STDERR\n"
    )


def _run(argv: list[str], env: Mapping[str, str]) -> None:
    subprocess.run(
        argv,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=30,
    )
