# -*- test-case-name: tests.security.test_carriers -*-
"""What a page that may set no header fields says who it is with: a subprotocol, or a ticket in the query.

docs/protocols/login.md, "What a page can send".
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field, replace
from typing import Any

from kaazing.errors import BadRequest
from kaazing.interfaces.services import Visit

AUTHENTICATED = "kaazing.authenticated"
"""A subprotocol that means nothing: for a page that offers no other, which a browser wants echoed."""
RENEWAL = "kaazing.renewal"
"""Offered by a client that understands the messages of L{kaazing.security.lifetime}."""
BEARER, BEARER64, TICKET = "kaazing.bearer.", "kaazing.bearer64.", "kaazing.ticket."
"""What subprotocols begin with that carry a token, a token in base64url, and a ticket."""

MOST_TOKEN = 8192  # characters of a token
PARAMETER = ".kat="  # of a query: a ticket follows

_RULE = "docs/protocols/login.md"
_TICKET = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_FIELDS = ("sec-websocket-protocol", "x-websocket-protocol")


@dataclass(frozen=True, slots=True)
class Load:
    """A visit, and what it carried.

    Attributes:
        visit: without what carried something.
        bearer: a token, None for none.
        ticket: None for none.
        renews: whether the client understands renewal in the open connection.
        echo: the subprotocol to echo where the service chooses none; None where the client offered none
            that may be.
    """

    visit: Visit
    bearer: str | None = field(default=None, repr=False)
    ticket: str | None = field(default=None, repr=False)
    renews: bool = False
    echo: str | None = None


def unload(visit: Visit) -> Load:
    """Take off a visit what is for the gateway alone.

    Raises:
        BadRequest: 400: two tokens, two tickets, or one that cannot be read.
    """
    carriers = [name for name in visit.subprotocols if carries(name)]
    tickets, query = _tickets(visit.query)
    if not (carriers or tickets):
        return Load(visit)
    tokens = [name[len(BEARER) :] for name in carriers if name.startswith(BEARER)]
    tokens += [_decoded(name[len(BEARER64) :]) for name in carriers if name.startswith(BEARER64)]
    tickets += [name[len(TICKET) :] for name in carriers if name.startswith(TICKET)]
    if len(tokens) > 1 or len(tickets) > 1:
        raise _bad("more than one token, or more than one ticket")
    if not all(0 < len(token) <= MOST_TOKEN for token in tokens):
        raise _bad(f"a token of no or more than {MOST_TOKEN} characters")
    if not all(map(_TICKET.fullmatch, tickets)):
        raise _bad("a ticket that is none of ours")
    return Load(
        replace(visit, query=query, **_without(visit, carriers)),
        tokens[0] if tokens else None,
        tickets[0] if tickets else None,
        RENEWAL in carriers,
        next((name for name in carriers if name in (AUTHENTICATED, RENEWAL)), None),
    )


def carries(name: str) -> bool:
    """Return whether a subprotocol is for the gateway alone."""
    return name in (AUTHENTICATED, RENEWAL) or name.startswith((BEARER, BEARER64, TICKET))


def _without(visit: Visit, carriers: list[str]) -> dict[str, Any]:
    """Return what changes of a visit without some of its subprotocols."""
    if not carriers:
        return {}
    left = tuple(name for name in visit.subprotocols if name not in carriers)
    headers = dict(visit.headers)
    for name in _FIELDS:
        if name in headers:
            headers[name] = ", ".join(left)
            if not left:
                del headers[name]
    return {"subprotocols": left, "headers": headers}


def _tickets(query: str) -> tuple[list[str], str]:
    """Return the tickets of a query, and the query without them."""
    if PARAMETER not in query:
        return [], query
    parts = query.split("&")
    tickets = [part[len(PARAMETER) :] for part in parts if part.startswith(PARAMETER)]
    return tickets, "&".join(part for part in parts if not part.startswith(PARAMETER))


def _decoded(text: str) -> str:
    """Return what base64url without padding stands for (RFC 4648 section 5), in UTF-8."""
    if len(text) > 4 * MOST_TOKEN or not _BASE64URL.fullmatch(text):
        raise _bad("a token that is no base64url")
    try:
        token = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _bad("a token that is no base64url of UTF-8") from None
    if any(character < " " or character == "\x7f" for character in token):  # as in a header field
        raise _bad("a token with control characters")
    return token


def _bad(what: str) -> BadRequest:
    return BadRequest(400, what, rule=_RULE)
