# -*- test-case-name: tests.transports.test_doorman,tests.transports.test_doorman_logins -*-
"""Reads request heads on one connection, routes each, and hands requests on.

Every request of a kept-alive or pipelined connection is read, routed and checked anew. One request
at a time goes to twisted.web, as it came, or becomes an exchange, which streams both ways; a WebSocket
handshake is answered, and the WebSocket has the connection then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from kaazing.errors import BadRequest
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.arrivals import ask, failed, forbidden, not_found, only_inside, visit
from kaazing.transports.callers import belongs_to, caller
from kaazing.transports.doorstep import HEAD_TIMEOUT, Doorstep
from kaazing.transports.exchange import PRIVATE, Exchange, Fields
from kaazing.transports.handshakes import ServerSocket
from kaazing.transports.intake import UNBOUNDED, Intake
from kaazing.transports.opening import Opening
from kaazing.transports.routes import LOGIN, Entry, Route, origin_allowed, preflight, public, sharing
from kaazing.wire.addresses import split
from kaazing.wire.extended import HANDSHAKE
from kaazing.wire.heads import Head, peek, plain_head, upgrade_required, websocket_fault

MOST_WAITING = 64 * 1024  # bytes of later requests taken while one is being answered
MOST_BODY = 1024 * 1024  # bytes of a request's body for twisted.web, framing included

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"  # RFC 9110 section 10.1.1


class Doorman(Doorstep):
    """See the module."""

    def dataReceived(self, data: bytes) -> None:
        """See L{Protocol}."""
        if self._closing:
            return
        if self._served and not self._data and not self._waiting and self._body is None:
            self.wheel.put(self, self.wheel.now() + HEAD_TIMEOUT)
        self._data += data
        self._go_on()

    def answered(self) -> None:
        """The response to the last request is done; called by the channel."""
        self._waiting = False
        if self._closing:
            return
        self.wheel.put(self, self.wheel.now() + (HEAD_TIMEOUT if self._data else self.site.keepalive))
        self._go_on()

    def drained(self) -> None:
        """The client has taken its answers; called by the channel."""
        self._go_on()

    def pauseProducing(self) -> None:
        """Much of what exchanges wrote waits to be sent; called by the transport."""
        self._congested = True
        if self._exchange is not None and self._exchange.taker is not None:
            self._exchange.taker.congested()

    def resumeProducing(self) -> None:
        """All is sent; called by the transport."""
        self._congested = False
        if self._exchange is not None and self._exchange.taker is not None:
            self._exchange.taker.drained()
        self._go_on()

    def stopProducing(self) -> None:
        """The transport is gone; connectionLost tells the rest."""

    def resumed(self) -> None:
        """The body of the exchange is wanted again; called by the exchange."""
        if self._body is not None:  # its pace counts from now on
            self._body.look()
            self.wheel.put(self, self.wheel.now() + HEAD_TIMEOUT)
        self._encourage()
        self.transport.resumeProducing()
        self._go_on()

    def exchanged(self, closes: bool) -> None:
        """The exchange is over; called by it."""
        self._exchange = None
        if closes:
            self._body, self._waiting = None, True  # an answer has been given
            self._close()
        else:
            self.answered()

    def _go_on(self) -> None:
        if self._going:
            return
        self._going = True
        if self._full:
            self._full = False
            self.transport.resumeProducing()
        head = None
        try:
            while self._data and not self._closing:
                head = None
                if self._body is not None:
                    if self._exchange is None:
                        self._pass_body(self._body)
                    elif self._exchange.held:
                        return
                    else:
                        self._stream_body(self._body, self._exchange)
                elif self._waiting or self._congested or (self._http is not None and self._http.congested):
                    if len(self._data) > MOST_WAITING:
                        self._full = True
                        self.transport.pauseProducing()
                    return
                elif (head := peek(self._data)) is None:
                    return
                elif self.unwelcome is not None:
                    raise self.unwelcome
                elif head.upgrade:
                    self._upgrade(head)
                else:
                    self._serve(head)
        except BadRequest as why:
            self._refuse(why, page=head is None or head.method != "HEAD")
        finally:
            self._going = False

    # Plain requests

    def _serve(self, head: Head) -> None:
        found = self.routes.plain(head)
        below = found is None or not (found[1] == "" or found[1].startswith(";"))
        if below and self.routes.only_websocket(head):
            raise upgrade_required()
        if found is None:
            raise not_found()
        route, rest = found
        who = caller(head, self.transport, self.secure, route.trusted)
        asks = preflight(head)
        if not (asks or public(route, rest) or origin_allowed(head, route, who)):
            raise forbidden()
        whole = head.path == "*" and route.entry is None  # asks about us (RFC 9110 section 9.3.7)
        if asks or whole:
            self._begin_exchange(Exchange(self, head, who, route, rest), None)
        elif route.login is not None and rest.startswith(LOGIN[1:]):
            self._begin_exchange(Exchange(self, head, who, route, rest), route.login)
        elif route.entry is None and route.resource is None:
            raise not_found()
        elif route.guard is None or route.asks:
            self._pass_on(Exchange(self, head, who, route, rest))
        else:
            go_on = partial(self._admitted, Exchange(self, head, who, route, rest))
            self._admit(route.guard.outer, visit(head, who), go_on, sharing(head, route, who))

    def _admitted(self, exchange: Exchange, visit: Visit) -> None:
        """Hand a request on without what its client logged in by; the answer is for that client alone."""
        head = exchange.head
        exchange.subject, exchange.fields = visit.subject, visit.fields
        exchange.stay = partial(exchange.route.service.stay, visit=visit)
        exchange.head = replace(head, headers=dict(visit.headers), query=visit.query)
        self._pass_on(exchange)

    def _pass_on(self, exchange: Exchange) -> None:
        if exchange.route.entry is not None:
            self._begin_exchange(exchange, exchange.route.entry)
        else:
            self._hand_on(exchange)

    def _begin(self, head: Head) -> None:
        """A request's head is read; what follows is its body."""
        body = Intake(head, MOST_BODY)
        del self._data[: head.length]
        self._served = self._waiting = True
        self._body = None if body.done else body

    def _hand_on(self, exchange: Exchange) -> None:
        """Let twisted.web serve a request."""
        head = exchange.head
        raw = plain_head(head, self._data)
        Intake(head, MOST_BODY).check()
        self._begin(head)
        if self._http is None:
            self._produce(False)
            self._http = self.site.channel(self, self.transport)
        self._http.route, self._http.head, self._http.caller = exchange.route, head, exchange.caller
        self._http.fields = (*exchange.fields, PRIVATE) if exchange.subject is not None else exchange.fields
        self._http.dataReceived(raw)

    def _begin_exchange(self, exchange: Exchange, entry: Entry | None) -> None:
        """Let an entry answer a request; without one the answer is a head alone."""
        head = exchange.head
        self._begin(head)
        if self._http is not None:
            self._http.leave()
            self._http = None
        self._produce(True)
        self._exchange = exchange
        exchange.body_done = self._body is None
        if entry is None:
            exchange.answer(200, ())
            return
        try:
            entry.serve(exchange)
        except BadRequest as why:
            exchange.refuse(why)
        except Exception:
            self.log.failure("a service failed to serve a request")
            exchange.refuse(failed())
        if not exchange.open:
            return
        if self._body is not None:
            self._body.most = exchange.most_body if exchange.most_body is not None else UNBOUNDED
            self._body.check()
            self._hesitant = (
                head.version == "1.1" and head.headers.get("expect", "").lower() == "100-continue"
            )
            self._encourage()
        elif exchange.taker is not None:
            exchange.taker.body_ended()

    def _encourage(self) -> None:
        """Give a client leave to send its body, once it is wanted (RFC 9110 section 10.1.1)."""
        exchange = self._exchange
        if self._hesitant and exchange is not None and not exchange.held:
            self._hesitant = False
            if not exchange.begun:
                self.transport.write(_CONTINUE)

    def _pass_body(self, body: Intake) -> None:
        raw = bytes(self._data)
        if body.take(self._data):
            self._body = None
        assert self._http is not None
        self._http.dataReceived(raw[: len(raw) - len(self._data)])

    def _stream_body(self, body: Intake, exchange: Exchange) -> None:
        pieces: list[bytes] = []
        try:
            exchange.body_done = body.take(self._data, pieces)
        finally:  # what came before a fault passes, wherever the stream was cut
            if exchange.body_done:
                self._body = None
            if exchange.taker is not None and pieces:
                exchange.taker.body(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if exchange.body_done and exchange.taker is not None:
            exchange.taker.body_ended()

    # Upgrades

    def _upgrade(self, head: Head) -> None:
        route = self.routes.websocket(head)
        if route is None:
            raise not_found()
        if route.upgrades:
            self._serve(head)
            return
        fault = websocket_fault(head)
        if fault is not None:
            raise fault
        who = caller(head, self.transport, self.secure, route.trusted)
        if not origin_allowed(head, route, who):
            raise forbidden()
        belongs_to(self.transport, who)
        if who.relayed and self.gate is not None:
            why = self.gate.introduce(self.transport, split(who.peer)[0])
            if why is not None:
                raise why
        if route.sockets is not None and route.sockets.extends(head):
            extend = partial(self._extend, head, route)
            if route.guard is None or route.guard.inside:
                extend(visit(head, who))
            else:
                self._admit(route.guard, visit(head, who), extend)
            return
        let_in, turn_away = partial(self._let_in, head, route), partial(self._turn_away, route)
        if (
            not ask(route.service, visit(head, who), let_in, turn_away, self.transport.abortConnection)
            and not self._closing
        ):
            self._wait()

    def _let_in(self, head: Head, route: Route, welcome: Welcome) -> None:
        if self._closing:
            route.service.declined(welcome)
            return
        socket = self._open(head, route, welcome.subprotocol, welcome.fields)
        route.service.accepted(socket, welcome)

    def _extend(self, head: Head, route: Route, visit: Visit) -> None:
        """Let the client ask the service once more inside the WebSocket."""
        socket = self._open(head, route, HANDSHAKE, visit.fields)
        Opening(socket, route.service, head, replace(visit, fields=())).begin()

    def _open(self, head: Head, route: Route, chosen: str | None, more: Fields) -> ServerSocket:
        """Answer a WebSocket handshake; return its socket, held, which has the connection then."""
        del self._data[: head.length]
        transport = self.transport
        transport.pauseProducing()
        assert route.sockets is not None
        socket = route.sockets.socket(transport, head)
        rest = self._give_away(socket)
        socket.answer(head, chosen, more)
        if rest:
            socket.dataReceived(rest)
        return socket

    def _turn_away(self, route: Route, why: BadRequest) -> None:
        if why.status == 401 and route.guard is not None and route.guard.inside:
            why = only_inside()  # nobody would see the challenge
        self._waiting = False
        if not self._closing:
            self._refuse(why)

    # Logging in, where it comes before all else

    def _admit(self, guard: Any, visit: Visit, go_on: Callable[[Visit], None], fields: Fields = ()) -> None:
        """Ask an L{IGuard} about a visit; C{go_on} gets the visit of a client that is let in.

        Args:
            fields: more header fields of an answer that refuses it.

        Raises:
            BadRequest: it is not let in.
        """
        try:
            admitted = guard.admit(visit)
        except BadRequest as why:
            raise _with_fields(why, fields) from why
        except Exception:
            self.log.failure("nobody could say whether a client may come in")
            raise failed() from None
        if not isinstance(admitted, Deferred):
            go_on(admitted)
            return
        self._wait()
        admitted.addBoth(self._judged, go_on, fields)

    def _wait(self) -> None:
        """Read nothing until somebody has decided."""
        self._waiting = True
        self.transport.pauseProducing()

    def _judged(self, said: Visit | Failure, go_on: Callable[[Visit], None], fields: Fields) -> None:
        """The guard has made up its mind."""
        if self._closing:
            return
        self._waiting, self._going = False, True
        self.transport.resumeProducing()
        try:
            if isinstance(said, Failure):
                said.raiseException()
            else:
                go_on(said)
        except BadRequest as why:
            self._refuse(_with_fields(why, fields))
        except Exception:
            self.log.failure("nobody could say whether a client may come in")
            self._refuse(failed())
        finally:
            self._going = False
        self._go_on()


def _with_fields(why: BadRequest, fields: Fields) -> BadRequest:
    return BadRequest(why.status, why.what, rule=why.rule, headers=[*why.headers, *fields]) if fields else why
