"""The promises of services and of what they are handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zope.interface import Attribute, Interface

from kaazing.interfaces.adapters import Front
from kaazing.interfaces.security import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A client at the door: what its request said, before anything is answered.

    Attributes:
        peer: the client's address, "192.0.2.1:5000".
        secure: whether it came over TLS.
        path: of the request target, as sent, without the query.
        query: of the request target, without "?"; empty for none.
        headers: by lower-case name; values of equal names joined by ", " (RFC 9110 section 5.3).
        subprotocols: Sec-WebSocket-Protocol, in the client's order.
        after: id of the last event that a client of an event stream has, empty for none; None where
            nothing that has ids carries the channel.
        certificate: returns the client's verified certificate (cryptography's), None where it showed none.
        subject: who the client has proved to be; None where nobody asked.
        fields: of the answer to this visit, (name, value) pairs of bytes, e.g. a cookie.
        client: returns what C{IHouse.connect} wants of that name, to be called before the client is
            answered; None where nobody knows.
    """

    peer: str
    secure: bool = False
    path: str = "/"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()
    after: str | None = None
    certificate: Callable[[], Any] = field(default=lambda: None, repr=False, compare=False)
    subject: Subject | None = None
    fields: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    client: Callable[[], Any] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Welcome:
    """A service's answer to a visit it takes.

    Attributes:
        subprotocol: the one that the handshake echoes, None for none.
        keep: whatever the service wants back with the channel, e.g. a backend dialled beforehand.
        at: of an event stream, the id that stands for what was said before; empty for none.
        fields: more header fields of the answer, (name, value) pairs.
    """

    subprotocol: str | None = None
    keep: Any = None
    at: str = ""
    fields: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a client may send to its backend, beyond a burst of one second's worth; 0 for any number.

    Attributes:
        messages: a second.
        bytes: a second.
    """

    messages: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms the sessions of an adapter's service run; one object for all of them.

    Attributes:
        service: its name.
        wants: how the adapter wants the browser's bytes.
        connect: L{Uri} of the backend.
        options: L{ConnectOptions} of the backend, for encryption that begins later.
        logins: L{ILogins}, None where no login is put in.
        rates: None where nothing is limited.
        tally: what L{IHouse.tally} returned, None where nobody counts.
    """

    service: str
    wants: Front = Front.STREAM
    connect: Any = None
    options: Any = None
    logins: Any = None
    rates: Rates | None = None
    tally: Any = None


class IServiceType(Interface):
    """One type of service; there is one object per type."""

    name = Attribute('str: as in <type>, e.g. "proxy"')
    options = Attribute("tuple[Option, ...]: its properties")
    accepts = Attribute("frozenset[str]: schemes its <accept> may have; empty when it takes none")
    connects = Attribute("frozenset[str]: schemes its <connect> may have; empty when it takes none")
    connect_required = Attribute("bool: whether a <connect> must stand")
    mime_mappings = Attribute("bool: whether <mime-mapping> may stand")
    doc = Attribute("str: one or two sentences for docs/configuration.md")

    def check(config: Any) -> Any:
        """Return an iterable of sentences, each a fault in a L{ServiceConfig} that reading the
        properties one by one cannot see; empty when all is well.

        A type that also has C{logs_in(properties)} returns there whether a service with those logs its
        clients in itself (L{IHouse.login})."""

    def descriptors(config: Any) -> tuple[int, int]:
        """Return how many file descriptors a client takes at most, its connection and what is opened for it
        alone, and how many the service takes besides, whoever is there."""

    def service(config: Any, house: Any) -> Any:
        """Return an L{IService} for a checked L{ServiceConfig}; C{house} is an L{IHouse}."""


