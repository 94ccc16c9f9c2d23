# -*- test-case-name: tests.config.test_elements -*-
"""Every element of the file outside options and properties: where it stands and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaazing.config.fates import Entry, Fate
from kaazing.literals import choice, comma_list, integer, interval, text, uri

UNGUARDED = "is not yet in force, and the gateway opens no door that it should guard"
_LOGIN = f"Logging in {UNGUARDED}"
_ROLES = f"Asking for roles {UNGUARDED}"
_CLUSTER = "Clusters are not there yet: this gateway stands alone."

Reader = Callable[[str], Any]


def _kept(place: str, name: str, note: str, read: Reader | None = None, **more: Any) -> Entry:
    return Entry(place=place, name=name, fate=Fate.KEPT, note=note, read=read, **more)


def _warned(place: str, name: str, note: str, read: Reader | None = None, **more: Any) -> Entry:
    return Entry(place=place, name=name, fate=Fate.WARNED, note=note, read=read, **more)


def _refused(place: str, name: str, note: str, read: Reader | None = None, **more: Any) -> Entry:
    return Entry(place=place, name=name, fate=Fate.REFUSED, note=note, read=read, **more)


_ROOT = (
    _kept("gateway-config", "properties", "Names for values, used as `${name}` anywhere in the file."),
    _kept("gateway-config", "service", "One service.", many=True),
    _kept("gateway-config", "service-defaults", "Options and MIME types for services that lack them."),
    _kept("gateway-config", "security", "Certificates and keys; realms."),
    _warned("gateway-config", "cluster", _CLUSTER),
    _refused(
        "gateway-config",
        "management",
        "The management section of the files before 2012/09 has no equivalent yet; remove it.",
        many=True,
    ),
    _refused(
        "gateway-config",
        "network",
        "The network section of the files before 2012/09 maps addresses; write *.bind accept-options.",
        many=True,
    ),
    _refused(
        "gateway-config",
        "session",
        f"The session section of the files before 2012/03 asks for a login. {_LOGIN}.",
        many=True,
    ),
    _kept("properties", "property", "One name and its value.", many=True),
    _kept("property", "name", "Letters, digits, `.`, `_` and `-`.", text, needed=True),
    _kept("property", "value", "Any text; it may use other properties.", str),
)

_SERVICE = (
    _kept("service", "name", "Unique; made of type and accept where it is missing.", text),
    _kept("service", "description", "For people.", str),
    _kept("service", "accept", "URI that clients use.", text, many=True),
    _kept("service", "connect", "URI of the backend.", text, many=True),
    _warned(
        "service",
        "balance",
        "Balancers are not there yet: no client is sent here from this URI; the accepts work as ever.",
        text,
        many=True,
    ),
    _refused(
        "service",
        "notify",
        "Push notifications to Apple devices are not supported, as in the original.",
        many=True,
    ),
    _kept("service", "type", "Which type of service; see the types below.", text, needed=True),
    _kept("service", "properties", "The properties of the type."),
    _kept("service", "accept-options", "How the accepts are listened on."),
    _kept("service", "connect-options", "How the backend is reached."),
    _refused("service", "realm-name", f"{_LOGIN}.", text),
    _refused("service", "authorization-constraint", f"{_ROLES}.", many=True),
    _kept("service", "mime-mapping", "For types that serve files.", many=True),
    _kept("service", "cross-site-constraint", "Which web sites may use the service.", many=True),
    _kept("service-defaults", "accept-options", "Each option for services that lack it."),
    _kept("service-defaults", "connect-options", "Each option for services that lack it."),
    _kept("service-defaults", "mime-mapping", "Over the built-in ones, under those of a service.", many=True),
    _refused("authorization-constraint", "require-role", f"{_ROLES}.", text, many=True),
    _refused("authorization-constraint", "require-valid-user", f"{_LOGIN}.", str),
    _kept("mime-mapping", "extension", "Without the dot; case does not matter.", text, needed=True),
    _kept("mime-mapping", "mime-type", "The Content-Type.", text, needed=True),
    _kept(
        "cross-site-constraint",
        "allow-origin",
        "`*`, or `http(s)://host[:port]`.",
        text,
        needed=True,
    ),
    _kept(
        "cross-site-constraint", "allow-methods", "With commas in between.", comma_list, default="GET,POST"
    ),
    _kept(
        "cross-site-constraint",
        "allow-headers",
        "Request headers, with commas in between; `*` for all.",
        comma_list,
        default="none",
    ),
    _kept(
        "cross-site-constraint",
        "expose-headers",
        "Response headers that pages of the site may read, with commas in between.",
        comma_list,
        default="none",
        ours=True,
    ),
    _kept(
        "cross-site-constraint",
        "maximum-age",
        "Seconds that a preflight answer may be kept.",
        integer(0, 2**31 - 1),
        default="not said",
    ),
)

_SECURITY = (
    _kept("security", "keystore", "Certificates and keys of the gateway, for every TLS accept."),
    _kept("security", "truststore", "Authorities that client certificates must come from."),
    _refused("security", "realm", f"{_LOGIN}.", many=True),
    *(
        _kept(store, name, note, text, needed=name == "file")
        for store in ("keystore", "truststore")
        for name, note in (
            ("type", "PEM or PKCS12; JKS and JCEKS, the original's own, must be converted."),
            ("file", "Relative to the configuration file; for PEM also a folder."),
            ("password-file", "File with the password in its first line."),
        )
    ),
    _refused("realm", "name", f"{_LOGIN}.", text, needed=True),
    _refused("realm", "description", f"{_LOGIN}.", str),
    _refused("realm", "user-principal-class", f"{_LOGIN}.", text, many=True),
    _refused("realm", "authentication", f"{_LOGIN}."),
    _refused("realm", "login-module", f"{_LOGIN}. It stood here before 2012/03.", many=True),
    _refused(
        "authentication",
        "http-challenge-scheme",
        f"{_LOGIN}.",
        choice("Basic", "Negotiate", "Application Basic", "Application Negotiate", "Application Token"),
    ),
    _refused("authentication", "http-header", f"{_LOGIN}.", text, many=True),
    _refused("authentication", "http-query-parameter", f"{_LOGIN}.", text, many=True),
    _refused("authentication", "http-cookie", f"{_LOGIN}.", text, many=True),
    _refused(
        "authentication",
        "authorization-mode",
        f"{_LOGIN}.",
        choice("challenge", "validate", "recycle"),
    ),
    _refused("authentication", "session-timeout", f"{_LOGIN}.", interval),
    _refused("authentication", "authorization-timeout", f"{_LOGIN}.", interval),
    _refused("authentication", "login-modules", f"{_LOGIN}."),
    _refused("login-modules", "login-module", f"{_LOGIN}.", many=True),
    _refused(
        "login-module", "type", f"{_LOGIN}. Java classes (`class:...`) never will be.", text, needed=True
    ),
    _refused(
        "login-module",
        "success",
        f"{_LOGIN}.",
        choice("required", "requisite", "sufficient", "optional"),
        needed=True,
    ),
    _refused("login-module", "options", f"{_LOGIN}."),
)

_CLUSTERED = (
    _warned("cluster", "name", _CLUSTER, text, needed=True),
    _warned("cluster", "mode", f"{_CLUSTER} It stood here before 2012/09.", text),
    _warned("cluster", "accept", _CLUSTER, uri, many=True),
    _warned("cluster", "connect", _CLUSTER, uri, many=True),
    _warned("cluster", "connect-options", _CLUSTER),
)

ELEMENTS: tuple[Entry, ...] = (*_ROOT, *_SERVICE, *_SECURITY, *_CLUSTERED)
PLACES = frozenset(entry.place for entry in ELEMENTS)
