"""Tests for L{kaazing.adapters.amqp.nine_login}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp.nine_login import begun
from kaazing.interfaces.adapters import Login
from kaazing.wire.sasl import Refused

ANN = Login(username="ann", password="pw")


class LoginTests(SynchronousTestCase):
    def test_best(self) -> None:
        """
        What SASL has comes before AMQPLAIN, the strongest first; AMQPLAIN does where there is nothing else.
        """
        for offered, chosen in (
            (b"AMQPLAIN PLAIN", "PLAIN"),
            (b"PLAIN AMQPLAIN SCRAM-SHA-256", "SCRAM-SHA-256"),
            (b"AMQPLAIN RABBIT-CR-DEMO", "AMQPLAIN"),
        ):
            self.assertEqual(begun(offered, ANN).mechanism, chosen)
        self.assertEqual(begun(b"PLAIN EXTERNAL", Login(username="")).mechanism, "EXTERNAL")

    def test_amqplain(self) -> None:
        """
        AMQPLAIN is a field table without its length; nothing is said after it.
        """
        conversation = begun(b"AMQPLAIN PLAIN", Login(username="ann", password="pw", mechanism="AMQPLAIN"))
        table = b"\x05LOGINS\0\0\0\x03ann\x08PASSWORDS\0\0\0\x02pw"
        self.assertEqual((conversation.mechanism, conversation.first()), ("AMQPLAIN", table))
        conversation.finish(None)
        self.assertRaises(Refused, conversation.answer, b"?")

    def test_none(self) -> None:
        """
        Where there is no mechanism for a login, the error says so without the password.
        """
        for offered, login in (
            (b"", ANN),
            (b"RABBIT-CR-DEMO", ANN),
            (b"PLAIN", Login(username="ann", password="pw", mechanism="AMQPLAIN")),
            (b"AMQPLAIN", Login(username="")),
        ):
            why = self.assertRaises(Refused, begun, offered, login)
            self.assertEqual(str(why), "the backend offers no mechanism that the gateway can log in with")
