"""A jms service in memory: the real service, protocol and broker, and STOMP clients spoken by hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.memory.store import Store, replace_store
from kaazing.config.model import ServiceConfig, Uri
from kaazing.interfaces.brokers import Destination, Domain, Message
from kaazing.interfaces.feeds import Slow
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import Visit
from kaazing.services.jms.service import JmsService, JmsType
from kaazing.transports.audience import Audience
from kaazing.wire.stomp import Frame, parse
from tests.services.house import Line, NotedHouse

_numbers = count()


def queue(name: str) -> Destination:
    """Return a queue."""
    return Destination(Domain.QUEUE, name)


def topic(name: str) -> Destination:
    """Return a topic."""
    return Destination(Domain.TOPIC, name)


class Wire(Line):
    """A client's channel whose bytes are kept; it can be told to take no more."""

    def __init__(self, peer: str = "192.0.2.1:5000") -> None:
        super().__init__(peer, "v12.stomp")
        self.said = b""
        self.closed: tuple[int, str] | None = None

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        if self.closed is None:
            self.said += data

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        for each in messages:
            self.send(each, kind)

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        if self.closed is None:
            self.closed = code, reason
        self.open = False


class Stomp:
    """A client.

    Attributes:
        wire: its channel.
    """

    def __init__(self, case: JmsTestCase, wire: Wire) -> None:
        self._case, self.wire = case, wire

    def say(self, command: str, body: str = "", **headers: Any) -> None:
        """Send a frame; underscores in names of headers stand for hyphens, or for the dot of ActiveMQ's."""
        lines = [command, *(f"{_header(name)}:{value}" for name, value in headers.items())]
        self.raw("\n".join([*lines, "", body]).encode() + b"\0")

    def raw(self, data: bytes) -> None:
        """Send bytes."""
        self.wire.receiver.received(data, 1)
        self._case.settle()

    def connect(self, **headers: Any) -> Frame:
        """Connect; return the answer."""
        self.say("CONNECT", accept_version="1.2", host="h", **headers)
        (answer,) = self.heard()
        return answer

    def heard(self) -> list[Frame]:
        """Return the frames heard since the last time."""
        said, self.wire.said = self.wire.said, b""
        return list(_frames(said))

    def told(self) -> list[str]:
        """Return them in short: the body of a MESSAGE, the receipt id, and what an ERROR says."""
        return [_short(frame) for frame in self.heard()]

    def subscribe(self, destination: str, id: str = "s", **headers: Any) -> None:
        """Subscribe, and wait until it is open."""
        self.say("SUBSCRIBE", destination=destination, id=id, receipt=f"open-{id}", **headers)

    def lose(self) -> None:
        """Be lost without a word."""
        self.wire.open = False
        self.wire.receiver.lost(None)
        self._case.settle()


def _header(name: str) -> str:
    """Return the name of a header: with one dot where its first word is a product's, else hyphens."""
    return name.replace("activemq_", "activemq.").replace("_", "-")


def _frames(said: bytes) -> Iterator[Frame]:
    """Take whole frames apart, none with a NUL in its body."""
    for each in said.split(b"\0"):
        wire = each.lstrip(b"\r\n")
        if wire:
            yield parse(wire + b"\0", 12)


def _short(frame: Frame) -> str:
    if frame.command == "MESSAGE":
        again = "again " if frame.get("redelivered") == "true" else ""
        return f"{frame.get('subscription')}: {again}{frame.body.decode()}"
    if frame.command == "RECEIPT":
        return f"receipt {frame.get('receipt-id')}"
    return f"{frame.command} {frame.get('message')}"


def acks(frames: list[Frame]) -> list[str]:
    """Return what the MESSAGEs among frames are acknowledged by."""
    return [each.get("ack") or "" for each in frames if each.command == "MESSAGE"]


class House(NotedHouse):
    """Audiences are real ones."""

    def audience(self, service: str, policy: Slow) -> Any:
        """See L{kaazing.interfaces.services.IHouse}."""
        return Audience(self.sessions, service, policy, self.wheel)


class JmsTestCase(SynchronousTestCase):
    """A service on memory://.

    Attributes:
        house: what it is handed, its clock included.
        store: what the broker has.
    """

    def setUp(self) -> None:
        self.house = House()
        self.house.clock.advance(1_700_000_000)
        self.place = f"test-{next(_numbers)}"
        self.store = Store(self.place, self.house.clock.seconds)
        replace_store(self.store)

    def config(self, **properties: Any) -> ServiceConfig:
        """Return a service; underscores in names of properties stand for dots."""
        defaults = {each.name: () if each.repeated else each.default for each in JmsType().options}
        more = {name: properties.pop(name) for name in ("realm", "accept_options") if name in properties}
        named = {name.replace("_", "."): value for name, value in properties.items()}
        return ServiceConfig(
            name="jms",
            type="jms",
            connects=(Uri(scheme="memory", host=self.place, port=0),),
            properties={**defaults, "reconnect.delay": 1.0, **named},
            **more,
        )

    def serve(self, **properties: Any) -> JmsService:
        """Start a service."""
        made: JmsService = JmsType().service(self.config(**properties), self.house)
        made.startService()
        self.settle()
        return made

    def settle(self) -> None:
        """Let everything happen that needs no time, or a moment."""
        for _ in range(30):
            self.house.clock.advance(0.001)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(int(seconds * 2)):
            self.house.clock.advance(0.5)
        self.settle()

    def arrive(self, service: JmsService, user: str = "", *roles: str, peer: str = "192.0.2.1:5000") -> Stomp:
        """Let a client come in, not yet connected."""
        subject = Subject(user=user, roles=frozenset(roles)) if user or roles else None
        visit = Visit(peer=peer, subject=subject, subprotocols=("v12.stomp",))
        wire = Wire(peer)
        service.accepted(wire, service.invite(visit))
        return Stomp(self, wire)

    def client(self, service: JmsService, user: str = "", **headers: Any) -> Stomp:
        """Let a client come in and connect."""
        made = self.arrive(service, user)
        self.assertEqual(made.connect(**headers).command, "CONNECTED")
        return made

    def put(self, destination: Destination, *bodies: str, **more: Any) -> None:
        """Let somebody else send messages."""
        for body in bodies:
            self.store.publish([Message(destination=destination, body=body.encode(), **more)])
        self.settle()

    def bodies(self, name: str) -> list[str]:
        """Take what is in a queue."""
        reader = self.client(self.serve())
        reader.subscribe(f"/queue/{name}", "bodies", prefetch_count=1000)
        found = [frame.body.decode() for frame in reader.heard()[1:]]
        reader.lose()
        return found
