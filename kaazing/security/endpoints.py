# -*- test-case-name: tests.security.test_endpoints -*-
"""HTTP endpoints that decide something: asked with a JSON object by POST, over verified TLS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, FileBodyProducer
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse

from kaazing.errors import ConfigError, GatewayError, LoginUnavailable
from kaazing.interfaces.security import Workplace
from kaazing.literals import bounded, interval, text
from kaazing.options import Option
from kaazing.security.bodies import read_body
from kaazing.security.keys import read_private
from kaazing.security.modules.documents import max_age, read_url, trusted_of
from kaazing.security.modules.named_files import read_named
from kaazing.security.pools import Pool

LARGEST = 64 * 1024  # bytes of an answer
MOST = 200  # questions at a time

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,4096}")  # RFC 6750 section 2.1

OPTIONS = (
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
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint says.

    Attributes:
        body: at most L{LARGEST} bytes.
        age: seconds for which it may be kept (RFC 9111 section 5.2.2.1), 0 where it does not say.
    """

    status: int
    body: bytes = field(repr=False)
    age: float = 0.0


class Endpoint:
    """One that L{OPTIONS} name."""

    def __init__(self, options: Mapping[str, Any], workplace: Workplace, keep: int = 0) -> None:
        """C{keep}: connections that are kept without a question; 0 for one connection a question.

        Raises:
            ConfigError: a file that the options name is missing or no good.
        """
        self._url: bytes = options["url"].encode("ascii")
        self._timeout: float = options["timeout"]
        self._reactor = workplace.reactor
        self._fields = {b"Content-Type": [b"application/json"], b"User-Agent": [b"kaazing-gateway"]}
        if options["token-file"] is not None:
            token = read_private(workplace.folder / options["token-file"], 8192).strip()
            if not _TOKEN.fullmatch(token):
                raise ConfigError("is no token", file=options["token-file"])
            self._fields[b"Authorization"] = [b"Bearer " + token.encode("ascii")]
        file = options["ca-file"]
        trusted = None if file is None else read_named(file, workplace, trusted_of)
        self._pool = Pool(self._reactor, persistent=keep > 0)
        self._pool.maxPersistentPerHost = keep
        self._agent = Agent(
            self._reactor, BrowserLikePolicyForHTTPS(trusted), connectTimeout=self._timeout, pool=self._pool
        )
        self._asked = 0

    def stop(self) -> Any:
        """Close the connections that are kept; return a Deferred."""
        return self._pool.closeCachedConnections()

    def ask(self, question: bytes) -> Deferred[Answer]:
        """Return the answer to a question.

        Raises, at once or in the Deferred:
            LoginUnavailable: too many questions are open, or there is no answer, or not in time.
        """
        if self._asked >= MOST:
            raise LoginUnavailable(f"{MOST} questions to the callback are open")
        self._asked += 1
        asked: Deferred[Any] = self._agent.request(
            b"POST", self._url, Headers(dict(self._fields)), FileBodyProducer(BytesIO(question))
        )
        asked.addCallback(_read).addTimeout(self._timeout, self._reactor, onTimeoutCancel=_late)
        return asked.addBoth(self._answered)

    def _answered(self, result: Any) -> Any:
        self._asked -= 1
        if isinstance(result, Failure) and not isinstance(result.value, GatewayError):
            raise LoginUnavailable(f"the callback does not answer: {_innermost(result.value)}")
        return result


def _read(response: IResponse) -> Deferred[Answer]:
    age = max_age(response.headers) or 0.0
    return read_body(response, LARGEST, "the callback").addCallback(
        lambda body: Answer(response.code, body, age)
    )


def _late(result: Any, seconds: float) -> Any:
    if isinstance(result, Failure):
        raise LoginUnavailable(f"the callback does not answer within {seconds:g} s")
    return result


def _innermost(why: Any) -> str:
    """Return the error that twisted.web wraps, e.g. one of TLS."""
    while reasons := getattr(why, "reasons", None):
        why = reasons[0].value
    return f"{type(why).__name__}: {why}"
