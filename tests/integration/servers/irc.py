"""IRC servers: ngIRCd with a server password, InspIRCd with Atheme's accounts behind SASL."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.integration.children import answers, free_ports
from tests.integration.servers.setup import PASSWORD, USER, certificate, folder, start
from tests.needs import program

WEBIRC = "webircpw"
"""The password that both servers want with WEBIRC, and take from 127.0.0.1."""


@dataclass(frozen=True)
class NgIRCd:
    """A running ngIRCd; its port for clients, and the password they all have to know (PASS).

    It has neither SASL nor any IRCv3 capability but multi-prefix; a nick has 9 letters at most.
    """

    irc: int
    password: str


@cache
def ngircd() -> NgIRCd:
    """Return the test run's ngIRCd, started at the first call; raises SkipTest where there is none."""
    server = program("/usr/sbin/ngircd", "ngircd")
    base = folder("ngircd")
    (port,) = free_ports(1)
    conf = base / "ngircd.conf"
    conf.write_text(
        "[Global]\nName = irc.test.invalid\nInfo = test\nListen = 127.0.0.1\n"
        f"Ports = {port}\nPassword = serverpw\nServerUID = {os.getuid()}\nServerGID = {os.getgid()}\n"
        # Without penalty, or a burst of messages takes seconds.
        "[Limits]\nMaxConnectionsIP = 0\nMaxConnections = 0\nMaxPenaltyTime = 0\n"
        f"[Options]\nDNS = no\nIdent = no\nPAM = no\nWebircPassword = {WEBIRC}\n"
    )
    argv = [server, "-n", "-f", str(conf)]
    start(argv, base / "server.log", lambda it: "Now listening on" in it.said() and answers(port))
    return NgIRCd(irc=port, password="serverpw")


@dataclass(frozen=True)
class InspIRCd:
    """A running InspIRCd, linked with Atheme.

    Attributes:
        irc: port for clients, with STARTTLS, and SASL PLAIN for the account of C{USER}.
            It writes "AUTHENTICATE :+", with the colon that the last parameter may have.
        tls: port for clients that start with TLS.
        ca: PEM file of the authority that signed its certificate, which is for "localhost" and "127.0.0.1".
    """

    irc: int
    tls: int
    ca: Path


@cache
def inspircd() -> InspIRCd:
    """Return the test run's InspIRCd, started at the first call (3 s); SkipTest where there is none."""
    server = program("/usr/sbin/inspircd", "inspircd")
    services = program("atheme-services", "atheme-services")
    base = folder("inspircd")
    ports = irc, tls, _ = free_ports(3)
    ca, crt, key = certificate(base)
    for name in ("data", "log", "run"):
        (base / name).mkdir()
    conf = base / "inspircd.conf"
    conf.write_text(_inspircd_conf(base, ports, crt, key))
    argv = [server, "--nofork", "--runasroot", "--config", str(conf)]
    start(argv, base / "server.log", lambda _: all(map(answers, ports)))
    conf = base / "atheme.conf"
    conf.write_text(_atheme_conf(ports[2]))
    log = base / "atheme.log"
    argv = [services, "-n", "-c", str(conf), "-D", f"{base}/data", "-l", str(log), "-p", f"{base}/atheme.pid"]
    start(argv, base / "services.log", lambda _: log.exists() and "finished synching" in log.read_text())
    _register(irc)
    return InspIRCd(irc, tls, ca)


_MODULES = (
    "cap cgiirc chghost globops hidechans ircv3 ircv3_batch ircv3_capnotify ircv3_echomessage ircv3_msgid"
    " ircv3_servertime sasl services_account spanningtree ssl_gnutls starttls"
)


def _inspircd_conf(base: Path, ports: list[int], crt: Path, key: Path) -> str:
    irc, tls, services = ports
    modules = "".join(f'<module name="{name}">\n' for name in _MODULES.split())
    return (
        '<server name="irc2.test.invalid" description="test" network="TestNet" id="97K">\n'
        '<admin name="x" nick="x" email="x@test.invalid">\n'
        f'<bind address="127.0.0.1" port="{irc}" type="clients">\n'
        f'<bind address="127.0.0.1" port="{tls}" type="clients" sslprofile="Clients">\n'
        f'<bind address="127.0.0.1" port="{services}" type="servers">\n'
        f'<sslprofile name="Clients" provider="gnutls" certfile="{crt}" keyfile="{key}">\n'
        '<starttls sslprofile="Clients">\n'
        f'<path datadir="{base}/data" logdir="{base}/log" runtimedir="{base}/run">\n'
        f'<pid file="{base}/run/inspircd.pid">\n'
        '<connect name="main" allow="*" timeout="20" pingfreq="120" sendq="1048576" recvq="65536" '
        'hardsendq="4194304" softsendq="1048576" threshold="1000" commandrate="1000000" fakelag="off" '
        'localmax="10000" globalmax="10000" maxchans="100" useident="no" resolvehostnames="no">\n'
        '<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="inspircd.log">\n'
        f"{modules}"
        f'<cgihost type="webirc" password="{WEBIRC}" mask="127.0.0.1">\n'
        '<sasl target="services.test.invalid" requiressl="no">\n'
        f'<link name="services.test.invalid" ipaddr="127.0.0.1" port="{services}" '
        'allowmask="127.0.0.1" sendpass="linkpw" recvpass="linkpw">\n'
        '<uline server="services.test.invalid" silent="yes">\n'
    )


def _atheme_conf(port: int) -> str:
    modules = (
        "protocol/inspircd backend/opensex crypto/pbkdf2v2 nickserv/main nickserv/register nickserv/identify"
        " saslserv/main saslserv/plain"
    )
    load = "".join(f'loadmodule "modules/{name}";\n' for name in modules.split())
    return (
        f'{load}serverinfo {{ name = "services.test.invalid"; desc = "services"; numeric = "00A"; '
        'recontime = 1; netname = "TestNet"; hidehostsuffix = "users.test"; adminname = "x"; '
        'adminemail = "x@test.invalid"; registeremail = "x@test.invalid"; auth = none; '
        "loglevel = { info; error; }; maxlogins = 1000; maxusers = 0; maxnicks = 5; maxchans = 5; "
        "mdlimit = 30; casemapping = rfc1459; };\n"
        f'uplink "irc2.test.invalid" {{ host = "127.0.0.1"; port = {port}; '
        'send_password = "linkpw"; receive_password = "linkpw"; };\n'
        "general { commit_interval = 5; default_clone_allowed = 10000; };\n"
        'nickserv { nick = "NickServ"; user = "NickServ"; host = "services.test"; real = "ns"; };\n'
        'saslserv { nick = "SaslServ"; user = "SaslServ"; host = "services.test"; real = "sasl"; };\n'
    )


def _register(port: int) -> None:
    """Make the account of C{USER}, as its owner would."""
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        said = client.makefile("r", encoding="utf-8", errors="replace", newline="\r\n")
        client.sendall(f"NICK {USER}\r\nUSER {USER} 0 * :{USER}\r\n".encode())
        for line in said:
            if line.startswith("PING "):
                client.sendall(f"PONG {line[5:]}".encode())
            elif " 001 " in line:
                client.sendall(f"PRIVMSG NickServ :REGISTER {PASSWORD} {USER}@test.invalid\r\n".encode())
            elif "registered" in line and "NickServ" in line:
                return
    raise AssertionError("Atheme made no account")
