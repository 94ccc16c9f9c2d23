"""The cases of the Autobahn test suite, read from its source package, which is Python 2 code.

The package is downloaded (C{make test}), never copied here. Each case module is translated as it is
loaded: its byte strings stay C{str} with one character a byte (latin-1), and tests.conformance.client
converts at the protocol's edge.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import sys
import tarfile
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.needs import missing

ARCHIVE = "autobahntestsuite-25.10.1.tar.gz"
SHA256 = "b083d6e15330fc16f3e5f0975cce2b15f21bfa0c6db09547316b1852c6dbd6df"
SECTIONS = (1, 2, 3, 4, 5, 6, 7, 9, 10, 12)
"""Sections of the suite used; the file of 12 has 13 in it too, and 8 and 11 do not exist."""

LEFT_OUT = {"case9_9_1"}
"""Modules whose cases the suite itself does not run."""

_TRANSLATIONS = [
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"^from (case\w*) import (\w+)\s*$", r'\2 = load("\1")["\2"]'),  # implicit relative imports
        (r"^from (case\w*) import \*\s*$", r'globals().update(load("\1"))'),
        (r"^from autobahn\.websocket\.utf8validator import Utf8Validator\s*$", ""),  # it takes bytes now
        (r"^(\s*)print\b.*$", r"\1pass"),
        (r"\bbinascii\.b2a_hex\(", "hexed("),
        (r"\(object, Case, \)", "(Case,)"),
        (r"\bpkg_resources, ", ""),
        (r'pkg_resources\.resource_filename\("autobahntestsuite", "testdata/%s" % (.*)\)$', r"\1"),
        (r"os\.path\.getsize\(fn\)", "len(payload_of(fn))"),
        (r"open\(fn, 'rb'\)\.read\(\)", "payload_of(fn)"),
        (r"\b(accept|request)NoContextTakeover\b", r"\1_no_context_takeover"),
        (r"\b(accept|request)MaxWindowBits\b", r"\1_max_window_bits"),
        (r"/ self\.p\.autoFragmentSize", "// self.p.autoFragmentSize"),
    )
]


class Utf8Validator:
    """What the case modules use of Autobahn's class of that name, for latin-1 C{str}."""

    def reset(self) -> None:
        """Start anew."""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def validate(self, text: str) -> tuple[bool, bool, int, int]:
        """Return whether all is valid so far, and ends between characters; no case uses the rest."""
        try:
            self._decoder.decode(text.encode("latin-1"))
        except UnicodeDecodeError:
            return False, False, 0, 0
        return True, not self._decoder.getstate()[0], 0, 0


@cache
def cases() -> Mapping[str, Any]:
    """Return the case classes by identifier, e.g. "5.19", in the suite's order.

    Raises:
        SkipTest: the package has not been downloaded.
    """
    sources = _sources()
    loaded: dict[str, dict[str, Any]] = {}

    def load(name: str) -> dict[str, Any]:
        if name not in loaded:
            space = {
                "__name__": name,
                "load": load,
                "xrange": range,
                "hexed": _hexed,
                "payload_of": _payload_of,
                "Utf8Validator": Utf8Validator,
            }
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                exec(compile(sources[name], f"{name}.py", "exec"), space)
            loaded[name] = space
        return loaded[name]

    load("case")["Case"].compare = lambda case, one, other: one == other  # pickles of equals may differ
    found: dict[str, Any] = {}
    for name in sources:
        for value in load(name).values():
            for maybe in value if isinstance(value, list) else [value]:
                if isinstance(maybe, type) and (match := re.fullmatch(r"Case(\d+(_\d+)+)", maybe.__name__)):
                    found[match[1].replace("_", ".")] = maybe
    return {key: found[key] for key in sorted(found, key=numbers)}


def numbers(identifier: str) -> tuple[int, ...]:
    """Return "5.19" as (5, 19), for sorting."""
    return tuple(map(int, identifier.split(".")))


def _hexed(text: str | bytes) -> str:
    return (text.encode("latin-1") if isinstance(text, str) else text).hex()


@cache
def _payload_of(name: str) -> bytes:
    """Return the file that a case sends pieces of."""
    with tarfile.open(_archive()) as archive:
        member = next(each for each in archive if each.name.endswith(f"/testdata/{name}"))
        return archive.extractfile(member).read()  # type: ignore[union-attr]


@cache
def _archive() -> Path:
    path = Path(sys.prefix) / "share" / ARCHIVE
    if not path.exists():
        raise missing(f"{path} has not been downloaded (make test does it)")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise AssertionError(f"{path} is not the package of that name")
    return path


def _sources() -> dict[str, str]:
    sources = {}
    with tarfile.open(_archive()) as archive:
        for member in archive.getmembers():
            match = re.search(r"/autobahntestsuite/case/(case(\d*)(_\w+)?)\.py$", member.name)
            if match and (not match[2] or int(match[2]) in SECTIONS) and match[1] not in LEFT_OUT:
                text = archive.extractfile(member).read().decode("latin-1")  # type: ignore[union-attr]
                for pattern, replacement in _TRANSLATIONS:
                    text = pattern.sub(replacement, text)
                sources[match[1]] = text
    return sources
