# -*- test-case-name: tests.wire.test_pure_irc -*-
"""The IRC scanner in Python, where C is not to be had; twin of kaazing/native/irc*.c.

The rules stand in the same order in both, so that they find the same fault first.
"""

from __future__ import annotations

import re

from kaazing.wire.irc_faults import Code, Fault

COMMANDS_MAX = 96  # that are counted by name
_COMMAND_MAX = 15  # bytes of one that is
_LENGTH_MAX = 1 << 30

_KEY = re.compile(rb"\+?(?:[A-Za-z0-9.:-]+/)?[A-Za-z0-9-]+")
_PREFIX = re.compile(rb":[^ ]+ *")
_COMMAND = re.compile(rb"(?:[A-Za-z]+|[0-9]{3})(?= |\Z)")


class IrcScanner:
    """See IrcScanner in C{kaazing/_speedups.pyi}."""

    def __init__(
        self,
        *,
        client: bool,
        split: bool,
        bare: bool,
        text: bool,
        max_line: int,
        max_tags: int,
        max_parameters: int,
    ) -> None:
        if not (0 < max_line <= _LENGTH_MAX and 0 < max_tags <= _LENGTH_MAX):
            raise ValueError("limits are from 1 to 2**30")
        if not 0 <= max_parameters <= _LENGTH_MAX:
            raise ValueError("limits are from 1 to 2**30")
        self.fault: Fault | None = None
        self.offset = 0
        self._client, self._split, self._bare, self._text = client, split or bare or text, bare, text
        self._max_line, self._max_tags, self._max_parameters = max_line, max_tags, max_parameters
        self._open = bytearray()  # the line not yet ended
        self._items: list[bytes | tuple[int, bytes]] = []
        self._run: list[bytes] = []  # lines that pass together
        self._watched: frozenset[bytes] = frozenset()
        self._others = False
        self._counts: dict[bytes, int] = {}
        self._unnamed = 0

    @property
    def pending(self) -> int:
        return len(self._open)

    def watch(self, commands: frozenset[bytes], others: bool, /) -> None:
        if type(commands) is not frozenset:
            raise TypeError("expected a frozenset")
        self._watched, self._others = commands, others

    def discount(self, command: bytes, /) -> None:
        self._note(command, -1)

    def take_counts(self) -> dict[str, int]:
        counts = {name.decode(): count for name, count in self._counts.items() if count and name >= b"A"}
        numeric = sum(count for name, count in self._counts.items() if name < b"A")
        counts |= {name: n for name, n in (("numeric", numeric), ("other", self._unnamed)) if n}
        self._counts = dict.fromkeys(self._counts, 0)
        self._unnamed = 0
        return counts

    def feed(self, data: bytes, /) -> list[bytes | tuple[int, bytes]]:
        if type(data) is not bytes:
            raise TypeError(f"expected bytes, not {type(data).__name__}")
        self._items = []
        if self.fault is not None:
            return []
        *whole, rest = data.split(b"\n")
        for part in whole:
            line = bytes(self._open) + part if self._open else part
            joined = bool(self._open)
            self._open.clear()
            if not self._take(line, joined):
                return self._items
        self._flush()
        self._leave_open(rest)
        return self._items

    def _take(self, line: bytes, joined: bool) -> bool:
        """A line without its LF; False at a fault. C{joined} where it came in pieces."""
        content = line.removesuffix(b"\r")
        if not content:  # RFC 2812 section 2.3.1: empty messages are ignored
            self._flush()
        elif not self._check(content):
            self._flush()
            return False
        else:
            self._pass(line, content, joined)
        self.offset += len(line) + 1
        return True

    def _pass(self, line: bytes, content: bytes, joined: bool) -> None:
        watched = self._note(self._command, 1)
        if not watched and not self._split and len(line) > len(content) and not joined:
            self._run.append(line)
            return
        self._flush()
        if self._text:
            content = content.decode("utf-8", "replace").encode()
        if watched:
            self._items.append((self.offset, content))
        else:
            self._items.append(content if self._bare else content + b"\r\n")

    def _flush(self) -> None:
        if self._run:
            self._items.append(b"\n".join((*self._run, b"")))
            self._run = []

    def _leave_open(self, rest: bytes) -> None:
        self._open += rest
        if self._open:
            known = self._open[:-1] if self._open.endswith(b"\r") else self._open
            self._too_long(known)

    def _note(self, command: bytes, by: int) -> bool:
        name = command.upper()
        if len(name) <= _COMMAND_MAX and (name in self._counts or len(self._counts) < COMMANDS_MAX):
            self._counts[name] = self._counts.get(name, 0) + by
        else:
            self._unnamed += by
        return (name in self._watched) is not self._others

    def _fail(self, code: Code, place: int, limit: int = 0) -> bool:
        self.fault = (int(code), self.offset + place, limit)
        self._open.clear()
        return False

    def _too_long(self, line: bytes | bytearray) -> bool:
        tags = 0
        if line.startswith(b"@"):
            tags = line.find(b" ") + 1 or len(line) + 1
        if tags > self._max_tags:
            return not self._fail(Code.TAGS_TOO_LONG, 0, self._max_tags)
        if len(line) - tags + 2 > self._max_line:
            return not self._fail(Code.LINE_TOO_LONG, 0, self._max_line)
        return False

    def _check(self, line: bytes) -> bool:
        if self._too_long(line):
            return False
        for byte, code in ((b"\0", Code.NUL_IN_LINE), (b"\r", Code.STRAY_CR)):
            if byte in line:
                return self._fail(code, line.index(byte))
        at = 0
        if line.startswith(b"@"):
            at = line.find(b" ")
            if at < 0:
                return self._fail(Code.NO_COMMAND, len(line))
            if not self._check_tags(line[1:at].split(b";")):
                return False
            at = self._past_blanks(line, at)
        if line.startswith(b":", at):
            prefix = _PREFIX.match(line, at)
            if prefix is None:
                return self._fail(Code.NO_PREFIX, at)
            at = prefix.end()
        return self._check_command(line, at)

    def _check_tags(self, tags: list[bytes]) -> bool:
        place = 1
        for tag in tags:
            if not _KEY.fullmatch(tag.partition(b"=")[0]):
                return self._fail(Code.BAD_TAG, place)
            place += len(tag) + 1
        return True

    def _past_blanks(self, line: bytes, at: int) -> int:
        return len(line) - len(line[at:].lstrip(b" "))

    def _check_command(self, line: bytes, at: int) -> bool:
        if at == len(line) or line.startswith(b" ", at):
            return self._fail(Code.NO_COMMAND, at)
        command = _COMMAND.match(line, at)
        if command is None:
            return self._fail(Code.BAD_COMMAND, at)
        self._command = command[0]
        if self._client and self._command.isdigit():
            return self._fail(Code.NUMERIC_OF_CLIENT, at)
        if not self._max_parameters:
            return True
        middle, colon, _ = line[command.end() :].partition(b" :")
        words = sum(map(bool, middle.split(b" ")))
        if words + bool(colon) > self._max_parameters:
            return self._fail(Code.TOO_MANY_PARAMETERS, 0, self._max_parameters)
        return True
