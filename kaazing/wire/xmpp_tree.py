# -*- test-case-name: tests.wire.test_xmpp_tree -*-
"""A whole element as a tree that knows where each part stands in its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat


@dataclass(slots=True)
class Node:
    """An element.

    Attributes:
        name: expanded, see kaazing.wire.xmpp.
        attributes: by expanded name, namespace declarations left out.
        children: the elements in it.
        text: all the text in it, that of its children left out.
        start, end: its bytes are C{wire[start:end]}.
    """

    name: str
    attributes: dict[str, str]
    start: int
    end: int = 0
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def child(self, name: str) -> Node | None:
        """Return the first child of that name, None where there is none."""
        return next((child for child in self.children if child.name == name), None)


def parse(wire: bytes) -> Node:
    """Return the tree of one whole element that a L{kaazing.wire.xmpp_scanner.Scanner} has let pass."""
    top: list[Node] = [Node("", {}, 0)]
    texts: list[list[str]] = [[]]
    ended: list[Node] = []  # those whose end is where the next thing stands
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = False

    def next_thing() -> None:
        while ended:
            ended.pop().end = parser.CurrentByteIndex

    def start(name: str, attributes: dict[str, str]) -> None:
        next_thing()
        node = Node(name, attributes, parser.CurrentByteIndex)
        top[-1].children.append(node)
        top.append(node)
        texts.append([])

    def end(_: str) -> None:
        next_thing()
        node = top.pop()
        node.text = "".join(texts.pop())
        ended.append(node)

    def text(data: str) -> None:
        next_thing()
        texts[-1].append(data)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    parser.StartCdataSectionHandler = next_thing
    parser.Parse(wire, True)
    found = top[0].children[0]
    found.end = len(wire)
    return found
