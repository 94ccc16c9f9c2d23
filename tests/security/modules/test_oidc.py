"""Login module oidc: a provider is asked where its keys are, and has to know its own name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import LoginUnavailable
from kaazing.interfaces.security import ILoginModule
from kaazing.literals import Unreadable
from kaazing.security.modules.documents import Fetched
from kaazing.security.modules.jwt import TokenChecker
from kaazing.security.modules.oidc import PLACE, OidcType, discovered, read_issuer
from tests.security.modules.issuing import ISSUER, options, workplace

KEYS = "https://keys.example/set"


class OidcTests(SynchronousTestCase):
    def outcome(self, issuer: str, pages: dict[str, Any]) -> Fetched | str:
        """Return what is fetched of an issuer, or why nothing is."""

        def get(url: str) -> Deferred[Fetched]:
            if url not in pages:
                return fail(LoginUnavailable(f"{url} answers with status 404"))
            page = pages[url]
            return succeed(page if isinstance(page, Fetched) else Fetched(json.dumps(page).encode(), 300))

        results: list[Any] = []
        discovered(get, issuer)().addBoth(results.append)
        [result] = results
        return result if isinstance(result, Fetched) else str(result.value)

    def test_found(self) -> None:
        """
        The keys are where the provider says; both documents have to be looked at again when the first is old.
        """
        for name in (ISSUER, f"{ISSUER}/", f"{ISSUER}/realms/demo"):
            pages = {
                f"{name.removesuffix('/')}{PLACE}": {"issuer": name, "jwks_uri": KEYS},
                KEYS: Fetched(b"{}", 900),
            }
            self.assertEqual(self.outcome(name, pages), Fetched(b"{}", 300))

    def test_not_found(self) -> None:
        """
        A provider that calls itself something else, or is not to be understood, has no keys.
        """
        url = ISSUER + PLACE
        unread = f"what {url} gives cannot be read (Discovery section 4.2)"
        https = "expected an https URL (http for 127.0.0.1, ::1 and localhost alone)"
        for page, why in (
            (
                {"issuer": ISSUER + "/", "jwks_uri": KEYS},
                f"{ISSUER} calls itself something else (Discovery section 4.3)",
            ),
            ({"issuer": ISSUER}, unread),
            ([], unread),
            (Fetched(b"<html>"), unread),
            (Fetched(b"[" * 99999), unread),
            ({"issuer": ISSUER, "jwks_uri": "http://keys.example/"}, f"jwks_uri of {ISSUER}: {https}"),
            ({"issuer": ISSUER, "jwks_uri": KEYS}, f"{KEYS} answers with status 404"),
        ):
            self.assertEqual(self.outcome(ISSUER, {url: page}), why)
        wrong = self.outcome(ISSUER, {url: {"issuer": ISSUER, "jwks_uri": 7}})
        self.assertIn("jwks_uri of", str(wrong))

    def test_type(self) -> None:
        """
        The options name the provider and the gateway's own name there.
        """
        module = OidcType()
        self.assertTrue(verifyObject(ILoginModule, module))
        given = options(module.options, issuer=ISSUER, audience=("gateway",))
        self.assertEqual(list(module.check(given)), [])
        self.assertEqual(
            list(module.check({**given, "algorithms": ("RS256", "HS256")})),
            ["algorithms: HS256 is not for public keys"],
        )
        self.assertIsInstance(module.checker(given, workplace(Path())), TokenChecker)

    def test_names(self) -> None:
        """
        A provider is an https URL without a query.
        """
        self.assertEqual(read_issuer(ISSUER), ISSUER)
        for wrong in (f"{ISSUER}?x", "http://issuer.example", "issuer"):
            self.assertRaises(Unreadable, read_issuer, wrong)
