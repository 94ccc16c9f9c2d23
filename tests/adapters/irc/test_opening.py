"""Tests for L{kaazing.adapters.irc.opening}."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.irc.opening import Opening, Unwelcome
from kaazing.interfaces.adapters import AskLogin, Compute, Link, Login, NoLogin, Order, StartTls, ToBack
from kaazing.wire.irc import parse
from tests.adapters.irc.dialogue import LINK, linked, sent

INJECTING = replace(LINK, injects=True)
LOGIN = Login(username="gw", password="wonder")
PLAIN = b64encode(b"\0gw\0wonder")


def heard(opening: Opening, *lines: bytes) -> list[Order] | None:
    """Return what follows the last of the lines."""
    said = None
    for line in lines:
        said = opening.heard(parse(line))
    return said


class IntroductionTests(SynchronousTestCase):
    """Who the client is: WEBIRC and PASS."""

    def introduced(self, link: Link) -> list[Order]:
        """What is said where there is no login."""
        opening = Opening(link)
        said = opening.begin()
        self.assertTrue(opening.over)
        return said

    def test_nothing(self) -> None:
        """
        Without any of it, the client may speak at once.
        """
        self.assertEqual(self.introduced(LINK), [])
        self.assertIsNone(Opening(LINK).heard(parse(b"CAP * LS :sasl")))

    def test_webirc(self) -> None:
        """
        IRCv3 WebIRC: the address goes first of all, twice because it is not resolved; an IPv6 address
        does not begin with a colon.
        """
        for peer, address in (
            ("192.0.2.1:5000", b"192.0.2.1"),
            ("[2001:db8::1]:5000", b"2001:db8::1"),
            ("[::1]:5000", b"0::1"),
            ("[fe80::1%eth0]:1", b"fe80::1"),
        ):
            link = linked(replace(LINK, peer=peer), webirc_password="w", server_password="s p")
            webirc = sent(b"WEBIRC w kaazing %s %s" % (address, address))
            self.assertEqual(self.introduced(link), [webirc, sent(b"PASS :s p")])

    def test_secure(self) -> None:
        """
        IRCv3 WebIRC, Options: an encrypted client is said to be secure, unless the server takes no options.
        """
        link = replace(linked(webirc_password="w", webirc_gateway="gw"), secure=True)
        self.assertEqual(self.introduced(link), [sent(b"WEBIRC w gw 192.0.2.1 192.0.2.1 secure")])
        plain = [sent(b"WEBIRC w gw 192.0.2.1 192.0.2.1")]
        self.assertEqual(self.introduced(linked(link, webirc_secure=False)), plain)

    def test_unknown_address(self) -> None:
        """
        A client whose address is not known is not let in under another.
        """
        opening = Opening(linked(replace(LINK, peer="somebody"), webirc_password="w"))
        why = self.assertRaises(Unwelcome, opening.begin)
        self.assertEqual((why.reason, why.code), ("the client's address is not known", 1011))

    def test_pass(self) -> None:
        """
        A login that is no account's: the password goes into PASS.
        """
        opening = Opening(linked(INJECTING, irc_login="pass"))
        self.assertEqual(opening.begin(), [AskLogin()])
        self.assertEqual(opening.answered(LOGIN), [sent(b"PASS wonder")])
        self.assertTrue(opening.over)

    def test_logins_that_cannot_be_said(self) -> None:
        """
        Nobody injects a line by a username or a password, which are not repeated.
        """
        for login in (Login(username="a", password="b\r\nOPER x"), Login(username="a b", password="c")):
            opening = Opening(linked(INJECTING, irc_login="pass"))
            why = self.assertRaises(Unwelcome, opening.answered, login)
            self.assertTrue(why.reason.endswith(" cannot be said with what is configured"), why.reason)

    def test_no_login(self) -> None:
        """
        A client for whom there is no login is told so.
        """
        why = self.assertRaises(Unwelcome, Opening(INJECTING).answered, NoLogin("no key for you"))
        self.assertEqual((why.reason, why.code), ("no key for you", 1008))


class SaslTests(SynchronousTestCase):
    """IRCv3 SASL 3.1 and 3.2."""

    def opening(self, login: Login = LOGIN, **options: Any) -> Opening:
        """One that has been told who it is."""
        opening = Opening(linked(INJECTING, **options))
        self.assertEqual(opening.begin(), [AskLogin()])
        self.assertEqual(opening.answered(login)[-1], sent(b"CAP LS 302"))
        return opening

    def begun(self, offer: bytes = b"sasl=PLAIN", login: Login = LOGIN) -> Opening:
        """One that has begun AUTHENTICATE."""
        opening = self.opening(login)
        self.assertEqual(heard(opening, b"CAP * LS :a " + offer), [sent(b"CAP REQ sasl")])
        heard(opening, b"CAP * ACK :sasl ")
        return opening

    def assert_unwelcome(self, opening: Opening, reason: str, *lines: bytes, code: int = 1011) -> None:
        """The lines end it."""
        why = self.assertRaises(Unwelcome, heard, opening, *lines)
        self.assertEqual((why.reason, why.code), (reason, code))
        self.assertNotIn("wonder", str(why))

    def test_plain(self) -> None:
        """
        PLAIN: the account's name and password, then the client's own negotiation begins afresh.
        """
        opening = self.opening(webirc_password="w")
        self.assertEqual(heard(opening, b"NOTICE * :*** Looking up your hostname"), None)
        self.assertEqual(heard(opening, b":x CAP * LS * :a b sasl=PLAIN,SCRAM-SHA-999 c"), [])
        self.assertEqual(heard(opening, b":x CAP * LS :d"), [sent(b"CAP REQ sasl")])
        self.assertEqual(heard(opening, b":x CAP * ACK :sasl"), [sent(b"AUTHENTICATE PLAIN")])
        self.assertEqual(heard(opening, b"AUTHENTICATE +"), [sent(b"AUTHENTICATE " + PLAIN)])
        account = b":x 900 * *!*@* gw :You are now logged in as gw"
        self.assertEqual(heard(opening, account), [])
        self.assertFalse(opening.over)
        self.assertEqual(heard(opening, b":x 903 * :SASL authentication successful"), [sent(b"CAP END")])
        self.assertEqual((opening.over, opening.account), (True, parse(account)))

    def test_mechanism_unsaid(self) -> None:
        """
        A server of version 3.1 does not say its mechanisms: PLAIN, or the configured one.
        """
        for mechanism, asked in ((None, b"PLAIN"), ("EXTERNAL", b"EXTERNAL")):
            opening = self.opening(replace(LOGIN, mechanism=mechanism))
            heard(opening, b"CAP * LS :sasl")
            self.assertEqual(heard(opening, b"CAP * ACK :sasl"), [sent(b"AUTHENTICATE " + asked)])

    def test_external(self) -> None:
        """
        EXTERNAL without a username is an empty message, a plus.
        """
        opening = self.begun(b"sasl=PLAIN,EXTERNAL", Login(username=""))
        self.assertEqual(heard(opening, b"AUTHENTICATE +"), [sent(b"AUTHENTICATE +")])

    def test_chunks(self) -> None:
        """
        A message goes in pieces of four hundred bytes, behind a last whole one a plus.
        """
        for length, sizes in ((292, [396]), (296, [400, 1]), (297, [400, 4]), (596, [400, 400, 1])):
            opening = self.begun(login=Login(username="gw", password="x" * length))
            said = heard(opening, b"AUTHENTICATE +") or []
            words = [order.data.split()[1] for order in said if isinstance(order, ToBack)]
            self.assertEqual([len(word) for word in words], sizes)
            whole = b"".join(word for word in words if word != b"+")
            self.assertEqual(b64decode(whole), b"\0gw\0" + b"x" * length)

    def test_scram(self) -> None:
        """
        SCRAM-SHA-256 where it is offered (RFC 7677 section 3): the proof is computed elsewhere, and the
        server has to prove itself.
        """
        opening = self.begun(b"sasl=PLAIN,SCRAM-SHA-256")
        said = heard(opening, b"AUTHENTICATE +") or []
        assert isinstance(said[0], ToBack)
        first = b64decode(said[0].data.split()[1])
        self.assertTrue(first.startswith(b"n,,n=gw,r="), first)
        challenge = b"r=" + first.partition(b"r=")[2] + b"server,s=" + b64encode(b"salt" * 4) + b",i=4096"
        asked = heard(opening, b"AUTHENTICATE " + b64encode(challenge)) or []
        assert isinstance(asked[0], Compute)
        proof = asked[0].work()
        self.assertEqual(opening.computed(proof), [sent(b"AUTHENTICATE " + b64encode(proof))])
        self.assert_unwelcome(
            opening, "SCRAM-SHA-256: the server does not prove that it knows the password", b"903 * :ok"
        )

    def test_refused(self) -> None:
        """
        A wrong login: the client is to see the backend's own words.
        """
        for numeric in (b"902", b"904", b"905", b"906", b"907"):
            opening = self.begun()
            self.assertEqual(heard(opening, b"908 * PLAIN :are available"), [])
            self.assert_unwelcome(
                opening, "the backend refuses the gateway's own login", numeric + b" * :no", code=1008
            )
        why = self.assertRaises(Unwelcome, heard, self.begun(), b"904 * :no")
        self.assertEqual(why.words, parse(b"904 * :no"))

    def test_no_sasl(self) -> None:
        """
        A backend without SASL, without capabilities, or that does not grant it, cannot be logged in to.
        """
        reason = "the backend knows no SASL"
        for lines in (
            (b"CAP * LS :multi-prefix",),
            (b"421 * CAP :Unknown command",),
            (b"CAP * LS :sasl", b"CAP * NAK :sasl"),
        ):
            self.assert_unwelcome(self.opening(), reason, *lines)
        reason = "the backend has no way to log in that the gateway knows"
        self.assert_unwelcome(self.opening(), reason, b"CAP * LS :sasl=ECDSA-NIST256P-CHALLENGE")

    def test_bad_challenges(self) -> None:
        """
        A challenge that is no Base64, endless, or not the mechanism's.
        """
        self.assert_unwelcome(self.begun(), "the backend's challenge is not Base64", b"AUTHENTICATE ?")
        endless = [b"AUTHENTICATE " + b"A" * 400] * 21
        self.assert_unwelcome(self.begun(), "the backend's challenge is too long", *endless)
        reason = "the server goes on after PLAIN is complete"
        self.assert_unwelcome(self.begun(), reason, b"AUTHENTICATE +", b"AUTHENTICATE YQ==")


class StartTlsTests(SynchronousTestCase):
    """IRCv3 STARTTLS (tls 3.1)."""

    def opening(self, wish: str, **link: Any) -> Opening:
        """One that wishes to encrypt."""
        return Opening(replace(linked(irc_starttls=wish, webirc_password="w"), **link))

    def test_encrypted(self) -> None:
        """
        No password goes before the connection is encrypted, and nothing said before is believed.
        """
        opening = self.opening("required")
        self.assertEqual(opening.begin(), [sent(b"STARTTLS")])
        self.assertEqual(heard(opening, b"NOTICE * :*** Looking up"), [])
        self.assertIsNone(heard(opening, b"ERROR :no"))
        self.assertEqual(heard(opening, b"670 * :go ahead"), [StartTls()])
        self.assertEqual(opening.secured(), [sent(b"WEBIRC w kaazing 192.0.2.1 192.0.2.1")])
        self.assertTrue(opening.over)

    def test_refused(self) -> None:
        """
        A backend that does not encrypt: the end where it is required, else on in the open.
        """
        for refusal in (b"691 * :no", b"421 * STARTTLS :what?", b"451 * :register first"):
            required, optional = self.opening("required"), self.opening("optional")
            required.begin(), optional.begin()
            why = self.assertRaises(Unwelcome, heard, required, refusal)
            self.assertEqual(why.reason, "the backend does not encrypt")
            self.assertEqual(heard(optional, refusal), [sent(b"WEBIRC w kaazing 192.0.2.1 192.0.2.1")])

    def test_encrypted_already(self) -> None:
        """
        A connection that is encrypted from its first byte needs none.
        """
        opening = self.opening("required", encrypted=True)
        self.assertEqual(opening.begin(), [sent(b"WEBIRC w kaazing 192.0.2.1 192.0.2.1")])
