# -*- test-case-name: tests.config.test_document -*-
"""A file's bytes -> a tree of L{Node}, safely: no DTD, no entity, no network, a bounded size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn

from lxml import etree

from kaazing.config.faults import Faults, Node, shown
from kaazing.config.original import NAMESPACES, today
from kaazing.config.substitution import Substitution, Unreplaceable
from kaazing.errors import ConfigError, ConfigErrors

LIMIT = 8 * 1024 * 1024  # bytes of a file

_NOT_PROPERTY_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_PLACE = re.compile(r", line \d+, column \d+$|, (?:use|try) XML_PARSE_HUGE.*$")
_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def load(path: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        ConfigErrors: it is missing, a folder, not readable, or longer than L{LIMIT}.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(LIMIT + 1)
    except FileNotFoundError:
        _fail(path, "there is no such file")
    except IsADirectoryError:
        _fail(path, "is a folder; name the file in it")
    except (OSError, ValueError) as why:  # ValueError: a NUL in the name
        _fail(path, f"cannot be read: {getattr(why, 'strerror', None) or 'no name of a file'}")
    if len(data) > LIMIT:
        _fail(path, f"has more than {LIMIT // 1024 // 1024} MiB, which no configuration needs")
    return data


def parse(data: bytes, file: str) -> etree._Element:
    """Return the root element of an XML document without DOCTYPE.

    Raises:
        ConfigErrors: it is not well-formed, not in the encoding it claims, or has a DOCTYPE.
    """
    if not data.strip():
        _fail(file, "is empty; expected <gateway-config>")
    try:
        _refuse_doctype(data, file)
        return etree.fromstring(data, etree.XMLParser(**_SAFE, remove_comments=True, remove_pis=True))
    except etree.XMLSyntaxError as why:
        if b"\0" in data[:1024] and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
            _fail(file, "is not a text file; expected XML")
        what = _PLACE.sub("", _PLACE.sub("", str(why.msg or "cannot be read")))
        _fail(file, f"not well-formed XML: {_printable(what)}", line=why.lineno or 1)
    except (ValueError, LookupError, UnicodeError):
        _fail(file, "not well-formed XML: an encoding or a name that XML does not allow", line=1)


def tree(root: etree._Element, substitution: Substitution, faults: Faults) -> Node:
    """Return the elements under their names of today, every ${...} replaced.

    Raises:
        ConfigErrors: the root is not <gateway-config> in one of the namespaces known.
    """
    name = etree.QName(root)
    version = NAMESPACES.get(name.namespace or "")
    if name.localname != "gateway-config":
        _fail(faults.file, f"expected <gateway-config> and found <{shown(name.localname)}>", line=_line(root))
    if version is None:
        known = ", ".join(NAMESPACES)
        said = f"unknown namespace {shown(name.namespace)!r}" if name.namespace else "no namespace"
        _fail(faults.file, f"<gateway-config>: {said}; expected one of {known}", line=_line(root))
    return _Builder(name.namespace or "", version, substitution, faults).build(root)


class _Doctype(Exception):
    """There is one."""


class _RootReached(Exception):
    """There is none, because it would have come before the root element."""


class _Prolog:
    """Target of a parser that looks no further than the root's start tag."""

    def doctype(self, *_: Any) -> NoReturn:
        raise _Doctype

    def start(self, *_: Any) -> NoReturn:
        raise _RootReached

    def end(self, *_: Any) -> None: ...

    def data(self, *_: Any) -> None: ...

    def comment(self, *_: Any) -> None: ...

    def pi(self, *_: Any) -> None: ...

    def close(self) -> None: ...


def _refuse_doctype(data: bytes, file: str) -> None:
    """Look before parsing, because entities in attributes would be expanded whatever the parser is told."""
    try:
        etree.fromstring(data, etree.XMLParser(target=_Prolog(), **_SAFE))
    except _RootReached:
        return
    except _Doctype:
        plain = _COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n"), data.replace(b"\0", b""))
        line = plain.count(b"\n", 0, plain.find(b"<!DOCTYPE")) + 1
        _fail(file, "a DOCTYPE is not allowed; remove it", line=line)


class _Builder:
    def __init__(self, namespace: str, version: str, substitution: Substitution, faults: Faults) -> None:
        self._namespace, self._version = namespace, version
        self._substitution, self._faults = substitution, faults

    def build(self, root: etree._Element) -> Node:
        """Take the definitions first, because they may stand behind their uses."""
        for definition in root.iterfind(f"{{{self._namespace}}}properties/{{{self._namespace}}}property"):
            self._define(definition)
        return self._node(root)

    def _define(self, definition: etree._Element) -> None:
        name = (definition.findtext(f"{{{self._namespace}}}name") or "").strip()
        value = definition.findtext(f"{{{self._namespace}}}value") or ""
        if _NOT_PROPERTY_NAME.search(name):
            self._faults.add(
                _line(definition), f"<property>: {shown(name)!r}: expected letters, digits, ., _ and -"
            )
        if not self._substitution.define(name, value.strip()):
            self._faults.add(_line(definition), f"<property>: {shown(name)!r} is defined twice")

    def _node(self, element: etree._Element, defines: str = "") -> Node:
        name = etree.QName(element)
        tag = name.localname
        if name.namespace != self._namespace:
            what = f"is not in the namespace {self._namespace} of the file"
            self._faults.add(_line(element), f"<{shown(tag)}>: {what}")
        self._refuse_attributes(element, tag)
        within = self._defined_within(element, tag)
        children = tuple(self._node(child, within) for child in element)
        if children:
            self._refuse_stray_text(element, tag)
        written = "" if children else (element.text or "").strip()
        value = self._value(element, tag, written, defines if tag == "value" else "")
        return Node(today(tag, self._version), tag, _line(element), written, value, children)

    def _defined_within(self, element: etree._Element, tag: str) -> str:
        """Return the name that a <property> of the file's <properties> defines."""
        root = element.getroottree().getroot()
        grandparent = parent.getparent() if (parent := element.getparent()) is not None else None
        if tag != "property" or grandparent is not root:
            return ""
        return (element.findtext(f"{{{self._namespace}}}name") or "").strip()

    def _value(self, element: etree._Element, tag: str, written: str, defines: str) -> str | None:
        try:
            value = self._substitution.definition(defines) if defines else self._substitution.replace(written)
        except Unreplaceable as fault:
            if fault.why:
                self._faults.add(_line(element), f"<{shown(tag)}>: {fault.why}")
            return None
        return value.strip()

    def _refuse_attributes(self, element: etree._Element, tag: str) -> None:
        for attribute in element.attrib:
            if not str(attribute).startswith("{"):  # xsi:schemaLocation and the like may stand
                self._faults.add(
                    _line(element), f"<{shown(tag)}>: no attribute {shown(str(attribute))!r} is known"
                )

    def _refuse_stray_text(self, element: etree._Element, tag: str) -> None:
        for text in (element.text, *(child.tail for child in element)):
            if text and text.strip():
                self._faults.add(_line(element), f"<{shown(tag)}>: text stands between its elements")
                return


def _fail(file: str, what: str, *, line: int = 0) -> NoReturn:
    raise ConfigErrors([ConfigError(what, file=file, line=line)])


def _line(element: etree._Element) -> int:
    line: Any = element.sourceline
    return line or 0


def _printable(text: str) -> str:
    return shown("".join(each if each.isprintable() else "?" for each in text))
