"""Tests for L{kaazing.adapters.irc.session}: until the client has a name."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.base import LOGIN_REFUSED
from kaazing.errors import Side
from kaazing.interfaces.adapters import AskLogin, Close, Compute, Hold, Kind, Login, NoLogin, Resume, StartTls
from tests.adapters.irc.dialogue import LINK, WELCOME, Dialogue, linked, sent, told, violated, waited

NONE = replace(LINK, subprotocol=None)
INJECTING = replace(LINK, injects=True)
LOGIN = Login(username="gw", password="wonder")
PLAIN = b64encode(b"\0gw\0wonder")


class OpeningTests(SynchronousTestCase):
    """Until the client has a name."""

    def test_registration(self) -> None:
        """
        Without a login of the gateway's the client does it all itself; with 001 there is no deadline any
        more.
        """
        talk = Dialogue(self, linked(login_timeout=5.0))
        for line in (b"CAP LS 302", b"PASS x", b"NICK ann", b"USER a 0 * a", b"AUTHENTICATE PLAIN"):
            talk.front(line).then(sent(line))
        for line in (b"CAP * LS :sasl", b"904 * :no", b":x 433 * ann :in use", b"ERROR :bye"):
            talk.back(line).then(told(line))
        self.assertEqual(talk.session.deadline, 105.0)
        talk.back(WELCOME).then(told(WELCOME))
        self.assertIsNone(talk.session.deadline)

    def test_introduction(self) -> None:
        """
        WEBIRC and the server's password go first; the client's password for it does not pass.
        """
        talk = Dialogue(self, linked(server_password="s", webirc_password="w"))
        talk.then(sent(b"WEBIRC w kaazing 192.0.2.1 192.0.2.1"), sent(b"PASS s"))
        talk.front(b"PASS mine").then().front(b"NICK ann").then(sent(b"NICK ann"))

    def test_login(self) -> None:
        """
        SASL: the client waits until the gateway is logged in, and hears what is not for the gateway.
        """
        talk = Dialogue(self, INJECTING).then(Hold(Side.FRONT), AskLogin())
        talk.login(LOGIN).then(sent(b"CAP LS 302"))
        talk.front(b"CAP LS 302").then()
        talk.back(b"NOTICE * :*** hello", b"CAP * LS :sasl=PLAIN")
        talk.then(told(b"NOTICE * :*** hello"), sent(b"CAP REQ sasl"))
        talk.back(b"CAP * ACK :sasl", b"AUTHENTICATE +")
        talk.then(sent(b"AUTHENTICATE PLAIN"), sent(b"AUTHENTICATE " + PLAIN))
        talk.back(b":x 900 * *!*@* gw :logged in", b":x 903 * :ok", b"PING a").then(
            sent(b"CAP END"), waited(b"CAP LS 302"), Resume(Side.FRONT), told(b"PING a")
        )
        talk.front(b"PASS gw:guess").then()
        talk.front(b"AUTHENTICATE PLAIN").then(told(b"AUTHENTICATE +"))
        talk.front(b"AUTHENTICATE AGEAYg==").then(
            told(b":x 900 * *!*@* gw :logged in"),
            told(b"903 * :SASL authentication successful"),
        )

    def test_welcome_before_its_time(self) -> None:
        """
        A backend that welcomes the client while the gateway logs in has not ended the login: the gateway
        goes on to hear it, and for no longer than it may take.
        """
        talk = Dialogue(self, linked(INJECTING, login_timeout=5.0)).then(Hold(Side.FRONT), AskLogin())
        talk.login(LOGIN).then(sent(b"CAP LS 302"))
        talk.back(WELCOME).then(told(WELCOME))
        self.assertEqual(talk.session.deadline, 105.0)
        talk.back(b"CAP * LS :sasl=PLAIN").then(sent(b"CAP REQ sasl"))

    def test_legacy_login(self) -> None:
        """
        Without a subprotocol the login begins with the client's first message, which waits.
        """
        talk = Dialogue(self, replace(INJECTING, subprotocol=None)).then(Hold(Side.BACK))
        talk.front(b"NICK ann", Kind.TEXT).then(Resume(Side.BACK), Hold(Side.FRONT), AskLogin())
        talk.login(NoLogin("no key\r\nfor you")).then(
            told(violated("no key for you")), Close(1008, "no key\r\nfor you")
        )

    def test_wrong_login(self) -> None:
        """
        The backend's own words reach the client, then an ERROR.
        """
        talk = Dialogue(self, INJECTING).then(Hold(Side.FRONT), AskLogin())
        talk.login(LOGIN).then(sent(b"CAP LS 302"))
        talk.back(
            b"CAP * LS :sasl=PLAIN", b"CAP * ACK :sasl", b"904 * :SASL authentication failed", b"PING a"
        )
        talk.then(
            sent(b"CAP REQ sasl"),
            sent(b"AUTHENTICATE PLAIN"),
            told(b"904 * :SASL authentication failed"),
            told(violated("the backend refuses the gateway's own login")),
            Close(1008, "the backend refuses the gateway's own login"),
        )

    def test_wrong_password(self) -> None:
        """
        Where the gateway says PASS, the operator hears that the server does not take it (464), and so does
        the client; a server that says so of the client's own password is only passed on.
        """
        refused = b":irc 464 * :Password incorrect"
        talk = Dialogue(self, linked(LINK, server_password="guess")).then(sent(b"PASS guess"))
        talk.back(refused).then(LOGIN_REFUSED, told(refused))
        talk.back(WELCOME).then(told(WELCOME)).back(refused).then(told(refused))
        Dialogue(self).front(b"PASS guess").then(sent(b"PASS guess")).back(refused).then(told(refused))

    def test_questions(self) -> None:
        """
        What the backend said behind a challenge waits until the proof is computed.
        """
        talk = Dialogue(self, INJECTING).then(Hold(Side.FRONT), AskLogin())
        talk.login(LOGIN).then(sent(b"CAP LS 302"))
        talk.back(b"CAP * LS :sasl=SCRAM-SHA-256", b"CAP * ACK :sasl").then(
            sent(b"CAP REQ sasl"), sent(b"AUTHENTICATE SCRAM-SHA-256")
        )
        nonce = Nonce(talk.back(b"AUTHENTICATE +").last())
        talk.back(b"AUTHENTICATE " + nonce.challenge, b"904 * :no", b"PING a")
        self.assertIsInstance(talk.last(), Compute)
        talk.computed(b"proof").then(
            sent(b"AUTHENTICATE cHJvb2Y="),
            told(b"904 * no"),
            told(violated("the backend refuses the gateway's own login")),
            Close(1008, "the backend refuses the gateway's own login"),
        )

    def test_username(self) -> None:
        """
        A login by PASS: the username takes the place of the client's in USER.
        """
        talk = Dialogue(self, linked(INJECTING, irc_login="pass")).then(Hold(Side.FRONT), AskLogin())
        talk.login(LOGIN).then(sent(b"PASS wonder"), Resume(Side.FRONT))
        talk.front(b"USER ann 0 * :Ann Onym").then(sent(b"USER gw 0 * :Ann Onym"))
        talk.front(b"USER").then(sent(b"USER"))
        talk.front(b"PASS x").then()

    def test_starttls(self) -> None:
        """
        The connection is encrypted before anything is said; what came in the open behind the backend's
        consent is no one's.
        """
        link = linked(webirc_password="w", irc_starttls="required")
        talk = Dialogue(self, link).then(Hold(Side.FRONT), sent(b"STARTTLS"))
        talk.back(b"NOTICE * :hi", b"670 * :go ahead").then(StartTls())
        talk.secured().then(sent(b"WEBIRC w kaazing 192.0.2.1 192.0.2.1"), Resume(Side.FRONT))
        talk = Dialogue(self, link).then(Hold(Side.FRONT), sent(b"STARTTLS"))
        what = "something behind the consent to STARTTLS (IRCv3 STARTTLS)"
        talk.back_raw(b"670 * :go ahead\r\n:x").then(
            told(violated(f"the backend broke the protocol: {what}")), f"backend byte 0: {what}"
        )

    def test_timeouts(self) -> None:
        """
        Who is too slow is told: the client that does not register, or the backend that does not answer.
        """
        slow = told(violated("you have not registered in time")), Close(1008, "login timeout")
        for link in (LINK, NONE):
            talk = Dialogue(self, linked(link, login_timeout=5.0))
            talk.last() if link is NONE else None
            talk.wait_for_deadline().then(*slow)
        talk = Dialogue(self, linked(INJECTING, login_timeout=5.0)).then(Hold(Side.FRONT), AskLogin())
        talk.wait_for_deadline().then(
            told(violated("the backend has not answered the gateway in time")),
            Close(1011, "login timeout of the backend"),
        )
        self.assertIsNone(Dialogue(self, linked(login_timeout=0.0)).session.deadline)


class Nonce:
    """What a server would make of the order that carries a client's first message of SCRAM."""

    def __init__(self, order: Any) -> None:
        first = b64decode(order.data.split()[1]).partition(b"r=")[2]
        self.challenge = b64encode(b"r=" + first + b"x,s=" + b64encode(b"salt" * 4) + b",i=4096")
