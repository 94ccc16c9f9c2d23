# -*- test-case-name: tests.adapters.xmpp.test_login -*-
"""The gateway's own login at a backend, in place of the client's.  RFC 6120 section 6."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from kaazing.interfaces.adapters import AskLogin, Compute, Login
from kaazing.wire.sasl import Conversation, Refused, choose, said_plain
from kaazing.wire.xmpp import SASL, escape

AUTH, RESPONSE, ABORT = (f"{SASL} {name}" for name in ("auth", "response", "abort"))
CHALLENGE, SUCCESS, FAILURE = (f"{SASL} {name}" for name in ("challenge", "success", "failure"))
_CONDITIONS = frozenset(
    ("account-disabled", "credentials-expired", "encryption-required", "temporary-auth-failure")
)


def failure(condition: str, text: str = "") -> bytes:
    """Return the word that a login has failed (RFC 6120 section 6.5)."""
    words = f"<text xml:lang='en'>{escape(text)}</text>" if text else ""
    return f"<failure xmlns='{SASL}'><{condition}/>{words}</failure>".encode()


def condition_of(names: Iterable[str]) -> str:
    """Return what the client is told of a backend's failure: most are the gateway's own affair."""
    for name in names:
        space, _, local = name.partition(" ")
        if space == SASL and local in _CONDITIONS:
            return local
    return "not-authorized"


def said(text: str) -> AskLogin:
    """Return what a client says of itself in PLAIN, base64; nothing where it is none."""
    try:
        return AskLogin(*said_plain(_decoded(text)))
    except Refused:
        return AskLogin()


class BackendLogin:
    """One login. Each method may raise L{Refused}, and is the last then."""

    __slots__ = ("_conversation",)

    def __init__(self, login: Login, offered: Iterable[str]) -> None:
        conversation = choose(offered, login)
        if conversation is None:
            raise Refused("the backend offers no mechanism for the gateway's login")
        self._conversation: Conversation = conversation

    def auth(self) -> bytes:
        """Return the first word (RFC 6120 section 6.4.2)."""
        first = self._conversation.first()
        text = "" if first is None else _encoded(first) or "="
        return f"<auth xmlns='{SASL}' mechanism='{self._conversation.mechanism}'>{text}</auth>".encode()

    def answer(self, text: str) -> bytes | Compute:
        """Return the response to a challenge, or what computes what L{response} wants."""
        answer = self._conversation.answer(_decoded(text))
        return answer if isinstance(answer, Compute) else self.response(answer)

    def response(self, data: bytes) -> bytes:
        """Return a response."""
        return f"<response xmlns='{SASL}'>{_encoded(data)}</response>".encode()

    def finish(self, text: str) -> None:
        """The backend says that all is well (RFC 6120 section 6.4.6)."""
        self._conversation.finish(_decoded(text) if text.strip() else None)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    if text.strip() == "=":
        return b""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("the backend says something that is not base64 (RFC 6120 section 6.4.2)") from None
