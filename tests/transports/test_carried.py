"""Tests for L{kaazing.transports.carried}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.transports.carried import Carried
from tests.services.house import Line
from tests.transports.doors import Ear


class CarriedTests(SynchronousTestCase):
    """What stands in between, and does nothing."""

    def setUp(self) -> None:
        self.line = Line(subprotocol="chat")
        self.channel = Carried(self.line)
        self.ear = self.channel.receiver = Ear()

    def test_promises(self) -> None:
        """
        It is a channel for the service and a receiver for what carries it, and says of the connection what
        that says.
        """
        verifyObject(IChannel, self.channel)
        verifyObject(IReceiver, self.channel)
        channel = self.channel
        self.assertEqual(
            (channel.open, channel.peer, channel.subprotocol, channel.messages, channel.closed_with),
            (True, "192.0.2.1:5000", "chat", True, (1000, "")),
        )
        self.assertEqual((channel.latency, channel.bound, channel.tenure), (None, 64_000, None))

    def test_set(self) -> None:
        """
        What a service sets of its channel is set of the connection.
        """
        self.channel.bound = 5
        told = self.channel.tenure = Told()
        self.assertEqual((self.line.bound, self.line.tenure), (5, told))

    def test_out(self) -> None:
        """
        Everything goes out as it is.
        """
        self.channel.resume()
        self.channel.send(b"a", 1)
        self.channel.send_all([b"b", b"c"], 2)
        self.channel.hold()
        self.channel.finish(1001, "x")
        self.channel.drop()
        self.channel.abort()
        self.assertEqual(
            self.line.done,
            [
                "resume",
                ("send", b"a", 1),
                ("send_all", [b"b", b"c"], 2),
                "hold",
                ("finish", 1001, "x"),
                "drop",
                "abort",
            ],
        )

    def test_in(self) -> None:
        """
        Everything comes in as it is, and its end but once.
        """
        receiver = self.line.receiver
        receiver.received(b"a", 1)
        receiver.congested()
        receiver.drained()
        receiver.failed(ValueError("broken"))
        receiver.ended()
        receiver.lost(None)
        receiver.lost(None)
        self.assertEqual(self.ear.heard, [b"a", "congested", "drained", "broken", "ended", ("lost", None)])

    def test_whole(self) -> None:
        """
        Who wants whole messages gets them, empty ones too; who does not gets none that are empty, also where
        what stands in between wants them whole.
        """
        self.assertFalse(self.line.whole)
        self.line.receiver.received(b"", 1)
        self.assertEqual(self.ear.heard, [])
        self.channel.whole = True
        self.assertTrue(self.line.whole)
        self.line.receiver.received(b"", 1)
        self.assertEqual(self.ear.heard, [b""])
        between = Carried(self.line, whole=True)
        between.whole = False
        self.assertEqual((self.line.whole, between.whole), (True, False))

    def test_nobody(self) -> None:
        """
        What comes while nobody listens is nobody's.
        """
        self.channel.receiver = None
        receiver = self.line.receiver
        receiver.received(b"a", 1)
        receiver.congested()
        receiver.drained()
        receiver.failed(ValueError())
        receiver.ended()
        receiver.lost(None)
        self.assertEqual(self.ear.heard, [])


class Told:
    """A tenure."""

    def gone(self) -> None:
        """See L{kaazing.tenure.Tenure}."""
