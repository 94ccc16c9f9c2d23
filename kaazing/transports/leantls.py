# -*- test-case-name: tests.transports.test_leantls -*-
"""TLS with less Python for each record: Twisted's own protocol, without its two exceptions a read.

Twisted asks OpenSSL for more until it refuses, and asks for something to send after every read, and
each refusal is a Python exception. Record heads are in clear (RFC 8446 section 5.1), so it can be
known when nothing more can come. Twisted's aggregation of small writes is left out too: what the
gateway writes is whole already.
"""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure

_HEAD = 5  # bytes of a record's head: type, version, length
_RECORD = 2**14  # bytes of data that a record holds at most
_MOST = 2**15  # bytes asked for at once


class LeanTls(TLSMemoryBIOProtocol):
    """See the module."""

    transport: Any
    _cut = b""  # the beginning of a record head that is not whole
    _left = 0  # bytes to come of the record that is not whole

    log = Logger()

    def explain(self, why: Failure) -> None:
        """Let the connection end with C{why} where the handshake fails now, in place of OpenSSL's words."""
        self._reason = why

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{TLSMemoryBIOProtocol}."""
        if not self._handshakeDone and not self._aborted:
            why = self._reason or reason
            self.log.debug(
                "no TLS handshake with {peer}: {why}",
                peer=self.transport.getPeer(),
                why=why.getErrorMessage(),
            )
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        """See L{TLSMemoryBIOProtocol}."""
        records = self._count(data)
        if not records or not self._handshakeDone or self._appSendBuffer:
            super().dataReceived(data)
            return
        tls: Any = self._tlsConnection
        tls.bio_write(data)
        try:
            while records and not self._lostTLSConnection:
                clear = tls.recv(_MOST)
                records -= 1
                if not self._aborted:
                    self.wrappedProtocol.dataReceived(clear)
        except SSL.Error:  # a record without data, or the end: Twisted knows which
            self._flushReceiveBIO()

    def write(self, data: bytes) -> None:
        """See L{TLSMemoryBIOProtocol}."""
        tls: Any = self._tlsConnection
        if (
            not 0 < len(data) <= _RECORD
            or self._appSendBuffer
            or self.disconnecting
            or self._lostTLSConnection
        ):
            super().write(data)
            return
        try:
            tls.send(data)
        except SSL.Error:  # the handshake is not done, or the end: Twisted knows which
            super().write(data)
        else:
            self.transport.write(tls.bio_read(_MOST))

    def _count(self, data: bytes) -> int:
        """Return how many records C{data} is, 0 where it begins or ends inside one."""
        whole = not self._left and not self._cut
        at = self._left
        if self._cut:
            data = self._cut + data
            self._cut = b""
        count, size = 0, len(data)
        while at + _HEAD <= size:
            at += _HEAD + (data[at + 3] << 8 | data[at + 4])
            count += 1
        self._left = max(at - size, 0)
        self._cut = data[at:]
        return count if whole and at == size else 0


def tls_factory(contexts: Any, is_client: bool, wrapped: Any) -> TLSMemoryBIOFactory:
    """Return a factory that puts TLS under the protocols of C{wrapped}.

    Args:
        contexts: an IOpenSSLServerConnectionCreator, or IOpenSSLClientConnectionCreator.
        is_client: which of the two.
        wrapped: the factory of what speaks inside.
    """
    made = TLSMemoryBIOFactory(contexts, is_client, wrapped)
    made.protocol = LeanTls
    made.noisy = False
    return made