class IService(Interface):
    """One configured service; twisted.application starts and stops it."""

    name = Attribute("str: as in the XML")

    def startService() -> None:
        """Begin; called before its accepts are bound."""

    def stopService() -> Any:
        """End; called after its accepts are unbound. May return a Deferred."""

    def invite(visit: Visit) -> Any:
        """Return a L{Welcome}, or a Deferred of one, before the client is answered.

        Raises:
            ConnectError: the backend had to be reached first and was not; the client gets 502.
        """

    def accepted(channel: Any, welcome: Welcome) -> None:
        """A client was let in; C{channel} is its L{IChannel}, held until the service resumes it."""

    def declined(welcome: Welcome) -> None:
        """The client went away before it could be let in; what C{welcome} keeps is to be closed."""

    def resource(accept: Any) -> Any:
        """Return the twisted.web IResource that serves plain HTTP requests under C{accept}, or
        None where the service has none."""

    def entry(accept: Any) -> Any:
        """Return what takes the plain HTTP requests under C{accept} as L{IExchange}s, in place of a
        resource: an object with C{serve(exchange)}; None where the service has none. With an
        attribute C{upgrades} that is true, WebSocket handshakes come to it too."""


class IHouse(Interface):
    """What a service may ask of the gateway; services import no transport."""

    folder = Attribute("pathlib.Path: where the configuration file is; relative paths start here")
    clock = Attribute("IReactorTime: the time")
    census = Attribute(
        "a collector of prometheus_client: what there is and was, counted when it is asked; services append"
        " collectors of their own to its list C{more}"
    )
    keyring = Attribute("IKeyring | None (see kaazing.interfaces.security): None where none is configured")

    def connect(uri: Any, options: Any, **more: Any) -> Any:
        """Dial a L{Uri}; return a Deferred of an L{IChannel}, held until resumed, which fails with
        ConnectError. C{subprotocols} (str, ...), C{origin} and
        C{max_message} are for a WebSocket backend, C{client} (L{Visit.client}) is whom it is told
        that the connection is for, where the options want that; None for the gateway itself."""

    def origin(uri: Any, options: Any) -> Any:
        """Return the L{IOrigin} (see kaazing.interfaces.origins) at an http or https L{Uri}, its
        connections kept as the L{ConnectOptions} say."""

    def login(config: Any) -> Any:
        """Return the L{IInnerLogin} of a L{ServiceConfig}, None where it names no realm. A service with an
        attribute C{logs_in} that is true uses it: no guard stands at its door."""

    def join(service: str, front: Any, back: Any, kind: Any) -> None:
        """Let everything flow between two channels until both are closed, back-pressure included;
        a stream from the back becomes messages of C{kind} (L{Kind}) at a WebSocket front."""

    def adapt(front: Any, back: Any, session: Any, link: Any, terms: Any) -> None:
        """Let an L{IAdapterSession} decide what flows between two channels, on its service's
        L{Terms}; C{link} is the L{Link} that it was made with."""

    def serve(service: str, channel: Any, session: Any, client: Any) -> Any:
        """Return the L{IServing} (see kaazing.interfaces.servers) that carries out what an L{IServerSession}
        orders and tells an L{IClient} what it asks for; the channel is as L{IService.accepted} gave it."""

    def tally(service: str) -> Any:
        """Return the L{IMeter} of a service, which its sessions report to; the same for each call.
        See L{kaazing.transports.tally.Tally} for how it is read."""

    def loop(service: str, channel: Any, repeat: int) -> None:
        """Send each message that comes on a channel back to where it came from, C{repeat} times."""

    def audience(service: str, policy: Any) -> Any:
        """Return a new L{IAudience}, which treats slow receivers as a L{Slow} says."""

    def events(accept: Any, config: Any) -> Any:
        """Return the entry (see L{IService.entry}) that makes event streams of the requests under
        C{accept}, which become channels of the service; C{config} is its L{ServiceConfig}. An accept
        for HTTP serves only requests that name text/event-stream in Accept."""

    def listen(service: str, host: str, port: int, arrived: Any) -> Any:
        """Return an object with C{start()}, which raises ListenError, and C{stop()}; in between,
        C{arrived} gets each TCP connection to that address as an L{IChannel}, held."""

    def datagrams(service: str, uri: Any, received: Any, **more: Any) -> Any:
        """Return an object with C{start()}, which raises ListenError, and C{stop()}; in between,
        C{received} gets each datagram sent to a udp or mcp L{Uri}. More arguments and its counters:
        see L{kaazing.transports.datagrams.Datagrams}."""

    def complain(service: str, peer: str, why: Exception) -> None:
        """Write one line to the log: the service's name, the client's address, what was wrong."""
