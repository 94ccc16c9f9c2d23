"""Throws PROXY headers, whole and broken, at their reader: C{python -m tests.fuzz.proxied SECONDS [SEED]}.

Cut anywhere, a header says the same or is refused with the same words; no more is kept of one than its
limit; a connection in memory is let in, closed or still waiting, and waits for no longer than it may.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from random import Random
from struct import pack
from typing import Any

from twisted.internet import address
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock

from kaazing.errors import ProtocolViolation
from kaazing.transports.proxied import HEADER_TIMEOUT, MAX_HEADER, MAX_LINE, Proxied, introduction
from kaazing.transports.wheel import Wheel
from tests.fuzz import main, spoilt
from tests.transports.doors import Wire
from tests.wire.cuts import pieces

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
BEHIND = b"GET / HTTP/1.1\r\n\r\n"
PROXIES = (ip_network("192.0.2.0/24"),)  # where a wire comes from
BITS = (
    b"\r\n",
    b"\r",
    b" ",
    b"\0",
    b"\xff",
    b"TCP6",
    b"TCP4",
    b"UNKNOWN",
    b"65536",
    b"::",
    b"PROXY ",
    b"\x20\xff\xff",
)


def header(random: Random) -> tuple[bytes, str]:
    """Make a header, and say whose it is: host and port."""
    v6, port = random.random() < 0.5, random.randrange(65536)
    kind, bits = (IPv6Address, 128) if v6 else (IPv4Address, 32)
    source, target = kind(random.getrandbits(bits)), kind(random.getrandbits(bits))
    whose = f"{ip_address(str(source)).compressed} {port}"
    if random.random() < 0.4:
        return b"PROXY TCP%d %a %a %d 443\r\n".replace(b"%a", b"%b") % (
            6 if v6 else 4,
            random.choice((str(source), source.exploded.upper())).encode(),
            str(target).encode(),
            port,
        ), whose
    more = b"".join(
        pack("!BH", random.choice((1, 2, 4, 0xE0)), len(value)) + value
        for value in (random.randbytes(random.randrange(30)) for _ in range(random.randrange(3)))
    )
    if random.random() < 0.5:
        more += pack("!BHBI", 0x20, 5, 1, 0)
        whose += " TLS"
    rest = source.packed + target.packed + pack("!HH", port, 443) + more
    return SIGNATURE + pack("!BBH", 0x21, 0x21 if v6 else 0x11, len(rest)) + rest, whose


def differ(random: Random) -> str:
    """Try one header; return what differed, or an empty string."""
    data, whose = header(random)
    whole = outcome([data + BEHIND])
    if whole != f"{whose} at {len(data)}":
        return f"{data!r} of {whose} read as {whole}"
    data = spoilt(random, data, BITS) + BEHIND
    if random.random() < 0.05:
        data = data[:-30] + random.choice((b"x", b"\0")) * random.choice((100, 5000))
    parts = pieces(random, data)
    whole, cut = outcome([data]), outcome(parts)
    if whole != cut:
        return f"{parts!r}:\n  {whole}\n  {cut}"
    return staying_differs(parts, whole)


def outcome(parts: list[bytes]) -> str:
    """Return what a stream begins with, read whenever more comes."""
    seen = b""
    for part in parts:
        seen += part
        try:
            found = introduction(seen)
        except ProtocolViolation as why:
            return str(why)
        if found is not None:
            told, size = found
            if told.address is not None and str(ip_address(told.address.host)) != told.address.host:
                return f"not the shortest form: {told}"
            peer = "nobody" if told.address is None else f"{told.address.host} {told.address.port}"
            return f"{peer}{' TLS' * told.secure} at {size}"
        if len(seen) >= (MAX_LINE if seen.startswith(b"PROXY") else MAX_HEADER):
            return f"{len(seen)} bytes are kept"
    return "open"


class Behind(Protocol):
    """What speaks behind the header; keeps what it hears."""

    transport: Any
    heard = b""

    def dataReceived(self, data: bytes) -> None:
        """See L{Protocol}."""
        self.heard += data


def staying_differs(parts: list[bytes], expected: str) -> str:
    """Let a connection of a listed proxy say all that; return what became of it, where that is wrong."""
    clock = Clock()
    wire = Wire()
    factory: Any = Proxied(Factory.forProtocol(Behind), PROXIES, Wheel(clock), "fuzz")
    wire.protocol = factory.buildProtocol(address.IPv4Address("TCP", "192.0.2.1", 5000))
    wire.protocol.makeConnection(wire)
    for part in parts:
        wire.say(part)
    let_in = " at " in expected
    if let_in and (wire.fate != "open" or not b"".join(parts).endswith(wire.protocol.heard)):
        return f"{parts!r} heard as {wire.protocol!r}, {wire.fate}"
    clock.pump([0.5] * int(HEADER_TIMEOUT * 2 + 2))
    if clock.getDelayedCalls() or (wire.fate == "open") != let_in:
        return f"{parts!r}: {expected}, but {wire.fate} after {HEADER_TIMEOUT} s"
    return ""


if __name__ == "__main__":
    sys.exit(main(differ))
