# -*- test-case-name: tests.test_benchmarks -*-
"""What is measured, against whom, and what must come out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Figure(Enum):
    """One number taken of a system; the value is how the tables call it."""

    RATE = "messages/s"
    COST = "processor time a message, µs"
    DELAY = "p50, µs"
    HANDSHAKES = "handshakes/s"
    OPENING = "processor time a handshake, µs"
    MEMORY = "idle memory a connection, KiB"


@dataclass(frozen=True, slots=True)
class Target:
    """What the gateway's figure must be, as a multiple of a peer's.

    Attributes:
        figure: which number.
        peer: the system it is held against.
        ratio: the bound of gateway / peer.
        least: whether C{ratio} is the least allowed, not the most.
    """

    figure: Figure
    peer: str
    ratio: float
    least: bool

    def holds(self, ratio: float) -> bool:
        """Whether a measured gateway / peer keeps the bound."""
        return ratio >= self.ratio if self.least else ratio <= self.ratio

    def __str__(self) -> str:
        return f"{'at least' if self.least else 'at most'} {self.ratio:g} of {self.peer}"


def at_least(ratio: float, peer: str, figure: Figure = Figure.RATE) -> Target:
    """A target where more is better."""
    return Target(figure, peer, ratio, least=True)


def at_most(ratio: float, peer: str, figure: Figure = Figure.COST) -> Target:
    """A target where less is better."""
    return Target(figure, peer, ratio, least=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of load.

    Attributes:
        name: as in the tables.
        mode: echo, in, out or idle; see native/load.c.
        service: what the clients come in by: "proxy" (ws, bytes as they are), "wss" (the same over
            TLS), or a protocol that the gateway checks, over ws; see benchmarks/scripts.py.
        connections: clients.
        size: bytes of a message; see benchmarks/scripts.py for what counts.
        window: messages each connection has under way; 0 for as many as the sockets take.
        batch: messages in one send(); 0 for as many as may go.
        peers: the systems that can do it and are worth the comparison.
        figures: what is taken.
        targets: what must come out.
    """

    name: str
    mode: str = "echo"
    service: str = "proxy"
    connections: int = 64
    size: int = 64
    window: int = 1
    batch: int = 0
    peers: tuple[str, ...] = ("haproxy", "nginx")
    figures: tuple[Figure, ...] = (Figure.RATE, Figure.COST)
    targets: tuple[Target, ...] = ()


def _stream(name: str, connections: int, size: int, window: int, cost: float) -> Scenario:
    return Scenario(
        name=f"stream of {name} messages",
        connections=connections,
        size=size,
        window=window,
        targets=(at_least(0.85, "haproxy"), at_most(cost, "haproxy")),
    )


def _stomp(name: str, mode: str, window: int, batch: int, *targets: Target) -> Scenario:
    return _checked("stomp", f"STOMP {mode}: {name}", mode, window, batch, 120, targets)


def _checked(
    service: str, name: str, mode: str, window: int, batch: int, size: int, targets: tuple[Target, ...]
) -> Scenario:
    return Scenario(
        name=name,
        mode=mode,
        service=service,
        size=size,
        window=window,
        batch=batch,
        peers=("websockify",),
        targets=targets,
    )


def _both_ways(service: str, what: str, size: int, ratio: float) -> tuple[Scenario, Scenario]:
    """A protocol in and out, as decision 0041 has them for STOMP."""
    target = (at_least(ratio, "websockify"),)
    name = service.upper()
    return (
        _checked(service, f"{name} in: {what}, 64 under way", "in", 64, 0, size, target),
        _checked(service, f"{name} out: {what}, 1 under way", "out", 1, 1, size, target),
    )


SCENARIOS = (
    Scenario(
        name="idle connections",
        mode="idle",
        connections=1500,
        figures=(Figure.HANDSHAKES, Figure.MEMORY),
        targets=(at_least(0.4, "nginx", Figure.HANDSHAKES), at_most(0.55, "nginx", Figure.MEMORY)),
    ),
    Scenario(name="round trips, 1 connection", connections=1, figures=(Figure.DELAY,)),
    Scenario(
        name="round trips, 64 connections",
        peers=("haproxy", "nginx", "websockify"),
        targets=(at_least(0.85, "haproxy"), at_most(1.15, "haproxy"), at_least(4, "websockify")),
    ),
    _stream("64 B", 64, 64, 64, 1.2),
    _stream("4 KiB", 16, 4096, 32, 0.6),
    _stream("64 KiB", 8, 65536, 8, 0.75),
    Scenario(name="wss round trips, 64 connections", service="wss", targets=(at_least(0.6, "nginx"),)),
    _stomp("SEND, 64 under way", "in", 64, 0, at_least(4, "websockify")),
    _stomp("SEND, 1 under way", "in", 1, 1),
    _stomp("MESSAGE, 1 under way", "out", 1, 1, at_least(3, "websockify")),
    _stomp("MESSAGE, 64 under way, a write each", "out", 64, 1),
    _stomp("MESSAGE, 64 under way, in one write", "out", 64, 0),
    *_both_ways("mqtt", "PUBLISH", 100, 4),
    *_both_ways("amqp", "publish with body", 100, 2),
    *_both_ways("irc", "PRIVMSG", 100, 4),
    *_both_ways("xmpp", "message", 100, 0.6),
)


def chosen(words: str) -> tuple[Scenario, ...]:
    """Return the scenarios whose name contains one of the comma-separated C{words}, all for none."""
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    return tuple(s for s in SCENARIOS if not wanted or any(word in s.name for word in wanted))
