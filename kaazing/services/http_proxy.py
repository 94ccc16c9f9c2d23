# -*- test-case-name: tests.services.test_http_proxy,tests.services.test_http_proxy_heads -*-
"""Service type http.proxy: requests go on to an HTTP server, WebSockets included.  RFC 9110 section 7."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from zope.interface import implementer

from kaazing.config.model import ServiceConfig, Uri
from kaazing.errors import BadRequest
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.exchanges import ITaker
from kaazing.interfaces.origins import IAsker, IQuestion, Request
from kaazing.interfaces.services import IHouse, IService, IServiceType, Welcome
from kaazing.literals import bracketed, choice, interval, switch, text
from kaazing.options import Option
from kaazing.services.base import BaseService
from kaazing.services.rewriting import Rewriting, read_mapping
from kaazing.wire import relaying
from kaazing.wire.heads import Head, response_head

_SHARING = b"access-control-"


def _mapping(name: str, doc: str, what: str) -> Option:
    return Option(
        name=name,
        read=read_mapping,
        default=(),
        repeated=True,
        doc=doc,
        children=(
            Option(name="from", read=text, required=True, doc=f"{what} as the origin says it."),
            Option(name="to", read=text, required=True, doc=f"{what} as the client is to see it."),
        ),
    )


@implementer(IServiceType)
class HttpProxyType:
    """See L{IServiceType}."""

    name = "http.proxy"
    doc = (
        "Passes HTTP requests on to one HTTP server, and its responses back; WebSockets too. The paths of"
        " accept and connect both end with a slash, and what follows is kept."
    )
    options = (
        Option(
            name="rewrite-location",
            read=switch,
            default=True,
            doc="Whether a Location that leads to the connect is made to lead to the accept.",
        ),
        _mapping(
            "location-mapping",
            "Looked at before that, in order: what a Location begins with.",
            "The beginning",
        ),
        Option(
            name="rewrite-cookie-domain",
            read=switch,
            default=False,
            doc="Whether the Domain of cookies is changed by cookie-domain-mapping.",
        ),
        _mapping(
            "cookie-domain-mapping", "The Domain of a cookie; a dot before it does not count.", "The name"
        ),
        Option(
            name="rewrite-cookie-path",
            read=switch,
            default=False,
            doc="Whether the Path of cookies is changed: by cookie-path-mapping, or from that of the connect"
            " to that of the accept.",
        ),
        _mapping("cookie-path-mapping", "What the Path of a cookie begins with.", "The beginning"),
        Option(
            name="use-forwarded",
            read=choice("inject", "exclude", "ignore"),
            default="ignore",
            doc="Forwarded and X-Forwarded-* towards the origin: inject puts the client's address and what it"
            " called the gateway in place of what the client said; exclude takes them out; ignore passes them"
            " as they came.",
        ),
        Option(
            name="response.timeout",
            read=interval,
            default=60.0,
            doc="How long the origin may take nothing of a request and begin no response (504); 0 for ever."
            " A response that has begun may take its time.",
        ),
    )
    accepts = frozenset({"http", "https"})
    connects = frozenset({"http", "https"})
    connect_required = True
    mime_mappings = False

    def check(self, config: ServiceConfig) -> Iterable[str]:
        """See L{IServiceType}."""
        if len(config.connects) > 1:
            yield "a service of type http.proxy has one <connect>"
        for uri in (*config.accepts, *config.connects):
            if not uri.path.endswith("/"):
                yield f"the path of {uri.shown} must end with /, because what follows is put behind it"
        if any(uri.query for uri in config.connects):
            yield "the <connect> has a query, but that of each request is passed on"

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}; each may have a backend."""
        return 2, 0

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}."""
        return HttpProxyService(config, house)


@implementer(IService)
class HttpProxyService(BaseService):
    """See L{IService}.

    Attributes:
        origin: where requests go.
        connect: its URI.
        rules: what is changed in responses.
        via: our name in Via.
        patience: seconds for a response to begin.
        shares: whether cross-site constraints say what other sites may do, in place of the origin.
    """

    def __init__(self, config: ServiceConfig, house: IHouse) -> None:
        super().__init__(config, house)
        said = config.properties
        self.connect = config.connects[0]
        self.origin = house.origin(self.connect, config.connect_options)
        self.rules = Rewriting(
            connect=self.connect,
            locations=said["location-mapping"] if said["rewrite-location"] else None,
            domains=said["cookie-domain-mapping"] if said["rewrite-cookie-domain"] else None,
            paths=said["cookie-path-mapping"] if said["rewrite-cookie-path"] else None,
        )
        self.via = f"kaazing-{uuid4()}"
        self.patience: float = said["response.timeout"]
        self.shares = bool(config.cross_site)
        self._use_forwarded: str = said["use-forwarded"]

    def stopService(self) -> Any:
        """Keep no connection."""
        self.origin.close()
        return super().stopService()

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}; no accept of this type brings channels."""
        channel.abort()

    def entry(self, accept: Any) -> Any:
        """See L{IService}."""
        return _Entry(self, accept)

    def request_fields(self, head: Head, caller: Any, accept: Uri) -> relaying.Fields:
        """Return the fields that a request goes on with."""
        fields = relaying.with_via(relaying.of_request(head), head.version, self.via)
        left = relaying.hops_left(head)
        if left is not None:
            fields = relaying.with_hops(fields, left - 1)
        if self._use_forwarded != "ignore":
            fields = relaying.without_forwarded(fields)
        if self._use_forwarded == "inject":
            fields += relaying.forwarded(caller.peer, caller.secure, caller.authority, _authority(accept))
        known = self.connect.credentials
        if known is not None:
            basic = b64encode(f"{known.user}:{known.password}".encode())
            fields = [field for field in fields if field[0] != b"authorization"]
            fields.append((b"Authorization", b"Basic " + basic))
        return fields

    def response_fields(self, fields: Any, caller: Any, accept: Uri) -> relaying.Fields:
        """Return the fields that a response goes back with."""
        kept = relaying.with_via(relaying.of_response(fields), "1.1", self.via)
        site = (
            caller.site if caller.host else f"{'https' if caller.secure else 'http'}://{_authority(accept)}"
        )
        changed: relaying.Fields = []
        for name, value in kept:
            word = name.lower()
            if word == b"location":
                value = self.rules.location(value.decode("latin-1"), site, accept.path).encode("latin-1")
            elif word == b"set-cookie":
                value = self.rules.cookie(value.decode("latin-1"), accept.path).encode("latin-1")
            if not (self.shares and word.startswith(_SHARING)):
                changed.append((name, value))
        return changed


