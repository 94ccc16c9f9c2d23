"""An IMAP server, for any protocol over TCP in which the server speaks first."""

from __future__ import annotations

import grp
import os
import pwd
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.integration.children import free_port
from tests.integration.servers.setup import PASSWORD, USER, certificate, folder, start
from tests.needs import missing, program


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot.

    Attributes:
        imap: port of its IMAP listener.
        host: where that listens.
        ca: PEM file of the authority that signed its certificate, which is for "localhost"; None where it
            has no TLS.
    """

    imap: int
    host: str = "127.0.0.1"
    ca: Path | None = None


@cache
def dovecot(*, tls: bool = False) -> Dovecot:
    """Return the test run's Dovecot, started at the first call; raises SkipTest where there is none.

    Args:
        tls: one that insists on STARTTLS.
    """
    server = program("/usr/sbin/dovecot", "dovecot-imapd")
    if not Path("/usr/lib/dovecot/imap").exists():
        raise missing("/usr/lib/dovecot/imap is not installed (Debian package dovecot-imapd)")
    base = folder("dovecot")
    # Whoever comes from the address that Dovecot listens on may log in in clear, whatever it insists on.
    made = Dovecot(free_port(), "127.0.0.2" if tls else "127.0.0.1", base / "ca.crt" if tls else None)
    (base / "mail").mkdir()
    (base / "passwd").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
    (base / "dovecot.conf").write_text(_dovecot_conf(base, made))
    start([server, "-F", "-c", f"{base}/dovecot.conf"], base / "dovecot.log", lambda _: _greets(made))
    return made


def _dovecot_conf(base: Path, made: Dovecot) -> str:
    # Root may not log in, nor read mail: Dovecot refuses uid 0, so the package's users do it then.
    me = pwd.getpwuid(os.getuid())
    login, mail = (pwd.getpwnam("dovenull"), pwd.getpwnam("nobody")) if me.pw_uid == 0 else (me, me)
    os.chown(base / "mail", mail.pw_uid, mail.pw_gid)
    own = (
        f"default_internal_user = {me.pw_name}\ndefault_internal_group = {grp.getgrgid(me.pw_gid).gr_name}\n"
    )
    return (
        f"protocols = imap\nbase_dir = {base}/run\nstate_dir = {base}/state\nlog_path = /dev/stderr\n"
        f"listen = {made.host}\n{_security(base, made)}auth_mechanisms = plain login\n"
        f"{own}default_login_user = {login.pw_name}\nfirst_valid_uid = 0\n"
        f"mail_location = maildir:{base}/mail/%n\nmail_uid = {mail.pw_uid}\nmail_gid = {mail.pw_gid}\n"
        f"passdb {{\n  driver = passwd-file\n  args = {base}/passwd\n}}\n"
        "userdb {\n  driver = static\n"
        f"  args = uid={mail.pw_uid} gid={mail.pw_gid} home={base}/mail/%n\n}}\n"
        "service imap-login {\n  chroot =\n"
        f"  inet_listener imap {{\n    port = {made.imap}\n  }}\n"
        "  inet_listener imaps {\n    port = 0\n  }\n}\n"
        "service anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}\n"
    )


def _security(base: Path, made: Dovecot) -> str:
    if made.ca is None:
        return "ssl = no\ndisable_plaintext_auth = no\n"
    _, crt, key = certificate(base)
    return f"ssl = required\ndisable_plaintext_auth = yes\nssl_cert = <{crt}\nssl_key = <{key}\n"


def _greets(made: Dovecot) -> bool:
    try:
        with socket.create_connection((made.host, made.imap), 1) as connection:
            connection.settimeout(1)
            return connection.recv(64).startswith(b"* OK")
    except OSError:
        return False
