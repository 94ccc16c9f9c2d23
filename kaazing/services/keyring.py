# -*- test-case-name: tests.services.test_keyring -*-
"""Service type keyring: seals a client's own login at a backend, for the browser to keep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.config.model import GatewayConfig, ServiceConfig
from kaazing.errors import ConfigError, GatewayError, LoginRefused, LoginUnavailable, suggest
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.interfaces.security import IKeyring, Subject
from kaazing.interfaces.services import IHouse, IService, IServiceType, Welcome
from kaazing.literals import age, bounded, shown, text
from kaazing.metrics import SECURITY_EVENTS
from kaazing.options import Option
from kaazing.services.base import BaseService
from kaazing.services.logins import NO_KEYRING
from kaazing.wire.sasl import NAMES

_MOST_BODY = 16 * 1024  # bytes of a request
_MOST_TEXT = 2000  # characters of a name or a password
_LONGEST = 366 * 86400.0
_MECHANISMS = tuple(name for name in NAMES if name != "EXTERNAL")  # which would prove the gateway
_FIELDS = ((b"Content-Type", b"application/json"), (b"Cache-Control", b"no-store"))

_log = Logger(namespace="kaazing.security")


class Objection(GatewayError):
    """A request is refused; the client reads the sentence.

    Attributes:
        status: HTTP status code.
        fields: more header fields of the answer.
    """

    def __init__(self, status: int, what: str, fields: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(what)
        self.status, self.fields = status, fields


@implementer(IServiceType)
class KeyringType:
    """See L{IServiceType}."""

    name = "keyring"
    doc = (
        "Seals a client's own login at a backend: the client, logged in, POSTs it once over TLS, and gets a"
        " token that it gives as its password from then on; see docs/security.md, Keyring."
    )
    options = (
        Option(
            name="service",
            read=text,
            repeated=True,
            required=True,
            doc="Name of a service for which logins are sealed, of a type NAME.proxy whose backend.login is"
            " sealed or any. It must have the same realm.",
        ),
        Option(
            name="maximum.lifetime",
            read=bounded(age, 1.0, _LONGEST),
            default=86400.0,
            doc="Longest time for which a token is good, and the time for which one is that does not ask for"
            " less; a day where it is absent, 366 days at most.",
        ),
    )
    accepts = frozenset({"http", "https"})
    connects: frozenset[str] = frozenset()
    connect_required = False
    mime_mappings = False

    def check(self, config: ServiceConfig) -> Iterable[str]:
        """See L{IServiceType}."""
        if config.realm is None:
            yield "a service of type keyring seals for users and wants a realm-name"

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}."""
        return 1, 0

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}."""
        return KeyringService(config, house)


@implementer(IService)
class KeyringService(BaseService):
    """See L{IService}; also its own entry."""

    def __init__(self, config: ServiceConfig, house: IHouse) -> None:
        """Take the keyring.

        Raises:
            ConfigError: there is none.
        """
        super().__init__(config, house)
        if house.keyring is None:
            raise ConfigError(NO_KEYRING.format("a service of type keyring"))
        self._keyring: IKeyring = house.keyring
        self._services = frozenset[str](config.properties["service"])
        self._longest: float = config.properties["maximum.lifetime"]

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}; no accept of this type brings channels."""
        channel.abort()

    def entry(self, accept: Any) -> Any:
        """See L{IService}."""
        return self

    def serve(self, exchange: IExchange) -> None:
        """Take an L{IExchange}: POST to seal or, under C{revoke}, to revoke; DELETE to revoke all."""
        try:
            subject = self._subject(exchange)
            length = exchange.head.content_length
            if length is not None and length > _MOST_BODY:
                raise Objection(413, f"a body of more than {_MOST_BODY} bytes")
        except Objection as why:
            self.object(exchange, why)
        else:
            exchange.taker = _Request(self, exchange, subject)

    def _subject(self, exchange: IExchange) -> Subject:
        """Return who asks, and may ask for what it does."""
        methods = {"": b"DELETE, POST", "revoke": b"POST"}.get(exchange.rest)
        if methods is None:
            raise Objection(404, "there is nothing here")
        method = exchange.head.method
        if method not in methods.decode().split(", "):
            raise Objection(405, f"the methods are {methods.decode()}", ((b"Allow", methods),))
        if not exchange.caller.secure:
            raise Objection(403, "logins are taken over TLS alone")
        subject: Subject | None = exchange.subject
        if subject is None or not subject.user:
            raise Objection(403, "logins are sealed for users, and nobody is named")
        kind = exchange.head.headers.get("content-type", "").partition(";")[0].strip().lower()
        if method == "POST" and kind != "application/json":
            raise Objection(415, "expected application/json", ((b"Accept", b"application/json"),))
        return subject

    def answered(self, exchange: IExchange, subject: Subject, body: bytes) -> None:
        """Do what a whole request says."""
        try:
            if exchange.head.method == "DELETE":
                self._keyring.revoke_all(subject)
                exchange.answer(204, _FIELDS[1:])
            elif exchange.rest == "revoke":
                self._revoke(exchange, subject, _read(body, {"token"}))
                exchange.answer(204, _FIELDS[1:])
            else:
                said = _read(body, {"service", "username", "password"}, {"mechanism", "lifetime"})
                exchange.answer(200, _FIELDS, _json(self._sealed(subject, said)))
        except LoginUnavailable:
            self.object(exchange, Objection(503, "that cannot be done now"))
        except Objection as why:
            self.object(exchange, why)

    def object(self, exchange: IExchange, why: Objection) -> None:
        """Answer with what is wrong; the rest of the body is not read."""
        exchange.hold()
        exchange.answer(why.status, (*_FIELDS, *why.fields), _json({"error": str(why)}))

    def _sealed(self, subject: Subject, said: Mapping[str, Any]) -> dict[str, Any]:
        service, lifetime = said["service"], said.get("lifetime", self._longest)
        if service not in self._services:
            raise Objection(403, "logins are not sealed for that service")
        if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or not lifetime >= 1:
            raise Objection(400, "lifetime is a number of seconds, 1 at least")
        if not said["username"]:  # nor is nobody somebody who has a password
            raise Objection(400, "username is empty")
        mechanism = said.get("mechanism")
        if mechanism not in (None, *_MECHANISMS):
            raise Objection(400, f"mechanism is one of {', '.join(_MECHANISMS)}")
        lifetime = min(lifetime, self._longest)
        login = Login(username=said["username"], password=said["password"], mechanism=mechanism)
        try:
            token = self._keyring.seal(subject, service, login, lifetime)
        except ValueError as why:
            raise Objection(400, str(why)) from None
        return {"token": token, "expires_in": int(lifetime)}

    def _revoke(self, exchange: IExchange, subject: Subject, said: Mapping[str, Any]) -> None:
        try:
            self._keyring.revoke(said["token"], subject)
        except LoginRefused as why:
            event = getattr(why, "event", "seal-tampered")
            SECURITY_EVENTS.labels(event=event).inc()
            _log.warn(
                "{peer}, user {user}, service {service}: to be revoked: {why}",
                peer=exchange.caller.peer,
                user=shown(subject.user),
                service=self.name,
                why=str(why),
            )
            raise Objection(400, "no token of yours") from None


