# -*- test-case-name: tests.test_literals -*-
"""Readers of one value as it stands in a configuration file: str -> value in seconds or bytes.

Each raises L{Unreadable} with a sentence that says what would be right and never repeats the value,
because the value may be a secret. The text comes without blanks at its ends.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kaazing.errors import suggest

Number = TypeVar("Number", int, float)

UNLIMITED = 0xFFFFFFFF  # a data rate above this, or 0, is none
DEFAULT_PORTS = {
    **dict.fromkeys(("http", "ws", "sse", "httpxe"), 80),
    **dict.fromkeys(("https", "wss", "sse+ssl", "httpxe+ssl"), 443),
}
"""Scheme of a URI -> its port where none is written."""

_MOST_SHOWN = 64  # characters of a user in a log
_INTERVAL = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) *([A-Za-z]*)")
_UNITS = {
    **dict.fromkeys(("ms", "milli", "millis", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
}
_LONG_UNITS = {
    **_UNITS,
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
    **dict.fromkeys(("y", "year", "years"), 31536000.0),
}
_SIZE = re.compile(r"([0-9]{1,15}) *(?:([kKmM])i?)?B?")
_SIZES = {"": 1, "k": 1024, "m": 1024 * 1024}
_RATE = re.compile(r"([0-9]{1,15})(B|kB|KiB|MB|MiB)/s")
_RATES = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 1000_000, "MiB": 1024 * 1024}
_SWITCH = {"enabled": True, "true": True, "disabled": False, "false": False}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_PORT = re.compile(r"[0-9]{1,5}")
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_DOTTED_QUAD = re.compile(r"[0-9.]+")
_INTERFACE = re.compile(r"@[A-Za-z0-9_.:-]{1,64}")
_URI = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)
_NOT_IN_URI = re.compile(r"[^!-~]|[\"<>\\^`{|}]")  # RFC 3986 section 2


class Unreadable(ValueError):
    """A text is not what its place asks for.

    Attributes:
        expected: what would be right; never contains the text itself.
        suggestion: "; did you mean 'x'?", or empty.
    """

    def __init__(self, expected: str, suggestion: str = "") -> None:
        super().__init__(expected + suggestion)
        self.expected, self.suggestion = expected, suggestion


def text(value: str) -> str:
    """Return text that is not empty and that UTF-8 can say: bytes of an environment may be no text."""
    if not value:
        raise Unreadable("expected some text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unreadable("expected text in UTF-8") from None
    return value


def integer(minimum: int | None = None, maximum: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers within the limits, both included."""

    def read(value: str) -> int:
        if not _INTEGER.fullmatch(value):
            raise Unreadable(f"expected a whole number{_limits(minimum, maximum)}")
        number = int(value)
        return _within(number, minimum, maximum)

    return read


def size(value: str) -> int:
    """Return bytes: C{64000}, C{128k}, C{2M}; k and M are 1024 and 1024 * 1024, a B may follow."""
    found = _SIZE.fullmatch(value)
    if not found:
        raise Unreadable(
            "expected bytes: a whole number, with k or M behind it for 1024 or 1024 x 1024 of them"
        )
    return int(found[1]) * _SIZES[(found[2] or "").lower()]


def interval(value: str) -> float:
    """Return seconds: C{30}, C{1.5 min}, C{500 ms}, C{2 hours}; no unit means seconds."""
    return _span(value, _UNITS, "ms, s, min or h")


def age(value: str) -> float:
    """Return seconds, as L{interval}, with d, w and y for longer ones."""
    return _span(value, _LONG_UNITS, "ms, s, min, h, d, w or y")


def rate(value: str) -> int:
    """Return bytes a second: C{500kB/s}; 0 for no limit, also where the text says 4 GiB/s or more."""
    found = _RATE.fullmatch(value)
    if not found:
        raise Unreadable(
            "expected a data rate: a whole number and, without a blank, B/s, kB/s, KiB/s, MB/s or MiB/s"
        )
    bytes_a_second = int(found[1]) * _RATES[found[2]]
    return 0 if bytes_a_second >= UNLIMITED else bytes_a_second


def switch(value: str) -> bool:
    """Return whether something is on: C{enabled} or C{true}, C{disabled} or C{false}, in any case."""
    word = value.lower()
    if word not in _SWITCH:
        raise Unreadable("expected enabled or disabled", suggest(word, _SWITCH))
    return _SWITCH[word]


def choice(*words: str) -> Callable[[str], str]:
    """Return a reader of one of C{words}, as they are spelt."""

    def read(value: str) -> str:
        if value not in words:
            *most, last = words
            raise Unreadable(
                f"expected {', '.join(most)}{' or ' if most else ''}{last}", suggest(value, words)
            )
        return value

    return read


def comma_list(value: str) -> tuple[str, ...]:
    """Return the parts between the commas, blanks around them left out; no part may be empty."""
    parts = tuple(part.strip() for part in value.split(","))
    if not all(parts):
        raise Unreadable("expected a list with commas in between and no empty part")
    return parts


def blank_list(value: str) -> tuple[str, ...]:
    """Return the parts between the blanks, at least one."""
    parts = tuple(value.split())
    if not parts:
        raise Unreadable("expected a list with blanks in between")
    return parts


