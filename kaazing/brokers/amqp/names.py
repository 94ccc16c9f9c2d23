# -*- test-case-name: tests.brokers.amqp.test_names -*-
"""Where destinations are in RabbitMQ; /topic and /queue where its own STOMP plugin has them."""

from __future__ import annotations

from hashlib import sha256
from secrets import token_hex

from kaazing.brokers.names import TEMPORARY
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain
from kaazing.wire import destinations
from kaazing.wire.destinations import MAX_NAME

_PRIVATE = "kaazing.topic."  # queues of subscriptions that end with their connection
_DURABLE = "kaazing.durable."
_QUEUES = (Domain.QUEUE, Domain.TEMP_QUEUE)
_THEIRS = "/reply-queue/"  # how RabbitMQ's STOMP plugin writes a temporary queue


def private_queue() -> str:
    """Return a name for the queue of one subscription."""
    return _PRIVATE + token_hex(16)


def durable_queue(name: str) -> str:
    """Return the queue of a durable subscription.

    Raises:
        BrokerRefused: its name is too long.
    """
    queue = _DURABLE + name
    if len(mark(queue, "").encode()) > MAX_NAME:
        raise BrokerRefused(f"the name of a durable subscription has more than {_longest_durable()} bytes")
    return queue


def mark(queue: str, topic: str) -> str:
    """Return the name of the exchange that says of which topic a durable subscription is: only its being
    there says something, because a client of AMQP cannot ask what a queue is bound to."""
    return f"{queue}:{sha256(topic.encode()).hexdigest()[:16]}"


def _longest_durable() -> int:
    return MAX_NAME - len(mark(_DURABLE, ""))


def is_queue(destination: Destination) -> bool:
    """Return whether a destination is a queue of the same name."""
    return destination.domain in _QUEUES


def binding(topic: str) -> str:
    """Return the key that a queue is bound with for a topic or a pattern of some."""
    return ".".join("#" if word == ">" else word for word in topic.split("."))


def reply_to(destination: Destination | None) -> str:
    """Write where answers are wanted: of a queue the bare name, which any AMQP client sends an answer to."""
    if destination is None:
        return ""
    return destination.name if is_queue(destination) else str(destination)


def read_reply_to(text: str) -> Destination | None:
    """Read L{reply_to}; None for none, and for what is no destination."""
    if text.startswith(_THEIRS):
        text = f"/{Domain.TEMP_QUEUE.value}/{text.removeprefix(_THEIRS)}"
    elif text and not text.startswith("/"):
        ours = text.startswith((TEMPORARY, "amq."))  # amq.gen-... and amq.rabbitmq.reply-to...: RabbitMQ's
        text = f"/{(Domain.TEMP_QUEUE if ours else Domain.QUEUE).value}/{text}"
    try:
        return destinations.read(text) if text else None
    except ValueError:
        return None
