"""Fuzz IRC: changed captures of real servers and clients, cut at random, read the same in C and in Python;
a session raises nothing but ProtocolViolation; and irc-framework's parser reads lines as ours does.

C{python -m tests.fuzz.irc SECONDS [SEED]}; exits 1 at the first difference, and prints the seed. Without
Node and the packages of tests/browser there is no second parser, and only the rest is tried.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest import SkipTest

from kaazing import _speedups
from kaazing.adapters.irc.session import IrcSession
from kaazing.interfaces.adapters import Kind, Link, ToBack
from kaazing.wire import pure_irc
from kaazing.wire.irc import Code, parse
from tests.adapters.irc.dialogue import LINK, forbidden, linked
from tests.adapters.orders import answered, carried_out
from tests.fuzz import main, spoilt
from tests.needs import node_packages, program
from tests.wire.cuts import difference, pieces
from tests.wire.irc_streams import Settings, outcome, settings

KINDS = (_speedups.IrcScanner, pure_irc.IrcScanner)
CAPTURES = {path.stem: path.read_bytes() for path in Path(__file__).parent.glob("captures/irc/*.txt")}
BITS = (
    *(b"\0", b"\r", b"\n", b"\r\n", b" ", b" :", b":", b"@", b"@a=b ", b";", b"/", b"=", b",", b"\xff", b"#"),
    *(b"JOIN ", b"AUTHENTICATE ", b"CAP * LS :sasl", b"CAP * ACK :sasl", b"\r\n670 x\r\n", b"\r\n001 a\r\n"),
)

STRICTER = {
    Code.LINE_TOO_LONG: "it has no limits",
    Code.TAGS_TOO_LONG: "it has no limits",
    Code.NUL_IN_LINE: "it lets NUL pass",
    Code.STRAY_CR: "it lets CR pass, and drops it at the ends of a line",
    Code.BAD_TAG: "it takes any key, and none",
    Code.NO_PREFIX: "it takes an empty prefix",
    Code.BAD_COMMAND: "it takes any word for a command",
    Code.NUMERIC_OF_CLIENT: "it does not know who speaks",
    Code.TOO_MANY_PARAMETERS: "it has no limits",
}
"""Rules that irc-framework's parser does not know; docs/protocols/irc.md has the same table."""

_ANY = forbidden(join=("#c",), message=("#c", "bob"), command=("WHOIS",))
_LINKS = (
    LINK,
    replace(LINK, subprotocol="binary.ircv3.net"),
    replace(LINK, subprotocol=None),
    replace(LINK, subprotocol=None, messages=False),
    replace(linked(webirc_password="w", irc_starttls="optional"), injects=True),
    replace(linked(irc_login="pass"), injects=True, policy=_ANY, subprotocol=None, messages=False),
    replace(LINK, policy=_ANY, apart=True, subprotocol=None, messages=False),
)


@cache
def decoder() -> subprocess.Popen[str] | None:
    """Return the running parser of irc-framework; None where it is not installed."""
    try:
        folder, node = node_packages(), program("node", "nodejs")
    except SkipTest:
        return None
    argv = [node, "decode_irc.mjs"]
    return subprocess.Popen(argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def decoded(lines: list[bytes]) -> list[Any] | None:
    """Return the tag keys, prefix, command and parameters that it finds in each."""
    child = decoder()
    if child is None:
        return None
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(json.dumps([line.decode("latin-1") for line in lines]) + "\n")
    child.stdin.flush()
    read: list[Any] = json.loads(child.stdout.readline())
    return read


def read_alike(line: bytes) -> list[Any]:
    """Return what we find in a line, for comparison; tag keys in lower case, which it makes them."""
    read = parse(line)
    keys = {tag.partition("=")[0].lower() for tag in read.tags.split(";")} if read.tags else set()
    words = [read.prefix, read.command, *read.parameters]
    prefix, command, *params = (word.encode("utf-8", "surrogateescape").decode("latin-1") for word in words)
    return [sorted(keys), prefix, command, params]


def compare(data: bytes, given: Settings) -> str:
    """Return how irc-framework's parser differs in a way that is not known, or an empty string."""
    scanner = _speedups.IrcScanner(
        client=given.client,
        split=False,
        bare=True,
        text=False,
        max_line=given.max_line,
        max_tags=given.max_tags,
        max_parameters=given.max_parameters,
    )
    passed = [item for item in scanner.feed(data + b"\r\n") if isinstance(item, bytes)]
    read = decoded(passed)
    if read is None:
        return ""
    for line, theirs in zip(passed, read, strict=True):
        if theirs != read_alike(line):
            return f"{line!r} is {theirs} to irc-framework, and {read_alike(line)} to us"
    if scanner.fault is None or scanner.fault[0] in STRICTER:
        return ""
    bad = data[scanner.offset :].partition(b"\n")[0].removesuffix(b"\r")
    if bad.startswith(b" "):
        return ""  # it skips blanks before all else
    theirs = (decoded([bad]) or [None])[0]
    return f"{bad!r} is {theirs} to irc-framework, and refused by us" if theirs and theirs[2] else ""


def play(random: Random, link: Link, front: list[bytes], back: list[bytes]) -> None:
    """Let a session hear both sides; anything but a violation is raised."""
    session = IrcSession(link)
    said: list[Any] = carried_out(session.opened(0.0), ToBack)
    turns = [("front", part) for part in front] + [("back", part) for part in back]
    random.shuffle(turns)
    for side, part in turns:
        said = answered(session, said)
        if said and isinstance(said[-1], str):
            return
        if side == "front":
            said = carried_out(session.from_front(part, random.choice(tuple(Kind)[1:]), 0.0), ToBack) or said
        elif session._form is not None:  # else it is held
            said = carried_out(session.from_back(part, 0.0), ToBack) or said


def differ(random: Random) -> str:
    """Try one pair of streams; return what differed, or an empty string."""
    server = random.choice(("inspircd", "ngircd"))
    both = [CAPTURES[f"{server}-{end}"] for end in ("client", "server")]
    both = [spoilt(random, data, BITS) if random.random() < 0.8 else data for data in both]
    for client, data in zip((True, False), both, strict=True):
        given = replace(settings(random), client=client)
        if random.random() < 0.7:
            given = replace(given, max_line=512, max_tags=8191, max_parameters=0)
        if said := difference(random, data, given, outcome, KINDS):
            return said
        if random.random() < 0.2 and (found := compare(data, given)):
            return found
    front, back = (pieces(random, data) for data in both)
    if random.random() < 0.5:
        front = both[0].split(b"\r\n")
    play(random, random.choice(_LINKS), front, back)
    return ""


if __name__ == "__main__":
    sys.exit(main(differ))
