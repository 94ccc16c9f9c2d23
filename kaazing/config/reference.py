# -*- test-case-name: tests.config.test_reference -*-
"""Makes the tables of docs/configuration.md and docs/migrating-from-kaazing.md from the declarations.

C{python -m kaazing.config.reference FILE...} puts them in anew, between the marks
C{<!-- table: NAME -->} and C{<!-- end -->}; all the rest of a page is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from kaazing import plugins
from kaazing.config.elements import ELEMENTS
from kaazing.config.fates import Entry, Fate
from kaazing.config.mime import BUILT_IN
from kaazing.config.original import NAMESPACES, PROPERTIES, TYPES
from kaazing.config.sides import ACCEPT_OPTIONS, CONNECT_OPTIONS
from kaazing.options import Option

_MARK = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refresh(page: str) -> str:
    """Return a page with all its tables made anew.

    Raises:
        KeyError: a mark names no table.
    """
    return _MARK.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", page)


def main(paths: Sequence[str]) -> None:
    """Refresh the files."""
    for path in map(Path, paths):
        path.write_text(refresh(path.read_text(encoding="utf-8")), encoding="utf-8")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(each) for each in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _namespaces() -> str:
    return _table(["version", "namespace"], [[short, f"`{name}`"] for name, short in NAMESPACES.items()])


def _elements() -> str:
    kept = [entry for entry in ELEMENTS if entry.fate is Fate.KEPT]
    rows = [[f"`{e.place}`", f"`{e.name}`", _count(e), e.note, e.default] for e in kept]
    return _table(["in", "element", "how often", "what it is", "default"], rows)


def _count(entry: Entry) -> str:
    if entry.many:
        return "any"
    return "once" if entry.needed else "once or not"


def _options(entries: Iterable[Entry]) -> Callable[[], str]:
    kept = [entry for entry in entries if entry.fate is Fate.KEPT]
    return lambda: _table(
        ["option", "default", "what it does"],
        [[f"`{each.name}`", each.default or "none", each.note] for each in kept],
    )


def _mime_types() -> str:
    return ", ".join(f"`{extension}`" for extension in sorted(BUILT_IN)) + "\n"


def _types() -> str:
    return "\n".join(_type(plugins.service_type(name)) for name in plugins.service_types())


def _type(made: Any) -> str:
    """Return the section of one service type."""
    connect = f"; a connect ({_schemes(made.connects)})" if made.connects else ""
    need = " must stand" if made.connect_required else " may stand" if made.connects else ""
    takes = f"Accepts: {_schemes(made.accepts) or 'none'}{connect}{need}."
    files = " `<mime-mapping>` may stand." if made.mime_mappings else ""
    rows = list(_rows(made.options, ""))
    table = _table(["property", "default", "what it does"], rows) if rows else "No properties.\n"
    return f"### {made.name}\n\n{made.doc}\n\n{takes}{files}\n\n{table}"


def _login_modules() -> str:
    return "\n".join(_declared(plugins.login_module(name)) for name in plugins.login_modules())


def _stores() -> str:
    return "\n".join(_declared(plugins.store(name)) for name in plugins.stores())


def _brokers() -> str:
    return "\n".join(_broker(plugins.broker(name)) for name in plugins.brokers())


def _broker(made: Any) -> str:
    """Return the section of one sort of broker."""
    schemes = ", ".join(f"`{each}`{f' ({port})' if port else ''}" for each, port in made.schemes.items())
    rows = list(_rows(made.options, ""))
    table = _table(["property", "default", "what it does"], rows) if rows else "No properties of its own.\n"
    return f"#### {made.name}\n\n{made.doc}\n\nSchemes and their ports: {schemes}.\n\n{table}"


def _declared(made: Any) -> str:
    """Return the section of one type of login module or store."""
    rows = list(_rows(made.options, ""))
    table = _table(["option", "default", "what it does"], rows) if rows else "No options.\n"
    return f"#### {made.name}\n\n{made.doc}\n\n{table}"


def _schemes(schemes: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(schemes))


def _rows(options: Iterable[Option], within: str) -> Iterable[list[str]]:
    for option in options:
        name = f"{within}{option.name}"
        marks = [word for word, holds in (("repeated", option.repeated), ("secret", option.secret)) if holds]
        default = "**required**" if option.required else _shown(option.default)
        said = f" ({', '.join(marks)})" if marks else ""
        yield [f"`{name}`{said}", default, option.doc]
        yield from _rows(option.children, f"{name}/")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "enabled" if value else "disabled"
    if value is None or value in ((), frozenset(), "", {}):
        return "none"
    if isinstance(value, tuple | frozenset):
        words = value if isinstance(value, tuple) else sorted(each for each in value if each)
        return ", ".join(str(each) for each in words) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fates(entries: Iterable[Entry], *, places: bool = True) -> Callable[[], str]:
    entries = [entry for entry in entries if not entry.ours]
    head = [*(["in"] if places else []), "name", "fate", "what it is, or why not"]
    return lambda: _table(head, [[*([f"`{e.place}`"] if places else []), *_fate(e)] for e in entries])


def _fate(entry: Entry) -> list[str]:
    quiet = ", ".join(f"`{_shown(value)}`" for value in entry.quiet)
    silent = f" ({quiet} is taken without a word.)" if quiet else ""
    return [f"`{entry.name}`", entry.fate.value, entry.note + silent]


TABLES: dict[str, Callable[[], str]] = {
    "namespaces": _namespaces,
    "elements": _elements,
    "accept-options": _options(ACCEPT_OPTIONS),
    "connect-options": _options(CONNECT_OPTIONS),
    "mime-types": _mime_types,
    "types": _types,
    "login-modules": _login_modules,
    "stores": _stores,
    "brokers": _brokers,
    "fates-of-elements": _fates(ELEMENTS),
    "fates-of-options": _fates((*ACCEPT_OPTIONS, *CONNECT_OPTIONS)),
    "fates-of-types": _fates(TYPES, places=False),
    "fates-of-properties": _fates(PROPERTIES),
}
"""Name of a mark -> what makes its table."""


if __name__ == "__main__":
    main(sys.argv[1:])
