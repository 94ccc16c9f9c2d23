# -*- test-case-name: tests.adapters.irc.test_adapter -*-
"""The IRC adapter and the properties of the service type irc.proxy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import login_timeout, mechanism_faults
from kaazing.adapters.irc.forms import BINARY, TEXT
from kaazing.adapters.irc.session import IrcSession
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.literals import Unreadable, bounded, choice, integer, size, switch, text
from kaazing.options import Option
from kaazing.wire.irc import folded
from kaazing.wire.policy import Glob
from kaazing.wire.sasl import MECHANISMS

_LONGEST = 64 * 1024  # of any line or its tags
_VALUE_MAX = 300  # bytes of a value that goes into a line of the gateway's


def last_parameter(value: str) -> str:
    """Return text that an IRC line can carry at its end."""
    if re.search("[\0\n\r]", value) or len(text(value).encode()) > _VALUE_MAX:
        raise Unreadable(
            f"expected text of at most {_VALUE_MAX} bytes without line feed, carriage return and NUL"
        )
    return value


def word(value: str) -> str:
    """Return text that an IRC line can carry anywhere."""
    if " " in value or value.startswith(":"):
        raise Unreadable("expected text without blanks that does not begin with a colon")
    return last_parameter(value)


OPTIONS = (
    Option(
        name="server.password",
        read=last_parameter,
        secret=True,
        doc="The password of the server (PASS), for which no user is needed; the client's PASS is dropped.",
    ),
    Option(
        name="webirc.password",
        read=word,
        secret=True,
        doc="The backend is told the client's address (WEBIRC) with this password, before anything else;"
        " absent, it is not told.",
    ),
    Option(
        name="webirc.gateway",
        read=word,
        default="kaazing",
        doc="The name of the gateway in WEBIRC.",
    ),
    Option(
        name="webirc.secure",
        read=switch,
        default=True,
        doc="Whether WEBIRC says that a client's connection is encrypted, where it is; some servers of old"
        " take no parameter for that.",
    ),
    Option(
        name="irc.login",
        read=choice("sasl", "pass"),
        default="sasl",
        doc="How the gateway logs in, where it does: sasl for an account; pass for backend.password as PASS"
        " and backend.username in the client's USER.",
    ),
    Option(
        name="irc.starttls",
        read=choice("never", "optional", "required"),
        default="never",
        doc="Whether the connection to a tcp backend is encrypted by STARTTLS, which few servers still know;"
        " what is optional, somebody in between can prevent. An ssl connect needs none.",
    ),
    login_timeout("the backend's welcome (001), in which a client may have to choose another nickname", 60.0),
    Option(
        name="irc.maximum.line",
        read=bounded(size, 64, _LONGEST),
        default=512,
        doc="Longest line taken from a client, bytes, CR LF counted, tags not.",
    ),
    Option(
        name="irc.maximum.tags",
        read=bounded(size, 2, _LONGEST),
        default=4096,
        doc="Longest tags of a line taken from a client, bytes, @ and the blank behind counted.",
    ),
    Option(
        name="irc.maximum.parameters",
        read=integer(1, 1000),
        default=15,
        doc="Most parameters in a line of a client.",
    ),
    Option(
        name="irc.maximum.backend.line",
        read=bounded(size, 64, _LONGEST),
        default=2048,
        doc="Longest line taken from the backend, bytes, CR LF counted, tags not.",
    ),
    Option(
        name="irc.maximum.backend.tags",
        read=bounded(size, 2, _LONGEST),
        default=8191,
        doc="Longest tags of a line taken from the backend, bytes, @ and the blank behind counted.",
    ),
)


@implementer(IAdapter)
class IrcAdapter:
    """See L{IAdapter}."""

    name = "irc"
    front = Front.MESSAGES
    subprotocols = (TEXT, BINARY)
    options = OPTIONS
    operations = {"join": Glob(folded), "message": Glob(folded), "command": Glob(str.upper)}  # noqa: RUF012

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IAdapter.check}."""
        if options["irc.login"] == "pass" and options["server.password"] is not None:
            yield "server.password stands beside irc.login pass: a server takes one PASS"
        if options["irc.login"] == "sasl":
            yield from mechanism_faults(options, "IRC", MECHANISMS)
            return
        yield from mechanism_faults(options, "irc.login pass")
        for name, read in (("backend.username", word), ("backend.password", last_parameter)):
            try:
                read(options.get(name) or "x")
            except Unreadable as why:
                yield f"{name}, which irc.login pass sends as it is: {why}"

    def session(self, link: Link) -> IAdapterSession:
        """See L{IAdapter.session}."""
        return IrcSession(link)
