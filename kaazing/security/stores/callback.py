# -*- test-case-name: tests.security.stores.test_callback -*-
"""The store C{callback}: an HTTP endpoint says which login a client has."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, FileBodyProducer
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse
from zope.interface import implementer

from kaazing.errors import ConfigError, GatewayError, LoginUnavailable
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, IStoreType, Subject, Workplace
from kaazing.literals import bounded, interval, text
from kaazing.options import Option
from kaazing.security.bodies import read_body
from kaazing.security.keys import read_private
from kaazing.security.modules.documents import read_url
from kaazing.security.pools import Pool
from kaazing.security.stores.entries import Entry

_LARGEST = 64 * 1024  # bytes of an answer
_MOST_KEPT = 10_000  # answers
_MOST_ASKED = 200  # questions at a time
_MAX_AGE = re.compile(r'(?:^|[\s,])max-age="?([0-9]{1,9})"?(?:$|[\s,])', re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?:$|[\s,])", re.IGNORECASE)


@implementer(IStoreType)
class CallbackStoreType:
    """See L{IStoreType}."""

    name = "callback"
    doc = (
        "POSTs service, user, roles and claims as JSON to a URL, which answers 200 with username, password"
        " and mechanism, or 404 where it has no login; any other answer is a failure: no store is asked then."
    )
    options = (
        Option(
            name="url",
            read=read_url,
            required=True,
            doc="Whom to ask: https, or http for this machine. Redirects are not followed.",
        ),
        Option(
            name="token-file",
            read=text,
            doc="A file, mode 0600, with the token to send as Authorization: Bearer; read at the start.",
        ),
        Option(
            name="ca-file",
            read=text,
            doc="PEM file with the authorities to trust in place of the system's.",
        ),
        Option(
            name="timeout",
            read=bounded(interval, 0.1, 60.0),
            default=5.0,
            doc="Longest time until the whole answer is there, 60 seconds at most.",
        ),
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
        token = ca = None
        if options["token-file"] is not None:
            token = read_private(workplace.folder / options["token-file"], 8192).strip()
            if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token):  # RFC 6750 section 2.1
                raise ConfigError("is no token", file=options["token-file"])
        if options["ca-file"] is not None:
            ca = _authorities(workplace.folder / options["ca-file"])
        agent = Agent(
            workplace.reactor,
            BrowserLikePolicyForHTTPS(ca),
            connectTimeout=options["timeout"],
            pool=Pool(workplace.reactor, persistent=False),
        )
        return Callback(options, workplace, agent, token)


@implementer(IStore)
class Callback:
    """Asks, and keeps the answers for as long as they may be kept."""

    def __init__(
        self, options: Mapping[str, Any], workplace: Workplace, agent: Any, token: str | None = None
    ) -> None:
        self._url: bytes = options["url"].encode("ascii")
        self._timeout: float = options["timeout"]
        self._longest: float = options["maximum-age"]
        self._workplace, self._agent = workplace, agent
        self._fields = {b"Content-Type": [b"application/json"], b"User-Agent": [b"kaazing-gateway"]}
        if token is not None:
            self._fields[b"Authorization"] = [b"Bearer " + token.encode("ascii")]
        self._kept: OrderedDict[bytes, tuple[float, Login | None]] = OrderedDict()
        """Digest of a question, which may be long -> until when, and what."""
        self._asked = 0

    def find(self, service: str, subject: Subject) -> Deferred[Login | None]:
        """See L{IStore}; fails with LoginUnavailable."""
        question = _question(service, subject)
        place = sha256(question).digest()
        until, login = self._kept.get(place, (0.0, None))
        if self._workplace.time() < until:
            return succeed(login)
        if self._asked >= _MOST_ASKED:
            raise LoginUnavailable(f"{_MOST_ASKED} questions to the callback are open")
        self._asked += 1
        asked: Deferred[Any] = self._agent.request(
            b"POST", self._url, Headers(dict(self._fields)), FileBodyProducer(BytesIO(question))
        )
        asked.addCallback(_read).addTimeout(self._timeout, self._workplace.reactor)
        asked.addBoth(self._answered)
        return asked.addCallback(self._keep, place)

    def _answered(self, result: Any) -> Any:
        self._asked -= 1
        if isinstance(result, Failure) and not isinstance(result.value, GatewayError):
            raise LoginUnavailable(f"the callback does not answer: {type(result.value).__name__}")
        return result

    def _keep(self, answer: tuple[Login | None, float], place: bytes) -> Login | None:
        login, age = answer
        self._kept.pop(place, None)
        if min(age, self._longest) > 0:
            self._kept[place] = self._workplace.time() + min(age, self._longest), login
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


def _read(response: IResponse) -> Deferred[tuple[Login | None, float]]:
    """Return the login of an answer, and for how many seconds it may be kept (RFC 9111 section 5.2.2.1)."""

    def collected(body: bytes) -> tuple[Login | None, float]:
        if response.code not in (200, 404):
            raise LoginUnavailable(f"the callback answers with status {response.code}")
        control = b", ".join(response.headers.getRawHeaders(b"cache-control", [])).decode("latin-1")
        found = None if _NOT_KEPT.search(control) else _MAX_AGE.search(control)
        return (_login(body) if response.code == 200 else None), float(found[1]) if found else 0.0

    return read_body(response, _LARGEST, "the callback").addCallback(collected)


def _login(body: bytes) -> Login:
    try:
        said = json.loads(body)
        entry = Entry.of(said)
    except (ValueError, RecursionError):
        raise LoginUnavailable("the callback's answer is no login") from None
    return Login(username=entry.username, password=entry.password, mechanism=entry.mechanism)


def _authorities(path: Path) -> Any:
    try:
        pem = path.read_text()
        blocks = re.findall("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", pem)
        if not blocks:
            raise ConfigError("there is no certificate (PEM) in it", file=str(path))
        return trustRootFromCertificates([Certificate.loadPEM(block.encode()) for block in blocks])
    except OSError as why:
        raise ConfigError(f"cannot be read: {why.strerror}", file=str(path)) from why
    except ValueError as why:
        raise ConfigError("is not text", file=str(path)) from why
