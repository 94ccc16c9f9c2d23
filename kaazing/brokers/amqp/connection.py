# -*- test-case-name: tests.brokers.amqp.test_connection -*-
"""Pika's connection to RabbitMQ, carried by one of the gateway's channels.

This module is imported when somebody connects: pika's Twisted adapter installs a reactor where none is.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from typing import Any

import pika
from pika.adapters.twisted_connection import TwistedProtocolConnection
from pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ConnectionClosedByBroker,
)
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing import __version__
from kaazing.brokers.amqp.frames import LONGEST, Frames
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.adapters import Kind, Login
from kaazing.interfaces.channels import IReceiver

CHUNK = 64 * 1024
"""Bytes that are written at once; more does not wait for the end of a turn."""

HEARTBEAT = 60
"""Seconds after which a broker is asked whether it is there, at most; RabbitMQ proposes as much."""

_ACCESS_REFUSED, _NOT_ALLOWED = 403, 530  # of a login; of a virtual host, or of a limit

GONE = "the connection to the broker is lost"

# What matters of what it says is an error that somebody gets; the rest is for people who look into pika.
logging.getLogger("pika").setLevel(logging.CRITICAL)


def parameters(vhost: str, login: Login | None, secure: bool, name: str) -> Any:
    """Return what pika needs to know.

    Args:
        secure: whether there is TLS, where no login means that of the certificate (EXTERNAL); without TLS it
            means RabbitMQ's guest, who is let in from its own host only.
    """
    if login is not None and login.mechanism != "EXTERNAL":
        credentials = pika.PlainCredentials(login.username, login.password)
    elif secure or login is not None:
        credentials = pika.credentials.ExternalCredentials()
    else:
        credentials = pika.PlainCredentials("guest", "guest")
    return pika.ConnectionParameters(
        virtual_host=vhost,
        credentials=credentials,
        frame_max=LONGEST,
        heartbeat=lambda _, proposed: min(proposed or HEARTBEAT, HEARTBEAT),
        client_properties={
            "product": "Kaazing gateway",
            "version": __version__,
            "information": "",
            "connection_name": name,
        },
    )


class _Pika(TwistedProtocolConnection):  # type: ignore[misc]
    """Pika's protocol, which says why it could not connect."""

    ready: Deferred[Any] | None

    def _on_connection_failed(self, _connection: Any, why: Exception | None = None) -> None:
        waiting, self.ready = self.ready, None
        if waiting is not None:
            waiting.errback(why or ConnectionDone())


