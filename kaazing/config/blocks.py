# -*- test-case-name: tests.config.test_blocks,tests.config.test_blocks_starttls -*-
"""<accept-options> and <connect-options> of a service, with those of <service-defaults> behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaazing.config.fates import Fate
from kaazing.config.faults import UNREAD, Faults, Node, quoted
from kaazing.config.model import (
    AcceptOptions,
    Compression,
    ConnectOptions,
    EventOptions,
    LimitOptions,
    TlsOptions,
    Uri,
)
from kaazing.config.original import entries
from kaazing.config.stores import CERTIFICATE, KEY, REVOCATIONS, Files
from kaazing.config.structure import flag
from kaazing.config.tls import NO_CIPHERS, OLD_PROTOCOLS, PROTOCOLS, span

OVER = {
    "ws": ("ws", "http", "tcp"),
    "wss": ("wss", "https", "ssl", "tcp"),
    "http": ("http", "tcp"),
    "https": ("https", "ssl", "tcp"),
    "ssl": ("ssl", "tcp"),
    **dict.fromkeys(("wse", "wsn", "wsx"), ("ws", "http", "tcp")),
    **dict.fromkeys(("wse+ssl", "wsn+ssl", "wsx+ssl"), ("wss", "https", "ssl", "tcp")),
    "sse": ("http", "tcp"),
    "sse+ssl": ("https", "ssl", "tcp"),
}
"""Scheme -> what it runs over, itself first; every other runs over tcp."""

_HEADLESS = {
    **dict.fromkeys(
        ("http", "https"),
        "requests of many clients share a connection to an HTTP backend, which X-Forwarded-For tells whose"
        " each is; leave the option out",
    ),
    **dict.fromkeys(("udp", "mcp"), "datagrams are only received; leave the option out"),
}
"""Scheme of a connect -> why no PROXY header begins its connections."""

_NO_STARTTLS = {
    "ssl": "an ssl connect is TLS from its first byte; write tcp:// for a backend that begins in clear, or"
    " leave the option out",
    "ws": "a WebSocket backend is not asked for TLS; write wss://, or leave the option out",
    "wss": "a wss connect is TLS from its first byte; leave the option out",
}
"""Scheme of a connect of the type proxy -> why its backend is not asked for TLS."""

_PEM = {
    "ssl.certificate-file": CERTIFICATE,
    "ssl.key-file": KEY,
    "ssl.ca-file": CERTIFICATE,
    "ssl.crl-file": REVOCATIONS,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One option as it was set.

    Attributes:
        own: whether the service itself has it, not <service-defaults>.
    """

    value: Any
    node: Node
    own: bool = True


Settings = Mapping[str, Setting]

_ACCEPT, _CONNECT = AcceptOptions(), ConnectOptions()  # the defaults
_COMPRESSION, _EVENTS, _LIMITS = Compression(), EventOptions(), LimitOptions()


def read_block(node: Node | None, files: Files, faults: Faults, *, own: bool = True) -> dict[str, Setting]:
    """Return the options in force of one block; everything wrong in it is noted, and what has no effect."""
    found: dict[str, Setting] = {}
    seen: dict[str, Node] = {}
    known = entries(node.name) if node else {}
    for child in node.children if node else ():
        entry = known.get(child.name)
        if entry is None:
            faults.at(child, f"no such option{faults.near(child.tag, known)}")
            continue
        if seen.setdefault(child.name, child) is not child:
            faults.at(child, f"stands here already, at line {seen[child.name].line}")
            continue
        assert entry.read is not None, f"option {entry.name} has no reader"
        value = faults.read(child, entry.read)
        flag(child, entry, value, faults)
        if value is not UNREAD and child.name in _PEM:
            value = files.pem(child, _PEM[child.name])  # None, and noted, where it is no good
        if value is not UNREAD and entry.fate is Fate.KEPT:
            found[child.name] = Setting(value, child, own)
    if node and node.written:
        faults.at(node, "text stands where only elements may stand")
    _warn(found, faults)
    return found


def accept_options(
    settings: Settings,
    accepts: Sequence[Uri],
    files: Files,
    stores: tuple[bool, bool],
    faults: Faults,
) -> AcceptOptions:
    """Return what the settings come to for a service with these accepts.

    Args:
        stores: whether the file has a keystore, and a truststore.
    """
    inactivity = _value(settings, "ws.inactivity.timeout", _ACCEPT.ws_inactivity)
    keepalive = _value(settings, "http.keepalive.timeout", inactivity or _ACCEPT.http_keepalive)
    if keepalive < inactivity:
        faults.warn(settings["http.keepalive.timeout"].node, "is shorter than ws.inactivity.timeout")
    return AcceptOptions(
        binds=_binds(settings, {accept.scheme for accept in accepts}, faults),
        ws_max_message=_value(settings, "ws.maximum.message.size", _ACCEPT.ws_max_message),
        ws_inactivity=inactivity,
        http_keepalive=keepalive,
        server_header=_value(settings, "http.server.header", _ACCEPT.server_header),
        tls=_accept_tls(settings, accepts, files, stores, faults),
        compression=_compression(settings),
        specification=_value(settings, "wse.specification", _ACCEPT.specification),
        events=EventOptions(
            retry=_value(settings, "sse.retry", _EVENTS.retry),
            heartbeat=_value(settings, "sse.heartbeat", _EVENTS.heartbeat),
            padding=_value(settings, "sse.padding", _EVENTS.padding),
        ),
        trusted=_value(settings, "proxy.trusted", _ACCEPT.trusted),
        proxy_protocol=_proxy_protocol(settings, faults),
        limits=_limits(settings),
    )


