"""Tests for L{kaazing.transports.events}: an event stream as a channel."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.feeds import Event, IForm, ISpreadable
from kaazing.transports.events import FORM, EventForm
from kaazing.transports.tcp import LINGER
from tests.transports.eventstage import OPENING, EventTestCase, body, heard


class ChannelTests(EventTestCase):
    def test_promises(self) -> None:
        """
        It is a channel that can be told what is encoded for others too; all have one form.
        """
        _, channel, _ = self.attend()
        verifyObject(IChannel, channel)
        verifyObject(ISpreadable, channel)
        verifyObject(IForm, FORM)
        self.assertEqual((channel.messages, channel.subprotocol, channel.open), (True, None, True))
        self.assertEqual((channel.peer, channel.closed_with), ("192.0.2.1:5000", (1000, "")))
        self.assertEqual((EventForm(), hash(EventForm())), (FORM, hash(FORM)))
        self.assertEqual(FORM.encode([Event(b"a", id="e-1"), Event(b"b")]), b"id:e-1\ndata:a\n\ndata:b\n\n")

    def test_messages(self) -> None:
        """
        Each message is an event; what is encoded already goes out as it is.
        """
        wire, channel, _ = self.attend()
        channel.send(b"one", 1)
        channel.send_all([b"two", b"", b"three\nlines"], 1)
        channel.put(b"data:four\n\n")
        self.assertEqual(
            [data for _, data, _ in heard(wire).told], ["one", "two", "", "three\nlines", "four"]
        )

    @given(st.text(max_size=20), st.integers(1, 5))
    def test_characters(self, text: str, size: int) -> None:
        """
        Characters that the cuts of a backend's stream went through come whole.
        """
        self.open()
        wire, channel, _ = self.attend()
        data = text.replace("\r", "").encode()
        for at in range(0, len(data), size):
            channel.send(data[at : at + size], 2)
        self.assertEqual("".join(said for _, said, _ in heard(wire).told).encode(), data)

    def test_no_text(self) -> None:
        """
        What is no UTF-8 is repaired.
        """
        wire, channel, _ = self.attend()
        channel.send(b"\xff", 2)
        channel.send(b"\xfe!", 1)
        self.assertEqual([data for _, data, _ in heard(wire).told], ["\ufffd", "\ufffd!"])

    def test_silence(self) -> None:
        """
        After 30 seconds of silence a comment goes out, and so on; with sse.heartbeat 0 none does.
        """
        wire, channel, _ = self.attend()
        self.house.wait(20)
        channel.send(b"x", 1)
        self.house.wait(29.5)
        self.assertEqual(body(wire), OPENING + b"data:x\n\n")
        self.house.wait(1.5)
        self.assertEqual(body(wire), OPENING + b"data:x\n\n:\n\n")
        self.house.wait(62)
        self.assertEqual(body(wire), OPENING + b"data:x\n\n:\n\n:\n\n:\n\n")
        self.open(heartbeat=0.0)
        wire, _, _ = self.attend()
        self.house.wait(100)
        self.assertEqual(body(wire), OPENING)

    def test_client_silent(self) -> None:
        """
        What a client sends behind its request is not listened to.
        """
        wire, _, ear = self.attend()
        wire.say(b"GET / HTTP/1.1\r\n\r\n" * 10)
        self.assertEqual((ear.heard, body(wire)), ([], OPENING))

    def test_congestion(self) -> None:
        """
        The receiver hears when too much waits to be sent, and when it is out.
        """
        wire, channel, ear = self.attend()
        self.assertEqual(wire.bufferSize, channel.bound)
        wire.overflow()
        wire.drain()
        self.assertEqual(ear.heard, ["congested", "drained"])

    def test_finish(self) -> None:
        """
        The stream ends with its connection, once; nothing is sent afterwards.
        """
        wire, channel, ear = self.attend()
        channel.send(b"last", 1)
        channel.finish(1001, "the gateway goes away")
        self.assertEqual((wire.fate, channel.open), ("closed", False))
        channel.finish()
        channel.send(b"late", 1)
        channel.put(b"late")
        self.house.wait(60)
        self.assertEqual(body(wire), OPENING + b"data:last\n\n")
        wire.hang_up()
        self.assertEqual(ear.heard, [("lost", None)])

    def test_client_leaves(self) -> None:
        """
        A client that closes its side is let go; its end is told once.
        """
        wire, channel, ear = self.attend()
        wire.protocol.readConnectionLost()
        self.assertEqual((wire.fate, channel.open), ("closed", False))
        wire.hang_up()
        self.assertEqual(ear.heard, ["ended", ("lost", None)])
        self.house.wait(LINGER)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_abort(self) -> None:
        """
        It can be closed at once.
        """
        wire, channel, _ = self.attend()
        channel.abort()
        self.assertEqual(wire.fate, "aborted")
