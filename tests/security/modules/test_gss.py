"""Login module gss: what is kept between a client's words; tests.integration.test_gss has a KDC."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import Challenged, LoginMissing, LoginRefused
from kaazing.interfaces.security import ILoginModule, Subject
from kaazing.literals import Unreadable
from kaazing.security.modules.gss import LARGEST, MOST_BEGUN, TIME, GssType, NegotiateChecker, read_principal
from tests.security.modules.issuing import NOW, attempt, options, workplace


class Steps:
    """Answers a first word with a question, and a second with who it is."""

    def __init__(self) -> None:
        self.begun = 0

    def step(self, context: int | None, said: bytes) -> tuple[int, bytes, Subject | None]:
        if context is None:
            self.begun += 1
            return self.begun, b"more", None
        return context, b"", Subject(user=f"joe{context}", expires=60.0)


class NegotiateCheckerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.checker = NegotiateChecker(Steps(), workplace(clock=self.clock), frozenset(("AUTHORIZED",)))

    def outcome(self, said: bytes | None, address: str = "192.0.2.1") -> Any:
        """Return who comes, or what the client is to hear, or what is wrong."""
        given = replace(attempt(), negotiation=said, address=address)
        try:
            result = self.checker.requestAvatarId(given)
        except (LoginMissing, LoginRefused) as why:
            return str(why)
        results: list[Any] = []
        result.addBoth(results.append)
        if isinstance(results[0], Subject):
            return results[0]
        return results[0].trap(Challenged) and results[0].value.data

    def test_goes_on(self) -> None:
        """
        A client that has to say more is told so, and its next word belongs to its first.
        """
        self.assertEqual(self.outcome(b"`first"), "bW9yZQ==")
        self.clock.advance(10)
        self.assertEqual(
            self.outcome(b"\xa1second"),
            Subject(user="joe1", roles=frozenset(("AUTHORIZED",)), expires=NOW + 70),
        )

    def test_begins_anew(self) -> None:
        """
        A first word begins anew; so does a second one of another client, or one too late, or one too many.
        """
        for given in ((b"`first",), (b"\xa1second", "192.0.2.2")):
            self.assertEqual(self.outcome(b"`first"), "bW9yZQ==")
            self.assertEqual(self.outcome(*given), "bW9yZQ==")
        self.assertEqual(self.outcome(b"`first"), "bW9yZQ==")
        self.clock.advance(TIME + 1)
        self.assertEqual(self.outcome(b"\xa1second"), "bW9yZQ==")

    def test_bounded(self) -> None:
        """
        At most 256 negotiations are kept; the oldest goes first.
        """
        for number in range(MOST_BEGUN + 1):
            self.outcome(b"`first", str(number))
        self.assertEqual(len(self.checker._begun), MOST_BEGUN)
        self.assertEqual(self.outcome(b"\xa1second", "1").user, "joe2")
        self.assertEqual(self.outcome(b"\xa1second", "0"), "bW9yZQ==")

    def test_refused(self) -> None:
        """
        Without a word there is nothing to look at; an empty or endless one goes no further.
        """
        wrong = f"a word of Negotiate that is empty, or longer than {LARGEST} bytes"
        self.assertEqual(
            [self.outcome(said) for said in (None, b"", b"x" * (LARGEST + 1))],
            ["no word of Negotiate", wrong, wrong],
        )


class GssTypeTests(SynchronousTestCase):
    def test_type(self) -> None:
        """
        Users of several realms keep the realm in their names.
        """
        module = GssType()
        self.assertTrue(verifyObject(ILoginModule, module))
        self.assertEqual(list(module.check(options(module.options, realms=("A",)))), [])
        self.assertEqual(
            list(module.check(options(module.options, realms=("A", "B"), strip_realm=False))), []
        )
        self.assertEqual(
            list(module.check(options(module.options, realms=("A", "B")))),
            ["strip.realm: expected disabled with several realms, whose users would be mixed up"],
        )

    def test_principals(self) -> None:
        """
        A principal is a service at a host.
        """
        for good in ("HTTP/a.example@A.EXAMPLE", "HTTP/a.example", "HTTP@a.example"):
            self.assertEqual(read_principal(good), good)
        for wrong in ("", "HTTP", "HTTP/", "a b/c", "HTTP/a@b@c"):
            self.assertRaises(Unreadable, read_principal, wrong)
