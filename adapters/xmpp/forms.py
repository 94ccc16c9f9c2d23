# -*- test-case-name: tests.adapters.xmpp.test_forms -*-
"""The two forms in which clients speak: an element in each message (RFC 7395), or a stream as it is over
TCP (RFC 6120), which old clients put into WebSocket messages too."""

from __future__ import annotations

import re

from kaazing.interfaces.adapters import Kind
from kaazing.wire.xmpp import FRAMING, End, Fault, Header, Limits, Seen, escape
from kaazing.wire.xmpp_messages import Messages
from kaazing.wire.xmpp_scanner import Scanner

OPEN, CLOSE = f"{FRAMING} open", f"{FRAMING} close"
STREAM_END = b"</stream:stream>"

TEXT_ONLY = "RFC 7395 section 3.2"
"""The rule that messages are text."""

Item = bytes | Seen | Header | End

_BEGINNING = re.compile(rb"[ \t\r\n]*(<\?xml[^<>]*>)?[ \t\r\n]*(<(?:[^ \t\r\n<>:]{1,64}:)?stream[ \t\r\n>])?")


def is_stream(data: bytes) -> bool:
    """Return whether the first message of a client is the beginning of a stream as over TCP."""
    found = _BEGINNING.match(data)
    assert found is not None
    return found[2] is not None or (found[1] is not None and found.end() == len(data))


class Framed:
    """RFC 7395: each message is one element, and the head of a stream is <open/>.

    Attributes:
        fault: what is wrong, after which nothing is read; or None.
        patch: whether what goes to the client has to stand alone.
        counts: see L{Scanner.counts}.
    """

    __slots__ = ("_messages", "_offset", "counts", "fault", "patch")

    def __init__(self, limits: Limits) -> None:
        self._messages = Messages(limits)
        self._offset = 0
        self.counts = self._messages.counts
        self.fault: Fault | None = None
        self.patch = True

    def feed(self, data: bytes, kind: Kind) -> list[Item]:
        """Take a message; return the one thing it is, or nothing where it is blank or at fault."""
        if kind == Kind.BINARY and self.fault is None:
            self.fault = Fault(self._offset, "policy-violation", "binary message", TEXT_ONLY)
        if self.fault is not None:
            return []
        self._offset += len(data)
        item = self._messages.feed(data)
        if item is None:
            self.fault = self._messages.fault
            return []
        if isinstance(item, Seen):
            if item.name == OPEN:
                pairs = zip(item.attributes[::2], item.attributes[1::2], strict=True)
                return [Header(item.offset, {}, dict(pairs))]
            if item.name == CLOSE:
                return [End(item.offset)]
        return [item]

    def more(self) -> list[Item]:
        """Nothing waits here: a message is one thing."""
        return []

    def restart(self) -> None:
        """The next thing is to be a header; here it may always be one."""

    def flow(self, watch: frozenset[str]) -> None:
        """Look at these elements alone from here on."""
        self._messages.watch = watch | {OPEN, CLOSE}

    def head(self, header: Header) -> bytes:
        """Return a header as this client gets it."""
        return header.framed()

    def end(self, see_other: str = "") -> bytes:
        """Return the end of the stream; C{see_other} is where to go instead (RFC 7395 section 3.6.1)."""
        other = f" see-other-uri='{escape(see_other)}'" if see_other else ""
        return f"<close xmlns='{FRAMING}'{other}/>".encode()


class Streamed:
    """RFC 6120 over whatever carries bytes, any cut; the same attributes and methods as L{Framed}."""

    __slots__ = ("_scanner", "patch")

    def __init__(self, limits: Limits) -> None:
        self._scanner = Scanner(limits)
        self._scanner.stepping = True
        self.patch = False

    @property
    def fault(self) -> Fault | None:
        """What is wrong, after which nothing is read; or None."""
        return self._scanner.fault

    @property
    def counts(self) -> list[int]:
        """See L{Scanner.counts}."""
        return self._scanner.counts

    def feed(self, data: bytes, kind: Kind) -> list[Item]:
        """Take bytes; return what they complete, one thing until L{flow}."""
        return self._scanner.feed(data)

    def more(self) -> list[Item]:
        """Return the next thing that was already there."""
        return self._scanner.feed(b"")

    def restart(self) -> None:
        """The next thing is to be a header."""
        self._scanner.restart()

    def flow(self, watch: frozenset[str]) -> None:
        """Look at these elements alone from here on, and stop no more."""
        self._scanner.stepping, self._scanner.watch = False, watch

    def head(self, header: Header) -> bytes:
        """Return a header as this client gets it."""
        return header.stream()

    def end(self, see_other: str = "") -> bytes:
        """Return the end of the stream; it has no word for another place."""
        return STREAM_END
