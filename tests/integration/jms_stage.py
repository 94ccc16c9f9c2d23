"""Scenarios of STOMP clients before a jms service: where they play, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from tests.integration.stomp_clients import Heard, Refused, StompClient

Scenario = Callable[["Stage"], Any]

EXPECTED: dict[str, Any] = {}
"""What comes of each scenario, by name, where the broker has what it needs."""


class Stage:
    """Where a scenario plays: a gateway with a broker, and one sort of client.

    Attributes:
        dead: where messages go that nobody wants.
        versions: of STOMP, those that the client has.
    """

    versions = ("1.0", "1.1", "1.2")
    _numbers = count(1)

    def __init__(self, make: Callable[[], StompClient], url: str, dead: str, own: str) -> None:
        self._make, self._url, self.dead = make, url, dead
        self.own = f"{own}.{next(self._numbers)}"
        self._clients: list[StompClient] = []

    def client(self, **options: Any) -> StompClient:
        """Return a client that is connected, until the scenario ends."""
        client = self._make()
        self._clients.append(client)
        return client.connect(self._url, **options)

    def queue(self, name: str = "q") -> str:
        """Return a queue that nobody else uses."""
        return f"/queue/{self.own}.{name}"

    def topic(self, name: str = "t") -> str:
        """Return a topic, or a pattern of topics, that nobody else uses."""
        return f"/topic/{self.own}.{name}"

    def rest(self, queue: str) -> list[str]:
        """Return what is in a queue, + behind what was out before."""
        client = self.client()
        client.send(queue, "end")
        client.subscribe(queue)
        return [each.said for each in client.hear_until("end")]

    def close(self) -> None:
        """Cut all connections."""
        for each in self._clients:
            if each.headers is not None and each.alive:
                each.cut()

    def play(self, scenario: Scenario) -> Any:
        """Return what comes of a scenario: where a client is refused, "ERROR: " and what it is told."""
        try:
            return scenario(self)
        except Refused as why:
            return f"ERROR: {why}".replace(self.own, "OWN")
        finally:
            self.close()


def outcome(expected: Any) -> Callable[[Scenario], Scenario]:
    """Note a scenario, and what is to come of it."""

    def noted(scenario: Scenario) -> Scenario:
        EXPECTED[scenario.__name__] = expected
        return scenario

    return noted


def said(messages: list[Heard]) -> list[str]:
    """Return the bodies of messages, + behind those that were out before."""
    return [each.said for each in messages]
