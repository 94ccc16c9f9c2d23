# -*- test-case-name: tests.transports.test_renewal -*-
"""Certificates that are renewed on disk: taken up without a restart, and watched for their last days."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from cryptography import x509
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from kaazing.errors import ConfigError
from kaazing.metrics import CERTIFICATE_EXPIRES
from kaazing.stamps import stamp
from kaazing.transports.identities import Identity, titled

EVERY = 60.0  # seconds between two looks at the files
DAY = 86400.0  # seconds between two warnings of the same certificate
SOON = 21 * DAY  # seconds before the end from which on it is warned of

_log = Logger(namespace="kaazing.security")


class Renewable(Protocol):
    """What is made of files.

    Attributes:
        files: those that count now, whether they are there or not.
        identities: the gateway's certificates in it.
        revocations: lists of revoked certificates in it.
    """

    identities: list[Identity]
    revocations: list[x509.CertificateRevocationList]

    @property
    def files(self) -> Iterable[Path]: ...

    def renew(self) -> None:
        """Read the files again; raises ConfigError, and leaves everything as it was, where that fails."""


@dataclass
class _Watched:
    what: Renewable
    seen: object  # of the files when they were last read
    warned: dict[str, float] = field(default_factory=dict)  # what was warned of -> when


class Renewals:
    """Looks at all files once a minute; what has changed is read again, for new connections.

    A file that is no good is logged once, and what was read before stays in force.
    """

    def __init__(self, clock: Any, now: Callable[[], float] = time.time) -> None:
        """C{now} says the seconds since 1970 that certificates end by."""
        self._now = now
        self._watched: list[_Watched] = []
        self._measured: set[str] = set()  # names in the metrics
        self._loop = LoopingCall(self.look)
        self._loop.clock = clock

    def watch(self, what: Renewable) -> None:
        """Look at C{what} from now on."""
        self._watched.append(_Watched(what, _stamps(what)))

    def start(self) -> None:
        """Begin to look, now and every minute; not where there is nothing to look at."""
        if self._watched and not self._loop.running:
            self._loop.start(EVERY)

    def stop(self) -> None:
        """Look no longer."""
        if self._loop.running:
            self._loop.stop()

    def look(self) -> None:
        """Take up what has changed, and say what ends soon."""
        for each in self._watched:
            seen = _stamps(each.what)
            if seen != each.seen:
                each.seen = seen
                self._renew(each.what)
            self._count_days(each)
        self._measure()

    def _renew(self, what: Renewable) -> None:
        try:
            what.renew()
        except ConfigError as why:
            _log.warn("certificates on disk are no good, those read before stay: {why}", why=str(why))
        except Exception:
            _log.failure("certificates on disk cannot be taken up, those read before stay")
        else:
            names = ", ".join(sorted(map(str, what.identities))[:10]) or "authorities"
            _log.info("read again for new connections: {names}", names=names)

    def _count_days(self, each: _Watched) -> None:
        now = self._now()
        for _, said, until in _endings(each.what):
            if until.timestamp() - now < SOON and now - each.warned.get(said, -DAY) >= DAY:
                each.warned[said] = now
                self._warn(said, until, now)
        each.warned = {said: at for said, at in each.warned.items() if now - at < DAY}

    def _measure(self) -> None:
        """Put the ends into the metrics, of several certificates of one name the first."""
        ends: dict[str, float] = {}
        for each in self._watched:
            for name, _, until in _endings(each.what):
                ends[name] = min(until.timestamp(), ends.get(name, until.timestamp()))
        for gone in self._measured - set(ends):
            CERTIFICATE_EXPIRES.remove(gone)
        for name, end in ends.items():
            CERTIFICATE_EXPIRES.labels(name).set(end)
        self._measured = set(ends)

    def _warn(self, said: str, until: datetime, now: float) -> None:
        left = until.timestamp() - now
        if left < 0:
            _log.warn("{what} has expired at {until}", what=said, until=f"{until:%Y-%m-%d %H:%M} UTC")
        else:
            days = int(left // DAY)
            _log.warn(
                "{what} expires at {until}, {left} from now",
                what=said,
                until=f"{until:%Y-%m-%d %H:%M} UTC",
                left="less than a day" if not days else f"{days} day{'s' if days > 1 else ''}",
            )


def _stamps(what: Renewable) -> object:
    """Return what changes when a file does; a file that cannot be seen counts as one that is not there."""
    return [(file, stamp(file)) for file in dict.fromkeys(what.files)]


def _endings(what: Renewable) -> Iterator[tuple[str, str, datetime]]:
    """Yield a name for metrics, a name for people, and when it ends."""
    for identity in what.identities:
        until = identity.certificate.not_valid_after_utc
        yield titled(identity.certificate), f"the certificate for {identity}", until
    for revocation in what.revocations:
        if revocation.next_update_utc is not None:
            issuer = revocation.issuer.rfc4514_string()
            yield issuer, f"the list of revoked certificates of {issuer}", revocation.next_update_utc
