"""Clients of a queue: some number messages, and send them again; some acknowledge, and die in between."""

from __future__ import annotations

import asyncio
import random

from tests.integration.fault_figures import Book, Key

FLIGHT = 50
"""Messages of a producer that have no receipt yet."""

OUT = 40
"""Deliveries of a consumer that may be out."""

LIFE = (40, 400)
"""After so many deliveries a consumer is killed, with what it has in hand."""

_GONE = (OSError, EOFError)


class Stomp:
    """A client's connection, for bodies without NUL."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> Stomp:
        """Return one that is CONNECTED; fails with OSError or EOFError."""
        made = cls(*await asyncio.open_connection("127.0.0.1", port))
        made.say("CONNECT", ("accept-version", "1.2"), ("host", "faults"))
        name, _, _ = await made.frame()
        if name != "CONNECTED":
            raise ConnectionError(name)
        return made

    def say(self, name: str, *headers: tuple[str, object], body: str = "") -> None:
        """Send a frame; see L{drain}."""
        lines = [name, *(f"{key}:{value}" for key, value in headers), "", body]
        self._writer.write("\n".join(lines).encode() + b"\0")

    async def drain(self) -> None:
        """Wait until there is room for more."""
        await self._writer.drain()

    async def frame(self) -> tuple[str, dict[str, str], str]:
        """Return the next frame: its command, headers and body; an ERROR raises ConnectionError."""
        text = (await self._reader.readuntil(b"\0")).decode().rstrip("\0").lstrip("\n")
        head, _, body = text.partition("\n\n")
        name, *lines = head.split("\n")
        headers = dict(line.split(":", 1) for line in lines)
        if name == "ERROR":
            raise ConnectionError(headers.get("message", ""))
        return name, headers, body

    def abort(self) -> None:
        """Vanish."""
        self._writer.transport.abort()


class Producer:
    """Sends so many messages until each has a receipt."""

    def __init__(self, name: int, count: int, queue: str, port: int, book: Book) -> None:
        self._name, self._queue, self._port, self._book = name, queue, port, book
        self._todo = list(range(count))
        self._connections = 0

    async def run(self) -> None:
        """Do so, on as many connections as it takes."""
        while self._todo:
            try:
                stomp = await Stomp.connect(self._port)
                try:
                    await self._send(stomp)
                finally:
                    stomp.abort()
            except _GONE:
                await asyncio.sleep(0.1)

    async def _send(self, stomp: Stomp) -> None:
        self._connections += 1
        rest, flight = iter(self._todo), set[int]()
        try:
            while True:
                while len(flight) < FLIGHT and (number := next(rest, None)) is not None:
                    flight.add(number)
                    self._say(stomp, number)
                if not flight:
                    return
                await stomp.drain()
                _, headers, _ = await stomp.frame()
                number = int(headers["receipt-id"])
                flight.remove(number)
                self._book.receipted.add((self._name, self._connections, number))
        finally:
            self._todo = [*sorted(flight), *rest]

    def _say(self, stomp: Stomp, number: int) -> None:
        headers = ("destination", self._queue), ("persistent", "true"), ("receipt", number)
        stomp.say("SEND", *headers, body=f"{self._name} {self._connections} {number}")
        self._book.figures.sent += 1


class Consumer:
    """Lives again and again, and acknowledges by handfuls; a death takes what is in hand.

    Attributes:
        over: set when it is to leave in good order.
    """

    _lives = 0

    def __init__(self, ack: str, queue: str, port: int, book: Book, chance: random.Random) -> None:
        self._ack, self._queue, self._port, self._book, self._chance = ack, queue, port, book, chance
        self.over = asyncio.Event()

    async def run(self) -> None:
        """Live until it is L{over}."""
        while not self.over.is_set():
            try:
                stomp = await Stomp.connect(self._port)
                try:
                    await self._live(stomp)
                finally:
                    stomp.abort()
            except _GONE:
                await asyncio.sleep(0.1)

    async def _live(self, stomp: Stomp) -> None:
        Consumer._lives += 1
        me, days, inhand = Consumer._lives, self._chance.randint(*LIFE), list[str]()
        headers = ("id", 1), ("destination", self._queue), ("ack", self._ack), ("prefetch-count", OUT)
        stomp.say("SUBSCRIBE", *headers)
        enough = self._chance.randint(1, 10)
        while not self.over.is_set():
            got = await next_message(stomp)
            if got is not None:
                about, body = got
                inhand.append(about["ack"])
                marked = about.get("redelivered") == "true"
                self._book.delivered(key_of(body), me, marked=marked)
                days -= 1
                if not days:
                    self._book.figures.killed += 1
                    return
            if len(inhand) >= enough or got is None:
                inhand = await self._acknowledge(stomp, inhand, all=got is None)
                enough = self._chance.randint(1, 10)
        await self._leave(stomp, inhand)

    async def _acknowledge(self, stomp: Stomp, inhand: list[str], *, all: bool) -> list[str]:
        """Acknowledge all deliveries, or most, in any order if that is allowed; return the others."""
        if not inhand:
            return []
        if self._ack == "client":
            stomp.say("ACK", ("id", inhand[-1]))
            kept = []
        else:
            mixed = self._chance.sample(inhand, len(inhand))
            kept = [] if all else mixed[: len(mixed) // 3]
            for each in mixed[len(kept) :]:
                stomp.say("ACK", ("id", each))
        await stomp.drain()
        return [each for each in inhand if each in kept]

    async def _leave(self, stomp: Stomp, inhand: list[str]) -> None:
        await self._acknowledge(stomp, inhand, all=True)
        stomp.say("UNSUBSCRIBE", ("id", 1))
        stomp.say("DISCONNECT", ("receipt", "bye"))
        while (await stomp.frame())[0] != "RECEIPT":
            pass  # goes back to the queue, where it should not be


async def next_message(stomp: Stomp) -> tuple[dict[str, str], str] | None:
    """Return the headers and the body of the next message; None where none comes soon."""
    try:
        async with asyncio.timeout(0.2):
            name, headers, body = await stomp.frame()
    except TimeoutError:
        return None
    if name != "MESSAGE":
        raise ConnectionError(name)
    return headers, body


def key_of(body: str) -> Key:
    """Return which message it is."""
    producer, connection, number = map(int, body.split())
    return producer, connection, number
