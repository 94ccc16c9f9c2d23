"""Fuzz MQTT: random and recorded streams, spoilt and cut at random.

Both scanners must say the same of a stream; a session must end with nothing but a violation; and what a
scanner says of a packet must be what mqtt-packet says, the decoder of MQTT.js, but for the differences that
docs/protocols/mqtt.md explains. C{python -m tests.fuzz.mqtt SECONDS [SEED]}; exits 1 at the first fault.
"""

from __future__ import annotations

import atexit
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random
from unittest import SkipTest

from kaazing import _speedups
from kaazing.adapters.mqtt.adapter import MqttAdapter
from kaazing.errors import ProtocolViolation
from kaazing.interfaces.adapters import Kind, Link
from kaazing.wire import pure_mqtt
from kaazing.wire.mqtt_faults import Code
from tests.adapters.mqtt.dialogue import DEFAULTS
from tests.fuzz import main, spoilt
from tests.needs import ROOT, node_packages, program
from tests.wire.cuts import difference, pieces
from tests.wire.mqtt_streams import Settings, body, outcome, packet, settings, stream

KINDS = (_speedups.MqttScanner, pure_mqtt.MqttScanner)
CAPTURES = {path.name: path.read_bytes() for path in Path(__file__).parent.glob("captures/mqtt/*")}
VERSIONS = {"mosquitto31": 3, "mosquitto311": 4, "mosquitto5": 5, "rabbitmq311": 4}
BITS = (
    b"\0",
    b"\xff",
    b"\x80\0",
    b"#",
    b"+",
    b"\x26\0\0\0\0",
    b"\x23\0\1",
    b"\x0b\1",
    b"\xed\xa0\x80",
    b"\x05",
)
BATCH = 100
"""Packets whose verdicts are compared at a time."""


def differ(random: Random) -> str:
    """Try one input; return what differed, or an empty string."""
    said = _scanners(random)
    return said or (_session(random) if random.random() < 0.9 else _decoders(random))


def _scanners(random: Random) -> str:
    given = settings(random)
    if random.random() < 0.5:
        data = stream(random, given, faults=random.choice((0.0, 0.02, 0.2)))
    else:
        name = random.choice(sorted(VERSIONS))
        given = Settings(client=random.random() < 0.5, split=given.split, watched=given.watched, version=0)
        if not given.client:
            given = Settings(client=False, split=given.split, version=VERSIONS[name], connected=False)
        data = spoilt(random, CAPTURES[f"{name}.{'front' if given.client else 'back'}"], BITS, 3)
    return difference(random, data, given, outcome, KINDS)


def _session(random: Random) -> str:
    """What a session raises beside a violation is a traceback, which is told."""
    name = random.choice(sorted(VERSIONS))
    ends = {end: CAPTURES[f"{name}.{end}"] for end in ("front", "back")}
    wrong = random.choice(("front", "back"))
    ends[wrong] = spoilt(random, ends[wrong], BITS, 3)
    front, back = (pieces(random, ends[end]) for end in ("front", "back"))
    session = MqttAdapter().session(Link(peer="", options=DEFAULTS))
    try:
        list(session.opened(0.0))
        while front or back:
            if front and (not back or random.random() < 0.7):
                list(session.from_front(front.pop(0), Kind.BINARY, 0.0))
            else:
                list(session.from_back(back.pop(0), 0.0))
    except ProtocolViolation:
        pass
    return ""


def _decoders(random: Random) -> str:
    decoder = _mqtt_packet()
    if decoder is None:
        return ""
    assert decoder.stdin is not None
    assert decoder.stdout is not None
    asked = [_packet(random) for _ in range(BATCH)]
    decoder.stdin.write("".join(f"{version} {wire.hex()}\n" for version, wire in asked))
    decoder.stdin.flush()
    for version, wire in asked:
        theirs = decoder.stdout.readline().strip()
        code = _verdict(version, wire)
        if bool(theirs) != bool(code) and not _explained(code, theirs):
            ours = code and Code(code).name
            return f"version {version}, {wire.hex()}: here {ours or 'good'}, mqtt-packet: {theirs or 'good'}"
    return ""


def _packet(random: Random) -> tuple[int, bytes]:
    """A version and a packet, whole by its own length, good or bad."""
    version = random.choice((3, 4, 5))
    type = random.randrange(1, 16)
    wire = body(random, type, version, random.choice((0.0, 0.1)), type not in (2, 9, 11, 13))
    if random.random() < 0.5:
        wire = spoilt(random, wire, BITS, 2)
    return version, packet((wire or b"\0")[0], wire[2:])


def _verdict(version: int, wire: bytes) -> int:
    """The fault of a packet that came where it may, by either side; 0 for none."""
    type = wire[0] >> 4
    given = Settings(client=type not in (2, 9, 11, 13), version=version, auth=True, connected=type != 2)
    if type == 1:
        given = Settings(version=0)
    scanner = given.scanner(_speedups.MqttScanner)
    scanner.feed(wire)
    return scanner.fault[0] if scanner.fault else 0


_STRICTER, _MILDER = (
    (ROOT / "docs/protocols/mqtt.md")
    .read_text()
    .split("## Differences from mqtt-packet")[1]
    .split("Read here, refused there:")
)
STRICTER = frozenset(Code[name] for name in re.findall("`([A-Z0-9_]+)`", _STRICTER))
"""What is refused here and not by mqtt-packet."""
MILDER = tuple(re.findall("^[|] `([^`]+)`", _MILDER, re.MULTILINE))
"""What mqtt-packet refuses, and is taken here, by the words it begins with."""


def _explained(code: int, theirs: str) -> bool:
    return code in STRICTER if code else theirs.startswith(MILDER)


@cache
def _mqtt_packet() -> subprocess.Popen[str] | None:
    """The other decoder, None where it is not installed."""
    try:
        argv, folder = [program("node", "nodejs"), "verdicts.mjs"], node_packages()
    except SkipTest:
        return None
    child = subprocess.Popen(
        argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    atexit.register(child.kill)
    return child


if __name__ == "__main__":
    sys.exit(main(differ))
