# -*- test-case-name: tests.security.test_throttle -*-
"""How long who guesses passwords has to wait: by address, by user, and by both (decision 0133)."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from kaazing.wire.addresses import place

FORGET = 3600.0  # seconds after the last failure at which all of them are forgotten
KNOWN = 30 * 86400.0  # seconds for which a user is known at an address
SIZE = 16384  # entries of each table; some 20 MB for all of them when full


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What is borne with.

    Attributes:
        free: failures that cost nothing.
        most: longest wait, seconds; it doubles from 1 with each failure beyond C{free}.
    """

    free: int
    most: float

    def wait(self, failures: int) -> float:
        """Return the seconds to wait after that many failures."""
        beyond = failures - self.free
        return 0.0 if beyond < 0 else min(self.most, 2.0 ** min(beyond, 30))


PAIR = Patience(free=5, most=900.0)
"""With one user from one network."""
NETWORK = Patience(free=20, most=900.0)
"""From one network, whoever the user: an office behind one address has many who mistype."""
USER = Patience(free=10, most=60.0)
"""With one user, from anywhere: short, because it is the user's own wait too, at an address that is new."""

PENDING = 20
"""Attempts with one user from one network, where he is not known, that may be looked at side by side: a page
of pictures is let in, and a burst of guesses is not many."""

_Key = tuple[str | bytes, ...]
"""A network, a user, or both."""


class Throttle:
    """Failed logins, counted.

    An address counts as its network: of IPv6 the /64, which one client has as a whole. A user is known at
    a network where a login succeeded; there only what failed with that user counts, so that neither
    neighbours nor guesses from elsewhere lock somebody out of where he works. A success takes back what
    failed with that user from that network, and nothing else: an account of one's own buys no guesses.
    """

    def __init__(self, time: Callable[[], float], size: int = SIZE) -> None:
        """Args:
        time: says seconds, from wherever.
        size: entries of each table, at least 2.
        """
        self._time, self._size = time, size
        self._pairs, self._networks, self._users = (_Table(each, size) for each in (PAIR, NETWORK, USER))
        self._known: OrderedDict[_Key, float] = OrderedDict()
        self._pending: Counter[_Key] = Counter()
        self._secret = os.urandom(16)

    def __len__(self) -> int:
        """Return how many entries there are, at most four times the size."""
        return len(self._pairs) + len(self._networks) + len(self._users) + len(self._known)

    def of(self, realm: str) -> RealmThrottle:
        """Return what counts the users of one realm; addresses are the same in all."""
        return RealmThrottle(self, realm)

    def wait(self, address: str, user: str) -> float:
        """Return the seconds until the next attempt is looked at; 0.0 for at once.

        Behind free failures 0.0 is said to one attempt, and the wait begins anew at that moment: a thousand
        that come together are not a thousand guesses.

        Args:
            address: of the client, without the port.
            user: as said by the client; empty where nobody is named, as by a token.
        """
        if self._pending and user and self._crowded(self._pair(address, user)):
            return 1.0
        if not (self._pairs or self._networks or self._users):  # nobody has failed, as on most days
            return 0.0
        now, asked = self._time(), self._asked(address, user)
        longest = max(table.wait(key, now) for table, key in asked)
        if not longest:
            for table, key in asked:
                table.begin(key, now)
        return longest

    def pending(self, address: str, user: str) -> None:
        """An attempt with a user is being looked at, until it is L{settled}."""
        self._pending[self._pair(address, user)] += 1

    def settled(self, address: str, user: str) -> None:
        """It is known what became of an attempt that was L{pending}."""
        key = self._pair(address, user)
        self._pending[key] -= 1
        if not self._pending[key]:
            del self._pending[key]

    def failed(self, address: str, user: str) -> None:
        """Count an attempt that was wrong."""
        now = self._time()
        for table, key in self._asked(address, user):
            table.fail(key, now)

    def succeeded(self, address: str, user: str) -> None:
        """Take back what failed with this user from this address, and know him there."""
        if not user:
            return
        pair = self._pair(address, user)
        mistyped = self._pairs.failures(pair, self._time())
        for table, key in self._asked(address, user):
            table.forgive(key, mistyped)
        self._known[pair] = self._time()
        self._known.move_to_end(pair)
        if len(self._known) > self._size:
            self._known.popitem(last=False)

    def _asked(self, address: str, user: str) -> list[tuple[_Table, _Key]]:
        """Return what counts, and by which key."""
        network, name = self._keys(address, user)
        if not user:
            return [(self._networks, network)]
        if self._time() - self._known.get(network + name, -KNOWN) < KNOWN:
            return [(self._pairs, network + name)]
        return [(self._pairs, network + name), (self._networks, network), (self._users, name)]

    def _crowded(self, pair: _Key) -> bool:
        return self._pending[pair] >= PENDING and self._time() - self._known.get(pair, -KNOWN) >= KNOWN

    def _pair(self, address: str, user: str) -> _Key:
        network, name = self._keys(address, user)
        return network + name

    def _keys(self, address: str, user: str) -> tuple[_Key, _Key]:
        """Return network and user; a directory finds one user by many spellings, so they count as one.

        A digest, because a name may have the length of a request's head, and may be a mistyped password.
        """
        spelt = " ".join(unicodedata.normalize("NFKC", user).casefold().split())
        digest = hashlib.blake2b(spelt.encode("utf-8", "surrogatepass"), digest_size=16, key=self._secret)
        return (place(address),), (digest.digest(),)


