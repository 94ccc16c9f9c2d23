"""Tests for L{kaazing.adapters.stompjms.session}: logins, heart-beats, answers and ends."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.adapters import Close, Kind, ToFront
from kaazing.interfaces.brokers import Content, Destination, Domain, Message
from kaazing.interfaces.servers import Connect, Goodbye, Send, Subscribe
from tests.adapters.stompjms.dialogue import (
    CONNECT,
    NEWS,
    QUEUE,
    VERSION_NAMES,
    Dialogue,
    connected,
    error,
    policy,
    receipt,
    refused,
)

LF = ToFront(b"\n", Kind.TEXT)
SILENT = "no heart-beat has come for 20 seconds (STOMP 1.2, Heart-beating)"


class OpeningTests(SynchronousTestCase):
    def test_every_version(self) -> None:
        """
        CONNECT asks whether the client may come in; CONNECTED says the version settled on.
        """
        for version in VERSION_NAMES:
            dialogue = Dialogue(self).front(CONNECT % version.encode()).then(Connect())
            dialogue.welcome().then(connected(version))

    def test_highest(self) -> None:
        """
        The highest version that both know; a client that names none speaks 1.0.
        """
        Dialogue(self).front("STOMP\naccept-version:1.0,1.2,1.1\n\n").then(Connect()).welcome().then(
            connected("1.2")
        )
        Dialogue(self).front("CONNECT\n\n").then(Connect()).welcome().then(connected("1.0"))

    def test_login(self) -> None:
        """
        The login is asked about, and CONNECTED says who the client is and what the gateway calls itself.
        """
        dialogue = Dialogue(self).front(
            "CONNECT\r\naccept-version:1.2\r\nlogin:ann\npasscode:a:b\\c\nclient-id:c\nhost:/\n\n"
        )
        dialogue.then(Connect(username="ann", password="a:b\\c", client_id="c"))
        dialogue.welcome(user="ann", server="Kaazing-Gateway/1.0").then(
            connected(more="server:Kaazing-Gateway/1.0\nuser-name:ann\n")
        )

    def test_login_refused(self) -> None:
        """
        Who may not come in is told so, and no more.
        """
        dialogue = Dialogue(self).front("CONNECT\naccept-version:1.2\nreceipt:r\n\n").then(Connect())
        dialogue.refused(Connect(), "the login is refused: try again").then(
            error("the login is refused: try again", connecting=True),
            Close(1008, "the login is refused: try again"),
        )
        dialogue.front(CONNECT % b"1.2").then()
        self.assertIs(dialogue.session.deadline, None)

    def test_pipelined(self) -> None:
        """
        What comes behind CONNECT waits for the answer, and is read by the version settled on.
        """
        dialogue = Dialogue(self).front(
            CONNECT % b"1.1" + b"\nSUBSCRIBE\nid:a\\c\ndestination:/queue/a\n\n\0\n"
        )
        dialogue.then(Connect()).welcome().then(connected("1.1"), Subscribe(id="a:", destination=QUEUE))

    def test_no_common_version(self) -> None:
        """
        Without a version that both know, the error says which there are.
        """
        what = "none of the versions 1.0, 1.1, 1.2 is offered (STOMP 1.2, Protocol Negotiation)"
        Dialogue(self).front(b"\n" + CONNECT % b"3.0").then(
            error(what, connecting=True), f"client byte 1: {what}"
        )

    def test_not_first(self) -> None:
        """
        CONNECT comes first, and once.
        """
        what = "SEND before the connection is made (STOMP 1.2, Connecting)"
        Dialogue(self).front("SEND\ndestination:/queue/a\n\n").then(
            error(what, connecting=True), f"client byte 0: {what}"
        )
        what = "CONNECT on a connection that is made (STOMP 1.2, Connecting)"
        Dialogue(self).connect().front(CONNECT % b"1.2").then(error(what), f"client byte 29: {what}")

    def test_no_text(self) -> None:
        """
        Headers that are not UTF-8 are refused in STOMP 1.0 too, which says nothing of that: they go into
        names that brokers keep. Bodies are any bytes.
        """
        what = "header 'client-id' is not UTF-8 (STOMP 1.2, Value Encoding)"
        Dialogue(self).front(b"CONNECT\nclient-id:\xff\n\n\0").then(
            error(what, connecting=True), Close(1008, what)
        )
        what = "header 'id' is not UTF-8 (STOMP 1.2, Value Encoding)"
        dialogue = Dialogue(self).connect("1.0").front(b"SEND\ndestination:/queue/a\n\n\xff\0")
        dialogue.then(
            Send(message=Message(destination=QUEUE, body=b"\xff", content=Content.BYTES, persistent=False))
        )
        dialogue.front(b"SUBSCRIBE\nid:\xc3\xbc\ndestination:/queue/a\n\n\0")
        dialogue.then(Subscribe(id="\xfc", destination=QUEUE))
        dialogue.front(b"SUBSCRIBE\nid:\xff\ndestination:/queue/a\nreceipt:1\n\n\0")
        dialogue.then(*refused(what, "1", "1.0"))

    def test_no_connect(self) -> None:
        """
        Who does not log in in time is sent away.
        """
        dialogue = Dialogue(self)
        self.assertEqual(dialogue.session.deadline, 130.0)
        dialogue.wait_for_deadline().then(
            error("no CONNECT frame has come in time", connecting=True), Close(1008, "login timeout")
        )

    def test_login_takes_too_long(self) -> None:
        """
        Likewise where the answer does not come.
        """
        dialogue = Dialogue(self, login_timeout=5.0).front(CONNECT % b"1.2").then(Connect())
        dialogue.wait_for_deadline().then(
            error("no answer to the login has come in time", connecting=True), Close(1008, "login timeout")
        )
        self.assertIs(Dialogue(self, login_timeout=0.0).session.deadline, None)


class HeartBeatTests(SynchronousTestCase):
    def beating(self, value: str, version: str = "1.2", **options: float) -> Dialogue:
        """Return a client that has asked for such heart-beats."""
        dialogue = Dialogue(self, **options).front(
            f"CONNECT\naccept-version:{version}\nheart-beat:{value}\n\n"
        )
        dialogue.then(Connect()).welcome().heard()
        return dialogue

    def test_ours(self) -> None:
        """
        A line feed comes before the interval is over, again and again, whatever else is sent.
        """
        dialogue = self.beating("0,5000")
        self.assertEqual(dialogue.session.deadline, 108.0)
        dialogue.wait_for_deadline().then(LF)
        dialogue.front("SEND\ndestination:/queue/a\n\n").heard()
        dialogue.wait_for_deadline().then(LF)
        self.assertEqual(dialogue.now, 116.0)

    def test_theirs(self) -> None:
        """
        A client that promised heart-beats and is silent for two intervals is sent away.
        """
        dialogue = self.beating("1000,0")
        self.assertEqual(dialogue.session.deadline, 120.0)
        dialogue.now = 119.0
        dialogue.front(b"\n").then()
        dialogue.now = 120.0
        dialogue._hear(dialogue.session.expired(120.0)).then()
        self.assertEqual(dialogue.session.deadline, 139.0)
        dialogue.wait_for_deadline().then(error(SILENT), Close(1008, "no heart-beat has come for 20 seconds"))
        self.assertIs(dialogue.session.deadline, None)

    def test_both(self) -> None:
        """
        Both ways at once, the next of both deadlines first.
        """
        dialogue = self.beating("10000,10000")
        for at in (108.0, 116.0):
            dialogue.wait_for_deadline().then(LF)
            self.assertEqual(dialogue.now, at)
        dialogue.wait_for_deadline().then(error(SILENT), Close(1008, "no heart-beat has come for 20 seconds"))
        self.assertEqual(dialogue.now, 120.0)

    def test_held(self) -> None:
        """
        While nobody reads the client, its silence is not its own.
        """
        dialogue = self.beating("10000,0")
        dialogue.session.held(True, 101.0)
        for at in (120.0, 140.0, 160.0):
            dialogue.wait_for_deadline().then()
            self.assertEqual(dialogue.now, at)
        dialogue.session.held(False, 165.0)
        dialogue.wait_for_deadline().then()
        self.assertEqual((dialogue.now, dialogue.session.deadline), (180.0, 185.0))

    def test_none(self) -> None:
        """
        None where the client wants none, the service has none, or in STOMP 1.0.
        """
        self.assertIs(self.beating("0,0").session.deadline, None)
        self.assertIs(self.beating("5000,5000", stomp_heart_beat=0.0).session.deadline, None)
        self.assertIs(self.beating("5000,5000", "1.0").session.deadline, None)

    def test_offer(self) -> None:
        """
        CONNECTED says what the service has.
        """
        dialogue = Dialogue(self, stomp_heart_beat=2.5).front(CONNECT % b"1.1").then(Connect())
        dialogue.welcome().then(connected("1.1", "2500,2500"))

    def test_bad(self) -> None:
        """
        A heart-beat that is not two numbers is a fault.
        """
        what = "heart-beat is not two numbers with a comma in between (STOMP 1.2, Heart-beating)"
        Dialogue(self).front("CONNECT\naccept-version:1.2\nheart-beat:x\n\n").then(
            error(what, connecting=True), f"client byte 0: {what}"
        )


class SendTests(SynchronousTestCase):
    def test_every_version(self) -> None:
        """
        SEND becomes a message, its headers read by the rules of the version.
        """
        for version, value in (("1.0", "b\\c"), ("1.1", "b:"), ("1.2", "b:")):
            Dialogue(self).connect(version).front(
                "SEND\ndestination:/queue/a\nfoo:b\\c\nreply-to:/temp-queue/x\nreceipt:r\n\nhello"
            ).then(
                Send(
                    message=Message(
                        destination=QUEUE,
                        body=b"hello",
                        reply_to=Destination(Domain.TEMP_QUEUE, "x"),
                        persistent=False,
                        properties={"foo": value},
                    ),
                    receipt="r",
                )
            )

    def test_binary(self) -> None:
        """
        A body with a length may have any bytes; ends-of-line behind a frame mean nothing.
        """
        Dialogue(self).connect().front(
            b"\r\n\nSEND\ndestination:/queue/a\ncontent-length:4\n\na\0\xff\n\0\n\r\n\n"
        ).then(
            Send(
                message=Message(destination=QUEUE, body=b"a\0\xff\n", content=Content.BYTES, persistent=False)
            )
        )

    def test_repeated_header(self) -> None:
        """
        Of repeated headers the first counts, for the policy too.
        """
        Dialogue(self, policy=policy("send /queue/a")).connect().front(
            "SEND\ndestination:/queue/a\ndestination:/queue/b\nreceipt:1\nreceipt:2\n\n"
        ).then(Send(message=Message(destination=QUEUE, persistent=False), receipt="1"))

    def test_padded(self) -> None:
        """
        STOMP 1.0 pads names and values with blanks.
        """
        Dialogue(self).connect("1.0").front("SEND\ndestination: /queue/a \n receipt : r\n\n").then(
            Send(message=Message(destination=QUEUE, persistent=False), receipt="r")
        )

    def test_receipt(self) -> None:
        """
        The receipt comes when the broker has taken the message, and not before; without one, nothing does.
        """
        dialogue = Dialogue(self).connect().front("SEND\ndestination:/queue/a\nreceipt:r:1\n\n")
        (request,) = dialogue.heard()
        dialogue.done(request).then(ToFront(b"RECEIPT\nreceipt-id:r\\c1\n\n\0"))
        dialogue.front("SEND\ndestination:/queue/a\n\n")
        (request,) = dialogue.heard()
        dialogue.done(request).then()

    def test_refused(self) -> None:
        """
        A message that the broker does not take is answered by ERROR, with the receipt's id, and all is over.
        """
        dialogue = Dialogue(self).connect().front("SEND\ndestination:/queue/a\nreceipt:r\n\n")
        (request,) = dialogue.heard()
        dialogue.refused(request, "the broker is away").then(*refused("the broker is away", "r"))
        dialogue.refused(request, "the broker is away").then()
        dialogue.done(request).then()

    def test_unserved(self) -> None:
        """
        What is not served says so: a destination that is none, a wildcard, a header that is no number.
        """
        for lines, why in (
            (
                "destination:/amq/queue/a",
                "/amq/queue/ names something of RabbitMQ alone; write /queue/NAME",
            ),
            (
                "destination:/topic/*",
                "'/topic/*' has a wildcard; a message is sent to one destination",
            ),
            (
                "destination:/queue/a\nreply-to:/amq/queue/a",
                "/amq/queue/ names something of RabbitMQ alone; write /queue/NAME",
            ),
            (
                "destination:/queue/a\npriority:high",
                "header priority: expected a whole number from 0 to 9223372036854775807, not 'high'",
            ),
        ):
            Dialogue(self).connect().front(f"SEND\n{lines}\nreceipt:r\n\n").then(*refused(why, "r"))


class FaultTests(SynchronousTestCase):
    def test_scanned(self) -> None:
        """
        A frame that breaks a rule is answered by ERROR with its receipt's id, after all before it was served.
        """
        what = "undefined escape \\t (STOMP 1.2, Value Encoding)"
        Dialogue(self).connect().front(
            b"SEND\ndestination:/queue/a\n\n\0\n\nSEND\nreceipt:r\nx:\\t\n\n\0SEND\n"
        ).then(
            Send(message=Message(destination=QUEUE, persistent=False)),
            error(what, "r"),
            f"client byte 76: {what}",
        )

    def test_too_big(self) -> None:
        """
        A frame over the limit is a fault, before all of it has come.
        """
        what = "frame of more than 1024 bytes (STOMP 1.2, Size Limits)"
        dialogue = Dialogue(self, stomp_maximum_frame_size=1024).connect()
        dialogue.front(b"SEND\ndestination:/queue/a\n\n" + b"x" * 1000).then(
            error(what), f"client byte 29: {what}"
        )

    def test_place(self) -> None:
        """
        The log says where in the client's stream a frame stands that names what is not open.
        """
        what = "no transaction 't' is open (STOMP 1.2, COMMIT)"
        Dialogue(self).connect().front(b"\n\n\nCOMMIT\ntransaction:t\n\n\0").then(
            error(what), f"client byte 32: {what}"
        )

    def test_nack_in_1_0(self) -> None:
        """
        NACK came with 1.1.
        """
        what = "NACK is not in this version (STOMP 1.0, Augmented BNF)"
        Dialogue(self).connect("1.0").front("NACK\nmessage-id:1\n\n").then(
            error(what, version="1.0"), f"client byte 29: {what}"
        )


class DeliveryTests(SynchronousTestCase):
    def test_look(self) -> None:
        """
        Of what is settled at once, clients of one version differ in the subscription's id only.
        """
        dialogue = Dialogue(self).connect().front("SUBSCRIBE\nid:a\\cb\ndestination:/queue/a\n\n")
        dialogue.then(Subscribe(id="a:b", destination=QUEUE))
        self.assertEqual(dialogue.session.look("a:b"), (12, b"subscription:a\\cb\n"))
        dialogue.deliver(None, id="a:b").then(
            ToFront(b"MESSAGE\nsubscription:a\\cb\ndestination:/queue/a\nmessage-id:m1\npriority:4\n\nnews\0")
        )

    def test_failed(self) -> None:
        """
        A subscription that the broker ends is told by ERROR, and the connection is over.
        """
        dialogue = Dialogue(self).connect().front("SUBSCRIBE\nid:0\ndestination:/queue/a\n\n")
        dialogue.heard()
        what = "subscription '0' has ended: the queue was deleted"
        dialogue.failed("0", "the queue was deleted").then(error(what), Close(1011, what))

    def test_nothing_open(self) -> None:
        """
        Before CONNECTED there is nothing to discard.
        """
        session = Dialogue(self).session
        session.discard("0")
        self.assertEqual(session.unsettled("0"), 0)


class EndTests(SynchronousTestCase):
    def test_disconnect(self) -> None:
        """
        DISCONNECT gets its receipt when all before it was done; then the connection is closed.
        """
        dialogue = Dialogue(self).connect().front("DISCONNECT\nreceipt:r\n\n").then(Goodbye(receipt="r"))
        dialogue.front(b"\n").then()
        dialogue.done(Goodbye(receipt="r")).then(receipt("r"), Close(1000, ""))
        dialogue.front(b"\n").then()
        self.assertIs(dialogue.session.deadline, None)

    def test_disconnect_without_receipt(self) -> None:
        """
        Without a receipt it is only closed.
        """
        dialogue = Dialogue(self).connect().front("DISCONNECT\n\n").then(Goodbye())
        dialogue.done(Goodbye()).then(Close(1000, ""))

    def test_after_disconnect(self) -> None:
        """
        A client says nothing behind it.
        """
        what = "frame after DISCONNECT (STOMP 1.2, DISCONNECT)"
        Dialogue(self).connect().front(b"DISCONNECT\n\n\0SEND\ndestination:/queue/a\n\n\0").then(
            Goodbye(), error(what), f"client byte 42: {what}"
        )

    def test_client_ends(self) -> None:
        """
        A client that ends without a word hears nothing more.
        """
        dialogue = Dialogue(self).connect().front("SEND\ndestination:/queue/a\nreceipt:r\n\n")
        (request,) = dialogue.heard()
        dialogue.front_ended().then()
        dialogue.done(request).then()
        dialogue.refused(request, "late").then()
        dialogue._hear(dialogue.session.expired(1000.0)).then()

    def test_answer_to_connect(self) -> None:
        """
        CONNECT has no receipt: its answer is CONNECTED.
        """
        Dialogue(self).connect().done(Connect()).then()

    def test_small(self) -> None:
        """
        What only the handshake needed is not kept; after the end, nothing of the stream is.
        """
        dialogue = Dialogue(self).connect()
        self.assertEqual((dialogue.session._link, dialogue.session._opening), (None, None))
        dialogue.front_ended().then()
        self.assertIs(dialogue.session._scanner, None)

    def test_delivery_on_its_way(self) -> None:
        """
        A message that comes between the end and the close is told to nobody, but hurts nobody either.
        """
        dialogue = Dialogue(self).connect().front("SUBSCRIBE\nid:0\ndestination:/queue/a\n\n")
        dialogue.heard()
        dialogue.front("DISCONNECT\n\n").then(Goodbye()).done(Goodbye()).heard()
        self.assertTrue(dialogue.session.deliver("0", NEWS, None).data.startswith(b"MESSAGE\n"))
