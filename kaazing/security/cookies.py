# -*- test-case-name: tests.security.test_cookies -*-
"""The session cookie: who has logged in once is known by it to all services of the realm.  RFC 6265bis.

It is sealed (see L{kaazing.security.keys}) and bound to its realm. Nothing is kept here but which sessions
were ended before their time. docs/decisions/0144-a-session-is-its-cookie.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from twisted.logger import Logger

from kaazing import metrics
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import Visit
from kaazing.literals import here, shown
from kaazing.security.keys import KeyRing, SealBroken
from kaazing.wire.addresses import split

LIFE = 8 * 3600.0  # seconds without a visit after which a session ends, where the realm says no time
LONGEST = 7 * 86400.0  # seconds after which it ends however many visits there were
MOST_BYTES = 4096  # of a cookie, name and attributes counted; what every browser takes
MOST_REVOKED = 100_000
MOST_TRIED = 4  # cookies of one name that are looked at: a neighbouring host can add some

_PURPOSE = "session"
_TIE = "session:"

_log = Logger(namespace="kaazing.security")

Field = tuple[bytes, bytes]


class Revoked:
    """The sessions that were ended before their time; one for all services.

    Where there are too many, all sessions that have begun until then end.
    """

    def __init__(self, time: Callable[[], float]) -> None:
        """C{time} says the seconds since the epoch."""
        self._time = time
        self._ends: dict[str, float] = {}
        self._all_before = 0.0

    def revoke(self, name: str, ends: float) -> None:
        """End a session, of which each cookie would have ended by itself at C{ends}."""
        now = self._time()
        if len(self._ends) >= MOST_REVOKED:
            self._ends = {each: end for each, end in self._ends.items() if end > now}
        if len(self._ends) >= MOST_REVOKED:
            metrics.LIMITED.labels("revoked-sessions").inc()
            _log.warn("more than {most} sessions were ended: all others end too", most=MOST_REVOKED)
            self._ends, self._all_before = {}, now
        self._ends[name] = ends

    def holds(self, name: str, began: float) -> bool:
        """Return whether a session was ended that began at C{began}."""
        return began <= self._all_before or name in self._ends

    def tied(self, subject: Subject) -> bool:
        """Return whether a subject is tied to a session that was ended."""
        return any(tie.removeprefix(_TIE) in self._ends for tie in subject.ties)


@dataclass(frozen=True, slots=True)
class _Session:
    """What a cookie says.

    Attributes:
        name: random.
        began, ends: seconds since the epoch; C{ends} is when the cookie is good no more.
    """

    name: str
    began: float
    ends: float
    subject: Subject = field(repr=False)


class SessionCookies:
    """The session cookies of a realm, as one service gives them."""

    def __init__(
        self,
        realm: str,
        keys: KeyRing,
        revoked: Revoked,
        time: Callable[[], float],
        *,
        timeout: float = 0.0,
        domain: str = "",
        origins: tuple[str, ...] = (),
    ) -> None:
        """
        Args:
            time: says the seconds since the epoch.
            timeout: seconds after which a login has to be proved anew; 0 for never.
            domain: whose hosts all get the cookie; empty for the host alone that gives it.
            origins: pages of other origins that may come in; "*" for all.
        """
        self._realm, self._keys, self._revoked, self._time = realm, keys, revoked, time
        self._life, self._slides = timeout or LIFE, not timeout
        self._domain = domain.lstrip(".").lower()
        self._hosts = [urlsplit(origin).hostname or "" for origin in origins if origin != "*"]
        self._name = f"kaazing-session-{sha256(realm.encode()).hexdigest()[:8]}"

    def read(self, visit: Visit) -> Subject | None:
        """Return whom a visit's cookie names, None where it has none that is good here."""
        found = self._found(visit)
        return None if found is None else found.subject

    def issue(self, subject: Subject, visit: Visit) -> tuple[Subject, Field | None]:
        """Begin a session; return who has logged in, tied to it, and the field that sets its cookie.

        There is no field, and no session, over an unencrypted connection from elsewhere, and where what is
        known of the subject is too long for a cookie; the log says so.
        """
        now, name = self._time(), secrets.token_hex(16)
        field = self._field(_Session(name, now, now, subject), visit)
        return (subject, None) if field is None else (tied(subject, name), field)

    def renewed(self, visit: Visit) -> Field | None:
        """Return the field that makes the session of a visit last longer; None while less than half of its
        time is over, and where logins have to be proved anew."""
        found = self._found(visit) if self._slides else None
        if found is None or found.ends - self._time() > self._life / 2:
            return None
        return self._field(found, visit)

    def forget(self, visit: Visit) -> tuple[Field, str]:
        """End the session of a visit; return the field that takes the cookie away, and what the session's
        connections are tied to, empty where there was no session."""
        found = self._found(visit)
        if found is not None:
            ends = self._time() + self._life if self._slides else found.ends  # of any copy, renewed since
            self._revoked.revoke(found.name, ends)
        gone = f"{self._named(visit)}=; Max-Age=0{self._attributes(visit)}"
        return (b"Set-Cookie", gone.encode()), "" if found is None else _TIE + found.name

    def hide(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return header fields without the session cookies of the realm, which nobody behind needs."""
        said = headers.get("cookie", "")
        if self._name not in said:
            return headers
        left = "; ".join(each.strip() for each in said.split(";") if self._name not in each.partition("=")[0])
        hidden = {name: value for name, value in headers.items() if name != "cookie"}
        return {**hidden, "cookie": left} if left else hidden

    def _found(self, visit: Visit) -> _Session | None:
        if not _sealed_off(visit):
            return None
        name, now = self._named(visit), self._time()
        for number, value in enumerate(_values(visit.headers.get("cookie", ""), name)):
            if number == MOST_TRIED:
                break
            try:
                session = _read(self._keys.open(_PURPOSE, value, self._realm.encode()))
            except SealBroken:
                metrics.SECURITY_EVENTS.labels("cookie-broken").inc()
                _log.warn(
                    "realm {realm}: client {peer}: a session cookie whose seal is broken",
                    realm=self._realm,
                    peer=visit.peer,
                )
                continue
            if session.ends > now and not self._revoked.holds(session.name, session.began):
                return session
        return None

    def _field(self, session: _Session, visit: Visit) -> Field | None:
        if not _sealed_off(visit):
            _log.warn(
                "realm {realm}: no session cookie goes over an unencrypted connection", realm=self._realm
            )
            return None
        now, subject = self._time(), session.subject
        ends = now + self._life
        if self._slides:
            ends = min(ends, session.began + LONGEST)
        if subject.expires is not None:
            ends = min(ends, subject.expires)
        age = int(ends - now)
        if age <= 0:
            return None
        try:
            sealed = self._keys.seal(_PURPOSE, _written(replace(session, ends=ends)), self._realm.encode())
        except (TypeError, ValueError):  # a claim that JSON has no word for
            sealed = "x" * MOST_BYTES
        value = f"{self._named(visit)}={sealed}; Max-Age={age}{self._attributes(visit)}"
        if len(value) > MOST_BYTES:
            _log.warn(
                "realm {realm}: no session cookie for user {user}: roles and claims are too much for one",
                realm=self._realm,
                user=shown(subject.user),
            )
            return None
        return b"Set-Cookie", value.encode()

    def _named(self, visit: Visit) -> str:
        """Return the cookie's name: with a prefix, no neighbour that speaks no TLS can set it."""
        if not visit.secure:
            return self._name
        return ("__Secure-" if self._domain else "__Host-") + self._name

    def _attributes(self, visit: Visit) -> str:
        domain = f"; Domain={self._domain}" if self._domain else ""
        secure = "; Secure" if visit.secure else ""
        site = "None" if visit.secure and self._elsewhere(visit) else "Lax"
        return f"; Path=/{domain}{secure}; HttpOnly; SameSite={site}"

    def _elsewhere(self, visit: Visit) -> bool:
        """Return whether pages of another site are named that may come in.

        Hosts whose last two labels are equal count as of one site. Where that is wrong, browsers send the
        cookie to fewer than they might.
        """
        here = _site(urlsplit("//" + visit.headers.get("host", "")).hostname or "")
        return any(_site(host) != here for host in self._hosts)


def tied(subject: Subject, name: str) -> Subject:
    """Return a subject whose connections are found by their session."""
    return replace(subject, ties=(*subject.ties, _TIE + name))


def _site(host: str) -> str:
    return ".".join(host.lower().rstrip(".").split(".")[-2:])


def _sealed_off(visit: Visit) -> bool:
    """Return whether nobody on the way reads what a visit carries: over TLS, or on this machine."""
    return visit.secure or here(split(visit.peer)[0])


def _values(cookies: str, name: str) -> Iterator[str]:
    for each in cookies.split(";"):
        said, _, value = each.partition("=")
        if said.strip() == name:
            yield value.strip()


def _written(session: _Session) -> bytes:
    subject = session.subject
    said = {
        "name": session.name,
        "began": session.began,
        "ends": session.ends,
        "user": subject.user,
        "roles": sorted(subject.roles),
        "claims": dict(subject.claims),
        "expires": subject.expires,
    }
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _read(plain: bytes) -> _Session:
    said: dict[str, Any] = json.loads(plain)
    subject = Subject(
        user=said["user"], roles=frozenset(said["roles"]), claims=said["claims"], expires=said["expires"]
    )
    return _Session(said["name"], said["began"], said["ends"], tied(subject, said["name"]))
