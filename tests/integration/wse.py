"""An emulated WebSocket, client side, written from what the original's clients put on the wire.

Blocking, on the standard library alone, for tests that run the gateway as a process of its own.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from types import TracebackType
from urllib.parse import urlsplit

BINARY, TEXT, COMMAND, PING, PONG = 0x80, 0x81, 0x01, 0x89, 0x8A
NOP, RECONNECT, CLOSE = b"00", b"01", b"02"
RECONNECT_FRAME = b"\x01" + RECONNECT + b"\xff"
CLOSE_FRAME = b"\x01" + CLOSE + b"\xff"

ENCODINGS = ("cb", "ct", "cte", "cbm", "ctm", "ctem")

_ESCAPES = {0x00: b"\x7f0", 0x0D: b"\x7fr", 0x0A: b"\x7fn", 0x7F: b"\x7f\x7f"}
_ESCAPED = {escape[1]: bytes([byte]) for byte, escape in _ESCAPES.items()}

Frame = tuple[int, bytes]  # first byte, payload; a command's payload is one pair of digits


def frame(kind: int, payload: bytes = b"") -> bytes:
    """Return a message, a PING or a PONG as a frame."""
    size = len(payload)
    digits = [size & 127]
    while size := size >> 7:
        digits.append(size & 127 | 128)
    return bytes([kind, *reversed(digits)]) + payload


class Frames:
    """Takes a stream of frames apart, however it is cut."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are whole; commands one by one."""
        self._data += data
        found: list[Frame] = []
        while (took := self._first(found)) > 0:
            self._data = self._data[took:]
        return found

    def _first(self, found: list[Frame]) -> int:
        data = self._data
        if not data:
            return 0
        if data[0] == COMMAND:
            end = data.find(b"\xff")
            found.extend((COMMAND, data[at : at + 2]) for at in range(1, end, 2))
            return end + 1
        assert data[0] in (BINARY, TEXT, PING, PONG), f"no frame begins with {data[:20]!r}"
        size, at = 0, 1
        while at < len(data):
            size, at = size << 7 | data[at] & 127, at + 1
            if not data[at - 1] & 128:
                if len(data) < at + size:
                    return 0
                found.append((data[0], data[at : at + size]))
                return at + size
        return 0


class _Unescaped:
    """Takes the escapes out of a stream, however it is cut."""

    def __init__(self) -> None:
        self._open = False

    def feed(self, data: bytes) -> bytes:
        clear = bytearray()
        for byte in data:
            if self._open:
                clear += _ESCAPED[byte]
                self._open = False
            elif byte == 0x7F:
                self._open = True
            else:
                clear.append(byte)
        return bytes(clear)


class Refused(Exception):
    """The gateway did not make a session.

    Attributes:
        status: of its answer.
    """

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status}: {body[:200]!r}")
        self.status = status


