# -*- test-case-name: tests.brokers.test_names -*-
"""Names that more than one sort of broker has: of temporary destinations that the gateway makes up, and of
virtual hosts."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex
from urllib.parse import unquote_to_bytes

from kaazing.config.model import Uri

TEMPORARY = "kaazing.temp."
"""What the names of temporary destinations begin with, where the broker makes none; 128 bits of chance
follow."""


def temporary_name() -> str:
    """Return a name for a temporary destination that nobody can guess."""
    return TEMPORARY + token_hex(16)


def virtual_host(uri: Uri) -> str | None:
    """Return the virtual host that the path of a URI names, "/" where it names none; None where that is no
    text."""
    try:
        return unquote_to_bytes(uri.path.removeprefix("/")).decode() or "/"
    except UnicodeDecodeError:
        return None


def faults(uri: Uri) -> Iterator[str]:
    """Yield sentences, each a fault in a path that is to name a virtual host."""
    if uri.path.count("/") > 1:
        yield "the path is a virtual host, one word; write %2F for a / in it"
    if virtual_host(uri) is None:
        yield "the virtual host is no UTF-8"