def connect_options(
    settings: Settings, connects: Sequence[Uri], type_: str, files: Files, faults: Faults
) -> ConnectOptions:
    """Return what the settings come to for a service with these connects and of this type, empty where
    that is not known."""
    certificate, key = _certificate(settings, files)
    return ConnectOptions(
        timeout=_value(settings, "connect.timeout", _CONNECT.timeout),
        ws_inactivity=_value(settings, "ws.inactivity.timeout", _CONNECT.ws_inactivity),
        http_keepalive=_value(settings, "http.keepalive", _CONNECT.http_keepalive),
        http_keepalive_timeout=_value(settings, "http.keepalive.timeout", _CONNECT.http_keepalive_timeout),
        http_keepalive_connections=_value(
            settings, "http.keepalive.connections", _CONNECT.http_keepalive_connections
        ),
        udp_interface=_value(settings, "udp.interface", _CONNECT.udp_interface),
        proxy_protocol=_header(settings, connects, faults),
        starttls=_starttls(settings, connects, type_, faults),
        tls=TlsOptions(
            certificate=certificate,
            key=key,
            ciphers=_value(settings, "ssl.ciphers", NO_CIPHERS).old,
            suites=_value(settings, "ssl.ciphers", NO_CIPHERS).new,
            protocols=span(_value(settings, "ssl.protocols", PROTOCOLS)),
            encryption=_value(settings, "ssl.encryption", True),
            verify_server=_value(settings, "ssl.verify-server", True),
            pins=_value(settings, "ssl.pin", ()),
            ca_file=_value(settings, "ssl.ca-file", None),
            server_name=_value(settings, "ssl.server-name", ""),
        ),
    )


def _value(settings: Settings, name: str, default: Any) -> Any:
    return settings[name].value if name in settings else default


def _limits(settings: Settings) -> LimitOptions:
    return LimitOptions(
        connections=_value(settings, "maximum.connections", _LIMITS.connections),
        connections_per_address=_value(
            settings, "maximum.connections.per.address", _LIMITS.connections_per_address
        ),
        connections_per_user=_value(settings, "maximum.connections.per.user", _LIMITS.connections_per_user),
        connection_rate=_value(settings, "maximum.connection.rate", _LIMITS.connection_rate),
        connection_rate_per_address=_value(
            settings, "maximum.connection.rate.per.address", _LIMITS.connection_rate_per_address
        ),
        unlimited=_value(settings, "unlimited.addresses", _LIMITS.unlimited),
        message_rate=_value(settings, "client.message.rate", _LIMITS.message_rate),
        byte_rate=_value(settings, "client.byte.rate", _LIMITS.byte_rate),
    )


def _compression(settings: Settings) -> Compression | None:
    if not _value(settings, "ws.compression", False):
        return None
    return Compression(
        context_takeover=_value(settings, "ws.compression.context.takeover", _COMPRESSION.context_takeover),
        window_bits=_value(settings, "ws.compression.window.bits", _COMPRESSION.window_bits),
        ratio=_value(settings, "ws.compression.maximum.ratio", _COMPRESSION.ratio),
    )


def _proxy_protocol(settings: Settings, faults: Faults) -> bool:
    said: bool = _value(settings, "proxy.protocol", _ACCEPT.proxy_protocol)
    if said and "proxy.trusted" not in settings:
        faults.at(
            settings["proxy.protocol"].node, "needs proxy.trusted: the addresses of the proxies in front"
        )
    return said


def _header(settings: Settings, connects: Sequence[Uri], faults: Faults) -> str:
    """Return the version of the PROXY header, empty for none; that of <service-defaults> is for those
    connects alone that can have one."""
    said: str = _value(settings, "proxy.protocol", "none")
    if said == "none":
        return ""
    why = next((_HEADLESS[each.scheme] for each in connects if each.scheme in _HEADLESS), None)
    if why is None:
        return said
    if settings["proxy.protocol"].own:
        faults.at(settings["proxy.protocol"].node, why)
    return ""