def networks(value: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return the networks of a comma list; an address alone is a network of one."""
    try:
        return tuple(ipaddress.ip_network(part) for part in comma_list(value))
    except ValueError:
        raise Unreadable(
            "expected addresses, or networks such as 10.0.0.0/8 (0 behind the first 8 bits),"
            " with commas in between"
        ) from None


def bounded(
    read: Callable[[str], Number], minimum: Number | None = None, maximum: Number | None = None
) -> Callable[[str], Number]:
    """Return C{read} with limits in base units, both included: C{bounded(size, 1, 2**20)}."""

    units: dict[Any, str] = {size: " bytes", interval: " seconds"}
    unit = units.get(read, "")

    def within(value: str) -> Number:
        return _within(read(value), minimum, maximum, unit)

    return within


def port(value: str) -> int:
    """Return a port that can be bound or connected to, 1 to 65535."""
    if not _PORT.fullmatch(value) or not 0 < int(value) < 65536:
        raise Unreadable("expected a port from 1 to 65535")
    return int(value)


def host(value: str) -> str:
    """Return a host name (lower case), an IP address in its shortest form without brackets, or C{@eth0}.

    IPv6 addresses come with or without brackets, a zone as in RFC 6874; C{[@eth0]} is C{@eth0}.
    """
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if _INTERFACE.fullmatch(bare):
        return bare
    if ":" in bare:
        return _ipv6(bare.replace("%25", "%", 1))
    if bare != value or not _NAME.fullmatch(bare) or len(bare) > 253:
        raise Unreadable(
            "expected a host name (letters, digits, hyphens), an IP address or @ and an interface"
        )
    if _DOTTED_QUAD.fullmatch(bare):
        return _ipv4(bare)
    return bare.lower()


def bracketed(host: str) -> str:
    """Return a host as it stands in a URI: an IPv6 address in brackets (RFC 3986 section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def here(host: str) -> bool:
    """Return whether a host, as L{host} has it, is this machine and nothing else: localhost, or a loopback
    address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(user: str) -> str:
    """Return a user as logs have it: in quotes, control characters escaped, cut short; "-" for none."""
    if not user:
        return "-"
    return repr(user if len(user) <= _MOST_SHOWN else user[:_MOST_SHOWN] + "...")


def host_port(value: str) -> tuple[str, int]:
    """Return host and port of C{host:port}, C{[v6]:port}, C{@eth0:port}; C{port} is on every IPv4 address."""
    if _PORT.fullmatch(value):
        return "0.0.0.0", port(value)
    name, colon, number = value.rpartition(":")
    if not colon or (":" in name and not name.startswith(("[", "@"))):
        raise Unreadable("expected host:port, [IPv6 address]:port or a port")
    return host(name), port(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class UriParts:
    """A URI taken apart by L{uri}.

    Attributes:
        scheme: lower case.
        userinfo: what stands before the last "@" of the authority, still encoded; None for none.
        host: as by L{host}; empty where the authority is.
        port: None where none is written.
        path: as written, empty or with a leading "/".
        query: None where there is no "?".
    """

    scheme: str
    userinfo: str | None = field(default=None, repr=False)
    host: str = ""
    port: int | None = None
    path: str = ""
    query: str | None = None


def uri(value: str) -> UriParts:
    """Take C{scheme://[user:password@]host[:port][/path][?query]} apart (RFC 3986 section 3).

    C{@eth0} and C{[@eth0]} are hosts. There may be no fragment.
    """
    found = _URI.fullmatch(value)
    if not found:
        raise Unreadable("expected scheme://host:port, with a path and a query where the scheme has them")
    if _NOT_IN_URI.search(value):
        raise Unreadable("expected a URI: printable ASCII, everything else percent-encoded")
    userinfo, place = _authority(found["authority"])
    name, number = _host_and_port(place)
    return UriParts(
        scheme=found["scheme"].lower(),
        userinfo=userinfo,
        host=host(name) if name else "",
        port=None if number is None else port(number),
        path=found["path"] or "",
        query=found["query"],
    )


def _authority(written: str) -> tuple[str | None, str]:
    userinfo, at, place = written.rpartition("@")
    if not at:
        return None, written
    if userinfo in ("", "["):  # @eth0 and [@eth0]
        return None, written
    if userinfo.endswith("@["):  # user:password@[@eth0]
        return userinfo[:-2], f"[@{place}"
    if userinfo.endswith("@"):  # user:password@@eth0
        return userinfo[:-1], f"@{place}"
    return userinfo, place


def _host_and_port(place: str) -> tuple[str, str | None]:
    if place.startswith("["):
        name, bracket, rest = place.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise Unreadable("expected ] after an IPv6 address, then : and a port or nothing")
        return name + bracket, rest[1:] if rest else None
    if place.count(":") > 1:
        raise Unreadable("expected an IPv6 address to stand in brackets")
    name, colon, number = place.partition(":")
    return name, number if colon else None


def _ipv4(written: str) -> str:
    try:
        return str(ipaddress.IPv4Address(written))
    except ValueError:
        raise Unreadable("expected four numbers from 0 to 255 with dots in between") from None


def _ipv6(written: str) -> str:
    try:
        return str(ipaddress.IPv6Address(written))
    except ValueError:
        raise Unreadable("expected an IPv6 address") from None


def _span(value: str, units: dict[str, float], known: str) -> float:
    found = _INTERVAL.fullmatch(value)
    if not found or found[2].lower() not in units:
        raise Unreadable(f"expected a time: a number and {known}; no unit means seconds")
    return float(found[1]) * units[found[2].lower()]


def _within(value: Number, minimum: Number | None, maximum: Number | None, unit: str = "") -> Number:
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        raise Unreadable(f"expected a value{_limits(minimum, maximum)}{unit}")
    return value


def _limits(minimum: Any, maximum: Any) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f" of at least {minimum}"
    return "" if maximum is None else f" of at most {maximum}"
