"""Clients come, send rubbish and vanish, for KAAZING_SOAK_SECONDS (10); C{make soak} goes on for long."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import time

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import connect

from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.peers import Echo

SECONDS = float(os.environ.get("KAAZING_SOAK_SECONDS", "10"))
WARM = 3.0
"""Seconds after which the gateway has grown to its working size."""

AT_ONCE = 40
"""Clients of one round."""

MORE_MEMORY = 6 * 1024 * 1024
"""Bytes that the gateway may hold more after all rounds than after the first: the allocator's slack."""

PATHS = ("/echo", "/proxy", "/stomp")

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Vandal:
    """One client that means no good.

    Most do the handshake; then come frames, whole and broken, or rubbish. It leaves by FIN, by RST,
    or by reading no more while it sends.
    """

    def __init__(self, chance: random.Random, port: int) -> None:
        self._chance = chance
        self._socket = socket.create_connection(("127.0.0.1", port), 5)
        handshake = HANDSHAKE.format(path=chance.choice(PATHS), port=port).encode()
        if chance.random() < 0.2:
            handshake = handshake[: chance.randrange(len(handshake))]
        elif chance.random() < 0.2:
            handshake = chance.randbytes(chance.randrange(300))
        self._send(handshake)

    def go_on(self) -> None:
        """Send something."""
        for _ in range(self._chance.randrange(4)):
            payload = self._chance.randbytes(self._chance.choice((0, 5, 125, 126, 4000, 70000)))
            if self._chance.random() < 0.3:
                self._send(payload)
            else:
                self._send(self._frame(payload))

    def leave(self) -> None:
        """Be gone."""
        way = self._chance.randrange(4)
        if way == 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST
        elif way == 1:
            self._send(self._frame(b"\x03\xe8", 8))  # a Close, the answer to which is not awaited
        elif way == 2:
            self._send(self._frame(bytes(100_000)))  # never read
        self._socket.close()

    def _frame(self, payload: bytes, opcode: int | None = None) -> bytes:
        """Return a client's frame (RFC 6455 section 5.2), its mask zero; sometimes not a valid one."""
        first = opcode or self._chance.choice((1, 2, 2, 2, 9)) | 0x80
        if self._chance.random() < 0.1:
            first = self._chance.randrange(256)
        if len(payload) < 126:
            head = struct.pack("!BB", first | 0x80 if opcode else first, 0x80 | len(payload))
        elif len(payload) < 65536:
            head = struct.pack("!BBH", first, 0xFE, len(payload))
        else:
            head = struct.pack("!BBQ", first, 0xFF, len(payload))
        return head + bytes(4) + payload

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(0.2)
        with contextlib.suppress(OSError):  # the gateway has closed it, or holds it back: both are right
            self._socket.sendall(data)


class SoakTests(SynchronousTestCase):
    """One gateway with an echo, a plain proxy and a stomp.proxy."""

    def test_nothing_left(self) -> None:
        """
        After thousands of bad clients the gateway holds no more descriptors and memory than before,
        its backend has no connection left, and good clients are served as ever.
        """
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        with Echo() as backend:
            port = free_port()
            here, back = f"ws://127.0.0.1:{port}", f"tcp://127.0.0.1:{backend.port}"
            services = [
                service("echo", f"{here}/echo"),
                service("proxy", f"{here}/proxy", back),
                service("stomp.proxy", f"{here}/stomp", back),
            ]
            with Gateway(conf(*services)) as gateway:
                descriptors = gateway.descriptors()
                self.rounds(chance, port, WARM)
                self.settle(gateway, backend, descriptors, seed)
                memory = gateway.memory()
                self.rounds(chance, port, SECONDS - WARM)
                self.settle(gateway, backend, descriptors, seed)
                self.assertTrue(
                    gateway.memory() < memory + MORE_MEMORY, f"{memory} -> {gateway.memory()}, seed {seed}"
                )
                for path in ("/echo", "/proxy"):
                    with connect(here + path) as client:
                        client.send(b"still here")
                        self.assertEqual(client.recv(5), b"still here")

    def rounds(self, chance: random.Random, port: int, seconds: float) -> None:
        """Let bad clients come and go for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            vandals = [Vandal(chance, port) for _ in range(AT_ONCE)]
            for vandal in vandals:
                vandal.go_on()
            for vandal in vandals:
                vandal.leave()

    def settle(self, gateway: Gateway, backend: Echo, descriptors: int, seed: int) -> None:
        """Wait (20 s at most, the longest timeout is 10) for everything to be gone."""
        end = time.monotonic() + 20
        while gateway.descriptors() > descriptors or backend.connections:
            if time.monotonic() > end:
                left = (
                    f"{gateway.descriptors() - descriptors} descriptors, {backend.connections} at the backend"
                )
                self.fail(f"{left} left, seed {seed}")
            time.sleep(0.1)