def _starttls(settings: Settings, connects: Sequence[Uri], type_: str, faults: Faults) -> str:
    """Return in which protocol TLS is asked for, empty for none; likewise."""
    said: str = _value(settings, "starttls", "none")
    if said == "none" or not type_:
        return ""
    why = next((_NO_STARTTLS[each.scheme] for each in connects if each.scheme in _NO_STARTTLS), None)
    if type_ != "proxy":
        why = (
            "is for services of type proxy, and an adapter asks for TLS by itself where its protocol can;"
            " leave the option out"
        )
    if why is None:
        return said
    if settings["starttls"].own:
        faults.at(settings["starttls"].node, why)
    return ""


def _warn(settings: Settings, faults: Faults) -> None:
    if "ssl.protocols" in settings and set(settings["ssl.protocols"].value) & set(OLD_PROTOCOLS):
        faults.warn(settings["ssl.protocols"].node, "nothing older than TLSv1.2 is spoken")
    named = _value(settings, "ssl.ciphers", NO_CIPHERS)
    if named.new and not named.old and "TLSv1.2" in _value(settings, "ssl.protocols", PROTOCOLS):
        faults.warn(
            settings["ssl.ciphers"].node,
            "names suites of TLS 1.3 alone; TLS 1.2 keeps those of OpenSSL, unless ssl.protocols is TLSv1.3",
        )
    if not _value(settings, "ssl.verify-server", True) and "ssl.pin" not in settings:
        faults.warn(
            settings["ssl.verify-server"].node,
            "is disabled: nobody knows whether the server at the other end is the right one",
        )


def _binds(settings: Settings, schemes: set[str], faults: Faults) -> dict[str, tuple[str, int]]:
    """Return scheme -> address: a bind is for its own scheme; where no accept has that, for those over it."""
    binds: dict[str, tuple[str, int]] = {}
    used = set()
    for scheme in schemes:
        for layer in OVER.get(scheme, ("tcp",)):
            name = f"{layer}.bind"
            if name in settings and (layer == scheme or layer not in schemes):
                binds[scheme] = settings[name].value
                used.add(name)
                break
    for name, setting in settings.items():
        if name.endswith(".bind") and setting.own and name not in used:
            faults.warn(setting.node, "has no effect. No accept of the service is bound by it.")
    return binds


def _accept_tls(
    settings: Settings, accepts: Sequence[Uri], files: Files, stores: tuple[bool, bool], faults: Faults
) -> TlsOptions:
    secure = [accept for accept in accepts if accept.secure]
    encryption = _value(settings, "ssl.encryption", True)
    certificate, key = _certificate(settings, files)
    if (
        secure
        and encryption
        and certificate is None
        and not stores[0]
        and "ssl.certificate-file" not in settings
    ):
        what = "needs a certificate: a <keystore> in <security>, or the accept-option ssl.certificate-file"
        faults.add(secure[0].line, f"<accept>: {secure[0].shown!r} {what}")
    verify_client = _value(settings, "ssl.verify-client", "none")
    if verify_client != "none":
        trusts = stores[1] or "ssl.ca-file" in settings
        _check_verify_client(settings["ssl.verify-client"], bool(secure), encryption, trusts, faults)
    for name in ("ssl.ca-file", "ssl.crl-file"):
        if name in settings and settings[name].own and verify_client == "none":
            faults.warn(
                settings[name].node, "has no effect. ssl.verify-client asks nobody for a certificate."
            )
    return TlsOptions(
        certificate=certificate,
        key=key,
        ciphers=_value(settings, "ssl.ciphers", NO_CIPHERS).old,
        suites=_value(settings, "ssl.ciphers", NO_CIPHERS).new,
        protocols=span(_value(settings, "ssl.protocols", PROTOCOLS)),
        encryption=encryption,
        verify_client=verify_client,
        ca_file=_value(settings, "ssl.ca-file", None),
        crl_file=_value(settings, "ssl.crl-file", None),
    )


def _certificate(settings: Settings, files: Files) -> tuple[Path | None, Path | None]:
    """Return certificate and key; a key of <service-defaults> is none for a certificate of the service."""
    certificate, key = settings.get("ssl.certificate-file"), settings.get("ssl.key-file")
    if certificate is None or certificate.value is None:
        return None, None
    if key is not None and certificate.own and not key.own:
        key = None
    path = None if key is None else key.value
    files.check_pair(certificate.node, certificate.value, path)
    return certificate.value, path


def _check_verify_client(
    setting: Setting, secure: bool, encryption: bool, trusts: bool, faults: Faults
) -> None:
    said = quoted(setting.node)
    if not secure:
        if setting.own:
            faults.at(
                setting.node, f"{said}nothing of this service is accepted over TLS, so nobody can be asked"
            )
    elif not encryption:
        faults.at(
            setting.node, f"{said}with ssl.encryption disabled no client can be asked for a certificate"
        )
    elif not trusts:
        what = "needs a <truststore> in <security>, or ssl.ca-file, to know whom to trust"
        faults.at(setting.node, f"{said}{what}")
