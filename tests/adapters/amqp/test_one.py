"""Tests for L{kaazing.adapters.amqp.one}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp import one_words as words
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
    Compute,
    Hold,
    Kind,
    Login,
    NoLogin,
    Resume,
    ToBack,
    ToFront,
)
from kaazing.wire import amqp_one_sasl as frames
from kaazing.wire.amqp_one import PLAIN_HEADER, SASL_HEADER, TLS_HEADER, frame
from tests.adapters.amqp.one_dialogue import (
    BACK_MECHANISMS,
    BACK_OPEN,
    BEAT,
    CLOSE,
    OPEN,
    OUTCOME,
    SHOWN,
    Dialogue,
    begin,
    init,
    to_front,
    transfer,
)

GATEWAY = Login(username="gw", password="pw")
HELD = (Hold(Side.FRONT), AskLogin())


class OwnLoginTests(SynchronousTestCase):
    """Clients that log in themselves."""

    def test_sasl(self) -> None:
        """
        Header, SASL layer, header, open: everything passes, each frame to the client a message.
        """
        talk = Dialogue(self, SASL_HEADER).then(ToBack(SASL_HEADER))
        talk.back(SASL_HEADER + BACK_MECHANISMS).then(to_front(SASL_HEADER), to_front(BACK_MECHANISMS))
        talk.front(init()).then(ToBack(init()))
        talk.back(OUTCOME).then(to_front(OUTCOME))
        talk.front(PLAIN_HEADER + OPEN).then(ToBack(PLAIN_HEADER + OPEN))
        talk.back(PLAIN_HEADER + BACK_OPEN).then(to_front(PLAIN_HEADER), to_front(BACK_OPEN))

    def test_challenges(self) -> None:
        """
        Challenges and responses take turns.
        """
        talk = Dialogue(self, SASL_HEADER).then(ToBack(SASL_HEADER))
        talk.back(SASL_HEADER + SHOWN).then(to_front(SASL_HEADER), to_front(SHOWN))
        talk.front(init("X")).then(ToBack(init("X")))
        challenge = frame(b"\0\x53\x42\xc0\3\1\xa0\0", kind=1)
        talk.back(challenge).then(to_front(challenge))
        talk.front(frames.response(b"1")).then(ToBack(frames.response(b"1")))
        what = "sasl-response out of turn (AMQP 1.0 section 5.3.2)"
        talk.front(frames.response(b"2"))
        talk.then(
            to_front(frames.outcome(2)), f"client byte {8 + len(init('X') + frames.response(b'1'))}: {what}"
        )

    def test_pipelined(self) -> None:
        """
        A client may send header and open before it has seen the outcome (section 2.4.1).
        """
        talk = Dialogue(self, SASL_HEADER).then(ToBack(SASL_HEADER))
        talk.front(init() + PLAIN_HEADER + OPEN).then(ToBack(init() + PLAIN_HEADER + OPEN))
        talk.back(SASL_HEADER + SHOWN + OUTCOME + PLAIN_HEADER + BACK_OPEN)
        talk.then(*map(to_front, (SASL_HEADER, SHOWN, OUTCOME, PLAIN_HEADER, BACK_OPEN)))

    def test_wrong_password(self) -> None:
        """
        The backend's outcome passes; what either end says behind it does not.
        """
        talk = Dialogue(self, SASL_HEADER).then(ToBack(SASL_HEADER))
        talk.back(SASL_HEADER + SHOWN).then(to_front(SASL_HEADER), to_front(SHOWN))
        talk.front(init()).then(ToBack(init()))
        over = Close(1008, "the backend refuses the login")
        talk.back(frames.outcome(1)).then(to_front(frames.outcome(1)), over)
        talk.front(PLAIN_HEADER).then().back(CLOSE).then().back_ended().then()

    def test_other_header(self) -> None:
        """
        A backend that wants another protocol says so; then it hangs up (section 2.2).
        """
        talk = Dialogue(self).then(ToBack(PLAIN_HEADER))
        talk.back(b"AMQP\0\0\x09\1").then(to_front(b"AMQP\0\0\x09\1"))
        talk.front(OPEN).then()

    def test_tls(self) -> None:
        """
        TLS inside of the connection is refused with the header that would be right.
        """
        what = "TLS inside of the connection; it goes below (wss) (AMQP 1.0 section 5.2.1)"
        Dialogue(self, TLS_HEADER).then(to_front(SASL_HEADER), f"client byte 0: {what}")

    def test_lists_are_bytes(self) -> None:
        """
        A list of orders is bytes alone, also of a backend that hangs up before it has said anything.
        """
        orders = Dialogue(self).then(ToBack(PLAIN_HEADER)).session.back_ended(0.0)
        self.assertNotIsInstance(orders, list)
        self.assertTrue(any(isinstance(order, ToFront) for order in orders))

    def test_deadline(self) -> None:
        """
        The time for the login is over with the backend's open.
        """
        talk = Dialogue(self).open()
        self.assertIsNone(talk.session.deadline)


class InjectedTests(SynchronousTestCase):
    """Clients whose login the gateway does."""

    def through(self, talk: Dialogue) -> Dialogue:
        """Let the gateway log in."""
        talk.login(GATEWAY).then(ToBack(SASL_HEADER))
        return talk.back(SASL_HEADER + BACK_MECHANISMS).then(ToBack(init("PLAIN", b"\0gw\0pw")))

    def test_sasl(self) -> None:
        """
        The client is shown a SASL layer in which anything is good; its password goes nowhere.
        """
        talk = Dialogue(self, SASL_HEADER, injects=True).then(to_front(SASL_HEADER), to_front(SHOWN))
        self.through(talk.front(init()).then(*HELD))
        talk.back(OUTCOME).then(ToBack(PLAIN_HEADER), to_front(OUTCOME), Resume(Side.FRONT))
        talk.front(PLAIN_HEADER + OPEN).then(to_front(PLAIN_HEADER), ToBack(OPEN))
        talk.back(PLAIN_HEADER + BACK_OPEN).then(to_front(BACK_OPEN))

    def test_no_sasl(self) -> None:
        """
        A client that has no SASL layer needs none; its open waits for the login.
        """
        talk = Dialogue(self, injects=True).then(to_front(PLAIN_HEADER))
        self.through(talk.front(OPEN + begin()).then(*HELD))
        passing = (ToBack(OPEN, counts=True), ToBack(begin(), counts=True))
        talk.back(OUTCOME).then(ToBack(PLAIN_HEADER), *passing, Resume(Side.FRONT))
        talk.back(PLAIN_HEADER + BACK_OPEN).then(to_front(BACK_OPEN))

    def test_scram(self) -> None:
        """
        What takes long is computed elsewhere; a proof of the backend's that is wrong ends it all.
        """
        talk = Dialogue(self, SASL_HEADER, injects=True).then(to_front(SASL_HEADER), to_front(SHOWN))
        talk.front(init()).then(*HELD).login(GATEWAY).then(ToBack(SASL_HEADER))
        orders = list(talk.session.from_back(SASL_HEADER + frames.mechanisms(["SCRAM-SHA-256"]), 0.0))
        [first] = orders
        assert isinstance(first, ToBack)
        nonce = first.data.rpartition(b"r=")[2]
        challenge = b"r=" + nonce + b"x,s=QSXCR+Q6sek8bf92,i=4096"
        wire = frame(b"\0\x53\x42\xc0%c\1\xa0%c" % (len(challenge) + 3, len(challenge)) + challenge, kind=1)
        [compute] = list(talk.session.from_back(wire, 0.0))
        assert isinstance(compute, Compute)
        proof = compute.work()
        talk.computed(proof).then(ToBack(frames.response(proof)))
        said = "SCRAM-SHA-256: the server does not prove that it knows the password"
        offset = 8 + len(frames.mechanisms(["SCRAM-SHA-256"])) + len(wire)
        talk.back(OUTCOME)
        talk.then(to_front(frames.outcome(3)), f"backend byte {offset}: {said} (RFC 4422 section 3)")

    def test_wrong_login(self) -> None:
        """
        A login that the backend refuses is told in the SASL layer, or in a close where there is none.
        """
        over = Close(1008, "the backend refuses the gateway's own login")
        talk = Dialogue(self, SASL_HEADER, injects=True).then(to_front(SASL_HEADER), to_front(SHOWN))
        self.through(talk.front(init("ANONYMOUS", b"")).then(*HELD))
        talk.back(frames.outcome(1)).then(to_front(frames.outcome(1)), over)
        talk = Dialogue(self, injects=True).then(to_front(PLAIN_HEADER))
        self.through(talk.front(OPEN).then(*HELD))
        close = words.close("amqp:unauthorized-access", "the backend refuses the gateway's own login")
        talk.back(frames.outcome(1)).then(to_front(words.open_()), to_front(close), over)

    def test_no_login(self) -> None:
        """
        A client for whom there is no login is told why.
        """
        talk = Dialogue(self, injects=True).then(to_front(PLAIN_HEADER)).front(OPEN).then(*HELD)
        close = words.close("amqp:unauthorized-access", "nobody knows you")
        talk.login(NoLogin("nobody knows you"))
        talk.then(to_front(words.open_()), to_front(close), Close(1008, "nobody knows you"))

    def test_no_mechanism(self) -> None:
        """
        A backend without a mechanism that can be used; ANONYMOUS never is.
        """
        talk = Dialogue(self, SASL_HEADER, injects=True).then(to_front(SASL_HEADER), to_front(SHOWN))
        talk.front(init()).then(*HELD).login(GATEWAY).then(ToBack(SASL_HEADER))
        talk.back(SASL_HEADER + frames.mechanisms(["ANONYMOUS"]))
        talk.then(to_front(frames.outcome(3)), Close(1008, "the backend has no mechanism that can be used"))

    def test_backend_without_sasl(self) -> None:
        """
        A backend that does no SASL cannot be logged in to.
        """
        talk = Dialogue(self, SASL_HEADER, injects=True).then(to_front(SASL_HEADER), to_front(SHOWN))
        talk.front(init()).then(*HELD).login(GATEWAY).then(ToBack(SASL_HEADER)).back(PLAIN_HEADER)
        what = "backend byte 0: the backend does not do SASL (RFC 4422 section 3)"
        talk.then(to_front(frames.outcome(3)), what)

    def test_other_mechanism(self) -> None:
        """
        A client that uses a mechanism it was not offered fails.
        """
        talk = Dialogue(self, SASL_HEADER, injects=True).then(to_front(SASL_HEADER), to_front(SHOWN))
        talk.front(init("EXTERNAL") + PLAIN_HEADER)
        talk.then(to_front(frames.outcome(1)), Close(1008, "a mechanism that was not offered"))

    def test_backend_hangs_up(self) -> None:
        """
        A backend that hangs up during the login: the client may try again later (sys-temp).
        """
        talk = Dialogue(self, SASL_HEADER, injects=True).then(to_front(SASL_HEADER), to_front(SHOWN))
        self.through(talk.front(init()).then(*HELD)).back_ended().then(to_front(frames.outcome(4)))

    def test_backend_speaks_first(self) -> None:
        """
        A backend that speaks before it is spoken to breaks the protocol.
        """
        talk = Dialogue(self, injects=True).then(to_front(PLAIN_HEADER)).back(PLAIN_HEADER)
        what = "something comes where nothing may (AMQP 1.0 section 2.2)"
        text = f"the backend broke the protocol: {what}"
        close = words.close("amqp:connection:framing-error", text)
        talk.then(to_front(words.open_()), to_front(close), f"backend byte 0: {what}")

    def test_something_else_than_open(self) -> None:
        """
        Without a SASL layer open is the first frame; for another one no login is asked.
        """
        talk = Dialogue(self, injects=True).then(to_front(PLAIN_HEADER)).front(begin())
        what = "something else than open (AMQP 1.0 section 2.4.1)"
        close = words.close("amqp:not-allowed", what)
        talk.then(to_front(words.open_()), to_front(close), f"client byte 8: {what}")

    def test_fault_behind_the_login(self) -> None:
        """
        What waited for the login is carried out up to the fault in it.
        """
        talk = Dialogue(self, injects=True).then(to_front(PLAIN_HEADER))
        self.through(talk.front(OPEN + begin() + OPEN).then(*HELD))
        what = "open twice (AMQP 1.0 section 2.4.1)"
        close = words.close("amqp:not-allowed", what)
        talk.back(OUTCOME).then(
            ToBack(PLAIN_HEADER), ToBack(OPEN, counts=True), ToBack(begin(), counts=True),
            to_front(words.open_()), to_front(close),
            f"client byte {8 + len(OPEN + begin())}: {what}",
        )  # fmt: skip


class FaultTests(SynchronousTestCase):
    """The protocol's own errors."""

    def test_violation(self) -> None:
        """
        The client is told with close; what was good before has passed.
        """
        what = "transfer with a handle that is not attached (AMQP 1.0 section 2.6.2)"
        close = words.close("amqp:session:unattached-handle", what)
        talk = Dialogue(self).open().front(BEAT + transfer(handle=7))
        offset = 8 + len(OPEN + begin() + BEAT)
        talk.then(ToBack(BEAT), to_front(close), f"client byte {offset}: {what}")

    def test_violation_before_open(self) -> None:
        """
        A client that has seen neither header nor open is sent them first: close comes behind open.
        """
        what = "begin before open (AMQP 1.0 section 2.4.1)"
        close = words.close("amqp:not-allowed", what)
        talk = Dialogue(self).then(ToBack(PLAIN_HEADER)).front(begin())
        told = (PLAIN_HEADER, words.open_(), close)
        talk.then(*map(to_front, told), f"client byte 8: {what}")

    def test_backend(self) -> None:
        """
        A backend that breaks the protocol: the client is told who did.
        """
        what = "a frame of less than 8 bytes (AMQP 1.0 section 2.3.1)"
        close = words.close("amqp:connection:framing-error", f"the backend broke the protocol: {what}")
        talk = Dialogue(self).open().back(BEAT + b"\0\0\0\1\2\0\0\0")
        offset = 8 + len(BACK_OPEN + begin(0) + BEAT)
        talk.then(to_front(BEAT), to_front(close), f"backend byte {offset}: {what}")

    def test_no_header(self) -> None:
        """
        Behind the outcome of SASL the protocol header comes again; else the client is told so.
        """
        talk = Dialogue(self, SASL_HEADER).then(ToBack(SASL_HEADER))
        talk.back(SASL_HEADER + SHOWN).then(to_front(SASL_HEADER), to_front(SHOWN))
        talk.front(init()).then(ToBack(init())).back(OUTCOME).then(to_front(OUTCOME))
        what = "something else than the protocol header (AMQP 1.0 section 2.2)"
        close = words.close("amqp:connection:framing-error", what)
        talk.front(OPEN)
        told = (PLAIN_HEADER, words.open_(), close)
        talk.then(*map(to_front, told), f"client byte {8 + len(init())}: {what}")

    def test_hanging_up(self) -> None:
        """
        A backend that hangs up: the client gets a close, unless one of both has been sent.
        """
        close = words.close("amqp:connection:forced", "the backend has hung up")
        Dialogue(self).open().back_ended().then(to_front(close))
        Dialogue(self).open().front(CLOSE).then(ToBack(CLOSE)).back_ended().then()
        Dialogue(self).open().back(CLOSE).then(to_front(CLOSE)).back_ended().then()

    def test_behind_close(self) -> None:
        """
        What the backend says behind its close is dropped: RabbitMQ's sessions do.
        """
        Dialogue(self).open().back(CLOSE + begin(0)).then(to_front(CLOSE)).back(BEAT).then()

    def test_timeout(self) -> None:
        """
        Who has not sent open is told so, and closed for it; else it is the backend's fault.
        """
        close = words.close("amqp:resource-limit-exceeded", "the login has taken too long")
        told = [to_front(each) for each in (PLAIN_HEADER, words.open_(), close)]
        talk = Dialogue(self).then(ToBack(PLAIN_HEADER)).wait_for_deadline()
        talk.then(*told, Close(1008, "login timeout"))
        talk = Dialogue(self).then(ToBack(PLAIN_HEADER)).front(OPEN).then(ToBack(OPEN)).wait_for_deadline()
        talk.then(*told, Close(1011, "login timeout of the backend"))

    def test_no_password_in_errors(self) -> None:
        """
        What a client says in sasl-init is in no error.
        """
        talk = Dialogue(self, SASL_HEADER).then(ToBack(SASL_HEADER)).front(init())
        talk.then(ToBack(init()))
        orders = talk.session.from_front(init(), Kind.BINARY, 0.0)
        why = self.assertRaises(ProtocolViolation, list, orders)
        self.assertNotIn("secret", str(why))
