# -*- test-case-name: tests.transports.test_gate,tests.transports.test_gate_ports -*-
"""How many connections a listener takes: in all, of one address, and a second.

It stands before everything else of a connection, TLS and PROXY header too, and is told by the transport
when that is gone, whatever had the connection meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from twisted.internet.protocol import Factory

from kaazing.config.model import LimitOptions
from kaazing.errors import BadRequest
from kaazing.limits import Alarm
from kaazing.transports.descriptors import Crowd
from kaazing.wire.addresses import Networks, listed, place

MOST_TOLD = 64
"""Connections over a limit that may wait at once to be told so; any more are closed without a word."""

WINDOW = 1.0  # seconds in which the connections of a rate are counted

_NAMES = 4096  # addresses that are not looked up in the networks again

ALL, RATE = "maximum.connections", "maximum.connection.rate"
OF_ONE, RATE_OF_ONE = "maximum.connections.per.address", "maximum.connection.rate.per.address"


class Gate(Factory):
    """Stands before the factory of a listener.

    Attributes:
        count: connections that are there, without those that are to be told that they are too many.
        trusted: proxies in front: no connection of theirs counts for its address, but for its client's where
            they say it.
    """

    noisy = False

    def __init__(
        self,
        limits: LimitOptions,
        crowd: Crowd,
        now: Callable[[], float],
        who: str,
        *,
        trusted: Networks = (),
        tells: bool,
    ) -> None:
        """
        Args:
            crowd: of all listeners.
            who: the listener's, for the log.
            tells: whether what speaks on the connections can be told that it is one too many (C{unwelcome}
                of a L{kaazing.transports.doorstep.Doorstep}).
        """
        self.limits, self.trusted, self.count = limits, trusted, 0
        self._crowd, self._now = crowd, now
        self._most_told = MOST_TOLD if tells else 0
        self._alarm = Alarm(who, now)
        self._name: Callable[[str], str | bytes | None] = self._name_of
        self._factory: Any = None
        self._port: Any = None
        self._counts = False  # whether the transports say that they are gone
        self._told = 0  # connections that wait to be told
        self._of: dict[str | bytes, int] = {}  # by place
        self._began = now()  # the window
        self._recent = 0
        self._recent_of: dict[str | bytes, int] = {}

    # For the listener

    def before(self, factory: Any) -> Gate:
        """Stand before a factory; return itself."""
        self._factory = factory
        return self

    def bound(self, port: Any) -> None:
        """The listener has bound C{port}, from which nothing has come yet."""
        self._port = port
        made = getattr(port, "transport", None)
        if isinstance(made, type):  # or nobody would say that a connection is gone
            port.gate, port.transport = self, _counted(made)
            self._counts = True
            self._name = lru_cache(maxsize=_NAMES)(self._name_of)
        self._crowd.add(self)

    def unbound(self) -> None:
        """The listener has let go of its port; its connections stay, and are counted."""
        self._port = None
        self._crowd.remove(self)

    def pause(self) -> None:
        """Take nobody in; who comes meanwhile waits in the kernel."""
        if self._port is not None:
            self._port.stopReading()

    def go_on(self) -> None:
        """Take clients in again, unless all descriptors are in use."""
        if self._port is not None and not self._crowd.full:
            self._port.startReading()

    def startFactory(self) -> None:
        """See L{Factory}."""
        self._factory.doStart()

    def stopFactory(self) -> None:
        """See L{Factory}."""
        self._factory.doStop()

    # Connections

    def buildProtocol(self, addr: Any) -> Any:
        """See L{Factory}; None for a connection that is to be closed at once."""
        if not self._counts:
            return self._factory.buildProtocol(addr)
        host = getattr(addr, "host", "")
        name = self._name(host)
        why = self._too_many(host) or self._too_many_of(name, host)
        if why is not None and self._told >= self._most_told:
            return None
        made = self._factory.buildProtocol(addr)
        self.count += 1
        self._crowd.entered()
        if why is not None:
            self.turn_away(made, why)
        elif name is not None:
            self._of[name] = self._of.get(name, 0) + 1
        return made

    def introduce(self, transport: Any, host: str) -> BadRequest | None:
        """Count a connection of a trusted proxy for the client at C{host} from now on; once.

        Returns:
            why it cannot stay, None where it can.
        """
        transport = _under(transport)
        if not self._counts or getattr(transport, "counted_for", None) is not None:
            return None
        name = self._name(host)
        why = self._too_many_of(name, host)
        if why is None and name is not None:
            transport.counted_for = name
            self._of[name] = self._of.get(name, 0) + 1
        return why

    def turn_away(self, protocol: Any, why: BadRequest) -> bool:
        """Have who speaks on a connection say why it cannot stay; return whether it will.

        It is counted no more, neither for the listener nor for its address.
        """
        if self._told >= self._most_told:
            return False
        _inner(protocol).unwelcome = why
        self._told += 1
        self.count -= 1
        return True

    def pass_on(self, before: Any, protocol: Any) -> None:
        """Have C{protocol} say, in place of C{before}, what that was told by L{turn_away}."""
        _inner(protocol).unwelcome = before.unwelcome

    def left(self, transport: Any) -> None:
        """A connection is gone; called once, by its transport."""
        self._crowd.left()
        if getattr(_inner(transport.protocol), "unwelcome", None) is not None:
            self._told -= 1
            return
        self.count -= 1
        name = getattr(transport, "counted_for", None) or self._name(transport.client[0])
        if name is not None:
            self._of[name] -= 1
            if not self._of[name]:
                del self._of[name]

    def _name_of(self, host: str) -> str | bytes | None:
        """Return by what an address is counted, None for one that is not."""
        if listed(host, self.limits.unlimited) or listed(host, self.trusted):
            return None
        return place(host)

    # Limits

    def _too_many(self, host: str) -> BadRequest | None:
        """Look at the limits of all connections together."""
        now = self._now()
        if not 0 <= now - self._began < WINDOW:
            self._began, self._recent = now, 0
            self._recent_of.clear()
        self._recent += 1
        if self.limits.connection_rate and self._recent == self.limits.connection_rate:
            self._alarm.reached(RATE, host, "and whoever comes next waits")
            self.pause()
            self._crowd.clock.callLater(self._began + WINDOW - now, self.go_on)
        if self.limits.connections and self.count >= self.limits.connections:
            self._alarm.reached(ALL, host, "turned away")
            return _refusal(503, "too many connections", ALL)
        return None

    def _too_many_of(self, name: str | bytes | None, host: str) -> BadRequest | None:
        """Look at the limits of one address."""
        if name is None:
            return None
        limits = self.limits
        recent = self._recent_of[name] = self._recent_of.get(name, 0) + 1
        if limits.connections_per_address and self._of.get(name, 0) >= limits.connections_per_address:
            self._alarm.reached(OF_ONE, host, "turned away")
            return _refusal(429, "too many connections from your address", OF_ONE)
        if limits.connection_rate_per_address and recent > limits.connection_rate_per_address:
            self._alarm.reached(RATE_OF_ONE, host, "turned away")
            return _refusal(429, "too many new connections from your address", RATE_OF_ONE)
        return None


def _refusal(status: int, what: str, limit: str) -> BadRequest:
    return BadRequest(status, what, rule=limit, headers=((b"Retry-After", b"1"),))


def _under(transport: Any) -> Any:
    """Return the TCP transport of a connection."""
    return getattr(transport, "transport", transport)


def _inner(protocol: Any) -> Any:
    """Return what speaks inside TLS, or the protocol itself."""
    return getattr(protocol, "wrappedProtocol", protocol)


class _Counted:
    """Mixed into a TCP transport: tells the gate, which is its port's, when it is gone."""

    def connectionLost(self: Any, reason: Any) -> None:
        """See L{twisted.internet.tcp.Connection.connectionLost}, which may be called twice."""
        if hasattr(self, "socket"):
            self.server.gate.left(self)
        super().connectionLost(reason)  # type: ignore[misc]


_COUNTED: dict[Any, Any] = {}


def _counted(transport: Any) -> Any:
    """Return a class of TCP transports with L{_Counted} mixed in."""
    if transport not in _COUNTED:
        _COUNTED[transport] = type(transport.__name__, (_Counted, transport), {})
    return _COUNTED[transport]
