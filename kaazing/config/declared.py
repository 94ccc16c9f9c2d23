# -*- test-case-name: tests.config.test_declared -*-
"""<login-module> and <store>: a type that a plugin declares, and the options that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kaazing import plugins
from kaazing.config.fates import Entry, Fate
from kaazing.config.faults import Faults, Node, quoted, shown
from kaazing.config.model import ModuleConfig
from kaazing.config.properties import hidden, read_properties, scrubbed
from kaazing.config.structure import leaf, parts
from kaazing.errors import PluginError
from kaazing.literals import text

_JAVA = "classes of Java cannot be loaded; write a login module in Python, or ask a server by callback"
_GONE = {
    "class:": _JAVA,
    "custom": _JAVA,
    "jndi": "names are looked up by ldap; write that, or ask a server by callback",
    "kerberos5": "gss reads the keytab itself; remove this module, and name the keytab in the options of gss",
    "keystore": "it opens a key store of the gateway's; write certificate for clients that show one",
}
"""Type of the original -> what to do."""

_DEBUG = Entry(
    place="options", name="debug", fate=Fate.KEPT, note="Of the original; means nothing here.", read=str
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets login modules apart from stores.

    Attributes:
        names: returns those that are declared.
        load: returns the plugin of a name.
        gone: types of the original that are none here, each with a sentence.
        without_use: options of the original that are taken without a word.
    """

    names: Callable[[], list[str]]
    load: Callable[[str], Any]
    gone: Mapping[str, str]
    without_use: Mapping[str, Entry]


MODULES = Kind(
    lambda: plugins.login_modules(), lambda name: plugins.login_module(name), _GONE, {"debug": _DEBUG}
)
STORES = Kind(lambda: plugins.stores(), lambda name: plugins.store(name), {}, {})


def read_declared(node: Node, kind: Kind, faults: Faults) -> ModuleConfig | None:
    """Return one login module or store, None after noting what is wrong with it."""
    before = faults.count
    found = parts(node, faults)
    success = leaf(found, node.name, "success", faults, "") if node.name == "login-module" else ""
    made = _load(found["type"][0], kind, faults) if "type" in found else None
    values = _options(node, found.get("options", []), made, kind, faults) if made else {}
    if made is None or faults.count > before:
        return None
    nodes = [option for block in found.get("options", ()) for option in block.children]
    never = hidden(node, nodes, made.options)
    return ModuleConfig(type=made.name, success=success, options=values, line=node.line, hidden=never)


def _load(node: Node, kind: Kind, faults: Faults) -> Any:
    name = node.value
    if not name:
        faults.read(node, text)
        return None
    try:
        known = kind.names()
        if name in known:
            return kind.load(name)
    except PluginError as why:
        faults.at(node, f"{quoted(node)}{why}")
        return None
    gone = kind.gone.get("class:" if name.startswith("class:") else name)
    if gone:
        faults.at(node, f"{quoted(node)}{gone}")
        return None
    near = "" if node.replaced else faults.near(name, known)
    there = f"; there are: {', '.join(known)}" if known else ""
    faults.at(node, f"unknown type {shown(node.written)!r}{near or there}")
    return None


def _options(owner: Node, blocks: Sequence[Node], made: Any, kind: Kind, faults: Faults) -> dict[str, Any]:
    """Return the options, and have the type look at the whole where each is good for itself."""
    block = blocks[0] if blocks else None
    if block and block.written:
        faults.at(block, "text stands where only elements may stand")
    before = faults.count
    nodes = block.children if block else ()
    values = read_properties(nodes, made.options, block or owner, faults, kind.without_use)
    if faults.count == before:
        for sentence in _complaints(made, values):
            place = _meant(sentence, nodes, owner)
            told = sentence.removeprefix(f"<{place.name}>: ").removeprefix(f"{place.name}: ")  # it says where
            faults.at(place, scrubbed(told, owner, nodes, made.options))
    return values


def _complaints(made: Any, values: Mapping[str, Any]) -> Iterable[str]:
    found: Iterable[str] = made.check(values)
    return found


def _meant(sentence: str, nodes: Sequence[Node], owner: Node) -> Node:
    """Return the option whose name a sentence begins with, else the module."""
    word = sentence.split(maxsplit=1)[0].strip("<>:,'\"") if sentence.split() else ""
    return next((node for node in nodes if node.name == word), owner)
