# -*- test-case-name: tests.services.test_listing -*-
"""The page that lists a folder."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

MOST = 5000  # entries of one page

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{padding:.25rem .75rem;text-align:left;border-bottom:1px solid #8884}"
    "td+td,th+th{text-align:right;white-space:nowrap}:root{color-scheme:light dark}"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder.

    Attributes:
        size: bytes; None for a folder.
        modified: seconds since 1970.
    """

    name: str
    size: int | None
    modified: float


def listing(title: str, entries: Iterable[Entry], *, top: bool) -> bytes:
    """Return an HTML page, folders first, then by name; of more than L{MOST} entries the first.

    Args:
        title: what the folder is called; escaped here, as the names are.
        top: whether there is no folder above to go to.
    """
    found = sorted(entries, key=lambda entry: (entry.size is not None, entry.name))
    rows = [] if top else ['<tr><td><a href="../">../</a></td><td></td><td></td></tr>']
    rows += map(_row, found[:MOST])
    more = f"<p>{len(found) - MOST} more are not shown.</p>" if len(found) > MOST else ""
    title = escape(f"Index of {title}")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        "<table><thead><tr><th>Name</th><th>Bytes</th><th>Changed (UTC)</th></tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + f"\n</tbody></table>{more}</body></html>\n"
    ).encode()


def _row(entry: Entry) -> str:
    name = entry.name + ("/" if entry.size is None else "")
    size = "" if entry.size is None else str(entry.size)
    changed = time.strftime("%Y-%m-%d %H:%M", time.gmtime(entry.modified))
    link = escape("./" + quote(name))  # ./ because a name may look like a scheme
    return f'<tr><td><a href="{link}">{escape(name)}</a></td><td>{size}</td><td>{changed}</td></tr>'
