"""A conversation with a session of the XMPP adapter: what happens, and what must follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.xmpp.adapter import XmppAdapter
from kaazing.adapters.xmpp.session import XmppSession
from kaazing.interfaces.adapters import IAdapterSession, Kind, Link, Login, NoLogin, Order, ToBack, ToFront
from kaazing.wire.policy import Block, Policy, read_rule
from tests.adapters.orders import carried_out

DEFAULTS: dict[str, Any] = {option.name: option.default for option in XmppAdapter.options}

SASL = b"xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
FRAMED = b"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'%s/>"
CLOSE = b"<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"
STREAM = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client'"
    b" xmlns:stream='http://etherx.jabber.org/streams'%s>"
)
STREAM_END = b"</stream:stream>"
TO, FROM = b" to='x' version='1.0'", b" from='x' id='7' version='1.0'"
STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
PLAIN = b"<mechanisms %s><mechanism>PLAIN</mechanism></mechanisms>" % SASL
SCRAM = b"<mechanisms %s><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms>" % SASL
BIND = b"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
AUTH = b"<auth %s mechanism='PLAIN'>AGEAYg==</auth>" % SASL
SUCCESS = b"<success %s/>" % SASL


def features(*inside: bytes) -> bytes:
    """Return stream features as a backend says them."""
    return b"<stream:features>%s</stream:features>" % b"".join(inside)


def alone(wire: bytes, prefix: bool = True) -> bytes:
    """Return an element with the namespaces of the stream declared."""
    name = wire.find(b">") if b" " not in wire[: wire.find(b">")] else wire.find(b" ")
    name -= wire[name - 1 : name] == b"/"
    spaces = b" xmlns='jabber:client'"
    if prefix:
        spaces += b" xmlns:stream='http://etherx.jabber.org/streams'"
    return wire[:name] + spaces + wire[name:]


def policy(*rules: str) -> dict[str, Any]:
    """Return what makes a link with a policy that allows this and nothing else."""
    allow = tuple(read_rule(rule, XmppAdapter.operations) for rule in rules)
    return {"policy": Policy([Block(allow=allow)], frozenset(), XmppAdapter.operations)}


class Dialogue:
    """Tell the session what happens with L{front}, L{back} and the like; say with L{then} what must
    follow, all of it, before the next thing happens. Plain text in C{then} is a violation.

    Attributes:
        now: the time, seconds; set it to let time pass.
    """

    def __init__(self, case: SynchronousTestCase, link: dict[str, Any] | None = None, **options: Any) -> None:
        values = {**DEFAULTS, **{name.replace("_", "."): value for name, value in options.items()}}
        self._case = case
        self.now = 100.0
        self.session = XmppSession(Link(peer="192.0.2.1:5000", options=values, **(link or {})))
        verifyObject(IAdapterSession, self.session)
        self._said: list[Any] = []
        self._hear(self.session.opened(self.now), ToBack)

    def open(self, *offered: bytes) -> Dialogue:
        """Let the client open a stream, and the backend offer something."""
        self.front(FRAMED % TO).then(ToBack(STREAM % TO))
        return self.back(STREAM % FROM + features(*offered))

    def flow(self) -> Dialogue:
        """Let the client log in, and open the stream of its session."""
        self.open(PLAIN).then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN))))
        self.front(AUTH).then(passed(alone(AUTH, False).replace(b" xmlns='jabber:client'", b"")))
        self.back(SUCCESS).then(to_client(SUCCESS))
        self.open(BIND).then(to_client(FRAMED % FROM), to_client(alone(features(BIND))))
        return self

    def front(self, data: bytes, kind: Kind = Kind.TEXT) -> Dialogue:
        """The browser sends a message."""
        return self._hear(self.session.from_front(data, kind, self.now), passed)

    def back(self, data: bytes) -> Dialogue:
        """The backend sends."""
        return self._hear(self.session.from_back(data, self.now), to_client)

    def secured(self) -> Dialogue:
        """The backend's connection is encrypted."""
        return self._hear(self.session.secured(self.now), ToBack)

    def login(self, answer: Login | NoLogin) -> Dialogue:
        """The login is known."""
        return self._hear(self.session.login(answer, self.now), ToBack)

    def computed(self, result: Any) -> Dialogue:
        """What was to be computed is."""
        return self._hear(self.session.computed(result, self.now), ToBack)

    def back_ended(self) -> Dialogue:
        """The backend sends no more."""
        return self._hear(self.session.back_ended(self.now), to_client)

    def wait_for_deadline(self) -> Dialogue:
        """Let time pass until the session wants to be told."""
        self._case.assertIsNotNone(self.session.deadline)
        self.now = self.session.deadline or 0.0
        return self._hear(self.session.expired(self.now), ToFront)

    def then(self, *orders: Order | str) -> Dialogue:
        """This follows and nothing else; text stands for the violation that ends it all."""
        said, self._said = self._said, []
        self._case.assertEqual(said, list(orders))
        return self

    def heard(self) -> list[Any]:
        """Return what follows, to be looked at."""
        said, self._said = self._said, []
        return said

    def _hear(self, orders: Iterable[Order], passing: Any) -> Dialogue:
        self._case.assertEqual(self._said, [], "this was not expected")
        self._said = carried_out(orders, passing)
        return self


def passed(data: bytes) -> ToBack:
    """Return the order to pass on what the client said, which counts for its rate."""
    return ToBack(data, counts=True)


def to_client(data: bytes) -> ToFront:
    """Return the order to send the client a text message."""
    return ToFront(data, Kind.TEXT)


def error(condition: str, text: str) -> ToFront:
    """Return the order to send the client a stream error."""
    space = "urn:ietf:params:xml:ns:xmpp-streams"
    return to_client(
        f"<stream:error xmlns:stream='http://etherx.jabber.org/streams'><{condition} xmlns='{space}'/>"
        f"<text xmlns='{space}' xml:lang='en'>{text}</text></stream:error>".encode()
    )
