# -*- test-case-name: tests.adapters.mqtt.test_session -*-
"""One MQTT connection: packets of both sides checked, the login put in, a policy kept.

docs/protocols/mqtt.md says what is checked and what is left to the broker, and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import LOGIN_REFUSED, BaseSession, in_words, login_deadline
from kaazing.adapters.mqtt.ledger import Ledger
from kaazing.adapters.mqtt.opening import Refusal, farewell, logged_in, may_be, within_host
from kaazing.adapters.mqtt.permits import Permits, refused_filters
from kaazing.closecodes import INTERNAL_ERROR, POLICY, WRONG_TYPE
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
    IAdapterSession,
    IMeter,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    ToFront,
)
from kaazing.wire.mqtt import (
    Connect,
    Scanner,
    acknowledge,
    identifier,
    lower_aliases,
    parse_connack,
    parse_connect,
    parse_publish,
    parse_request,
)
from kaazing.wire.mqtt_faults import (
    BAD_CLIENT_ID,
    BAD_VERSION,
    NOT_AUTHORIZED,
    PROTOCOL,
    UNAVAILABLE,
    UNSPECIFIED,
    Code,
    reason,
    violation,
)
from kaazing.wire.mqtt_types import (
    CONNACK,
    CONNECT,
    NAMES,
    PUBLISH,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
)

_NO_QUOTA = -1
_WRONG_LOGIN = frozenset((4, 5, 0x86, 0x87))  # MQTT 3.1.1 section 3.2.2.3, MQTT 5 section 3.2.2.2
_FRONT = 1 << CONNECT | 1 << SUBSCRIBE | 1 << UNSUBSCRIBE
_POLICED = 1 << PUBLISH | 1 << PUBREL
_BACK = 1 << CONNACK | 1 << SUBACK | 1 << UNSUBACK


@implementer(IAdapterSession)
class MqttSession(BaseSession):
    """See L{IAdapterSession}."""

    __slots__ = (
        *("_amqp", "_back", "_connect", "_connected", "_front", "_ledger", "_link", "_permits"),
        *("_policy", "_refused", "_waiting"),
    )

    def __init__(self, link: Link) -> None:
        super().__init__(Kind.BINARY)
        self._link = link
        self._amqp: bool = link.options["mqtt.amqp.topics"] == "refused"
        policed = link.policy is not None and link.policy.restricts("publish")
        subscribing = link.policy is not None and link.policy.restricts("subscribe")
        self._policy = link.policy if subscribing else None
        self._front = self._scanner(Side.FRONT, link.apart, _FRONT | _POLICED if policed else _FRONT)
        self._back = self._scanner(Side.BACK, True, _BACK)
        self._connect: Connect | None = None  # once it has come
        self._connected = False  # once CONNACK has accepted
        self._ledger = Ledger(0, 0)  # until CONNECT
        self._permits: Permits | None = None
        self._refused: Counter[int] = Counter()  # by type, since the last report
        self._waiting: list[Any] = []  # what came behind CONNECT, until the login is known

    def _scanner(self, side: Side, split: bool, watched: int) -> Scanner:
        options, whose = self._link.options, "" if side is Side.FRONT else "backend."
        return Scanner(
            client=side is Side.FRONT,
            split=split,
            watched=watched,
            max_packet=options[f"mqtt.maximum.{whose}packet.size"],
            max_topic=options["mqtt.maximum.topic.length"],
            max_properties=options["mqtt.maximum.properties"],
            max_filters=options["mqtt.maximum.filters"],
        )

    def opened(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.opened}."""
        self.deadline = login_deadline(self._link.options, now)
        return ()

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_front}."""
        if kind == Kind.TEXT and self._link.messages:
            return (Close(WRONG_TYPE, "MQTT is binary"),)  # MQTT 5 section 6
        front = self._front
        items: list[Any] = front.feed(data)
        if front.released:
            self._back.refill(front.released)
            front.released = 0
        return items if front.plain else self._admitted(items)

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_back}."""
        back = self._back
        items: list[Any] = back.feed(data)
        if back.released:
            self._front.refill(back.released)
            back.released = 0
        return items if back.plain else self._answered(items)

    def expired(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.expired}; the login has taken too long."""
        self.deadline = None
        if self._connect is None:
            yield Close(POLICY, "login timeout")
        else:
            yield from self._farewell(UNAVAILABLE, "the backend has not answered CONNECT in time")
            yield Close(INTERNAL_ERROR, "login timeout of the backend")

    def login(self, answer: Login | NoLogin, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.login}."""
        assert self._connect is not None
        items, self._waiting = self._waiting, []
        if isinstance(answer, NoLogin):
            yield from self._turn_away(Refusal(NOT_AUTHORIZED, answer.reason))
        else:
            yield from self._forwarded(logged_in(self._connect, answer), items)

    def report(self, meter: IMeter) -> None:
        """See L{IAdapterSession.report}."""
        super().report(meter)
        front = list(self._front.take_counts())
        for type, count in self._refused.items():
            front[type] -= count
        self._refused.clear()
        for side, counts in ((Side.FRONT, front), (Side.BACK, self._back.take_counts())):
            for name, count in zip(NAMES, counts, strict=True):
                if count:
                    meter.add(side, name, count)

    def _admitted(self, items: list[Any]) -> Iterator[Order]:
        for place, item in enumerate(items):
            if type(item) is bytes:
                yield item
                continue
            offset, wire = item
            if wire[0] >> 4 == CONNECT:
                yield from self._opening(wire, items[place + 1 :])
                return
            try:
                order = self._judged(wire, offset)
            except ProtocolViolation as why:
                yield from self._farewell(PROTOCOL, in_words(why))
                raise
            if order is not None:
                yield order
        if self._front.fault is not None:
            fault = violation(self._front.fault, Side.FRONT, self._front.version)
            yield from self._farewell(reason(self._front.fault), in_words(fault))
            raise fault

    def _opening(self, wire: bytes, behind: list[Any]) -> Iterator[Order]:
        """CONNECT has come, with these items behind it."""
        self._connect = connect = parse_connect(wire)
        self._ledger = Ledger(connect.version, self._link.options["mqtt.maximum.requests"])
        self._back.connect(
            version=connect.version,
            auth=connect.method,
            connected=False,
            max_packet=connect.max_packet,
            max_alias=connect.alias_max,
            receive_max=connect.receive_max if connect.version == 5 else _NO_QUOTA,
        )
        if self._link.policy is not None and self._link.policy.restricts("publish"):
            self._permits = Permits(self._link.policy, connect.version, amqp=self._amqp)
        objection = self._objection(connect)
        if objection is not None:
            operation, refusal = objection
            self._refused[CONNECT] += 1
            self.count_refusal(operation)
            yield from self._turn_away(refusal)
        elif self._link.injects:
            self._waiting = behind
            yield self._question(connect)
        else:
            yield from self._forwarded(connect, behind)

    def _question(self, connect: Connect) -> AskLogin:
        if not self._link.told:
            return AskLogin()
        username, password = (
            (said or b"").decode("utf-8", "replace") for said in (connect.username, connect.password)
        )
        return AskLogin(username, password)

    def _objection(self, connect: Connect) -> tuple[str, Refusal] | None:
        """Return what the client is denied, and in which words; None where it may log in."""
        allowed = self._link.options["mqtt.client.identifiers"]
        if allowed is not None and not may_be(connect.client_id, allowed):
            return "connect", Refusal(BAD_CLIENT_ID, "the client identifier is not allowed")
        topic, permits = connect.will_topic, self._permits
        if topic is not None and permits is not None and not permits.allows_topic(topic):
            return "publish", Refusal(NOT_AUTHORIZED, "the will's topic is not allowed")
        return None

    def _forwarded(self, connect: Connect | Refusal, behind: list[Any]) -> Iterator[Order]:
        """Send CONNECT on, and then what came behind it."""
        host: str | None = self._link.options["virtual.host"]
        if host is not None and isinstance(connect, Connect):
            connect = within_host(connect, host)
        if isinstance(connect, Refusal):
            yield from self._turn_away(connect)
        else:
            yield connect.encode()
            yield from self._admitted(behind)

    def _judged(self, wire: bytes, offset: int) -> Order | None:
        """Return what becomes of a packet that the ledger or the policy has to see."""
        type = wire[0] >> 4
        if type == PUBLISH:
            return self._published(wire)
        return self._released(wire) if type == PUBREL else self._requested(wire, offset)

    def _requested(self, wire: bytes, offset: int) -> Order:
        """Return what becomes of a SUBSCRIBE or UNSUBSCRIBE."""
        version, refused = self._front.version, frozenset[int]()
        request = parse_request(wire, version)
        if self._policy is not None and wire[0] >> 4 == SUBSCRIBE:
            refused = refused_filters(self._policy, request.filters, amqp=self._amqp)
            if refused:
                self.count_refusal("subscribe", len(refused))
        if refused and len(refused) == len(request.filters):
            self._refused[SUBSCRIBE] += 1
            codes = [self._ledger.failure] * len(refused)
            return ToFront(acknowledge(SUBACK, version, request.id, codes), Kind.BINARY)
        self._ledger.ask(request, offset, refused)
        return request.without(refused) if refused else wire

    def _published(self, wire: bytes) -> Order | None:
        """Return what becomes of a PUBLISH that may be refused."""
        assert self._permits is not None
        publish = parse_publish(wire, self._front.version)
        if self._permits.allows(publish):
            return wire
        self._refused[PUBLISH] += 1
        self.count_refusal("publish")
        answer = self._permits.refuse(publish)
        if answer is None:
            return None
        self._front.refill(1)  # it is under way no more
        return ToFront(answer, Kind.BINARY)

    def _released(self, wire: bytes) -> Order:
        """Return what becomes of a PUBREL, whose PUBLISH may have been refused."""
        assert self._permits is not None
        answer = self._permits.released(identifier(wire))
        return wire if answer is None else ToFront(answer, Kind.BINARY)

    def _answered(self, items: list[Any]) -> Iterator[Order]:
        """Packets of the backend, some of which end what the client has asked for, or a fault."""
        try:
            for item in items:
                if type(item) is bytes:
                    yield item
                elif item[1][0] >> 4 == CONNACK:
                    yield from self._consented(item[1])
                else:
                    yield self._ledger.answered(item[1], item[0])
            if self._back.fault is not None:
                raise violation(self._back.fault, Side.BACK, self._back.version)
        except ProtocolViolation as why:
            code = UNSPECIFIED if self._connected else UNAVAILABLE
            yield from self._farewell(code, in_words(why))
            raise

    def _consented(self, wire: bytes) -> Iterator[Order]:
        """Yield the CONNACK that the client gets."""
        version = self._front.version
        connack = parse_connack(wire, version)
        self.deadline = None
        if connack.code:
            if self._link.injects and connack.code in _WRONG_LOGIN:
                yield LOGIN_REFUSED
            yield wire
            return
        aliases = connack.alias_max
        if self._permits is not None and version == 5:
            aliases = min(aliases, self._link.options["mqtt.maximum.topic.aliases"])
            wire = lower_aliases(wire, aliases)
        self._connected = True
        self._front.connect(
            version=version,
            auth=self._connect is not None and self._connect.method,
            connected=True,
            max_packet=connack.max_packet,
            max_alias=aliases,
            receive_max=connack.receive_max if version == 5 else _NO_QUOTA,
        )
        yield wire

    def _turn_away(self, refusal: Refusal) -> Iterator[Order]:
        yield from self._farewell(refusal.code, refusal.words)
        yield Close(POLICY, refusal.words)

    def _farewell(self, code: int, words: str) -> Iterator[Order]:
        """Tell the client why its connection ends, where its version can."""
        version, fault = self._front.version, self._front.fault
        if fault is not None and fault[0] == Code.PROTOCOL_LEVEL and code == BAD_VERSION:
            version = 5 if fault[3] > 5 else 4  # what such a client is most likely to read (section 3.1.2.2)
        most = self._connect.max_packet if self._connect is not None else len(words) + 100
        told = farewell(version, self._connected, code, words, most)
        if told is not None:
            yield ToFront(told, Kind.BINARY)
