# -*- test-case-name: tests.test_gateway,tests.test_gateway_emulated,tests.test_gateway_in_front -*-
"""Assembly: a configuration becomes a tree of Twisted services. The only file that knows everybody."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import inlineCallbacks, maybeDeferred
from twisted.logger import Logger

from kaazing import plugins
from kaazing.config.model import AcceptOptions, GatewayConfig, ServiceConfig, Uri
from kaazing.errors import ConfigError, ConfigErrors, ListenError
from kaazing.interfaces.security import Workplace
from kaazing.security.authpages import AuthPages
from kaazing.security.desk import Desk
from kaazing.security.guarded import Guarded
from kaazing.security.inner import InnerLogin
from kaazing.security.keyring import Keyring
from kaazing.security.keys import KeyRing
from kaazing.security.realms import Realms
from kaazing.security.throttle import Throttle
from kaazing.security.workers import Workers
from kaazing.services.keyring import faults_among
from kaazing.transports.arrivals import visit
from kaazing.transports.bounded import Bounded, bounds
from kaazing.transports.certificates import Certificates
from kaazing.transports.descriptors import Crowd, most_clients, raise_limit
from kaazing.transports.dial import Dialler
from kaazing.transports.emulation.entry import Emulation
from kaazing.transports.emulation.pages import Pages
from kaazing.transports.emulation.registry import Registry
from kaazing.transports.emulation.terms import Terms
from kaazing.transports.gate import Gate
from kaazing.transports.handshakes import CLOSE_TIMEOUT, ServerFactory
from kaazing.transports.house import House
from kaazing.transports.listener import Doors, Listener, Streams
from kaazing.transports.renewing import Renewing
from kaazing.transports.routes import Route
from kaazing.transports.sessions import Sessions
from kaazing.transports.tls import ServerContexts
from kaazing.transports.wheel import Wheel
from kaazing.wire.addresses import Networks
from kaazing.wire.lane import SPEEDUPS

_SERVER = "Kaazing Gateway"  # value of the Server header, as in the original
_STREAMS = ("tcp", "ssl")
_EMULATED = ("ws", "wss", "wse", "wse+ssl")  # accepts that take emulated WebSockets

_log = Logger(namespace="kaazing.gateway")


class Gateway(MultiService):
    """All services of one configuration, and the ports they are reached on."""

    def __init__(self, config: GatewayConfig, reactor: Any) -> None:
        """Assemble; nothing is bound and no file of the network touched.

        Raises:
            ConfigErrors: certificates are missing or no good, or two accepts cannot share an address.
            ListenError: a host has no address.
        """
        super().__init__()
        self._config, self._reactor = config, reactor
        self._wheel = Wheel(reactor)
        self._sessions = Sessions()
        self._certificates = Certificates(config.keystore, config.truststore, reactor)
        dialler = Dialler(reactor, self._wheel, self._certificates.clients)
        self._house = House(config.folder, dialler, self._sessions, self._wheel, reactor)
        self._workers = Workers(reactor)
        workplace = Workplace(
            folder=config.folder, reactor=reactor, time=reactor.seconds, work=self._workers.work
        )
        self._desk = Desk(self._keys(workplace), self._wheel, reactor.seconds, Renewing)
        self._realms = Realms(workplace, throttle=Throttle(reactor.seconds), desk=self._desk)
        self._realms.setServiceParent(self)
        self._house.login = self._login
        self._registry, self._pages = Registry(), Pages()
        self._listeners: dict[tuple[str, int], Listener] = {}
        self._descriptors = raise_limit()
        taken = [plugins.service_type(each.type).descriptors(each) for each in config.services]
        self._crowd = self._house.census.crowd = Crowd(most_clients(self._descriptors, taken), reactor)
        self._house.census.listeners = self._listeners.values()
        errors = [ConfigError(why.what, file=config.file, line=why.line) for why in faults_among(config)]
        if errors:
            raise ConfigErrors(errors)
        for service in config.services:
            try:
                self._add(service)
            except ConfigError as why:
                errors.append(ConfigError(why.what, file=config.file, line=why.line or service.line))
        if errors:
            raise ConfigErrors(errors)

    def _keys(self, workplace: Workplace) -> KeyRing:
        """Return the gateway's own keys; services find the keyring, where one is configured, in the house."""
        config = self._config
        try:
            if config.keyring is None:
                return KeyRing.found(None, workplace.time)
            self._house.keyring = keyring = Keyring.of(config.keyring, workplace)
        except ConfigError as why:
            what = f"{why.file}: {why.what}" if why.file else why.what
            line = why.line or (config.keyring.line if config.keyring is not None else 0)
            raise ConfigErrors([ConfigError(what, file=config.file, line=line)]) from why
        return keyring.keys

    def privilegedStartService(self) -> None:
        """Bind all ports, while still allowed to.

        Raises:
            ListenError: a port is taken; the message names the service and the accept.
        """
        self._bind()
        super().privilegedStartService()

    def startService(self) -> None:
        """Start the services and say so in the log; bind first where nobody had to be privileged."""
        self._bind()
        for warning in self._config.warnings:
            _log.warn("{what}", what=warning)
        self._certificates.start()
        self._workers.start()
        super().startService()
        for service in self._config.services:
            for accept in service.accepts:
                _log.info(
                    "{name} ({type}): {accept}", name=service.name, type=service.type, accept=accept.shown
                )
        _log.info(
            "started: {services} services on {ports}; {speed}; {most} clients at once, for {descriptors}"
            " descriptors; reactor {reactor}",
            services=len(self._config.services),
            ports=", ".join(map(str, self._listeners.values())) or "no port",
            speed="native speedups" if SPEEDUPS else "pure Python (the native module is not built)",
            most=self._crowd.most,
            descriptors=self._descriptors,
            reactor=type(self._reactor).__name__,
        )

    def renew(self) -> None:
        """Look now, and not within the minute, whether certificates have changed on disk."""
        self._certificates.renewals.look()

    @inlineCallbacks
    def stopService(self) -> Any:
        """Take nobody in any more, stop the services, close everybody politely with 1001."""
        self._certificates.stop()
        for listener in self._listeners.values():
            yield maybeDeferred(listener.stop)
        yield maybeDeferred(super().stopService)
        yield self._workers.stop()
        left = self._sessions.leave()
        left.addTimeout(CLOSE_TIMEOUT + 1, self._reactor, onTimeoutCancel=lambda result, timeout: None)
        yield left
        self._reactor._exitSignal = None  # politely done: exit with 0, where Twisted would raise it again
        _log.info("stopped")

    def _bind(self) -> None:
        for listener in self._listeners.values():
            if not listener.bound:
                listener.start()

    def _add(self, config: ServiceConfig) -> None:
        service = plugins.service_type(config.type).service(config, self._house)
        service.setServiceParent(self)
        logs_in = getattr(service, "logs_in", False)
        limits = config.accept_options.limits
        if bounds(limits, config.realm is not None):
            service = Bounded(service, limits, self._wheel)
        guard = None if logs_in else self._realms.guard(config)
        if guard is not None:
            assert config.realm is not None
            service = Guarded(service, guard, self._desk.lifetimes, config.realm.session_timeout)
        for connect in config.connects:
            if connect.secure and config.connect_options.tls.encryption:
                trusts = self._certificates.clients
                trusts.creator(connect.host, config.connect_options.tls)  # says now what is no good
        for accept in config.accepts:
            options = config.accept_options
            for host, port in _addresses(accept, options):
                listener = self._listener(host, port, accept, config, service)
                if isinstance(listener.factory, Doors):
                    listener.factory.add(self._route(accept, config, service))

    def _login(self, config: ServiceConfig) -> InnerLogin | None:
        """See L{IHouse.login}."""
        guard = self._realms.inner(config)
        if guard is None or config.realm is None:
            return None
        return InnerLogin(guard, self._desk.lifetimes, config.name, config.realm.session_timeout)

    def _listener(self, host: str, port: int, accept: Uri, config: ServiceConfig, service: Any) -> Listener:
        """Return the listener on an address, made when the first accept needs it."""
        options = config.accept_options
        contexts = None
        if accept.secure and options.tls.encryption:
            contexts = self._certificates.contexts(accept, options.tls)
        found = self._listeners.get((host, port))
        if found is not None:
            _share(found, accept, contexts, options)
            return found
        factory: Doors | Streams
        if accept.scheme in _STREAMS:
            factory = Streams(service, self._wheel, secure=accept.secure, tls=contexts is not None)
        else:
            factory = Doors(
                self._wheel,
                keepalive=options.http_keepalive,
                server=_SERVER if options.server_header else "",
                secure=accept.secure,
            )
        who = f"service {config.name!r}, accept {accept.shown}"
        gate = Gate(
            options.limits,
            self._crowd,
            self._wheel.now,
            who,
            trusted=options.trusted,
            tells=isinstance(factory, Doors),
        )
        made = Listener(self._reactor, host, port, factory, contexts, who, _proxies(options), gate)
        self._listeners[host, port] = made
        return made

    def _route(self, accept: Uri, config: ServiceConfig, service: Any) -> Route:
        options = config.accept_options
        server = _SERVER if options.server_header else ""
        sockets = None
        if accept.scheme.startswith("ws") and not accept.scheme.startswith("wse"):
            sockets = ServerFactory(
                self._wheel,
                max_message=options.ws_max_message,
                inactivity=options.ws_inactivity,
                server=server,
                compression=options.compression,
                extends=not accept.scheme.startswith("wsn"),
            )
        resource, entry = service.resource(accept), service.entry(accept)
        if entry is None and accept.scheme in _EMULATED:
            entry = self._emulation(accept, config, service)
        upgrades = bool(getattr(entry, "upgrades", False))
        trusted, guard, login = options.trusted, None, None
        if isinstance(service, Guarded):
            guard, outer = service.guard, service.guard.outer
            login = AuthPages(config.name, outer, self._desk, outer.cookies, visit)
        return Route(
            accept,
            service,
            sockets,
            resource,
            config.cross_site,
            server,
            entry,
            upgrades,
            trusted,
            guard,
            login,
        )

    def _emulation(self, accept: Uri, config: ServiceConfig, service: Any) -> Emulation:
        options = config.accept_options
        terms = Terms(
            registry=self._registry,
            wheel=self._wheel,
            max_message=options.ws_max_message,
            inactivity=options.ws_inactivity,
            specification=options.specification,
        )
        twin = None
        if not accept.secure:
            over_tls = (other for other in config.accepts if other.secure and other.scheme in _EMULATED)
            twin = next((other for other in over_tls if other.path == accept.path), None)
        route = None if twin is None else Route(twin, service, None, None, config.cross_site)
        return Emulation(service, accept.path, terms, self._pages, route)


