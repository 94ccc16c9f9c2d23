# -*- test-case-name: tests.config.test_fates -*-
"""What becomes of a part of the original's configuration language: kept, warned of or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Fate(Enum):
    """What the reader does with it; the value is the word in docs/migrating-from-kaazing.md."""

    KEPT = "kept"
    """Read and in force."""
    WARNED = "warned"
    """Read and checked; without effect, which one warning at the start says."""
    REFUSED = "refused"
    """Read and checked; an error, because going on without it would open a door or send bytes elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One element, option, type or property.

    Attributes:
        place: what it stands in: an element's name, "type", or a service type for a property of it.
        name: as in the XML.
        fate: see L{Fate}.
        note: one or more sentences; what it does where it is kept, else why not and what to do.
        read: reader of its text (see kaazing.literals); None for an element with children.
        many: whether it may stand several times.
        needed: whether its absence is an error.
        quiet: values (as read) that ask for nothing special, and are taken without a word.
        default: what holds in its absence, for the documentation.
        ours: whether the original does not have it.
        together: whether one warning names it with all others of its place.
    """

    place: str
    name: str
    fate: Fate
    note: str
    read: Callable[[str], Any] | None = None
    many: bool = False
    needed: bool = False
    quiet: tuple[Any, ...] = ()
    default: str = ""
    ours: bool = False
    together: bool = False
