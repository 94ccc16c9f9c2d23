"""Tests for L{kaazing.adapters.xmpp.login}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.xmpp.login import BackendLogin, condition_of, failure
from kaazing.interfaces.adapters import Login
from kaazing.wire.sasl import Refused
from kaazing.wire.xmpp import SASL

LOGIN = Login(username="gw", password="pw")


class LoginTests(SynchronousTestCase):
    """RFC 6120 section 6."""

    def test_empty_response(self) -> None:
        """
        RFC 6120 section 6.4.2: an initial response of no bytes is "=".
        """
        login = BackendLogin(Login(username="", mechanism="EXTERNAL"), ["EXTERNAL"])
        self.assertEqual(login.auth(), f"<auth xmlns='{SASL}' mechanism='EXTERNAL'>=</auth>".encode())

    def test_nonsense(self) -> None:
        """
        A challenge that is not base64, and one after all was said.
        """
        login = BackendLogin(LOGIN, ["PLAIN"])
        login.auth()
        error = self.assertRaises(Refused, login.answer, "!")
        self.assertIn("not base64", str(error))
        self.assertRaises(Refused, login.answer, "=")

    def test_nothing_offered(self) -> None:
        """
        Without a mechanism there is no login.
        """
        self.assertRaises(Refused, BackendLogin, LOGIN, ["X-OTHER"])

    def test_success(self) -> None:
        """
        PLAIN proves nothing; blanks around the end's data do not count.
        """
        login = BackendLogin(LOGIN, ["PLAIN"])
        login.auth()
        login.finish(" \n")

    def test_conditions(self) -> None:
        """
        What a client may know of a backend's refusal.
        """
        self.assertEqual(condition_of([f"{SASL} text", f"{SASL} account-disabled"]), "account-disabled")
        self.assertEqual(condition_of([f"{SASL} invalid-authzid"]), "not-authorized")
        self.assertEqual(condition_of(["urn:x account-disabled"]), "not-authorized")

    def test_failure(self) -> None:
        """
        Words of a failure are escaped.
        """
        self.assertEqual(
            failure("aborted", "a<b"),
            f"<failure xmlns='{SASL}'><aborted/><text xml:lang='en'>a&lt;b</text></failure>".encode(),
        )
