"""All that a lane says of a stream, in a form that does not depend on where it was cut."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

from kaazing.wire.lane import Lane

Outcome = tuple[Any, ...]


def outcome(lane: Lane, parts: Iterable[bytes], *, whole: bool) -> Outcome:
    """Feed the parts; return the items, neighbours joined unless C{whole}, and what the lane tells then."""
    items = [item for part in parts for item in lane.feed(part)]
    if not whole:
        items = [
            item
            for kind, run in groupby(items, itemgetter(0))
            for item in ([(kind, b"".join(map(itemgetter(1), run)))] if kind < 8 else run)
        ]
    return items, lane.fault, lane.messages, lane.octets, lane.received, lane.at_boundary
