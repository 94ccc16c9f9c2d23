# -*- test-case-name: tests.wire.test_maps -*-
"""Bodies of map messages: the text of a flat JSON object, and what ActiveMQ says instead (jms-map-json).

ActiveMQ writes what XStream makes of a Java map: an entry has its name and its value under the names of their
types, C{{"map": {"entry": [{"string": ["city", "Rome"]}, {"string": "age", "int": 7}]}}}.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["MAX_ENTRIES", "MAX_MAP", "entries", "flat"]

MAX_MAP = 1024 * 1024
"""Bytes of a map that is read."""
MAX_ENTRIES = 10_000

Value = str | int | float | bool | None

_LONG = 2**63
_NUMBERS: dict[str, type[int] | type[float]] = {"int": int, "long": int, "short": int, "byte": int}
_NUMBERS |= {"float": float, "double": float}


def flat(body: bytes) -> bytes:
    """Return a map as the text of a flat JSON object: as it came, or made of what XStream writes, whose empty
    map is C{{"map": ""}}.

    Raises:
        ValueError: it is none; a sentence.
    """
    if len(body) > MAX_MAP:
        raise ValueError(f"a map has more than {MAX_MAP} bytes")
    try:
        read = json.loads(body.decode(), object_pairs_hook=_single, parse_constant=_no_number)
    except RecursionError as why:
        raise ValueError(f"a map is no flat JSON object: {why}") from why
    except UnicodeDecodeError as why:
        raise ValueError(f"a map is not UTF-8: byte {why.start}") from why
    except json.JSONDecodeError as why:
        raise ValueError(f"a map is no JSON: {why}") from why
    if not isinstance(read, dict):
        raise ValueError("a map is no JSON object")
    if list(read) == ["map"] and (read["map"] == "" or not isinstance(read["map"], Value)):
        found = dict(_entries(read["map"] or {"entry": []}))
        body = json.dumps(_checked(found), ensure_ascii=False).encode()
    else:
        _checked(read)
    return body


def entries(body: bytes) -> dict[str, Value]:
    """Return what is in a map that L{flat} has made."""
    read: dict[str, Value] = json.loads(body)
    return read


def _entries(read: Any) -> Iterator[tuple[str, Value]]:
    """Yield the entries of XStream's form; one alone stands without its list."""
    if not isinstance(read, dict) or list(read) != ["entry"]:
        raise ValueError('a map of a map is none; "map" may have "entry" only')
    found = read["entry"]
    for entry in found if isinstance(found, list) else [found]:
        yield _read_entry(entry)


def _read_entry(entry: Any) -> tuple[str, Value]:
    if isinstance(entry, dict) and (name := entry.get("string")) is not None:
        if isinstance(name, list) and len(entry) == 1 and len(name) == 2:
            key, value = name
            if not isinstance(key, list | dict) and not isinstance(value, list | dict):
                return _written(key), _written(value)
        elif len(entry) == 2 and not isinstance(name, list | dict):
            kind = next(each for each in entry if each != "string")
            return _written(name), _value(kind, entry[kind])
    raise ValueError("an entry of a map has no name and value")


def _written(value: Value) -> str:
    """Return the text of a string that XStream has taken for a number or a boolean."""
    return value if isinstance(value, str) else json.dumps(value)


def _value(kind: str, value: Any) -> Value:
    if kind == "null":
        return None
    if not isinstance(value, list | dict):
        if kind == "boolean":
            return _written(value) == "true"
        if kind == "char":
            return _written(value)
        if kind in _NUMBERS:
            return _NUMBERS[kind](_written(value))
    raise ValueError(f"an entry of a map is of type {kind[:40]!a}, which is none of a map's")


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    if len(found) > MAX_ENTRIES:
        raise ValueError(f"a map has more than {MAX_ENTRIES} entries")
    for name, value in found.items():
        what = f"entry {name[:40]!a} of a map"
        if not name:
            raise ValueError("an entry of a map has no name")
        if not isinstance(value, Value):
            raise ValueError(f"{what} is no string, number, boolean or null")
        if isinstance(value, int) and not -_LONG <= value < _LONG:
            raise ValueError(f"{what} is no number of 64 bits")
        if isinstance(value, float) and value - value != 0:
            raise ValueError(f"{what} is no finite number")
    return found


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a map has two entries of one name")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"a map contains {text}, which is no number of JSON")
