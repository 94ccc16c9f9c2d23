"""Fuzz XMPP: changed captures of real servers and clients, cut at random, read the same in one piece; a
session raises nothing but ProtocolViolation; and libxml2 finds well-formed what we do.

C{python -m tests.fuzz.xmpp SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import Any

from lxml import etree

from kaazing.adapters.xmpp.session import XmppSession
from kaazing.interfaces.adapters import Kind, Link, ToBack
from kaazing.wire.xmpp import Fault, Limits
from kaazing.wire.xmpp_scanner import Scanner
from tests.adapters.orders import answered, carried_out
from tests.adapters.xmpp.dialogue import DEFAULTS, policy
from tests.fuzz import main, spoilt

_FOLDER = Path(__file__).parent / "captures" / "xmpp"
STREAMS = {path.stem: path.read_bytes() for path in _FOLDER.glob("*.xml")}
MESSAGES = (_FOLDER / "clients.messages").read_bytes().splitlines()
BITS = (
    *(b"<", b">", b"/>", b"</", b"&", b";", b"'", b'"', b"=", b" ", b"\n", b"\r", b"\0", b"\xff", b"\xc3"),
    *(b"<![CDATA[", b"]]>", b"<!--", b"-->"),
    *(b"<?a?>", b"<!DOCTYPE a>", b"&amp;", b"&#65;", b"&a;", b"\xef\xbf\xbe"),
    *(b" xmlns=''", b" xmlns:a='b'", b"a:", b"<a>", b"</a>", b"<a/>", b" a='>'", b"</stream:stream>"),
    *(b"<stream:error>", b"</stream:error>", b"<iq/>", b" to='a@b'"),
    b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
)  # fmt: skip

STRICTER = {
    "restricted-xml": "comments, processing instructions, document types and entities are XML",
    "policy-violation": "XML has no limits",
    "bad-format": "text around stanzas and documents that are no streams are XML",
    "invalid-namespace": "XML has no namespaces that must be",
    "unsupported-encoding": "it knows others",
}
"""Conditions of faults that libxml2 does not know; docs/protocols/xmpp.md has the same table."""

_UNFINISHED = ("ERR_TAG_NOT_FINISHED", "ERR_DOCUMENT_END")
_BLANK = "no well-formed XML: syntax error"
"""What expat says of a namespace with a blank in it, which libxml2 only warns of."""
_LOOSER = ("WAR_NS_URI", "WAR_NS_URI_RELATIVE")
"""What libxml2 alone finds: namespaces that are no URIs."""

_POLICY = policy("message,iq *.localhost", "namespace")
_LINKS: tuple[dict[str, Any], ...] = (
    {},
    {"encrypted": True},
    {"injects": True},
    {"injects": True, "messages": False},
    {"messages": False, "encrypted": True, "policy": _POLICY},
    {"policy": _POLICY, "injects": True, "encrypted": True},
)


def pieces(random: Random, data: bytes) -> list[bytes]:
    """Return the data in pieces."""
    longest, at, parts = random.choice((1, 3, 40, 400)), 0, []
    while at < len(data):
        length = random.randint(1, longest)
        parts.append(data[at : at + length])
        at += length
    return parts


def outcome(parts: list[bytes], limits: Limits) -> tuple[list[Any], Fault | None, int]:
    """Return what a scanner finds, what is wrong, and how far it got."""
    scanner = Scanner(limits)
    scanner.patch, scanner.watch = True, frozenset()
    return [item for part in parts for item in scanner.feed(part)], scanner.fault, scanner.offset


def well_formed(data: bytes) -> bool:
    """Return whether libxml2 takes the data for the beginning of a document."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=True)
    try:
        etree.fromstring(data, parser)
    except etree.XMLSyntaxError:  # it finds no element at all
        return False
    return all(entry.type_name in (*_UNFINISHED, *_LOOSER) for entry in parser.error_log)


def compare(data: bytes, fault: Fault | None, offset: int) -> str:
    """Return how libxml2 differs in a way that is not known, or an empty string."""
    if fault is not None and fault.what == _BLANK:
        return ""
    if fault is not None and fault.condition == "not-well-formed":
        return f"libxml2 takes what we refuse: {fault}, {data!r}" if well_formed(data) else ""
    if fault is not None and fault.condition not in STRICTER:
        return f"a fault of a kind that is not known: {fault}"
    return (
        ""
        if not data[:offset].strip() or well_formed(data[:offset])
        else f"libxml2 refuses what we take: {data[:offset]!r}"
    )


def play(random: Random, link: dict[str, Any], front: list[bytes], back: list[bytes]) -> None:
    """Let a session hear both sides; anything but a violation is raised."""
    session = XmppSession(Link(peer="", options=DEFAULTS, **link))
    said: list[Any] = carried_out(session.opened(0.0), ToBack)
    turns = [("front", part) for part in front] + [("back", part) for part in back]
    if random.random() < 0.5:
        random.shuffle(turns)
    for side, part in turns:
        said = answered(session, said)
        if said and isinstance(said[-1], str):
            return
        if side == "front":
            said = carried_out(session.from_front(part, Kind.TEXT, 0.0), ToBack) or said
        else:
            said = carried_out(session.from_back(part, 0.0), ToBack) or said


def differ(random: Random) -> str:
    """Try one pair of streams; return what differed, or an empty string."""
    server = random.choice(("prosody", "ejabberd"))
    both = [STREAMS[f"{server}.{end}"] for end in ("client", "server")]
    for data in both:
        stream = b"<stream:stream" + random.choice(data.split(b"<stream:stream")[1:])
        stream = spoilt(random, stream, BITS) if random.random() < 0.9 else stream
        limits = Limits() if random.random() < 0.8 else Limits(element=200, depth=3, attributes=6, length=60)
        said = outcome([stream], limits)
        parts = pieces(random, stream)
        if (again := outcome(parts, limits))[:2] != said[:2]:
            return f"{limits}, {len(parts)} parts of {stream!r}\n  gave {again!r}\n  not {said!r}"
        if found := compare(stream, said[1], said[2] if said[0] else 0):
            return found
    both = [spoilt(random, data, BITS) if random.random() < 0.6 else data for data in both]
    front, back = (pieces(random, data) for data in both)
    if random.random() < 0.5:
        front = [spoilt(random, each, BITS) if random.random() < 0.1 else each for each in MESSAGES]
    play(random, random.choice(_LINKS), front, back)
    return ""


if __name__ == "__main__":
    sys.exit(main(differ))
