# -*- test-case-name: tests.transports.test_upgrade -*-
"""TLS put under a connection that is in use (STARTTLS)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import ConnectError
from kaazing.transports.leantls import tls_factory
from kaazing.transports.tcp import StreamChannel, hand_over


def encrypt(channel: StreamChannel, contexts: Any) -> Deferred[None]:
    """Begin TLS as its client on a channel that is held; what was sent before goes out in clear.

    Args:
        contexts: an IOpenSSLClientConnectionCreator.

    Returns:
        a Deferred that fires when the handshake is done and the server verified, the channel held
        still. It fails with why that will not be, before the channel's receiver is told that the
        channel is lost; cancelled, it aborts the channel.
    """
    return _Upgrade(channel, contexts).secured


def handshake_lost(why: Failure) -> Failure:
    """Return what ended a handshake, in words where there was only the end."""
    if why.check(ConnectionDone, ConnectionLost):
        return Failure(ConnectError("closed during the TLS handshake"))
    return why


@implementer(IHandshakeListener)
class _Upgrade(Protocol):
    """Stands between TLS and the channel until the handshake is done."""

    def __init__(self, channel: StreamChannel, contexts: Any) -> None:
        self.secured: Deferred[None] = Deferred(lambda secured: channel.abort())
        self._channel = channel
        plain = channel.transport
        plain.unregisterProducer()
        factory = tls_factory(contexts, True, None)
        tls: Any = factory.protocol(factory, self, False)  # it tells nobody of a connection made
        plain.protocol = channel.transport = tls
        tls.makeConnection(plain)
        plain.resumeProducing()

    def handshakeCompleted(self) -> None:
        """See L{IHandshakeListener}."""
        channel = self._channel
        if not channel.open:
            return
        tls = channel.transport
        hand_over(tls, channel)
        tls._unbufferPendingWrites()  # or what was written meanwhile would be overtaken
        tls.registerProducer(channel, True)
        tls.pauseProducing()
        self.secured.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{Protocol}."""
        reason = handshake_lost(reason)
        if not self.secured.called:
            self.secured.errback(reason)
        self._channel.connectionLost(reason)
