# -*- test-case-name: tests.transports.test_starttls -*-
"""Backends that begin in clear and are asked for TLS before a client hears of them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import ConnectError
from kaazing.interfaces.channels import IReceiver
from kaazing.transports.tcp import StreamChannel
from kaazing.transports.upgrade import encrypt
from kaazing.wire.starttls import Dialogue


def begin_tls(channel: StreamChannel, protocol: str, contexts: Any) -> Deferred[StreamChannel]:
    """Ask a backend that has just been dialled for TLS, and begin it.

    Args:
        protocol: a key of L{kaazing.wire.starttls.PROTOCOLS}.
        contexts: an IOpenSSLClientConnectionCreator.

    Returns:
        a Deferred of the channel, held, whose first bytes are the backend's greeting. It fails with why
        that will not be, the channel aborted, as it is when the Deferred is cancelled.
    """

    def secure(greeting: bytes) -> Deferred[StreamChannel]:
        return encrypt(channel, contexts).addCallback(hand_on, greeting)

    def hand_on(_: None, greeting: bytes) -> StreamChannel:
        channel.begin_with(greeting)
        return channel

    return _Asking(channel, protocol).consent.addCallback(secure)


@implementer(IReceiver)
class _Asking:
    """Hears the backend until it consents.

    Attributes:
        consent: fires with the greeting for the client, the channel held and without a receiver.
    """

    def __init__(self, channel: StreamChannel, protocol: str) -> None:
        self.consent: Deferred[bytes] = Deferred(lambda consent: self._leave())
        self._channel = channel
        self._dialogue = Dialogue(protocol, channel.transport.getHost().host)
        channel.receiver = self
        channel.resume()

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver.received}."""
        channel, dialogue = self._channel, self._dialogue
        try:
            for said in dialogue.feed(data):
                channel.send(said)
        except ConnectError as why:
            self._fail(why)
            return
        if dialogue.greeting is not None:
            channel.hold()
            channel.receiver = None
            self.consent.callback(dialogue.greeting)

    def ended(self) -> None:
        """See L{IReceiver.ended}."""
        self._fail(ConnectError("closed before TLS began"))

    def failed(self, why: Exception) -> None:
        """See L{IReceiver.failed}."""
        self._fail(why)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver.lost}."""
        self._fail(why or ConnectError("closed before TLS began"))

    def congested(self) -> None:
        """See L{IReceiver.congested}; what is said fits any buffer."""

    def drained(self) -> None:
        """See L{IReceiver.drained}."""

    def _fail(self, why: Exception) -> None:
        self._leave()
        self.consent.errback(Failure(why))

    def _leave(self) -> None:
        self._channel.receiver = None
        self._channel.abort()
