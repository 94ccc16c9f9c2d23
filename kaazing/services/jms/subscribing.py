# -*- test-case-name: tests.services.jms.test_subscribing -*-
"""Which sort of subscription a client's is, and what it needs for it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.defer import Deferred

from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain, Outcome, Wish
from kaazing.interfaces.servers import Subscribe, Unsubscribe
from kaazing.services.jms.consumers import Consumer, DurableConsumer
from kaazing.services.jms.durables import expanded
from kaazing.services.jms.listeners import AcknowledgingListener, Listener
from kaazing.services.jms.temporaries import Borrower
from kaazing.wire.selectors import Selector, compiled

if TYPE_CHECKING:
    from kaazing.services.jms.client import Client


class Held(Protocol):
    """A subscription that a client has open; see L{Consumer}."""

    request: Subscribe

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """The client has said what became of deliveries."""

    def accepting(self, tags: Sequence[Hashable]) -> list[tuple[Any, Hashable]]:
        """Return what is part of a broker's transaction."""

    def settled(self, tags: Sequence[Hashable]) -> None:
        """Deliveries were accepted, and the broker knows."""

    def congested(self) -> None:
        """The client's connection takes no more."""

    def drained(self) -> None:
        """The client's connection takes more."""

    def close(self, forget: bool = False) -> Deferred[Any]:
        """End it."""

    def gone(self) -> Deferred[Any]:
        """The client is lost."""


def begin(client: Client, request: Subscribe) -> None:
    """Open what a client asks for.

    Raises:
        BrokerRefused: it cannot have it; a sentence.
        ValueError: likewise; the selector is none.
    """
    selector = compiled(request.selector) if request.selector else None
    client.select(request.id, selector)
    match request.destination.domain:
        case Domain.QUEUE:
            _queue(client, request, selector)
        case Domain.TOPIC if request.durable:
            _durable(client, request, selector)
        case Domain.TOPIC:
            _topic(client, request, selector)
        case _:
            _temporary(client, request, selector)


def _queue(client: Client, request: Subscribe, selector: Selector | None) -> None:
    options = client.options
    held = Consumer(client, request, str(request.destination))
    client.subscriptions[request.id] = held
    prefetch = options.window(request.prefetch, options.queue_pending)
    held.ask(Wish(destination=request.destination, prefetch=prefetch), selector)


def _durable(client: Client, request: Subscribe, selector: Selector | None) -> None:
    durables, options = client.share.durables, client.options
    name = durable_name(client, request.durable)
    opened: Any = durables.who(name)
    if opened is not None and opened in client.subscriptions.values():
        raise BrokerRefused(
            f"the durable subscription {request.durable!r} is open in this connection already"
        )
    held = DurableConsumer(client, request, name)
    client.subscriptions[request.id] = held
    durables.named(name, request.destination)
    prefetch = options.window(request.prefetch, options.durable_pending)
    held.ask(Wish(destination=request.destination, durable=name, prefetch=prefetch), selector)


def _topic(client: Client, request: Subscribe, selector: Selector | None) -> None:
    held: Listener
    if request.acknowledges:
        options = client.options
        window = options.window(request.prefetch, options.topic_pending)
        held = AcknowledgingListener(
            client, request, window, client.share.topics.settings.find(request.destination.name)
        )
    else:
        held = Listener(client, request)
    client.subscriptions[request.id] = held
    held.begin(selector)


def _temporary(client: Client, request: Subscribe, selector: Selector | None) -> None:
    if request.durable:
        raise BrokerRefused(f"{request.destination} is temporary and has no durable subscriptions")
    own = request.destination
    if own in client.share.known and client.temporaries.find(own) is None:
        raise BrokerRefused(f"{own} is another client's, who alone can consume from it")
    options = client.options
    held = Borrower(
        client,
        request,
        client.temporaries.want(own),
        options.window(request.prefetch, options.queue_pending),
        selector,
    )
    client.subscriptions[request.id] = held
    held.borrow()


def forget(client: Client, request: Unsubscribe) -> Deferred[Any]:
    """End a durable subscription that the client has not open; return a Deferred of when it is done.

    Raises:
        BrokerRefused: somebody has it open, or nobody knows of which topic it is.
    """
    durables = client.share.durables
    name = durable_name(client, request.durable)
    if durables.who(name) is not None:
        raise BrokerRefused(f"the durable subscription {request.durable!r} is open in another connection")
    destination: Destination | None = request.destination or durables.destination(name)
    if destination is None:
        raise BrokerRefused(
            f"it is not known of which topic the durable subscription {request.durable!r} is; write its"
            " destination"
        )
    ending: Deferred[Any] = client.share.broker.forget(destination, name)
    return ending


def durable_name(client: Client, name: str) -> str:
    """Return what a client's durable subscription is called at the broker.

    Raises:
        BrokerRefused: the client has no client id.
    """
    options = client.options
    client_id = client.client_id or client.user
    if not client.client_id and options.client_id_form:
        client_id = expanded(options.client_id_form, user=client.user)
    if not client_id:
        raise BrokerRefused("a durable subscription needs a client-id in CONNECT")
    form = options.durable_form or ("${user}:${clientid}:${name}" if client.user else "${clientid}:${name}")
    return expanded(form, user=client.user, clientid=client_id, name=name)
