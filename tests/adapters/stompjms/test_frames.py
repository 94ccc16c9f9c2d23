"""Tests for L{kaazing.adapters.stompjms.frames}: what clients are told, in each version."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stompjms import frames
from kaazing.interfaces.brokers import Content, Destination, Domain, Message
from kaazing.wire.stomp import Scanner, parse
from tests.adapters.stompjms.dialogue import NEWS, QUEUE

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def scanner(version: int) -> Scanner:
    """Return what reads a server's frames of that version."""
    made = Scanner(
        client=False, split=True, max_frame=1 << 20, max_headers=100, max_line=8192, apart=False, sends=False
    )
    made.version = version
    return made


class LineTests(SynchronousTestCase):
    def test_escapes(self) -> None:
        """
        Backslash, line feed and colon are escaped from 1.1 on, carriage return too in 1.2.
        """
        self.assertEqual(frames.line("a:b", "c\\d\ne\rf", 12), "a\\cb:c\\\\d\\ne\\rf\n")
        self.assertEqual(frames.line("a:b", "c\\d\ne\rf", 11), "a\\cb:c\\\\d\\ne\rf\n")

    def test_without_escapes(self) -> None:
        """
        STOMP 1.0 leaves out what it cannot say; a colon in a value and a backslash it can.
        """
        self.assertEqual(frames.line("a", "b:c\\d", 10), "a:b:c\\d\n")
        for name, value in (("a:b", "c"), ("a", "b\nc"), ("a\n", "b"), ("a", "b\0")):
            self.assertEqual(frames.line(name, value, 10), "", (name, value))

    def test_nul(self) -> None:
        """
        NUL, which no version can say, is the replacement character.
        """
        self.assertEqual(frames.line("a", "\0", 12), "a:\ufffd\n")


class MessageTests(SynchronousTestCase):
    def test_text(self) -> None:
        """
        A text has no content-length, by which clients of ActiveMQ know it.
        """
        self.assertEqual(
            frames.rendered(NEWS, 12),
            b"MESSAGE\ndestination:/queue/a\nmessage-id:m1\npriority:4\n\nnews\0",
        )

    def test_length(self) -> None:
        """
        Bytes have one, empty ones too, and so has a text with NUL.
        """
        for content, body, length in (
            (Content.BYTES, b"\xff", b"1"),
            (Content.BYTES, b"", b"0"),
            (Content.TEXT, b"a\0b", b"3"),
        ):
            message = Message(destination=QUEUE, body=body, content=content, message_id="m", persistent=False)
            self.assertEqual(
                frames.rendered(message, 12),
                b"MESSAGE\ndestination:/queue/a\nmessage-id:m\npriority:4\ncontent-length:"
                + length
                + b"\n\n"
                + body
                + b"\0",
            )

    def test_reply_to(self) -> None:
        """
        A temporary destination is written by its kind and the broker's name of it.
        """
        message = Message(
            destination=QUEUE,
            message_id="m",
            reply_to=Destination(Domain.TEMP_QUEUE, "x1"),
            persistent=False,
            redelivered=True,
        )
        self.assertEqual(
            frames.rendered(message, 11),
            b"MESSAGE\ndestination:/queue/a\nmessage-id:m\nreply-to:/temp-queue/x1\npriority:4\n"
            b"redelivered:true\n\n\0",
        )

    def test_latest(self) -> None:
        """
        The same message is rendered once for all who are told it, in each version.
        """
        latest = frames.Latest()
        first = latest.rendered(NEWS, 12)
        self.assertIs(latest.rendered(NEWS, 12), first)
        self.assertEqual(first, frames.rendered(NEWS, 12))
        other = Message(destination=QUEUE, message_id="m:2")
        self.assertEqual(latest.rendered(other, 10), frames.rendered(other, 10))
        self.assertEqual(latest.rendered(other, 12), frames.rendered(other, 12))
        self.assertIsNot(latest.rendered(NEWS, 12), first)

    @given(
        st.dictionaries(TEXT, TEXT, max_size=4),
        st.binary(max_size=30),
        TEXT,
        st.sampled_from((Content.TEXT, Content.BYTES)),
        st.sampled_from((10, 11, 12)),
    )
    def test_whole(
        self, properties: dict[str, str], body: bytes, id: str, content: Content, version: int
    ) -> None:
        """
        Whatever a broker's message says: it is one whole frame for a client, its body unchanged, and no
        property passes for one of the gateway's headers.
        """
        message = Message(destination=QUEUE, body=body, content=content, message_id=id, properties=properties)
        wire = frames.rendered(message, version)
        own = b"subscription:0\n"
        wire = wire[: frames.OWN] + own + wire[frames.OWN :]
        client = scanner(version)
        missing = frames.line("message-id", id, version) == ""
        if missing:
            return
        self.assertEqual((client.feed(wire), client.fault), ([wire], None))
        frame = parse(wire, version)
        self.assertEqual(frame.body, body)
        self.assertEqual(frame.get("subscription"), "0")
        self.assertEqual(frame.get("destination"), "/queue/a")
        if version == 12:
            self.assertEqual(frame.get("message-id"), id)


class AnswerTests(SynchronousTestCase):
    def test_receipt(self) -> None:
        """
        A receipt has the client's own id.
        """
        self.assertEqual(frames.receipt("a:1", 12), b"RECEIPT\nreceipt-id:a\\c1\n\n\0")
        self.assertEqual(frames.receipt("a:1", 10), b"RECEIPT\nreceipt-id:a:1\n\n\0")

    def test_error(self) -> None:
        """
        An error says what is wrong in a header of one line and in its body, and which frame it answers.
        """
        self.assertEqual(
            frames.error("no:\nnever", 12, "r1"),
            b"ERROR\nreceipt-id:r1\nmessage:no\\c never\ncontent-type:text/plain\ncontent-length:9\n\n"
            b"no:\nnever\0",
        )

    def test_error_before_connected(self) -> None:
        """
        Before there is a version, the error names those that there are (Protocol Negotiation), unescaped.
        """
        self.assertEqual(
            frames.error("no: never", 0, "r1"),
            b"ERROR\nmessage:no: never\nversion:1.0,1.1,1.2\ncontent-type:text/plain\ncontent-length:9\n\n"
            b"no: never\0",
        )

    def test_connected(self) -> None:
        """
        CONNECTED knows no escapes; what it cannot say is left out.
        """
        self.assertEqual(
            frames.connected([("version", "1.2"), ("user-name", "a\nb"), ("server", "G/1:2")]),
            b"CONNECTED\nversion:1.2\nserver:G/1:2\n\n\0",
        )
