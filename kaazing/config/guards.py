# -*- test-case-name: tests.config.test_guards -*-
"""What a service asks of those who come in: its realm, by whichever element or option, and roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kaazing.config.blocks import Settings
from kaazing.config.faults import UNREAD, Faults, Node, quoted
from kaazing.config.model import AcceptOptions, RealmConfig, Uri
from kaazing.config.structure import parts
from kaazing.literals import here, text

_STREAMS = ("tcp", "ssl")
_CLEAR = {"Basic": "passwords", "Token": "tokens"}
"""Scheme -> what goes in clear without TLS."""
_SEVERAL = "only one realm is asked; put the login modules of all into one, sufficient each, and name that"


def read_realm_name(
    found: Mapping[str, Sequence[Node]],
    settings: Settings,
    accepts: Sequence[Uri],
    realms: Mapping[str, RealmConfig],
    faults: Faults,
) -> RealmConfig | None:
    """Return the realm of a service, None for none or after noting what is wrong.

    Args:
        found: its elements.
        settings: its accept-options, those of <service-defaults> included; C{http.realm} and C{tcp.realm} of
            these are for those services alone that they can be for.
    """
    node = found["realm-name"][0] if "realm-name" in found else None
    realm = _named(node, realms, faults) if node else None
    other = _http_realm(settings, accepts, realms, faults)
    if other and node and node.value != other.name and settings["http.realm"].own:
        faults.at(settings["http.realm"].node, "is another realm than that of <realm-name>; leave one out")
    if node is None:
        node, realm = (settings["http.realm"].node if other else None), other
    _check_tcp_realm(settings, accepts, realm, node, faults)
    if realm and node and not realm.modules:
        faults.at(node, f"{quoted(node)}this realm has no <login-modules>, so nobody could log in")
    if realm and node and not found.get("accept"):
        faults.at(node, "the service has no accept, so nobody could log in")
    return realm


def read_roles(
    found: Mapping[str, Sequence[Node]], realm: RealmConfig | None, settings: Settings, faults: Faults
) -> frozenset[str]:
    """Return the roles that a client must have, each of them; C{*}, anybody logged in, is none.

    Args:
        realm: what L{read_realm_name} returned.
    """
    constraints = found.get("authorization-constraint", ())
    inside = [parts(each, faults).get("require-role", []) for each in constraints]
    roles = [role for each in inside for role in each]
    for role in roles:
        faults.read(role, text)
        if role.value == "*" and len(roles) > 1:
            faults.at(role, "* stands for anybody logged in, and no other role may stand beside it")
    for constraint in constraints:
        if not constraint.children:
            faults.at(constraint, "<require-role> or <require-valid-user> is missing in it")
    told = "realm-name" in found or ("http.realm" in settings and settings["http.realm"].own)
    if constraints and realm is None and not told:
        faults.at(constraints[0], "needs a <realm-name> beside it: without, nobody is asked who he is")
    return frozenset(role.value for role in roles if role.value and role.value != "*")


def warn_of_accepts(
    realm: RealmConfig,
    node: Node,
    accepts: Sequence[Uri],
    options: AcceptOptions,
    faults: Faults,
    *,
    inside: bool = False,
) -> None:
    """Warn where what a client proves itself with crosses a network in clear, as far as the file tells, and
    where it has nothing to prove itself with.

    Args:
        inside: whether it does so in the service's protocol, over whatever accept.
    """
    word = realm.scheme.removeprefix("Application ")
    clear = [each for each in accepts if not each.secure and (inside or each.scheme not in _STREAMS)]
    if word in _CLEAR and not options.trusted and any(not here(options.bound(each)[0]) for each in clear):
        faults.warn(
            node,
            f"{_CLEAR[word]} cross the network in clear where an accept is without TLS; accept wss and https,"
            " or name in proxy.trusted the proxy in front that does the TLS",
        )
    if inside:
        return
    shown = options.tls.verify_client != "none"
    if any(each.scheme == "tcp" or (each.scheme == "ssl" and not shown) for each in accepts):
        faults.warn(
            node,
            "clients of a tcp accept, or of an ssl accept without ssl.verify-client, have nothing to log in"
            " with; only a login module that looks at their address lets them in",
        )


def guard_node(found: Mapping[str, Sequence[Node]], settings: Settings) -> Node | None:
    """Return what in a service names its realm: <realm-name>, or else C{http.realm}."""
    if "realm-name" in found:
        return found["realm-name"][0]
    return settings["http.realm"].node if "http.realm" in settings else None


def _named(node: Node, realms: Mapping[str, RealmConfig], faults: Faults) -> RealmConfig | None:
    name = faults.read(node, text)
    if name is not UNREAD and name not in realms:
        near = "" if node.replaced else faults.near(name, realms)
        faults.at(node, f"{quoted(node)}no realm has this name{near}")
    return realms.get(name)


def _http_realm(
    settings: Settings, accepts: Sequence[Uri], realms: Mapping[str, RealmConfig], faults: Faults
) -> RealmConfig | None:
    if "http.realm" not in settings:
        return None
    setting = settings["http.realm"]
    if len(setting.value) > 1:
        faults.at(setting.node, f"{quoted(setting.node)}{_SEVERAL}")
        return None
    if not any(accept.scheme not in _STREAMS for accept in accepts):
        if setting.own and accepts:
            faults.at(setting.node, "no accept of the service is over HTTP; write <realm-name>")
        return None
    return _named(setting.node, realms, faults)


def _check_tcp_realm(
    settings: Settings, accepts: Sequence[Uri], realm: RealmConfig | None, node: Node | None, faults: Faults
) -> None:
    """Note that C{tcp.realm} is another realm than that of the service, where it can be for the service."""
    setting = settings.get("tcp.realm")
    if setting is None or not (setting.own or any(accept.scheme in _STREAMS for accept in accepts)):
        return
    if node is None:
        faults.at(setting.node, "needs a <realm-name> in the service, and must be the same")
    elif realm and setting.value != realm.name:
        faults.at(setting.node, f"{quoted(setting.node)}is another realm than that of the service")
