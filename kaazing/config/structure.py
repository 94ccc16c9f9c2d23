# -*- test-case-name: tests.config.test_structure -*-
"""Takes an element's children apart by the table of kaazing.config.original, and obeys their fates."""

from __future__ import annotations

from typing import Any

from kaazing.config.elements import PLACES
from kaazing.config.fates import Entry, Fate
from kaazing.config.faults import UNREAD, Faults, Node
from kaazing.config.original import entries

ELSEWHERE = frozenset(
    (
        ("service", "properties"),
        ("login-module", "options"),
        ("store", "options"),
        ("cluster", "connect-options"),
    )
)
"""(place, name) of the elements whose children are not in the table: they have names of their own."""


def parts(node: Node, faults: Faults, *, refused: bool = False) -> dict[str, list[Node]]:
    """Return an element's known children by name.

    Unknown, repeated and missing ones are noted. What is not kept is noted too, and read to its
    leaves, so that all that is wrong in it is known.

    Args:
        node: the element; its name is the place looked up.
        faults: takes the notes.
        refused: an outer element is refused or warned of already, so that children need no word.
    """
    known = entries(node.name)
    if node.written and not node.children:
        faults.at(node, "text stands where only elements may stand")
    found: dict[str, list[Node]] = {}
    for child in node.children:
        entry = known.get(child.name)
        if entry is None:
            what = f"unknown in <{node.tag}>{faults.near(child.name, known)}"
            faults.at(child, what)
            continue
        same = found.setdefault(child.name, [])
        same.append(child)
        if len(same) > 1 and not entry.many:
            faults.at(child, f"stands in <{node.tag}> already, at line {same[0].line}")
        _obey(node, child, entry, faults, refused)
    for name, entry in known.items():
        if entry.needed and name not in found:
            faults.at(node, f"<{name}> is missing in it")
    return found


def leaf(found: dict[str, list[Node]], place: str, name: str, faults: Faults, default: Any = None) -> Any:
    """Return the value of a kept child with text; C{default} when missing, UNREAD when wrong."""
    if name not in found:
        return default
    reader = entries(place)[name].read
    assert reader is not None, f"{place}/{name} has no text"
    return faults.read(found[name][0], reader)


def flag(node: Node, entry: Entry, value: Any, faults: Faults) -> None:
    """Give the error or the warning that an entry's fate asks for; none for a value that changes nothing."""
    if value is not UNREAD and value in entry.quiet:
        return
    if entry.fate is Fate.REFUSED:
        faults.at(node, clause(entry.note))
    elif entry.fate is Fate.WARNED:
        faults.warn(node, f"has no effect. {entry.note}")


def clause(note: str) -> str:
    """Return a note as it stands behind a colon: no full stop, no capital but an acronym's."""
    return (note[0].lower() + note[1:] if note[1:2].islower() else note).rstrip(".")


def _obey(parent: Node, node: Node, entry: Entry, faults: Faults, refused: bool) -> None:
    if entry.fate is Fate.KEPT and not refused:
        return
    if not refused:
        flag(node, entry, UNREAD, faults)
    if entry.read is not None:
        faults.read(node, entry.read)
    elif node.name in PLACES and (parent.name, node.name) not in ELSEWHERE:
        parts(node, faults, refused=True)
