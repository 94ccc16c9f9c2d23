"""The gateway logs in at backends with SASL, and believes only those that prove themselves."""

from __future__ import annotations

from base64 import b64encode
from typing import cast

from hypothesis import assume, given
from hypothesis import strategies as st
from scramp import ScramException, ScramMechanism
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.adapters import Compute, Login
from kaazing.wire.sasl import (
    MAX_ITERATIONS,
    MAX_MESSAGE,
    MECHANISMS,
    Conversation,
    Refused,
    Scram,
    choose,
    said_plain,
)

PENCIL = Login(username="user", password="pencil")
"""Who logs in in the RFCs' examples."""

SHA_1 = (  # RFC 5802 section 5: mechanism, client's nonce, messages in turn
    "SCRAM-SHA-1",
    "fyko+d2lbbFgONRv9qkxdawL",
    b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
)
SHA_256 = (  # RFC 7677 section 3
    "SCRAM-SHA-256",
    "rOprNGfwEbeRWgbNEkqO",
    b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
)


def scram(login: Login = PENCIL) -> Scram:
    """Return the client of RFC 5802's example, its first message said."""
    made = Scram(SHA_1[0], login, SHA_1[1])
    made.first()
    return made


def challenged() -> Scram:
    """Return the same, which has answered the server's challenge."""
    made = scram()
    computed(made, SHA_1[3])
    return made


def computed(conversation: Conversation, challenge: bytes) -> bytes:
    """Return the response to a challenge that takes a computation."""
    asked = conversation.answer(challenge)
    assert isinstance(asked, Compute), asked
    return cast(bytes, asked.work())


class SaidPlainTests(SynchronousTestCase):
    def test_said(self) -> None:
        """
        A client's PLAIN says username and password; what is none says nothing (RFC 4616 section 2).
        """
        self.assertEqual(said_plain(b"\0ann\0pw"), ("ann", "pw"))
        self.assertEqual(said_plain("other\0\xe4\0".encode()), ("\xe4", ""))
        for bad in (b"", b"ann", b"\0ann", b"\0a\0b\0c", b"\0\xff\0x"):
            self.assertEqual(said_plain(bad), ("", ""))


class ChooseTests(SynchronousTestCase):
    """Which mechanism is taken."""

    def assert_chosen(self, offered: str, login: Login, expected: str | None) -> None:
        """Of the mechanisms of C{offered}, C{expected} is taken."""
        chosen = choose(offered.split(), login)
        self.assertEqual(chosen and chosen.mechanism, expected, (offered, login))

    def test_best(self) -> None:
        """
        The best that the server offers, in whatever order and case.
        """
        for offered, expected in (
            ("PLAIN SCRAM-SHA-1 SCRAM-SHA-256", "SCRAM-SHA-256"),
            ("SCRAM-SHA-1-PLUS PLAIN SCRAM-SHA-1", "SCRAM-SHA-1"),
            ("plain amqplain external", "PLAIN"),
            ("EXTERNAL AMQPLAIN", None),
            ("SCRAM-SHA-256-PLUS CRAM-MD5 ANONYMOUS", None),
            ("", None),
        ):
            self.assert_chosen(offered, PENCIL, expected)

    def test_named(self) -> None:
        """
        A mechanism that the login names is taken, or none: not one that the server lacks or nobody knows.
        """
        offered = "SCRAM-SHA-256 PLAIN EXTERNAL AMQPLAIN"
        for named, expected in (
            ("PLAIN", "PLAIN"),
            ("plain", "PLAIN"),
            ("EXTERNAL", "EXTERNAL"),
            ("SCRAM-SHA-1", None),
            ("AMQPLAIN", None),
        ):
            self.assert_chosen(offered, Login(username="ann", password="x", mechanism=named), expected)

    def test_external(self) -> None:
        """
        Without a username it is the certificate that says who logs in, and nothing else.
        """
        self.assert_chosen("PLAIN EXTERNAL", Login(username=""), "EXTERNAL")
        self.assert_chosen("PLAIN SCRAM-SHA-1", Login(username=""), None)


