# -*- test-case-name: tests.config.test_properties -*-
"""The <properties> of a service, read by the options that its type declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kaazing.config.fates import Entry
from kaazing.config.faults import UNREAD, Faults, Node, shown
from kaazing.config.model import without
from kaazing.config.structure import flag
from kaazing.options import Option


def read_properties(
    nodes: Sequence[Node],
    options: Sequence[Option],
    owner: Node,
    faults: Faults,
    without_use: Mapping[str, Entry] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the value of every option by name, defaults filled in, UNREAD for what is wrong.

    Args:
        nodes: the elements in <properties>.
        options: what the type declares.
        owner: where a missing property is noted.
        faults: takes what is wrong: unknown, repeated, missing and unreadable ones.
        without_use: properties of the original that the type does not declare; "env.*" is of all that begin
            so.
    """
    known = {option.name: option for option in options}
    found: dict[str, list[Node]] = {}
    together: dict[str, list[Node]] = {}
    for node in nodes:
        if node.name in known:
            found.setdefault(node.name, []).append(node)
        elif entry := without_use.get(node.name) or without_use.get(f"{node.name.partition('.')[0]}.*"):
            _without_use(node, entry, faults)
            if entry.together:
                together.setdefault(entry.note, []).append(node)
        else:
            faults.at(node, f"unknown in <{owner.tag}>{faults.near(node.name, known)}")
    for note, useless in together.items():
        _, *more = dict.fromkeys(each.name for each in useless)
        also = f", nor have {', '.join(more)}" if more else ""
        faults.warn(useless[0], f"has no effect{also}. {note}")
    return {option.name: _value(found.get(option.name, []), option, owner, faults) for option in options}


def scrubbed(sentence: str, owner: Node, nodes: Iterable[Node], options: Iterable[Option]) -> str:
    """Return what a plugin says of an element without what no message may contain: replaced values, as the
    file has them, and secrets.

    Args:
        owner: the element; values in it that were replaced are looked for.
        nodes: the properties or options in it.
        options: those that are declared.
    """
    return without(sentence, hidden(owner, nodes, options))


def hidden(owner: Node, nodes: Iterable[Node], options: Iterable[Option]) -> dict[str, str]:
    """Return the values that no message may contain, each with what stands for it; likewise."""
    return {**dict.fromkeys(_secrets(nodes, options), "..."), **dict(_replaced(owner))}


def _secrets(nodes: Iterable[Node], options: Iterable[Option]) -> list[str]:
    """Return the texts of secret options, those inside others too."""
    known = {option.name: option for option in options}
    found = []
    for node in nodes:
        option = known.get(node.name)
        if option is not None and option.secret and node.value:
            found.append(node.value)
        if option is not None:
            found += _secrets(node.children, option.children)
    return found


def _replaced(node: Node) -> list[tuple[str, str]]:
    """Return the values in an element that do not stand in the file, each with what stands there."""
    here = [(node.value, shown(node.written))] if node.value and node.replaced else []
    return here + [pair for child in node.children for pair in _replaced(child)]


def _without_use(node: Node, entry: Entry, faults: Faults) -> None:
    assert entry.read is not None, f"property {entry.name} has no reader"
    value = faults.read(node, entry.read)
    if not entry.together:
        flag(node, entry, value, faults)


def _value(nodes: list[Node], option: Option, owner: Node, faults: Faults) -> Any:
    if not nodes:
        if option.required:
            faults.at(owner, f"<{option.name}> is missing in it")
        return () if option.repeated and option.default is None else option.default
    if option.repeated:
        return tuple(_one(node, option, faults) for node in nodes)
    for node in nodes[1:]:
        faults.at(node, f"stands here already, at line {nodes[0].line}")
    return _one(nodes[0], option, faults)


def _one(node: Node, option: Option, faults: Faults) -> Any:
    if not option.children:
        return faults.read(node, option.read, secret=option.secret)
    before = faults.count
    if node.written:
        faults.at(node, "text stands where only elements may stand")
    inside = read_properties(node.children, option.children, node, faults)
    if faults.count > before:
        return UNREAD
    try:
        return option.read(inside)
    except ValueError as why:
        hidden = any(child.replaced for child in node.children) or any(
            each.secret for each in option.children
        )
        faults.at(node, "its parts do not go together" if hidden else str(why))
        return UNREAD
