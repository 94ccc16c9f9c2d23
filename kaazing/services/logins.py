# -*- test-case-name: tests.services.test_logins -*-
"""Who the gateway is at a backend: the login that a service's properties say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from kaazing.errors import ConfigError
from kaazing.interfaces.adapters import AskLogin, ILogins, Link, Login
from kaazing.literals import choice, text
from kaazing.options import Option
from kaazing.wire.sasl import NAMES

OPTIONS = (
    Option(
        name="backend.username",
        read=text,
        doc="The login at the backend. It and backend.password take the place of what the client says, which"
        " never reaches the backend; absent, the client's own passes on.",
    ),
    Option(
        name="backend.password",
        read=text,
        secret=True,
        doc="The password at the backend; see backend.username.",
    ),
    Option(
        name="backend.mechanism",
        read=choice(*NAMES),
        doc="The SASL mechanism of that login; absent, the best that the backend offers. EXTERNAL, the"
        " gateway's address or certificate (connect-option ssl.certificate-file), needs no backend.username"
        " and no password.",
    ),
    Option(
        name="backend.login",
        read=choice("stored", "sealed", "any"),
        doc="Take the login at the backend from the <keyring>: what its stores have for the client's user"
        " or role (stored), what a service of type keyring has sealed for the client, who gives the"
        " token as its password (sealed), or a sealed one where the client gives a token, else a stored one"
        " (any). In place of backend.username.",
    ),
)
"""Properties of each NAME.proxy."""


NO_KEYRING = "{} wants a <keyring> in <security>, and there is none"


def faults(properties: Mapping[str, Any]) -> Iterable[str]:
    """Return sentences, each a fault in a service's login; none when all is well."""
    username, password, mechanism, source = (properties[option.name] for option in OPTIONS)
    if source is not None:
        for option in OPTIONS[:3]:
            if properties[option.name] is not None:
                yield f"{option.name} stands beside backend.login, which says where the login comes from"
        return
    if password is not None and username is None:
        yield "backend.password stands without backend.username"
    if mechanism == "EXTERNAL" and password is not None:
        yield "backend.mechanism EXTERNAL proves the gateway without a password, but backend.password stands"
    if mechanism not in (None, "EXTERNAL") and username is None:
        yield f"backend.mechanism {mechanism} stands without backend.username"


def logins(service: str, properties: Mapping[str, Any], keyring: Any) -> Any:
    """Return the L{ILogins} of a service, None where its clients' own logins pass on.

    Args:
        keyring: an L{kaazing.interfaces.security.IKeyring}, or None.

    Raises:
        ConfigError: it is wanted and not there.
    """
    source = properties["backend.login"]
    if source is None:
        return StaticLogins.of(properties)
    if keyring is None:
        raise ConfigError(NO_KEYRING.format(f"backend.login {source}"))
    return keyring.logins(service, source)


@implementer(ILogins)
class StaticLogins:
    """One login for all clients."""

    def __init__(self, login: Login) -> None:
        self._login = login

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> StaticLogins | None:
        """Return those of a service's properties, None where they say no login."""
        username, password, mechanism = (properties[option.name] for option in OPTIONS[:3])
        if username is None and mechanism is None:
            return None
        return cls(Login(username=username or "", password=password or "", mechanism=mechanism))

    def login(self, link: Link, said: AskLogin) -> Deferred[Any]:
        """See L{ILogins}."""
        return succeed(self._login)