class ToldTests(SynchronousTestCase):
    """PLAIN and EXTERNAL: all in one message."""

    def begun(self, login: Login) -> Conversation:
        """Return the conversation where both are offered."""
        made = choose(["PLAIN", "EXTERNAL"], login)
        assert made is not None
        return made

    def test_plain(self) -> None:
        """
        RFC 4616 section 4: an identity to act as, empty; who logs in; the password; in UTF-8.
        """
        self.assertEqual(
            self.begun(Login(username="tim", password="tanstaaftanstaaf")).first(), b"\0tim\0tanstaaftanstaaf"
        )
        self.assertEqual(self.begun(Login(username="ä", password="")).first(), b"\0\xc3\xa4\0")

    def test_plain_nul(self) -> None:
        """
        NUL separates, so none may be inside; without a username there is nothing to say.
        """
        fault = "PLAIN needs a username, and no NUL in it or the password (RFC 4616 section 2)"
        for username, password in (("a\0b", "x"), ("a", "x\0"), ("", "x")):
            with self.assertRaises(Refused) as caught:
                choose(["PLAIN"], Login(username=username, password=password, mechanism="PLAIN"))
            self.assertEqual(str(caught.exception), fault)

    def test_external(self) -> None:
        """
        RFC 4422 appendix A.1: the identity to act as, empty for the one that the certificate proves.
        """
        self.assertEqual(self.begun(Login(username="")).first(), b"")
        self.assertEqual(self.begun(Login(username="ann", mechanism="EXTERNAL")).first(), b"ann")
        with self.assertRaises(Refused) as caught:
            self.begun(Login(username="a\0", mechanism="EXTERNAL"))
        self.assertEqual(str(caught.exception), "EXTERNAL has no NUL in a username (RFC 4422 appendix A.1)")

    def test_no_text(self) -> None:
        """
        What UTF-8 cannot say is refused in every mechanism, and does not stand in the error.
        """
        for mechanism in (*MECHANISMS, None):
            for username, password in (("a\udcff", "x"), ("a", "\ud800x")):
                with self.assertRaises(Refused) as caught:
                    choose(MECHANISMS, Login(username=username, password=password, mechanism=mechanism))
                fault = "a username or password that cannot be written in UTF-8"
                self.assertEqual(str(caught.exception), fault)

    def test_nothing_more(self) -> None:
        """
        A challenge after it is refused; success is believed, whatever comes with it.
        """
        for login in (PENCIL, Login(username="")):
            made = self.begun(login)
            made.first()
            made.finish(None)
            made.finish(b"x")
            with self.assertRaises(Refused) as caught:
                made.answer(b"")
            self.assertEqual(str(caught.exception), f"the server goes on after {made.mechanism} is complete")


