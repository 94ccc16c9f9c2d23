"""XMPP servers with group chat: Prosody and ejabberd."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.integration.children import answers, free_ports
from tests.integration.servers.setup import ERLANG, PASSWORD, USER, certificate, erlang, folder, start
from tests.needs import missing, program

USERS = (USER, "bob")
"""Accounts on "localhost" in both servers, each with C{PASSWORD}."""

ROOMS = "conference.localhost"
"""Where both servers have their rooms; anybody may open one."""


@dataclass(frozen=True)
class Prosody:
    """A running Prosody.

    Attributes:
        client: port for clients. The host "localhost" insists on STARTTLS; the host "plain.localhost", with
            the same users, takes PLAIN without encryption too, and "sha256.localhost" hashes their passwords
            with SHA-256: it has SCRAM-SHA-256 and PLAIN, and no SCRAM-SHA-1.
        direct: port for clients that start with TLS.
        websocket: port of C{ws://127.0.0.1/xmpp-websocket}, to compare with.
        ca: PEM file of the authority that signed its certificate, which is for "localhost" and "127.0.0.1".
        log: what it says, with the start tag of every element that it gets.
    """

    client: int
    direct: int
    websocket: int
    ca: Path
    log: Path


@cache
def prosody() -> Prosody:
    """Return the test run's Prosody, started at the first call (1 s); raises SkipTest where there is none."""
    server, control = program("prosody", "prosody"), program("prosodyctl", "prosody")
    base = folder("prosody")
    ports = client, direct, http = free_ports(3)
    ca, crt, key = certificate(base)
    for name in ("data", "run"):
        (base / name).mkdir()
    conf = base / "prosody.cfg.lua"
    conf.write_text(_prosody_conf(base, ports, crt, key))
    for host in ("localhost", "plain.localhost", "sha256.localhost"):
        for user in USERS:
            argv = [control, "--config", str(conf), "register", user, host, PASSWORD]
            subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
    argv = [server, "--config", str(conf), "-F"]
    log = base / "server.log"
    start(argv, log, lambda _: all(map(answers, ports)))
    return Prosody(client, direct, http, ca, log)


def _prosody_conf(base: Path, ports: list[int], crt: Path, key: Path) -> str:
    client, direct, http = ports
    return (
        "run_as_root = true\ndaemonize = false\n"
        f'pidfile = "{base}/run/prosody.pid"\ndata_path = "{base}/data"\n'
        'log = { { levels = { min = "debug" }, to = "console" } }\n'
        'modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "websocket", "smacks", "posix" }\n'
        'modules_disabled = { "s2s", "offline" }\n'
        'authentication = "internal_hashed"\nstorage = "internal"\n'
        'interfaces = { "127.0.0.1" }\nhttp_interfaces = { "127.0.0.1" }\n'
        f"c2s_ports = {{ {client} }}\nc2s_direct_tls_ports = {{ {direct} }}\nhttp_ports = {{ {http} }}\n"
        "https_ports = { }\nc2s_require_encryption = true\nconsider_websocket_secure = true\n"
        f'ssl = {{ key = "{key}", certificate = "{crt}" }}\n'
        f'c2s_direct_tls_ssl = {{ key = "{key}", certificate = "{crt}" }}\n'
        'http_default_host = "localhost"\n'
        'VirtualHost "localhost"\n'
        'VirtualHost "plain.localhost"\n'
        "  c2s_require_encryption = false\n  allow_unencrypted_plain_auth = true\n"
        'VirtualHost "sha256.localhost"\n  password_hash = "SHA-256"\n'
        f'Component "{ROOMS}" "muc"\n  muc_room_locking = false\n'
    )


@dataclass(frozen=True)
class Ejabberd:
    """A running ejabberd.

    Attributes:
        client: port for clients of "localhost"; STARTTLS is required.
        plain: port for clients that may do without encryption.
        websocket: port of C{ws://127.0.0.1/ws}, to compare with.
        ca: PEM file of the authority that signed its certificate, as in L{Prosody}.
    """

    client: int
    plain: int
    websocket: int
    ca: Path


@cache
def ejabberd() -> Ejabberd:
    """Return the test run's ejabberd, started at the first call (2 s); SkipTest where there is none."""
    erl, epmd = program("erl", "erlang-base"), program("epmd", "erlang-base")
    code = max(Path("/usr/lib").glob("*/ejabberd-*/ebin/ejabberd.beam"), default=None)
    if code is None:
        raise missing("ejabberd is not installed (Debian package ejabberd)")
    base = folder("ejabberd")
    *ports, names = client, plain, http, _ = free_ports(4)
    ca, crt, key = certificate(base)
    (base / "tls.pem").write_bytes(crt.read_bytes() + key.read_bytes())
    for name in ("home", "log", "spool"):
        (base / name).mkdir()
    # JSON is YAML.
    (base / "ejabberd.yml").write_text(json.dumps(_ejabberd_conf(base, ports)))
    env = {
        "HOME": f"{base}/home",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names),
        "ERL_CRASH_DUMP": f"{base}/erl_crash.dump",
        "EJABBERD_CONFIG_PATH": f"{base}/ejabberd.yml",
        "EJABBERD_LOG_PATH": f"{base}/log/ejabberd.log",
        "SPOOL_DIR": f"{base}/spool",
    }
    argv = [erl, "-noinput", "-sname", "kaazingtest@localhost", "-pa", str(code.parent)]
    argv += ["-kernel", "inet_dist_use_interface", "{127,0,0,1}", "-mnesia", "dir", f'"{base}/spool"']
    argv += [*ERLANG.split(), "-s", "ejabberd"]
    start(erlang(names, argv, epmd), base / "server.log", lambda _: _ejabberd_started(base), env=env)
    for user in USERS:
        body = json.dumps({"user": user, "host": "localhost", "password": PASSWORD}).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{http}/api/register", body, 10).close()
    return Ejabberd(client, plain, http, ca)


def _ejabberd_started(base: Path) -> bool:
    log = base / "log" / "ejabberd.log"
    return log.exists() and "is started in the node" in log.read_text(errors="replace")


def _ejabberd_conf(base: Path, ports: list[int]) -> dict[str, object]:
    client, plain, http = ports
    clients = {
        "ip": "127.0.0.1",
        "module": "ejabberd_c2s",
        "max_stanza_size": 2 << 20,
        "shaper": "none",
        "access": "all",
    }
    ways = {"/ws": "ejabberd_http_ws", "/api": "mod_http_api"}
    return {
        "hosts": ["localhost"],
        "loglevel": "info",
        "certfiles": [f"{base}/tls.pem"],
        "listen": [
            {**clients, "port": client, "starttls_required": True},
            {**clients, "port": plain, "starttls": True},
            {"port": http, "ip": "127.0.0.1", "module": "ejabberd_http", "request_handlers": ways},
        ],
        "auth_method": "internal",
        "auth_password_format": "scram",
        "api_permissions": {"all": {"from": "mod_http_api", "who": {"ip": "127.0.0.1/8"}, "what": "*"}},
        "modules": {
            "mod_admin_extra": {},
            "mod_disco": {},
            "mod_muc": {"access": "all", "access_create": "all", "host": ROOMS},
            "mod_ping": {},
            "mod_roster": {},
        },
    }
