# -*- test-case-name: tests.security.stores.test_callback -*-
"""The store C{callback}: an HTTP endpoint says which login a client has."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from kaazing.errors import LoginUnavailable
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, IStoreType, Subject, Workplace
from kaazing.literals import bounded, interval
from kaazing.options import Option
from kaazing.security.endpoints import OPTIONS, Answer, Endpoint
from kaazing.security.stores.entries import Entry

_MOST_KEPT = 10_000  # answers


@implementer(IStoreType)
class CallbackStoreType:
    """See L{IStoreType}."""

    name = "callback"
    doc = (
        "POSTs service, user, roles and claims as JSON to a URL, which answers 200 with username, password"
        " and mechanism, or 404 where it has no login; any other answer is a failure: no store is asked then."
    )
    options = (
        *OPTIONS,
        Option(
            name="maximum-age",
            read=bounded(interval, 0.0, 3600.0),
            default=300.0,
            doc="Longest time that an answer is kept, whatever the max-age of its Cache-Control says, without"
            " which it is not kept; an hour at most, 0 for not at all.",
        ),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IStoreType}."""
        return ()

    def store(self, options: Mapping[str, Any], workplace: Workplace, keys: Any) -> IStore:
        """See L{IStoreType}."""
        return Callback(Endpoint(options, workplace), options["maximum-age"], workplace.time)


@implementer(IStore)
class Callback:
    """Asks, and keeps the answers for as long as they may be kept."""

    def __init__(self, endpoint: Endpoint, longest: float, time: Callable[[], float]) -> None:
        """C{longest}: seconds that an answer is kept at most."""
        self._endpoint, self._longest, self._time = endpoint, longest, time
        self._kept: OrderedDict[bytes, tuple[float, Login | None]] = OrderedDict()
        """Digest of a question, which may be long -> until when, and what."""

    def find(self, service: str, subject: Subject) -> Deferred[Login | None]:
        """See L{IStore}; fails with LoginUnavailable."""
        question = _question(service, subject)
        place = sha256(question).digest()
        until, login = self._kept.get(place, (0.0, None))
        if self._time() < until:
            return succeed(login)
        return self._endpoint.ask(question).addCallback(self._keep, place)

    def _keep(self, answer: Answer, place: bytes) -> Login | None:
        login, age = _login(answer), min(answer.age, self._longest)
        self._kept.pop(place, None)
        if age > 0:
            self._kept[place] = self._time() + age, login
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return login


def _question(service: str, subject: Subject) -> bytes:
    said = {"service": service, "user": subject.user, "roles": sorted(subject.roles)}
    claims = {name: value for name, value in subject.claims.items() if _plain(value)}
    return json.dumps({**said, "claims": claims}, sort_keys=True).encode()


def _plain(value: Any) -> bool:
    """Return whether a claim is something JSON has; what else a login module gives is not told."""
    if isinstance(value, list | tuple):
        return all(map(_plain, value))
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _plain(each) for name, each in value.items())
    return value is None or isinstance(value, str | int | float | bool)


def _login(answer: Answer) -> Login | None:
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise LoginUnavailable(f"the callback answers with status {answer.status}")
    try:
        entry = Entry.of(json.loads(answer.body))
    except (ValueError, RecursionError):
        raise LoginUnavailable("the callback's answer is no login") from None
    return Login(username=entry.username, password=entry.password, mechanism=entry.mechanism)
