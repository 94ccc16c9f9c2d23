# -*- test-case-name: tests.services.jms.test_sending -*-
"""What one client sends: in order, answered when the broker has taken it, and only so much at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, FirstError, gatherResults, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from kaazing.errors import BrokerRefused, GatewayError, Side
from kaazing.interfaces.brokers import Destination, Message, Outcome, Work
from kaazing.interfaces.servers import Commit, Send
from kaazing.wire.destinations import is_pattern

if TYPE_CHECKING:
    from kaazing.services.jms.client import Client

_log = Logger(namespace="kaazing.jms")


def sentence(why: Failure) -> str:
    """Return what a client is told of a failure, of several the first."""
    while isinstance(why.value, FirstError):
        why = why.value.subFailure
    if why.check(GatewayError):
        return str(why.value)
    _log.failure("a request of a client failed", why)
    return "the service failed"


class Sending:
    """The messages of one client that the broker has not taken yet."""

    __slots__ = ("_client", "_goodbye", "_pending", "_waiting")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pending = 0
        self._waiting: deque[Callable[[], None]] | None = None  # for a temporary destination to be made
        self._goodbye: Callable[[], None] | None = None

    def send(self, request: Send) -> None:
        """Send a message."""
        self._client.tell(Side.FRONT, "SEND")
        self._begin(1, lambda: self._send(request))

    def commit(self, request: Commit) -> None:
        """Do a transaction."""
        self._client.tell(Side.FRONT, "COMMIT")
        self._begin(max(len(request.sends), 1), lambda: self._commit(request))

    def leave(self, then: Callable[[], None]) -> None:
        """Call C{then} when the broker has taken all there is, or refused it."""
        if self._pending:
            self._goodbye = then
        else:
            then()

    def look(self) -> None:
        """Read the client, or not, as far as there is room for what it sends."""
        client = self._client
        client.hold(self._pending >= client.options.pending_sends or not client.share.broker.room())

    def _begin(self, count: int, begin: Callable[[], None]) -> None:
        self._pending += count
        self.look()
        if self._waiting is None:
            begin()
        else:
            self._waiting.append(begin)

    def _over(self, count: int) -> None:
        self._pending -= count
        if self._client.left:
            return
        self.look()
        if not self._pending and self._goodbye is not None:
            then, self._goodbye = self._goodbye, None
            then()

    # One message

    def _send(self, request: Send) -> None:
        try:
            addressed = self._addressed([request.message])
        except GatewayError as why:
            self._refuse(Failure(why), request, 1)
            return
        if isinstance(addressed, Deferred):
            self._wait(addressed, lambda messages: self._publish(messages[0], request), request, 1)
        else:
            self._publish(addressed[0], request)

    def _publish(self, message: Message, request: Send) -> None:
        published: Deferred[Any] = self._client.share.broker.publish(
            message, waits=request.receipt is not None, sender=self._client
        )
        published.addCallbacks(
            self._taken, self._refuse, callbackArgs=(request, 1), errbackArgs=(request, 1)
        )  # fmt: skip

    def _taken(self, result: Any, request: Send | Commit, count: int) -> None:
        if request.receipt is not None:
            self._client.serving.done(request)
        self._over(count)

    def _refuse(self, why: Failure, request: Send | Commit, count: int) -> None:
        self._client.refuse(request, sentence(why))
        self._over(count)

    # A transaction

    def _commit(self, request: Commit) -> None:
        count = max(len(request.sends), 1)
        try:
            addressed = self._addressed(request.sends)
        except GatewayError as why:
            self._refuse(Failure(why), request, count)
            return
        if isinstance(addressed, Deferred):
            self._wait(addressed, lambda messages: self._perform(messages, request), request, count)
        else:
            self._perform(addressed, request)

    def _perform(self, messages: Sequence[Message], request: Commit) -> None:
        client, count = self._client, max(len(request.sends), 1)
        accepted: list[tuple[Any, Any]] = []
        for each in request.settles:
            held = client.subscriptions.get(each.id)
            if held is None:
                why = BrokerRefused("a subscription that the transaction acknowledges messages of has ended")
                self._refuse(Failure(why), request, count)
                return
            if each.outcome is Outcome.ACCEPTED:
                accepted += held.accepting(each.tags)
        if not messages and not accepted:
            self._performed(None, request, count)
            return
        done: Deferred[Any] = client.share.broker.perform(Work(messages, accepted), sender=client)
        done.addCallback(self._performed, request, count).addErrback(self._refuse, request, count)

    def _performed(self, result: Any, request: Commit, count: int) -> None:
        for each in request.settles:
            held = self._client.subscriptions.get(each.id)
            if held is None:
                continue  # its end came between; what was not accepted went back with it
            if each.outcome is Outcome.ACCEPTED:
                held.settled(each.tags)
            else:
                held.settle(each.tags, each.outcome)
        self._taken(None, request, count)

    # Where to

    def _wait(
        self, addressed: Deferred[Any], then: Callable[[Any], None], request: Send | Commit, count: int
    ) -> None:
        """Send nothing else before the temporary destinations that a message names are made."""
        self._waiting = deque()
        addressed.addCallbacks(then, self._refuse, errbackArgs=(request, count))
        addressed.addBoth(self._go_on)

    def _go_on(self, result: Any) -> None:
        if isinstance(result, Failure):
            _log.failure("a request of a client failed", result)
        waiting, self._waiting = self._waiting, None
        while waiting:
            waiting.popleft()()
            if self._waiting is not None:  # one of them waits itself
                self._waiting.extend(waiting)
                return

    def _addressed(self, messages: Sequence[Message]) -> list[Message] | Deferred[Any]:
        """Return messages with the broker's names of temporary destinations, or a Deferred of them.

        Raises:
            BrokerRefused: a destination is none that a message can be sent to.
        """
        made: list[Message | Deferred[Any]] = [self._of(each) for each in messages]
        if not any(isinstance(each, Deferred) for each in made):
            return [each for each in made if isinstance(each, Message)]
        waits = [each if isinstance(each, Deferred) else succeed(each) for each in made]
        gathered: Deferred[Any] = gatherResults(waits, consumeErrors=True)
        return gathered

    def _of(self, message: Message) -> Message | Deferred[Any]:
        to, back = message.destination, message.reply_to
        if is_pattern(to.name):
            raise BrokerRefused(f"{to} stands for several topics; a message is sent to one")
        to_made = self._target(to) if to.temporary else to
        back_made = self._own(back) if back is not None and back.temporary else back
        if isinstance(to_made, Deferred) or isinstance(back_made, Deferred):
            both = [
                succeed(each) if not isinstance(each, Deferred) else each for each in (to_made, back_made)
            ]
            gathered: Deferred[Any] = gatherResults(both, consumeErrors=True)
            return gathered.addCallback(lambda found: _sent(message, *found))
        if to_made is to and back_made is back:
            return message
        return _sent(message, to_made, back_made)

    def _target(self, to: Destination) -> Destination | Deferred[Any]:
        own = self._client.temporaries.find(to)
        if own is not None:
            return own.made or own.ask()
        if to not in self._client.share.known:
            raise BrokerRefused(f"{to}: there is no such temporary destination, or it was named long ago")
        return to

    def _own(self, back: Destination) -> Destination | Deferred[Any]:
        """Return the broker's name of what is to be replied to: the client's own, or one that it was told."""
        own = self._client.temporaries.find(back)
        if own is None and back in self._client.share.known:
            return back
        own = own or self._client.temporaries.want(back)
        return own.made or own.ask()


def _sent(message: Message, to: Destination, back: Destination | None) -> Message:
    return replace(message, destination=to, reply_to=back)
