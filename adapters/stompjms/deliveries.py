# -*- test-case-name: tests.adapters.stompjms.test_deliveries -*-
"""One subscription of a client, and what was delivered on it and is not settled.

STOMP 1.2, sections SUBSCRIBE ack Header, ACK and NACK.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

MOST_FORGOTTEN = 10_000
"""Deliveries of lost connections that a subscription still knows; of more, the latest."""


class Subscription:
    """See the module's docstring.

    A delivery has a key, by which the client names it: its number in STOMP 1.2, before that its message-id.

    Attributes:
        id: the client's.
        number: of the subscription on its connection, never used again.
        own: header C{subscription} of its messages, as bytes with the line feed; empty in STOMP 1.0 where the
            client named none.
        durable: name of the durable subscription; empty for none.
        granted: deliveries that may be out, as was asked for the client; 0 where nothing was.
        open: tags by key, in order of delivery; None where the client acknowledges nothing.
        sent: deliveries so far.
    """

    __slots__ = (
        "_cumulative", "_forgotten", "_taken", "durable", "granted", "id", "number", "open", "own", "sent",
    )  # fmt: skip

    def __init__(self, id: str, number: int, own: bytes, durable: str, granted: int, ack: str) -> None:
        self.id, self.number, self.own, self.durable, self.granted = id, number, own, durable, granted
        self.open: dict[Hashable, Hashable] | None = None if ack == "auto" else {}
        self.sent = 0
        self._cumulative = ack == "client"
        self._taken: set[Hashable] | None = None  # keys that a transaction will settle
        self._forgotten: dict[Hashable, None] | None = None

    def knows(self, key: Hashable) -> bool:
        """Return whether a key means a delivery: one that is open, or was forgotten."""
        return key in (self.open or ()) or key in (self._forgotten or ())

    def meant(self, key: Hashable) -> list[Hashable] | None:
        """Return the keys of what a client settles by naming C{key}, in order of delivery; none where it was
        forgotten, None where it is not to be settled."""
        taken = self._taken or ()
        if not self.open or key not in self.open or key in taken:
            return [] if self._forgotten and key in self._forgotten else None
        if not self._cumulative:
            return [key]
        keys: list[Hashable] = []
        for each in self.open:
            if each not in taken:
                keys.append(each)
            if each == key:
                break
        return keys

    def settle(self, keys: Iterable[Hashable]) -> tuple[Hashable, ...]:
        """Close deliveries, taken or not; return their tags."""
        assert self.open is not None
        tags = tuple([self.open.pop(key) for key in keys])
        if self._taken is not None:
            self._taken.difference_update(keys)
            self._taken = self._taken or None
        return tags

    def take(self, keys: Iterable[Hashable]) -> None:
        """Have deliveries wait for the end of a transaction: nobody else settles them."""
        if self._taken is None:
            self._taken = set()
        self._taken.update(keys)

    def give_back(self, keys: Iterable[Hashable]) -> None:
        """The transaction was aborted: they are to be settled again."""
        assert self._taken is not None
        self._taken.difference_update(keys)
        self._taken = self._taken or None

    def discard(self) -> None:
        """Forget what is open, in transactions too."""
        if self.open:
            kept = [*(self._forgotten or ()), *self.open][-MOST_FORGOTTEN:]
            self._forgotten = dict.fromkeys(kept)
            self.open = {}
        self._taken = None
