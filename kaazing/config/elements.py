# -*- test-case-name: tests.config.test_elements -*-
"""Every element of the file outside options and properties: where it stands and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaazing.config.fates import Entry, Fate
from kaazing.config.names import token
from kaazing.literals import choice, comma_list, integer, interval, text, uri

UNGUARDED = "is not yet in force, and the gateway opens no door that it should guard"
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
        "The session section of the files before 2012/03 says how clients log in; write"
        " <http-challenge-scheme> and <session-timeout> in the <authentication> of a realm.",
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
    _kept("service", "realm-name", "The realm in which clients must log in.", text),
    _kept("service", "authorization-constraint", "What they must be, beside logged in.", many=True),
    _kept("service", "mime-mapping", "For types that serve files.", many=True),
    _kept("service", "cross-site-constraint", "Which web sites may use the service.", many=True),
    _kept("service-defaults", "accept-options", "Each option for services that lack it."),
    _kept("service-defaults", "connect-options", "Each option for services that lack it."),
    _kept("service-defaults", "mime-mapping", "Over the built-in ones, under those of a service.", many=True),
    _kept(
        "authorization-constraint",
        "require-role",
        "A role that a client must have, beside all others that stand here; `*` alone: anybody logged in.",
        text,
        many=True,
    ),
    _kept("authorization-constraint", "require-valid-user", "Empty: anybody logged in.", str),
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
    _kept("security", "realm", "One way to log in, for the services that name it.", many=True),
    _kept("security", "keyring", "Logins at backends, and the gateway's own keys.", ours=True),
    *(
        _kept(store, name, note, text, needed=name == "file")
        for store in ("keystore", "truststore")
        for name, note in (
            ("type", "PEM or PKCS12; also JKS and JCEKS, after `pip install kaazing-gateway[jks]`."),
            ("file", "Relative to the configuration file; for PEM also a folder."),
            ("password-file", "File with the password in its first line."),
        )
    ),
    _kept("realm", "name", "Unique; services name it.", text, needed=True),
    _kept("realm", "description", "What the dialog of a browser shows.", str, default="the name"),
    _warned(
        "realm",
        "user-principal-class",
        "There are no classes of Java; who logged in is the user that a login module names.",
        text,
        many=True,
    ),
    _kept("realm", "authentication", "How clients log in; without it no service can name the realm."),
    _refused(
        "realm",
        "login-module",
        "It stood here before 2012/03; put it into the <login-modules> of an <authentication>, beside a"
        " <http-challenge-scheme>.",
        many=True,
    ),
    _kept(
        "authentication",
        "http-challenge-scheme",
        "What clients are asked for: `Basic`, `Negotiate`, `Token` (ours) of every client; `Application"
        " Basic`, `Application Negotiate` (the original gave it up; warned of) and `Application Token` of"
        " the original's clients alone. Nothing: whoever brings nothing good is refused without a challenge.",
        choice(
            "Basic",
            "Negotiate",
            "Token",
            "Application Basic",
            "Application Negotiate",
            "Application Token",
        ),
        default="none",
    ),
    _kept("authentication", "http-header", "A header field that may carry a token.", token, many=True),
    _kept(
        "authentication", "http-query-parameter", "A query parameter that may carry a token.", text, many=True
    ),
    _kept("authentication", "http-cookie", "A cookie that may carry a token.", token, many=True),
    _kept(
        "authentication",
        "authorization-mode",
        "`challenge`: each connection logs in; `recycle`: who logged in gets a session cookie that counts as"
        " the login. `validate` is refused: what it meant is written nowhere.",
        choice("challenge", "recycle", "validate"),
        default="challenge",
    ),
    _kept(
        "authentication",
        "session-timeout",
        "Longest life of a connection; 0 for any.",
        interval,
        default="0",
    ),
    _kept(
        "authentication",
        "authorization-timeout",
        "Time after which who logged in, or has a session cookie, has to prove it anew; 0 for never.",
        interval,
        default="0",
    ),
    _kept("authentication", "login-modules", "Who says whether a login is good, in this order."),
    _kept("login-modules", "login-module", "One of them.", many=True),
    _kept(
        "login-module",
        "type",
        "See the login modules below; classes of Java (`class:...`) are refused.",
        text,
        needed=True,
    ),
    _kept(
        "login-module",
        "success",
        "`required`: must say yes, the others are asked all the same; `requisite`: must say yes, or nobody"
        " else is asked; `sufficient`: its yes is enough, where nothing required failed; `optional`.",
        choice("required", "requisite", "sufficient", "optional"),
        needed=True,
    ),
    _kept("login-module", "options", "Those of its type."),
    _kept(
        "keyring",
        "key-file",
        "The gateway's own keys, made by `python -m kaazing keyring init`; relative to this file.",
        text,
        default="the systemd credential `kaazing-keys`, or keys made at each start",
        ours=True,
    ),
    _kept("keyring", "store", "Where logins at backends are kept; asked in order.", many=True, ours=True),
    _kept("store", "type", "See the stores below.", text, needed=True, ours=True),
    _kept("store", "options", "Those of its type.", ours=True),
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
