# -*- test-case-name: tests.brokers.test_line -*-
"""One of the connections to a broker: made, and made again whenever it is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from kaazing.brokers.backoff import Backoff
from kaazing.config.model import Uri
from kaazing.errors import BrokerRefused, ConnectError, GatewayError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import IBrokerLink, IBrokerType, Post

STEADY = 10.0
"""Seconds after which a connection has proved that it is one: when it is lost, waits begin anew."""

PATIENCE = 45.0
"""Seconds after which a sort of broker that neither connects nor says why is not listened to any more."""

CLOSING = 5.0
"""Seconds that a link has to end in good order."""

_log = Logger(namespace="kaazing.brokers")


@dataclass(slots=True, kw_only=True)
class Plan:
    """What all lines of a broker have in common; see L{Post} and L{kaazing.brokers.broker.Broker}.

    Attributes:
        login: None for that of each URI, or none.
        delay: seconds that the first wait after a loss may last.
        said: what was complained of last, by place: nobody is told the same at each try.
    """

    kind: IBrokerType
    uris: Sequence[Uri]
    login: Login | None
    dial: Callable[[Any], Any]
    clock: Any
    client_id: str
    properties: Mapping[str, Any]
    complain: Callable[[str], None]
    delay: float
    random: Callable[[], float]
    said: dict[Uri, str] = field(default_factory=dict)

    def post(
        self, number: int, lost: Callable[[Any, Exception], None], drained: Callable[[Any], None]
    ) -> Post:
        """Return what the broker's sort is given for one line; each has a client id of its own, its number in
        front, since what it ends with may be a user's name."""
        return Post(
            dial=self.dial,
            clock=self.clock,
            client_id=f"{number + 1}-{self.client_id}" if number else self.client_id,
            properties=self.properties,
            lost=lost,
            drained=drained,
            complain=self.complain,
        )

    def login_at(self, uri: Uri) -> Login | None:
        """Return who the gateway is at a place: the login, or else that of the URI."""
        if self.login is not None or uri.credentials is None:
            return self.login
        return Login(username=uri.credentials.user, password=uri.credentials.password)

    def tell(self, uri: Uri, sentence: str) -> None:
        """Complain of a place, unless that was said last."""
        if self.said.get(uri) != sentence:
            self.said[uri] = sentence
            self.complain(sentence)


class ILines(Protocol):
    """Who has lines."""

    def places(self, line: Line) -> Sequence[Uri]:
        """Return where a line is to connect to now, in order; none where it is to wait to be begun again."""

    def came(self, line: Line) -> None:
        """A line has a link."""

    def went(self, line: Line) -> None:
        """A line has its link no more."""

    def drained(self) -> None:
        """A link has room again."""

    def refused(self, why: str) -> None:
        """The broker does not let a line in."""


class Line:
    """See the module.

    Attributes:
        number: from 0.
        link: None while there is none.
        uri: where C{link} leads, or led.
        again: whether there was a link before.
    """

    def __init__(self, number: int, plan: Plan, owner: ILines) -> None:
        self.number = number
        self.link: IBrokerLink | None = None
        self.uri: Uri | None = None
        self.again = False
        self._plan, self._owner = plan, owner
        self._post = plan.post(number, self._lost, self._drained)
        self._backoff = Backoff(plan.delay, plan.random)
        self._name = f"connection {number + 1} " if number else ""
        self._left: list[Uri] = []
        self._refused = False
        self._dialling: Deferred[Any] | None = None
        self._early: tuple[IBrokerLink, Exception] | None = None  # lost before anybody knew it
        self._timer: Any = None
        self._since = 0.0
        self._stopped = False

    def begin(self) -> None:
        """Connect, unless that is under way."""
        if self._stopped or self.link or self._dialling or self._timer:
            return
        self._left, self._refused = [*self._owner.places(self)], False
        if self._left:
            self._next()

    def stop(self) -> None:
        """Connect no more; a link stays until L{close}, or until it is lost."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._dialling is not None:
            self._dialling.cancel()

    def close(self) -> Deferred[Any]:
        """End the link, within C{CLOSING}; return a Deferred."""
        link, self.link = self.link, None
        if link is None:
            return succeed(None)
        return _ended(link, self._plan.clock)

    def _next(self) -> None:
        if not self._left:
            self._later()
            return
        uri = self._left.pop(0)
        plan = self._plan
        dialling = maybeDeferred(plan.kind.connect, uri, plan.login_at(uri), self._post)
        self._dialling = dialling.addTimeout(PATIENCE, plan.clock, _impatient)
        dialling.addCallbacks(self._made, self._failed, (uri,), errbackArgs=(uri,))
        dialling.addErrback(lambda why: _log.failure("broker {uri}", why, uri=uri.shown))

    def _made(self, link: IBrokerLink, uri: Uri) -> None:
        self._dialling = None
        early, self._early = self._early, None
        if early is not None and early[0] is link:
            if not self._stopped:
                self._failed(Failure(early[1]), uri)
            return
        if self._stopped or uri not in self._owner.places(self):  # another line has found another place
            _ended(link, self._plan.clock)
            self._later()
            return
        self.again = self.uri is not None
        self.link, self.uri, self._since = link, uri, self._plan.clock.seconds()
        self._plan.said.pop(uri, None)
        product = f" ({link.peer})" if link.peer else ""
        self._plan.complain(
            f"the broker at {uri.shown}{product}: {self._name}connected{' again' if self.again else ''}"
        )
        self._owner.came(self)

    def _failed(self, failure: Failure, uri: Uri) -> None:
        self._dialling = self._early = None
        if self._stopped:
            return
        why = failure.value
        if isinstance(why, BrokerRefused):
            self._refused = True
            self._owner.refused(str(why))
            self._plan.tell(uri, f"the broker at {uri.shown} refuses the gateway: {why}")
        else:
            if not isinstance(why, GatewayError):
                _log.failure("broker {uri}", failure, uri=uri.shown)
            told = str(why) if isinstance(why, GatewayError) else "see the log"
            told = told.removeprefix(f"{uri.shown}: ")  # which a dialler says, too
            self._plan.tell(uri, f"the broker at {uri.shown} is not there: {told}")
        self._next()

    def _later(self) -> None:
        if self._stopped:
            return
        if self._refused:
            self._backoff.slow()
        self._timer = self._plan.clock.callLater(self._backoff.next(), self._again)

    def _again(self) -> None:
        self._timer = None
        self.begin()

    def _lost(self, link: IBrokerLink, why: Exception) -> None:
        if link is not self.link:
            if self._dialling is not None:
                self._early = link, why
            return
        assert self.uri is not None
        self.link = None
        if self._plan.clock.seconds() - self._since >= STEADY:
            self._backoff.reset()
        self._plan.complain(f"the broker at {self.uri.shown}: {self._name}lost: {why}")
        self._refused = False
        self._later()
        self._owner.went(self)

    def _drained(self, link: IBrokerLink) -> None:
        if link is self.link:
            self._owner.drained()


def _impatient(result: object, timeout: float) -> Failure:
    return Failure(ConnectError(f"it has not answered within {timeout:g} seconds"))


def _ended(link: IBrokerLink, clock: Any) -> Deferred[Any]:
    """End a link; return a Deferred that does not fail."""
    ending: Deferred[Any] = maybeDeferred(link.close).addTimeout(CLOSING, clock)
    return ending.addErrback(lambda why: None)
