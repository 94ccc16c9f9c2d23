"""Tests for L{kaazing.adapters.irc.asking}: a client says its password to the gateway."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.irc.asking import Asking
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import AskLogin, Close, Hold, Login, NoLogin, Resume
from kaazing.wire.irc import encode
from tests.adapters.irc.dialogue import LINK, Dialogue, linked, sent, told, violated, waited

TOKEN = "kzl1." + "A" * 3067
PLAIN = b64encode(b"\0ann\0" + TOKEN.encode())
TOLD = replace(LINK, injects=True, told=True)


def chunks(message: bytes) -> list[bytes]:
    """The AUTHENTICATE lines of a message."""
    cut = [message[at : at + 400] for at in range(0, len(message), 400)]
    return [b"AUTHENTICATE " + each for each in (*cut, *([b"+"] if len(cut[-1]) == 400 else []))]


def outcome(stream: bytes, cut: int = 0) -> tuple[list[bytes], AskLogin | None, bytes, str]:
    """Answers, question, what goes on, and the violation of a stream, cut into pieces."""
    asking, answers, fault = Asking(), [], ""
    for at in range(0, len(stream), cut or len(stream) or 1):
        try:
            answers += asking.feed(stream[at : at + (cut or len(stream))])
        except ProtocolViolation as why:
            fault = str(why)
            break
    return [encode(each) for each in answers], asking.question, asking.rest(), fault


class AskingTests(SynchronousTestCase):
    def test_pass(self) -> None:
        """
        PASS says it, however long; what comes before and behind goes on to the backend.
        """
        stream = b"NICK ann\r\nPASS %s\r\nUSER a 0 * a\r\nJOI" % TOKEN.encode()
        self.assertEqual(outcome(stream), ([], AskLogin("", TOKEN), b"NICK ann\r\nUSER a 0 * a\r\nJOI", ""))

    def test_sasl(self) -> None:
        """
        A client that negotiates is offered SASL and nothing else; PLAIN says it, in chunks of 400 bytes.
        """
        lines = [b"CAP LS 302", b"NICK ann", b"USER a 0 * a", b"CAP REQ :sasl", b"AUTHENTICATE PLAIN"]
        stream = b"".join(line + b"\r\n" for line in (*lines, *chunks(PLAIN), b"CAP END"))
        answers = [b"CAP * LS sasl=PLAIN", b"CAP * ACK sasl", b"AUTHENTICATE +"]
        kept = b"NICK ann\r\nUSER a 0 * a\r\nCAP END\r\n"
        for cut in (0, 1, 7, 400):
            self.assertEqual(outcome(stream, cut)[:2], (answers, AskLogin("ann", TOKEN)), cut)
        self.assertEqual(outcome(stream), (answers, AskLogin("ann", TOKEN), kept, ""))

    def test_whole_chunks(self) -> None:
        """
        A message that fills its last chunk ends with +.
        """
        message = b64encode(b"\0a\0" + b"x" * 297)
        self.assertEqual(len(message), 400)
        stream = b"AUTHENTICATE plain\r\n" + b"\r\n".join(chunks(message)) + b"\r\n"
        self.assertEqual(outcome(stream)[1], AskLogin("a", "x" * 297))

    def test_nothing_said(self) -> None:
        """
        A client without a password says so by USER, or where it negotiates by CAP END.
        """
        user = b"NICK ann\r\nUSER a 0 * a\r\n"
        self.assertEqual(outcome(user), ([], AskLogin(), user, ""))
        answers = [b"CAP * LS sasl", b"CAP * LIST :", b"CAP * NAK away"]
        stream = b"CAP LS\r\nCAP LIST\r\nCAP REQ away\r\n" + user + b"CAP END\r\n"
        self.assertEqual(outcome(stream), (answers, AskLogin(), user, ""))

    def test_other_mechanisms(self) -> None:
        """
        Other mechanisms are refused, an attempt can be given up, and what is no base64 says nothing.
        """
        refused = [b"908 * PLAIN :are available SASL mechanisms", b"904 * :SASL authentication failed"]
        self.assertEqual(outcome(b"AUTHENTICATE SCRAM-SHA-256\r\n")[0], refused)
        aborted = b"AUTHENTICATE PLAIN\r\nAUTHENTICATE *\r\nAUTHENTICATE EXTERNAL\r\n"
        expected = [b"AUTHENTICATE +", b"906 * :SASL authentication aborted", *refused]
        self.assertEqual(outcome(aborted)[:2], (expected, None))
        long = b"AUTHENTICATE PLAIN\r\nAUTHENTICATE " + b"A" * 401 + b"\r\n"
        self.assertEqual(outcome(long)[0], [b"AUTHENTICATE +", b"905 * :SASL message too long"])
        self.assertEqual(outcome(b"AUTHENTICATE PLAIN\r\nAUTHENTICATE !\r\n")[1], AskLogin())

    def test_spoilt(self) -> None:
        """
        Lines that are none are not answered; they go on, and stop the session where they are passed on.
        """
        for bad in (b"CAP REQ :a\0\n", b"CAP REQ :a\rb\n", b"\r\n", b"@tag\n", b":x \n"):
            self.assertEqual(outcome(bad + b"PASS x\n"), ([], AskLogin("", "x"), bad, ""))
        self.assertEqual(outcome(b"CAP REQ :" + b"x" * 500 + b"\n")[0], [b"CAP * NAK " + b"x" * 400])

    def test_bounds(self) -> None:
        """
        Lines, and all of them together, have an end.
        """
        line = "a line of more than 8192 bytes (docs/protocols/irc.md)"
        many = "more than 100 lines or 16384 bytes before the password (docs/protocols/irc.md)"
        self.assertEqual(outcome(b"x" * 8193)[3], f"client byte 0: {line}")
        self.assertEqual(outcome(b"x" * 8192 + b"\n")[3], f"client byte 0: {line}")
        self.assertEqual(outcome(b"NICK a\n" * 101)[3], f"client byte 707: {many}")
        self.assertEqual(outcome((b"x" * 8000 + b"\n") * 3)[3], f"client byte 24003: {many}")

    @given(st.binary(max_size=300), st.integers(1, 20))
    def test_cuts(self, data: bytes, cut: int) -> None:
        """
        What is asked does not depend on where the stream is cut, whatever is in it.
        """
        stream = (
            data.replace(b"x", b"\r\nAUTHENTICATE ").replace(b"y", b"\r\nPASS ").replace(b"z", b"\nCAP REQ :")
        )
        answers, question, *_, fault = outcome(stream)
        self.assertEqual((answers, question, fault), tuple(outcome(stream, cut)[n] for n in (0, 1, 3)))


class SessionTests(SynchronousTestCase):
    """The whole session, where the login depends on what the client says."""

    def test_by_pass(self) -> None:
        """
        Nothing is said to the backend before PASS has come; then the gateway logs in and the rest goes on.
        """
        talk = Dialogue(self, linked(TOLD, irc_login="pass")).then()
        talk.front(b"NICK ann").then()
        talk.back(b"NOTICE * :hello").then(told(b"NOTICE * :hello"))
        talk.front(b"PASS kzl1.x").then(Hold(Side.FRONT), AskLogin("", "kzl1.x"))
        talk.login(Login(username="gw", password="pw")).then(
            sent(b"PASS pw"), waited(b"NICK ann"), Resume(Side.FRONT)
        )
        talk.front(b"USER a 0 * a").then(sent(b"USER gw 0 * a"))

    def test_by_sasl(self) -> None:
        """
        A client that says it by SASL hears that it is logged in when the gateway is.
        """
        talk = Dialogue(self, linked(TOLD, irc_login="pass")).then()
        talk.front(b"CAP LS 302").then(told(b"CAP * LS sasl=PLAIN"))
        talk.front(b"AUTHENTICATE PLAIN").then(told(b"AUTHENTICATE +"))
        talk.front(b"AUTHENTICATE AGEAYg==").then(Hold(Side.FRONT), AskLogin("a", "b"))
        talk.login(Login(username="gw", password="pw")).then(
            sent(b"PASS pw"), told(b"903 * :SASL authentication successful"), Resume(Side.FRONT)
        )

    def test_refused(self) -> None:
        """
        Where there is no login the client hears it as its way of logging in has it.
        """
        for said, words in (
            ((b"PASS x",), b"464 * :Password incorrect"),
            ((b"AUTHENTICATE PLAIN", b"AUTHENTICATE eA=="), b"904 * :SASL authentication failed"),
        ):
            talk = Dialogue(self, TOLD).then()
            for line in said:
                talk.front(line).forget()
            talk.login(NoLogin("no login")).then(
                told(words), told(violated("no login")), Close(1008, "no login")
            )

    def test_too_long(self) -> None:
        """
        A client that says too much and no password is dropped.
        """
        talk = Dialogue(self, TOLD).then()
        what = "a line of more than 8192 bytes"
        talk.front(b"x" * 9000).then(
            told(violated(f"{what} (docs/protocols/irc.md)")),
            f"client byte 0: {what} (docs/protocols/irc.md)",
        )

    def test_silent(self) -> None:
        """
        A client that says nothing is told that it is late, not that the backend is.
        """
        talk = Dialogue(self, linked(TOLD, login_timeout=5.0)).then()
        talk.wait_for_deadline().then(
            told(violated("you have not registered in time")), Close(1008, "login timeout")
        )

    def test_legacy(self) -> None:
        """
        A client without a subprotocol may say it all in its first message.
        """
        talk = Dialogue(self, replace(TOLD, subprotocol=None)).forget()
        talk.front(b"PASS x\r\nNICK ann\r\n")
        self.assertEqual(talk.last(), AskLogin("", "x"))
