"""A listener in memory with all that HTTP can carry, before a service that repeats what it hears."""

from __future__ import annotations

from random import Random
from socket import socketpair
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.config.model import AcceptOptions, Compression, CrossSite, ServiceConfig, Uri
from kaazing.errors import BadRequest
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.exchanges import ITaker
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.doorman import Doorman
from kaazing.transports.emulation.entry import Emulation
from kaazing.transports.emulation.pages import Pages
from kaazing.transports.emulation.registry import Registry
from kaazing.transports.emulation.session import EmulatedChannel
from kaazing.transports.emulation.terms import Terms
from kaazing.transports.eventdoor import EventDoor
from kaazing.transports.exchange import Exchange
from kaazing.transports.handshakes import ServerFactory
from kaazing.transports.routes import Route
from tests.transports.desks import Desk
from tests.transports.doors import Host, House, Wire

HOUR = 3600  # seconds
STREAMS = (b"HTTP/1.1 101 ", b"Content-Type: text/event-stream", b"X-Idle-Timeout: ")
"""What an answer has that goes on as long as the client wants."""


class Live(Wire):
    """A wire whose descriptor is that of a connection whose other end is there."""

    ends = socketpair()

    def fileno(self) -> int:
        """See L{IFileDescriptor}."""
        return self.ends[0].fileno()


@implementer(IReceiver)
class Repeats:
    """Sends back what it hears; reads no more while that waits to be sent."""

    def __init__(self, channel: IChannel) -> None:
        self._channel = channel

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._channel.send(data, kind)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._channel.finish()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._channel.finish(1002)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._channel.hold()

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._channel.resume()


@implementer(ITaker)
class Passes:
    """Sends a body back while it comes, as a proxy does; reads no more while that waits to be sent."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def body(self, data: bytes) -> None:
        """See L{ITaker}."""
        self._exchange.begin(200, ((b"Content-Type", b"text/plain"),))
        self._exchange.write(data)

    def body_ended(self) -> None:
        """See L{ITaker}."""
        self._exchange.begin(200, ())
        self._exchange.end()

    def congested(self) -> None:
        """See L{ITaker}."""
        self._exchange.hold()

    def drained(self) -> None:
        """See L{ITaker}."""
        self._exchange.resume()

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}."""


class Parrot(Host):
    """Lets clients in, at once or later, or does not; repeats what they say.

    Attributes:
        undecided: what visits wait for.
    """

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random
        self.undecided: list[Deferred[Welcome]] = []

    def invite(self, visit: Visit) -> Any:
        """See L{IService}."""
        chance = self._random.random()
        if chance < 0.1:
            raise BadRequest(403, "not you", rule="the dice")
        if chance < 0.3:
            self.undecided.append(Deferred())
            return self.undecided[-1]
        return Welcome(at="7-7")

    def decide(self) -> None:
        """Let everybody in who waits for it."""
        while self.undecided:
            self.undecided.pop().callback(Welcome())

    def attend(self) -> None:
        """Hear those who came."""
        while self.guests:
            channel: Any = self.guests.pop()
            channel.receiver, channel.bound = Repeats(channel), 500
            channel.whole = self._random.random() < 0.5
            channel.send(b"welcome", 1)
            channel.resume()


class Place:
    """A listener at http://example.com:8000: /parrot native and emulated, /feed event streams, /desk.

    Attributes:
        clock: of everything.
        wires: all connections that nobody has hung up.
    """

    def __init__(self, random: Random) -> None:
        self._house = House()
        self.clock, self.wires = self._house.clock, list[Wire]()
        self._parrot, self._registry = Parrot(random), Registry()
        wheel, parrot = self._house.wheel, self._parrot
        inactivity = random.choice((0.0, 20.0))
        sites = (CrossSite(origin="http://a.example"),)
        limits: dict[str, Any] = {"max_message": 1000, "inactivity": inactivity}
        terms = Terms(registry=self._registry, wheel=wheel, **limits)
        packs = random.choice((None, Compression(), Compression(context_takeover=True)))
        sockets = ServerFactory(wheel, server="K", extends=True, compression=packs, **limits)
        feed = Uri(scheme="sse", host="example.com", port=8000, path="/feed")
        config = ServiceConfig(name="x", type="x", accepts=(feed,), accept_options=AcceptOptions())
        self._door = EventDoor(feed, config, wheel)
        for scheme, path, socket, entry in (
            ("ws", "/parrot", sockets, Emulation(parrot, "/parrot", terms, Pages())),
            ("sse", "/feed", None, self._door),
            ("http", "/desk", None, Desk(Passes)),
        ):
            accept = Uri(scheme=scheme, host="example.com", port=8000, path=path)
            self._house.routes.add(Route(accept, parrot, socket, None, sites, "K", entry))

    def visitor(self) -> Wire:
        """Return the wire of a new connection."""
        house, wire = self._house, Live()
        wire.protocol = Doorman(house.routes, house.site, house.wheel, False)
        wire.protocol.makeConnection(wire)
        self.wires.append(wire)
        return wire

    def attend(self) -> None:
        """Let the service hear those who came, and let connections be gone that were closed."""
        self._parrot.attend()
        for wire in [wire for wire in self.wires if wire.fate in ("aborted", "closed")]:
            self.hang_up(wire)

    def hang_up(self, wire: Wire) -> None:
        """Let a connection be gone."""
        self.wires.remove(wire)
        wire.hang_up()

    def decide(self) -> None:
        """Let everybody in who waits for it."""
        self._parrot.decide()
        self.attend()

    def wait(self, seconds: float) -> None:
        """Let time pass, as far as anybody looks at the clock."""
        end = self.clock.seconds() + seconds
        while self.clock.getDelayedCalls() and self.clock.seconds() < end:
            self.clock.advance(min(2.5, end - self.clock.seconds()))
            self.attend()
        self.clock.advance(end - self.clock.seconds())

    def sessions(self) -> list[EmulatedChannel]:
        """Return the emulated sessions."""
        return list(self._registry._sessions.values())

    def forsaken(self) -> list[str]:
        """Let an hour pass in which no client says anything; say who is still there and in no stream."""
        for wire in self.wires:
            if wire.producer is not None:
                wire.drain()
        self.decide()
        self.wait(HOUR)
        carried = [session.up.exchange.transport for session in self.sessions() if session.up is not None]
        return [
            f"{wire.fate} after an hour: {wire.value()!r}"
            for wire in self.wires
            if wire not in carried and not any(sign in wire.value() for sign in STREAMS)
        ]

    def left_over(self) -> list[str]:
        """Let everybody hang up and an hour pass; say what is left of them."""
        for wire in list(self.wires):
            self.hang_up(wire)
        self.wait(HOUR)
        left = {
            "emulated sessions": len(self._registry),
            "sessions without a downstream": self._registry.lonely,
            "channels of event streams": len(self._door._registry),
            "things on the wheel": len(self.clock.getDelayedCalls()),
        }
        return [f"{number} {what} left" for what, number in left.items() if number]
