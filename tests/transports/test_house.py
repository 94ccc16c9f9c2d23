"""Tests for L{kaazing.transports.house}: what services are handed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from kaazing.config.model import ConnectOptions, ServiceConfig, Uri
from kaazing.errors import ListenError
from kaazing.interfaces.adapters import Kind, Link
from kaazing.interfaces.services import IHouse, Terms
from kaazing.transports.eventdoor import EventDoor
from kaazing.transports.house import House
from tests.transports.cables import Cable, Network
from tests.transports.scenes import TEXT, SceneTestCase, close
from tests.transports.scripted import Scripted
from tests.transports.test_tcp import Peer

LINK, TERMS = Link(peer="192.0.2.1:5000"), Terms(service="gate")


class Dialling:
    """A dialler that writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.opened: Deferred[Any] = Deferred()

    def connect(self, uri: Uri, options: ConnectOptions, **more: Any) -> Deferred[Any]:
        self.asked.append((uri, options, more))
        return self.opened


class HouseTests(SceneTestCase):
    def test_promises(self) -> None:
        """
        It is what a service expects.
        """
        verifyObject(IHouse, self.scene.house)
        self.assertEqual(self.scene.house.folder, Path())

    def test_connect(self) -> None:
        """
        Backends are dialled as the service says, and its options are passed on.
        """
        dialling: Any = Dialling()
        house = House(Path("/conf"), dialling, self.scene.sessions, self.scene.wheel)
        uri, options = Uri(scheme="ws", host="backend.example", port=80, path="/"), ConnectOptions()
        opened = house.connect(uri, options, subprotocols=("a",), origin="http://page.example")
        self.assertIs(opened, dialling.opened)
        more = {"subprotocols": ("a",), "origin": "http://page.example"}
        self.assertEqual(dialling.asked, [(uri, options, more)])

    def test_front_gone(self) -> None:
        """
        Where the browser went away while its backend was dialled, the backend is closed and no session
        begins; the adapter is not told of one either.
        """
        session = Scripted()
        for adapted in (False, True):
            browser, front = self.scene.front()
            backend, back = self.scene.tcp_back()
            front.resume()  # as one would hear of it
            browser.far.reset()
            self.net.turn()
            if adapted:
                self.scene.house.adapt(front, back, session, LINK, TERMS)
            else:
                self.scene.house.join("gate", front, back, Kind.BINARY)
            self.net.turn()
            self.assertEqual((backend.got, backend.end, len(self.scene.sessions)), (b"", "fin", 0))
        self.assertEqual(session.told, [])

    def test_gone_unheard(self) -> None:
        """
        Where nobody has heard of it yet, the session ends as soon as it begins.
        """
        browser, front = self.scene.front()
        backend, back = self.scene.tcp_back()
        browser.far.reset()
        self.net.turn()
        self.scene.house.join("gate", front, back, Kind.BINARY)
        self.net.turn()
        self.assertEqual((backend.end, len(self.scene.sessions)), ("fin", 0))

    def test_kinds_of_sessions(self) -> None:
        """
        What is joined, adapted or looped is a session of the gateway until its ends are gone.
        """
        browsers = []
        for start in ("join", "adapt", "loop"):
            browser, front = self.scene.front()
            browsers.append(browser)
            if start == "loop":
                self.scene.house.loop("gate", front, 1)
                continue
            _, back = self.scene.tcp_back()
            if start == "join":
                self.scene.house.join("gate", front, back, Kind.BINARY)
            else:
                self.scene.house.adapt(front, back, Scripted(), LINK, TERMS)
        self.assertEqual(len(self.scene.sessions), 3)
        self.scene.sessions.leave()
        for browser in browsers:
            browser.say(close(1001), (TEXT, b"unheard"))
        self.net.turn()
        self.assertEqual(len(self.scene.sessions), 0)

    def test_listen(self) -> None:
        """
        A service may listen for its backend; what connects there is its channel, held.
        """
        network = Network()
        house = House(Path(), Dialling(), self.scene.sessions, self.scene.wheel, network)  # type: ignore[arg-type]
        arrived: list[Any] = []
        port = house.listen("feed", "127.0.0.1", 7000, arrived.append)
        self.assertEqual(network.listening, {})
        port.start()
        network.cables.append(Cable(network.listening["127.0.0.1", 7000].buildProtocol(None), Peer()))
        (channel,) = arrived
        self.assertEqual((channel.open, channel.transport.producerState), (True, "paused"))
        taken = house.listen("feed", "127.0.0.1", 7000, arrived.append)
        why = self.assertRaises(ListenError, taken.start)
        self.assertRegex(str(why), "^service 'feed', property accept: cannot listen on 127.0.0.1:7000: ")
        port.stop()
        self.assertEqual(network.listening, {})

    def test_events_and_datagrams(self) -> None:
        """
        A service may have event streams, and take datagrams.
        """
        house = self.scene.house
        accept = Uri(scheme="sse", host="localhost", port=8000, path="/")
        config = ServiceConfig(name="feed", type="broadcast", accepts=(accept,))
        self.assertIsInstance(house.events(accept, config), EventDoor)
        source = Uri(scheme="udp", host="127.0.0.1", port=7000)
        port = house.datagrams("feed", source, print, buffer=4096)
        self.assertEqual((port.received, port.refused, port.overflowed), (0, 0, 0))

    def test_complain(self) -> None:
        """
        What a service has to say is said with the sessions' complaints.
        """
        self.scene.house.complain("gate", "192.0.2.1:5000", ValueError("too bad"))
        self.assertEqual(self.scene.sessions.said, ["gate: 192.0.2.1:5000: too bad"])
