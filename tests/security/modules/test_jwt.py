"""Login module jwt: tokens of known issuers come in, and no other token, nor one changed in a single bit."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError, LoginMissing, LoginRefused, LoginStale, LoginUnavailable
from kaazing.interfaces.security import ILoginModule, Subject
from kaazing.literals import Unreadable
from kaazing.security.modules.claims import Terms
from kaazing.security.modules.documents import Fetched
from kaazing.security.modules.jwk import Key, read_set, secret_key
from kaazing.security.modules.jwks import FetchedKeys
from kaazing.security.modules.jwt import (
    ISSUER as DECLARED,
)
from kaazing.security.modules.jwt import (
    FixedKeys,
    Issuer,
    JwtType,
    TokenChecker,
    read_algorithms,
    token_type,
)
from tests.security.modules.issuing import (
    ISSUER,
    NOW,
    SECRET,
    attempt,
    claims,
    jwk,
    jwks,
    options,
    part,
    public_pem,
    signed,
    token,
    workplace,
)
from tests.transports.certificates import Files

EACH = ("HS256", "RS256", "ES256", "EdDSA")
NOT_ITS = "a token whose key or algorithm is not one of its issuer's (kid, alg)"
WRONG = "a token whose signature is wrong"


def keys(*algorithms: str) -> tuple[Key, ...]:
    """Return the keys that verify tokens of these algorithms."""
    return tuple(
        secret_key(SECRET) if name in ("HS256", "HS384", "HS512") else read_set(jwks(jwk(name)))[0]
        for name in algorithms
    )


def checker(*algorithms: str, clock: Clock | None = None, **more: Any) -> TokenChecker:
    """Return a checker of one issuer with keys for these."""
    issuer = Issuer(FixedKeys(keys(*algorithms)), audience=("gateway",), **more)
    return TokenChecker({ISSUER: issuer}, Terms(), workplace(clock=clock))


def outcome(checker: TokenChecker, *tokens: str) -> str:
    """Return who comes with tokens, or why nobody does."""
    try:
        result = checker.requestAvatarId(attempt(*tokens))
        if isinstance(result, Deferred):
            failures: list[Any] = []
            subjects: list[Any] = []
            result.addCallbacks(subjects.append, failures.append)
            result = subjects[0] if subjects else failures[0].value if failures else "waits"
    except (LoginMissing, LoginRefused, LoginUnavailable) as why:
        result = why
    return result.user if isinstance(result, Subject) else str(result)


def flipped(text: str) -> Iterator[str]:
    """Yield a text with each of its bits changed."""
    data = text.encode()
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            yield changed.decode("latin-1")


class TokenCheckerTests(SynchronousTestCase):
    def test_algorithms(self) -> None:
        """
        Tokens of every algorithm come in with the key of their issuer.
        """
        for name in (*EACH, "HS384", "HS512", "RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512"):
            self.assertEqual(
                outcome(checker("RS256" if name[1] == "S" and name[0] in "RP" else name), token(name)), "joe"
            )

    def test_every_bit(self) -> None:
        """
        No token comes in of which any bit is another, though the right one does; also after the right one.
        """
        for name in EACH:
            right = token(name, header={"kid": "k"})
            door = checker(name)
            self.assertEqual(outcome(door, right), "joe")
            self.assertEqual([bad for bad in flipped(right) if outcome(door, bad) == "joe"], [], name)
            self.assertEqual(outcome(door, right), "joe")

    def test_added(self) -> None:
        """
        Nothing can be added to a token or left out of it.
        """
        for name in EACH:
            right, door = token(name), checker(name)
            changed = [
                right + "A",
                right + "AA",
                right + "=",
                right + ".",
                right[:-1],
                right[:-4],
                right + " ",
                "." + right,
            ]
            self.assertEqual([bad for bad in changed if outcome(door, bad) == "joe"], [])

    def test_confusion(self) -> None:
        """
        A token without signature, or signed with the public key as a secret, or by another key, is refused.
        """
        body = part(claims())
        both = f"{part({'alg': 'HS256'})}.{body}"
        forged = f"{both}.{part(hmac.digest(public_pem('RS256'), both.encode(), 'sha256'))}"
        for given, why in (
            (f"{part({'alg': 'none'})}.{body}.", NOT_ITS),
            (f"{part({'alg': 'None'})}.{body}.", NOT_ITS),
            (f"{part({})}.{body}.", NOT_ITS),
            (forged, NOT_ITS),
            (token("HS256"), NOT_ITS),
            (token("ES256"), NOT_ITS),
            (signed("EdDSA", part({"alg": "RS256"}), body), WRONG),
            (signed("RS256", part({"alg": "PS256"}), body), WRONG),
            (f"{part({'alg': 'RS256'})}.{body}.", WRONG),
            (token("RS256", {"jwk": jwk("RS256"), "jku": "https://evil.example/"}), "joe"),
            (signed("ES256", part({"alg": "ES256", "jwk": jwk("ES256")}), body), NOT_ITS),
        ):
            self.assertEqual(outcome(checker("RS256"), given), why, given)

    def test_pinned(self) -> None:
        """
        An issuer's algorithms are those that its options name, whatever its key could do.
        """
        door = checker("RS256", algorithms=("PS256",))
        self.assertEqual([outcome(door, token(name)) for name in ("PS256", "RS256")], ["joe", NOT_ITS])

    def test_issuers(self) -> None:
        """
        Each issuer's tokens are verified with its own keys, under its own names.
        """
        other = "https://other.example"
        issuers = {
            ISSUER: Issuer(FixedKeys(keys("ES256")), audience=("gateway",)),
            other: Issuer(FixedKeys(keys("EdDSA")), audience=("there",)),
        }
        door = TokenChecker(issuers, Terms(), workplace())
        for given, why in (
            (token("ES256"), "joe"),
            (token("EdDSA", iss=other, aud="there"), "joe"),
            (token("EdDSA", iss=other), "a token for somebody else (aud)"),
            (token("ES256", iss=other, aud="there"), NOT_ITS),
            (token("EdDSA"), NOT_ITS),
            *(
                (token("ES256", iss=name), "a token of an issuer that is not known (iss)")
                for name in (None, 7, "x")
            ),
        ):
            self.assertEqual(outcome(door, given), why)

    def test_several_tokens(self) -> None:
        """
        Of several tokens the first of a known issuer counts, good or bad; without any nothing is looked at.
        """
        door, bad = checker("ES256"), token("ES256", exp=NOW - 99)
        self.assertEqual(outcome(door), "no token")
        self.assertRaises(LoginMissing, door.requestAvatarId, attempt())
        self.assertEqual(outcome(door, "opaque", token("ES256", iss="x"), token("ES256")), "joe")
        self.assertEqual(outcome(door, bad, token("ES256")), "a token that has run out (exp)")
        self.assertEqual(outcome(door, "opaque", "x"), "no JSON Web Token (RFC 7515 section 3.1)")

    def test_types(self) -> None:
        """
        Tokens that say they are for something else than logging in are refused.
        """
        door, other = checker("ES256"), "a token of another type (typ)"
        for name, result in (
            *((good, "joe") for good in ("JWT", "jwt", "at+jwt", "application/at+jwt", None)),
            *((bad, other) for bad in ("logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE")),
        ):
            self.assertEqual(outcome(door, token("ES256", {"typ": name})), result)

    def test_stale(self) -> None:
        """
        A token that was issued and does not count is no guess, whatever else is wrong with it; one whose
        signature is wrong is.
        """
        door = checker("ES256")
        over, other = token("ES256", exp=NOW - 1000), token("ES256", {"typ": "logout+jwt"})
        for each, kind in (over, LoginStale), (other, LoginStale), (over[:-8] + "A" * 8, LoginRefused):
            why = self.assertRaises(LoginRefused, door.requestAvatarId, attempt(each))
            self.assertIs(type(why), kind)

    def test_known(self) -> None:
        """
        A token that was verified is not verified again, but its times are, and a change of keys forgets it.
        """
        clock = Clock()
        door = checker("ES256", clock=clock)
        [issuer] = door._issuers.values()
        right = token("ES256")
        self.assertEqual(outcome(door, right), "joe")
        issuer.keys.current = keys("ES256", "EdDSA")
        self.assertEqual(outcome(door, right), "joe")
        clock.advance(629)
        self.assertEqual(outcome(door, right), "joe")
        clock.advance(1)
        self.assertEqual(outcome(door, right), "a token that has run out (exp)")
        clock.advance(-630)
        issuer.keys.current = keys("EdDSA")
        self.assertEqual(outcome(door, right), NOT_ITS)

    def test_known_is_bounded(self) -> None:
        """
        Of all the tokens ever verified the last 1,024 are remembered.
        """
        door = checker("HS256")
        for number in range(1030):
            self.assertEqual(outcome(door, token("HS256", jti=number)), "joe")
        self.assertEqual(len(door._known), 1024)

    def test_long(self) -> None:
        """
        A token of more bytes than the realm takes is not looked at.
        """
        self.assertEqual(
            outcome(checker("HS256"), token("HS256", x="x" * 8192)), "a token of more than 8192 bytes"
        )

    def test_secrets(self) -> None:
        """
        No refusal contains anything of the token.
        """
        door = checker("ES256")
        for bad in (
            token("EdDSA", sub="hunter2"),
            token("ES256", sub="hunter2", exp=1),
            token("ES256", sub="\n" * 9),
        ):
            said = outcome(door, bad)
            self.assertFalse([each for each in ("hunter2", *bad.split(".")) if each in said], said)


class FetchedTests(SynchronousTestCase):
    """Keys of an issuer that publishes them."""

    def setUp(self) -> None:
        self.clock, self.asked = Clock(), list[Deferred[Fetched]]()
        self.keys = FetchedKeys(self.source, self.clock, ISSUER)
        self.door = TokenChecker(
            {ISSUER: Issuer(self.keys, audience=("gateway",))}, Terms(), workplace(clock=self.clock)
        )

    def source(self) -> Deferred[Fetched]:
        self.asked.append(Deferred())
        return self.asked[-1]

    def test_first(self) -> None:
        """
        Logins before the first fetch has ended wait for it.
        """
        self.door.start()
        waiting = [self.door.requestAvatarId(attempt(token("ES256"))) for _ in range(3)]
        self.assertEqual(len(self.asked), 1)
        self.asked[0].callback(Fetched(jwks(jwk("ES256"))))
        self.assertEqual([self.successResultOf(each).user for each in waiting], ["joe"] * 3)
        self.door.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_rotated(self) -> None:
        """
        A key that is not known has the keys fetched again, at most every 10 s; known ones go on at once.
        """
        self.door.start()
        self.asked[0].callback(Fetched(jwks(jwk("ES256", kid="old"))))
        old, new = token("ES256", {"kid": "old"}), token("EdDSA", {"kid": "new"})
        self.assertEqual((outcome(self.door, new), len(self.asked)), (NOT_ITS, 1))
        self.clock.advance(10)
        waits = self.door.requestAvatarId(attempt(new))
        self.assertEqual((outcome(self.door, old), len(self.asked)), ("joe", 2))
        self.asked[1].callback(Fetched(jwks(jwk("EdDSA", kid="new"))))
        self.assertEqual(self.successResultOf(waits).user, "joe")
        self.assertEqual(outcome(self.door, old), NOT_ITS)
        self.assertEqual(len(self.asked), 2)

    def test_no_reason_to_fetch(self) -> None:
        """
        A token of an algorithm that no published key can have makes nobody fetch.
        """
        self.door.start()
        self.asked[0].callback(Fetched(jwks(jwk("ES256"))))
        self.clock.advance(10)
        none = f"{part({'alg': 'none'})}.{part(claims())}."
        self.assertEqual([outcome(self.door, bad) for bad in (token("HS256"), none)], [NOT_ITS] * 2)
        self.assertEqual(len(self.asked), 1)

    def test_down(self) -> None:
        """
        Without keys nobody is refused, and nobody comes in: it cannot be said.
        """
        gone = "the keys of the token's issuer are not to be had"
        self.door.start()
        waits = self.door.requestAvatarId(attempt(token("ES256")))
        self.asked[0].errback(LoginUnavailable("down"))
        self.failureResultOf(waits, LoginUnavailable)
        self.assertEqual(outcome(self.door, token("ES256")), gone)

    def test_slow(self) -> None:
        """
        Signatures that take long are verified by the pool.
        """
        called: list[str] = []

        def work(function: Any, *arguments: Any) -> Deferred[Any]:
            called.append(function.__name__)
            return succeed(function(*arguments))

        place = workplace()
        object.__setattr__(place, "work", work)
        door = TokenChecker(
            {ISSUER: Issuer(FixedKeys(keys("ES384", "ES256")), audience=("gateway",))}, Terms(), place
        )
        self.assertEqual([outcome(door, token(name)) for name in ("ES384", "ES256")], ["joe", "joe"])
        self.assertEqual(called, ["_signed_by"])


class JwtTypeTests(Files):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self.folder.resolve()

    def issuer(self, **given: Any) -> dict[str, Any]:
        return options(DECLARED.children, **{"name": ISSUER, "audience": ("gateway",), **given})

    def made(self, *issuers: dict[str, Any]) -> TokenChecker:
        return JwtType().checker(options(JwtType.options, issuer=issuers), workplace(self.folder))

    def test_promises(self) -> None:
        """
        There are two names for one type.
        """
        for module, name in ((JwtType(), "jwt"), (token_type(), "token")):
            self.assertTrue(verifyObject(ILoginModule, module))
            self.assertEqual(module.name, name)

    def test_files(self) -> None:
        """
        Keys are read from the files that the options name, beside the configuration or elsewhere.
        """
        self.file("keys.pem", public_pem("EdDSA"))
        secret = self.file("secret", SECRET + b"\n")
        for given, name in (({"key_file": "keys.pem"}, "EdDSA"), ({"secret_file": str(secret)}, "HS512")):
            self.assertEqual(outcome(self.made(self.issuer(**given)), token(name)), "joe")

    def test_no_good(self) -> None:
        """
        A file that is missing or holds no key is named.
        """
        self.file("empty")
        self.file("large", b" " * (1024 * 1024 + 1))
        for given, why in (
            ({"key_file": "missing"}, "FOLDER/missing: cannot be read: No such file or directory"),
            (
                {"secret_file": "empty"},
                "FOLDER/empty: a secret of fewer than 32 bytes; openssl rand -hex 32 makes a good one",
            ),
            ({"key_file": "large"}, "FOLDER/large: has more than 1 MiB"),
            (
                {"jwks": "https://a.example/", "ca_file": "empty"},
                "FOLDER/empty: there is no certificate (PEM) in it",
            ),
        ):
            self.assertEqual(self.refusal(self.made, self.issuer(**given)), why)
        self.assertRaises(ConfigError, self.made, self.issuer(key_file="empty"))

    def test_check(self) -> None:
        """
        An issuer has one kind of key, and algorithms that go with it, and stands once.
        """
        public, both = self.issuer(key_file="k"), self.issuer(key_file="k", jwks="https://a.example/")
        given = options(
            JwtType.options,
            issuer=(
                public,
                both,
                self.issuer(name="b"),
                self.issuer(name="c", key_file="k", algorithms=("RS256", "HS256")),
                self.issuer(name="d", secret_file="k", algorithms=("RS256",)),
                self.issuer(name="e", secret_file="k", algorithms=("HS256",)),
            ),
        )
        self.assertEqual(
            list(JwtType().check(given)),
            [
                f"issuer {ISSUER!r} stands twice",
                f"issuer {ISSUER!r}: expected one of key-file, secret-file and jwks",
                "issuer 'b': expected one of key-file, secret-file and jwks",
                "issuer 'c': HS256 is not for a public key",
                "issuer 'd': RS256 is not for a secret",
            ],
        )
        self.assertEqual(list(JwtType().check(options(JwtType.options, issuer=(public,)))), [])

    def test_read_algorithms(self) -> None:
        """
        Algorithms are those of the table; none is none.
        """
        self.assertEqual(read_algorithms("RS256, EdDSA"), ("RS256", "EdDSA"))
        for wrong in ("none", "RS257", "", "rs256"):
            self.assertRaises(Unreadable, read_algorithms, wrong)

    def test_fetched(self) -> None:
        """
        With jwks the keys are fetched from the start to the stop.
        """
        made = self.made(self.issuer(jwks="https://a.example/keys"))
        [issuer] = made._issuers.values()
        self.assertIsInstance(issuer.keys, FetchedKeys)
