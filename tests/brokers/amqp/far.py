"""The far end of a link in memory: frames of AMQP 0-9-1 are read and written by pika's codec, each method
that wants an answer gets the one that says yes, unless the test says no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pika import BasicProperties, spec
from pika.frame import Body, Header, Heartbeat, Method, ProtocolHeader, decode_frame
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing.brokers.amqp.connection import Connection, parameters
from kaazing.brokers.amqp.kind import AmqpType
from kaazing.interfaces.brokers import Post
from kaazing.interfaces.channels import IChannel

CAPABILITIES = {"publisher_confirms": True, "basic.nack": True, "consumer_cancel_notify": True}
DEFAULTS = {option.name: option.default for option in AmqpType.options}
_DULL = {"ticket", "arguments", "consumer_tag", "immediate", "delivery_tag"}
_QUIET = {"Connection.StartOk", "Connection.TuneOk", "Connection.Open", "Channel.CloseOk", "Channel.Open"}


@implementer(IChannel)
class Far:
    """A channel, and the broker at its end.

    Attributes:
        said: what was asked, "CHANNEL METHOD ARGUMENTS"; of messages the body, too.
        sent: (channel, pika's properties, body) of what was published.
        no: words of a method as in C{said}, its channel left out -> reply code and text that close it.
        mute: names of methods that get no answer.
        greeting: whether a connection is let in.
    """

    open, peer, subprotocol, messages = True, "192.0.2.1:5672", None, False
    closed_with, whole, latency, tenure, bound = (1000, ""), False, None, None, 64_000

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.receiver: Any = None
        self.said: list[str] = []
        self.sent: list[tuple[int, BasicProperties, bytes]] = []
        self.no: dict[str, tuple[int, str]] = {}
        self.mute: set[str] = set()
        self.refusal: dict[str, spec.Connection.Close] = {}
        self.writes = 0
        self.aborted = False
        self._answers = b""
        self._open: dict[int, list[Any]] = {}

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.send_all([data], kind)

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        self.writes += 1
        data = b"".join(messages)
        while data:
            size, frame = decode_frame(data)
            data = data[size:]
            self._take(frame)

    def hold(self) -> None:
        """See L{IChannel}."""

    def resume(self) -> None:
        """See L{IChannel}."""

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""

    def drop(self) -> None:
        """See L{IChannel}."""
        self.abort()

    def abort(self) -> None:
        """See L{IChannel}; L{turn} tells the receiver."""
        self.aborted = True

    def turn(self) -> None:
        """Let what is said arrive, and all answers."""
        while True:
            self._clock.advance(0)
            if not self._answers and not self.aborted:
                return
            answers, self._answers = self._answers, b""
            if self.open and answers:
                self.receiver.received(answers, 2)
            if self.aborted and self.open:
                self.open = False
                self.receiver.lost(None)
            if not self.open:
                return

    def cut(self, why: Exception | None = None) -> None:
        """Lose the connection."""
        self.open = False
        self.receiver.lost(why)

    def tell(self, channel: int, method: Any, properties: Any = None, body: bytes = b"") -> None:
        """Say something; it arrives at the next L{turn}."""
        self._answers += Method(channel, method).marshal()
        if properties is not None:
            self._answers += Header(channel, len(body), properties).marshal()
            if body:
                self._answers += Body(channel, body).marshal()

    def deliver(self, channel: int, tag: str, number: int, body: bytes, **more: Any) -> None:
        """Deliver a message, with an id unless C{properties} say otherwise."""
        properties = more.pop("properties", BasicProperties(message_id=f"m{number}"))
        words = {"redelivered": False, "exchange": "", "routing_key": "q", **more}
        self.tell(
            channel, spec.Basic.Deliver(consumer_tag=tag, delivery_tag=number, **words), properties, body
        )

    def close(self, channel: int, code: int, text: str) -> None:
        """Close a channel."""
        self.tell(channel, spec.Channel.Close(code, text, 0, 0))

    def taken(self) -> list[str]:
        """Return what was said since the last call."""
        said, self.said = self.said, []
        return said

    def _take(self, frame: Any) -> None:
        if isinstance(frame, ProtocolHeader):
            start = spec.Connection.Start(
                0, 9, {"product": "Far", "version": "1", "capabilities": CAPABILITIES}
            )
            self.tell(0, start)
        elif isinstance(frame, Header | Body):
            self._content(frame)
        elif not isinstance(frame, Heartbeat):
            if frame.method.NAME == "Basic.Publish":
                self._open[frame.channel_number] = [frame.method, None, b""]
            else:
                self._method(frame.channel_number, frame.method)

    def _content(self, frame: Any) -> None:
        number = frame.channel_number
        open_ = self._open[number]
        if isinstance(frame, Header):
            open_[1] = frame
        else:
            open_[2] += frame.fragment
        method, header, body = open_
        if header.body_size == len(body):
            self.sent.append((number, header.properties, body))
            self._say(number, f"{_shown(method)} {body.decode()}", method)

    def _method(self, number: int, method: Any) -> None:
        if method.NAME == "Connection.Close":
            self.tell(0, spec.Connection.CloseOk())
        elif method.NAME == "Connection.StartOk":
            self.tell(0, self.refusal.get("StartOk") or spec.Connection.Tune(2047, 131072, 60))
        elif method.NAME == "Connection.Open":
            self.tell(0, self.refusal.get("Open") or spec.Connection.OpenOk())
        elif method.NAME in ("Basic.Ack", "Basic.Nack"):
            which = f"{method.delivery_tag}{'-' * method.multiple}"
            self.said.append(f"{number} {method.NAME} {which}{' requeue' * getattr(method, 'requeue', 0)}")
        else:
            self._say(number, _shown(method), method)

    def _say(self, number: int, words: str, method: Any) -> None:
        if method.NAME not in _QUIET:
            self.said.append(f"{number} {words}")
        if words in self.no:
            self.close(number, *self.no[words])
        elif method.NAME not in self.mute and (answer := _answer(method)) is not None:
            self.tell(number, answer)


def _shown(method: Any) -> str:
    values = {name: value for name, value in vars(method).items() if name not in _DULL and value}
    words = [name if value is True else str(value) for name, value in values.items()]
    return " ".join((method.NAME, *words))


def _answer(method: Any) -> Any:
    family, _, name = method.NAME.partition(".")
    if getattr(method, "nowait", False) or not method.synchronous:
        return None
    ok = getattr(getattr(spec, family), f"{name}Ok", None)
    if ok is None:
        return None
    if name in ("Consume", "Cancel"):
        return ok(consumer_tag=method.consumer_tag)
    if method.NAME == "Queue.Declare":
        return ok(queue=method.queue, message_count=0, consumer_count=0)
    return ok(message_count=0) if method.NAME == "Queue.Delete" else ok()


class FarTestCase(SynchronousTestCase):
    """A link, or what is inside of one, and its far end.

    Attributes:
        told: ("lost", why), "drained", and the lines of the log.
    """

    def setUp(self) -> None:
        """There is a far end, and nobody has connected."""
        self.clock = Clock()
        self.far = Far(self.clock)
        self.told: list[Any] = []

    def post(self, **properties: Any) -> Post:
        """Return what a sort of broker is given."""
        dialled: Deferred[Any] = Deferred()
        dialled.callback(self.far)
        return Post(
            dial=lambda uri: dialled,
            clock=self.clock,
            client_id="gateway",
            properties={**DEFAULTS, **properties},
            lost=lambda link, why: self.told.append(("lost", str(why))),
            drained=lambda link: self.told.append("drained"),
            complain=self.told.append,
        )

    def connection(self) -> Connection:
        """Return a connection that is let in."""
        made = Connection(self.far, parameters("/", None, False, "gateway"), self.clock, self.told.append)
        self.far.turn()
        self.successResultOf(made.ready)
        return made

    def said(self, *lines: str) -> None:
        """Let answers arrive; see that just this was asked since the last time."""
        self.far.turn()
        self.assertEqual(self.far.taken(), list(lines))

    def fails(self, deferred: Deferred[Any], error: type[Exception], why: str) -> None:
        """See that something was refused with a sentence."""
        self.assertEqual(str(self.failureResultOf(deferred, error).value), why)

    def succeed(self, deferreds: Iterable[Deferred[Any]]) -> list[Any]:
        """Return the results of what is done."""
        return [self.successResultOf(each) for each in deferreds]
