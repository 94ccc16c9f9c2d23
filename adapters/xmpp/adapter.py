# -*- test-case-name: tests.adapters.xmpp.test_adapter -*-
"""The XMPP adapter and the properties of the service type xmpp.proxy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import login_timeout, mechanism_faults
from kaazing.adapters.xmpp.permits import folded, same
from kaazing.adapters.xmpp.session import XmppSession
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.literals import Unreadable, bounded, choice, integer, size, text, uri
from kaazing.options import Option
from kaazing.wire.policy import Glob
from kaazing.wire.sasl import MECHANISMS

_HIGHEST = 2**31  # of any limit


def domain(value: str) -> str:
    """Return a name that can be the address of a stream."""
    if re.search("[\0-\x20\x7f@/]", value):
        raise Unreadable("expected a domain, without blank, @ and /")
    return text(value)


def template(value: str) -> str:
    """Return a URI in which {host} may stand for a host."""
    if uri(value.replace("{host}", "host")).scheme not in ("ws", "wss", "http", "https"):
        raise Unreadable("expected ws, wss, http or https and {host} for the host: wss://{host}/xmpp")
    return value


OPTIONS = (
    Option(
        name="virtual.host",
        read=domain,
        doc="The domain that the backend is asked for (to of the stream), in place of the client's.",
    ),
    login_timeout("the stream that follows the login"),
    Option(
        name="xmpp.starttls",
        read=choice("optional", "required", "never"),
        default="optional",
        doc="Whether a connection to the backend that is not ssl:// is encrypted with STARTTLS: where the"
        " backend offers it (optional), always or not at all (required), never.",
    ),
    Option(
        name="xmpp.see.other.uri",
        read=template,
        doc="Where clients are sent when the backend names another host (see-other-host): a URI with {host}"
        " for that host, such as wss://{host}/xmpp. Absent, they are told to come again (reset), and no"
        " name.",
    ),
    Option(
        name="xmpp.maximum.stanza.size",
        read=bounded(size, 1024, _HIGHEST),
        default=128 * 1024,
        doc="Longest element taken from a client, bytes.",
    ),
    Option(
        name="xmpp.maximum.backend.stanza.size",
        read=bounded(size, 1024, _HIGHEST),
        default=4 * 1024 * 1024,
        doc="Longest element taken from the backend, bytes.",
    ),
    Option(
        name="xmpp.maximum.depth",
        read=integer(4, 10_000),
        default=64,
        doc="Deepest nesting of elements, of either side; a stanza is 1.",
    ),
    Option(
        name="xmpp.maximum.attributes",
        read=integer(8, 10_000),
        default=64,
        doc="Most attributes of an element, namespace declarations counted, of either side.",
    ),
    Option(
        name="xmpp.maximum.attribute.length",
        read=bounded(size, 256, 16 * 1024 * 1024),
        default=8 * 1024,
        doc="Longest value of an attribute, name (its namespace counted) or namespace, characters, of either"
        " side.",
    ),
)


@implementer(IAdapter)
class XmppAdapter:
    """See L{IAdapter}."""

    name = "xmpp"
    front = Front.MESSAGES
    subprotocols = ("xmpp",)
    options = OPTIONS
    operations: Mapping[str, Any] = {
        **dict.fromkeys(("message", "presence", "iq"), Glob(folded)),
        "namespace": Glob(same),
    }

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IAdapter.check}."""
        return mechanism_faults(options, "XMPP", MECHANISMS)

    def session(self, link: Link) -> IAdapterSession:
        """See L{IAdapter.session}."""
        return XmppSession(link)
