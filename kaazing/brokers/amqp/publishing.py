# -*- test-case-name: tests.brokers.amqp.test_publishing -*-
"""Messages sent on a channel of their own, each taken when the broker says so (publisher confirms)."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from pika.exceptions import MethodNotImplemented
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from kaazing.brokers.amqp.connection import GONE, Connection
from kaazing.brokers.amqp.frames import LONGEST
from kaazing.brokers.amqp.messages import Packed, packed
from kaazing.brokers.amqp.names import is_queue
from kaazing.brokers.amqp.properties import decode
from kaazing.brokers.amqp.refusals import NO_ACCESS, NOT_FOUND, code, refusal
from kaazing.errors import BrokerLost, BrokerRefused, GatewayError
from kaazing.interfaces.brokers import Message
from kaazing.wire.destinations import is_pattern

MOST, MOST_BYTES = 100_000, 64 * 1024 * 1024
"""Messages, and bytes of their bodies, that may wait for the broker's word; more are refused."""

MANY, MANY_BYTES = MOST // 5, MOST_BYTES // 4
"""As many are too many for who can wait; see L{Publisher.room}."""

FORBIDDEN_FOR = 60.0
"""Seconds for which a topic that the broker has refused is not sent to: each try costs a channel, and what is
under way on it."""

_MOST_FORBIDDEN = 1000
_OVERHEAD = 8 + 12  # bytes of a frame around the properties of a message
_TOO_LONG = re.compile(r"message size ([0-9]+) .* max size ([0-9]+)")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as AMQP has it.

    Attributes:
        exchange: empty for the default one, where the key is the name of a queue.
    """

    exchange: str
    key: str
    properties: Packed
    body: bytes
    message_id: str
    what: str

    @property
    def mandatory(self) -> bool:
        """Whether it is refused where it reaches no queue; a topic that nobody listens to is none."""
        return not self.exchange


def outgoing(message: Message, exchange: str, message_id: str, now: int) -> Outgoing:
    """Make what is sent of a message.

    Raises:
        BrokerRefused: it cannot be sent.
    """
    destination, queue = message.destination, is_queue(message.destination)
    if is_pattern(destination.name):
        raise BrokerRefused("messages are sent to a destination, not to a pattern of some")
    message_id = message.message_id or message_id
    properties = packed(message, message_id, now)
    if len(properties) + _OVERHEAD > LONGEST:
        raise BrokerRefused(f"the message has more than {LONGEST - _OVERHEAD} bytes of properties")
    where = "" if queue else exchange
    what = f"{'queue' if queue else 'topic'} {destination.name}"
    return Outgoing(where, destination.name, properties, message.body, message_id, what)


def send(raw: Any, message: Outgoing) -> None:
    """Publish on a channel of pika's."""
    raw.basic_publish(
        message.exchange, message.key, message.body, message.properties, mandatory=message.mandatory
    )


