"""Small servers of our own, on a thread of the test process: a TCP echo, and a relay that can be cut."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from asyncio import StreamReader, StreamWriter
from types import TracebackType


class Echo:
    """A TCP server on 127.0.0.1 that sends back what it gets; ends with its C{with} block.

    Attributes:
        port: where it listens.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[StreamWriter] = set()
        self._thread.start()
        listening = asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=2000)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._writers)

    def end(self) -> None:
        """Close every connection in good order (FIN)."""
        self._loop.call_soon_threadsafe(self._close)

    def cut(self) -> None:
        """Break every connection at once (RST)."""
        self._loop.call_soon_threadsafe(self._reset)

    def __enter__(self) -> Echo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, where: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.call_later, 0.05, self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _close(self) -> None:
        for writer in self._writers:
            writer.close()

    def _reset(self) -> None:
        for writer in self._writers:
            at_once = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            writer.transport.abort()

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._serve(reader, writer)
        except OSError:
            pass  # the peer is gone, or we were cut
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        await _pour(reader, writer)


class Relay(Echo):
    """A TCP server that passes everything to and from another port of 127.0.0.1."""

    def __init__(self, target: int) -> None:
        self._target = target
        super().__init__()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        backward, forward = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(forward)
        try:
            await asyncio.gather(_pour(reader, forward), _pour(backward, writer))
        finally:
            self._writers.discard(forward)
            forward.close()


async def _pour(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
