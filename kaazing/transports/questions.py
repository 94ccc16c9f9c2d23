# -*- test-case-name: tests.transports.test_questions -*-
"""One request to an HTTP server, and the response: heads by h11, bodies streamed both ways.  RFC 9112."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import h11
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IReceiver
from kaazing.interfaces.origins import IAsker, IQuestion, Request
from kaazing.transports.tcp import StreamChannel

if TYPE_CHECKING:
    from kaazing.transports.origins import Origin

MAX_HEAD = 64 * 1024  # bytes of a response's head, and of a chunk's line
MOST_INTERIM = 100  # responses of status 1xx before the one that counts
LEAVE = 1.0  # seconds in which an origin may give leave to send a body (RFC 9110 section 10.1.1)

_SPELL = re.compile(rb"(?:^|[,;])\s*timeout\s*=\s*([0-9]{1,9})\s*(?:[,;]|$)", re.IGNORECASE)
_IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))  # RFC 9110 section 9.2.2
_BINARY = int(Kind.BINARY)


@implementer(IQuestion, IReceiver)
class Question:
    """See L{IQuestion}."""

    def __init__(self, origin: Origin, request: Request, asker: IAsker) -> None:
        self._origin, self._request = origin, request
        self._asker: IAsker | None = asker  # None once it is all over
        self._channel: StreamChannel | None = None
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._reused = False
        self._spent = False  # some of the body, or its end, is sent, and could not be sent again
        self._heard = False  # a byte came
        self._begun = False  # the head of the response came
        self._hesitant = False  # the body waits for the origin's leave
        self._interim = 0  # responses of status 1xx
        self._spell: float | None = None  # how long the origin keeps the connection, where it says it

    def start(self) -> None:
        """See L{IQuestion}."""
        channel = self._origin.taken()
        if channel is not None:
            self._reused = True
            self._connected(channel)
        else:
            self._dial()

    def write(self, data: bytes) -> None:
        """See L{IQuestion}."""
        if self._asker is not None and self._channel is not None and self._takes_body:
            self._spent = True
            self._progress()
            self._send(h11.Data(data=data))

    def end(self) -> None:
        """See L{IQuestion}."""
        if self._asker is not None and self._channel is not None and self._takes_body:
            self._spent = True
            self._progress()
            self._send(h11.EndOfMessage())

    def hold(self) -> None:
        """See L{IQuestion}."""
        if self._channel is not None:
            self._channel.hold()

    def resume(self) -> None:
        """See L{IQuestion}."""
        if self._channel is not None:
            self._channel.resume()

    def abort(self) -> None:
        """See L{IQuestion}."""
        self._asker = None
        self._origin.wheel.take(self)
        channel = self._released()
        if channel is not None:
            channel.abort()

    def due(self, now: float) -> float | None:
        """The origin gave no leave, or no response, in time; called by the wheel."""
        if self._asker is None:
            return None
        if self._hesitant:
            self._hesitant = False
            self._asker.ready()
            return now + self._request.patience if self._request.patience else None
        why = ConnectError(f"{self._origin}: no response in {self._request.patience:g} s")
        self._fail(504, "the backend did not answer in time", "RFC 9110 section 15.6.5", why)
        return None

    # The connection

    def _dial(self) -> None:
        self._reused = False
        self._origin.dial().addCallbacks(self._connected, self._unreachable)

    def _unreachable(self, why: Failure) -> None:
        if why.check(ConnectError):
            because: Any = why.value
        else:
            because = ConnectError(f"{self._origin}: {why.getErrorMessage()}")
        self._fail(504, "the backend cannot be reached", "RFC 9110 section 15.6.5", because)

    def _connected(self, channel: StreamChannel) -> None:
        asker, request = self._asker, self._request
        if asker is None:  # nobody waits any more
            self._origin.keep(channel)
            return
        self._channel, channel.receiver = channel, self
        try:
            self._send(h11.Request(method=request.method, target=request.target, headers=self._fields()))
        except h11.LocalProtocolError as why:
            self._fail(400, "a request that cannot be passed on", "RFC 9110 section 15.5.1", why)
            return
        if request.length == 0:
            self._send(h11.EndOfMessage())
        self._progress()
        channel.resume()
        if request.length == 0 or self._asker is None:
            return
        expect = next((value for name, value in request.fields if name.lower() == b"expect"), b"")
        if expect.lower() == b"100-continue":
            self._hesitant = True
            self._origin.wheel.put(self, self._origin.wheel.now() + LEAVE)
        else:
            asker.ready()

    def _fields(self) -> list[tuple[bytes, bytes]]:
        request = self._request
        fields = [(b"Host", self._origin.host), *request.fields]
        if request.upgrade:
            fields += [(b"Upgrade", request.upgrade.encode()), (b"Connection", b"Upgrade")]
        elif not self._origin.kept:
            fields.append((b"Connection", b"close"))
        if request.length is None:
            fields.append((b"Transfer-Encoding", b"chunked"))
        elif request.length or request.method in ("POST", "PUT", "PATCH"):  # RFC 9110 section 8.6
            fields.append((b"Content-Length", b"%d" % request.length))
        return fields

    @property
    def _takes_body(self) -> bool:
        return self._connection.our_state is h11.SEND_BODY

    def _send(self, event: Any) -> None:
        assert self._channel is not None
        data = self._connection.send(event)
        if data:
            self._channel.send(data, _BINARY)

    def _progress(self) -> None:
        """Something happens: the origin's time begins anew."""
        if self._request.patience and not self._begun:
            self._origin.wheel.put(self, self._origin.wheel.now() + self._request.patience)

    def _released(self) -> StreamChannel | None:
        """Have nothing more to do with the connection, and return it."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.receiver = None
        return channel

    # What the origin says

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._heard = True
        self._connection.receive_data(data)
        self._read()

    def ended(self) -> None:
        """See L{IReceiver}; also called where the connection is gone in good order."""
        if not self._heard:
            self._broken(ConnectError(f"{self._origin}: closed the connection without a response"))
        elif self._asker is not None:
            self._connection.receive_data(b"")
            self._read()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}; TCP has no rules to break."""

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._channel = None
        if why is None:
            self.ended()
        else:
            self._broken(ConnectError(f"{self._origin}: {why}"))

    def congested(self) -> None:
        """See L{IReceiver}."""
        if self._asker is not None:
            self._asker.congested()

    def drained(self) -> None:
        """See L{IReceiver}."""
        if self._asker is not None:
            self._progress()
            self._asker.ready()

    def _read(self) -> None:
        """Tell the asker what came."""
        try:
            while self._asker is not None:
                event = self._connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                if isinstance(event, h11.Data):
                    self._asker.body(bytes(event.data))
                elif isinstance(event, h11.Response):
                    self._answered(self._asker, event)
                elif isinstance(event, h11.InformationalResponse):
                    self._informed(self._asker, event)
                elif isinstance(event, h11.EndOfMessage):
                    self._whole(self._asker)
                else:  # ConnectionClosed, in the place of a response
                    self._broken(ConnectError(f"{self._origin}: closed the connection without a response"))
        except h11.RemoteProtocolError as why:
            because = ConnectError(f"{self._origin}: {why}")
            self._fail(502, "the backend's response is no good", "RFC 9110 section 15.6.3", because)

    def _answered(self, asker: IAsker, event: h11.Response) -> None:
        self._begun, self._hesitant = True, False
        self._origin.wheel.take(self)
        said = dict(event.headers)
        spell = _SPELL.search(said.get(b"keep-alive", b""))
        self._spell = float(spell[1]) if spell else None
        length = None if b"transfer-encoding" in said else said.get(b"content-length")
        asker.answered(event.status_code, event.headers.raw_items(), None if length is None else int(length))

    def _informed(self, asker: IAsker, event: h11.InformationalResponse) -> None:
        self._progress()
        self._interim += 1
        if self._interim > MOST_INTERIM:
            raise h11.RemoteProtocolError(f"more than {MOST_INTERIM} responses of status 1xx")
        if event.status_code == 101:
            self._switched(asker, event)
        elif event.status_code != 100:
            asker.informed(event.status_code, event.headers.raw_items())
        elif self._hesitant:
            self._hesitant = False
            asker.ready()

    def _switched(self, asker: IAsker, event: h11.InformationalResponse) -> None:
        self._asker = None
        self._origin.wheel.take(self)
        early, _ = self._connection.trailing_data
        channel = self._released()
        assert channel is not None
        channel.hold()
        if early:
            channel.dataReceived(early)
        asker.switched(event.headers.raw_items(), channel)

    def _whole(self, asker: IAsker) -> None:
        """The response is over; keep the connection where the next one can have it."""
        self._asker = None
        self._origin.wheel.take(self)
        connection, channel = self._connection, self._released()
        if channel is not None:
            done = connection.our_state is h11.DONE and connection.their_state is h11.DONE
            if done and not connection.trailing_data[0] and channel.open:
                self._origin.keep(channel, self._spell)
            else:
                channel.drop()
        asker.body_ended()

    def _broken(self, why: ConnectError) -> None:
        """The connection is gone too early. Where it may have been given up before it had the request,
        ask again over a new one (RFC 9112 section 9.3.1)."""
        if self._asker is None:
            return
        again = self._reused and not self._heard and not self._spent
        if again and self._request.method in _IDEMPOTENT:
            channel = self._released()
            if channel is not None:
                channel.drop()
            self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
            if self._request.length != 0:
                self._asker.congested()
            self._origin.wheel.take(self)
            self._dial()
        else:
            self._fail(502, "the backend closed the connection", "RFC 9110 section 15.6.3", why)

    def _fail(self, status: int, what: str, rule: str, because: Exception) -> None:
        asker = self._asker
        if asker is not None:
            self.abort()
            asker.failed(BadRequest(status, what, rule=rule), because)
