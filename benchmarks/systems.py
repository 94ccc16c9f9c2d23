# -*- test-case-name: tests.test_benchmarks -*-
"""The measured systems: how each is configured, started and spoken to."""

from __future__ import annotations

import datetime
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.machine import free_port
from benchmarks.protocols import SCRIPTS

GATEWAY = "{python} -m twisted kaazing -c {conf}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one system runs.

    Attributes:
        folder: for its configuration, logs and certificate.
        fronts: service ("proxy", "wss", "stomp" and so on) -> port that clients come to.
        back: port of the load program's backend.
        certificate: PEM file, certificate and key.
    """

    folder: Path
    fronts: dict[str, int]
    back: int
    certificate: Path

    def write(self, name: str, text: str) -> Path:
        """Write a configuration file."""
        file = self.folder / name
        file.write_text(text)
        return file


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """One system.

    Attributes:
        name: as in the tables.
        services: what it can be asked for; see L{Scenario.service}.
        backend: what it wants behind it for an echo: "raw" bytes, or "ws" where it passes
            WebSocket frames through.
        command: writes the configuration and returns the command line.
        program: what must be installed.
        protocols: service -> sub-protocol that its clients must offer.
        plain: whether it only passes bytes on, in binary messages.
        crowd: whether it has a process for each connection; they wait for each other.
    """

    name: str
    services: frozenset[str]
    backend: str
    command: Callable[[Place], list[str]]
    program: str
    protocols: dict[str, str]
    plain: bool = False
    crowd: bool = False

    def present(self) -> bool:
        """Whether its program is there."""
        return found(self.program) is not None


def found(program: str) -> str | None:
    """Return the path of C{program}, from PATH or from beside this Python; None when it is nowhere."""
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


_SERVICE = """  <service>
    <name>{name}</name>
    <accept>{scheme}://127.0.0.1:{port}/</accept>
    <connect>tcp://127.0.0.1:{back}</connect>
    <type>{type}</type>
    {options}
    <cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint>
  </service>
"""
_PROPERTIES: dict[str, str] = {}
"""Service -> what the gateway's has to be told."""
_SUBPROTOCOLS = {
    "stomp": "v12.stomp",
    "mqtt": "mqtt",
    "amqp": "amqp",
    "irc": "text.ircv3.net",
    "xmpp": "xmpp",
}
_TLS = (
    "<accept-options><ssl.certificate-file>{certificate}</ssl.certificate-file>"
    "<ssl.key-file>{certificate}</ssl.key-file></accept-options>"
)


def gateway_configuration(place: Place) -> str:
    """Return the XML of a gateway that offers the services of C{place}."""
    services = "".join(
        _SERVICE.format(
            name=name,
            scheme="wss" if name == "wss" else "ws",
            port=port,
            back=place.back,
            type=f"{name}.proxy" if name in SCRIPTS else "proxy",
            options=_TLS.format(certificate=place.certificate)
            if name == "wss"
            else _PROPERTIES.get(name, ""),
        )
        for name, port in place.fronts.items()
    )
    return f'<gateway-config xmlns="http://xmlns.kaazing.org/2014/09/gateway">\n{services}</gateway-config>\n'


def gateway(command: str) -> System:
    """Return the gateway, started by C{command}, in which {python} and {conf} are replaced."""

    def start(place: Place) -> list[str]:
        conf = place.write("gateway.xml", gateway_configuration(place))
        return [word.format(python=sys.executable, conf=conf) for word in shlex.split(command)]

    program = shlex.split(command)[0].format(python=sys.executable, conf="")
    return System(
        "gateway", frozenset({"proxy", "wss", *SCRIPTS}), "raw", start, program, dict(_SUBPROTOCOLS)
    )


_NGINX = """worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 30000; multi_accept on; }}
http {{ access_log off;
  upstream back {{ server 127.0.0.1:{back}; }}
  server {{
    {listen}
    ssl_certificate {certificate}; ssl_certificate_key {certificate}; ssl_protocols TLSv1.2 TLSv1.3;
    location / {{
      proxy_pass http://back; proxy_http_version 1.1; proxy_read_timeout 1h;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; }} }} }}
"""


def _nginx(place: Place) -> list[str]:
    listen = "".join(
        f"listen 127.0.0.1:{port} backlog=4096{' ssl' if name == 'wss' else ''}; "
        for name, port in place.fronts.items()
    )
    conf = place.write(
        "nginx.conf",
        _NGINX.format(folder=place.folder, back=place.back, listen=listen, certificate=place.certificate),
    )
    return ["nginx", "-c", str(conf), "-p", str(place.folder), "-e", f"{place.folder}/nginx-error.log"]


_HAPROXY = """global
  maxconn 9000
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
listen front
{binds}  server back 127.0.0.1:{back}
"""


def _haproxy(place: Place) -> list[str]:
    binds = "".join(
        f"  bind 127.0.0.1:{port}{f' ssl crt {place.certificate}' if name == 'wss' else ''}\n"
        for name, port in place.fronts.items()
    )
    return ["haproxy", "-f", str(place.write("haproxy.cfg", _HAPROXY.format(binds=binds, back=place.back)))]


def _websockify(place: Place) -> list[str]:
    (port,) = set(place.fronts.values())
    return [found("websockify") or "websockify", f"127.0.0.1:{port}", f"127.0.0.1:{place.back}"]


PEERS = {
    "haproxy": System("haproxy", frozenset({"proxy", "wss"}), "ws", _haproxy, "haproxy", {}),
    "nginx": System("nginx", frozenset({"proxy", "wss"}), "ws", _nginx, "nginx", {}),
    "websockify": System(
        "websockify",
        frozenset({"proxy", *SCRIPTS}),
        "raw",
        _websockify,
        "websockify",
        dict.fromkeys(("proxy", *SCRIPTS), "binary"),
        plain=True,
        crowd=True,
    ),
}


def place(system: System, services: Iterable[str], folder: Path, certificate: Path) -> Place:
    """Return ports and files for C{system}; websockify has one port for all it does."""
    wanted = [service for service in dict.fromkeys(services) if service in system.services]
    one = free_port() if system.name == "websockify" else 0
    return Place(folder, {service: one or free_port() for service in wanted}, free_port(), certificate)


def certificate(folder: Path) -> Path:
    """Write a self-signed P-256 certificate for 127.0.0.1 and its key into one PEM file; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.touch(mode=0o600)
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return file
