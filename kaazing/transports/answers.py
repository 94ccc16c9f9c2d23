# -*- test-case-name: tests.transports.test_answers -*-
"""Who answers what an adapter's session asks: logins, encryption of the backend, computations."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.threads import deferToThreadPool

from kaazing.interfaces.adapters import AskLogin, Compute, Link, StartTls
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import Terms
from kaazing.transports.dial import Dialler
from kaazing.transports.sessions import Sessions
from kaazing.transports.wheel import Wheel


class Answers:
    """Made once for all sessions.

    Attributes:
        sessions, wheel: of the gateway.
    """

    def __init__(self, sessions: Sessions, wheel: Wheel, dialler: Dialler, network: Any) -> None:
        """C{network}: the reactor, whose threads compute."""
        self.sessions, self.wheel = sessions, wheel
        self._dialler, self._network = dialler, network

    def answer(
        self, question: AskLogin | StartTls | Compute, back: IChannel, link: Link, terms: Terms
    ) -> Deferred[Any]:
        """Return a Deferred of what the session is to be told: of a L{Login} or L{NoLogin}, of None,
        or of what was computed.

        It fails with ConnectError where the backend cannot be encrypted; with TypeError where the
        question cannot be asked of this connection; and with whatever was raised in a computation.
        """
        return maybeDeferred(self._answer, question, back, link, terms)

    def _answer(self, question: Any, back: Any, link: Link, terms: Terms) -> Any:
        match question:
            case AskLogin():
                if not link.injects:
                    raise TypeError("an adapter's session asked for a login where there is none")
                return terms.logins.login(link, question)
            case StartTls():
                if link.encrypted:
                    raise TypeError("an adapter's session asked to encrypt what is encrypted")
                return self._dialler.encrypt(back, terms.connect, terms.options)
            case Compute(work):
                return deferToThreadPool(self._network, self._network.getThreadPool(), work)
