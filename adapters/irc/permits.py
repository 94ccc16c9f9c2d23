# -*- test-case-name: tests.adapters.irc.test_permits -*-
"""What of a client's lines may reach the backend: the policy's part, and what no client may say.

Refused targets of a list are answered one by one, the others pass; docs/protocols/irc.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from kaazing.interfaces.adapters import IPolicy
from kaazing.wire.irc import Line, encode

MESSAGES = frozenset(("PRIVMSG", "NOTICE", "TAGMSG", "SQUERY", "CPRIVMSG", "CNOTICE"))
FORBIDDEN = {
    "WEBIRC": ("421", "WEBIRC", "is for gateways"),
    "SERVER": ("421", "SERVER", "is for servers"),
    "STARTTLS": ("691", "the gateway encrypts"),
}
"""Command -> the answer, without the client's name (IRCv3 STARTTLS for 691)."""

OPERATIONS = {"474": "join", "404": "message"}
"""Numeric of an answer -> what the policy calls the thing refused; all others are of commands."""

_HEAD = re.compile(rb"[A-Za-z]+ [^ :][^ ]* ")
"""Command and first parameter where they can be told without looking at the rest."""

_HEADS_MAX = 128  # that are known to be allowed
_EXEMPT_MAX = 64  # commands that need no look, known by name
_PREFIXES, _DOUBTFUL, _CHANNELS = "~@%", "&+!", "#&+!"  # of members; also of channels; of channels


class Permits:
    """The rules for one client."""

    __slots__ = ("_exempt", "_heads", "_policy", "_restricted")

    def __init__(self, policy: IPolicy | None) -> None:
        self._policy = policy
        self._restricted = {
            each for each in ("join", "message", "command") if policy is not None and policy.restricts(each)
        }
        self._exempt: set[bytes] = set()
        self._heads: set[bytes] = set()

    @property
    def names(self) -> bool:
        """Whether answers will be given, which need the client's name."""
        return bool(self._restricted)

    def watch(self, own: frozenset[bytes]) -> tuple[frozenset[bytes], bool]:
        """Return which commands are to be looked at, as a scanner's C{watch} takes it; C{own} are the
        session's, which always are."""
        if "command" in self._restricted:
            return frozenset(self._exempt - own), True
        watched = {command.encode() for command in FORBIDDEN} | own
        if "join" in self._restricted:
            watched.add(b"JOIN")
        if "message" in self._restricted:
            watched.update(command.encode() for command in MESSAGES)
        return frozenset(watched), False

    def exempts(self, command: str) -> bool:
        """Take note that a command is allowed and needs no look; returns whether that is news."""
        name = command.encode("utf-8", "surrogateescape")
        looked_at = (
            command in FORBIDDEN
            or (command == "JOIN" and "join" in self._restricted)
            or (command in MESSAGES and "message" in self._restricted)
        )
        if "command" not in self._restricted or looked_at or name in self._exempt:
            return False
        if len(self._exempt) == _EXEMPT_MAX:
            return False
        self._exempt.add(name)
        return True

    def knows(self, wire: bytes) -> bool:
        """Return whether the line begins as one that was allowed as a whole: no rule asks for more than the
        command and its first parameter."""
        found = _HEAD.match(wire)
        return found is not None and found[0] in self._heads

    def remember(self, wire: bytes) -> None:
        """Take note that a line is allowed as a whole."""
        found = _HEAD.match(wire)
        if found is not None:
            if len(self._heads) == _HEADS_MAX:
                self._heads.clear()
            self._heads.add(found[0])

    def admit(self, line: Line, wire: bytes) -> tuple[bytes | None, list[tuple[str, ...]]]:
        """Return what passes, None for nothing, and the answers to the rest: numeric and parameters,
        the client's name left out."""
        if line.command in FORBIDDEN:
            return None, [FORBIDDEN[line.command]]
        policy = self._policy
        if policy is None:
            return wire, []
        if "command" in self._restricted and not policy.allows("command", line.command):
            return None, [("421", line.command, "is not allowed here")]
        if line.command == "JOIN" and "join" in self._restricted:
            return _filtered(line, wire, lambda name: _may_join(policy, name), _not_joined)
        if line.command in MESSAGES and "message" in self._restricted:
            return _filtered(line, wire, lambda name: _may_tell(policy, name), _not_told)
        return wire, []


def _filtered(
    line: Line, wire: bytes, allowed: Callable[[str], bool], refusal: Callable[[str], tuple[str, ...]]
) -> tuple[bytes | None, list[tuple[str, ...]]]:
    """Divide the comma list that is the first parameter; the second of JOIN is a list of keys to it."""
    names = line.parameter(0).split(",")
    fit = [not name or (_is_name(name) and allowed(name)) for name in names]
    if all(fit):
        return wire, []
    refused = [
        refusal(name if _is_name(name) else "*") for name, yes in zip(names, fit, strict=True) if not yes
    ]
    kept = [name for name, yes in zip(names, fit, strict=True) if name and yes]
    if not kept:
        return None, refused
    rest = line.parameters[1:]
    if line.command == "JOIN" and rest:
        keys = [
            key.lstrip(":")
            for key, name, yes in zip(rest[0].split(","), names, fit, strict=False)
            if name and yes
        ]
        rest = (",".join(keys), *rest[1:]) if any(keys) else ()
    return encode(replace(line, parameters=(",".join(kept), *rest))), refused


def _is_name(name: str) -> bool:
    """Whether servers read it as it stands; some stop at a control character."""
    return not name.startswith(":") and not any(byte <= " " or byte == "\x7f" for byte in name)


def _may_join(policy: IPolicy, name: str) -> bool:
    return name == "0" or policy.allows("join", name)  # 0 leaves all channels


def _may_tell(policy: IPolicy, target: str) -> bool:
    """A target may mean several names: all of them must be allowed."""
    names = list(_meanings(target))
    return all(policy.allows("message", name) for name in names) and (
        not any(map(_may_be_anybody, names)) or policy.allows_all("message", "*")
    )


def _may_be_anybody(name: str) -> bool:
    """Whether it says no nickname: C{user@server} and C{user%host} are users of that name, whatever their
    nick; C{$mask} is everybody at some servers (RFC 2812 section 3.3.1)."""
    if name[:1] in tuple(_CHANNELS) or "!" in name:
        return False
    return name.startswith("$") or "@" in name or "%" in name


def _meanings(target: str) -> Iterator[str]:
    """C{@#c} are members of #c, C{&#c} may be them or a channel; C{nick!user@host} is the nick too."""
    while target[:1] in tuple(_PREFIXES) and target[1:2] in tuple(_CHANNELS + _PREFIXES):
        target = target[1:]
    yield target
    if target[:1] in tuple(_DOUBTFUL) and target[1:2] in tuple(_CHANNELS + _PREFIXES):
        yield from _meanings(target[1:])
    elif target[:1] not in tuple(_CHANNELS):
        nick = target
        for mark in "!@%":
            nick = nick.partition(mark)[0]
        if nick != target:
            yield nick


def _not_joined(name: str) -> tuple[str, ...]:
    return "474", name, "Cannot join channel: not allowed here"


def _not_told(name: str) -> tuple[str, ...]:
    return "404", name, "Cannot send: not allowed here"