class Publisher:
    """Sends to one exchange."""

    def __init__(
        self,
        connection: Connection,
        clock: Any,
        complain: Callable[[str], None],
        returned: Callable[[str], None],
        roomy: Callable[[], None],
    ) -> None:
        """
        Args:
            returned: called with the name of a queue that is not there any more.
            roomy: called when L{room} is true again.
        """
        self._connection, self._clock, self._complain = connection, clock, complain
        self._tell_returned, self._roomy = returned, roomy
        self._raw: Any = None
        self._tag = 0  # of the last message on this channel
        self._sent: dict[int, tuple[Outgoing, Deferred[None]]] = {}
        self._waiting: deque[tuple[Outgoing, Deferred[None]]] = deque()  # while there is no channel
        self._count = self._bytes = 0  # of what nobody has said a word about
        self._returned: set[tuple[str, str]] = set()
        self._forbidden: OrderedDict[str, float] = OrderedDict()
        self._longest = MOST_BYTES
        self._full = False

    def open(self) -> Deferred[None]:
        """Return a Deferred that fires when messages can be sent; fails with BrokerLost or BrokerRefused."""
        return self._connection.open().addCallback(self._opened)

    def room(self) -> bool:
        """Return whether few messages wait for the broker's word."""
        return not self._full

    def publish(self, message: Outgoing, there: Deferred[None] | None = None) -> Deferred[None]:
        """Send; see L{IBrokerLink.publish}.

        Args:
            there: fires when what it goes to is there.
        """
        if (refused := self._refusal(message)) is not None:
            if there is not None:
                there.addErrback(lambda why: None)  # it does not matter any more
            return fail(refused)
        taken: Deferred[None] = Deferred()
        self._count += 1
        self._bytes += len(message.body)
        self._full = self._full or self._count > MANY or self._bytes > MANY_BYTES
        if there is None:
            self._send(message, taken)
        else:
            there.addCallbacks(
                lambda _: self._send(message, taken), lambda why: self._answer(message, taken, why.value)
            )
        return taken

    def _refusal(self, message: Outgoing) -> GatewayError | None:
        if not self._connection.connected:
            return BrokerLost(GONE)
        if len(message.body) > self._longest:
            return BrokerRefused(f"the broker takes no message of more than {self._longest} bytes")
        if self._count >= MOST or self._bytes + len(message.body) > MOST_BYTES:
            return BrokerLost("too many messages wait for the broker")
        if self._forbidden and self._forbidden.get(message.key, 0.0) > self._clock.seconds():
            return BrokerRefused(f"the broker gives no access to {message.what}")
        return None

    def _answer(self, message: Outgoing, taken: Deferred[None], error: Any) -> None:
        self._count -= 1
        self._bytes -= len(message.body)
        if error is None:
            taken.callback(None)
        else:
            taken.errback(error)

    def _send(self, message: Outgoing, taken: Deferred[None]) -> None:
        if not self._connection.connected:
            self._answer(message, taken, BrokerLost(GONE))
            return
        if self._raw is None:
            self._waiting.append((message, taken))
            return
        self._tag += 1
        self._sent[self._tag] = message, taken
        send(self._raw, message)

    def _opened(self, channel: Any) -> Deferred[None]:
        confirming: Deferred[None] = Deferred()
        raw = channel._channel
        channel.on_closed.addBoth(self._closed, confirming)
        raw.add_on_return_callback(self._came_back)
        try:
            raw.confirm_delivery(self._told, callback=lambda _: self._start(raw, confirming))
        except MethodNotImplemented as why:
            return fail(BrokerRefused(f"the broker cannot say which messages it has taken: {why}"))
        return confirming

    def _start(self, raw: Any, confirming: Deferred[None]) -> None:
        self._raw, self._tag = raw, 0
        waiting, self._waiting = self._waiting, deque()
        for message, taken in waiting:
            self._send(message, taken)
        confirming.callback(None)

    def _told(self, frame: Any) -> None:
        """The broker has taken messages, or not (basic.ack, basic.nack)."""
        said = frame.method
        if said.multiple:
            tags = list(takewhile(lambda tag: tag <= said.delivery_tag, self._sent))
        else:
            tags = [said.delivery_tag]
        nacked = said.NAME == "Basic.Nack"
        for tag in tags:
            if (entry := self._sent.pop(tag, None)) is not None:
                self._settle(*entry, nacked)
        self._drain()

    def _settle(self, message: Outgoing, taken: Deferred[None], nacked: bool) -> None:
        error, returned = None, (message.message_id, message.key)
        if nacked:
            error = BrokerRefused(f"the broker has no room for a message to {message.what}")
        elif self._returned and returned in self._returned:
            self._returned.discard(returned)
            error = BrokerRefused(f"there is no {message.what}")
        self._answer(message, taken, error)

    def _came_back(self, raw: Any, method: Any, _properties: Any, _body: bytes) -> None:
        """A message has reached no queue (basic.return); that it was taken is said afterwards."""
        properties = decode(self._connection.properties[raw.channel_number])
        self._returned.add((properties.message_id, method.routing_key))
        self._tell_returned(method.routing_key)

    def _drain(self) -> None:
        if self._full and self._count <= MANY // 2 and self._bytes <= MANY_BYTES // 2:
            self._full = False
            self._roomy()

    def _closed(self, why: Any, confirming: Deferred[None]) -> None:
        """The broker has closed the channel, on which others' messages may be under way; or all is lost."""
        cause: Any = why.value if isinstance(why, Failure) else why
        sent, self._sent, self._raw = self._sent, {}, None
        self._returned.clear()
        if code(cause) and self._connection.connected:
            self._learn(cause)
        lost = [(*entry, self._verdict(entry[0], cause, len(sent))) for entry in sent.values()]
        if not self._connection.connected:
            lost += [(*entry, BrokerLost(GONE)) for entry in self._waiting]
            self._waiting.clear()
        for entry in lost:
            self._answer(*entry)
        self._drain()
        if not confirming.called:
            confirming.errback(refusal(cause, "messages", self._complain))
        elif self._connection.connected:
            self.open().addErrback(self._hopeless)

    def _learn(self, cause: BaseException) -> None:
        text = cause.reply_text  # type: ignore[attr-defined]
        self._complain(f"messages: {code(cause)} {text}")
        if (too_long := _TOO_LONG.search(text)) is not None:
            self._longest = min(self._longest, int(too_long[2]))

    def _verdict(self, message: Outgoing, cause: Any, sent: int) -> GatewayError:
        """Return the error for a message that was under way when the channel was closed: whether it was that
        one which the broker did not want is known by what is named."""
        number, text = code(cause), str(getattr(cause, "reply_text", ""))
        if (too_long := _TOO_LONG.search(text)) is not None:
            guilty = len(message.body) == int(too_long[1])
        elif "topic '" in text:
            guilty = f"topic '{message.key}'" in text
        else:
            guilty = number in (NO_ACCESS, NOT_FOUND) or (number >= 300 and sent == 1)
        if not guilty:
            return BrokerLost(f"nobody knows whether the message to {message.what} was taken")
        if number == NO_ACCESS:
            self._forbidden[message.key] = self._clock.seconds() + FORBIDDEN_FOR
            if len(self._forbidden) > _MOST_FORBIDDEN:
                self._forbidden.popitem(last=False)
        return refusal(cause, message.what, lambda sentence: None)

    def _hopeless(self, why: Any) -> None:
        """No channel is to be had again: without one there is no use in the connection."""
        self._complain(why.getErrorMessage())
        self._connection.failed(why.value)
