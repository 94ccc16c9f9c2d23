"""The tutorial's adapter, installed as its page says, in a running gateway before a game server."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.adapters.example import written
from tests.integration.children import free_ports
from tests.integration.gateway import Gateway


def message(opcode: int, content: bytes) -> bytes:
    """Return a message of the Simple SGS protocol."""
    return (len(content) + 1).to_bytes(2, "big") + bytes((opcode,)) + content


def string(text: str) -> bytes:
    """Return a string of it."""
    return len(text).to_bytes(2, "big") + text.encode()


SUCCESS = message(0x11, b"key")
LOBBY, BOARD = message(0x50, string("lobby 1") + b"\x01"), message(0x50, string("board") + b"\x02")
TO_LOBBY, TO_BOARD = message(0x52, b"\x00\x01\x01hello"), message(0x52, b"\x00\x01\x02hello")


class Game:
    """Serves one client: lets it in, puts it into two channels, and says what it is told.

    Attributes:
        login: the client's first message.
    """

    login = b""

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        with client, client.makefile("rb") as said, contextlib.suppress(ConnectionError):
            self.login = self._next(said)
            client.sendall(SUCCESS + LOBBY + BOARD)
            while more := self._next(said):
                client.sendall(more)

    def _next(self, said: BinaryIO) -> bytes:
        length = said.read(2)
        return length + said.read(int.from_bytes(length, "big"))

    def __enter__(self) -> Game:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listening.close()


class DarkstarTests(SynchronousTestCase):
    """What docs/adapters.md promises of its example."""

    def test_in_a_gateway(self) -> None:
        """
        pip installs it; the gateway's name and password reach the game; each message of the game's is
        one of the page's; the policy leaves messages out; rubbish closes with 1002 and a line in the log.
        """
        source = Path(self.mktemp()).absolute()
        blocks = written(source)
        site = source / "site"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
        subprocess.run([*pip, "--target", site, source], check=True, capture_output=True, timeout=60)
        own, game_port = free_ports(2)
        moved = re.sub(
            "8001|1139", lambda port: str({"8001": own, "1139": game_port}[port[0]]), blocks["gateway.xml"]
        )
        env = {"PYTHONPATH": str(site), "GAME_PASSWORD": "s3cret"}
        with Game(game_port) as game, Gateway(moved, env=env) as gateway:
            with connect(f"ws://localhost:{own}/game") as page:
                for byte in message(0x10, b"\x04" + string("ann") + string("")):
                    page.send(bytes((byte,)))
                self.assertEqual([page.recv(10) for _ in range(3)], [SUCCESS, LOBBY, BOARD])
                page.send(TO_BOARD + TO_LOBBY)
                self.assertEqual(page.recv(10), TO_LOBBY)
                page.send(b"\x00\x01\xee")
                closed = self.assertRaises(ConnectionClosed, page.recv, 10)
            self.assertEqual(closed.rcvd.code, 1002)
            said = gateway.said()
        self.assertEqual(game.login, message(0x10, b"\x04" + string("web") + string("s3cret")))
        self.assertIn("client byte 33: opcode 0xee is none that it may send (Simple SGS protocol)", said)
        self.assertNotIn("s3cret", said)