@implementer(IReceiver)
class Connection:
    """What a channel has as its receiver, and pika as its transport.

    Attributes:
        properties: number of an AMQP channel -> the properties of the last message on it, as they came.
        ready: a Deferred that fires when the broker has let us in; fails with BrokerRefused or BrokerLost.
        gone: called with BrokerLost when a connection that was ready is gone, unless we closed it.
        roomy: called when L{room} is true again.
        connected: whether anything can be asked of it; not where it is being closed.
    """

    def __init__(self, channel: Any, params: Any, clock: Any, complain: Callable[[str], None]) -> None:
        self._channel, self._frames, self._complain = channel, Frames(), complain
        self.properties = self._frames.properties
        self.connected = True
        self.gone: Callable[[BrokerLost], None] = lambda why: None
        self.roomy: Callable[[], None] = lambda: None
        self._clock = clock
        self._out: list[bytes] = []  # said in this turn
        self._size = 0
        self._soon: Any = None
        self._congested = self._blocked = self._up = self._over = False
        self._why: Exception | None = None
        self._closed: Deferred[None] | None = None
        self._pika = _Pika(params, custom_reactor=clock)
        self._pika._impl.add_on_connection_blocked_callback(lambda *_: self._block(True))
        self._pika._impl.add_on_connection_unblocked_callback(lambda *_: self._block(False))
        ready = self._pika.ready
        assert ready is not None
        self.ready: Deferred[None] = ready.addCallbacks(self._let_in, self._refused)
        channel.receiver = self
        self._pika.makeConnection(self)
        channel.resume()

    @property
    def peer(self) -> str:
        """The broker's product and version, as it says."""
        said = self._pika._impl.server_properties or {}
        return " ".join(str(said[each]) for each in ("product", "version") if each in said)

    def open(self) -> Deferred[Any]:
        """Return a Deferred of a new TwistedChannel; fails with BrokerLost, or with BrokerRefused where there
        are as many as the broker allows."""
        if not self.connected:
            return fail(BrokerLost(GONE))
        try:
            opened: Deferred[Any] = self._pika.channel()
        except AMQPError:
            return fail(BrokerRefused("the broker allows no more channels on its connection"))
        return opened.addCallbacks(self._opened, _lost)

    def _opened(self, channel: Any) -> Any:
        def closed(why: Any) -> Any:
            self._frames.forget(channel.channel_number)
            return why

        channel.on_closed.addBoth(closed)
        return channel

    def room(self) -> bool:
        """Return whether the broker takes what is sent as fast as it comes."""
        return not (self._congested or self._blocked)

    def close(self) -> Deferred[None]:
        """End in good order; return a Deferred that fires when the connection is gone."""
        if self._closed is None:
            self._closed, self.connected = Deferred(), False
            if self._over:
                self._closed.callback(None)
            elif self._pika.is_open:
                self._pika.close()
            else:
                self._channel.abort()
        return self._closed

    def abort(self) -> None:
        """End at once; L{close} fires then."""
        if self._closed is None:
            self._closed, self.connected = Deferred(), False
        self._channel.abort()

    def write(self, data: bytes) -> None:
        """See twisted's ITransport; for pika, which says each frame by itself: what is said in one turn of
        the reactor, by whomever, is one write, or one of every L{CHUNK} bytes."""
        if self._over:
            return
        self._out.append(data)
        self._size += len(data)
        if self._size >= CHUNK:
            self._flush()
        elif self._soon is None:
            self._soon = self._clock.callLater(0, self._turned)

    def _turned(self) -> None:
        self._soon = None
        self._flush()

    def _flush(self) -> None:
        out, self._out, self._size = self._out, [], 0
        if out:
            self._channel.send_all(out, Kind.BINARY)

    def loseConnection(self) -> None:
        """See twisted's ITransport; for pika, which has nothing more to say then."""
        self._why = self._why or self._pika._impl._error
        self._channel.abort()

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        try:
            for frame in self._frames.feed(data):
                self._pika.dataReceived(frame)
                if self._why is not None:
                    break  # pika has hung up
        except (AMQPError, ValueError, LookupError, struct.error) as why:
            # of what is no AMQP; those who are told of messages raise none
            self._why = self._why or BrokerLost(f"the broker breaks the rules of AMQP: {why}")
            self._channel.abort()

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._channel.drop()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._why = self._why or why
        self._channel.abort()

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self.connected, self._over = False, True
        if self._soon is not None:
            self._soon.cancel()
        self._why = self._why or why or ConnectionDone()
        if self._closed is None and self._up:
            self._complain(f"{GONE}: {_said(self._why)}")
        self._pika.connectionLost(Failure(BrokerLost(GONE)))  # what all that waits fails with
        if self._closed is not None:
            self._closed.callback(None)
        elif self._up:
            self.gone(BrokerLost(GONE))

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._congested = True

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._congested = False
        if self.room():
            self.roomy()

    def _block(self, blocked: bool) -> None:
        """The broker has no memory or disk for messages, or has some again (connection.blocked)."""
        self._blocked = blocked
        self._complain(f"the broker takes {'no messages for now' if blocked else 'messages again'}")
        if self.room():
            self.roomy()

    def _let_in(self, _: object) -> None:
        self._up = True

    def _refused(self, failed: Failure) -> None:
        why = self._why or failed.value
        if isinstance(why, AuthenticationError):
            raise BrokerRefused("the broker does not know the mechanism of the login")
        if isinstance(why, ConnectionClosedByBroker) and "limit" not in why.reply_text:
            if why.reply_code == _ACCESS_REFUSED:
                raise BrokerRefused("the broker refuses the login")
            if why.reply_code == _NOT_ALLOWED:
                raise BrokerRefused(
                    "the broker does not let this login into the virtual host, or has none such"
                )
        raise BrokerLost(f"the broker ended the connection before it was ready: {_said(why)}")


def _lost(why: Failure) -> None:
    raise BrokerLost(GONE) from why.value


def _said(why: BaseException | None) -> str:
    if isinstance(why, ConnectionClosedByBroker):
        return f"{why.reply_code} {why.reply_text}"
    return str(why) or type(why).__name__
