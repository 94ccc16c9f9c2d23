# -*- test-case-name: tests.adapters.xmpp.test_permits -*-
"""What a policy lets a client say: stanzas by whom they are for, and what is in them by its namespace."""

from __future__ import annotations

import stringprep
import unicodedata
from typing import Any

from kaazing.wire.xmpp import CLIENT, IQ, MESSAGE, PRESENCE, Seen, stanza_error

OWN = "@"
"""The name of a stanza without an address: it is for the client's own account, or for all who follow it
(RFC 6120 section 10.3). No JID is like it."""

STANZAS = {MESSAGE: "message", PRESENCE: "presence", IQ: "iq"}
_OPENING = frozenset(("urn:ietf:params:xml:ns:xmpp-bind bind", "urn:ietf:params:xml:ns:xmpp-session session"))
_DOTS = str.maketrans({"\u3002": ".", "\uff61": "."})  # what servers take for dots in domains
_ANSWERED = {
    MESSAGE: lambda type: type != "error",
    PRESENCE: lambda type: type in (None, "subscribe"),
    IQ: lambda type: type in ("get", "set"),
}


def folded(jid: str) -> str:
    """Return a bare JID, or a pattern for some, such that those that servers take for one are equal:
    case and width folded, what is mapped to nothing left out (RFC 3491, RFC 3920 appendix A)."""
    if jid.isascii():
        return jid.lower().rstrip(".")
    kept = (each for each in jid.translate(_DOTS) if not stringprep.in_table_b1(each))
    return unicodedata.normalize("NFKC", "".join(map(stringprep.map_table_b2, kept))).lower().rstrip(".")


def same(namespace: str) -> str:
    """Return a namespace; letters are as they are."""
    return namespace


class Permits:
    """A policy, asked of stanzas.

    Attributes:
        watch: the stanzas that have to be looked at, by expanded name; none where all may pass.
    """

    __slots__ = ("_policy", "_spaces", "watch")

    def __init__(self, policy: Any) -> None:
        """C{policy} is an L{IPolicy}, or None where all is allowed."""
        self._policy = policy
        self._spaces = policy is not None and policy.restricts("namespace")
        self.watch = frozenset(
            name
            for name, operation in STANZAS.items()
            if policy is not None and (self._spaces or policy.restricts(operation))
        )

    def allows(self, stanza: Seen) -> bool:
        """Return whether a watched stanza may pass."""
        address = stanza.get("to")
        alone = stanza.name == IQ and address is None and len(stanza.children) == 1
        if alone and stanza.children[0] in _OPENING:
            return True  # without it there is no session (RFC 6120 section 7)
        name = address.partition("/")[0] if address else OWN
        if not self._policy.allows(STANZAS[stanza.name], name):
            return False
        if not self._spaces:
            return True
        spaces = {child.partition(" ")[0] if " " in child else "" for child in stanza.children}
        return all(self._policy.allows("namespace", space) for space in spaces - {CLIENT})


def refusal(stanza: Seen) -> bytes | None:
    """Return what the client hears of a stanza that may not pass, None where stanzas of that kind have
    no answer (RFC 6120 section 8.3.1)."""
    if not _ANSWERED[stanza.name](stanza.get("type")):
        return None
    return stanza_error(stanza, "auth", "forbidden", "the policy of the gateway does not allow it")
