# -*- test-case-name: tests.brokers.stomp.test_session -*-
"""The client's side of a STOMP connection, sans-I/O: bytes come in, facts go out, requests are written.

Versions 1.1 and 1.0 are offered: in 1.2 Artemis ends the connection, which is not one client's, for
everything that it refuses (decision 0172).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kaazing.brokers.stomp.dialects import dialect_of
from kaazing.errors import BrokerRefused, ProtocolViolation, Side
from kaazing.interfaces.adapters import Login
from kaazing.wire.stomp import VERSIONS, Frame, Scanner, encode, parse, rule, violation

MAX_FRAME = 64 * 1024 * 1024
"""Bytes of a frame, either way; ActiveMQ takes bodies of up to 100 MB."""
MAX_LINE = 10_000
"""Bytes of a header line that is sent; ActiveMQ ends a connection at 10 KiB."""
MAX_HEADERS = 500
"""Headers that are sent in a frame; ActiveMQ ends a connection at 1,000."""

_MOST_READ = 1_000  # headers of a broker's frame
_LONGEST_READ = 256 * 1024  # bytes of a header of a broker's
_MOST_SAID = 300  # characters of an ERROR that are passed on
_BEATS = re.compile(r"\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*")
_DISPLAYED = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]+")


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker let the gateway in.

    Attributes:
        server: what it calls itself, "ActiveMQ/5.17.2"; empty where it says nothing.
        session: its name of the connection, likewise.
        sends: seconds after which it wants to hear something (STOMP 1.2, Heart-beating); 0 for never.
        beats: seconds after which it says something; 0 for whenever it likes.
    """

    server: str
    session: str
    sends: float
    beats: float


@dataclass(frozen=True, slots=True)
class Delivered:
    """A MESSAGE of a subscription, by its C{id}."""

    subscription: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Done:
    """The request with that receipt is done."""

    receipt: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker sent ERROR, in which it says what it did not like; many end the connection then.

    Attributes:
        receipt: of the request; None where the broker names none.
        why: for people, one line.
        text: all it says, to find out what it is about.
    """

    receipt: str | None
    why: str
    text: str = field(repr=False)


Fact = Connected | Delivered | Done | Refused


class Session:
    """One connection.

    Attributes:
        version: 0 before it is settled, then 10 or 11.
    """

    def __init__(self, login: Login | None, host: str, client_id: str, beat: float) -> None:
        """
        Args:
            host: the virtual host.
            client_id: empty for none.
            beat: seconds between heart-beats that are offered, and asked for.
        """
        self.version = self._reads = 0
        self._login, self._host, self._client_id = login, host, client_id
        self._beat = round(beat * 1000)
        self._scanner = Scanner(
            client=False,
            split=True,
            max_frame=MAX_FRAME,
            max_headers=_MOST_READ,
            max_line=_LONGEST_READ,
            apart=False,
            sends=False,
        )

    def opening(self) -> bytes:
        """Return the CONNECT.

        Raises:
            BrokerRefused: the login, the host or the client id cannot be said in STOMP.
        """
        headers = [("accept-version", "1.0,1.1"), ("host", self._host)]
        headers.append(("heart-beat", f"{self._beat},{self._beat}"))
        if self._login is not None:
            headers += [("login", self._login.username), ("passcode", self._login.password)]
        if self._client_id:
            headers.append(("client-id", self._client_id))
        if any(character in value for _, value in headers for character in "\r\n\0"):
            raise BrokerRefused("the login, the host or the client id has a line end or NUL in it")
        return encode(Frame("CONNECT", tuple(headers)), 0)

    def request(self, command: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
        """Return a frame for the broker.

        Raises:
            BrokerRefused: a header or the body is none that brokers take; they would break the connection,
                which is not the sender's alone.
        """
        if len(headers) > MAX_HEADERS:
            raise BrokerRefused(f"a message has more than {MAX_HEADERS} headers")
        if len(body) > MAX_FRAME:
            raise BrokerRefused(f"a message has more than {MAX_FRAME} bytes")
        for name, value in headers:
            if _size(name) + _size(value) >= MAX_LINE:
                raise BrokerRefused(f"header {name[:40]!a} has more than {MAX_LINE} bytes")
            if "\r" in value or "\r" in name:
                section = rule("Value Encoding", self.version)
                raise BrokerRefused(f"header {name[:40]!a} has a carriage return, not in {section}")
        try:
            return encode(Frame(command, tuple(headers), body), self.version)
        except ValueError as why:
            raise BrokerRefused(str(why)) from why

    def feed(self, data: bytes) -> Iterator[Fact]:
        """Take bytes of the broker's; yield what they say.

        Raises:
            ProtocolViolation: while iterated, after all that came before the fault.
        """
        while True:
            before = self.version
            for wire in self._scanner.feed(data):
                assert isinstance(wire, bytes)
                yield self._fact(parse(wire, self._reads))
            if self._scanner.fault is not None:
                raise violation(self._scanner.fault, Side.BACK, self.version)
            if before == self.version:
                return
            data = b""  # what came behind CONNECTED waits in the scanner

    def _fact(self, frame: Frame) -> Fact:
        match frame.command:
            case "CONNECTED":
                return self._connected(frame)
            case "MESSAGE":
                return Delivered(frame.get("subscription") or "", frame)
            case "RECEIPT":
                return Done(frame.get("receipt-id") or "")
        what, detail = frame.get("message") or "", frame.body.decode("utf-8", "replace")
        text = f"{what}\n{detail}"
        said = _DISPLAYED.sub(" ", what if "\n\tat " in detail else text)  # a stack trace is for nobody
        return Refused(frame.get("receipt-id"), said.strip()[:_MOST_SAID].strip() or "no reason given", text)

    def _connected(self, frame: Frame) -> Connected:
        said = frame.get("version") or "1.0"
        version = VERSIONS.get(said)
        if version is None or version > VERSIONS["1.1"]:
            what = f"version {said[:20]!a}, which was not offered"
            raise ProtocolViolation(
                what, side=Side.BACK, offset=0, rule=rule("Protocol Negotiation", self.version)
            )
        self.version = self._reads = version
        if version == VERSIONS["1.1"] and dialect_of(frame.get("server") or "").escapes:
            self._reads = VERSIONS["1.2"]  # otherwise one such message would break each connection anew
        self._scanner.version = self._reads
        found = _BEATS.fullmatch(frame.get("heart-beat") or "") if version > VERSIONS["1.0"] else None
        can, wants = (int(found[1]), int(found[2])) if found else (0, 0)
        return Connected(
            frame.get("server") or "",
            frame.get("session") or "",
            sends=max(self._beat, wants) / 1000 if wants else 0.0,
            beats=max(self._beat, can) / 1000 if can else 0.0,
        )


def _size(text: str) -> int:
    """Return how many bytes a header's name or value has as it is written, with its escapes."""
    return len(text.encode("utf-8", "surrogatepass")) + sum(map(text.count, ("\\", ":", "\n")))
