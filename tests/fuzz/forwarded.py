"""Throws what proxies and liars write at the reader of it: C{python -m tests.fuzz.forwarded SECONDS [SEED]}.

What is written from a list of addresses is read as the client among them, whatever the style; what is
broken is read or refused with 400, and a lie in front never changes who the client is.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from random import Random

from kaazing.errors import BadRequest
from kaazing.wire.addresses import Networks, listed
from kaazing.wire.forwarded import FIELDS, Told, read
from tests.fuzz import main, spoilt

TRUSTED: Networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48"))
EVERYBODY: Networks = (ip_network("0.0.0.0/0"), ip_network("::/0"))
BITS = (
    *(b",", b";", b'"', b"\\", b"=", b" ", b"\t", b"for=", b"proto=https", b"host=", b"[", b"]", b":", b"::"),
    *(b"10.0.0.1", b"unknown", b"_x", b"FOR=", b'for="', b"%eth0", b"/", b"0", b"99999"),
)


def differ(random: Random) -> str:
    """Try one list; return what differed, or an empty string."""
    hosts = [address(random) for _ in range(random.randint(1, 5))]
    nodes = [(host, random.choice((0, 1, 65535))) for host in hosts]
    proto = random.choice(("https", "http"))
    mine = next((node for node in reversed(nodes) if not listed(node[0], TRUSTED)), nodes[0])
    headers = {
        "forwarded": ",".join(element(random, node, proto) for node in nodes),
        "x-forwarded-for": " , ".join(bare(random, node) for node in nodes),
        "x-forwarded-proto": random.choice((proto, proto.upper())),
    }
    expected = Told(*mine, proto == "https")
    one = {name: value for name, value in headers.items() if name == "forwarded"}
    other = {name: value for name, value in headers.items() if name != "forwarded"}
    for said in (one, other):
        if read(said, TRUSTED) != expected:
            return f"{said} read as {read(said, TRUSTED)}, not {expected}"
    return broken_differs(random, headers)


def broken_differs(random: Random, headers: dict[str, str]) -> str:
    """Break the fields, and put lies in front."""
    said = {
        name: spoilt(random, value.encode(), BITS).decode("ascii", "ignore")
        for name, value in headers.items()
    }
    said[random.choice(sorted(FIELDS))] = random.choice(said["forwarded"].split(","))
    if random.random() < 0.5:
        said = {"forwarded": said["forwarded"]}
    try:
        told = read(said, TRUSTED)
    except BadRequest as why:
        if why.status != 400:
            return f"{said} refused with {why}"
    else:
        known = told.host is None or (
            listed(told.host, EVERYBODY) and str(ip_address(told.host)) == told.host
        )
        if not known or not 0 <= told.port < 65536 or (told.named_port or 1) > 99999:
            return f"{said} read as {told}"
    lie = said["forwarded"]
    if read({"x-forwarded-for": f"{lie}, 203.0.113.9"}, TRUSTED).host != "203.0.113.9":
        return f"X-Forwarded-For believes {lie!r}"
    try:
        host = read({"forwarded": f"{lie}, for=203.0.113.9;by=me"}, TRUSTED).host
    except BadRequest:
        return ""
    return "" if host == "203.0.113.9" else f"Forwarded believes {lie!r}"


def address(random: Random) -> str:
    """Make an address in its shortest form; half of them are listed proxies."""
    if random.random() < 0.5:
        return str(IPv4Address(random.choice((10 << 24, 11 << 24)) + random.getrandbits(24)))
    prefix = random.choice((0x20010DB80001 << 80, 0x20010DB80002 << 80))
    return str(IPv6Address(prefix + random.getrandbits(random.choice((1, 16, 64)))))


def bare(random: Random, node: tuple[str, int]) -> str:
    """Write an address in one of the ways of X-Forwarded-For."""
    host, port = node
    written = ip_address(host).exploded if random.random() < 0.3 else host
    written = written.upper() if random.random() < 0.3 else written
    if ":" not in written or not port:
        return (
            f"{written}:{port}"
            if port
            else random.choice((written, f"[{written}]" if ":" in written else written))
        )
    return f"[{written}]:{port}"


def element(random: Random, node: tuple[str, int], proto: str) -> str:
    """Write an element of Forwarded in one of the styles that RFC 7239 section 4 allows."""
    written = bare(random, node)
    if ":" in written or random.random() < 0.3:
        written = written.replace(".", "\\.") if random.random() < 0.1 else written
        written = f'"{written}"'
    pairs = [f"{random.choice(('for', 'For'))}={written}", f"proto={proto}", 'by="_x;,"'][
        : random.choice((2, 3))
    ]
    random.shuffle(pairs)
    return random.choice(("", " ")) + random.choice((";", "; ", " ;")).join(pairs) + random.choice(("", " ,"))


if __name__ == "__main__":
    sys.exit(main(differ))
