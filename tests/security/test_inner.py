"""Tests for L{kaazing.security.inner}: logins said inside a protocol are decided as those at a door."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zope.interface.verify import verifyObject

from kaazing.errors import BadRequest, StayOver
from kaazing.interfaces.security import IInnerLogin
from kaazing.interfaces.services import Visit
from kaazing.security.inner import InnerLogin
from kaazing.security.lifetime import Lifetimes
from kaazing.transports.wheel import Wheel
from tests.security.static import JOE
from tests.security.test_attempts import basic
from tests.security.test_guard import GuardTestCase
from tests.security.test_lifetime import Front


def line() -> Any:
    """Return a channel."""
    return Front()


class Heard:
    """A receiver that keeps why it was failed."""

    why: Exception | None = None

    def failed(self, why: Exception) -> None:
        """See L{kaazing.interfaces.channels.IReceiver}."""
        self.why = why


class InnerLoginTests(GuardTestCase):
    def inner(self, timeout: float = 0.0, **more: Any) -> InnerLogin:
        """Return what a service asks."""
        wheel = Wheel(self.clock)
        lifetimes = Lifetimes(wheel, self.clock.seconds, lambda channel, asked: channel, lambda who: False)
        return InnerLogin(self.guard(**more), lifetimes, "jms", timeout)

    def refusal(self, inner: InnerLogin, user: str, secret: str) -> int:
        """Return the status with which a login is refused."""
        login = inner.login(line(), self.visit(), user, secret)
        why: Any = self.failureResultOf(login, BadRequest).value
        return int(why.status)

    def test_promises(self) -> None:
        """
        It is what a service asks.
        """
        verifyObject(IInnerLogin, self.inner())

    def test_login(self) -> None:
        """
        The right password tells who the client is; what stands in the request counts for nothing.
        """
        visit: Visit = self.visit(basic("nobody:wrong"))
        self.assertEqual(self.successResultOf(self.inner().login(line(), visit, "joe", "welcome")), JOE)
        inner = self.inner()
        self.assertEqual(
            self.failureResultOf(inner.login(line(), self.visit(basic("joe:welcome")), "", "")).value.status,
            401,
        )

    def test_refused(self) -> None:
        """
        A wrong password, an unknown user, nothing, and what no password is look alike; where nobody can be
        asked it is another matter.
        """
        inner = self.inner()
        for user, secret in (("joe", "wrong"), ("nobody", "wrong"), ("", ""), ("joe", "wel\0come")):
            self.assertEqual(self.refusal(inner, user, secret), 401, user)
        self.assertEqual(self.refusal(inner, "joe", "x" * 20_000), 401)
        self.assertEqual(self.refusal(inner, "joe", "down"), 503)

    def test_throttled(self) -> None:
        """
        Who is wrong too often has to wait, as at the door.
        """
        inner = self.inner(throttled=True)
        told = [self.refusal(inner, "joe", "wrong") for _ in range(12)]
        self.assertEqual(set(told), {401, 429})
        self.assertEqual(self.refusal(inner, "joe", "welcome"), 429)

    def test_ends(self) -> None:
        """
        The time of a client begins with its login and ends as that of all others does.
        """
        front, heard = line(), Heard()
        front.receiver = heard
        self.successResultOf(self.inner(timeout=60.0).login(front, self.visit(), "joe", "welcome"))
        self.clock.pump([1.0] * 59)
        self.assertTrue(front.open)
        self.clock.pump([1.0] * 3)
        self.assertFalse(front.open)
        self.assertIsInstance(heard.why, StayOver)

    def test_gone(self) -> None:
        """
        Of a client that is gone when its login has been decided no time begins.
        """
        front = line()
        front.open = False
        visit = replace(self.visit(), secure=True)
        self.successResultOf(self.inner(timeout=60.0).login(front, visit, "joe", "welcome"))
        self.assertEqual((front.tenure, self.clock.getDelayedCalls()), (None, []))
