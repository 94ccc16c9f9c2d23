# -*- test-case-name: tests.config.test_model -*-
"""What a configuration file says, frozen, in seconds and bytes; nothing past the reader sees XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from kaazing.errors import ConfigError
from kaazing.literals import bracketed


def without(text: str, hidden: Mapping[str, str]) -> str:
    """Return text with what stands for them in the place of some values, the longest first."""
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, hidden[value])
    return text


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password of a URI; neither is ever shown."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uri:
    """An accept, connect or balance URI, taken apart.

    Attributes:
        scheme: lower case; "tls" is read as "ssl".
        host: lower case without brackets; "@eth0" names a network interface; the name of a pipe, or of a
            broker inside the gateway, then maybe empty.
        port: the scheme's default filled in; 0 for a pipe or a broker inside the gateway.
        path: "/" at least for the schemes over HTTP, as written for those of brokers, "" otherwise;
            percent-encoding kept.
        query: without "?".
        credentials: split off, None for none.
        line: of the file, for messages.
        written: as in the file, C{${...}} not replaced, without credentials and query.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    query: str = field(default="", repr=False)
    credentials: Credentials | None = None
    line: int = field(default=0, compare=False)
    written: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{bracketed(self.host)}{port}{self.path}{query}"

    @property
    def shown(self) -> str:
        """For logs and messages: as written in the file, so that nothing replaced or secret is in it."""
        return self.written or str(self).partition("?")[0]

    @property
    def secure(self) -> bool:
        """Whether TLS carries it."""
        return self.scheme in ("wss", "https", "ssl", "amqps") or self.scheme.endswith("+ssl")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """The C{ssl.*} options of one side.

    Attributes:
        certificate: PEM file with a certificate and its chain (C{ssl.certificate-file}), shown to clients,
            or to backends that ask for one.
        key: PEM file with its private key (C{ssl.key-file}); None when it is in C{certificate}.
        ciphers: OpenSSL cipher string for TLS 1.2; empty for the library's choice.
        suites: those of TLS 1.3, with colons in between; likewise.
        protocols: lowest and highest TLS version, e.g. ("TLSv1.2", "TLSv1.3").
        encryption: False: a TLS offloader stands in front, the bytes come in clear.
        verify_client: accepts: "none", "optional", "required".
        crl_file: accepts: PEM file of lists of revoked client certificates.
        verify_server: connects: whether the server's certificate must be trusted and name the host.
        pins: connects: C{sha256/BASE64} of keys, one of which must be the server's; empty for any.
        ca_file: PEM file of the authorities to trust: accepts, in place of the truststore; connects, in
            place of the system's.
        server_name: connects: name to ask for and to verify instead of the URI's host.
    """

    certificate: Path | None = None
    key: Path | None = None
    ciphers: str = ""
    suites: str = ""
    protocols: tuple[str, str] = ("TLSv1.2", "TLSv1.3")
    encryption: bool = True
    verify_client: str = "none"
    crl_file: Path | None = None
    verify_server: bool = True
    pins: tuple[str, ...] = ()
    ca_file: Path | None = None
    server_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """The C{ws.compression} options of one side (RFC 7692).

    Attributes:
        context_takeover: whether a message may refer to what was in those before it, either way.
        window_bits: largest window, 9 to 15, either way; it takes 2 to the power of that, twice, in bytes.
        ratio: how many times its compressed size a message may have, beyond its first 64 KiB.
    """

    context_takeover: bool = False
    window_bits: int = 11
    ratio: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOptions:
    """The C{sse.*} options of one side.

    Attributes:
        retry: what a browser is told to wait before it comes again, seconds.
        heartbeat: silence after which a comment is sent, seconds; 0 for never.
        padding: bytes of comment that a response begins with.
    """

    retry: float = 3.0
    heartbeat: float = 30.0
    padding: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """The C{maximum.*} and C{client.*} options of a service's accepts; 0 for no limit.

    Attributes:
        connections: that a listener has at once.
        connections_per_address: that it has at once of one address, or one /64 network of IPv6.
        connections_per_user: WebSockets and other channels that one user has at once of the service.
        connection_rate: new connections that a listener takes a second.
        connection_rate_per_address: those of one address.
        unlimited: networks of addresses that are not counted one by one.
        message_rate: messages that a client may send a second.
        byte_rate: bytes of messages that it may send a second.
    """

    connections: int = 0
    connections_per_address: int = 1000
    connections_per_user: int = 1000
    connection_rate: int = 0
    connection_rate_per_address: int = 100
    unlimited: tuple[IPv4Network | IPv6Network, ...] = (
        IPv4Network("127.0.0.0/8"),
        IPv6Network("::1/128"),
    )
    message_rate: int = 0
    byte_rate: int = 0

    @property
    def of_listener(self) -> tuple[Any, ...]:
        """Those of connections that nobody knows more of than the address: the same for all accepts there."""
        return (
            self.connections,
            self.connections_per_address,
            self.connection_rate,
            self.connection_rate_per_address,
            self.unlimited,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOptions:
    """`<accept-options>` of one service, service-defaults filled in.

    Attributes:
        binds: layer ("ws", "wss", "http", "https", "ssl", "tcp") -> (host, port) really listened
            on, where not those of the accept; see L{bound}.
        ws_max_message: longest message taken from a client, bytes; 0 for no limit.
        ws_inactivity: silence after which a client is pinged and then dropped, seconds; 0 for never.
        http_keepalive: idle time before an HTTP connection is closed, seconds.
        server_header: whether responses carry a Server header.
        tls: see L{TlsOptions}.
        compression: see L{Compression}; None for none.
        specification: whether emulation keeps to its specification in place of what old clients expect.
        events: see L{EventOptions}.
        trusted: networks of the proxies in front whose word about the client is taken.
        proxy_protocol: whether those begin each connection with a PROXY header.
        limits: see L{LimitOptions}.
    """

    binds: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    ws_max_message: int = 128 * 1024
    ws_inactivity: float = 0.0
    http_keepalive: float = 30.0
    server_header: bool = True
    tls: TlsOptions = TlsOptions()
    compression: Compression | None = None
    specification: bool = False
    events: EventOptions = EventOptions()
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    proxy_protocol: bool = False
    limits: LimitOptions = LimitOptions()

    def bound(self, accept: Uri) -> tuple[str, int]:
        """Return the host and port to listen on for an accept; C{@eth0} stands for an interface."""
        return self.binds.get(accept.scheme, (accept.host, accept.port))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """`<connect-options>` of one service, service-defaults filled in.

    Attributes:
        timeout: longest time a connect may take, handshakes included, seconds
            (C{connect.timeout}, ours).
        ws_inactivity: as in L{AcceptOptions}, towards a WebSocket backend.
        http_keepalive: whether connections to an HTTP backend are kept.
        http_keepalive_timeout: how long an idle one is kept, seconds.
        http_keepalive_connections: how many idle ones are kept.
        udp_interface: network interface of a multicast group, by name or address; empty: the system's choice.
        proxy_protocol: PROXY header that connections begin with: "v1", "v2", or empty for none.
        starttls: protocol in which a TCP backend is asked for TLS, "imap", "pop3" or "smtp"; empty for none.
        tls: see L{TlsOptions}.
    """

    timeout: float = 10.0
    ws_inactivity: float = 0.0
    http_keepalive: bool = True
    http_keepalive_timeout: float = 30.0
    http_keepalive_connections: int = 2
    udp_interface: str = ""
    proxy_protocol: str = ""
    starttls: str = ""
    tls: TlsOptions = TlsOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossSite:
    """One `<cross-site-constraint>`.

    Attributes:
        origin: "*", or scheme://host:port with the port filled in, lower case.
        methods: allowed methods.
        headers: allowed request headers, lower case; "*" alone for all.
        exposed: response headers that its pages may read.
        maximum_age: seconds a preflight answer may be kept; None for not said.
    """

    origin: str
    methods: tuple[str, ...] = ("GET", "POST")
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    maximum_age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleConfig:
    """One `<login-module>` of a realm, or one `<store>` of the keyring.

    Attributes:
        type: name of its plugin.
        success: of a login module, "required", "requisite", "sufficient" or "optional"; empty of a store.
        options: by name, read by the type's options; defaults are filled in. Some are secret.
        line: of its element.
        hidden: texts in the options that no message may contain, each with what stands for it.
    """

    type: str
    success: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    line: int = 0
    hidden: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def error(self, why: ConfigError) -> ConfigError:
        """Return an error that its plugin raised as one of its line in the configuration: the place in a
        file of the plugin's own stays in the sentence, what is hidden goes out of it."""
        return ConfigError(without(str(why) if why.file else why.what, self.hidden), line=self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealmConfig:
    """One `<realm>`.

    Attributes:
        description: what a browser's dialog shows; the name where it is absent.
        scheme: C{http-challenge-scheme} as in the XML, e.g. "Application Basic"; empty for a realm without
            authentication, or one that challenges nobody.
        headers, parameters, cookies: where else a token may stand (C{http-header},
            C{http-query-parameter}, C{http-cookie}).
        mode: "challenge", or "recycle": who logged in gets a session cookie.
        session_timeout: longest life of a connection, seconds; 0 for any.
        authorization_timeout: after that many seconds who logged in has to prove it anew; 0 for never.
        modules: in the order in which they are asked.
        line: of its element.
    """

    name: str
    description: str = ""
    scheme: str = ""
    headers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    mode: str = "challenge"
    session_timeout: float = 0.0
    authorization_timeout: float = 0.0
    modules: tuple[ModuleConfig, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringConfig:
    """`<keyring>` of `<security>`.

    Attributes:
        key_file: the gateway's own keys (python -m kaazing keyring init); None: those of the systemd
            credential C{kaazing-keys}, or where there is none, keys made at each start and kept nowhere.
        stores: in the order in which they are asked.
        line: of its element.
    """

    key_file: Path | None = None
    stores: tuple[ModuleConfig, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """One `<service>`.

    Attributes:
        properties: by name, read by the type's options; defaults are filled in. Some are secret.
        mime_types: extension (lower case) -> type; service over defaults over built-in.
        realm: who may come in logs in there; None where nobody is asked.
        roles: each of which a client must have (C{require-role}); none: whoever logged in.
        cookie_domain: domain of the session cookies (C{service.domain}), lower case; empty for the host.
        line: of its element.
    """

    name: str
    type: str
    description: str = ""
    accepts: tuple[Uri, ...] = ()
    connects: tuple[Uri, ...] = ()
    balances: tuple[Uri, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict, repr=False)
    accept_options: AcceptOptions = AcceptOptions()
    connect_options: ConnectOptions = ConnectOptions()
    mime_types: Mapping[str, str] = field(default_factory=dict)
    cross_site: tuple[CrossSite, ...] = ()
    realm: RealmConfig | None = None
    roles: frozenset[str] = frozenset()
    cookie_domain: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keystore:
    """`<keystore>` or `<truststore>`: PEM, or a kind of file that has a password.

    Attributes:
        type: "PEM", "PKCS12", "JKS" or "JCEKS".
        file: a file, or for PEM and PKCS12 also a folder of files.
        password: from the password file; never shown.
    """

    type: str
    file: Path
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """A whole file.

    Attributes:
        file: its name, as given.
        folder: the folder it is in, absolute; relative paths in the file start there.
        warnings: sentences to log once at start: what is read and has no effect yet.
    """

    file: str
    folder: Path = Path()
    services: tuple[ServiceConfig, ...] = ()
    keystore: Keystore | None = None
    truststore: Keystore | None = None
    realms: tuple[RealmConfig, ...] = ()
    keyring: KeyringConfig | None = None
    warnings: tuple[str, ...] = ()
