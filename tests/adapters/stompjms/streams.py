"""Random conversations of STOMP clients with the gateway, and all that the session says to one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

from kaazing.adapters.stompjms.adapter import StompJms
from kaazing.interfaces.adapters import Close, Kind, ToFront
from kaazing.interfaces.brokers import Message
from kaazing.interfaces.servers import Commit, Connect, Goodbye, Settle, Subscribe, Unsubscribe
from kaazing.wire.stomp import OPENING, VERSIONS, Scanner, parse
from tests.adapters.dialogue import linked
from tests.adapters.orders import carried_out
from tests.adapters.stompjms.dialogue import NEWS
from tests.fuzz import spoilt
from tests.wire.cuts import pieces

_DESTINATIONS = ("/queue/a", "/topic/a.*", "/topic/a.b", "/temp-queue/x", "/exchange/a", "/topic/a b")
_ACKS = ("auto", "client", "client-individual", "client", "client-individual", "dups")
_HEADERS = (
    *("receipt:7", "receipt:a\\c", "foo:bar", "persistent:true", "durable:true", "prefetch-count:2"),
    *("no-local:true", "selector:a = 1", "requeue:false", "transaction:t", "reply-to:/temp-queue/x"),
    *("content-length:0", "content-length:2", "priority:9", "expires:x", "id:1-2", "message-id:m1"),
)
_BITS = (b"\0", b"\n", b"\r\n", b":", b"\\", b"transaction:t\n", b"id:0\n", b"\0\n\0", b"\xff")
LIMITS: dict[str, Any] = {
    "stomp_maximum_subscriptions": 3,
    "stomp_maximum_transactions": 2,
    "stomp_maximum_unsettled": 20,
}


@dataclass
class Conversation:
    """What a client sends, in parts with deliveries in between.

    Attributes:
        version: that it offers, "1.2".
        parts: the first begins with CONNECT; behind each, the broker delivers on each open subscription.
    """

    version: str
    parts: list[bytes]


@dataclass
class Said:
    """What a session has said.

    Attributes:
        answers: all of them; a violation as its text.
        told: bytes to the client.
        delivered, settled: tags.
    """

    answers: list[Any] = field(default_factory=list)
    told: bytes = b""
    delivered: list[Any] = field(default_factory=list)
    settled: list[Any] = field(default_factory=list)


def conversation(random: Random) -> Conversation:
    """Return any: mostly good ones."""
    version = random.choice(("1.0", "1.1", "1.2", "1.2"))
    parts = [f"CONNECT\naccept-version:{version}\nheart-beat:1000,1000\n\n\0".encode()]
    client = _Client(random, version)
    for _ in range(random.randint(1, 6)):
        for _ in range(random.randint(0, 4)):
            frame = client.frame() if random.random() < 0.97 else _odd(random, version)
            parts[-1] += frame.encode() + b"\0" + random.choice((b"", b"", b"\n", b"\n\n"))
        client.hear()
        parts.append(b"")
    if random.random() < 0.2:
        at = random.randrange(len(parts))
        parts[at] = spoilt(random, parts[at], _BITS, most=2)
    return Conversation(version, parts)


class _Client:
    """Knows what it has open, and what it was told."""

    def __init__(self, random: Random, version: str) -> None:
        self._random, self._version = random, version
        self._open: dict[str, tuple[int, bool]] = {}  # id -> number, whether it is to be acknowledged
        self._sent: dict[int, int] = {}
        self._names: list[str] = []  # of deliveries that are not acknowledged
        self._transactions: list[str] = []
        self._count = self._delivered = 0

    def hear(self) -> None:
        """On each open subscription comes a message."""
        for id, (number, acked) in self._open.items():
            self._sent[number] = self._sent.get(number, 0) + 1
            if acked and self._version == "1.2":
                self._names.append(f"id:{number}-{self._sent[number]}")
            elif acked and self._delivered < 4:
                self._names.append(f"message-id:m{self._delivered + 1}\nsubscription:{id}")
            self._delivered += 1

    def frame(self) -> str:
        """Return a frame that is in order, as far as this client knows."""
        random = self._random
        headers = random.sample(_HEADERS, random.choice((0, 0, 1)))
        if self._transactions and random.random() < 0.5:
            headers.append(f"transaction:{self._transactions[-1]}")
        match random.choice(("send", "subscribe", "unsubscribe", "ack", "ack", "begin", "end")):
            case "ack" if self._names:
                name = self._names.pop(random.randrange(len(self._names)))
                command = "ACK" if self._version == "1.0" else random.choice(("ACK", "NACK"))
                return "\n".join([command, name, *headers, "", ""])
            case "unsubscribe" if self._open and random.random() < 0.3:
                id, (number, _) = self._open.popitem()
                self._names = [
                    name
                    for name in self._names
                    if not name.startswith(f"id:{number}-") and not name.endswith(f":{id}")
                ]
                return f"UNSUBSCRIBE\nid:{id}\n\n"
            case "begin" if len(self._transactions) < 2:
                self._transactions.append(f"t{self._count}")
                self._count += 1
                return f"BEGIN\ntransaction:{self._transactions[-1]}\n\n"
            case "end" if self._transactions:
                return f"{random.choice(('COMMIT', 'ABORT'))}\ntransaction:{self._transactions.pop()}\n\n"
            case "subscribe" | "ack" if len(self._open) < 3:
                ack = random.choice(("auto", "client-individual", "client-individual"))
                self._count += 1
                self._open[f"s{self._count}"] = (len(self._sent) + 1, ack != "auto")
                self._sent[len(self._sent) + 1] = 0
                where = random.choice(_DESTINATIONS[:3])
                return f"SUBSCRIBE\nid:s{self._count}\ndestination:{where}\nack:{ack}\n\n"
        return "\n".join(["SEND", "destination:/topic/a.b", *headers, "", ""])


def _odd(random: Random, version: str) -> str:
    """Return a frame that has nothing to do with what is open."""
    command = random.choice(("SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT"))
    lines = [
        *(f"destination:{random.choice(_DESTINATIONS)}", f"ack:{random.choice(_ACKS)}"),
        *random.sample(_HEADERS, random.choice((0, 1, 3, 6))),
    ]
    return "\n".join([command, *random.sample(lines, len(lines)), "", ""])


def outcome(given: Conversation, random: Random | None) -> Said:
    """Have a session hear it, each part in one piece, or cut at random; what it asks for is done at once.

    Raises:
        AssertionError: it says what it must not.
    """
    session = StompJms().session(linked(StompJms, **LIMITS))
    said = Said()
    subscribed: dict[Any, int] = {}
    now = 1.0

    def hear(answers: Any) -> None:
        for answer in carried_out(answers, ToFront):
            said.answers.append(answer)
            match answer:
                case ToFront(data=data):
                    said.told += data
                case Connect():
                    later.append(partial(session.welcome, now, user="ann"))
                case Subscribe(id=id):
                    subscribed[id] = subscribed.get(id, 0)
                case Unsubscribe(id=id) if id is not None:
                    del subscribed[id]
                case Settle(tags=tags):
                    said.settled += tags
                case Commit(settles=settles):
                    said.settled += [tag for settle in settles for tag in settle.tags]
                case Goodbye() as goodbye:
                    later.append(partial(session.done, goodbye, now))

    later: list[Any] = list[Any]()
    hear(session.opened(now))
    for part in given.parts:
        for piece in pieces(random, part) if random is not None else [part]:
            if said.answers and isinstance(said.answers[-1], Close | str):
                return said
            hear(session.from_front(piece, Kind.TEXT, now))
            while later:
                hear(later.pop(0)())
        if not (said.answers and isinstance(said.answers[-1], Close | str)):
            for id in subscribed:
                tag = (id, len(said.delivered))
                hear([session.deliver(id, message(len(said.delivered)), tag)])
                said.delivered.append(tag)
    return said


def message(number: int) -> Message:
    """Return a message of the broker's; some have an id that was there before."""
    return replace(NEWS, message_id=f"m{number % 4 + 1}", properties={"a:b": "c\\d\ne"})


def fault(said: Said) -> str:
    """Return what is wrong with what a session has said; an empty string for nothing."""
    client = Scanner(
        client=False,
        split=True,
        max_frame=1 << 20,
        max_headers=50,
        max_line=1 << 16,
        apart=False,
        sends=False,
    )
    client.feed(said.told)
    if client.pending and not client.fault:
        client.version = VERSIONS[parse(said.told, OPENING).get("version") or ""]
        client.feed(b"")
    if client.fault is not None:
        return f"a client finds a fault {client.fault} in {said.told!r}"
    if len(set(said.settled)) != len(said.settled) or not set(said.settled) <= set(said.delivered):
        return f"settled {said.settled} of {said.delivered}"
    return ""
