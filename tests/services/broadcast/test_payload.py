"""Tests for L{kaazing.services.broadcast.payload}: what events say of themselves."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.services.broadcast.cutting import Lines, Objects, Opaque
from kaazing.services.broadcast.payload import LONGEST, Payload, Said, expression, pointer

DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "i\\j": 5,
    "m~n": 8,
    "deep": [{"x": True}],
    "none": None,
}


class PointerTests(SynchronousTestCase):
    def test_standard(self) -> None:
        """
        Values are found as in RFC 6901 section 5; strings as they are, numbers and truth values as
        JSON, anything else not at all.
        """
        for rule, found in (
            ("/foo/0", "bar"),
            ("/foo/1", "baz"),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/i\\j", "5"),
            ("/m~0n", "8"),
            ("/deep/0/x", "true"),
            ("/foo", None),
            ("/foo/2", None),
            ("/foo/-", None),
            ("/foo/01", None),
            ("/foo/-1", None),
            ("/none", None),
            ("/missing/x", None),
            ("/foo/0/x", None),
            ("", None),
        ):
            self.assertEqual(pointer(rule)(DOCUMENT), found, rule)
        self.assertIsNone(pointer("/a")({"a": "x" * (LONGEST + 1)}))

    def test_bad(self) -> None:
        """
        What is no pointer is refused with a sentence.
        """
        for rule in ("foo", "#/foo", "/a~2", "/a~"):
            self.assertRaisesRegex(ValueError, "expected a JSON pointer", pointer, rule)


class ExpressionTests(SynchronousTestCase):
    def test_groups(self) -> None:
        """
        The first group counts, or the whole match where there is none.
        """
        self.assertEqual(expression(r"^(\w+)=(\w+)")("ab=cd"), "ab")
        self.assertEqual(expression(r"\d+")("ab12cd34"), "12")
        self.assertIsNone(expression(r"x(y)?")("x"))
        self.assertIsNone(expression("x")("y"))
        self.assertIsNone(expression("x+")("x" * (LONGEST + 1)))
        self.assertRaisesRegex(ValueError, "expected a regular expression of Python", expression, "(")


class PayloadTests(SynchronousTestCase):
    def test_cutters(self) -> None:
        """
        Each format has its own ends of events.
        """
        for format, kind in (("opaque", Opaque), ("lines", Lines), ("json", Objects)):
            payload = Payload(format, 10, {})
            self.assertIsInstance(payload.cutter(), kind)
            self.assertIsNot(payload.cutter(), payload.cutter())

    def test_json(self) -> None:
        """
        Name, id and key are found by pointers; an id is only taken where a browser can send it back, a
        name where it is one line, and none that is too long, numbers included.
        """
        payload = Payload("json", 100, {"name": "/type", "id": "/n", "key": "/of"})
        for data, said in (
            (b'{"type":"price","n":7,"of":"ACME"}', Said("price", "7", b"ACME")),
            (b'{"type":"a b","n":"x y","of":"\xc3\xbc"}', Said("a b", "x y", "ü".encode())),
            (b'{"type":"a\\nb","n":"\\u00fc","of":""}', Said()),
            (b'{"type":"","n":" 7","of":[]}', Said()),
            (b'{"type":"\\u0000","n":"7 ","of":1.5}', Said("", "", b"1.5")),
            (b"{}", Said()),
        ):
            self.assertEqual(payload.read(data), said, data)
        payload = Payload("json", 10_000, {"name": "/type", "id": "/n"})
        long = b"9" * (LONGEST + 1)
        self.assertEqual(payload.read(b'{"type":"' + long + b'","n":' + long + b"}"), Said())
        self.assertEqual(payload.invalid, 0)

    def test_no_json(self) -> None:
        """
        What is no JSON is told apart and counted, also where Python would take it, or go too deep.
        """
        payload = Payload("json", 10, {})
        bad = (b"{", b'{"a":NaN}', b"{a:1}", b'{"\xff":1}', b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
        self.assertEqual([payload.read(data) for data in bad], [None] * len(bad))
        self.assertEqual(payload.invalid, len(bad))

    def test_lines(self) -> None:
        """
        In lines they are found by regular expressions, in what is no UTF-8 too.
        """
        payload = Payload("lines", 100, {"name": r"^(\w+):", "key": r"=(\w+)"})
        self.assertEqual(payload.read(b"price:1=ACME"), Said("price", "", b"ACME"))
        self.assertEqual(payload.read(b"\xff:=x"), Said("", "", b"x"))
        self.assertEqual(Payload("lines", 100, {}).read(b"\xff"), Said())

    def test_opaque(self) -> None:
        """
        Nothing is looked for in opaque payloads; a rule for them is an error, as is a bad one.
        """
        self.assertEqual(Payload("opaque", 10, {}).read(b"\xff"), Said())
        with self.assertRaisesRegex(ValueError, "^event.id is for the formats lines and json"):
            Payload("opaque", 10, {"id": "/x"})
        with self.assertRaisesRegex(ValueError, "^event.key: expected a JSON pointer"):
            Payload("json", 10, {"key": "x"})
