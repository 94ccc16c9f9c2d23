# -*- test-case-name: tests.test_benchmarks_logins -*-
"""python -m benchmarks logins: handshakes and idle connections of clients that log in with a JSON Web Token,
beside those of clients that need not, through the same gateway.

The speeds are compared by processor time, which other programs on the machine disturb less than a rate.
"""

from __future__ import annotations

import argparse
import secrets
import shlex
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.bench import Bench, say
from benchmarks.machine import BenchmarkError
from benchmarks.report import number, put
from benchmarks.scenarios import Figure, Scenario
from benchmarks.systems import GATEWAY, Place, System

BEGIN, END = "<!-- logins -->", "<!-- end of logins -->"
LEAST = 0.7  # of the speed without a login
ISSUER = "https://login.example.com"
OPEN = "open"
KINDS = {
    OPEN: "no login",
    "HS256-one": "HS256, the same token each time",
    "HS256-each": "HS256, a new token each time",
    "RS256-one": "RS256, the same token each time",
    "RS256-each": "RS256, a new token each time",
}
"""Service -> how the table calls it."""

Figures = dict[str, dict[Figure, list[float]]]  # service -> what -> one a round

_REALM = """<realm><name>{name}</name><authentication>
  <http-challenge-scheme>Token</http-challenge-scheme>
  <login-modules><login-module><type>jwt</type><success>required</success><options>
    <issuer><name>{issuer}</name><{key}>{file}</{key}></issuer>
  </options></login-module></login-modules></authentication></realm>
"""
_SERVICE = """<service><name>{name}</name><accept>ws://127.0.0.1:{port}/</accept>
  <connect>tcp://127.0.0.1:{back}</connect><type>proxy</type>{guard}
  <cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint></service>
"""


_MANY = "<accept-options><maximum.connections.per.user>0</maximum.connections.per.user></accept-options>"
"""All of them are joe's."""


def run(words: Sequence[str], folder: Path) -> None:
    """Read the rest of the command line, measure, and print the table.

    Raises:
        BenchmarkError: a run failed.
    """
    reader = argparse.ArgumentParser(prog="python -m benchmarks logins", description=__doc__)
    reader.add_argument("--gateway", default=GATEWAY)
    reader.add_argument("--connections", type=int, default=3000)
    reader.add_argument("--rounds", type=int, default=5, help="the median of so many is shown")
    reader.add_argument("--record", type=Path, help="Markdown page whose table is replaced")
    options = reader.parse_args(words)
    bench = Bench(folder, 1.0)
    figures: Figures = {}
    for turn in range(options.rounds):
        say(f"round {turn + 1} of {options.rounds}")
        _round(options, bench, turn, figures)
    text = table(figures, options.connections)
    print(text)
    if options.record:
        put(text, options.record, BEGIN, END)


def _round(options: argparse.Namespace, bench: Bench, turn: int, figures: Figures) -> None:
    """Measure each kind of client once, on a gateway of its own, because memory that was let go is used
    again; every round begins with another kind."""
    scenarios = [
        Scenario(name=name, mode="idle", service=name, connections=options.connections) for name in KINDS
    ]
    system = guarded(options.gateway, options.connections + 200)
    first = turn % len(scenarios)
    for scenario in (*scenarios[first:], *scenarios[:first]):
        with ExitStack() as stack:
            sample = bench.measure(scenario, system, *bench.start(system, [scenario], stack))
        if sample.failed:
            raise BenchmarkError(f"{scenario.name}: {sample.failed}")
        for figure, value in sample.figures.items():
            figures.setdefault(scenario.name, {}).setdefault(figure, []).append(value)


def guarded(command: str, tokens: int) -> System:
    """Return a gateway with a service for each of L{KINDS}; its clients have that many tokens."""

    def start(place: Place) -> list[str]:
        conf = place.write("logins.xml", configuration(place, tokens))
        return [word.format(python=sys.executable, conf=conf) for word in shlex.split(command)]

    program = shlex.split(command)[0].format(python=sys.executable, conf="")
    return System("gateway", frozenset(KINDS), "raw", start, program, {})


def configuration(place: Place, tokens: int) -> str:
    """Write keys and the clients' tokens; return the XML of the gateway."""
    secret = secrets.token_hex(32)
    place.write("HS256.key", secret)
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    place.write("RS256.key", public.decode())
    realms = services = ""
    for name, port in place.fronts.items():
        algorithm, _, how = name.partition("-")
        guard = ""
        if name != OPEN:
            guard = f"{_MANY}<realm-name>{name}</realm-name>"
            kind = "secret-file" if algorithm == "HS256" else "key-file"
            file = place.folder / f"{algorithm}.key"
            realms += _REALM.format(name=name, issuer=ISSUER, key=kind, file=file)
            signed: Any = secret if algorithm == "HS256" else key
            count = tokens if how == "each" else 1
            place.write(f"{name}.fields", "".join(map(_field, _tokens(count, signed, algorithm))))
        services += _SERVICE.format(name=name, port=port, back=place.back, guard=guard)
    space = "http://xmlns.kaazing.org/2016/06/gateway"
    return f'<gateway-config xmlns="{space}"><security>{realms}</security>{services}</gateway-config>\n'


def _tokens(count: int, key: Any, algorithm: str) -> list[str]:
    until = int(time.time()) + 3600
    about = {"iss": ISSUER, "sub": "joe", "exp": until, "roles": ["trader", "reader"]}
    return [jwt.encode({**about, "jti": str(each)}, key, algorithm) for each in range(count)]


def _field(token: str) -> str:
    return f"Authorization: Bearer {token}\n"


def table(figures: Figures, connections: int) -> str:
    """Return a Markdown table: medians, and what they are to those without a login."""
    lines = [
        f"| {connections} clients | handshakes/s | processor time of each, µs | speed by that | target"
        " | idle memory a connection, KiB | more than without |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: |",
    ]
    rate, cost, memory = (
        {name: statistics.median(by[figure]) for name, by in figures.items()}
        for figure in (Figure.HANDSHAKES, Figure.OPENING, Figure.MEMORY)
    )
    for name in figures:
        speed = cost[OPEN] / cost[name]
        verdict = "holds" if speed >= LEAST else "FALLS SHORT"
        target = "" if name == OPEN else f"at least {LEAST:g}: {verdict}"
        lines.append(
            f"| {KINDS[name]} | {number(rate[name])} | {number(cost[name])} | {number(speed)} | {target}"
            f" | {number(memory[name])} | {number(memory[name] - memory[OPEN])} |"
        )
    return "\n".join(lines) + "\n"
