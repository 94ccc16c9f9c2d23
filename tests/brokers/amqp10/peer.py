"""The broker's end of a connection of AMQP 1.0: proton's engine again, with neither socket nor clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proton import (
    Collector,
    Condition,
    Connection,
    Delivery,
    Described,
    Endpoint,
    Link,
    Message,
    Transport,
    symbol,
    ulong,
)
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from kaazing.brokers.amqp10.conversation import Opening
from kaazing.brokers.amqp10.link import Amqp10Link
from kaazing.interfaces.brokers import Wish
from kaazing.interfaces.channels import IChannel
from tests.brokers import listening

ARTEMIS = {symbol("product"): "apache-activemq-artemis", symbol("version"): "2.44.0"}
RABBITMQ = {symbol("product"): "RabbitMQ", symbol("version"): "3.10.8"}
NOW = 1_800_000_000_000
DECLARE, DECLARED, TRANSACTIONAL = 0x31, 0x33, 0x34  # AMQP 1.0 sections 4.5.2, 4.5.4, 4.5.5
OPENING = Opening(container="gateway", hostname="broker", login=None)


@implementer(IChannel)
class Channel:
    """A channel in memory, to a L{Peer}."""

    open = whole = True
    messages = False
    peer, subprotocol, latency, tenure = "127.0.0.1:5672", None, None, None
    closed_with = (1000, "")
    bound = 65536
    receiver: Any = None

    def __init__(self) -> None:
        self.sent = bytearray()
        self.ended = ""

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.sent += data

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        self.sent += b"".join(messages)

    def hold(self) -> None:
        """See L{IChannel}."""

    def resume(self) -> None:
        """See L{IChannel}."""

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        self.ended = "finished"

    def drop(self) -> None:
        """See L{IChannel}."""
        self.ended = "dropped"

    def abort(self) -> None:
        """See L{IChannel}."""
        self.ended = "aborted"


class Peer:
    """A broker that takes every link as it was asked for, until it is told to do otherwise.

    Attributes:
        channel, clock: what the gateway's end is given.
        properties: of its open frame; None: it does not answer.
        credit: given to each link that it receives on.
        outcome: number of it, of each message that it receives; None for none yet.
        refusing: addresses, or "coordinator", with the condition that links to them are refused with.
        ignoring_filters: whether it passes over selectors.
        durables: address of each durable subscription that nobody has open.
        links: by name, of those that are open at both ends.
        received: (address, message) of all messages, in order; of the coordinator, under "coordinator".
        settled: what the gateway has said of deliveries: (tag, state, whether it was settled).
        closed: (name, whether it was only detached) of links that the gateway has closed.
    """

    def __init__(self, properties: Any = ARTEMIS) -> None:
        self.channel, self.clock = Channel(), Clock()
        self.properties, self.credit = properties, 1000
        self.outcome: int | None = int(Delivery.ACCEPTED)
        self.refusing: dict[str, Condition] = {}
        self.ignoring_filters = False
        self.durables: dict[str, str] = {}
        self.links: dict[str, Any] = {}
        self.received: list[tuple[str, Message]] = []
        self.deliveries: list[Any] = []
        self.settled: list[tuple[str, int, bool]] = []
        self.closed: list[tuple[str, bool]] = []
        self._tags = self._nodes = 0
        self._collector, self.connection, self.transport = (
            Collector(),
            Connection(),
            Transport(Transport.SERVER),
        )
        self.connection.collect(self._collector)
        self.connection.container, self.connection.properties = "broker", properties
        sasl = self.transport.sasl()
        sasl.allowed_mechs("ANONYMOUS")
        self.transport.bind(self.connection)

    def talk(self) -> None:
        """Let both ends say all they have to say."""
        for _ in range(50):
            self.clock.advance(0)
            heard, self.channel.sent = bytes(self.channel.sent), bytearray()
            self._hear(heard)
            said = self._said()
            if said:
                self.channel.receiver.received(said, 2)
            if not said and not self.channel.sent:
                return

    def _hear(self, data: bytes) -> None:
        while data and (room := self.transport.capacity()) > 0:
            self.transport.push(data[:room])
            data = data[room:]
            self._pump()

    def _said(self) -> bytes:
        said = b""
        self._pump()
        while (size := self.transport.pending()) > 0:
            piece = bytes(self.transport.peek(size) or b"")
            self.transport.pop(len(piece))
            said += piece
            self._pump()
        return said

    def _pump(self) -> None:
        while (event := self._collector.peek()) is not None:
            getattr(self, f"_{event.type.name.lower()[3:]}", lambda _: None)(event)
            self._collector.pop()

    def _connection_remote_open(self, event: Any) -> None:
        if self.properties is not None:
            event.connection.open()

    def _connection_remote_close(self, event: Any) -> None:
        event.connection.close()

    def _session_remote_open(self, event: Any) -> None:
        if event.session.state & Endpoint.LOCAL_UNINIT:
            event.session.open()

    def _session_remote_close(self, event: Any) -> None:
        event.session.close()
        event.session.free()

    def _link_remote_open(self, event: Any) -> None:
        link = event.link
        end = link.remote_source if link.is_sender else link.remote_target
        address = "coordinator" if end.type == end.COORDINATOR else (end.address or "")
        refusal = self.refusing.get(address)
        if refusal is not None:
            link.open()
            link.condition = refusal
            link.close()
            return
        link.source.copy(link.remote_source)
        if link.name in self.durables and end.type == end.UNSPECIFIED:
            link.source.type, link.source.address = end.SOURCE, self.durables[link.name]
        if self.ignoring_filters:
            link.source.filter.clear()
        link.target.copy(link.remote_target)
        if link.target.dynamic:
            self._nodes += 1
            link.target.address = f"made-{self._nodes}"
        link.snd_settle_mode, link.rcv_settle_mode = link.remote_snd_settle_mode, link.remote_rcv_settle_mode
        link.open()
        self.links[link.name] = link
        if link.is_receiver:
            link.flow(self.credit)

    def _link_remote_close(self, event: Any) -> None:
        self._gone(event.link, False)

    def _link_remote_detach(self, event: Any) -> None:
        self._gone(event.link, True)

    def _gone(self, link: Any, detached: bool) -> None:
        self.links.pop(link.name, None)
        self.closed.append((link.name, detached))
        if detached:
            link.detach()
        else:
            link.close()
        link.free()

    def _delivery(self, event: Any) -> None:
        delivery, link = event.delivery, event.link
        if link.is_sender:
            self.settled.append((delivery.tag, int(delivery.remote_state), delivery.settled))
            delivery.settle()
        elif delivery.readable and not delivery.partial:
            message = Message()
            message.decode(link.recv(delivery.pending))
            link.advance()
            self.received.append((link.remote_target.address or "coordinator", message))
            self.deliveries.append(delivery)
            if self.outcome is not None:
                self._answer(delivery, message, self.outcome)

    def _answer(self, delivery: Any, message: Message, outcome: int) -> None:
        """Answer as the broker does that takes everything; messages of a transaction are taken in it."""
        if isinstance(message.body, Described):
            declare = message.body.descriptor == DECLARE
            self.answer(delivery, *((DECLARED, [b"tx"]) if declare else (int(Delivery.ACCEPTED),)))
        elif int(delivery.remote_state) == TRANSACTIONAL:
            self.answer(delivery, TRANSACTIONAL, [b"tx", Described(ulong(outcome), [])])
        else:
            self.answer(delivery, outcome)

    def answer(self, delivery: Any, state: int, data: Any = None) -> None:
        """Say what became of a message."""
        if data is not None:
            delivery.local.data = data
        delivery.update(state)
        delivery.settle()

    @property
    def only(self) -> str:
        """The name of the only link."""
        (name,) = self.links
        return name

    def deliver(self, name: str, message: Message | bytes) -> None:
        """Send a message on a link, as many as there is credit for."""
        link = self.links[name]
        self._tags += 1
        delivery = link.delivery(str(self._tags))
        link.stream(message.encode() if isinstance(message, Message) else message)
        link.advance()
        if link.snd_settle_mode == Link.SND_SETTLED:
            delivery.settle()

    def hang_up(self, name: str, condition: Condition | None = None) -> None:
        """Close a link."""
        link = self.links.pop(name)
        link.condition = condition
        link.close()


class Linked:
    """A link to a L{Peer}, and what it tells.

    Attributes:
        told: ("lost", link, why) and ("drained", link).
        log: lines of it.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer, self.told = peer, list[Any]()
        self.log: list[str] = []
        post = replace(listening.post(peer.clock, self.told), complain=self.log.append)
        self.link = Amqp10Link(peer.channel, OPENING, post, lambda: NOW)
        self.up: list[Any] = []
        self.link.up.addBoth(self.up.append)
        peer.talk()

    def listen(self, wish: Wish) -> tuple[Any, listening.Listener]:
        """Return a subscription that was asked for, and who is told of it."""
        listener = listening.Listener()
        subscription = self.link.subscribe(wish, listener)
        self.peer.talk()
        return subscription, listener

    def publish(self, message: Any) -> list[Any]:
        """Send a message; return what becomes of it: nothing yet, ["taken"], or an error's class and text."""
        return self.became(self.link.publish(message))

    def became(self, done: Deferred[Any]) -> list[Any]:
        """Return what becomes of a Deferred."""
        said: list[Any] = []
        done.addCallbacks(
            lambda made: said.append("taken" if made is None else made),
            lambda why: said.extend((why.type, str(why.value))),
        )
        self.peer.talk()
        return said
