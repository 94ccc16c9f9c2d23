"""A queue under load while clients, the gateway and the broker are killed; every message is accounted for.

Producers number their messages and send again what got no receipt; consumers acknowledge some, and die with
others in hand. What may not happen all the same is in L{Figures}.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.integration.children import Child, free_port
from tests.integration.fault_clients import Consumer, Producer, Stomp, key_of, next_message
from tests.integration.fault_figures import Book, Figures, Key
from tests.integration.gateway import STARTED, command, conf, service
from tests.needs import ROOT

PRODUCERS = 4
MODES = ("client-individual", "client", "client-individual", "client")
"""The ack modes of the consumers."""

PATIENCE = 20.0
"""Seconds without a delivery after which what is missing is lost."""

QUIET = 0.8
"""Seconds without a delivery after which, with nothing missing, it is over."""


class Server(Protocol):
    """A broker that can be killed."""

    def start(self) -> None:
        """Start it again, on the same port, with what it has on disk."""

    def kill(self) -> None:
        """End it in the middle of whatever it does."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A server is killed, and started again.

    Attributes:
        after: so many messages were delivered.
        gateway: whether it is the gateway.
    """

    after: int
    server: Server
    gateway: bool = False

    async def happen(self, book: Book) -> None:
        """Do so; return when the server runs again."""
        await asyncio.to_thread(self.server.kill)
        await asyncio.sleep(0.3)  # clients see it go, and have read what it had written
        book.life += self.gateway
        await asyncio.to_thread(self.server.start)


class Gateway:
    """A gateway in front of a broker, which can be killed as that can; see L{Server}.

    Attributes:
        port: where it speaks STOMP over TCP.
    """

    def __init__(self, broker: str, folder: Path) -> None:
        """C{broker}: its URI, with the login."""
        self.port = free_port()
        self._folder, self._starts = folder, 0
        self._child: Child | None = None
        # A client killed seven times with the same message in hand is the test's doing, and no poison.
        properties = (
            "<reconnect.delay>200 ms</reconnect.delay><maximum.redeliveries>-1</maximum.redeliveries>"
        )
        accept = f"tcp://127.0.0.1:{self.port}"
        (folder / "conf.xml").write_text(conf(service("jms", accept, broker, properties=properties)))

    def start(self) -> None:
        """See L{Server.start}."""
        self._starts += 1
        argv, log = command(self._folder / "conf.xml"), self._folder / f"{self._starts}.log"
        child = self._child = Child(argv, log, {"PYTHONPATH": str(ROOT)})
        child.await_(lambda: STARTED in child.said(), 20)

    def kill(self) -> None:
        """See L{Server.kill}."""
        assert self._child is not None
        self._child.kill()

    def said(self) -> str:
        """Return all that it logged, in all its lives."""
        return "".join(
            (self._folder / f"{each + 1}.log").read_text(errors="replace") for each in range(self._starts)
        )


async def count(messages: int, queue: str, port: int, faults: Sequence[Fault]) -> Figures:
    """Send and consume so many messages; return what was counted.

    Args:
        queue: a destination that nobody else uses.
        port: of a gateway.
        faults: in order.
    """
    book, chance = Book(), random.Random(messages)
    producers = [Producer(each, messages // PRODUCERS, queue, port, book) for each in range(PRODUCERS)]
    consumers = [Consumer(ack, queue, port, book, chance) for ack in MODES]
    sending = [asyncio.create_task(each.run()) for each in producers]
    consuming = [asyncio.create_task(each.run()) for each in consumers]
    try:
        for fault in faults:
            await _until(book, partial(book.reached, fault.after), PATIENCE)
            await fault.happen(book)
        await _until(book, lambda: all(each.done() for each in sending) and not book.missing(), PATIENCE)
        await _until(book, lambda: False, QUIET)
        for consumer in consumers:
            consumer.over.set()
        await asyncio.wait_for(asyncio.gather(*consuming), PATIENCE)
    finally:
        for each in (*sending, *consuming):
            each.cancel()
    book.figures.left = len(await _drained(queue, port))
    if book.missing():
        book.dead.update(await _drained("/queue/DLQ", port))
    return book.close()


async def _until(book: Book, true: Callable[[], bool], patience: float) -> None:
    """Return once C{true()} is true, or nothing was delivered nor taken for so many seconds."""
    last, since = None, time.monotonic()
    while not true() and time.monotonic() - since < patience:
        now = book.figures.delivered, len(book.receipted)
        if now != last:
            last, since = now, time.monotonic()
        await asyncio.sleep(0.02)


async def _drained(queue: str, port: int) -> set[Key]:
    """Return what is in a queue, which is empty then."""
    stomp, found = await Stomp.connect(port), set[Key]()
    stomp.say("SUBSCRIBE", ("id", 1), ("destination", queue), ("ack", "auto"))
    until = time.monotonic() + QUIET
    while time.monotonic() < until:
        if (got := await next_message(stomp)) is not None:
            found.add(key_of(got[1]))
            until = time.monotonic() + QUIET
    stomp.say("DISCONNECT", ("receipt", "bye"))
    while (await stomp.frame())[0] != "RECEIPT":
        pass
    stomp.abort()
    return found
