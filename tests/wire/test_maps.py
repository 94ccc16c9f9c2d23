"""Tests for L{kaazing.wire.maps}."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.maps import MAX_ENTRIES, MAX_MAP, entries, flat

VALUES = (
    st.text()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)


def xstream(found: dict[str, Any]) -> bytes:
    """Return a map as ActiveMQ writes it."""
    written = [_entry(name, value) for name, value in found.items()]
    return json.dumps({"map": {"entry": written} if written else ""}).encode()


def _entry(name: str, value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"string": name, "boolean": value}
        case int():
            return {"string": name, "int" if -(2**31) <= value < 2**31 else "long": value}
        case float():
            return {"string": name, "double": value}
        case None:
            return {"string": name, "null": ""}
    return {"string": [name, value]}


class FlatTests(SynchronousTestCase):
    """Bodies that clients and brokers call maps."""

    def test_flat(self) -> None:
        """
        A flat object passes as it was written.
        """
        for body in (b"{}", b' { "a":1, "b" : "x", "c":1.50, "d":true, "e":null } ', '{"ä":"ö"}'.encode()):
            self.assertEqual(flat(body), body)

    def test_xstream(self) -> None:
        """
        What ActiveMQ writes: entries in a list, or one without; types by name; strings that look like numbers
        written as such.
        """
        for body, found in (
            (
                {"entry": [{"string": ["city", "Rome"]}, {"string": ["zip", 184]}]},
                {"city": "Rome", "zip": "184"},
            ),
            ({"entry": {"string": "age", "int": 7}}, {"age": 7}),
            ("", {}),
            ({"entry": [{"string": "a", "long": "12"}, {"string": "b", "double": 1}]}, {"a": 12, "b": 1.0}),
            (
                {"entry": [{"string": "c", "boolean": "true"}, {"string": "d", "null": ""}]},
                {"c": True, "d": None},
            ),
            ({"entry": [{"string": ["t", True]}, {"string": 5, "char": "x"}]}, {"t": "true", "5": "x"}),
        ):
            self.assertEqual(json.loads(flat(json.dumps({"map": body}).encode())), found)

    def test_refused(self) -> None:
        """
        What is no map is refused with a sentence.
        """
        for body, why in (
            (b"", "a map is no JSON: Expecting value: line 1 column 1 (char 0)"),
            (b"\xff", "a map is not UTF-8: byte 0"),
            (b"[]", "a map is no JSON object"),
            (b'{"a":[]}', "entry 'a' of a map is no string, number, boolean or null"),
            (b'{"a":1,"a":2}', "a map has two entries of one name"),
            (b'{"":1}', "an entry of a map has no name"),
            (b'{"a":NaN}', "a map contains NaN, which is no number of JSON"),
            (b'{"a":1e999}', "entry 'a' of a map is no finite number"),
            (b'{"a":9223372036854775808}', "entry 'a' of a map is no number of 64 bits"),
            (b'{"map":{"a":1}}', 'a map of a map is none; "map" may have "entry" only'),
            (b'{"map":{"entry":[{"string":"a"}]}}', "an entry of a map has no name and value"),
            (b'{"map":{"entry":[{"int":1}]}}', "an entry of a map has no name and value"),
            (
                b'{"map":{"entry":{"string":"a","byte-array":"AA"}}}',
                "an entry of a map is of type 'byte-array', which is none of a map's",
            ),
            (b" " * (MAX_MAP + 1), f"a map has more than {MAX_MAP} bytes"),
            (
                json.dumps(dict.fromkeys(map(str, range(MAX_ENTRIES + 1)), 1)).encode(),
                f"a map has more than {MAX_ENTRIES} entries",
            ),
        ):
            self.assertEqual(str(self.assertRaises(ValueError, flat, body)), why)

    def test_deep(self) -> None:
        """
        Depth and length of numbers end in a sentence, not in the end of the stack.
        """
        for body in (b"[" * 500_000, b'{"a":' * 100_000, b'{"a":' + b"1" * 900_000 + b"}"):
            self.assertTrue(str(self.assertRaises(ValueError, flat, body)))

    @given(st.dictionaries(st.text(min_size=1).filter(lambda name: name != "map"), VALUES))
    def test_there_and_back(self, found: dict[str, str | int | float | bool | None]) -> None:
        """
        A map is the same in ActiveMQ's form of it.
        """
        self.assertEqual(entries(flat(json.dumps(found).encode())), found)
        self.assertEqual(entries(flat(xstream(found))), found)

    @given(
        st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(st.text("map entrysing"), inner))
    )
    def test_anything(self, value: object) -> None:
        """
        Of any JSON: a flat object, or a sentence.
        """
        for each in (value, {"map": {"entry": value}}):
            try:
                found = entries(flat(json.dumps(each).encode()))
            except ValueError as why:
                self.assertTrue(str(why))
            else:
                self.assertTrue(all(not isinstance(value, list | dict) for value in found.values()))
