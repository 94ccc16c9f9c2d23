"""Real servers as backends: private, on free ports of 127.0.0.1, started once for a whole test run."""

from __future__ import annotations

import atexit
import grp
import json
import os
import pwd
import shutil
import socket
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.integration.children import Child, answers, free_port
from tests.needs import missing, program

USER, PASSWORD = "alice", "wonder"
"""Known to every server; in RabbitMQ for the virtual host C{VHOST} alone."""

VHOST = "alicevh"


@dataclass(frozen=True)
class RabbitMQ:
    """A running RabbitMQ; port of its STOMP listener."""

    stomp: int


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot; port of its IMAP listener."""

    imap: int


def _folder(name: str) -> Path:
    """Return a new folder that goes with the test run, readable by servers that change their user."""
    made = Path(tempfile.mkdtemp(prefix=f"kaazing-{name}-"))
    made.chmod(0o755)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def rabbitmq() -> RabbitMQ:
    """Return the test run's RabbitMQ, started at the first call (5 s); SkipTest where there is none."""
    server = program("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")
    epmd = program("epmd", "erlang-base")
    base = _folder("rabbitmq")
    amqp, stomp, dist, names = (free_port() for _ in range(4))
    for folder in ("home", "mnesia", "log"):
        (base / folder).mkdir()
    (base / "enabled_plugins").write_text("[rabbitmq_stomp].")
    (base / "definitions.json").write_text(json.dumps(_definitions()))
    (base / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{amqp}\n"
        f"stomp.listeners.tcp.1 = 127.0.0.1:{stomp}\n"
        "loopback_users = none\n"
        "vm_memory_high_watermark.absolute = 512MB\n"
        "disk_free_limit.absolute = 50MB\n"
        "log.console = true\n"
        "log.console.level = info\n"
        "log.file = false\n"
        f"load_definitions = {base}/definitions.json\n"
    )
    env = _rabbitmq_environment(base, amqp, dist, names)
    # One child for both: the broker's own name server goes when the broker does.
    script = f'{epmd} -address 127.0.0.1 -port {names} & exec "$0"'
    child = Child(["/bin/sh", "-c", script, server], base / "server.log", env)
    atexit.register(child.kill)  # before the folder goes: what is registered last is called first
    child.await_(lambda: "Server startup complete" in child.said(), 90)
    return RabbitMQ(stomp=stomp)


def _definitions() -> dict[str, object]:
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    return {
        "vhosts": [{"name": "/"}, {"name": VHOST}],
        "users": [
            {"name": "guest", "password": "guest", "tags": "administrator"},
            {"name": USER, "password": PASSWORD, "tags": ""},
        ],
        "permissions": [
            {"user": "guest", "vhost": "/", **everything},
            {"user": USER, "vhost": VHOST, **everything},
        ],
    }


def _rabbitmq_environment(base: Path, amqp: int, dist: int, names: int) -> dict[str, str]:
    return {
        "HOME": f"{base}/home",  # the cookie of this node is made there
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "ERL_CRASH_DUMP": f"{base}/erl_crash.dump",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names),
        "RABBITMQ_NODENAME": "kaazingtest@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(amqp),
        "RABBITMQ_DIST_PORT": str(dist),
        "RABBITMQ_MNESIA_BASE": f"{base}/mnesia",
        "RABBITMQ_LOG_BASE": f"{base}/log",
        "RABBITMQ_PID_FILE": f"{base}/beam.pid",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{base}/enabled_plugins",
        "RABBITMQ_CONFIG_FILE": f"{base}/rabbitmq.conf",
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
        ),
    }


@cache
def dovecot() -> Dovecot:
    """Return the test run's Dovecot, started at the first call; raises SkipTest where there is none."""
    server = program("/usr/sbin/dovecot", "dovecot-imapd")
    if not Path("/usr/lib/dovecot/imap").exists():
        raise missing("/usr/lib/dovecot/imap is not installed (Debian package dovecot-imapd)")
    base = _folder("dovecot")
    port = free_port()
    (base / "mail").mkdir()
    (base / "passwd").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
    (base / "dovecot.conf").write_text(_dovecot_conf(base, port))
    child = Child([server, "-F", "-c", f"{base}/dovecot.conf"], base / "dovecot.log")
    atexit.register(child.kill)
    child.await_(lambda: answers(port) and _greets(port), 20)
    return Dovecot(imap=port)


def _dovecot_conf(base: Path, port: int) -> str:
    # Root may not log in, nor read mail: Dovecot refuses uid 0, so the package's users do it then.
    me = pwd.getpwuid(os.getuid())
    login, mail = (pwd.getpwnam("dovenull"), pwd.getpwnam("nobody")) if me.pw_uid == 0 else (me, me)
    os.chown(base / "mail", mail.pw_uid, mail.pw_gid)
    own = (
        f"default_internal_user = {me.pw_name}\ndefault_internal_group = {grp.getgrgid(me.pw_gid).gr_name}\n"
    )
    return (
        f"protocols = imap\nbase_dir = {base}/run\nstate_dir = {base}/state\nlog_path = /dev/stderr\n"
        "listen = 127.0.0.1\nssl = no\ndisable_plaintext_auth = no\nauth_mechanisms = plain login\n"
        f"{own}default_login_user = {login.pw_name}\nfirst_valid_uid = 0\n"
        f"mail_location = maildir:{base}/mail/%n\nmail_uid = {mail.pw_uid}\nmail_gid = {mail.pw_gid}\n"
        f"passdb {{\n  driver = passwd-file\n  args = {base}/passwd\n}}\n"
        "userdb {\n  driver = static\n"
        f"  args = uid={mail.pw_uid} gid={mail.pw_gid} home={base}/mail/%n\n}}\n"
        "service imap-login {\n  chroot =\n"
        f"  inet_listener imap {{\n    port = {port}\n  }}\n"
        "  inet_listener imaps {\n    port = 0\n  }\n}\n"
        "service anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}\n"
    )


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(1)
            return connection.recv(64).startswith(b"* OK")
    except OSError:
        return False
