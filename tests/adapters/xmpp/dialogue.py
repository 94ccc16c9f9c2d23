"""A conversation with a session of the XMPP adapter: what happens, and what must follow."""

from __future__ import annotations

from functools import partial
from typing import Self

from kaazing.adapters.xmpp.adapter import XmppAdapter
from kaazing.interfaces.adapters import Kind, ToBack, ToFront
from tests.adapters import dialogue

DEFAULTS = dialogue.defaults(XmppAdapter)
policy = partial(dialogue.policy, XmppAdapter)

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


class Dialogue(dialogue.Dialogue):
    """See there; what the client says counts for its rate."""

    adapter = XmppAdapter

    def passed(self, data: bytes) -> ToBack:
        """See there."""
        return passed(data)

    def open(self, *offered: bytes) -> Self:
        """Let the client open a stream, and the backend offer something."""
        self.front(FRAMED % TO).then(ToBack(STREAM % TO))
        return self.back(STREAM % FROM + features(*offered))

    def flow(self) -> Self:
        """Let the client log in, and open the stream of its session."""
        self.open(PLAIN).then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN))))
        self.front(AUTH).then(passed(alone(AUTH, False).replace(b" xmlns='jabber:client'", b"")))
        self.back(SUCCESS).then(to_client(SUCCESS))
        self.open(BIND).then(to_client(FRAMED % FROM), to_client(alone(features(BIND))))
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
