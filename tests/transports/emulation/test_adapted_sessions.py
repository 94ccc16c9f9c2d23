"""An adapter between an emulated client and a backend: the very object that native ones have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing import plugins
from kaazing.interfaces.adapters import Kind, Link
from kaazing.interfaces.services import Terms
from kaazing.transports.house import House
from kaazing.transports.tcp import StreamChannel
from kaazing.wire.wse import CLOSE, RECONNECT
from tests.transports.emulation.stage import BAD, DONE, Client, Stage, body
from tests.transports.scenes import Noted
from tests.transports.wires import MemoryFar, MemoryNet

CONNECT = b"CONNECT\naccept-version:1.2\nhost:/\n\n\0"
CONNECTED = b"CONNECTED\nversion:1.2\n\n\0"


def text(message: bytes) -> bytes:
    """Return a text frame of less than 128 bytes."""
    return b"\x81" + bytes([len(message)]) + message


class EmulatedTestCase(SynchronousTestCase):
    """A client, a backend in memory, and the house that joins them."""

    def setUp(self) -> None:
        """Connect both."""
        self.stage = Stage()
        self.client: Client = self.stage.create()
        self.down = self.client.attach()
        self.net, self.noted = MemoryNet(), Noted()
        self.back = StreamChannel()
        _, far = self.net.connect(self.back)
        assert isinstance(far, MemoryFar)
        self.far = far
        nobody: Any = None
        self.house = House(Path(), nobody, self.noted, self.stage.house.wheel)

    def end(self) -> None:
        """Let what is to happen happen; nothing is left then."""
        self.stage.house.wait(7)
        self.net.turn()
        self.stage.house.wait(1)
        self.assertEqual((len(self.noted), len(self.stage.registry)), (0, 0))


class StompTests(EmulatedTestCase):
    """stomp.proxy."""

    def setUp(self) -> None:
        """Put the adapter between them."""
        super().setUp()
        adapter = plugins.adapter("stomp")
        options = {option.name: option.default for option in adapter.options}
        link = Link(peer="192.0.2.1:5000", options=options)
        terms = Terms(service="news", wants=adapter.front)
        self.house.adapt(self.client.channel, self.back, adapter.session(link), link, terms)

    def test_both_ways(self) -> None:
        """
        STOMP frames pass, cut by the client as it likes; each of the broker's is a message of its own.
        """
        frames = b"".join(text(CONNECT[at : at + 9]) for at in range(0, len(CONNECT), 9))
        self.assertEqual(self.client.post(frames), DONE)
        self.net.turn()
        self.assertEqual(bytes(self.far.got), CONNECT)
        self.far.send(CONNECTED)
        self.net.turn()
        self.assertEqual(body(self.down), text(CONNECTED))
        self.client.post(CLOSE)
        self.net.turn()
        self.assertEqual(self.far.end, "fin")
        self.far.fin()
        self.net.turn()
        self.assertEqual(body(self.down), text(CONNECTED) + CLOSE + RECONNECT)
        self.end()

    def test_violation(self) -> None:
        """
        A frame that breaks STOMP's rules reaches nobody; the client gets ERROR, then CLOSE.
        """
        self.assertEqual(self.client.post(text(b"NONSENSE\n\n\0")), DONE)
        self.net.turn()
        said = body(self.down)
        self.assertIn(b"ERROR\n", said)
        self.assertTrue(said.endswith(CLOSE + RECONNECT))
        self.assertEqual((bytes(self.far.got), len(self.noted.said)), (b"", 1))
        self.end()


class BridgeTests(EmulatedTestCase):
    """The plain proxy."""

    def setUp(self) -> None:
        """Join them."""
        super().setUp()
        self.client.channel.bound = self.back.bound = 1000
        self.house.join("proxy", self.client.channel, self.back, Kind.BINARY)

    def test_slow_backend(self) -> None:
        """
        While the backend takes nothing, no byte of a request is read beyond the bound.
        """
        self.far.block()
        frames = b"\x80\x83\x68" + b"x" * 488
        for _ in range(3):
            self.assertEqual(self.client.post(frames), DONE)
        self.client.wire.clear()
        self.client.wire.say(self.client.request(frames + RECONNECT))
        self.assertEqual((self.client.wire.value(), self.client.wire.producerState), (b"", "paused"))
        self.far.unblock()
        self.net.turn()
        self.assertEqual((len(self.far.got), self.client.wire.producerState), (4 * 488, "producing"))
        self.assertTrue(self.client.wire.value().startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_slow_client(self) -> None:
        """
        While no downstream is there, no more than the bound is read from the backend, and a read.
        """
        self.client.attach(".ki=p")
        self.far.send(b"y" * 20_000)
        self.net.turn()
        self.assertEqual(self.far.unsent, 18_000)
        for _ in range(18):
            self.client.attach(".ki=p")
            self.net.turn()
        self.assertEqual(self.far.unsent, 0)

    def test_broken_client(self) -> None:
        """
        A client that breaks a rule is told, and its backend's connection closed; one line says why.
        """
        self.assertEqual(self.client.post(b"\x82"), BAD)
        self.net.turn()
        self.assertEqual((body(self.down), self.far.end), (CLOSE + RECONNECT, "fin"))
        self.assertEqual(
            self.noted.said, ["proxy: 192.0.2.1:5000: client byte 0: unknown frame type (WSE frames)"]
        )
        self.far.fin()
        self.net.turn()
        self.end()

    def test_gateway_stops(self) -> None:
        """
        When the gateway stops, clients are told CLOSE, and come again elsewhere.
        """
        left: list[object] = []
        self.noted.leave().addCallback(left.append)
        self.assertEqual(body(self.down), CLOSE + RECONNECT)
        self.assertEqual(self.client.post(CLOSE), DONE)
        self.far.fin()
        self.net.turn()
        self.end()
        self.assertEqual(left, [None])
