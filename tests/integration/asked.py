"""A page of a gateway asked for with a login."""

from __future__ import annotations

import urllib.error
import urllib.request


def asked(port: int, authorization: str) -> int:
    """Return the status of C{/index.html} for a client with this field Authorization."""
    request = urllib.request.Request(
        f"http://localhost:{port}/index.html", headers={"Authorization": authorization}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as why:
        with why:
            return why.code
