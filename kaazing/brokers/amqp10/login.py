# -*- test-case-name: tests.brokers.amqp10.test_login -*-
"""The login that comes before proton, whose own does EXTERNAL under its own TLS only, and no SCRAM.

AMQP 1.0 section 5.3. Without a reactor: what takes long is handed out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from kaazing.errors import BrokerLost, BrokerRefused, GatewayError
from kaazing.interfaces.adapters import Compute, Login
from kaazing.wire import sasl
from kaazing.wire.amqp_one import SASL_HEADER, SASL_TYPE, Frames, Performative, parse
from kaazing.wire.amqp_one_sasl import AUTH, OK, SYS, SYS_PERM, Denied, Proof, Turns, init
from kaazing.wire.amqp_one_types import Checker, Malformed

MAX_FRAME = 8192
"""Bytes of a frame of the SASL layer."""

MOST = 65536
"""Bytes that a broker may say before it has let us in."""


class _Anonymous:
    """Nobody in particular (RFC 4505)."""

    def __init__(self) -> None:
        self._turns = Turns()

    def hear(self, what: Performative) -> bytes | Compute | None:
        """See L{Proof.hear}."""
        self._turns.admit(what, client=False)
        if what.name == "sasl-mechanisms":
            if "ANONYMOUS" not in what.names("sasl-server-mechanisms"):
                raise Denied(SYS_PERM, "nobody is let in without a login")
            self._turns.begun = True
            return init("ANONYMOUS", b"")
        if self._turns.code != OK:
            raise Denied(self._turns.code or SYS, "nobody is let in without a login")
        return None


class Entrance:
    """Says who we are, until the broker lets us in."""

    def __init__(
        self,
        login: Login | None,
        *,
        send: Callable[[bytes], None],
        compute: Callable[[Callable[[], Any]], Deferred[Any]],
        entered: Callable[[bytes], None],
        refused: Callable[[GatewayError], None],
    ) -> None:
        """Args:
        login: None for ANONYMOUS.
        compute: does what takes long in another thread.
        entered: called when the broker has let us in, with what it has said after that.
        refused: called when there is no way in.
        """
        self._send, self._compute = send, compute
        self._entered, self._refused = entered, refused
        self._proof: Proof | _Anonymous = _Anonymous() if login is None else Proof(login)
        self._frames, self._checker = Frames(MAX_FRAME), Checker()
        self._said = bytearray()
        self._greeted = self._waits = self._over = False
        send(SASL_HEADER)

    def received(self, data: bytes) -> None:
        """Take what the broker says, any cut."""
        self._said += data
        self._frames.feed(data)
        self._go_on()

    def leave(self) -> None:
        """The connection is gone: what is still computed is for nobody."""
        self._over = True

    def _go_on(self) -> None:
        try:
            while not self._waits and not self._over and (frame := self._frames.take()) is not None:
                self._take(frame)
        except Denied as why:
            refuses = why.code in (OK, AUTH, SYS_PERM)
            self._refuse(refuses, " refuses the login" if why.code == AUTH else f": {why}")
        except sasl.Refused as why:
            self._refuse(True, f": {why}")
        except Malformed as why:
            self._refuse(False, f" speaks no SASL of AMQP 1.0: {why.what} ({why.rule})")
        if len(self._said) > MOST:
            self._refuse(False, " says too much before it lets us in")

    def _refuse(self, for_good: bool, why: str) -> None:
        if not self._over:
            self._over = True
            self._refused((BrokerRefused if for_good else BrokerLost)(f"the broker{why}"))

    def _take(self, frame: bytes) -> None:
        if not self._greeted:
            if frame != SASL_HEADER:
                raise sasl.Refused("it does not do SASL of AMQP 1.0")
            self._greeted = True
            return
        what = parse(frame, self._checker, SASL_TYPE)
        if what is None:
            raise Malformed("a frame without body", 0, "section 5.3.1")
        answer = self._proof.hear(what)
        if answer is None:
            self._over = True
            self._entered(bytes(self._said[self._frames.offset + len(frame) :]))
        elif isinstance(answer, Compute):
            self._waits = True
            self._compute(answer.work).addCallbacks(self._computed, self._failed)
        else:
            self._send(answer)

    def _computed(self, made: bytes) -> None:
        self._waits = False
        if not self._over and isinstance(self._proof, Proof):
            self._send(self._proof.respond(made))
            self._go_on()

    def _failed(self, why: Any) -> None:
        self._refuse(True, " gets no proof of the password: none can be made")
