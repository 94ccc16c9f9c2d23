# -*- test-case-name: tests.security.modules.test_jwt -*-
"""Login modules jwt and token: JSON Web Tokens of issuers whose keys are known.  RFC 7519, RFC 8725."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.errors import LoginMissing, LoginRefused, LoginStale, LoginUnavailable, suggest
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Subject, Workplace
from kaazing.literals import Unreadable, bounded, comma_list, size, text
from kaazing.options import Option
from kaazing.security.modules import claims
from kaazing.security.modules.claims import Terms
from kaazing.security.modules.documents import Documents, read_url
from kaazing.security.modules.jwk import PUBLIC, SECRET, Key, read_file, secret_key
from kaazing.security.modules.jwks import FetchedKeys
from kaazing.security.modules.named_files import read_named
from kaazing.security.modules.tokens import Token, read_token

SLOW = frozenset(("ES384", "ES512"))
"""Algorithms of which one signature takes more than 0.3 ms: they are verified in the pool."""

_MOST_KNOWN = 1024  # verified tokens that are remembered
_MOST_TRIED = 4  # keys tried for one token


def read_algorithms(value: str) -> tuple[str, ...]:
    """Read names of RFC 7518 section 3.1 and RFC 8037; "none" is not one."""
    names = comma_list(value)
    for name in names:
        if name not in (*PUBLIC, *SECRET):
            raise Unreadable(
                f"expected some of {', '.join((*PUBLIC, *SECRET))}", suggest(name, (*PUBLIC, *SECRET))
            )
    return names


ALGORITHMS = Option(
    name="algorithms",
    read=read_algorithms,
    default=(),
    doc="Which may be used, with commas in between: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384,"
    " ES512, EdDSA; HS256, HS384, HS512 with a secret. By default all that the key is for; never none.",
)
AUDIENCE = Option(
    name="audience",
    read=text,
    default=(),
    repeated=True,
    doc="Name of the gateway with the issuer: tokens must be for one of these (aud). Without it, tokens that"
    " are for anybody in particular are refused (RFC 7519 section 4.1.3).",
)
AUTHORITIES = Option(
    name="ca-file",
    read=text,
    doc="PEM file of the authorities that the issuer's certificate must be of, in place of the system's.",
)
COMMON = (
    *claims.OPTIONS,
    Option(
        name="maximum.size",
        read=bounded(size, 64, 65536),
        default=8192,
        doc="Longest token, bytes.",
    ),
)
ISSUER = Option(
    name="issuer",
    read=dict,
    repeated=True,
    required=True,
    doc="Who may issue tokens, and with which key they are verified: key-file, secret-file or jwks.",
    children=(
        Option(name="name", read=text, required=True, doc="What its tokens say in iss, exactly."),
        Option(
            name="key-file",
            read=text,
            doc="Its public keys: PEM (keys or certificates), a JSON Web Key, or a set of them.",
        ),
        Option(
            name="secret-file",
            read=text,
            doc="File with the secret that it signs with (HS256, HS384, HS512), at least 32 bytes; blanks and"
            " ends of lines at its ends do not count.",
        ),
        Option(
            name="jwks",
            read=read_url,
            doc="https URL of its JSON Web Key Set, fetched at the start and renewed in its time.",
        ),
        AUTHORITIES,
        ALGORITHMS,
        AUDIENCE,
    ),
)


class IssuerKeys(Protocol):
    """Where an issuer's keys come from."""

    current: tuple[Key, ...]
    failing: bool

    def newer(self) -> Deferred[None] | None:
        """See L{FetchedKeys.newer}."""


@dataclass
class FixedKeys:
    """Keys that are what they are."""

    current: tuple[Key, ...]
    failing: bool = False

    def newer(self) -> None:
        """Return None: there will be no others."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One who may issue tokens.

    Attributes:
        algorithms: that may be used; empty for all that a key is for.
        audience: names that the gateway has with it.
    """

    keys: IssuerKeys
    algorithms: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()

    def fitting(self, token: Token) -> list[Key]:
        """Return the keys that may have signed a token."""
        if self.algorithms and token.algorithm not in self.algorithms:
            return []
        fitting = [key for key in self.keys.current if key.fits(token.algorithm, token.kid)]
        return fitting[:_MOST_TRIED]


class _Proved(NamedTuple):
    """A token and its issuer.

    Attributes:
        keys: all of its issuer's when one of them verified it; None: not yet.
        subject: who came with it; None: nobody yet.
    """

    token: Token
    issuer: Issuer
    digest: bytes
    keys: tuple[Key, ...] | None = None
    subject: Subject | None = None


