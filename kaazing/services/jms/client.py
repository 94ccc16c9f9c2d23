# -*- test-case-name: tests.services.jms.test_client -*-
"""One client of a jms service: what it asks for, and what it holds until it goes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.closecodes import POLICY
from kaazing.errors import BrokerRefused, GatewayError, Side
from kaazing.interfaces.brokers import Message
from kaazing.interfaces.servers import (
    Commit,
    Connect,
    Goodbye,
    IClient,
    IServing,
    Request,
    Send,
    Settle,
    Subscribe,
    Unsubscribe,
)
from kaazing.services.jms import subscribing
from kaazing.services.jms.options import ClientOptions
from kaazing.services.jms.sending import Sending, sentence
from kaazing.services.jms.shares import Share
from kaazing.services.jms.subscribing import Held
from kaazing.services.jms.temporaries import Temporaries
from kaazing.wire.selectors import Selector

if TYPE_CHECKING:
    from kaazing.services.jms.service import JmsService

TOO_MUCH = "too slow: more bytes wait for it, or to be acknowledged, than may"


@implementer(IClient)
class Client:
    """See L{IClient}.

    Attributes:
        serving: the client's end; set before it is started.
        share: the connections to the broker that are its own too; set when it has been let in.
        options: what it is held to.
        user: who it is; empty where nobody knows.
        client_id: to which its durable subscriptions belong; empty for none.
        subscriptions: those that are open, by id.
        left: whether it is gone.
    """

    __slots__ = (
        "_held", "_out", "_overfull", "_selectors", "_sending", "_service", "_temporaries", "client_id",
        "entering", "left", "options", "serving", "share", "subscriptions", "user",
    )  # fmt: skip

    serving: IServing
    share: Share

    def __init__(self, service: JmsService, options: ClientOptions) -> None:
        self._service, self.options = service, options
        self.user = self.client_id = ""
        self.subscriptions: dict[Hashable, Held] = {}
        self.left = self._held = self._overfull = False
        self._out = 0  # bytes of deliveries
        self.entering: Any = None  # what only its login needs
        self._sending: Sending | None = None  # most clients of a topic send nothing
        self._temporaries: Temporaries | None = None
        self._selectors: dict[Hashable, int] | None = None  # what each costs; some may have ended

    @property
    def temporaries(self) -> Temporaries:
        """Its temporary destinations."""
        if self._temporaries is None:
            self._temporaries = Temporaries(self)
        return self._temporaries

    @property
    def sending(self) -> Sending:
        """What it sends."""
        if self._sending is None:
            self._sending = Sending(self)
        return self._sending

    def asked(self, request: Request) -> None:
        """See L{IClient}."""
        match request:
            case Send():
                self.sending.send(request)
            case Settle():
                self._settle(request)
            case Subscribe():
                self._subscribe(request)
            case Unsubscribe():
                self._unsubscribe(request)
            case Commit():
                self.sending.commit(request)
            case Connect():
                self._service.enter(self, request)
            case Goodbye():
                self.sending.leave(lambda: self._leave(request))

    # What others of the service tell it

    def refuse(self, request: Request, why: str) -> None:
        """The client does not get what it asked for."""
        if isinstance(request, Subscribe):
            self.subscriptions.pop(request.id, None)
        self.serving.refused(request, why)

    def opened(self, request: Subscribe) -> None:
        """A subscription is open."""
        self._done(request)

    def ended(self, request: Subscribe, why: str) -> None:
        """A subscription that was open is not any more."""
        self.subscriptions.pop(request.id, None)
        self.serving.fail(request.id, why)

    def supersede(self, held: Held, why: str) -> None:
        """A subscription has to end for another; one that the client has ended itself is not told."""
        held.close()
        if self.subscriptions.get(held.request.id) is held:
            self.ended(held.request, why)

    def deliver(self, id: Hashable, message: Message, tag: Hashable) -> None:
        """Send the client a message that others are not told in the same way; it may answer to it."""
        self.tell(Side.BACK, "MESSAGE")
        self.share.known.seen(message)
        self.serving.deliver(id, message, tag)

    def weigh(self, size: int) -> None:
        """Deliveries of so many bytes are out, or, below 0, no longer; a client that holds too many is sent
        away, since the broker counts messages alone."""
        self._out += size
        too_much = self._out > self.options.pending_bytes and self._out > size > 0  # one may have any size
        if too_much and not self.left:
            self._overfull = True
            self.serving.complain(GatewayError(TOO_MUCH))
            self.serving.close(POLICY, TOO_MUCH)

    def tell(self, side: Side, operation: str) -> None:
        """Count something that passed."""
        self._service.meter.add(side, operation, 1)

    def hold(self, yes: bool) -> None:
        """Read the client no more, or again, for want of room at the broker."""
        if yes != self._held:
            self._held = yes
            self.serving.hold(yes)
            self.share.room_wanted(self, yes)

    def look(self) -> None:
        """There may be room again."""
        if self._sending is not None:
            self._sending.look()

    # Subscriptions

    def _subscribe(self, request: Subscribe) -> None:
        self.tell(Side.FRONT, "SUBSCRIBE")
        try:
            subscribing.begin(self, request)
        except (GatewayError, ValueError) as why:
            self.refuse(request, str(why))

    def select(self, id: Hashable, selector: Selector | None) -> None:
        """A subscription is to begin that has a selector, or none.

        Raises:
            BrokerRefused: it is more than the client may have.
        """
        if selector is None and self._selectors is None:
            return
        costs = {each: cost for each, cost in (self._selectors or {}).items() if each in self.subscriptions}
        if selector is not None:
            costs[id] = selector.cost
        if sum(costs.values()) > self.options.selector_words:
            raise BrokerRefused(
                f"the selectors of this connection have more than {self.options.selector_words} words"
            )
        self._selectors = costs or None

    def _unsubscribe(self, request: Unsubscribe) -> None:
        try:
            ending = self._ending(request)
        except GatewayError as why:
            self.refuse(request, str(why))
            return
        ending.addCallbacks(lambda _: self._done(request), lambda why: self.refuse(request, sentence(why)))

    def _ending(self, request: Unsubscribe) -> Deferred[Any]:
        if request.id is None:
            return subscribing.forget(self, request)
        held = self.subscriptions.pop(request.id, None)
        if held is None:
            raise BrokerRefused("this subscription is not open")
        if request.durable and request.durable != held.request.durable:
            self.subscriptions[request.id] = held
            raise BrokerRefused(f"this subscription is not the durable one called {request.durable!r}")
        return held.close(forget=bool(request.durable))

    def _settle(self, request: Settle) -> None:
        held = self.subscriptions.get(request.id)
        if held is not None:
            held.settle(request.tags, request.outcome)
        self._done(request)

    def _done(self, request: Any) -> None:
        if request.receipt is not None:
            self.serving.done(request)

    # Its end

    def congested(self) -> None:
        """See L{IClient}."""
        for each in list(self.subscriptions.values()):
            each.congested()

    def drained(self) -> None:
        """See L{IClient}."""
        for each in list(self.subscriptions.values()):
            each.drained()

    def _leave(self, request: Goodbye) -> None:
        """All it sent is with the broker: end what it has open, and let it go."""
        ending = self._end(lambda each: each.close())
        ending.addBoth(lambda _: self.serving.done(request))

    def gone(self) -> None:
        """See L{IClient}."""
        self.left = True
        self._service.left(self)
        self._end(lambda each: each.close() if self._overfull else each.gone())
        if self._temporaries is not None:
            self._temporaries.close()
        if hasattr(self, "share"):
            self.share.room_wanted(self, False)
            self.share.leave()

    def _end(self, end: Callable[[Held], Deferred[Any]]) -> Deferred[Any]:
        held, self.subscriptions = list(self.subscriptions.values()), {}
        ended: Deferred[Any] = gatherResults([end(each) for each in held], consumeErrors=True)
        return ended.addErrback(self._complain)

    def _complain(self, why: Failure) -> None:
        self.serving.complain(GatewayError(f"a subscription did not end: {sentence(why)}"))
