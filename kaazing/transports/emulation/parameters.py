# -*- test-case-name: tests.transports.emulation.test_parameters -*-
"""What emulation reads of a query: the parameters that begin with C{.k}.  docs/protocols/wse.md."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from kaazing.errors import BadRequest
from kaazing.wire.heads import Head

RULE = "WSE parameters"
MOST_PADDING = 64 * 1024  # bytes
BLOCK = 4096  # bytes of padding behind each write, at most
LAST_NUMBER = 2**53 - 1  # sequence numbers end where a JavaScript number stops counting exactly

_FLUSHES = (2, 4, 8)  # times .kf
_OURS = re.compile(r"\.k(?:ac|bp?|cc?|ct|d|f|id?|kt|l|m|np?|ns|o|p|r|rn|sn|v)(?:=|\Z)")
_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)
_TYPE = re.compile(
    r"(?:text/(?:plain|event-stream)|application/octet-stream)(?:; ?charset=[A-Za-z0-9_-]{1,32})?", re.ASCII
)
_CACHING = re.compile(r"(?:(?:private|no-cache|no-store|no-transform|must-revalidate|max-age=0)(?:, ?|\Z))+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a downstream request asks for.

    Attributes:
        content_type: C{.kc}: of the response; None for that of the session's format.
        cache_control: C{.kcc}: of the response.
        most: C{.kb}: bytes after which the response ends with RECONNECT; None for no such limit.
        padding: C{.kp}: bytes that the response is to begin with, filled up with NOPs; 0 for none.
        block: C{.kbp}: bytes of NOPs behind each write, the response compressed; 0 for none.
        heartbeat: C{.kkt}: seconds of silence that the client bears; None for the session's.
        polls: C{.ki=p}: the client found a proxy that keeps responses until they are whole.
        stays: C{.kd=s}: the client cannot follow a redirect to https.
        flush: C{.kf}: seconds; NOPs follow after 2, 4 and 8 times as long; 0 for none.
        sniffed: C{.kns}: a long header field keeps Internet Explorer 7 from guessing the type.
    """

    content_type: bytes | None = None
    cache_control: bytes = b"no-cache"
    most: int | None = None
    padding: int = 0
    block: int = 0
    heartbeat: float | None = None
    polls: bool = False
    stays: bool = False
    flush: float = 0.0
    sniffed: bool = False

    def flushes(self, now: float) -> list[float]:
        """Return when something goes out once more in a response that begins now."""
        return [now + self.flush * times for times in _FLUSHES if self.flush]

    def packer(self, head: Head) -> Any:
        """Return what compresses the response to a request whose padding would cost too much otherwise;
        None for nothing."""
        if not (self.block and "gzip" in head.headers.get("accept-encoding", "")):
            return None
        return zlib.compressobj(1, zlib.DEFLATED, 16 + 9, 1)  # 16: gzip; the rest: little memory


_TRIDENT = Parameters(cache_control=b"private", padding=2048, flush=0.2)  # what Internet Explorer 11 needs


def read(head: Head) -> Parameters:
    """Return what a downstream request asks for.

    Raises:
        BadRequest: a value cannot be read, or is none that a stranger may choose.
    """
    said = dict(part.partition("=")[::2] for part in head.query.split("&") if part.startswith(".k"))
    base = _TRIDENT if "Trident/7.0" in head.headers.get("user-agent", "") else Parameters()
    return replace(
        base,
        content_type=_content_type(said[".kc"]) if ".kc" in said else None,
        cache_control=_caching(said[".kcc"]) if ".kcc" in said else base.cache_control,
        most=_number(".kb", said[".kb"]) * 1024 if ".kb" in said else None,
        padding=min(_number(".kp", said[".kp"]), MOST_PADDING) if ".kp" in said else base.padding,
        block=min(_number(".kbp", said[".kbp"]), BLOCK) if ".kbp" in said else 0,
        heartbeat=float(min(max(_number(".kkt", said[".kkt"]), 2), 3600)) if ".kkt" in said else None,
        polls=said.get(".ki") == "p",
        stays=said.get(".kd") == "s",
        flush=min(_number(".kf", said[".kf"]), 60_000) / 1000 if ".kf" in said else base.flush,
        sniffed=".kns" in said,
    )


def sequence(head: Head) -> int | None:
    """Return a request's sequence number: the field C{X-Sequence-No}, or C{.ksn}; None for none.

    Raises:
        BadRequest: it is no number up to L{LAST_NUMBER}.
    """
    value = head.headers.get("x-sequence-no")
    if value is None:
        if ".ksn=" not in head.query:
            return None
        value = next((part[5:] for part in head.query.split("&") if part.startswith(".ksn=")), None)
        if value is None:
            return None
    number = _number("sequence number", value)
    if number > LAST_NUMBER:
        raise _bad("sequence number")
    return number


def others(query: str) -> str:
    """Return a query without the parameters of emulation and enveloping, for the service."""
    if ".k" not in query:
        return query
    return "&".join(part for part in query.split("&") if not _OURS.match(part))


def repeated(query: str) -> str:
    """Return what of a query stands in the URLs of a session too: not a ticket, which is used up."""
    return "&".join(part for part in others(query).split("&") if not part.startswith(".kat="))


def _number(name: str, value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise _bad(name)
    return int(value)


def _content_type(value: str) -> bytes:
    """Never a type with scripts in it: what a session sends may come from strangers."""
    said = unquote(value)
    if not _TYPE.fullmatch(said):
        raise _bad(".kc")
    return (said if ";" in said else said + ";charset=UTF-8").encode()


def _caching(value: str) -> bytes:
    """Never one that lets a cache keep the stream."""
    said = unquote(value)
    if not _CACHING.fullmatch(said):
        raise _bad(".kcc")
    return said.encode()


def _bad(name: str) -> BadRequest:
    return BadRequest(400, f"{name} that is no good", rule=RULE)