def _proxies(options: AcceptOptions) -> Networks:
    """Return whose connections begin with a PROXY header."""
    return options.trusted if options.proxy_protocol else ()


def _share(listener: Listener, accept: Uri, contexts: ServerContexts | None, options: AcceptOptions) -> None:
    """Let one more accept use a listener.

    Raises:
        ConfigError: the two cannot be told apart, or what comes before the first request head (TLS, a
            PROXY header, limits of connections) is not the same for both.
    """
    if accept.scheme in _STREAMS or isinstance(listener.factory, Streams):
        raise ConfigError(f"accept {accept.shown} is at the same address as that of {listener.who}")
    if (contexts is None) != (listener.contexts is None):
        raise ConfigError(
            f"accept {accept.shown} is at the same address, with and without TLS, as that of {listener.who}"
        )
    if set(_proxies(options)) != set(listener.proxies):
        raise ConfigError(
            f"accept {accept.shown} is at the same address as that of {listener.who}, so that proxy.protocol,"
            " and proxy.trusted where that is enabled, must be the same"
        )
    gate = listener.gate
    if gate is not None:
        if gate.limits.of_listener != options.limits.of_listener:
            raise ConfigError(
                f"accept {accept.shown} is at the same address as that of {listener.who}, so that what limits"
                " its connections (maximum.connections, maximum.connection.rate, both also per.address, and"
                " unlimited.addresses) must be the same"
            )
        gate.trusted = (*gate.trusted, *options.trusted)
    if contexts is not None and listener.contexts is not None:
        listener.contexts.add(contexts)