class ScramTests(SynchronousTestCase):
    """Both sides prove that they know the password."""

    def test_vectors(self) -> None:
        """
        The exchanges of RFC 5802 section 5 and RFC 7677 section 3, byte for byte.
        """
        for mechanism, nonce, first, challenge, proof, signature in (SHA_1, SHA_256):
            client = Scram(mechanism, PENCIL, nonce)
            self.assertEqual((client.mechanism, client.first()), (mechanism, first))
            self.assertEqual(computed(client, challenge), proof)
            client.finish(signature)

    def test_proof_as_challenge(self) -> None:
        """
        Where the protocol's word of success carries no data, the server's proof is one challenge more,
        answered with nothing (RFC 4422 section 3.6).
        """
        for end in (None, b""):
            client = challenged()
            self.assertEqual(client.answer(SHA_1[5]), b"")
            client.finish(end)

    def test_nonces_are_fresh(self) -> None:
        """
        Each login has a nonce of its own.
        """
        self.assertEqual(len({Scram("SCRAM-SHA-256", PENCIL).first() for _ in range(10)}), 10)

    def test_names(self) -> None:
        """
        Comma and equals sign of a username are written otherwise (RFC 5802 section 5.1), and both it and the
        password are prepared (RFC 4013 section 3).
        """
        client = Scram("SCRAM-SHA-1", Login(username="a,b=c", password="x"), "n")
        self.assertEqual(client.first(), b"n,,n=a=2Cb=3Dc,r=n")
        client = Scram("SCRAM-SHA-1", Login(username="I\N{SOFT HYPHEN}X", password="x"), "n")
        self.assertEqual(client.first(), b"n,,n=IX,r=n")
        pencil = Login(username="user", password="pen\N{SOFT HYPHEN}cil")
        self.assertEqual(computed(scram(pencil), SHA_1[3]), SHA_1[4])

    def test_names_refused(self) -> None:
        """
        A username or password that cannot be prepared is refused before a byte is sent, and not repeated.
        """
        for username, password in (("", "x"), ("a\0", "x"), ("ann", "se\0cret"), ("ann", "\u0627secret1")):
            with self.assertRaises(Refused) as caught:
                choose(["SCRAM-SHA-1"], Login(username=username, password=password, mechanism="SCRAM-SHA-1"))
            self.assertIn(
                "SCRAM-SHA-1 cannot be done with this username or password: ", str(caught.exception)
            )
            self.assertNotIn("cret", str(caught.exception))


