"""Conditional requests and ranges."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.wire.conditions import FIELDS, byte_range, http_date, precondition

TAG = '"a-1"'
DATE = 784111777
NOW, BEFORE, AFTER = (
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:36 GMT",
    "Sun, 06 Nov 1994 08:49:38 GMT",
)


class PreconditionTests(SynchronousTestCase):
    def test_each(self) -> None:
        """
        Each condition alone: sent (None), not modified (304), or no longer what the client has (412).
        """
        for name, value, expected in (
            ("if-none-match", TAG, 304),
            ("if-none-match", "W/" + TAG, 304),
            ("if-none-match", f'"b", {TAG}', 304),
            ("if-none-match", f'"b,c",W/{TAG}', 304),
            ("if-none-match", "*", 304),
            ("if-none-match", '"b"', None),
            ("if-none-match", "a-1", None),
            ("if-none-match", "", None),
            ("if-modified-since", NOW, 304),
            ("if-modified-since", AFTER, 304),
            ("if-modified-since", BEFORE, None),
            ("if-modified-since", "yesterday", None),
            ("if-match", TAG, None),
            ("if-match", f'"b", {TAG}', None),
            ("if-match", "*", None),
            ("if-match", '"b"', 412),
            ("if-match", "W/" + TAG, 412),
            ("if-unmodified-since", NOW, None),
            ("if-unmodified-since", AFTER, None),
            ("if-unmodified-since", BEFORE, 412),
            ("if-unmodified-since", "0", None),
        ):
            self.assertEqual(precondition({name: value}, TAG, DATE), expected, (name, value))
        self.assertIsNone(precondition({}, TAG, DATE))

    def test_precedence(self) -> None:
        """
        Tags go before dates, and a wrong If-Match before everything (RFC 9110 section 13.2.2).
        """
        for fields, expected in (
            ({"if-none-match": '"b"', "if-modified-since": NOW}, None),
            ({"if-match": TAG, "if-unmodified-since": BEFORE}, None),
            ({"if-match": '"b"', "if-none-match": TAG}, 412),
            ({"if-match": TAG, "if-none-match": TAG}, 304),
            ({"if-unmodified-since": BEFORE, "if-modified-since": NOW}, 412),
        ):
            self.assertEqual(precondition(fields, TAG, DATE), expected, fields)


class RangeTests(SynchronousTestCase):
    def test_each(self) -> None:
        """
        The first byte and the number of bytes, of ten; None for all of them.
        """
        for value, expected in (
            ("bytes=0-3", (0, 4)),
            ("bytes=4-", (4, 6)),
            ("bytes=4-100", (4, 6)),
            ("bytes=9-9", (9, 1)),
            ("bytes=-3", (7, 3)),
            ("bytes=-100", (0, 10)),
            ("bytes= 1-2 ", (1, 2)),
            ("bytes=5-4", None),
            ("bytes=-", None),
            ("bytes=1", None),
            ("bytes=a-b", None),
            ("bytes=0-1,4-5", None),
            ("lines=0-3", None),
            ("bytes=0-" + "9" * 19, None),
        ):
            self.assertEqual(byte_range({"range": value}, TAG, DATE, 10), expected, value)
        self.assertIsNone(byte_range({}, TAG, DATE, 10))

    def test_behind_the_end(self) -> None:
        """
        A range that begins behind the end is refused with the size there is.
        """
        for value, size in (("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0)):
            why = self.assertRaises(BadRequest, byte_range, {"range": value}, TAG, DATE, size)
            self.assertEqual(str(why), "416: range that begins behind the end (RFC 9110 section 15.5.17)")
            self.assertEqual(why.headers, [(b"Content-Range", b"bytes */%d" % size)])

    def test_if_range(self) -> None:
        """
        A part is sent only of what the client has the rest of; otherwise all is.
        """
        for value, expected in (
            (TAG, (0, 4)),
            (NOW, (0, 4)),
            ("W/" + TAG, None),
            ('"b"', None),
            (BEFORE, None),
            (AFTER, None),
            ("", None),
        ):
            fields = {"range": "bytes=0-3", "if-range": value}
            self.assertEqual(byte_range(fields, TAG, DATE, 10), expected, value)


class DateTests(SynchronousTestCase):
    def test_forms(self) -> None:
        """
        All three forms of a date are read (RFC 9110 section 5.6.7).
        """
        for value in (NOW, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"):
            self.assertEqual(http_date(value), DATE, value)
        self.assertIsNone(http_date(None))

    @given(
        st.dictionaries(st.sampled_from(FIELDS), st.text() | st.sampled_from([TAG, NOW, "bytes=1-2"])),
        st.integers(0, 20),
    )
    def test_any_fields(self, fields: dict[str, str], size: int) -> None:
        """
        Whatever the fields say, what is sent lies within the file.
        """
        self.assertIn(precondition(fields, TAG, DATE), (None, 304, 412))
        try:
            part = byte_range(fields, TAG, DATE, size)
        except BadRequest as why:
            self.assertEqual(why.status, 416)
        else:
            first, count = part or (0, size)
            self.assertTrue(0 <= first <= first + count <= size)
