"""The other end of a STOMP connection in memory: what it was sent as frames, and what it says."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from kaazing.brokers.stomp.kind import StompType
from kaazing.config.model import Uri
from kaazing.interfaces.adapters import Kind, Login
from kaazing.interfaces.brokers import Post
from kaazing.interfaces.channels import IChannel
from kaazing.wire.stomp import OPENING, VERSIONS, Frame, Scanner, encode, parse

ACTIVEMQ, ARTEMIS, RABBITMQ = "ActiveMQ/5.17.2", "ActiveMQ-Artemis/2.44.0 ActiveMQ Artemis", "RabbitMQ/3.10.8"


@implementer(IChannel)
class Far:
    """A channel to a broker that does as it is told.

    Attributes:
        sent: frames that came, each a line "COMMAND name:value ...", its body behind a bar; "beat" for each
            heart-beat.
        done: what else was done with the channel.
    """

    receiver: Any = None
    open = True
    peer = "192.0.2.1:61613"
    subprotocol = None
    messages = False
    closed_with = 1000, ""
    whole = False
    latency = None
    tenure: Any = None
    bound = 64_000

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.done: list[str] = []
        self.version = OPENING
        self._scanner = Scanner(
            client=True,
            split=True,
            max_frame=1 << 26,
            max_headers=1000,
            max_line=1 << 16,
            apart=False,
            sends=False,
        )

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.send_all([data], kind)

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        assert kind == Kind.BINARY
        for data in messages:
            if data == b"\n":
                self.sent.append("beat")
            for wire in self._scanner.feed(data):
                assert isinstance(wire, bytes)
                self.sent.append(shown(parse(wire, self.version)))
            assert self._scanner.fault is None, self._scanner.fault

    def hold(self) -> None:
        """See L{IChannel}."""

    def resume(self) -> None:
        """See L{IChannel}."""
        self.done.append("resume")

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        self.done.append("finish")

    def drop(self) -> None:
        """See L{IChannel}."""
        self._close("drop")

    def abort(self) -> None:
        """See L{IChannel}."""
        self._close("abort")

    def _close(self, how: str) -> None:
        if self.open:
            self.open = False
            self.done.append(how)
            self.receiver.lost(None)

    def says(self, command: str, body: bytes = b"", **headers: str) -> None:
        """Have the broker send a frame; C{_} in names is C{-}."""
        pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.receiver.received(encode(Frame(command, pairs, body), self.version), Kind.BINARY)

    def lets_in(self, server: str = "", version: str = "1.1", **headers: Any) -> None:
        """Have the broker send CONNECTED, without heart-beats unless C{heart_beat} says so."""
        more: dict[str, Any] = {"server": server} if server else {}
        self.says("CONNECTED", version=version, **more, **headers)
        self.version = self._scanner.version = VERSIONS[version]
        self.send_all([b""], Kind.BINARY)  # what came before the version was known

    def delivers(self, body: str, number: int, subscription: str, **headers: Any) -> None:
        """Have the broker send a message of the queue "q"."""
        headers = {"destination": "/queue/q", "message_id": f"m{number}", **headers}
        self.says("MESSAGE", body.encode(), subscription=subscription, **headers)

    def receipt(self, *numbers: int) -> None:
        """Have the broker say that requests are done."""
        for number in numbers:
            self.says("RECEIPT", receipt_id=str(number))

    def taken(self) -> list[str]:
        """Return what was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent


def shown(frame: Frame) -> str:
    """Write a frame in a line."""
    head = " ".join([frame.command, *(":".join(pair) for pair in frame.headers)])
    return f"{head} | {frame.body.decode('utf-8', 'replace')}" if frame.body else head


class Scene:
    """A sort of broker "stomp" whose channels are L{Far}.

    Attributes:
        told: ("lost", link, why) and ("drained", link) of links, and lines of the log.
        fars: channels that were dialled, in order.
    """

    def __init__(self) -> None:
        self.clock, self._kind = Clock(), StompType()
        self.told: list[Any] = []
        self.fars: list[Far] = []
        self.dialled: list[Uri] = []

    def dial(self, uri: Uri) -> Deferred[Far]:
        """Return a channel."""
        far = Far()
        self.fars.append(far)
        self.dialled.append(uri)
        made: Deferred[Far] = Deferred()
        made.callback(far)
        return made

    def connect(self, login: Login | None = None, path: str = "", scheme: str = "stomp") -> Deferred[Any]:
        """Begin to connect."""
        post = Post(
            dial=self.dial,
            clock=self.clock,
            client_id="gateway",
            properties={},
            lost=lambda link, why: self.told.append(("lost", str(why))),
            drained=lambda link: self.told.append("drained"),
            complain=self.told.append,
        )
        return self._kind.connect(Uri(scheme=scheme, host="mq", port=61613, path=path), login, post)

    def link(self, server: str = ACTIVEMQ, version: str = "1.1", **headers: str) -> tuple[Any, Far]:
        """Return a link, and the other end of its connection."""
        made: list[Any] = []
        self.connect().addCallback(made.append)
        far = self.fars[-1]
        far.lets_in(server, version, **headers)
        far.taken()
        return made[0], far
