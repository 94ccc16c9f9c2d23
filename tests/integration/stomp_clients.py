"""Unmodified STOMP clients on one interface: stomp.py, and @stomp/stompjs in Node and in Chromium.

Calls block; what a client hears meanwhile is kept until it is asked for. An ERROR makes whatever waits fail.
"""

from __future__ import annotations

import atexit
import base64
import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import stomp

from tests.needs import node_packages, program

WAIT = 10.0
"""Seconds in which whatever a client waits for has to come."""

_numbers = count(1)


class Refused(Exception):
    """The gateway said ERROR; the text is its message."""


@dataclass(frozen=True)
class Heard:
    """A message; C{key} is the client's own name of it."""

    headers: Mapping[str, str]
    body: bytes
    key: Any

    @property
    def said(self) -> str:
        """The body, with + behind it where the message says that it was out before."""
        return self.body.decode() + "+" * (self.headers.get("redelivered") == "true")


class StompClient:
    """One connection.

    Attributes:
        headers: those of CONNECTED.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._messages: list[Heard] = []
        self._receipts: set[str] = set()
        self._error: str | None = None
        self._gone = False
        self.headers: Mapping[str, str] | None = None

    # What each library does in its own way

    def order(self, does: str, **more: Any) -> None:
        """Have the library do something."""
        raise NotImplementedError

    # What it hears, told in any thread

    def _tell(self, change: Callable[[], object]) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    def connected(self, headers: Mapping[str, str]) -> None:
        """CONNECTED came."""
        self._tell(lambda: setattr(self, "headers", dict(headers)))

    def heard(self, message: Heard) -> None:
        """MESSAGE came."""
        self._tell(lambda: self._messages.append(message))

    def receipted(self, receipt: str) -> None:
        """RECEIPT came."""
        self._tell(lambda: self._receipts.add(receipt))

    def failed(self, error: str) -> None:
        """ERROR came."""
        self._tell(lambda: setattr(self, "_error", error))

    def gone(self) -> None:
        """The connection is closed."""
        self._tell(lambda: setattr(self, "_gone", True))

    def _until(self, true: Callable[[], object], what: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: true() or self._error is not None or self._gone, WAIT)
            if true():
                return
            if self._error is not None:
                raise Refused(self._error)
            heard = [each.body[:40] for each in self._messages]
            raise AssertionError(f"no {what}; the connection is gone: {self._gone}; heard: {heard[:40]}")

    # What scenarios ask for

    def connect(self, url: str, *, beat: int = 0, version: str = "1.2", **headers: str) -> StompClient:
        """Open a connection; C{beat} is the longest silence in either direction, milliseconds, 0 for any."""
        self.order("connect", url=url, headers=_spelled(headers), beat=beat, version=version)
        self._until(lambda: self.headers is not None, "CONNECTED")
        return self

    def send(
        self,
        destination: str,
        body: str | bytes = "",
        properties: Mapping[str, str] | None = None,
        *,
        receipt: bool = True,
        **headers: str,
    ) -> None:
        """SEND; return when the broker has the message, where a receipt is asked for."""
        data = body.encode() if isinstance(body, str) else body
        told = {**(properties or {}), **_spelled(headers)}
        self._receipted("send", receipt, told, destination=destination, body=data)

    def subscribe(self, destination: str, ack: str = "auto", **headers: str) -> str:
        """SUBSCRIBE; return the id when the broker has the subscription."""
        number = headers.setdefault("id", f"sub-{next(_numbers)}")
        self._receipted("subscribe", True, _spelled({**headers, "ack": ack}), destination=destination)
        return number

    def unsubscribe(self, id: str, **headers: str) -> None:
        """UNSUBSCRIBE; return when the broker has done it."""
        self._receipted("unsubscribe", True, _spelled(headers), id=id)

    def ack(self, message: Heard, *, receipt: bool = True, **headers: str) -> None:
        """ACK; return when the broker was told."""
        self._receipted("ack", receipt, _spelled(headers), key=message.key)

    def nack(self, message: Heard, *, receipt: bool = True, **headers: str) -> None:
        """NACK; return when the broker was told."""
        self._receipted("nack", receipt, _spelled(headers), key=message.key)

    def begin(self) -> str:
        """BEGIN; return the transaction."""
        transaction = f"tx-{next(_numbers)}"
        self.order("begin", transaction=transaction)
        return transaction

    def commit(self, transaction: str) -> None:
        """COMMIT."""
        self.order("commit", transaction=transaction)

    def abort(self, transaction: str) -> None:
        """ABORT."""
        self.order("abort", transaction=transaction)

    def disconnect(self) -> None:
        """DISCONNECT; return when the gateway has done everything that was sent before it."""
        self.order("disconnect")
        self._until(lambda: self._gone, "end of the connection")

    def cut(self) -> None:
        """Close the connection without DISCONNECT."""
        self.order("cut")

    def hear(self, count: int = 1) -> list[Heard]:
        """Return the next messages."""
        self._until(lambda: len(self._messages) >= count, f"{count} messages")
        with self._changed:
            found, self._messages[:count] = self._messages[:count], []
        return found

    def hear_until(self, body: str) -> list[Heard]:
        """Return all messages before the next that has this body."""
        found: list[Heard] = []
        while (message := self.hear()[0]).body != body.encode():
            found.append(message)
        return found

    def error(self) -> str:
        """Wait for an ERROR."""
        try:
            self._until(lambda: False, "ERROR")
        except Refused as why:
            return str(why)
        raise AssertionError("unreachable")

    @property
    def alive(self) -> bool:
        """Whether nothing has ended the connection."""
        with self._changed:
            return self._error is None and not self._gone

    def _receipted(self, does: str, receipt: bool, headers: Mapping[str, str], **more: Any) -> None:
        asked = {"receipt": f"receipt-{next(_numbers)}"} if receipt else {}
        self.order(does, headers={**headers, **asked}, **more)
        for name in asked.values():
            self._until(lambda name=name: name in self._receipts, f"RECEIPT of {does}")  # type: ignore[misc]


def _spelled(headers: Mapping[str, str]) -> dict[str, str]:
    """Underscores within names stand for hyphens, two for a dot."""
    return {name.replace("__", ".").replace("_", "-"): value for name, value in headers.items()}


# stomp.py

_CONNECTIONS = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}


class StompPy(StompClient, stomp.ConnectionListener):  # type: ignore[misc]
    """stomp.py, over TCP."""

    def order(self, does: str, **more: Any) -> None:
        """See L{StompClient}."""
        getattr(self, f"_{does}")(**more)

    def _connect(self, url: str, headers: dict[str, str], beat: int, version: str) -> None:
        self._version = version
        options: dict[str, Any] = {} if version == "1.0" else {"heartbeats": (beat, beat)}
        port = int(url.rpartition(":")[2])
        self._connection = _CONNECTIONS[version](
            [("127.0.0.1", port)], auto_decode=False, reconnect_attempts_max=1, **options
        )
        self._connection.set_listener("", self)
        self._connection.connect(headers=headers)

    def _send(self, destination: str, body: bytes, headers: dict[str, str]) -> None:
        self._connection.send(destination, body, headers=headers)

    def _subscribe(self, destination: str, headers: dict[str, str]) -> None:
        id, ack = headers.pop("id"), headers.pop("ack")
        self._connection.subscribe(destination, id=id, ack=ack, headers=headers)

    def _unsubscribe(self, id: str, headers: dict[str, str]) -> None:
        self._connection.unsubscribe(id=id, headers=headers)

    def _ack(self, key: Mapping[str, str], headers: dict[str, str]) -> None:
        self._connection.ack(*self._named(key), **headers)

    def _nack(self, key: Mapping[str, str], headers: dict[str, str]) -> None:
        self._connection.nack(*self._named(key), **headers)

    def _named(self, key: Mapping[str, str]) -> Sequence[str]:
        names = {"1.0": ("message-id",), "1.1": ("message-id", "subscription"), "1.2": ("ack",)}
        return [key[name] for name in names[self._version]]

    def _begin(self, transaction: str) -> None:
        self._connection.begin(transaction)

    def _commit(self, transaction: str) -> None:
        self._connection.commit(transaction)

    def _abort(self, transaction: str) -> None:
        self._connection.abort(transaction)

    def _disconnect(self) -> None:
        self._connection.disconnect()

    def _cut(self) -> None:
        self._connection.transport.disconnect_socket()

    def on_connected(self, frame: Any) -> None:
        """See stomp.py."""
        self.connected(frame.headers)

    def on_message(self, frame: Any) -> None:
        """See stomp.py."""
        self.heard(Heard(dict(frame.headers), frame.body, frame.headers))

    def on_receipt(self, frame: Any) -> None:
        """See stomp.py."""
        self.receipted(frame.headers["receipt-id"])

    def on_error(self, frame: Any) -> None:
        """See stomp.py."""
        self.failed(frame.headers["message"])

    def on_disconnected(self) -> None:
        """See stomp.py."""
        self.gone()


# @stomp/stompjs


class StompJs(StompClient):
    """@stomp/stompjs in a running Node or page, over WebSocket, or its emulation where the URL is of http."""

    def __init__(self, steered: Steered) -> None:
        super().__init__()
        self._steered, self._number = steered, next(_numbers)
        steered.clients[self._number] = self

    def order(self, does: str, **more: Any) -> None:
        """See L{StompClient}."""
        if "body" in more:
            more["body"] = base64.b64encode(more["body"]).decode()
        self._steered.say({"number": self._number, "does": does, **more})

    def told(self, what: str, **more: Any) -> None:
        """The library has heard something."""
        match what:
            case "connected":
                self.connected(more["headers"])
            case "message":
                self.heard(Heard(more["headers"], base64.b64decode(more["body"]), more["key"]))
            case "receipt":
                self.receipted(more["receipt"])
            case "error":
                self.failed(more["headers"]["message"])
            case "gone" | "closed":
                self.gone()


class Steered:
    """A Node or a page that does as it is told, line by line.

    Attributes:
        clients: who hears what it tells, by number.
    """

    def __init__(self, *argv: str) -> None:
        self.clients: dict[int, StompJs] = {}
        self._write = threading.Lock()
        self._process = subprocess.Popen(
            [program("node", "nodejs"), "steered.mjs", "stomp_client", *argv],
            cwd=node_packages(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdin and self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        atexit.register(self.end)
        if not (said := self._out.readline()).startswith("{"):
            raise AssertionError(said + self._out.read())
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, order: Mapping[str, Any]) -> None:
        """Write one line."""
        with self._write:
            self._in.write(json.dumps(order) + "\n")
            self._in.flush()

    def _listen(self) -> None:
        for line in filter(lambda line: line.startswith("{"), self._out):
            happened = json.loads(line)
            if "number" in happened:
                self.clients[happened.pop("number")].told(**happened)
            elif "failed" in happened:
                for each in list(self.clients.values()):
                    each.failed(f"{happened['failed']} at {happened['line']}")

    def end(self) -> None:
        """Close it; it ends with its orders."""
        self._in.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()


@cache
def node() -> Steered:
    """Return the test run's Node; SkipTest where there is none."""
    return Steered()


@cache
def chromium() -> Steered:
    """Return a Chromium with an empty page, which no gateway serves; SkipTest where there is none."""
    executable = program("/usr/bin/chromium", "chromium")
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(node_packages() / "page")))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    return Steered(executable, f"http://127.0.0.1:{served.server_port}/")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None:
        """Say nothing."""
