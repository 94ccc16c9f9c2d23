# -*- test-case-name: tests.services.jms.test_service,tests.services.jms.test_service_clients -*-
"""Service type jms: STOMP clients of which many share a connection to a message broker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from kaazing import plugins
from kaazing.brokers.broker import Broker
from kaazing.closecodes import GOING_AWAY
from kaazing.config.model import ServiceConfig
from kaazing.errors import ConfigError
from kaazing.interfaces.adapters import Link, Login
from kaazing.interfaces.brokers import IBroker
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.feeds import Counts
from kaazing.interfaces.servers import Connect
from kaazing.interfaces.services import IHouse, IService, IServiceType, Visit, Welcome
from kaazing.options import Option
from kaazing.services import policies
from kaazing.services.base import SOCKETS, BaseService, choose
from kaazing.services.jms import options as own
from kaazing.services.jms import settings
from kaazing.services.jms.census import JmsCensus, add
from kaazing.services.jms.client import Client
from kaazing.services.jms.entering import Entrance
from kaazing.services.jms.redelivery import DeadLetters, Redeliveries
from kaazing.services.jms.shares import Share, Users
from kaazing.services.jms.temporaries import Known
from kaazing.services.jms.topics import Topics
from kaazing.services.logins import NO_KEYRING

PROTOCOL = "stompjms"
"""The server protocol that clients speak."""

_GOING_AWAY = (GOING_AWAY, "the gateway goes away")

_log = Logger(namespace="kaazing.jms")


@implementer(IServiceType)
class JmsType:
    """See L{IServiceType}."""

    name = "jms"
    doc = (
        "Is a STOMP server in front of a message broker: thousands of clients share a connection and equal"
        " subscriptions of topics; see docs/protocols/stomp-jms.md. Several connects are one broker's, tried"
        " in turn."
    )
    accepts = SOCKETS | {"tcp", "ssl"}
    connect_required = True
    mime_mappings = False

    @cached_property
    def connects(self) -> frozenset[str]:
        """See L{IServiceType}."""
        return frozenset(scheme for each in _brokers() for scheme in each.schemes)

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """See L{IServiceType}."""
        protocol = plugins.server(PROTOCOL)
        of_brokers = (option for each in _brokers() for option in each.options)
        return (
            *own.CONNECTION,
            *own.CLIENTS,
            settings.TOPIC,
            settings.CACHE_BYTES,
            *policies.options(protocol.operations),
            *protocol.options,
            *of_brokers,
        )

    def check(self, config: ServiceConfig) -> Iterable[str]:
        """See L{IServiceType}."""
        credentials = any(uri.credentials is not None for uri in config.connects)
        yield from own.faults(config.properties, realm=config.realm is not None, credentials=credentials)
        yield from settings.check(config.properties["topic"])
        yield from plugins.server(PROTOCOL).check(config.properties)

    def logs_in(self, properties: Mapping[str, Any]) -> bool:
        """See L{IServiceType.check}."""
        return bool(properties["connect.login"] == "realm")

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}; clients share the connections to the broker."""
        properties = config.properties
        each = properties["connection.strategy"] == "per-user"
        logins: int = properties["connection.users"] if each else 1
        return 1, logins * properties["connection.count"]

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}."""
        return JmsService(config, house)


def _brokers() -> list[Any]:
    return [plugins.broker(name) for name in plugins.brokers()]


def _nothing(share: Share) -> None:
    """The connections that all share are there as long as the service."""


def _kind(config: ServiceConfig) -> Any:
    """Return the type of the broker, that of every connect."""
    return next(each for each in _brokers() if config.connects[0].scheme in each.schemes)


def _login(config: ServiceConfig) -> Login | None:
    """Return the login at the broker that all clients share; None for that of the URI, or none."""
    principal = config.properties["connection.security.principal"]
    if principal is None:
        return None
    return Login(username=principal, password=config.properties["connection.security.credentials"] or "")


@implementer(IService)
class JmsService(BaseService):
    """See L{IService}.

    Attributes:
        clients: those that are there.
        shared: the connections that all share; None where each login has its own.
        users: those of each login.
        logs_in: whether the realm is asked about CONNECT, and not at the door.
        meter: counts what passes.
        past: what became of messages of topics whose connections have ended.
    """

    def __init__(self, config: ServiceConfig, house: IHouse) -> None:
        """
        Raises:
            ConfigError: it wants a keyring, and there is none.
        """
        super().__init__(config, house)
        properties = config.properties
        self._protocol = plugins.server(PROTOCOL)
        self._kind = _kind(config)
        self._options = own.ClientOptions.of(properties)
        self._policies = policies.Policies(properties, self._protocol.operations)
        self._settings = settings.Settings(properties["topic"], properties["cache.bytes"])
        self._known = Known()
        self._redeliveries = Redeliveries(properties["maximum.redeliveries"])
        self.logs_in = JmsType().logs_in(properties)
        self.meter = house.tally(config.name)
        self.past = Counts()
        self.clients: dict[Client, None] = {}
        each = properties["connection.strategy"] == "per-user"
        self.shared = None if each else self._share(_login(config), _nothing, _nothing)
        self.users = Users(
            self._share_of_user, properties["connection.users"], properties["connection.linger"], house.clock
        )
        self._entrance = Entrance(config, house, self._policies, self._logins(), self.shared, self.users)
        house.census.more.append(JmsCensus(self))

    @property
    def shares(self) -> list[Share]:
        """All connections to the broker, by login."""
        return self.users.shares if self.shared is None else [self.shared]

    def _logins(self) -> Any:
        source = self.config.properties["backend.login"]
        if source is None:
            return None
        if self.house.keyring is None:
            raise ConfigError(NO_KEYRING.format(f"backend.login {source}"))
        return self.house.keyring.logins(self.name, source)

    # The broker

    def _share_of_user(self, login: Login, unused: Callable[[Share], None]) -> Share:
        share = self._share(login, unused, lambda share: add(self.past, share))
        share.broker.start()
        return share

    def _share(
        self, login: Login | None, unused: Callable[[Share], None], ended: Callable[[Share], None]
    ) -> Share:
        config, house, properties = self.config, self.house, self.config.properties
        client_id = properties["connection.client.id"] or f"kaazing-{config.name}"
        if login is not None and properties["connection.strategy"] == "per-user":
            client_id = f"{client_id}-{login.username}"
        broker: IBroker = Broker(
            self._kind,
            config.connects,
            login,
            service=config.name,
            dial=lambda uri: house.connect(uri, config.connect_options),
            clock=house.clock,
            client_id=client_id,
            properties=properties,
            complain=self._complain,
            count=properties["connection.count"],
        )
        topics = Topics(
            broker,
            lambda slow: house.audience(config.name, slow),
            self._render,
            self._settings,
            house.clock,
            house.clock.seconds,
        )
        letters = DeadLetters(broker, properties["dead.letter.destination"], self.meter, self._complain)
        return Share(
            broker,
            topics,
            self._redeliveries,
            letters,
            self._known,
            house.clock.seconds,
            unused,
            ended,
        )

    def _render(self, message: Any, look: Any) -> tuple[bytes, tuple[int, ...]]:
        """Render a message for all clients of a look; they may answer to it from then on."""
        self._known.seen(message)
        rendered: tuple[bytes, tuple[int, ...]] = self._protocol.render(message, look)
        return rendered

    def _complain(self, what: str) -> None:
        _log.warn("service {name}: {what}", name=self.name, what=what)

    def startService(self) -> None:
        """See L{IService}."""
        super().startService()
        for remark in self._settings.remarks:
            self._complain(remark)
        if self.shared is not None:
            self.shared.broker.start()
            self.shared.topics.open()
        if self._entrance.ignores:
            _log.info(
                "service {name}: login and passcode in CONNECT are ignored; connect.login realm, or"
                " connection.strategy per-user, makes use of them",
                name=self.name,
            )

    def stopService(self) -> Any:
        """Send the clients away, whose unsettled messages go back; then let what they sent be taken."""
        for client in list(self.clients):
            client.serving.close(*_GOING_AWAY)
        said = str(self.meter)
        if said:
            _log.info("service {name}: counted {said}", name=self.name, said=said)
        shared = [] if self.shared is None else [self.shared.stop()]
        stopping: list[Deferred[Any]] = [*shared, self.users.stop(), maybeDeferred(super().stopService)]
        return DeferredList(stopping)

    # Clients

    def invite(self, visit: Visit) -> Welcome:
        """See L{IService}."""
        return Welcome(choose(visit.subprotocols, self._protocol.subprotocols), visit)

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}."""
        visit = welcome.keep
        subject = visit.subject
        roles = self._policies.roles(subject)
        link = Link(
            peer=channel.peer,
            subprotocol=channel.subprotocol,
            messages=channel.messages,
            secure=visit.secure,
            options=self.config.properties,
            user=subject.user or None if subject is not None else None,
            roles=roles,
            policy=self._policies.of(roles),
        )
        client = Client(self, self._options)
        client.entering = visit
        client.serving = self.house.serve(self.name, channel, self._protocol.session(link), client)
        self.clients[client] = None
        client.serving.start()

    def enter(self, client: Client, request: Connect) -> None:
        """A client wants to come in."""
        self._entrance.enter(client, request)

    def left(self, client: Client) -> None:
        """A client is gone."""
        self.clients.pop(client, None)
        self._entrance.left(client)
