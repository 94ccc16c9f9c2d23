# -*- test-case-name: tests.services.jms.test_entering -*-
"""What follows from CONNECT: who the client is, what it may do, and whose connection to the broker it has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.python.failure import Failure

from kaazing import __version__
from kaazing.config.model import ServiceConfig
from kaazing.errors import BadRequest, BrokerRefused
from kaazing.interfaces.adapters import AskLogin, Link, Login, NoLogin
from kaazing.interfaces.security import Subject
from kaazing.interfaces.servers import Connect
from kaazing.interfaces.services import IHouse
from kaazing.limits import Alarm
from kaazing.literals import shown
from kaazing.services.jms.sending import sentence
from kaazing.services.jms.shares import Share, Users
from kaazing.services.policies import Policies

if TYPE_CHECKING:
    from kaazing.services.jms.client import Client

_PER_USER = "maximum.connections.per.user"

_TOLD = {
    401: "the login is wrong, or missing",
    403: "you may not come in here",
    429: "too many wrong logins; come again later",
    503: "nobody can be asked who you are; come again later",
}
"""Status of a guard's answer -> what a client is told."""


class Entrance:
    """Lets the clients of one service in.

    Attributes:
        ignores: whether nobody looks at what the client says in CONNECT.
    """

    def __init__(
        self,
        config: ServiceConfig,
        house: IHouse,
        policies: Policies,
        logins: Any,
        shared: Share | None,
        users: Users,
    ) -> None:
        """
        Args:
            logins: an L{kaazing.interfaces.adapters.ILogins}, None where none are asked.
            shared: None where each login at the broker has its own share, one of C{users}.
        """
        asks = config.properties["connect.login"]
        self._inner = house.login(config) if asks == "realm" else None
        self._policies, self._logins, self._shared, self._users = policies, logins, shared, users
        self._server = f"Kaazing-Gateway/{__version__}" if config.accept_options.server_header else ""
        self._options = config.properties
        self._most = config.accept_options.limits.connections_per_user
        self._alarm = Alarm(f"service {config.name!r}", house.clock.seconds)
        self._inside: Counter[str] = Counter()  # connections of those who logged in here
        self.ignores = asks is None and shared is not None

    def enter(self, client: Client, request: Connect) -> None:
        """Answer a client's CONNECT."""
        client.client_id = request.client_id
        if self._inner is None and self._shared is not None:
            self._known(client, client.entering.subject)
            self._shared.enter()
            self._welcome(client, self._shared, None)
            return
        client.serving.hold(True)
        entering = maybeDeferred(self._enter, client, request)
        entering.addErrback(self._refused, client, request)

    def _enter(self, client: Client, request: Connect) -> Deferred[Any]:
        visit = client.entering
        if self._inner is None:
            said: Deferred[Any] = succeed(visit.subject)
        else:
            said = self._inner.login(client.serving.channel, visit, request.username, request.password)
        return said.addCallback(self._who, client, request)

    def _who(self, subject: Subject | None, client: Client, request: Connect) -> Any:
        """It is known who the client is."""
        if client.left:
            return None
        self._known(client, subject)
        policy = None
        if self._inner is not None:
            self._count(client)
            policy = self._policies.of(self._policies.roles(subject))
        if self._shared is not None:
            self._shared.enter()
            self._go_on(client, self._shared, policy)
            return None
        login = self._login(client, subject, request)
        return login.addCallback(self._users.enter).addCallback(self._arrived, client, policy)

    def _known(self, client: Client, subject: Subject | None) -> None:
        client.user = client.serving.user = subject.user if subject is not None else ""

    def _count(self, client: Client) -> None:
        """See that the user has no more connections than it may; of others the door has done so."""
        user = client.user
        if not self._most or not user:
            return
        if self._inside[user] >= self._most:
            self._alarm.reached(_PER_USER, client.serving.channel.peer, f"(user {shown(user)}) turned away")
            client.user = client.serving.user = ""
            raise BrokerRefused("too many connections of this user")
        self._inside[user] += 1

    def left(self, client: Client) -> None:
        """A client is gone."""
        if self._inner is not None and self._inside[client.user] > 1:
            self._inside[client.user] -= 1
        else:
            self._inside.pop(client.user, None)

    def _login(self, client: Client, subject: Subject | None, request: Connect) -> Deferred[Any]:
        """Return a Deferred of the login at the broker of a client."""
        if self._logins is None:
            if not request.username:
                raise BrokerRefused("the broker wants a login; write login and passcode into CONNECT")
            return succeed(Login(username=request.username, password=request.password))
        link = Link(
            peer=client.serving.channel.peer,
            options=self._options,
            user=client.user or None,
            roles=self._policies.roles(subject),
            claims=subject.claims if subject is not None else {},
            injects=True,
        )
        asked: Deferred[Any] = self._logins.login(
            link, AskLogin(username=request.username, password=request.password)
        )
        return asked.addCallback(_given)

    def _arrived(self, share: Share, client: Client, policy: Any) -> None:
        """The client was counted when its share was asked for: one whose count falls to nothing ends."""
        if client.left:
            share.leave()
        else:
            self._go_on(client, share, policy)

    def _go_on(self, client: Client, share: Share, policy: Any) -> None:
        client.serving.hold(False)
        self._welcome(client, share, policy)

    def _welcome(self, client: Client, share: Share, policy: Any) -> None:
        client.share, client.entering = share, None
        client.serving.welcome(user=client.user, server=self._server, policy=policy)

    def _refused(self, why: Failure, client: Client, request: Connect) -> None:
        client.serving.refused(request, _told(why))


def _told(why: Failure) -> str:
    """Return what a client is told that does not come in."""
    if isinstance(why.value, BadRequest):
        return _TOLD.get(why.value.status, _TOLD[401])
    return sentence(why)


def _given(answer: Login | NoLogin) -> Login:
    """Return a login, if it is one.

    Raises:
        BrokerRefused: it is none.
    """
    if isinstance(answer, NoLogin):
        raise BrokerRefused(answer.reason)
    return answer
