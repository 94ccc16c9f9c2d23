# -*- test-case-name: tests.brokers.amqp10.test_links -*-
"""Links towards the broker: messages go out on them, temporary nodes live as long as theirs, and durable
subscriptions that nobody has open are looked up by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from proton import Delivery, Described, Disposition, Terminus, symbol, ulong
from twisted.internet.defer import Deferred

from kaazing.brokers.amqp10.conversation import MAX_ADDRESS, Conversation
from kaazing.brokers.amqp10.dialects import CAPABILITIES, Dialect
from kaazing.errors import BrokerLost, BrokerRefused, GatewayError
from kaazing.interfaces.brokers import Destination, Domain

DELETE_ON_CLOSE = 0x2B  # AMQP 1.0 section 3.5.10
TRANSACTIONAL = 0x34  # section 4.5.5


def plain_target(destination: Destination, dialect: Dialect) -> Callable[[Any], None]:
    """Return what makes a link lead to a destination."""

    def prepare(link: Any) -> None:
        link.target.address = dialect.address(destination)
        if dialect.capabilities:
            link.target.capabilities.put_object(symbol(CAPABILITIES[destination.domain]))
        if dialect.keeps(destination):
            link.target.durability = Terminus.CONFIGURATION

    return prepare


class Load:
    """What is on its way on all links of a connection.

    Attributes:
        waiting: bytes of the messages that the broker has not taken yet.
    """

    def __init__(self, eased: Callable[[], None]) -> None:
        """Args:
        eased: called when there is less of it.
        """
        self._eased = eased
        self.waiting = 0

    def put(self, size: int) -> None:
        """Count a message."""
        self.waiting += size

    def take(self, size: int) -> None:
        """Count one no longer."""
        self.waiting -= size
        self._eased()


class Outgoing:
    """A link that messages go out on, in order, as the broker gives credit."""

    def __init__(
        self,
        conversation: Conversation,
        name: str,
        what: str,
        prepare: Callable[[Any], None],
        *,
        apart: bool,
        gone: Callable[[Outgoing], None],
        load: Load,
        unrouted: bool = False,
    ) -> None:
        """Args:
        what: where it leads, in messages.
        gone: called when it was closed or lost.
        unrouted: whether a message is taken that the broker has given back: nobody is there who wants it.
        """
        self._conversation, self._what, self._unrouted = conversation, what, unrouted
        self._gone, self._load = gone, load
        self._queue: deque[tuple[bytes, Deferred[Any], bytes | None]] = deque()
        self._out: dict[str, tuple[int, Deferred[Any]]] = {}
        self._tags = 0
        self._open = self._over = False
        self._link = conversation.attach(self, name, sender=True, apart=apart, prepare=prepare)

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._queue and not self._out

    def send(self, data: bytes, transaction: bytes | None = None) -> Deferred[Any]:
        """Send a message; return a Deferred of the data in the broker's outcome when it has taken it."""
        done: Deferred[Any] = Deferred()
        self._queue.append((data, done, transaction))
        self._load.put(len(data))
        self._pour()
        return done

    def close(self) -> None:
        """End it, which is idle."""
        if not self._over:
            self._link.close()
            self._conversation.touch()

    def opened(self, link: Any) -> None:
        """See L{Attached.opened}; a broker that refuses it answers with no target, and then closes it."""
        self._open = link.remote_target.type != Terminus.UNSPECIFIED
        self._pour()

    def flowed(self, link: Any) -> None:
        """See L{Attached.flowed}."""
        self._pour()

    def _pour(self) -> None:
        while self._open and self._queue and self._link.credit > 0:
            data, done, transaction = self._queue.popleft()
            self._tags += 1
            tag = str(self._tags)
            delivery = self._link.delivery(tag)
            if transaction is not None:
                delivery.local.data = [transaction]
                delivery.update(TRANSACTIONAL)
            self._link.stream(data)
            self._link.advance()
            self._out[tag] = len(data), done
            self._conversation.touch()

    def delivery(self, delivery: Any) -> None:
        """See L{Attached.delivery}."""
        state = int(delivery.remote_state)
        if not state and not delivery.settled:
            return
        size, done = self._out.pop(delivery.tag, (0, None))
        said, condition = delivery.remote.data, delivery.remote.condition
        delivery.settle()
        self._conversation.touch()
        if done is None:
            return
        if state == TRANSACTIONAL:
            state, condition = _outcome(said)
        fault = self._fault(state, condition)
        if fault is None:
            done.callback(said)
        else:
            done.errback(fault)
        self._load.take(size)

    def _fault(self, state: int, condition: Any) -> GatewayError | None:
        if state == Disposition.RELEASED and self._unrouted:
            return None
        if state == Disposition.REJECTED:
            said = self._conversation.error(condition, f"{self._what} does not take the message")
            return BrokerRefused(str(said))
        if state in (Disposition.RELEASED, Disposition.MODIFIED):
            return BrokerRefused(f"{self._what} does not take the message: the broker has given it back")
        return None

    def closed(self, why: GatewayError | None) -> None:
        """See L{Attached.closed}."""
        self.lost(why or BrokerLost(f"the broker has closed the link to {self._what}"))

    def lost(self, why: GatewayError) -> None:
        """See L{Attached.lost}; of what was sent, nobody knows whether it was taken."""
        self._over, self._open = True, False
        queue, self._queue = self._queue, deque()
        out, self._out = self._out, {}
        self._gone(self)
        left = [*out.values(), *((len(data), done) for data, done, _ in queue)]
        for size, done in left:
            self._load.take(size)
            done.errback(_named(why, self._what))


