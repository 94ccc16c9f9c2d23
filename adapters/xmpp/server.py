# -*- test-case-name: tests.adapters.xmpp.test_server -*-
"""The backend's half of an XMPP connection: its streams opened, encrypted and logged in to, its words
passed on.  RFC 6120 sections 4 to 6."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from kaazing.adapters.base import LOGIN_REFUSED, BaseSession, in_words
from kaazing.adapters.xmpp import features
from kaazing.adapters.xmpp.forms import STREAM_END, TEXT_ONLY, Framed, Item, Streamed
from kaazing.adapters.xmpp.login import (
    ABORT,
    AUTH,
    CHALLENGE,
    FAILURE,
    RESPONSE,
    SUCCESS,
    BackendLogin,
    condition_of,
    failure,
    said,
)
from kaazing.closecodes import BAD_GATEWAY, INTERNAL_ERROR, NORMAL, WRONG_TYPE
from kaazing.errors import FrameViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
    Compute,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    StartTls,
    ToBack,
    ToFront,
)
from kaazing.wire.sasl import Refused
from kaazing.wire.xmpp import (
    IQ,
    SASL,
    SASL2,
    STREAM_ERRORS,
    STREAMS,
    TLS,
    End,
    Fault,
    Header,
    Limits,
    Seen,
    stream_error,
)
from kaazing.wire.xmpp_scanner import Scanner
from kaazing.wire.xmpp_tree import parse

FEATURES, ERROR = f"{STREAMS} features", f"{STREAMS} error"
GOODBYE = 5.0
"""Seconds that a backend has to end its stream when there is nothing more to be said."""

_CHALLENGE = f"<challenge xmlns='{SASL}'/>".encode()
_SUCCESS = f"<success xmlns='{SASL}'/>".encode()
_STARTTLS = f"<starttls xmlns='{TLS}'/>".encode()


class Stage(Enum):
    """How far a connection has come."""

    NEW = "no stream has been opened"
    OPENING = "the backend is to say what it offers"
    READY = "the client is to log in"
    ASKED = "the backend is to answer the client's word of login"
    LOGIN = "the gateway is logging in"
    RESTART = "the client is to open the stream of its session"
    FLOWING = "stanzas flow"
    CLOSING = "the backend is to end its stream"
    OVER = "all is said"


_WAITING = frozenset((Stage.OPENING, Stage.ASKED, Stage.LOGIN))


class ServerSide(BaseSession):
    """What the backend says, and what is said to it before stanzas flow."""

    __slots__ = (
        "_answer", "_asking", "_authenticated", "_back", "_encrypted", "_front", "_guarded", "_header",
        "_link", "_login", "_offered", "_options", "_prompted", "_registers", "_shown", "_stage", "_tls",
    )  # fmt: skip

    def __init__(self, link: Link, *, guarded: bool) -> None:
        """C{guarded}: whether a policy may keep stanzas of the client's back."""
        super().__init__(Kind.TEXT)
        self._link, self._options, self._guarded = link, link.options, guarded
        self._stage = Stage.NEW
        self._asking = False  # a question is open
        self._front: Framed | Streamed | None = None  # until the client's first bytes show which
        self._back = Scanner(self._limits("xmpp.maximum.backend.stanza.size"))
        self._back.stepping = True
        self._header = Header(0, {}, {})  # the client's, as the backend gets it
        self._answer: Header | None = None  # the backend's
        self._shown = False  # whether the client has got a header for its own
        self._encrypted = link.encrypted
        self._tls = False  # whether the backend is asked for TLS
        self._offered: list[str] = []  # SASL mechanisms of the backend
        self._registers = False  # whether the client may register (XEP-0077)
        self._prompted = False  # whether the client is asked for its PLAIN login, which was empty
        self._login: BackendLogin | None = None
        self._authenticated = False

    def _limits(self, size: str) -> Limits:
        options = self._options
        return Limits(
            element=options[size],
            depth=options["xmpp.maximum.depth"],
            attributes=options["xmpp.maximum.attributes"],
            length=options["xmpp.maximum.attribute.length"],
        )

    @property
    def _form(self) -> Framed | Streamed:
        """How the client speaks; before it has spoken, how one of its carrier does."""
        if self._front is None:
            limits = self._limits("xmpp.maximum.stanza.size")
            self._front = Framed(limits) if self._link.messages else Streamed(limits)
        return self._front

    def _waits(self) -> bool:
        """Return whether the client has to wait for the backend or for an answer."""
        return self._asking or self._stage in _WAITING

    def _go_on(self, now: float) -> Iterator[Order]:
        """Take up what has come before and had to wait."""
        raise NotImplementedError

    def _watched(self) -> frozenset[str]:
        """Return the client's elements that are to be looked at while stanzas flow."""
        raise NotImplementedError

    def login(self, answer: Login | NoLogin, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.login}."""
        self._asking = False
        if isinstance(answer, NoLogin):
            self._stage = Stage.READY
            yield ToFront(failure("not-authorized", answer.reason), Kind.TEXT)
        else:
            try:
                self._login = BackendLogin(answer, self._offered)
                yield ToBack(self._login.auth())
            except Refused as why:
                yield from self._login_refused(why)
        yield from self._go_on(now)

    def secured(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.secured}."""
        self._asking, self._tls, self._encrypted = False, False, True
        yield from self._open_back()
        yield from self._go_on(now)

    def computed(self, result: Any, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.computed}."""
        self._asking = False
        assert self._login is not None
        yield ToBack(self._login.response(result))
        yield from self._go_on(now)

    def _open_back(self) -> Iterator[Order]:
        self._stage, self._answer = Stage.OPENING, None
        self._back.restart()
        yield ToBack(self._header.stream())

    def _obey(self, items: Iterable[Item], now: float) -> Iterator[Order]:
        """Do what the backend's words ask for."""
        for item in items:
            if self._stage is Stage.OVER:
                return
            if isinstance(item, bytes):
                yield ToFront(item, Kind.TEXT)
            elif isinstance(item, End):
                yield from self._ended(now)
            elif isinstance(item, Header):
                self._answer = item
                if "version" not in item.attributes:
                    yield from self._offers(b"", [], starttls=False)
            elif item.name == ERROR:
                yield from self._erred(item, now)
            else:
                yield from self._look(item)

    def _look(self, item: Seen) -> Iterator[Order]:
        name, stage = item.name, self._stage
        if stage is Stage.OPENING and self._tls:
            yield from self._tls_answered(item)
        elif stage is Stage.OPENING and name == FEATURES:
            tree = parse(item.wire)
            starttls = tree.child(features.STARTTLS) is not None
            closed = self._link.injects or self._guarded
            self._registers = tree.child(features.REGISTER) is not None and not closed
            wire = self._features(item)
            yield from self._offers(wire, features.mechanisms(tree), starttls=starttls)
        elif stage is Stage.FLOWING and name == FEATURES:
            yield ToFront(self._features(item), Kind.TEXT)
        elif stage is Stage.CLOSING or (stage is Stage.READY and name == IQ and self._registers):
            yield ToFront(item.wire, Kind.TEXT)
        elif stage is Stage.ASKED and name.partition(" ")[0] in (SASL, SASL2):
            yield from self._answered(item)
        elif stage is Stage.LOGIN and name in (CHALLENGE, SUCCESS, FAILURE):
            try:
                yield from self._login_answered(item)
            except Refused as why:
                yield from self._login_refused(why)
        else:
            what = f"an element before its time: {shown(name)}"
            yield from self._backend_fault(Fault(item.offset, "", what, "RFC 6120 section 4.3"))

    def _features(self, item: Seen) -> bytes:
        injecting = self._link.injects and not self._authenticated
        return features.shown(item.wire, parse(item.wire), injecting=injecting, guarded=self._guarded)

    def _offers(self, wire: bytes, offered: list[str], *, starttls: bool) -> Iterator[Order]:
        """The backend has said what it offers."""
        wish = self._options["xmpp.starttls"]
        self._offered = offered
        if not self._encrypted and starttls and wish != "never":
            self._tls = True
            yield ToBack(_STARTTLS)
        elif not self._encrypted and wish == "required":
            yield from self._fatal("remote-connection-failed", "the backend offers no encryption")
            yield Close(BAD_GATEWAY, "the backend offers no encryption")
        else:
            assert self._answer is not None
            self._shown = True
            yield ToFront(self._form.head(self._answer), Kind.TEXT)
            if wire:
                yield ToFront(wire, Kind.TEXT)
            self._stage = Stage.READY
            if self._authenticated:
                self._flow()

    def _flow(self) -> None:
        """From here on stanzas may pass."""
        self._stage, self.deadline = Stage.FLOWING, None
        self._login = None
        self._back.stepping, self._back.watch = False, frozenset((FEATURES, ERROR))
        self._form.flow(self._watched())

    def _tls_answered(self, item: Seen) -> Iterator[Order]:
        if item.name != f"{TLS} proceed":
            yield from self._fatal("remote-connection-failed", "the backend refuses encryption")
            yield Close(BAD_GATEWAY, "the backend refuses encryption")
        elif self._back.pending:  # put in by somebody in between, perhaps
            what = "bytes behind the consent to TLS"
            yield from self._backend_fault(Fault(self._back.offset, "", what, "RFC 6120 section 5.3.4"))
        else:
            self._asking = True
            yield StartTls()

    def _answered(self, item: Seen) -> Iterator[Order]:
        """The backend answers the client's own login."""
        yield ToFront(item.wire, Kind.TEXT)
        self._stage = Stage.READY
        if item.name == f"{SASL2} success":  # no restart (XEP-0388 section 2.6)
            self._authenticated = True
            self._flow()
        elif item.name == SUCCESS:
            self._restart()

    def _restart(self) -> None:
        self._authenticated, self._stage = True, Stage.RESTART
        self._form.restart()

    def _log_in(self, item: Seen) -> Iterator[Order]:
        """The client logs in, as whoever it likes: the gateway does it for all."""
        text = parse(item.wire).text.strip()
        if item.name == ABORT:
            self._prompted = False
            yield ToFront(failure("aborted"), Kind.TEXT)
        elif item.name == AUTH and item.get("mechanism") not in features.OFFERED:
            yield ToFront(failure("invalid-mechanism"), Kind.TEXT)
        elif item.name == AUTH and item.get("mechanism") == "PLAIN" and not text:
            self._prompted = True
            yield ToFront(_CHALLENGE, Kind.TEXT)
        elif item.name == RESPONSE and not self._prompted:
            yield ToFront(failure("malformed-request"), Kind.TEXT)
        else:
            self._prompted, self._asking, self._stage = False, True, Stage.LOGIN
            yield said(text) if self._link.told and item.get("mechanism") != "ANONYMOUS" else AskLogin()

    def _login_answered(self, item: Seen) -> Iterator[Order]:
        assert self._login is not None
        if item.name == FAILURE:
            self._stage = Stage.READY
            yield LOGIN_REFUSED
            yield ToFront(failure(condition_of(item.children)), Kind.TEXT)
            return
        text = parse(item.wire).text
        if item.name == SUCCESS:
            self._login.finish(text)
            self._restart()
            yield ToFront(_SUCCESS, Kind.TEXT)
            return
        answer = self._login.answer(text)
        if isinstance(answer, Compute):
            self._asking = True
            yield answer
        else:
            yield ToBack(answer)

    def _login_refused(self, why: Refused) -> Iterator[Order]:
        yield ToFront(failure("temporary-auth-failure"), Kind.TEXT)
        self._stage = Stage.OVER
        yield ToFront(self._form.end(), Kind.TEXT)
        fault = Fault(self._back.offset, "", f"no login at the backend: {why}", "RFC 6120 section 6")
        raise fault.violation(Side.BACK)

    def _erred(self, item: Seen, now: float) -> Iterator[Order]:
        """The backend has said why it is going to end the stream (RFC 6120 section 4.9)."""
        if not self._shown:
            yield ToFront(self._form.head(self._answer or self._error_header()), Kind.TEXT)
            self._shown = True
        self._stage, self.deadline = Stage.CLOSING, now + GOODBYE
        other = parse(item.wire).child(f"{STREAM_ERRORS} see-other-host")
        if other is None:
            yield ToFront(item.wire, Kind.TEXT)
            return
        uri = self._elsewhere(other.text.strip())
        if uri:
            yield from self._goodbye(uri)
        else:  # the host's name is the gateway's own affair
            yield ToFront(stream_error("reset", "the session is to begin anew"), Kind.TEXT)

    def _elsewhere(self, host: str) -> str:
        """Return the URI for a host and port, or nothing where there is none that can be said."""
        template: str | None = self._options["xmpp.see.other.uri"]
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        safe = name.replace("-", "").replace(".", "").isalnum() and name.isascii()
        if template is None or not safe or not isinstance(self._front, Framed):
            return ""
        if self._link.secure and not template.startswith(("wss:", "https:")):
            return ""  # clients must not follow (RFC 7395 section 3.6.1)
        return template.replace("{host}", name.lower())

    def _ended(self, now: float) -> Iterator[Order]:
        """The backend has ended its stream."""
        if not self._shown:
            yield from self._fatal("remote-connection-failed", "the backend has ended the stream")
            yield Close(INTERNAL_ERROR, "backend lost")
            return
        if self._stage is not Stage.CLOSING:
            yield ToBack(STREAM_END)
        yield from self._goodbye()

    def _goodbye(self, see_other: str = "") -> Iterator[Order]:
        self._stage, self.deadline = Stage.OVER, None
        yield ToFront(self._form.end(see_other), Kind.TEXT)
        yield Close(NORMAL)

    def _client_fault(self, fault: Fault) -> Iterator[Order]:
        yield from self._fatal(fault.condition, in_words(fault.violation(Side.FRONT)))
        if fault.rule == TEXT_ONLY:
            raise FrameViolation(
                fault.what, side=Side.FRONT, offset=fault.offset, rule=fault.rule, close_code=WRONG_TYPE
            )
        raise fault.violation(Side.FRONT)

    def _backend_fault(self, fault: Fault) -> Iterator[Order]:
        why = fault.violation(Side.BACK)
        yield from self._fatal("internal-server-error", in_words(why))
        raise why

    def _fatal(self, condition: str, text: str) -> Iterator[Order]:
        """Tell the client that all is over, in a stream that is opened for it where there is none
        (RFC 7395 section 3.5)."""
        form = self._form
        if not self._shown:
            yield ToFront(form.head(self._error_header()), Kind.TEXT)
        self._stage, self._shown = Stage.OVER, True
        yield ToFront(stream_error(condition, text), Kind.TEXT)
        yield ToFront(form.end(), Kind.TEXT)

    def _error_header(self) -> Header:
        """Return the head of a stream that has nothing in it but an error; nothing ever refers to its id."""
        host = self._header.attributes.get("to")
        return Header(0, {}, {**({"from": host} if host else {}), "id": "0", "version": "1.0"})


def shown(name: str) -> str:
    """Return an element's name as an error may say it."""
    return ascii(name.rpartition(" ")[2][:40])
