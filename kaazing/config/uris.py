# -*- test-case-name: tests.config.test_uris -*-
"""Accept, connect and balance URIs, and the origins of web sites."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from kaazing import plugins
from kaazing.config.faults import UNREAD, Faults, Node, quoted, shown
from kaazing.config.model import Credentials, Uri, without
from kaazing.errors import PluginError
from kaazing.interfaces.brokers import IBrokerType
from kaazing.literals import DEFAULT_PORTS, Unreadable, UriParts, bracketed, uri

OVER_HTTP = frozenset(
    (*DEFAULT_PORTS, "wse", "wsn", "wsx", "httpx", "wse+ssl", "wsn+ssl", "wsx+ssl", "httpx+ssl")
)  # these have a path
_STREAMS = frozenset(("tcp", "ssl", "udp", "mcp"))
SCHEMES = frozenset((*OVER_HTTP, *_STREAMS, "pipe"))
"""All that the original has; those of brokers (L{plugins.broker_schemes}) come to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a URI is for.

    Attributes:
        service_type: name of the type of the service, for messages; empty where it is not known.
        schemes: those that the type takes there; None where it is not known.
    """

    service_type: str = ""
    schemes: Collection[str] | None = None


def read_uri(node: Node, role: Role, faults: Faults) -> Uri | None:
    """Return the URI in an element, None after noting what is wrong with it."""
    parts = faults.read(node, uri)
    if parts is UNREAD:
        return None
    scheme = _scheme(parts)
    try:
        brokers = {} if scheme in SCHEMES else plugins.broker_schemes()
    except PluginError as why:
        faults.at(node, f"{quoted(node)}{why}")
        return None
    broker = brokers.get(scheme)
    fault = _scheme_fault(scheme, node, role, brokers, faults)
    fault = fault or (_broker_fault(parts, broker.schemes[scheme]) if broker else "")
    fault = fault or ("" if broker else _fault(parts, scheme, node.name))
    if fault:
        faults.at(node, f"{quoted(node)}{fault}")
        return None
    made = _made(parts, scheme, broker, node)
    sentences = list(broker.check(made)) if broker else []
    for sentence in sentences:
        faults.at(node, f"{quoted(node)}{without(sentence, dict(_hidden(made, node)))}")
    return None if sentences else made


def check_brokers(uris: Iterable[Uri | None], nodes: Iterable[Node], faults: Faults) -> None:
    """Note every connect to a sort of broker that the first is not of: a service knows one language."""
    first = None
    for each, node in zip(uris, nodes, strict=True):
        if each is None or each.scheme in SCHEMES:
            continue
        broker = plugins.broker_schemes()[each.scheme]
        first = first or broker
        if broker is not first:
            what = f"all brokers of a service are of one sort, and the first is {first.name}"
            faults.at(node, f"{quoted(node)}{what}")


def _made(parts: UriParts, scheme: str, broker: IBrokerType | None, node: Node) -> Uri:
    default = broker.schemes[scheme] if broker else DEFAULT_PORTS.get(scheme, 0)
    return Uri(
        scheme=scheme,
        host=parts.host,
        port=parts.port or default,
        path=parts.path if broker else (parts.path or "/") if scheme in OVER_HTTP else "",
        query=parts.query or "",
        credentials=_credentials(parts),
        line=node.line,
        written=shown(node.written),
    )


def _hidden(made: Uri, node: Node) -> Iterator[tuple[str, str]]:
    """Yield what no sentence about a broker's URI may contain, each with what stands for it."""
    login = made.credentials
    secret = [login.user, login.password] if login else []
    if node.replaced:
        secret += [made.path.strip("/"), unquote(made.path.strip("/"))]
    secret += [made.query, unquote(made.query)] if made.query else []
    yield from ((each, "...") for each in secret if each)


def origin(value: str) -> str:
    """Return C{*}, or an origin of http or https with its port, lower case (RFC 6454 section 6.2)."""
    if value == "*":
        return value
    expected = "expected * or http(s)://host, with a port and nothing behind it"
    try:
        parts = uri(value)
    except Unreadable:
        raise Unreadable(expected) from None
    if parts.scheme not in ("http", "https") or not parts.host or parts.host.startswith("@"):
        raise Unreadable(expected)
    if parts.path or parts.query is not None or parts.userinfo is not None:
        raise Unreadable(expected)
    return f"{parts.scheme}://{bracketed(parts.host)}:{parts.port or DEFAULT_PORTS[parts.scheme]}"


def _scheme(parts: UriParts) -> str:
    if parts.scheme == "tls":
        return "ssl"
    return parts.scheme.replace("+tls", "+ssl")


def _scheme_fault(
    scheme: str, node: Node, role: Role, brokers: Mapping[str, IBrokerType], faults: Faults
) -> str:
    hidden = node.replaced
    if scheme not in SCHEMES and scheme not in brokers:
        near = "" if hidden else faults.near(scheme, role.schemes or {*SCHEMES, *brokers})
        more = near or (f"; {_taken(role)}" if role.schemes else "")
        return f"unknown scheme{'' if hidden else f' {scheme!r}'}{more}"
    if role.schemes is not None and scheme not in role.schemes:
        return _taken(role)
    if scheme in brokers and node.name != "connect":
        return "a broker can be connected to, nothing else"
    return ""


def _taken(role: Role) -> str:
    """Return which schemes a type of service has in a place, as a sentence."""
    taken = ", ".join(sorted(role.schemes or ()))
    return f"a service of type {role.service_type} takes {taken or 'no such URI'} here"


def _broker_fault(parts: UriParts, default: int) -> str:
    """Return what no broker's URI may be; C{default}: 0 for a broker inside the gateway."""
    if parts.host.startswith("@"):
        return "a network interface can be listened on, not connected to"
    if not default:
        return "" if parts.port is None else "this scheme has no port"
    return "" if parts.host else "the host is missing"


def _fault(parts: UriParts, scheme: str, element: str) -> str:
    if scheme == "pipe":
        return "a pipe has a name and nothing else" if not _is_pipe(parts) else ""
    if not parts.host:
        return "the host is missing"
    if parts.port is None and scheme not in DEFAULT_PORTS:
        return "the port is missing"
    if scheme not in OVER_HTTP and (parts.path not in ("", "/") or parts.query is not None):
        return "this scheme has neither path nor query"
    if element == "connect":
        return (
            "a network interface can be listened on, not connected to" if parts.host.startswith("@") else ""
        )
    if parts.userinfo is not None:
        return "a user and password belong into a <connect>"
    if parts.query is not None:
        return "a query belongs into a <connect>"
    if ";" in (parts.path or "") and scheme.startswith(("ws", "sse")):
        return "what begins with ; behind an accept belongs to emulation and event streams: no path has a ;"
    return ""


def _is_pipe(parts: UriParts) -> bool:
    more = parts.port is not None or parts.path not in ("", "/") or parts.query is not None
    return bool(parts.host) and parts.userinfo is None and not more


def _credentials(parts: UriParts) -> Credentials | None:
    if parts.userinfo is None:
        return None
    user, _, password = parts.userinfo.partition(":")
    return Credentials(unquote(user), unquote(password))
