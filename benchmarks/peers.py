# -*- test-case-name: tests.test_benchmarks_emulated -*-
"""A TCP backend, and the two kinds of sessions that benchmarks/emulated.py compares."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Sequence
from types import TracebackType
from typing import ClassVar

from benchmarks.machine import BenchmarkError

PATIENCE = 10.0  # seconds in which something must move
_CHUNK = 256 * 1024
_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_MASK = b"\x9a\x27\x53\xe1"
_RECONNECT = b"\x0101\xff"


class Backend:
    """A TCP server whose connections echo, or swallow, or pour out bytes; a context."""

    def __init__(self, port: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.connections: list[socket.socket] = []

    def __enter__(self) -> Backend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forget()
        self.listener.close()

    def take(self) -> socket.socket:
        """Return the next connection, non-blocking.

        Raises:
            BenchmarkError: none came.
        """
        self.listener.settimeout(PATIENCE)
        try:
            connection, _ = self.listener.accept()
        except TimeoutError:
            raise BenchmarkError("the gateway did not come to its backend") from None
        connection.setblocking(False)
        self.connections.append(connection)
        return connection

    def forget(self) -> None:
        """Close all connections."""
        for connection in self.connections:
            connection.close()
        self.connections.clear()


class Session:
    """One client.

    Attributes:
        name: as in the table.
        up, down: what messages go out and come in by.
        back: the backend's end of it.
    """

    name: ClassVar[str]
    up: socket.socket
    down: socket.socket
    back: socket.socket

    def open(self, port: int) -> None:
        """Come to the gateway."""
        raise NotImplementedError

    def messages(self, payload: bytes, count: int) -> bytes:
        """Return the bytes of some messages, alike."""
        raise NotImplementedError

    def ask(self, messages: bytes) -> bytes:
        """Return what is sent for messages to go up at once."""
        raise NotImplementedError

    def begin_stream(self) -> None:
        """Get ready to send messages without end."""

    def piece(self, messages: bytes) -> bytes:
        """Return what is sent of such a stream."""
        return messages

    def close(self) -> None:
        """Go."""
        self.up.close()
        self.down.close()


def dial(port: int) -> socket.socket:
    """Return a connection to the gateway."""
    made = socket.create_connection(("127.0.0.1", port), PATIENCE)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def read_head(connection: socket.socket, status: bytes) -> bytes:
    """Return what comes behind the head of a response.

    Raises:
        BenchmarkError: it is another status, or the connection ended.
    """
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise BenchmarkError("the gateway closed the connection")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 " + status):
        raise BenchmarkError(f"the gateway answered {head[:60]!r}")
    return rest


class Native(Session):
    """A WebSocket of RFC 6455."""

    name = "native"

    def open(self, port: int) -> None:
        """See L{Session}."""
        self.up = self.down = dial(port)
        self.up.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n" % (port, _KEY)
        )
        read_head(self.up, b"101")
        self.up.setblocking(False)

    def messages(self, payload: bytes, count: int) -> bytes:
        """See L{Session}."""
        size = len(payload)
        head = bytes((130, 128 | size)) if size < 126 else b"\x82\xfe" + size.to_bytes(2)
        masked = bytes(byte ^ _MASK[at % 4] for at, byte in enumerate(payload))
        return (head + _MASK + masked) * count

    def ask(self, messages: bytes) -> bytes:
        """See L{Session}."""
        return messages


class Emulated(Session):
    """A session of binary encoding: a kept connection for what goes up, an endless response down."""

    name = "emulated"

    def open(self, port: int) -> None:
        """See L{Session}."""
        self._port, self._sequence = port, 0
        self.up, self.down = dial(port), dial(port)
        self.up.sendall(self._request(b"POST", b"/;e/cbm", b"Content-Length: 0\r\n"))
        body = read_head(self.up, b"201")
        while body.count(b"\n") < 1 or b"/;e/db" not in body:
            body += self.up.recv(65536)
        paths = [b"/" + url.split(b"/", 3)[3] for url in body.split()]
        self._up_path = paths[0]
        self._sequence += 1
        self.down.sendall(self._request(b"GET", paths[1], b""))
        read_head(self.down, b"200")
        self.up.setblocking(False)
        self.down.setblocking(False)

    def _request(self, method: bytes, path: bytes, fields: bytes) -> bytes:
        return (
            b"%b %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-WebSocket-Version: wseb-1.0\r\n"
            b"X-Sequence-No: %d\r\nContent-Type: application/octet-stream\r\n%b\r\n"
            % (method, path, self._port, self._sequence, fields)
        )

    def _post(self, fields: bytes) -> bytes:
        made = self._request(b"POST", self._up_path, fields)
        self._sequence += 1
        return made

    def messages(self, payload: bytes, count: int) -> bytes:
        """See L{Session}."""
        size = len(payload)
        length = bytes([size]) if size < 128 else bytes((0x80 | size >> 7, size & 0x7F))
        return (b"\x80" + length + payload) * count

    def ask(self, messages: bytes) -> bytes:
        """See L{Session}."""
        body = messages + _RECONNECT
        return self._post(b"Content-Length: %d\r\n" % len(body)) + body

    def begin_stream(self) -> None:
        """See L{Session}."""
        self.up.setblocking(True)
        self.up.sendall(self._post(b"Transfer-Encoding: chunked\r\n"))
        self.up.setblocking(False)

    def piece(self, messages: bytes) -> bytes:
        """See L{Session}."""
        return b"%x\r\n%b\r\n" % (len(messages), messages)


def open_sessions(kind: type[Session], port: int, count: int, backend: Backend) -> list[Session]:
    """Return sessions that are open to the backend."""
    sessions = []
    for _ in range(count):
        session = kind()
        session.open(port)
        session.back = backend.take()
        sessions.append(session)
    return sessions


def pace(sessions: Sequence[Session], backend: Backend, size: int, seconds: float) -> int:
    """Let each session send a message a second and hear its echo; return how many came back.

    Raises:
        BenchmarkError: fewer than nine of ten messages came back.
    """
    payload = os.urandom(size)
    poll = select.epoll()
    echoing = {session.back.fileno(): session.back for session in sessions}
    hearing = {end.fileno(): end for session in sessions for end in (session.up, session.down)}
    for descriptor in (*echoing, *hearing):
        poll.register(descriptor, select.EPOLLIN)
    counted = {session.down.fileno() for session in sessions}
    heard = sent = 0
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        while sent < now * len(sessions):
            session = sessions[sent % len(sessions)]
            session.up.send(session.ask(session.messages(payload, 1)))
            sent += 1
        for descriptor, _ in poll.poll(0.001):
            if descriptor in echoing:
                echoing[descriptor].send(echoing[descriptor].recv(65536))
            else:
                data = hearing[descriptor].recv(65536)
                heard += data.count(payload) if descriptor in counted else 0
    poll.close()
    if heard < sent * 0.9 - len(sessions) * 0.2:
        raise BenchmarkError(f"{heard} of {sent} messages came back")
    return heard


def stream_up(session: Session, backend: Backend, size: int, seconds: float) -> float:
    """Let a session send without end; return the messages a second that reached the backend."""
    count = max(1, 65536 // size)
    piece = session.messages(os.urandom(size), count)
    session.begin_stream()
    return _pour(session.up, session.piece(piece), session.back, seconds) / size


def stream_down(session: Session, backend: Backend, seconds: float) -> float:
    """Let the backend send without end; return the bytes a second that came down, framing counted."""
    return _pour(session.back, os.urandom(_CHUNK), session.down, seconds)


def _pour(source: socket.socket, piece: bytes, sink: socket.socket, seconds: float) -> float:
    """Send C{piece} again and again; return the bytes a second that came out, the first fifth left out."""
    buffer = bytearray(_CHUNK)
    left = memoryview(piece)
    began = moved = time.monotonic()
    counted, since = 0, began
    while (now := time.monotonic()) - began < seconds:
        if since == began and now - began > seconds / 5:
            counted, since = 0, now
        can_read, can_write, _ = select.select([sink], [source], [], 1)
        if can_write:
            left = left[source.send(left) :] or memoryview(piece)
        if can_read:
            counted += sink.recv_into(buffer)
            moved = now
        if now - moved > PATIENCE:
            raise BenchmarkError("nothing moved")
    return counted / (time.monotonic() - since)
