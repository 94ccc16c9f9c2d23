"""Every kind of channel tells whoever waits for its end, once; see L{kaazing.tenure}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaazing.tenure import begin
from kaazing.transports.emulation.session import REATTACH
from kaazing.transports.tcp import StreamChannel
from tests.transports.doors import HANDSHAKE, Ear, House, Wire
from tests.transports.emulation.stage import Stage
from tests.transports.eventstage import EventTestCase
from tests.transports.originals import TEXT, Original


class Count:
    """Counts the channels that are there.

    Attributes:
        now: how many.
    """

    def __init__(self) -> None:
        self.now = 0

    def add(self, channel: Any) -> None:
        """One more is there, until it is gone."""
        self.now += 1
        begin(channel, self)

    def gone(self) -> None:
        """See L{kaazing.tenure.Tenure}."""
        self.now -= 1


class TenureTests(EventTestCase):
    """A count of the channels there are, as limits keep one."""

    def counted(self, channel: Any, ends: Callable[[], None], *, resumed: bool = True) -> None:
        """See a channel counted by two until C{ends} has been called, which may well end it twice."""
        count = Count()
        count.add(channel)
        count.add(channel)
        if resumed:
            channel.receiver = Ear()
            channel.resume()
        self.assertEqual(count.now, 2)
        ends()
        self.assertEqual(count.now, 0)
        self.assertIsNone(channel.tenure)

    def test_stream(self) -> None:
        """
        A TCP connection that is lost, and one that is lost before anybody listened to it.
        """
        for resumed in (True, False):
            wire, channel = Wire(), StreamChannel()
            wire.protocol = channel
            channel.makeConnection(wire)
            self.counted(channel, wire.hang_up, resumed=resumed)

    def test_websocket(self) -> None:
        """
        A WebSocket; also one whose handshake is answered but that no service has resumed yet.
        """
        for resumed in (True, False):
            house = House()
            wire = house.visitor()
            wire.say(HANDSHAKE)
            (channel,) = house.host.guests
            self.counted(channel, wire.hang_up, resumed=resumed)

    def test_extended(self) -> None:
        """
        A WebSocket by extended handshake, likewise.
        """
        for resumed in (True, False):
            house = House(extends=True)
            client = Original(house, b"/chat")
            client.say((TEXT, b"GET /chat HTTP/1.1\r\n\r\n"))
            (channel,) = house.host.guests
            self.counted(channel, client.wire.hang_up, resumed=resumed)

    def test_emulated(self) -> None:
        """
        An emulated WebSocket that nobody carries any longer, and one that the service aborts.
        """
        for aborts in (True, False):
            stage = Stage()
            client = stage.create()

            def ends(stage: Stage = stage, channel: Any = client.channel, aborts: bool = aborts) -> None:
                if aborts:
                    channel.abort()
                    channel.abort()
                stage.house.wait(REATTACH + 2)

            self.counted(client.channel, ends)

    def test_events(self) -> None:
        """
        An event stream of a browser.
        """
        wire, channel, _ = self.attend()
        self.counted(channel, wire.hang_up)

    def test_lasting(self) -> None:
        """
        An event stream of an original's client, which goes on while no connection carries it, until the
        client has not come again in time.
        """
        wire, channel, _ = self.attend(b"/feed?.kv=1")
        count = Count()
        count.add(channel)
        wire.hang_up()
        self.house.wait(REATTACH - 2)
        self.assertEqual(count.now, 1)
        self.house.wait(4)
        self.assertEqual(count.now, 0)