def faults_among(config: GatewayConfig) -> Iterator[ConfigError]:
    """Yield what is wrong between the services of a configuration and its keyring, with their lines.

    A service of type keyring and those that it seals for must have one realm: a token names its user alone,
    and somebody else may have that name in another realm.
    """
    named = {service.name: service for service in config.services}
    for service in config.services:
        what = ""
        source = service.properties.get("backend.login")
        if config.keyring is None and service.type == KeyringType.name:
            what = NO_KEYRING.format(f"a service of type {KeyringType.name}")
        elif config.keyring is None and source is not None:
            what = NO_KEYRING.format(f"backend.login {source}")
        elif service.type == KeyringType.name:
            what = next(filter(None, (_misfit(service, name, named) for name in _sealed(service))), "")
        if what:
            yield ConfigError(what, line=service.line)


def _sealed(service: ServiceConfig) -> tuple[str, ...]:
    names: tuple[str, ...] = service.properties["service"]
    return names


def _misfit(service: ServiceConfig, name: str, named: Mapping[str, ServiceConfig]) -> str:
    other = named.get(name)
    if other is None:
        return f"<service>: no service is called {name!r}{suggest(name, named)}"
    if other.properties.get("backend.login") not in ("sealed", "any"):
        return f"<service>: {name!r} takes no sealed login; its backend.login has to be sealed or any"
    if other.realm is None or service.realm is None or other.realm.name != service.realm.name:
        return f"<service>: {name!r} is not of the same realm, so that its users are others"
    return ""


@implementer(ITaker)
class _Request:
    """Gathers a request's body."""

    def __init__(self, service: KeyringService, exchange: IExchange, subject: Subject) -> None:
        self._service, self._exchange, self._subject = service, exchange, subject
        self._body = bytearray()

    def body(self, data: bytes) -> None:
        """See L{ITaker}."""
        self._body += data
        if len(self._body) > _MOST_BODY and self._exchange.open:
            why = Objection(413, f"a body of more than {_MOST_BODY} bytes")
            self._service.object(self._exchange, why)

    def body_ended(self) -> None:
        """See L{ITaker}."""
        self._service.answered(self._exchange, self._subject, bytes(self._body))

    def congested(self) -> None:
        """See L{ITaker}; an answer is short."""

    def drained(self) -> None:
        """See L{ITaker}."""

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}; nothing was done."""


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode()


def _read(body: bytes, wanted: set[str], more: frozenset[str] | set[str] = frozenset()) -> dict[str, Any]:
    """Return the members of a JSON object; those that are wanted are texts.

    Raises:
        Objection: it is none, or has other members; nothing of what it says is repeated.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Objection(400, "the body is not JSON") from None
    if not isinstance(said, dict) or not wanted <= set(said) <= wanted | more:
        optional = f", and may have {', '.join(sorted(more))}" if more else ""
        raise Objection(400, f"expected an object with {', '.join(sorted(wanted))}{optional}")
    for name in sorted(wanted - {"token"}):
        if not isinstance(said[name], str) or len(said[name]) > _MOST_TEXT or not said[name].isprintable():
            raise Objection(400, f"{name} is a text of at most {_MOST_TEXT} printable characters")
    if "token" in wanted and not isinstance(said["token"], str):
        raise Objection(400, "token is a text")
    return said
