"""Message brokers: RabbitMQ with AMQP 0-9-1, AMQP 1.0, STOMP and MQTT, and Mosquitto with MQTT."""

from __future__ import annotations

import getpass
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from tests.integration.children import Child, answers, free_ports
from tests.integration.servers.setup import (
    ERLANG,
    PASSWORD,
    USER,
    VHOST,
    certificate,
    client_certificate,
    erlang,
    folder,
    start,
)
from tests.needs import program

_PLUGINS = "/usr/lib/rabbitmq/bin/rabbitmq-plugins"
_CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
_UP = "Server startup complete"


@dataclass(frozen=True)
class RabbitMQ:
    """A running RabbitMQ.

    Attributes:
        stomp: port of its STOMP listener.
        amqp: port for AMQP 0-9-1, and for AMQP 1.0, where the virtual host is the host name "vhost:alicevh".
        amqps: the same over TLS, for clients with a certificate alone, who may log in by it (EXTERNAL).
        ca: PEM file of the authority that signed its certificate, which is for "localhost" and "127.0.0.1".
        client: PEM file with such a certificate, for C{USER}, and its key.
    """

    stomp: int
    amqp: int
    amqps: int
    ca: Path
    client: Path
    _mqtt: int = field(repr=False)
    _env: Mapping[str, str] = field(repr=False)
    _argv: Sequence[str] = field(repr=False)
    _log: Path = field(repr=False)
    _running: list[Child] = field(default_factory=list, repr=False)

    def start(self) -> None:
        """Start it (5 s), or start it again after L{kill}, with all that it has on disk."""
        before = self._log.read_text().count(_UP) if self._log.exists() else 0
        env = self._env
        self._running[:] = [
            start(self._argv, self._log, lambda it: it.said().count(_UP) > before, seconds=90, env=env)
        ]

    def kill(self) -> None:
        """End it at once, as a power failure does; the test that does so starts it again."""
        self._running.pop().kill()

    def control(self, *words: str) -> str:
        """Run rabbitmqctl (1 s); return what it says."""
        done = subprocess.run(
            [_CONTROL, "--quiet", *words],
            env=dict(self._env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=True,
            text=True,
        )
        return done.stdout

    @cached_property
    def mqtt(self) -> int:
        """Port for MQTT 3.1 and 3.1.1; user "alicevh:alice".

        Its plugin starts at the first use: it takes 5 s more, for which no other test should wait.
        """
        subprocess.run(
            [_PLUGINS, "--quiet", "enable", "rabbitmq_mqtt"],
            env=dict(self._env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=90,
            check=True,
        )
        if not answers(self._mqtt):
            raise AssertionError("RabbitMQ has started its MQTT plugin, which does not listen")
        return self._mqtt


@cache
def rabbitmq() -> RabbitMQ:
    """Return the test run's RabbitMQ, started at the first call (5 s); SkipTest where there is none."""
    server = program("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")
    epmd = program("epmd", "erlang-base")
    base = folder("rabbitmq")
    amqp, amqps, stomp, mqtt, dist, names = free_ports(6)
    ca, crt, key = certificate(base)
    for name in ("home", "mnesia", "log"):
        (base / name).mkdir()
    (base / "enabled_plugins").write_text("[rabbitmq_stomp,rabbitmq_amqp1_0,rabbitmq_auth_mechanism_ssl].")
    (base / "definitions.json").write_text(json.dumps(_definitions()))
    (base / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{amqp}\n"
        f"listeners.ssl.1 = 127.0.0.1:{amqps}\n"
        f"ssl_options.cacertfile = {ca}\nssl_options.certfile = {crt}\nssl_options.keyfile = {key}\n"
        "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
        "auth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = AMQPLAIN\nauth_mechanisms.3 = EXTERNAL\n"
        "ssl_cert_login_from = common_name\n"
        f"stomp.listeners.tcp.1 = 127.0.0.1:{stomp}\n"
        f"mqtt.listeners.tcp.1 = 127.0.0.1:{mqtt}\n"
        "mqtt.allow_anonymous = false\n"
        "loopback_users = none\n"
        "vm_memory_high_watermark.absolute = 512MB\n"
        "disk_free_limit.absolute = 50MB\n"
        "log.console = true\n"
        "log.console.level = info\n"
        "log.file = false\n"
        f"load_definitions = {base}/definitions.json\n"
    )
    env = _rabbitmq_environment(base, amqp, dist, names)
    argv, log = erlang(names, [server], epmd), base / "server.log"
    broker = RabbitMQ(stomp, amqp, amqps, ca, client_certificate(base), mqtt, env, argv, log)
    broker.start()
    return broker


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
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {{127,0,0,1}} {ERLANG}",
    }


@dataclass(frozen=True)
class Mosquitto:
    """A running Mosquitto; port of its plain MQTT listener (3.1, 3.1.1 and 5).

    Anonymous clients are refused; C{USER} may publish and subscribe to all but "secret/#".
    """

    mqtt: int


@cache
def mosquitto() -> Mosquitto:
    """Return the test run's Mosquitto, started at the first call; raises SkipTest where there is none."""
    server = program("/usr/sbin/mosquitto", "mosquitto")
    base = folder("mosquitto")
    (port,) = free_ports(1)
    passwords = base / "passwd"
    passwords.touch(0o600)
    subprocess.run(["mosquitto_passwd", "-b", passwords, USER, PASSWORD], check=True, capture_output=True)
    acl = base / "acl"
    acl.touch(0o600)
    acl.write_text(f"user {USER}\ntopic deny secret/#\ntopic readwrite #\n")
    (base / "mosquitto.conf").write_text(
        f"user {getpass.getuser()}\n"
        "allow_anonymous false\n"
        f"password_file {passwords}\n"
        f"acl_file {acl}\n"
        "persistence false\n"
        # The default of 20 stalls a subscriber of quality 2 in a burst of 100.
        "max_inflight_messages 0\n"
        "max_queued_messages 0\n"
        "log_dest stderr\n"
        f"listener {port} 127.0.0.1\n"
    )
    start([server, "-c", f"{base}/mosquitto.conf"], base / "server.log", lambda it: " running" in it.said())
    return Mosquitto(mqtt=port)