class RealmThrottle:
    """Failed logins of a realm: who may make himself an account called admin in one is not admin in another.

    The methods are those of L{Throttle}.
    """

    def __init__(self, throttle: Throttle, realm: str) -> None:
        self._throttle, self._realm = throttle, realm

    def wait(self, address: str, user: str) -> float:
        return self._throttle.wait(address, self._named(user))

    def pending(self, address: str, user: str) -> None:
        self._throttle.pending(address, self._named(user))

    def settled(self, address: str, user: str) -> None:
        self._throttle.settled(address, self._named(user))

    def failed(self, address: str, user: str) -> None:
        self._throttle.failed(address, self._named(user))

    def succeeded(self, address: str, user: str) -> None:
        self._throttle.succeeded(address, self._named(user))

    def _named(self, user: str) -> str:
        return f"{user}@{self._realm}" if user else ""


@dataclass(slots=True)
class _Count:
    failures: int
    last: float  # when the last of them was
    until: float  # when the next attempt is looked at


class _Table:
    """Failures by key, bounded.

    Keys that wait stand apart from those that do not yet: who wants one of them forgotten has to make
    half a table of others wait, not only say half a table of names.
    """

    def __init__(self, patience: Patience, size: int) -> None:
        self._patience, self._half = patience, size // 2
        self._free: OrderedDict[_Key, _Count] = OrderedDict()  # the oldest first
        self._waiting: OrderedDict[_Key, _Count] = OrderedDict()

    def __len__(self) -> int:
        return len(self._free) + len(self._waiting)

    def wait(self, key: _Key, now: float) -> float:
        count = self._waiting.get(key)
        return 0.0 if count is None else max(0.0, count.until - now)

    def begin(self, key: _Key, now: float) -> None:
        count = self._waiting.get(key)
        if count is None:
            return
        if now - count.last >= FORGET:
            del self._waiting[key]
        else:
            count.until = now + self._patience.wait(count.failures)

    def fail(self, key: _Key, now: float) -> None:
        count = self._pop(key)
        if count is None or now - count.last >= FORGET:
            count = _Count(0, now, now)
        count.failures, count.last = count.failures + 1, now
        self._put(key, count, now + self._patience.wait(count.failures))

    def failures(self, key: _Key, now: float) -> int:
        count = self._waiting.get(key) or self._free.get(key)
        return 0 if count is None or now - count.last >= FORGET else count.failures

    def forgive(self, key: _Key, failures: int) -> None:
        """Take that many back, and with any the wait."""
        count = self._pop(key) if failures else None
        if count is not None and count.failures > failures:
            count.failures -= failures
            self._put(key, count, count.last)

    def _pop(self, key: _Key) -> _Count | None:
        return self._waiting.pop(key, None) or self._free.pop(key, None)

    def _put(self, key: _Key, count: _Count, until: float) -> None:
        table = self._waiting if self._patience.wait(count.failures) else self._free
        count.until = until
        table[key] = count
        if len(table) > self._half:
            table.popitem(last=False)
