"""Tests for L{kaazing.adapters.stomp.session}."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.base import LOGIN_REFUSED
from kaazing.errors import Side
from kaazing.interfaces.adapters import AskLogin, Close, Hold, Kind, NoLogin, Resume, ToBack, ToFront
from tests.adapters.stomp.dialogue import (
    CONNECT,
    CONNECTED,
    GATEWAY,
    HELLO,
    NEWS,
    Dialogue,
    policy,
)


class OpeningTests(SynchronousTestCase):
    """From the first byte to CONNECTED."""

    def test_login(self) -> None:
        """
        The client logs in, and talks in the version that the backend has chosen.
        """
        connect = b"CONNECT\naccept-version:1.1,1.2\nlogin:ann\npasscode:secret\nhost:/\n\n\0"
        talk = Dialogue(self).front(connect).then(ToBack(connect))
        talk.back(b"CONNECTED\nversion:1.1\nserver:X/1\n\n\0\n")
        talk.then(ToFront(b"CONNECTED\nversion:1.1\nserver:X/1\n\n\0"))
        talk.front(HELLO).then(ToBack(HELLO))
        talk.front(b"SEND\ndestination:/q\nx:\\r\n\n\0").then(
            ToFront(b"ERROR\nmessage:undefined escape \\\\r (STOMP 1.1, Value Encoding)\n\n\0"),
            f"client byte {len(connect + HELLO) + 22}: undefined escape \\r (STOMP 1.1, Value Encoding)",
        )

    def test_backend_login(self) -> None:
        """
        The gateway's login and virtual host take the place of the client's own.
        """
        talk = Dialogue(self, injects=True, virtual_host="prod")
        talk.front(b"STOMP\naccept-version:1.2\nlogin:ann\npasscode:x\npasscode:y\nhost:/\nk:v\n\n\0")
        talk.then(AskLogin()).login(GATEWAY).then(
            ToBack(b"STOMP\nlogin:gw\npasscode:pw:1\nhost:prod\naccept-version:1.2\nk:v\n\n\0"),
        )

    def test_login_while_frames_wait(self) -> None:
        """
        What a client has sent behind CONNECT waits for the login and for CONNECTED.
        """
        talk = Dialogue(self, injects=True).front(CONNECT + HELLO).then(Hold(Side.FRONT), AskLogin())
        talk.login(GATEWAY).then(
            ToBack(b"CONNECT\nlogin:gw\npasscode:pw:1\naccept-version:1.0,1.1,1.2\nhost:/\n\n\0")
        )
        talk.back(CONNECTED % b"1.2")
        talk.then(ToFront(CONNECTED % b"1.2"), ToBack(HELLO, counts=True), Resume(Side.FRONT))

    def test_no_login(self) -> None:
        """
        A client for whom there is no login is told why; the backend hears nothing of it.
        """
        talk = Dialogue(self, injects=True).front(CONNECT).then(AskLogin())
        talk.login(NoLogin("nobody knows you")).then(
            ToFront(b"ERROR\nmessage:nobody knows you\nversion:1.0,1.1,1.2\n\n\0"),
            Close(1008, "nobody knows you"),
        )

    def test_refused_login(self) -> None:
        """
        The backend's ERROR reaches the client; the operator hears of it where the login is the gateway's,
        and of no ERROR that comes later.
        """
        error = b"ERROR\nmessage:access refused\n\nAccess refused for user 'ann'\0"
        Dialogue(self).front(CONNECT).then(ToBack(CONNECT)).back(error + b"\n").then(ToFront(error))
        talk = Dialogue(self, injects=True).front(CONNECT).then(AskLogin())
        talk.login(GATEWAY)._said.clear()
        talk.back(error).then(LOGIN_REFUSED, ToFront(error))
        talk = Dialogue(self, injects=True).front(CONNECT).then(AskLogin())
        talk.login(GATEWAY)._said.clear()
        connected = CONNECTED % b"1.2"
        talk.back(connected + error).then(ToFront(connected), ToFront(error))

    def test_something_before_connect(self) -> None:
        """
        A client that does not begin with CONNECT is told so; nothing of it reaches the backend.
        """
        what = "SEND before the connection is made (STOMP 1.2, Connecting)"
        Dialogue(self).front(HELLO).then(
            ToFront(b"ERROR\nmessage:%s\nversion:1.0,1.1,1.2\n\n\0" % what.encode()), f"client byte 0: {what}"
        )

    def test_versions_not_shared(self) -> None:
        """
        A client that offers no known version is told which are.
        """
        what = "none of the versions 1.0, 1.1, 1.2 is offered (STOMP 1.2, Protocol Negotiation)"
        Dialogue(self).front(b"CONNECT\naccept-version:2.0\nhost:/\n\n\0").then(
            ToFront(b"ERROR\nmessage:%s\nversion:1.0,1.1,1.2\n\n\0" % what.encode()), f"client byte 0: {what}"
        )

    def test_pipelining(self) -> None:
        """
        What a client sends before CONNECTED waits, because its version decides how it reads; the client
        is not read any more meanwhile.
        """
        talk = Dialogue(self)
        talk.front(CONNECT + HELLO).then(ToBack(CONNECT), Hold(Side.FRONT))
        talk.front(HELLO[:9]).then()
        talk.back(CONNECTED % b"1.2" + NEWS)
        talk.then(ToFront(CONNECTED % b"1.2"), ToBack(HELLO, counts=True), Resume(Side.FRONT), ToFront(NEWS))
        talk.front(HELLO[9:]).then(ToBack(HELLO))

    def test_pipelined_fault(self) -> None:
        """
        A fault in what waited is found when the version is known.
        """
        talk = Dialogue(self)
        talk.front(CONNECT + HELLO + b"NACK\nid:1\n\n\0").then(ToBack(CONNECT), Hold(Side.FRONT))
        what = "NACK is not in this version (STOMP 1.0, Augmented BNF)"
        talk.back(CONNECTED % b"1.0").then(
            ToFront(CONNECTED % b"1.0"),
            ToBack(HELLO, counts=True),
            ToFront(b"ERROR\nmessage:%s\n\n\0" % what.encode()),
            f"client byte {len(CONNECT + HELLO)}: {what}",
        )

    def test_version_not_offered(self) -> None:
        """
        A backend that chooses what was not offered breaks the protocol, and the client does not see it.
        """
        talk = Dialogue(self)
        talk.front(b"CONNECT\naccept-version:1.1\n\n\0").then(ToBack(b"CONNECT\naccept-version:1.1\n\n\0"))
        what = "CONNECTED with a version that was not offered (STOMP 1.2, Protocol Negotiation)"
        talk.back(b"\n" + CONNECTED % b"1.2").then(
            ToFront(b"\n"),
            ToFront(
                b"ERROR\nmessage:the backend broke the protocol: %s\nversion:1.0,1.1,1.2\n\n\0"
                % what.encode()
            ),
            f"backend byte 1: {what}",
        )

    def test_login_timeout(self) -> None:
        """
        A client that does not log in in time is told, and dropped.
        """
        talk = Dialogue(self, login_timeout=5.0)
        talk.wait_for_deadline().then(
            ToFront(b"ERROR\nmessage:no CONNECT frame has come in time\nversion:1.0,1.1,1.2\n\n\0"),
            Close(1008, "login timeout"),
        )
        self.assertEqual((talk.now, talk.session.deadline), (105.0, None))

    def test_silent_backend(self) -> None:
        """
        A backend that does not answer the login in time ends it too.
        """
        talk = Dialogue(self, login_timeout=5.0).front(CONNECT).then(ToBack(CONNECT))
        talk.wait_for_deadline().then(
            ToFront(
                b"ERROR\nmessage:the backend has not answered CONNECT in time\nversion:1.0,1.1,1.2\n\n\0"
            ),
            Close(1011, "login timeout of the backend"),
        )

    def test_no_timeout(self) -> None:
        """
        Once logged in there is no deadline any more, and with a timeout of zero there never is.
        """
        self.assertIsNone(Dialogue(self).connect().session.deadline)
        self.assertIsNone(Dialogue(self, login_timeout=0.0).session.deadline)


class PassingTests(SynchronousTestCase):
    """What passes once the connection is made."""

    def test_runs_pass_together(self) -> None:
        """
        Frames of the client pass as they came, as many as there are, as one piece.
        """
        data = HELLO * 3 + b"\n"
        Dialogue(self).connect().front(data + HELLO[:5]).then(ToBack(data))

    def test_frames_apart(self) -> None:
        """
        Each frame of the backend is a message of its own; the line end that a broker writes behind it
        goes.
        """
        Dialogue(self).connect().back((NEWS + b"\n") * 2 + NEWS[:9]).then(ToFront(NEWS), ToFront(NEWS))

    def test_client_heart_beats(self) -> None:
        """
        Line ends of the client pass at once.
        """
        talk = Dialogue(self).connect()
        talk.front(b"\n").then(ToBack(b"\n"))
        talk.front(b"\r\n").then(ToBack(b"\r\n"))

    def test_backend_heart_beats(self) -> None:
        """
        A line end of the backend is a heart-beat, a message of its own, unless it follows so closely on
        the last that it says nothing: then it is that frame's line end, wherever the stream was cut.
        """
        talk = Dialogue(self).connect()
        talk.back(b"\n").then()
        talk.now += 10
        talk.back(b"\n").then(ToFront(b"\n"))
        talk.back(b"\n\n\n").then()
        talk.now += 10
        talk.back(b"\n" + NEWS).then(ToFront(b"\n"), ToFront(NEWS))
        talk.now += 0.01
        talk.back(b"\n").then()
        talk.now += 0.05
        talk.back(b"\r\n\r\n").then(ToFront(b"\n"))

    def test_open_frames_are_dropped(self) -> None:
        """
        A frame that is still open when its sender ends does not pass.
        """
        talk = Dialogue(self).connect()
        talk.front(HELLO + HELLO[:-1]).then(ToBack(HELLO)).front_ended().then()
        talk.back(NEWS + NEWS[:-1]).then(ToFront(NEWS)).back_ended().then()

    def test_subscriptions_and_transactions(self) -> None:
        """
        Frames that open and end something pass in their order.
        """
        subscribe, begin = b"SUBSCRIBE\nid:0\ndestination:/q\n\n\0", b"BEGIN\ntransaction:t\n\n\0"
        send, commit = b"SEND\ndestination:/q\ntransaction:t\n\nhi\0", b"COMMIT\ntransaction:t\n\n\0"
        talk = Dialogue(self).connect()
        talk.front(subscribe + HELLO + begin + send + commit)
        talk.then(*map(ToBack, (subscribe, HELLO, begin, send, commit)))

    def test_backend_error_goes_on(self) -> None:
        """
        After an ERROR of the backend the connection goes on for as long as the backend lets it.
        """
        error = b"ERROR\nmessage:no such queue\n\n\0"
        Dialogue(self).connect().back(error + NEWS).then(ToFront(error), ToFront(NEWS))


class RefusalTests(SynchronousTestCase):
    """What is refused."""

    def test_client_fault(self) -> None:
        """
        What came before the bad frame passes; the client gets an ERROR with the rule and the receipt
        that the frame asked for.
        """
        bad = b"SEND\nreceipt:r\\c7\nx:\\t\ndestination:/q\n\nhi\0"
        Dialogue(self).connect().front(HELLO + bad + HELLO).then(
            ToBack(HELLO),
            ToFront(
                b"ERROR\nmessage:undefined escape \\\\t (STOMP 1.2, Value Encoding)\nreceipt-id:r\\c7\n\n\0"
            ),
            f"client byte {len(CONNECT + HELLO) + 20}: undefined escape \\t (STOMP 1.2, Value Encoding)",
        )

    def test_ledger_fault(self) -> None:
        """
        So it is with a frame that is well written, but ends what is not open.
        """
        bad = b"COMMIT\ntransaction:t\nreceipt:9\n\n\0"
        what = "no transaction 't' is open (STOMP 1.2, COMMIT)"
        Dialogue(self).connect().front(HELLO + bad + HELLO).then(
            ToBack(HELLO),
            ToFront(b"ERROR\nmessage:%s\nreceipt-id:9\n\n\0" % what.encode()),
            f"client byte {len(CONNECT + HELLO)}: {what}",
        )

    def test_receipt_with_carriage_return(self) -> None:
        """
        A receipt that ends in CR, which STOMP 1.1 allows, does not spoil the ERROR.
        """
        talk = Dialogue(self).connect(b"1.1")
        what = "BEGIN without the header transaction (STOMP 1.1, Frames and Headers)"
        talk.front(b"BEGIN\nreceipt:a\r\n\n\0").then(
            ToFront(b"ERROR\nmessage:%s\nreceipt-id:a\r\n\n\0" % what.encode()),
            f"client byte {len(CONNECT)}: {what}",
        )

    def test_backend_fault(self) -> None:
        """
        A backend that breaks the protocol is not blamed on the client.
        """
        what = "MESSAGE without the header subscription (STOMP 1.2, Frames and Headers)"
        bad = b"MESSAGE\ndestination:/q\nmessage-id:1\n\n\0"
        Dialogue(self).connect().back(NEWS + bad + NEWS).then(
            ToFront(NEWS),
            ToFront(b"ERROR\nmessage:the backend broke the protocol\\c %s\n\n\0" % what.encode()),
            f"backend byte {len(CONNECTED % b'1.2' + NEWS)}: {what}",
        )

    def test_limits(self) -> None:
        """
        The limits of the configuration hold, each side its own.
        """
        size: dict[str, Any]
        backend: dict[str, Any]
        size, backend = {"stomp_maximum_frame_size": 60}, {"stomp_maximum_backend_frame_size": 60}
        long = b"SEND\ndestination:/q\n\n" + b"x" * 40
        what = "frame of more than 60 bytes (STOMP 1.2, Size Limits)"
        error = b"ERROR\nmessage:%s\n\n\0"
        Dialogue(self, **size).connect().front(long).then(
            ToFront(error % what.encode()), f"client byte {len(CONNECT)}: {what}"
        )
        Dialogue(self, **size).connect().back(NEWS[:-1] + b"!" * 100 + b"\0").then(
            ToFront(NEWS[:-1] + b"!" * 100 + b"\0")
        )
        Dialogue(self, **backend).connect().back(NEWS[:-1] + b"!" * 100 + b"\0").then(
            ToFront(error % f"the backend broke the protocol\\c {what}".encode()),
            f"backend byte {len(CONNECTED % b'1.2')}: {what}",
        )


class PolicyTests(SynchronousTestCase):
    """What a policy does not allow."""

    def assert_refused(self, bad: bytes, why: bytes, *allow: str, receipt: bytes = b"") -> None:
        """What came before the bad frame passes; the client gets an ERROR, and it is over."""
        talk = Dialogue(self, policy=policy(*allow)).connect()
        talk.front(HELLO + bad + HELLO).then(
            ToBack(HELLO),
            ToFront(b"ERROR\nmessage:not allowed to " + why + b"\n" + receipt + b"\n\0"),
            Close(1008, f"not allowed to {why.decode()}"),
        )

    def test_send(self) -> None:
        """
        A SEND to a destination that no rule allows.
        """
        bad = b"SEND\ndestination:/secret\nreceipt:7\n\nhi\0"
        why = b"send to this destination"
        self.assert_refused(bad, why, "send /q", receipt=b"receipt-id:7\n")

    def test_subscribe(self) -> None:
        """
        A SUBSCRIBE that would get more than is allowed; one that gets less passes.
        """
        for destination in (b"/topic/#", b"/topic/a.>", b"/topic/**", b"/queue/a"):
            bad = b"SUBSCRIBE\nid:0\ndestination:%s\n\n\0" % destination
            self.assert_refused(bad, b"subscribe to this destination", "send", "subscribe /topic/a.*")
        good = b"SUBSCRIBE\nid:0\ndestination:/topic/a.b\n\n\0SUBSCRIBE\nid:1\ndestination:/topic/a.*\n\n\0"
        talk = Dialogue(self, policy=policy("subscribe /topic/a.*")).connect()
        self.assertEqual(b"".join(order.data for order in talk.front(good)._said), good)

    def test_escapes(self) -> None:
        """
        Escapes are undone before the destination is compared.
        """
        talk = Dialogue(self, policy=policy("send /a:b")).connect()
        frame = b"SEND\ndestination:/a\\cb\n\nhi\0"
        talk.front(frame).then(ToBack(frame))

    def test_unrestricted(self) -> None:
        """
        Operations of which everything is allowed pass as runs, unlooked at.
        """
        talk = Dialogue(self, policy=policy("send")).connect()
        self.assertEqual(type(talk.session.from_front(HELLO * 3, Kind.TEXT, 0.0)), list)