@implementer(ICredentialsChecker)
class TokenChecker:
    """Verifies the first token of an attempt that is of one of the issuers."""

    credentialInterfaces = (IAttempt,)

    def __init__(
        self, issuers: Mapping[str, Issuer], terms: Terms, workplace: Workplace, longest: int = 8192
    ) -> None:
        self._issuers, self._terms, self._longest = issuers, terms, longest
        self._time, self._work = workplace.time, workplace.work
        self._known: OrderedDict[bytes, _Proved] = OrderedDict()

    def start(self) -> None:
        """Begin to fetch keys."""
        for fetched in self._fetched():
            fetched.start()

    def stop(self) -> None:
        """Fetch no more keys."""
        for fetched in self._fetched():
            fetched.stop()

    def requestAvatarId(self, attempt: Attempt) -> Any:
        """Return the subject of the token; a Deferred where its key has to be fetched or is slow."""
        if not attempt.tokens:
            raise LoginMissing("no token")
        token, issuer, digest, proved_by, subject = self._first(attempt.tokens)
        if subject is not None and proved_by is issuer.keys.current:
            return self._still(subject)
        if not issuer.fitting(token) and (newer := self._newer(token, issuer)) is not None:
            return newer.addCallback(lambda _: self._verified(token, issuer, digest))
        return self._verified(token, issuer, digest)

    def _fetched(self) -> Iterator[FetchedKeys]:
        return (each.keys for each in self._issuers.values() if isinstance(each.keys, FetchedKeys))

    def _first(self, tokens: Sequence[str]) -> _Proved:
        refused = []
        for each in tokens:
            digest = sha256(each.encode("ascii", "replace")).digest()
            if (known := self._known.get(digest)) is not None:
                return known
            try:
                token = read_token(each, self._longest)
            except LoginRefused as why:
                refused.append(str(why))
                continue
            name = token.claims.get("iss")
            if isinstance(name, str) and name in self._issuers:
                return _Proved(token, self._issuers[name], digest)
            refused.append("a token of an issuer that is not known (iss)")
        raise LoginRefused(refused[0])

    @staticmethod
    def _newer(token: Token, issuer: Issuer) -> Deferred[None] | None:
        if token.algorithm not in (issuer.algorithms or PUBLIC):
            return None
        return issuer.keys.newer()

    def _verified(self, token: Token, issuer: Issuer, digest: bytes) -> Any:
        fitting, keys = issuer.fitting(token), issuer.keys.current
        if not fitting:
            if issuer.keys.failing or not keys:
                raise LoginUnavailable("the keys of the token's issuer are not to be had")
            raise LoginRefused("a token whose key or algorithm is not one of its issuer's (kid, alg)")
        proved = _Proved(token, issuer, digest, keys)
        if token.algorithm in SLOW:
            right: Deferred[bool] = self._work(_signed_by, fitting, token)
            return right.addCallback(self._believed, proved)
        return self._believed(_signed_by(fitting, token), proved)

    def _believed(self, right: bool, proved: _Proved) -> Subject:
        if not right:
            raise LoginRefused("a token whose signature is wrong")
        subject = self._subject(proved.token, proved.issuer)
        self._known[proved.digest] = proved._replace(subject=subject)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return subject

    def _still(self, subject: Subject) -> Subject:
        """Return who comes with a token that is known: of all that was looked at only the time goes on."""
        try:
            self._terms.until(subject.claims, self._time())
        except LoginRefused as why:
            raise LoginStale(str(why)) from None
        return subject

    def _subject(self, token: Token, issuer: Issuer) -> Subject:
        """Return who comes with a token whose signature is right."""
        if token.type not in self._terms.types:
            raise LoginStale("a token of another type (typ)")
        try:
            return self._terms.subject(token.claims, issuer.audience, self._time())
        except LoginRefused as why:
            raise LoginStale(str(why)) from None


def _signed_by(keys: Sequence[Key], token: Token) -> bool:
    return any(key.verifies(token.algorithm, token.signed, token.signature) for key in keys)


@implementer(ILoginModule)
class JwtType:
    """See L{ILoginModule}."""

    doc = (
        "JSON Web Tokens, as Bearer or Application Token: the issuer, its key, the audience and the times are"
        " checked, and the claims say who comes."
    )
    options = (ISSUER, *COMMON)

    def __init__(self, name: str = "jwt") -> None:
        self.name = name

    def check(self, options: Mapping[str, Any]) -> Iterator[str]:
        """See L{ILoginModule.check}."""
        names = [each["name"] for each in options["issuer"]]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"issuer {name!r} stands twice"
        for each in options["issuer"]:
            if sum(each[of] is not None for of in ("key-file", "secret-file", "jwks")) != 1:
                yield f"issuer {each['name']!r}: expected one of key-file, secret-file and jwks"
            elif wrong := [
                name for name in each["algorithms"] if (name in SECRET) is (each["secret-file"] is None)
            ]:
                which = "a public key" if each["secret-file"] is None else "a secret"
                yield f"issuer {each['name']!r}: {wrong[0]} is not for {which}"

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> TokenChecker:
        """See L{ILoginModule.checker}."""
        issuers = {
            each["name"]: Issuer(_keys(each, workplace), each["algorithms"], tuple(each["audience"]))
            for each in options["issuer"]
        }
        return TokenChecker(issuers, Terms.of(options), workplace, options["maximum.size"])


def documents(options: Mapping[str, Any], workplace: Workplace) -> Documents:
    """Return what fetches documents of an issuer.

    Raises:
        ConfigError: the file that C{ca-file} names is missing or no good.
    """
    if options["ca-file"] is None:
        return Documents(workplace.reactor)
    return read_named(options["ca-file"], workplace, lambda data: Documents(workplace.reactor, data))


def _keys(options: Mapping[str, Any], workplace: Workplace) -> IssuerKeys:
    if options["jwks"] is not None:
        web, url = documents(options, workplace), options["jwks"]
        return FetchedKeys(lambda: web.get(url), workplace.reactor, options["name"])
    if options["secret-file"] is not None:
        return FixedKeys(
            (read_named(options["secret-file"], workplace, lambda data: secret_key(data.strip())),)
        )
    return FixedKeys(read_named(options["key-file"], workplace, read_file))


def token_type() -> JwtType:
    """Return the type by its other name: what the original's clients call it is Application Token."""
    return JwtType("token")
