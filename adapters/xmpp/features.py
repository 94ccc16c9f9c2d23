# -*- test-case-name: tests.adapters.xmpp.test_features -*-
"""What a backend offers, and what of it a client is shown.  RFC 6120 section 4.3.2."""

from __future__ import annotations

from kaazing.wire.xmpp import SASL, SASL2, TLS
from kaazing.wire.xmpp_tree import Node

STARTTLS = f"{TLS} starttls"
MECHANISMS = f"{SASL} mechanisms"
REGISTER = "http://jabber.org/features/iq-register register"
COMPRESSION = "http://jabber.org/features/compress compression"
MANAGEMENT = tuple(f"urn:xmpp:sm:{version} sm" for version in (2, 3))
LEGACY = "http://jabber.org/features/iq-auth auth"
BINDING = "urn:xmpp:sasl-cb:0 sasl-channel-binding"

_HIDDEN = frozenset((STARTTLS, COMPRESSION, LEGACY, BINDING))
"""Never shown: encryption is the gateway's own (RFC 7395 section 3.9); compressed bytes could not be
checked; what is older than SASL is not checked; channel binding would bind to the wrong channel."""
_WAYS_IN = frozenset((f"{SASL2} authentication", REGISTER))
"""Not shown where the gateway logs in, and not under a policy either: the one may begin to count stanzas
(XEP-0388 section 2.4), the other is a stanza that nobody would be asked about."""
OFFERED = ("PLAIN", "ANONYMOUS")
"""Mechanisms that a client is shown where the gateway logs in: whatever it says in them is good."""


def mechanisms(features: Node) -> list[str]:
    """Return the SASL mechanisms of a backend (RFC 6120 section 6.3.3)."""
    found = features.child(MECHANISMS)
    return [child.text.strip() for child in found.children] if found else []


def shown(wire: bytes, features: Node, *, injecting: bool, guarded: bool) -> bytes:
    """Return features as the client gets them.

    Args:
        wire: their bytes.
        features: their tree.
        injecting: whether the gateway is going to log in for the client.
        guarded: whether a policy may keep stanzas back, so that nobody may count them (XEP-0198).
    """
    parts: list[bytes] = []
    at = 0
    for child in features.children:
        fresh = _fresh(wire, child, injecting, guarded)
        if fresh is not None:
            parts += (wire[at : child.start], fresh)
            at = child.end
    return b"".join((*parts, wire[at:]))


def _fresh(wire: bytes, child: Node, injecting: bool, guarded: bool) -> bytes | None:
    """Return what stands in place of a feature, None for itself."""
    if child.name in _HIDDEN or ((injecting or guarded) and child.name in _WAYS_IN):
        return b""
    if guarded and child.name in MANAGEMENT:
        return b""
    if child.name != MECHANISMS:
        return None
    if injecting:
        return _mechanisms(OFFERED)
    names = [each.text.strip() for each in child.children]
    kept = [name for name in names if not name.endswith("-PLUS")]  # they bind to the channel
    return None if kept == names else _mechanisms(kept)


def _mechanisms(names: tuple[str, ...] | list[str]) -> bytes:
    each = "".join(
        f"<mechanism>{name}</mechanism>" for name in names if name.replace("-", "_").isidentifier()
    )
    return f"<mechanisms xmlns='{SASL}'>{each}</mechanisms>".encode()
