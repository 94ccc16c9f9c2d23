# -*- test-case-name: tests.adapters.amqp.test_nine_login -*-
"""The login of AMQP 0-9-1 with a mechanism that the backend offers: SASL's, and AMQPLAIN."""

from __future__ import annotations

import re

from kaazing.interfaces.adapters import AskLogin, Compute, Login
from kaazing.wire.amqp import string_field
from kaazing.wire.sasl import Conversation, Refused, choose, said_plain

_FIELD = re.compile(rb"(?:\x05(?=LOGIN)|\x08(?=PASSWORD))(LOGIN|PASSWORD)S(.{4})", re.DOTALL)


class AmqPlain:
    """Username and password in a field table without its length, as RabbitMQ and its clients have it."""

    mechanism = "AMQPLAIN"

    def __init__(self, login: Login) -> None:
        self._login = login

    def first(self) -> bytes:
        """See L{Conversation.first}."""
        return string_field("LOGIN", self._login.username) + string_field("PASSWORD", self._login.password)

    def answer(self, challenge: bytes) -> bytes | Compute:
        """See L{Conversation.answer}; there is nothing more to say."""
        raise Refused("the server goes on after AMQPLAIN is complete")

    def finish(self, data: bytes | None) -> None:
        """See L{Conversation.finish}; the server proves nothing here."""


def said(mechanism: str, response: bytes) -> AskLogin:
    """Return what a client has said of itself in PLAIN or AMQPLAIN; nothing where that is none."""
    if mechanism == "PLAIN":
        return AskLogin(*said_plain(response))
    texts: dict[str, str] = {}
    at = 0
    while mechanism == AmqPlain.mechanism and (field := _FIELD.match(response, at)):
        end = field.end() + int.from_bytes(field[2], "big")
        texts[field[1].decode()] = response[field.end() : end].decode("utf-8", "replace")
        at = end
    return AskLogin(texts.get("LOGIN", ""), texts.get("PASSWORD", ""))


def begun(mechanisms: bytes, login: Login) -> Conversation:
    """Return the login with the mechanism that C{login} names, else with the best that is offered.

    Args:
        mechanisms: as connection.start has them, with blanks in between.
        login: who the gateway is.

    Raises:
        Refused: there is no mechanism that both know, or it cannot carry this login.
    """
    offered = mechanisms.decode("ascii", "replace").split()
    conversation = choose(offered, login)
    if conversation is not None:
        return conversation
    wanted = (login.mechanism or "AMQPLAIN").upper()
    if wanted == AmqPlain.mechanism and wanted in offered and login.username:
        return AmqPlain(login)
    raise Refused("the backend offers no mechanism that the gateway can log in with")