class HostileServerTests(SynchronousTestCase):
    """What a server may send that is none, or that knows no password."""

    def assert_refused(self, message: bytes, fault: str) -> None:
        """The server's first message C{message} is refused with C{fault}."""
        with self.assertRaises(Refused) as caught:
            scram().answer(message)
        self.assertEqual(str(caught.exception), "SCRAM-SHA-1: " + fault, message)

    def test_nonce(self) -> None:
        """
        The server's nonce begins with ours and goes on (RFC 5802 section 5.1).
        """
        ours = SHA_1[1].encode()
        rest = b",s=QSXCR+Q6sek8bf92,i=4096"
        self.assert_refused(
            b"r=" + ours + rest, "The nonce must be longer than the client nonce: other-error"
        )
        self.assert_refused(b"r=x" + ours + rest, "Client nonce doesn't match.: other-error")
        self.assert_refused(b"r=" + ours + b"\x7f" + rest, "Nonce contains invalid characters: other-error")

    def test_iterations(self) -> None:
        """
        Too few iterations would give the password away, too many would keep a processor busy.
        """
        start = b"r=" + SHA_1[1].encode() + b"x,s=QSXCR+Q6sek8bf92,i="
        for written, fault in (
            (b"0", "The iteration count must not begin with a zero: other-error"),
            (b"4095", "The value must not be < 4096: other-error"),
            (b"%d" % (MAX_ITERATIONS + 1), "more than 1000000 iterations"),
            (b"10000001", "The value must not be > 10000000: other-error"),
            (b"-1", "The iteration count can only contain ASCII digits: other-error"),
            (b"4_096", "The iteration count can only contain ASCII digits: other-error"),
        ):
            self.assert_refused(start + written, fault)
        self.assertIsInstance(scram().answer(start + b"%d" % MAX_ITERATIONS), Compute)

    def test_salt(self) -> None:
        """
        The salt is strict base64 and long enough.
        """
        start = b"r=" + SHA_1[1].encode() + b"x,s="
        for written in (b"QSXCR+Q6sek8bf9", b"QSXCR-Q6sek8bf92", b"QSXC R+Q6sek8bf92", b"=QSXCR+Q6sek8bf92"):
            self.assert_refused(start + written + b",i=4096", "Invalid base 64 encoding: invalid-encoding")
        self.assert_refused(
            start + b"YQ==,i=4096",
            "The 'salt' is 1 bytes long, but it must be at least 12 bytes long: other-error",
        )

    def test_form(self) -> None:
        """
        Parts that are missing, in another order, double, or that must be understood and are not (RFC 5802
        section 5.1, m), and what is no text.
        """
        nonce = b"r=" + SHA_1[1].encode() + b"x"
        whole = nonce + b",s=QSXCR+Q6sek8bf92,i=4096"
        for message in (
            b"",
            nonce,
            b"s=QSXCR+Q6sek8bf92," + nonce + b",i=4096",
            whole + b",i=4096",
            b"m=x," + whole,
            whole + b",",
            whole + b",x",
            whole + b",s=",
            whole + b"\0",
            b"e=no-resources",
            b"e=surprise",
            whole + b",x=\xff",
            whole + b",x=" + b"y" * MAX_MESSAGE,
        ):
            with self.assertRaises(Refused):
                scram().answer(message)
        self.assertIsInstance(scram().answer(whole + b",x=y"), Compute)  # an extension that may be ignored
        self.assert_refused(b"\xff", "a message that is not UTF-8")
        self.assert_refused(b"x" * (MAX_MESSAGE + 1), "a message of more than 4096 bytes")
        self.assert_refused(b"e=unknown-user", "The server returned an error: unknown-user")

    def test_proof(self) -> None:
        """
        A server is believed only with the right proof, not with a wrong one, none, or one too early.
        """
        wrong = b"v=" + b64encode(bytes(20))
        for data, fault in (
            (wrong, "The server signature doesn't match.: other-error"),
            (b"v=rmF9", "The server signature doesn't match.: other-error"),
            (None, "the server does not prove that it knows the password"),
            (b"", "the server does not prove that it knows the password"),
            (b"e=invalid-proof", "The server returned an error: invalid-proof"),
            (b"v=\xff", "a message that is not UTF-8"),
        ):
            with self.assertRaises(Refused) as caught:
                challenged().finish(data)
            self.assertEqual(str(caught.exception), "SCRAM-SHA-1: " + fault)
        with self.assertRaises(Refused):
            challenged().answer(wrong)
        for early in (None, SHA_1[5]):
            with self.assertRaises(Refused):
                scram().finish(early)

    def test_too_much(self) -> None:
        """
        After its proof the server has nothing more to say.
        """
        for more in (SHA_1[5], b"", SHA_1[3]):
            client = challenged()
            client.answer(SHA_1[5])
            with self.assertRaises(Refused):
                client.answer(more)
        client = challenged()
        client.answer(SHA_1[5])
        with self.assertRaises(Refused):
            client.finish(SHA_1[5])

    @given(st.binary(max_size=200), st.binary(max_size=200))
    def test_anything(self, first: bytes, second: bytes) -> None:
        """
        Whatever a server sends is answered or refused; nothing but the proof is believed.
        """
        assume(second != SHA_1[5])
        for messages in ((first, second), (SHA_1[3][: len(first)] + first, second), (SHA_1[3], second)):
            client = scram()
            with self.assertRaises(Refused):
                computed(client, messages[0])
                client.finish(messages[1])


class IndependentServerTests(SynchronousTestCase):
    """A whole login against the server's part of a library."""

    @given(st.sampled_from(["SCRAM-SHA-1", "SCRAM-SHA-256"]), st.text("aé,= 1", min_size=1), st.text("bß$ 2"))
    def test_login(self, name: str, username: str, password: str) -> None:
        """
        The right password is taken and the server believed; a wrong one is not.
        """
        assume(username.strip() and password)
        mechanism = ScramMechanism(name)
        stored = mechanism.make_auth_info(password)
        for tried in (password, password + "x"):
            server = mechanism.make_server(lambda name: stored)
            client = Scram(name, Login(username=username, password=tried))
            server.set_client_first(client.first().decode())
            proof = computed(client, server.get_server_first().encode())
            if tried == password:
                server.set_client_final(proof.decode())
                client.finish(server.get_server_final().encode())
            else:
                with self.assertRaises(ScramException):
                    server.set_client_final(proof.decode())
                with self.assertRaises(Refused):
                    client.finish(server.get_server_final().encode())