def _named(why: GatewayError, what: str) -> GatewayError:
    return type(why)(f"{what}: {why}")


def _outcome(said: Any) -> tuple[int, Any]:
    """Return the outcome and its condition in the state of a delivery of a transaction (section 4.5.5)."""
    provisional = said[1] if isinstance(said, Sequence) and len(said) > 1 else None
    if not isinstance(provisional, Described):
        return int(Disposition.ACCEPTED), None
    names = {"amqp:accepted:list": Delivery.ACCEPTED, "amqp:rejected:list": Delivery.REJECTED}
    names |= {"amqp:released:list": Delivery.RELEASED, "amqp:modified:list": Delivery.MODIFIED}
    if isinstance(provisional.descriptor, str):
        return int(names.get(str(provisional.descriptor), Delivery.REJECTED)), None
    numbered: Any = provisional.descriptor
    return int(numbered), None


class Temporary:
    """A temporary node: the broker makes it for a link, and removes it when the link is closed (3.5.10)."""

    def __init__(self, conversation: Conversation, name: str, domain: Domain, dialect: Dialect) -> None:
        self._conversation, self._domain, self._dialect = conversation, domain, dialect
        self._done: Deferred[Destination] | None = Deferred()
        self.made: Deferred[Destination] = self._done
        self._link = conversation.attach(self, name, sender=True, apart=dialect.apart, prepare=self._prepare)

    def _prepare(self, link: Any) -> None:
        target = link.target
        target.dynamic = True
        target.expiry_policy = Terminus.EXPIRE_WITH_LINK
        lifetime = Described(ulong(DELETE_ON_CLOSE), [])
        target.properties.put_dict({symbol("lifetime-policy"): lifetime})
        if self._dialect.capabilities:
            target.capabilities.put_object(symbol(CAPABILITIES[self._domain]))

    def opened(self, link: Any) -> None:
        """See L{Attached.opened}."""
        address = link.remote_target.address
        if link.remote_target.type == Terminus.UNSPECIFIED or self._done is None:
            return
        if address and len(address) <= MAX_ADDRESS:
            done, self._done = self._done, None
            done.callback(self._dialect.destination(address, self._domain))
        else:
            self.close()

    def flowed(self, link: Any) -> None:
        """See L{Attached.flowed}; nothing is sent on it."""

    def delivery(self, delivery: Any) -> None:
        """See L{Attached.delivery}; nothing was sent on it."""

    def close(self) -> None:
        """Have the node removed."""
        if self._link is not None:
            self._link.close()
            self._conversation.touch()

    def closed(self, why: GatewayError | None) -> None:
        """See L{Attached.closed}."""
        self.lost(why or BrokerRefused("the broker has made none with a name"))

    def lost(self, why: GatewayError) -> None:
        """See L{Attached.lost}."""
        self._link = None  # which proton has freed
        if self._done is not None:
            done, self._done = self._done, None
            done.errback(_named(why, f"a new /{self._domain.value}"))


class Forgetting:
    """A durable subscription that nobody has open is looked up and ended.

    A link of its name with no source finds the one that is there (JMS mapping, section 6); to close it, and
    not to detach it only, ends it.
    """

    def __init__(self, conversation: Conversation, durable: str, *, apart: bool) -> None:
        self._conversation, self._found = conversation, False
        self._done: Deferred[None] | None = Deferred()
        self.done: Deferred[None] = self._done
        self._what = f"durable subscription {durable!r}"
        conversation.attach(self, durable, sender=False, apart=apart, prepare=self._prepare)

    def _prepare(self, link: Any) -> None:
        link.source.type = Terminus.UNSPECIFIED

    def opened(self, link: Any) -> None:
        """See L{Attached.opened}."""
        self._found = link.remote_source.type != Terminus.UNSPECIFIED
        if self._found:
            link.close()
            self._conversation.touch()

    def flowed(self, link: Any) -> None:
        """See L{Attached.flowed}."""

    def delivery(self, delivery: Any) -> None:
        """See L{Attached.delivery}; there is no credit for any."""

    def closed(self, why: GatewayError | None) -> None:
        """See L{Attached.closed}."""
        if why is None and not self._found:
            why = BrokerRefused("the broker does not have it")
        self._ended(why)

    def lost(self, why: GatewayError) -> None:
        """See L{Attached.lost}."""
        self._ended(why)

    def _ended(self, why: GatewayError | None) -> None:
        done, self._done = self._done, None
        if done is None:
            return
        if why is None:
            done.callback(None)
        else:
            done.errback(_named(why, self._what))
