# -*- test-case-name: tests.config.test_security -*-
"""<security>: stores are read; realms are checked to their leaves and refused."""

from __future__ import annotations

from kaazing.config.faults import Faults, Node, quoted
from kaazing.config.model import Keystore
from kaazing.config.stores import Files
from kaazing.config.structure import parts


def read_security(
    node: Node | None, files: Files, faults: Faults
) -> tuple[Keystore | None, Keystore | None, dict[str, int]]:
    """Return keystore, truststore, and the names of the realms with their lines."""
    found = parts(node, faults) if node else {}
    stores = [files.store(found[name][0]) if name in found else None for name in _STORES]
    realms: dict[str, int] = {}
    for realm in found.get("realm", ()):
        for name in [child for child in realm.children if child.name == "name" and child.value]:
            assert name.value is not None
            if name.value in realms:
                faults.at(name, f"{quoted(name)}a realm of this name stands at line {realms[name.value]}")
            realms.setdefault(name.value, realm.line)
    return stores[0], stores[1], realms


def check_realm_name(node: Node, realms: dict[str, int], faults: Faults) -> None:
    """Note that a <realm-name> names no realm."""
    if node.value and node.value not in realms:
        near = "" if node.replaced else faults.near(node.value, realms)
        faults.at(node, f"{quoted(node)}no realm has this name{near}")


def check_roles(constraints: list[Node], faults: Faults) -> None:
    """Note that a role C{*}, anybody logged in, stands beside others, or that a constraint says nothing."""
    roles = [role for each in constraints for role in each.children if role.name == "require-role"]
    for role in roles:
        if role.value == "*" and len(roles) > 1:
            faults.at(role, "* stands for anybody logged in, and no other role may stand beside it")
    for constraint in constraints:
        if not constraint.children:
            faults.at(constraint, "<require-role> or <require-valid-user> is missing in it")


_STORES = ("keystore", "truststore")