def _addresses(accept: Uri, options: AcceptOptions) -> Iterable[tuple[str, int]]:
    """Return where an accept is really listened on: its bind, or every address of its host."""
    host, port = options.bound(accept)
    return [(address, port) for address in _resolve(host, accept)]


def _resolve(host: str, accept: Uri) -> Iterator[str]:
    if host.startswith("@"):
        yield from _of_interface(host[1:], accept)
        return
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as why:
        raise ListenError(f"accept {accept.shown}: host {host!r} has no address: {why.strerror}") from why
    usable = [entry for entry in found if _usable(entry)]
    yield from dict.fromkeys(str(entry[4][0]) for entry in usable or found)  # binding says what is wrong


def _usable(entry: Any) -> bool:
    """Return whether an address is one of this machine's; ::1 may be known to /etc/hosts alone."""
    family, kind, protocol, _, address = entry
    if family != socket.AF_INET6:
        return True
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.bind((address[0], 0))
    except OSError:
        return False
    return True


def _of_interface(name: str, accept: Uri) -> Iterator[str]:
    """Yield the IPv4 address of a network interface."""
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        asked = struct.pack("256s", name.encode()[:15])
        try:
            answer = fcntl.ioctl(probe.fileno(), 0x8915, asked)  # SIOCGIFADDR
        except OSError as why:
            raise ListenError(f"accept {accept.shown}: network interface {name!r}: {why.strerror}") from why
    yield socket.inet_ntoa(answer[20:24])
