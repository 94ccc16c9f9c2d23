# -*- test-case-name: tests.transports.test_arrivals,tests.transports.test_doorman_upgrades -*-
"""A client at the door, while the service decides whether to let it in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.callers import Caller
from kaazing.wire.extended import HANDSHAKE
from kaazing.wire.heads import Head, subprotocols

_log = Logger(namespace="kaazing.arrivals")

# Made anew each time: an error object that is raised again keeps every traceback it ever had.
_unreachable = partial(BadRequest, 502, "the backend cannot be reached", rule="RFC 9110 section 15.6.3")
failed = partial(BadRequest, 500, "the service failed", rule="RFC 9110 section 15.6.1")
not_found = partial(BadRequest, 404, "no service here", rule="no accept has this host and path")
forbidden = partial(
    BadRequest, 403, "pages of that origin may not come in", rule="no cross-site-constraint allows it"
)
only_inside = partial(
    BadRequest,
    403,
    "only clients that log in inside the WebSocket, or by another way, may come in",
    rule="docs/protocols/login.md",
)
too_slow = partial(BadRequest, 408, "no whole request in time", rule="RFC 9110 section 15.5.9")


def visit(head: Head, caller: Caller) -> Visit:
    """Return what a request says to a service."""
    return Visit(
        peer=caller.peer,
        secure=caller.secure,
        path=head.path,
        query=head.query,
        headers=head.headers,
        subprotocols=tuple(name for name in subprotocols(head) if name != HANDSHAKE),  # it is no service's
        certificate=caller.certificate,
        client=caller.client,
    )


def ask(
    service: Any,
    visit: Visit,
    let_in: Callable[[Welcome], None],
    turn_away: Callable[[BadRequest], None],
    broken: Callable[[], None],
) -> bool:
    """Ask a service about a visit; return whether it answered at once.

    Args:
        service: an IService.
        let_in: gets its welcome.
        turn_away: gets what the client is told, where there is none.
        broken: called where C{let_in} failed; the log says why.
    """
    try:
        welcome = service.invite(visit)
    except Exception:
        turn_away(_told(Failure()))
        return True
    if not isinstance(welcome, Deferred):
        let_in(welcome)
        return True
    welcome.addCallbacks(let_in, lambda why: turn_away(_told(why)))
    welcome.addErrback(_say, broken)
    return False


def _told(why: Failure) -> BadRequest:
    if isinstance(why.value, BadRequest):
        return why.value
    if why.check(ConnectError):
        return _unreachable()
    _log.failure("a service failed to answer a visit", why)
    return failed()


def _say(why: Failure, broken: Callable[[], None]) -> None:
    _log.failure("a service failed with a client that was let in", why)
    broken()
