# -*- test-case-name: tests.transports.emulation.test_upstream -*-
"""A request whose body carries what a client sends.  docs/protocols/wse.md, Upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import implementer

from kaazing.errors import FrameViolation, Side
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.wire.wse import CLOSE_CODES, WseDecoder
from kaazing.wire.wse_text import EncodingFault

if TYPE_CHECKING:
    from kaazing.transports.emulation.session import EmulatedChannel

_PING, _PONG, _RECONNECT, _CLOSE = 9, 10, 16, 17  # as L{WseDecoder.feed} has them


def broken(what: str, rule: str, offset: int) -> FrameViolation:
    """Return the error of a client that breaks a rule of emulation."""
    return FrameViolation(
        what, side=Side.FRONT, offset=offset, rule=rule, close_code=CLOSE_CODES.get(rule, 1002)
    )


@implementer(ITaker)
class Upstream:
    """See the module.

    Attributes:
        exchange: the request.
    """

    __slots__ = ("_channel", "_codings", "_left", "exchange")

    def __init__(self, channel: EmulatedChannel, exchange: IExchange) -> None:
        self._channel, self.exchange = channel, exchange
        self._codings = channel.format.decoders(exchange.head)
        self._left = False  # RECONNECT came
        exchange.patient = True
        exchange.taker = self

    def body(self, data: bytes) -> None:
        """See L{ITaker}."""
        why: FrameViolation | None = None
        for coding in self._codings:
            try:
                data = coding.feed(data)
            except EncodingFault as fault:
                data = fault.before
                why = why or broken(fault.what, fault.rule, self._channel.taken)
        decoder = self._channel.decoder
        if decoder is not None:
            self._take(decoder, data)
            if decoder.fault is not None:
                offset, what, rule = decoder.fault
                why = broken(what, rule, offset)
        if why is not None:
            self._fail(why)

    def body_ended(self) -> None:
        """See L{ITaker}."""
        if not self.exchange.open:
            return
        why = self._end()
        if why is not None:
            self._fail(why)
            return
        self._channel.upstream_done(self)
        self.exchange.answer(200, ())

    def congested(self) -> None:
        """See L{ITaker}; nothing is written before the end."""

    def drained(self) -> None:
        """See L{ITaker}."""

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}."""
        self._channel.cut_off(self)

    def _take(self, decoder: WseDecoder, data: bytes) -> None:
        channel = self._channel
        channel.hear(len(data))
        for kind, payload in decoder.feed(data):
            if kind < _PING:
                channel.received(payload, kind)
            elif kind == _RECONNECT:
                self._left = True
            elif kind == _CLOSE:
                channel.client_closed()
            elif kind == _PING:
                channel.pinged()
            else:
                channel.ponged()

    def _end(self) -> FrameViolation | None:
        """Return what is wrong with a body that ends here."""
        decoder = self._channel.decoder
        try:
            for coding in self._codings:
                coding.end()
        except EncodingFault as fault:
            return broken(fault.what, fault.rule, self._channel.taken)
        if decoder is None or not self._left:
            if decoder is not None:
                decoder.end()
                if decoder.fault is not None:
                    offset, what, rule = decoder.fault
                    return broken(what, rule, offset)
            return broken("request that does not end with RECONNECT", "WSE upstream", self._channel.taken)
        decoder.begin()
        return None

    def _fail(self, why: FrameViolation) -> None:
        self._channel.upstream_done(self)
        self.exchange.answer(400, ())
        self._channel.fail(why)
