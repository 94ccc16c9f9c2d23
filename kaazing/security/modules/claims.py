# -*- test-case-name: tests.security.modules.test_claims -*-
"""What the claims of a verified token say: whether it counts now, and who comes.  RFC 7519 section 4."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kaazing.errors import LoginRefused
from kaazing.interfaces.security import Subject
from kaazing.literals import Unreadable, bounded, choice, interval, text
from kaazing.options import Option

_LONGEST_NAME = 256  # characters of a user or a role
_BETWEEN = re.compile(r"[ ,]+")


def read_pairs(value: str) -> dict[str, str]:
    """Read C{admins=ADMINISTRATOR, staff=AUTHORIZED}."""
    pairs = [part.strip().rpartition("=") for part in value.split(",")]
    if not all(left.strip() and right.strip() for left, _, right in pairs):
        raise Unreadable("expected name=ROLE, with commas in between")
    return {left.strip(): right.strip() for left, _, right in pairs}


def read_required(value: str) -> tuple[str, str | None]:
    """Read C{name} or C{name=value}."""
    name, equals, wanted = value.partition("=")
    if not name.strip():
        raise Unreadable("expected the name of a claim, and = and its value where that counts")
    return name.strip(), wanted.strip() if equals else None


OPTIONS = (
    Option(
        name="user.claim",
        read=text,
        default="sub",
        doc="Claim that names the user, text of at most 256 characters; dots lead into objects.",
    ),
    Option(
        name="roles.claim",
        read=text,
        doc="Claim that names the roles, a list, or text with blanks or commas in between; dots lead into"
        " objects (realm_access.roles). Without it a token gives no roles.",
    ),
    Option(
        name="roles.map",
        read=read_pairs,
        default={},
        doc="Which role each name in roles.claim stands for: admins=ADMINISTRATOR, staff=AUTHORIZED; all"
        " other names then give none.",
    ),
    Option(
        name="roles.prefix",
        read=text,
        default="",
        doc="What is put before the name of every role, so that no two issuers give the same.",
    ),
    Option(
        name="required.claim",
        read=read_required,
        default=(),
        repeated=True,
        doc="A claim that a token must have, or must have with that value: typ=Bearer.",
    ),
    Option(
        name="types",
        read=lambda value: frozenset(_BETWEEN.split(value.lower())),
        default=frozenset(("", "jwt", "at+jwt")),
        doc="What a token may call itself (typ), with commas in between; by default jwt, at+jwt or nothing.",
    ),
    Option(
        name="expiry",
        read=choice("required", "optional"),
        default="required",
        doc="Whether tokens must run out (exp).",
    ),
    Option(
        name="leeway",
        read=bounded(interval, 0, 300),
        default=30.0,
        doc="How far the issuer's clock may be from the gateway's; at most 5 minutes.",
    ),
    Option(
        name="maximum.lifetime",
        read=interval,
        default=0.0,
        doc="Longest time from a token's making (iat) to its end (exp) that is taken; 0 for any.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a realm wants of the claims; see the options of the same names."""

    user: str = "sub"
    roles: str | None = None
    roles_map: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    required: tuple[tuple[str, str | None], ...] = ()
    types: frozenset[str] = frozenset(("", "jwt", "at+jwt"))
    must_expire: bool = True
    leeway: float = 30.0
    longest: float = 0.0

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Terms:
        """Return the terms that L{OPTIONS} say."""
        return cls(
            user=options["user.claim"],
            roles=options["roles.claim"],
            roles_map=options["roles.map"],
            prefix=options["roles.prefix"],
            required=tuple(options["required.claim"]),
            types=options["types"],
            must_expire=options["expiry"] == "required",
            leeway=options["leeway"],
            longest=options["maximum.lifetime"],
        )

    def subject(self, claims: Mapping[str, Any], audience: tuple[str, ...], now: float) -> Subject:
        """Return who the claims are of.

        Args:
            audience: names of which a token must be for one; empty: it must be for nobody in particular.
            now: seconds since the epoch.

        Raises:
            LoginRefused: they do not count; says which and why.
        """
        expires = self.until(claims, now)
        self._audience(claims, audience)
        for path, wanted in self.required:
            said = claim(claims, path)
            if said is None or (wanted is not None and wanted != _plain(said)):
                raise LoginRefused(f"a token without the required claim {path}")
        user = claim(claims, self.user)
        if not isinstance(user, str) or not is_name(user):
            raise LoginRefused(f"a token whose claim {self.user} names no user")
        return Subject(user=user, roles=frozenset(self._roles(claims)), claims=claims, expires=expires)

    def until(self, claims: Mapping[str, Any], now: float) -> float | None:
        """Return the seconds since the epoch at which the claims run out; None for never.

        Raises:
            LoginRefused: they do not count now; says why.
        """
        exp, nbf, iat = (_time(claims, name) for name in ("exp", "nbf", "iat"))
        if exp is None and (self.must_expire or self.longest):
            raise LoginRefused("a token that never runs out (no exp)")
        if exp is not None and now >= exp + self.leeway:
            raise LoginRefused("a token that has run out (exp)")
        if nbf is not None and now < nbf - self.leeway:
            raise LoginRefused("a token that does not count yet (nbf)")
        if iat is not None and now < iat - self.leeway:
            raise LoginRefused("a token of the future (iat)")
        if self.longest and exp is not None and exp - (now if iat is None else iat) > self.longest:
            raise LoginRefused(f"a token that counts for more than {self.longest:g} s (exp)")
        return None if exp is None else exp + self.leeway

    @staticmethod
    def _audience(claims: Mapping[str, Any], audience: tuple[str, ...]) -> None:
        said = claims.get("aud")
        named = said if isinstance(said, list) else () if said is None else (said,)
        if bool(named or audience) and not any(name in audience for name in named):
            raise LoginRefused("a token for somebody else (aud)")

    def _roles(self, claims: Mapping[str, Any]) -> Iterator[str]:
        said = None if self.roles is None else claim(claims, self.roles)
        names = _BETWEEN.split(said) if isinstance(said, str) else said if isinstance(said, list) else ()
        return roles(names, self.roles_map, self.prefix)


def roles(names: Iterable[Any], mapping: Mapping[str, str], prefix: str) -> Iterator[str]:
    """Yield the roles of names; what is no name gives none, nor does with a mapping what is not in it."""
    for name in names:
        role = mapping.get(name) if mapping and isinstance(name, str) else name
        if isinstance(role, str) and is_name(role):
            yield prefix + role


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim at a path, None for none; names with dots in them are found too."""
    if path in claims:
        return claims[path]
    for dot in (found.start() for found in re.finditer(r"\.", path)):
        inner = claims.get(path[:dot])
        if isinstance(inner, Mapping) and (value := claim(inner, path[dot + 1 :])) is not None:
            return value
    return None


def _plain(said: Any) -> str | None:
    if isinstance(said, bool):
        return "true" if said else "false"
    return str(said) if isinstance(said, str | int | float) else None


def is_name(value: str) -> bool:
    """Return whether a text can name a user or a role: printable, 1 to 256 characters, no blanks around."""
    return 0 < len(value) <= _LONGEST_NAME and value.isprintable() and value == value.strip()


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:  # nor NaN
        raise LoginRefused(f"a token whose {name} is no time")
    return float(value)
