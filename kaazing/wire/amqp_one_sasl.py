# -*- test-case-name: tests.wire.test_amqp_one_sasl -*-
"""The SASL layer of AMQP 1.0: its frames, whose turn it is, and the gateway's own login at a backend.

AMQP 1.0 section 5.3.
"""

from __future__ import annotations

from collections.abc import Iterable

from kaazing.errors import GatewayError
from kaazing.interfaces.adapters import AskLogin, Compute, Login
from kaazing.wire import sasl
from kaazing.wire.amqp_one import SASL_TYPE, Performative, frame
from kaazing.wire.amqp_one_tables import INIT, MECHANISMS, OUTCOME, RESPONSE
from kaazing.wire.amqp_one_types import NULL, Malformed, binary, described, symbol, symbol_array, ubyte

OK, AUTH, SYS, SYS_PERM, SYS_TEMP = range(5)
"""Codes of sasl-outcome (section 5.3.3.6)."""


def mechanisms(names: Iterable[str]) -> bytes:
    """Return the sasl-mechanisms of a server that has these."""
    return frame(described(MECHANISMS, (symbol_array(names),)), kind=SASL_TYPE)


def init(mechanism: str, response: bytes | None) -> bytes:
    """Return the sasl-init of a client."""
    first = NULL if response is None else binary(response)
    return frame(described(INIT, (symbol(mechanism), first)), kind=SASL_TYPE)


def response(answer: bytes) -> bytes:
    """Return a sasl-response."""
    return frame(described(RESPONSE, (binary(answer),)), kind=SASL_TYPE)


def outcome(code: int) -> bytes:
    """Return a sasl-outcome."""
    return frame(described(OUTCOME, (ubyte(code),)), kind=SASL_TYPE)


class Denied(GatewayError):
    """The backend takes no login of ours.

    Attributes:
        code: of sasl-outcome.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Turns:
    """One SASL layer: who may say what next (section 5.3.2).

    Attributes:
        offered: whether the server has sent sasl-mechanisms.
        begun: whether the client has sent sasl-init.
        code: that of sasl-outcome, None until it has come.
    """

    __slots__ = ("_challenged", "begun", "code", "offered")

    def __init__(self) -> None:
        self._challenged = self.offered = self.begun = False
        self.code: int | None = None

    @property
    def awaits_outcome(self) -> bool:
        """Whether sasl-outcome may come."""
        return self.begun and self.offered and self.code is None

    def answered(self) -> None:
        """The client has answered the challenge."""
        self._challenged = False

    def admit(self, what: Performative, client: bool) -> None:
        """Take note of what the client or the server says; C{sasl-init} may come before its answer.

        Raises:
            Malformed: it may not come now.
        """
        match what.name, client:
            case "sasl-mechanisms", False if not self.offered:
                self.offered = True
            case "sasl-init", True if not self.begun:
                self.begun = True
            case "sasl-challenge", False if self.begun and self.offered and not self._challenged:
                self._challenged = True
            case "sasl-response", True if self._challenged:
                self._challenged = False
            case "sasl-outcome", False if self.awaits_outcome:
                self.code = what.number("code", 0)
            case name, _:
                raise Malformed(f"{name} out of turn", 0, "section 5.3.2", "amqp:not-allowed")


class Proof:
    """The gateway's login at a backend.

    Attributes:
        turns: what has been said.
    """

    def __init__(self, login: Login) -> None:
        """Begin; the server speaks first."""
        self.turns = Turns()
        self._login = login
        self._conversation: sasl.Conversation | None = None

    def hear(self, what: Performative) -> bytes | Compute | None:
        """Return the frame that answers, or what computes a response; None when the login is good.

        Raises:
            Malformed: it may not come now.
            Denied: the server refuses the login.
            sasl.Refused: there can be no login, or the server does not prove itself.
        """
        self.turns.admit(what, client=False)
        if what.name == "sasl-mechanisms":
            return self._first(what)
        if self._conversation is None:  # Turns lets nothing come before the mechanisms
            raise sasl.Refused("the server goes on before it has told its mechanisms")
        if what.name == "sasl-challenge":
            answer = self._conversation.answer(_bytes(what.get("challenge")) or b"")
            return answer if isinstance(answer, Compute) else self.respond(answer)
        if self.turns.code:
            raise Denied(self.turns.code, "the backend refuses the gateway's own login")
        self._conversation.finish(_bytes(what.get("additional-data")))
        return None

    def respond(self, answer: bytes) -> bytes:
        """Return the frame of a response."""
        self.turns.answered()
        return response(answer)

    def _first(self, what: Performative) -> bytes:
        self._conversation = sasl.choose(what.names("sasl-server-mechanisms"), self._login)
        if self._conversation is None:
            raise Denied(SYS_PERM, "the backend has no mechanism that can be used")
        self.turns.begun = True
        return init(self._conversation.mechanism, self._conversation.first())


def said(init: Performative) -> AskLogin:
    """Return what a client says of itself in sasl-init; nothing where it is not PLAIN."""
    if init.get("mechanism") != "PLAIN":
        return AskLogin()
    return AskLogin(*sasl.said_plain(_bytes(init.get("initial-response")) or b""))


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