class Emulated:
    """One session; as a context manager it is closed with the block.

    Attributes:
        protocol: what C{X-WebSocket-Protocol} settled on, None for none.
        extensions: value of C{X-WebSocket-Extensions}, None for none.
        upstream, downstream: the URLs given by the gateway.
        ended: whether the gateway has said CLOSE.
        downstreams: how many were asked for.
        content_type: of the last downstream.
    """

    def __init__(
        self,
        url: str,
        encoding: str = "cbm",
        *,
        protocols: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        parameters: str = "",
        poll: bool = False,
        sequence: int | None = 0,
        timeout: float = 10.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Create a session.

        Args:
            url: of the accept, with http or https; a query is sent with the create request.
            encoding: one of L{ENCODINGS}.
            headers: more fields, on every request.
            parameters: more query parameters of each downstream, e.g. ".kp=256&.kb=64".
            poll: ask for downstreams that end with what they bring.
            sequence: number of the create request; None for a client that counts nothing.
            timeout: seconds without a byte before a call gives up with TimeoutError.
            context: for https.

        Raises:
            Refused: the answer was not 201.
        """
        self._parts = urlsplit(url)
        self._encoding, self._timeout, self._context = encoding.removeprefix("c"), timeout, context
        self._headers = {"X-WebSocket-Version": "wseb-1.0", "X-Accept-Commands": "ping", **(headers or {})}
        self._parameters = "&".join(part for part in (parameters, ".ki=p" if poll else "") if part)
        self._up = self._down = sequence
        self.ended, self.downstreams, self.content_type = False, 0, ""
        self._stream = self.frames()
        self._sending: HTTPConnection | None = None
        self._reading: tuple[HTTPConnection, HTTPResponse] | None = None
        self._create(protocols, sequence)

    def _create(self, protocols: Sequence[str], sequence: int | None) -> None:
        more = {"X-WebSocket-Protocol": ",".join(protocols)} if protocols else {}
        path = f"{self._parts.path.rstrip('/')}/;e/c{self._encoding}"
        asking = self._connection()
        response = self._ask(asking, "POST", self._with(path, self._parts.query), sequence, more)
        body = response.read()
        asking.close()
        if response.status != 201:
            raise Refused(response.status, body)
        assert response.getheader("Content-Type", "").lower() == "text/plain;charset=utf-8"
        self.protocol = response.getheader("X-WebSocket-Protocol")
        self.extensions = response.getheader("X-WebSocket-Extensions")
        self.upstream, self.downstream = body.decode().splitlines()
        for given in (self.upstream, self.downstream):
            parts = urlsplit(given)
            assert (parts.scheme, parts.netloc) == (self._parts.scheme, self._parts.netloc), given
            assert parts.path.startswith(path.partition(";")[0] + ";e/"), given

    # Requests

    def _connection(self) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return HTTPSConnection(host, port, timeout=self._timeout, context=self._context)
        return HTTPConnection(host, port, timeout=self._timeout)

    def _with(self, path: str, query: str) -> str:
        return f"{path}?{query}" if query else path

    def _ask(
        self,
        connection: HTTPConnection,
        method: str,
        target: str,
        sequence: int | None,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> HTTPResponse:
        counted = {} if sequence is None else {"X-Sequence-No": str(sequence)}
        connection.request(method, target, body, {**self._headers, **counted, **headers})
        return connection.getresponse()

    def post(self, body: bytes) -> int:
        """Send bytes upstream as they are, in the session's encoding; return the status of the answer."""
        text = self._encoding.startswith("t")
        if self._encoding.startswith("te"):
            body = b"".join(_ESCAPES.get(byte) or bytes([byte]) for byte in body)
        if text:
            body = body.decode("latin-1").encode()
        kind = "text/plain; charset=utf-8" if text else "application/octet-stream"
        if self._up is not None:
            self._up += 1
        if self._sending is None:
            self._sending = self._connection()
        parts = urlsplit(self.upstream)
        target = self._with(parts.path, parts.query)
        response = self._ask(self._sending, "POST", target, self._up, {"Content-Type": kind}, body)
        response.read()
        return response.status

    def send(self, *messages: bytes | str) -> None:
        """Send messages, in one request; a text is sent as binary where the encoding is for that alone."""
        text = TEXT if self._encoding.endswith("m") else BINARY
        frames = [frame(text, m.encode()) if isinstance(m, str) else frame(BINARY, m) for m in messages]
        status = self.post(b"".join(frames) + RECONNECT_FRAME)
        assert status == 200, f"upstream answered with {status}"

    # The downstream

    def attach(self) -> HTTPResponse:
        """Ask for the downstream (the next one); return the head of the response."""
        self.detach()
        if self._down is not None:
            self._down += 1
        connection = self._connection()
        parts = urlsplit(self.downstream)
        query = "&".join(part for part in (parts.query, self._parameters) if part)
        response = self._ask(connection, "GET", self._with(parts.path, query), self._down, {})
        self.downstreams += 1
        self.content_type = response.getheader("Content-Type", "")
        self._reading = connection, response
        return response

    def detach(self) -> None:
        """Hang up on the downstream, if there is one."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading[0].close()

    def frames(self) -> Iterator[Frame]:
        """Yield what comes down, NOP and PONG too, over as many downstreams as it takes; ends behind CLOSE.

        Raises:
            AssertionError: a downstream was refused, ended without RECONNECT, or went on behind it.
        """
        while not self.ended:
            if self._reading is None:
                response = self.attach()
                assert response.status == 200, f"downstream answered with {response.status}"
            yield from self._one_downstream()

    def _one_downstream(self) -> Iterator[Frame]:
        assert self._reading is not None
        response, frames, unescaped = self._reading[1], Frames(), _Unescaped()
        over = False
        while data := response.read1(65536):
            for found in frames.feed(unescaped.feed(data) if self._encoding.startswith("te") else data):
                assert not over, f"{found} behind RECONNECT"
                if found == (COMMAND, RECONNECT):
                    over = True
                    continue
                self.ended = self.ended or found == (COMMAND, CLOSE)
                yield found
        assert over, "the downstream ended without RECONNECT"
        self.detach()

    def receive(self) -> bytes | str | None:
        """Return the next message; None once the gateway has closed. PINGs are answered on the way."""
        for kind, payload in self._stream:
            if kind == PING:
                assert self.post(frame(PONG) + RECONNECT_FRAME) == 200
            elif kind == TEXT:
                return payload.decode()
            elif kind == BINARY:
                return payload
        return None

    # The end

    def close(self) -> list[bytes | str]:
        """Say CLOSE, and read till the gateway's; return the messages that came before it."""
        assert self.post(CLOSE_FRAME + RECONNECT_FRAME) == 200
        left = []
        while (message := self.receive()) is not None:
            left.append(message)
        self.leave()
        return left

    def leave(self) -> None:
        """Go away without a word."""
        self.detach()
        if self._sending is not None:
            self._sending.close()
            self._sending = None

    def __enter__(self) -> Emulated:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, where: TracebackType | None
    ) -> None:
        if why is None and not self.ended:
            self.close()
        self.leave()
