# -*- test-case-name: tests.wire.test_conditions -*-
"""Conditions and byte ranges of requests for what has an ETag and a date.  RFC 9110 sections 13, 14."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from kaazing.errors import BadRequest

FIELDS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range")
"""The header fields that are read here."""

_TAG = re.compile(r'(?:W/)?"[!#-~\x80-\xff]*"')
_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*")


def precondition(fields: Mapping[str, str], etag: str, modified: int) -> int | None:
    """Return 304 or 412 where the conditions of a GET or HEAD ask for it, None to send what was asked for.

    Args:
        fields: L{FIELDS} of the request, those that are there, by lower-case name.
        etag: the strong ETag, quotes included.
        modified: seconds since 1970.
    """
    if "if-match" in fields:
        if not _listed(etag, fields["if-match"], strong=True):
            return 412
    elif (date := http_date(fields.get("if-unmodified-since"))) is not None and modified > date:
        return 412
    if "if-none-match" in fields:
        if _listed(etag, fields["if-none-match"], strong=False):
            return 304
    elif (date := http_date(fields.get("if-modified-since"))) is not None and modified <= date:
        return 304
    return None


def byte_range(fields: Mapping[str, str], etag: str, modified: int, size: int) -> tuple[int, int] | None:
    """Return the first byte and how many are asked for, None for all.

    Several ranges, units other than bytes and what cannot be read are ignored (RFC 9110 section 14.2).

    Args:
        fields, etag, modified: as of L{precondition}.
        size: bytes there are.

    Raises:
        BadRequest: 416, the range begins behind the end.
    """
    match = _RANGE.fullmatch(fields.get("range", ""))
    if match is None or not (match[1] or match[2]) or not _still_the_same(fields, etag, modified):
        return None
    if match[1]:
        first, last = int(match[1]), int(match[2] or size - 1)
        if match[2] and last < first:
            return None
    else:
        first, last = max(0, size - int(match[2])), size - 1
    if first >= size:
        raise BadRequest(
            416,
            "range that begins behind the end",
            rule="RFC 9110 section 15.5.17",
            headers=[(b"Content-Range", b"bytes */%d" % size)],
        )
    return first, min(last, size - 1) - first + 1


def http_date(value: str | None) -> int | None:
    """Return seconds since 1970 of a date in any of the three forms, None where there is none to read."""
    if not value:
        return None
    try:
        return int(parsedate_to_datetime(value).replace(tzinfo=UTC).timestamp())  # RFC 9110 section 5.6.7
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _listed(etag: str, value: str, *, strong: bool) -> bool:
    if value.strip() == "*":
        return True
    tags = _TAG.findall(value)
    return etag in (tags if strong else [tag.removeprefix("W/") for tag in tags])


def _still_the_same(fields: Mapping[str, str], etag: str, modified: int) -> bool:
    """Whether If-Range, where it is there, names what is there now (RFC 9110 section 13.1.5)."""
    value = fields.get("if-range")
    if value is None:
        return True
    return value == etag if '"' in value else http_date(value) == modified
