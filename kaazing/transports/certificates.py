# -*- test-case-name: tests.transports.test_certificates -*-
"""The certificates of one gateway: read once for all that use the same files, renewed with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.logger import Logger

from kaazing.config.model import Keystore, TlsOptions, Uri
from kaazing.transports.renewal import Renewals
from kaazing.transports.tls import ServerContexts, Shelf
from kaazing.transports.trust import ClientContexts

_log = Logger(namespace="kaazing.security")


class Certificates:
    """See the module.

    Attributes:
        clients: contexts for dialling out.
        renewals: who looks whether files have changed.
    """

    def __init__(
        self,
        keystore: Keystore | None,
        truststore: Keystore | None,
        clock: Any,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Read nothing yet; C{now} says the seconds since 1970 that certificates end by."""
        self._keystore, self._truststore = keystore, truststore
        self.renewals = Renewals(clock, now)
        self.clients = ClientContexts(self.renewals.watch)
        self._shelves: dict[TlsOptions, Shelf] = {}
        self._accepts: dict[tuple[str, int], tuple[Uri, ServerContexts]] = {}

    def contexts(self, accept: Uri, options: TlsOptions) -> ServerContexts:
        """Return what a listener shows for an accept, its own certificate or those of the keystore.

        Raises:
            ConfigError: a file does not hold what it should, or none is configured.
        """
        shelf = self._shelves.get(options)
        if shelf is None:
            shelf = self._shelves[options] = Shelf(options, self._keystore, self._truststore)
            self.renewals.watch(shelf)
        made = ServerContexts(shelf, accept.host)
        self._accepts.setdefault((accept.host, accept.port), (accept, made))
        return made

    def start(self) -> None:
        """Begin to look at the files; say which accepts have no certificate for their names."""
        for accept, contexts in self._accepts.values():
            host = accept.host
            if host.startswith("@") or isIPAddress(host) or isIPv6Address(host) or contexts.knows(host):
                continue
            _log.warn(
                "accept {accept}: no certificate is for {host!r}; that for {default} is shown",
                accept=accept.shown,
                host=host,
                default=str(contexts.default),
            )
        self._accepts.clear()
        self.renewals.start()

    def stop(self) -> None:
        """Look at no file any more."""
        self.renewals.stop()
