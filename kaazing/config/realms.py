# -*- test-case-name: tests.config.test_realms -*-
"""<realm>: what clients are asked for, where else a token may stand, and who says whether it is good."""

from __future__ import annotations

from typing import Any

from kaazing.config.declared import MODULES, read_declared
from kaazing.config.faults import UNREAD, Faults, Node, quoted
from kaazing.config.model import ModuleConfig, RealmConfig
from kaazing.config.original import entries
from kaazing.config.structure import leaf, parts

_FAULTY = ModuleConfig(type="")  # in the place of one that an error tells of already


def read_realms(nodes: list[Node], faults: Faults) -> dict[str, RealmConfig]:
    """Return the realms by name, also those that something is wrong with; two of one name are an error."""
    realms: dict[str, RealmConfig] = {}
    for node in nodes:
        realm, name = _realm(node, faults)
        if realm.name in realms and name is not None:
            faults.at(name, f"{quoted(name)}a realm of this name stands at line {realms[realm.name].line}")
        elif realm.name:
            realms[realm.name] = realm
    return realms


def _realm(node: Node, faults: Faults) -> tuple[RealmConfig, Node | None]:
    """Return a realm, and the element with its name."""
    found = parts(node, faults)
    name = _known(leaf(found, "realm", "name", faults, ""), "")
    description = _known(leaf(found, "realm", "description", faults, ""), "")
    block = found["authentication"][0] if "authentication" in found else None
    more = _authentication(block, faults) if block else {}
    realm = RealmConfig(name=name, description=" ".join(description.split()), line=node.line, **more)
    return realm, found["name"][0] if "name" in found else None


def _authentication(node: Node, faults: Faults) -> dict[str, Any]:
    found = parts(node, faults)

    def one(name: str, default: Any) -> Any:
        return _known(leaf(found, "authentication", name, faults, default), default)

    def many(name: str) -> tuple[str, ...]:
        reader = entries("authentication")[name].read or str
        values = [faults.read(each, reader) for each in found.get(name, ())]
        return tuple(dict.fromkeys(value for value in values if value is not UNREAD))

    scheme, mode = one("http-challenge-scheme", ""), one("authorization-mode", "challenge")
    if scheme == "Application Negotiate":
        faults.warn(
            found["http-challenge-scheme"][0],
            f"{scheme} was given up by the original; Negotiate works in browsers and in its clients",
        )
    if mode == "validate":
        faults.at(
            found["authorization-mode"][0],
            "'validate': what it meant is written nowhere; write challenge, or recycle for a session cookie",
        )
    chain = found["login-modules"][0] if "login-modules" in found else None
    nodes = parts(chain, faults).get("login-module", []) if chain else []
    if chain and not nodes:
        faults.at(chain, "<login-module> is missing in it")
    modules = [read_declared(each, MODULES, faults) for each in nodes]
    return {
        "scheme": scheme,
        "headers": many("http-header"),
        "parameters": many("http-query-parameter"),
        "cookies": many("http-cookie"),
        "mode": mode,
        "session_timeout": one("session-timeout", 0.0),
        "authorization_timeout": one("authorization-timeout", 0.0),
        "modules": tuple(each or _FAULTY for each in modules),
    }


def _known(value: Any, default: Any) -> Any:
    return default if value is UNREAD else value
