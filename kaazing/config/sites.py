# -*- test-case-name: tests.config.test_sites -*-
"""<cross-site-constraint>: which web sites may use a service, and how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kaazing.config.faults import UNREAD, Faults, Node, quoted
from kaazing.config.model import CrossSite
from kaazing.config.structure import leaf, parts
from kaazing.config.uris import origin

METHODS = ("GET", "POST")  # where nothing is said

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 section 5.6.2


def read_cross_site(nodes: Sequence[Node], faults: Faults) -> tuple[CrossSite, ...]:
    """Return the constraints of a service; C{*} must be the only one, and no origin may stand twice."""
    constraints = []
    lines: dict[str, int] = {}
    for node in nodes:
        constraint = _one(node, faults)
        if constraint is None:
            continue
        if constraint.origin in lines:
            faults.at(node, f"the same origin stands at line {lines[constraint.origin]}")
        lines.setdefault(constraint.origin, node.line)
        constraints.append(constraint)
    if "*" in lines and len(nodes) > 1:
        faults.add(
            lines["*"],
            "<cross-site-constraint>: * is every site, and no other constraint may stand beside it",
        )
    return tuple(constraints)


def _one(node: Node, faults: Faults) -> CrossSite | None:
    found = parts(node, faults)
    allowed: Any = faults.read(found["allow-origin"][0], origin) if "allow-origin" in found else UNREAD
    methods = _tokens(found, node.name, "allow-methods", METHODS, faults)
    headers = _tokens(found, node.name, "allow-headers", (), faults)
    exposed = _tokens(found, node.name, "expose-headers", (), faults)
    age = leaf(found, node.name, "maximum-age", faults)
    if allowed is UNREAD or methods is None or headers is None or exposed is None or age is UNREAD:
        return None
    return CrossSite(
        origin=allowed,
        methods=methods,
        headers=tuple(name.lower() for name in headers),
        exposed=exposed,
        maximum_age=age,
    )


def _tokens(
    found: dict[str, list[Node]], place: str, name: str, default: tuple[str, ...], faults: Faults
) -> tuple[str, ...] | None:
    names = leaf(found, place, name, faults, default)
    if names is UNREAD:
        return None
    if not all(_TOKEN.fullmatch(each) for each in names):
        node = found[name][0]
        faults.at(node, f"{quoted(node)}expected names with commas in between")
        return None
    return tuple(names)
