# -*- test-case-name: tests.test_options -*-
"""How a service type or an adapter declares its properties: name, reader, default, doc.

The configuration reader calls the reader on the text of the property, so a service sees values in
base units; docs/configuration.md is made from the same declarations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One property of a service type.

    Attributes:
        name: as in the XML, e.g. "maximum.pending.bytes".
        read: makes the value of the text (see kaazing.literals); raises ValueError with a sentence
            that says what would be right. For an option with C{children}, called with the mapping
            of the values read.
        default: the value where the property is absent.
        doc: what it does, one or two sentences, units and the meaning of zero included.
        required: whether its absence is an error.
        repeated: whether it may stand several times; the value is then a tuple.
        secret: whether the text is kept out of every message and log.
        children: the options of the elements inside it, for a nested property.
    """

    name: str
    read: Callable[[Any], Any]
    default: Any = None
    doc: str
    required: bool = False
    repeated: bool = False
    secret: bool = False
    children: tuple[Option, ...] = ()