def _authority(accept: Uri) -> str:
    return f"{bracketed(accept.host)}:{accept.port}"


class _Entry:
    """Takes the requests of one accept.

    Attributes:
        upgrades: WebSocket handshakes too.
    """

    upgrades = True

    def __init__(self, service: HttpProxyService, accept: Uri) -> None:
        self._service, self._accept = service, accept

    def serve(self, exchange: Any) -> None:
        """Pass an L{IExchange} on.

        Raises:
            BadRequest: it would go round in circles, leave the folder of the connect, or have the origin
                say what it was told.
        """
        head: Head = exchange.head
        if head.method == "TRACE":  # its answer would show the credentials of the connect to the client
            raise BadRequest(
                501, "TRACE, which would show what the backend is told", rule="RFC 9110 section 9.3.8"
            )
        if relaying.passed_by(head, self._service.via):
            raise BadRequest(508, "the request has been here before", rule="RFC 9110 section 7.6.3")
        if head.path == "*" or relaying.escapes(exchange.rest):
            raise BadRequest(
                400, "path that may lead out of its folder at the backend", rule="RFC 3986 section 3.3"
            )
        if relaying.hops_left(head) == 0:  # whoever asks how far requests come
            exchange.answer(204, ())
        elif head.path + "/" == self._accept.path:
            query = "?" + head.query if head.query else ""
            exchange.answer(308, ((b"Location", (self._accept.path + query).encode()),))
        else:
            self._pass_on(head, exchange)

    def _pass_on(self, head: Head, exchange: Any) -> None:
        service, query = self._service, "?" + head.query if head.query else ""
        length = None if head.chunked else head.content_length or 0
        request = Request(
            method=head.method,
            target=service.connect.path + exchange.rest + query,
            fields=service.request_fields(head, exchange.caller, self._accept),
            length=length,
            upgrade="websocket" if head.upgrade and head.method == "GET" and length == 0 else "",
            patience=service.patience,
        )
        question = service.origin.question(request, _Back(service, self._accept, exchange))
        exchange.taker = _Forth(question)
        exchange.hold()  # until the origin is there to take the body
        question.start()


@implementer(ITaker)
class _Forth:
    """Passes a request's body on."""

    __slots__ = ("_question",)

    def __init__(self, question: IQuestion) -> None:
        self._question = question

    def body(self, data: bytes) -> None:
        """See L{ITaker}."""
        self._question.write(data)

    def body_ended(self) -> None:
        """See L{ITaker}."""
        self._question.end()

    def congested(self) -> None:
        """See L{ITaker}."""
        self._question.hold()

    def drained(self) -> None:
        """See L{ITaker}."""
        self._question.resume()

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}."""
        self._question.abort()


@implementer(IAsker)
class _Back:
    """Passes a response back."""

    __slots__ = ("_accept", "_exchange", "_service")

    def __init__(self, service: HttpProxyService, accept: Uri, exchange: Any) -> None:
        self._service, self._accept, self._exchange = service, accept, exchange

    def ready(self) -> None:
        """See L{IAsker}."""
        self._exchange.resume()

    def congested(self) -> None:
        """See L{IAsker}."""
        self._exchange.hold()

    def informed(self, status: int, fields: Any) -> None:
        """See L{IAsker}."""
        self._exchange.begin(status, self._fields(fields))

    def answered(self, status: int, fields: Any, length: int | None) -> None:
        """See L{IAsker}."""
        self._exchange.begin(status, self._fields(fields), length)

    def body(self, data: bytes) -> None:
        """See L{IAsker}."""
        self._exchange.write(data)

    def body_ended(self) -> None:
        """See L{IAsker}."""
        self._exchange.end()

    def switched(self, fields: Any, channel: IChannel) -> None:
        """See L{IAsker}."""
        upgrade = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
        front = self._exchange.switch(response_head(101, [*self._fields(fields), *upgrade]))
        front = self._exchange.stay(front)
        self._service.house.join(self._service.name, front, channel, Kind.BINARY)

    def failed(self, why: BadRequest, because: Exception) -> None:
        """See L{IAsker}."""
        self._service.house.complain(self._service.name, self._exchange.caller.peer, because)
        self._exchange.refuse(why)

    def _fields(self, fields: Any) -> relaying.Fields:
        return self._service.response_fields(fields, self._exchange.caller, self._accept)
