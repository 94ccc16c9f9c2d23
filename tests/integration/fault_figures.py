"""Every message of a test is accounted for: what happened to it, and what may not have happened."""

from __future__ import annotations

from dataclasses import dataclass, fields

Key = tuple[int, int, int]
"""One message: its producer, that one's connection, and its number, which it keeps when it is sent again."""


@dataclass(kw_only=True)
class Figures:
    """What was counted; of the last five there should be none.

    Attributes:
        sent: messages, those that were sent again included.
        receipted: those whose receipt came.
        delivered: to any consumer, how often so ever.
        redelivered: deliveries that were marked so.
        dead: receipted messages that the broker took for poison, and put elsewhere.
        killed: consumers, with messages in hand.
        lost: receipted messages that nobody got.
        doubled: deliveries of what a consumer had had already that were not marked as redelivered.
        forgotten: the same, where the gateway has died between the two: only the broker could know.
        disordered: deliveries, not marked, after a later one of the same producer to the same consumer.
        left: messages that were there when all had been acknowledged.
    """

    sent: int = 0
    receipted: int = 0
    delivered: int = 0
    redelivered: int = 0
    dead: int = 0
    killed: int = 0
    lost: int = 0
    doubled: int = 0
    forgotten: int = 0
    disordered: int = 0
    left: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{each.name} {getattr(self, each.name)}" for each in fields(self))


class Book:
    """What every producer and consumer did and saw.

    Attributes:
        seen: the gateway's life in which each message was delivered last.
        life: counts the gateway's.
        receipted: messages whose receipt came.
        dead: messages that were taken for poison.
        figures: see L{Figures}; complete after L{close}.
    """

    def __init__(self) -> None:
        self.seen: dict[Key, int] = {}
        self.life = 0
        self.receipted: set[Key] = set()
        self.dead: set[Key] = set()
        self.figures = Figures()
        self._latest: dict[tuple[int, int, int], int] = {}

    def delivered(self, key: Key, consumer: int, *, marked: bool) -> None:
        """C{consumer}: its number, another for each life; C{marked}: as redelivered."""
        figures, (producer, connection, number) = self.figures, key
        figures.delivered += 1
        figures.redelivered += marked
        if not marked:
            figures.doubled += self.seen.get(key) == self.life
            figures.forgotten += self.seen.get(key, self.life) < self.life
            course = consumer, producer, connection
            figures.disordered += self._latest.get(course, -1) > number
            self._latest[course] = number
        self.seen[key] = self.life

    def reached(self, messages: int) -> bool:
        """Return whether so many messages were delivered."""
        return len(self.seen) >= messages

    def missing(self) -> int:
        """Return how many messages with a receipt nobody has got yet."""
        return len(self.receipted - self.seen.keys() - self.dead)

    def close(self) -> Figures:
        """Return all figures."""
        figures = self.figures
        figures.receipted, figures.lost = len(self.receipted), self.missing()
        figures.dead = len(self.dead & self.receipted)
        return figures
