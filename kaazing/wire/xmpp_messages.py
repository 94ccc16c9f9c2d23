# -*- test-case-name: tests.wire.test_xmpp_messages -*-
"""XMPP in WebSocket messages: each is one element, a document of its own.  RFC 7395 section 3.3."""

from __future__ import annotations

from kaazing.wire.xmpp import Fault, Limits, Seen
from kaazing.wire.xmpp_header import declaration_length
from kaazing.wire.xmpp_scanner import Scanner

_ROOT = b"<stream xmlns='jabber:client'>"
"""What the elements are read in: a stanza that declares no namespace is the backend's jabber:client."""
_RULE = "RFC 7395 section 3.3.3"


class Messages:
    """What one side says in messages.

    Attributes:
        fault: what is wrong, after which nothing is read; or None.
    """

    __slots__ = ("_offset", "_scanner", "fault")

    def __init__(self, limits: Limits) -> None:
        self._scanner = Scanner(limits, _ROOT)
        self._offset = 0  # of the next message, all counted as one stream
        self.fault: Fault | None = None

    @property
    def watch(self) -> frozenset[str] | None:
        """See L{Scanner.watch}."""
        return self._scanner.watch

    @watch.setter
    def watch(self, names: frozenset[str] | None) -> None:
        self._scanner.watch = names

    @property
    def counts(self) -> list[int]:
        """See L{Scanner.counts}."""
        return self._scanner.counts

    def feed(self, message: bytes) -> bytes | Seen | None:
        """Take a message; return the element, without an XML declaration and the blanks around it.

        None is returned of blanks alone, and of what L{fault} tells.
        """
        if self.fault is not None:
            return None
        start = self._offset
        self._offset += len(message)
        scanner = self._scanner
        if message.startswith(b"<?"):
            declared = declaration_length(message, 0, start)
            if isinstance(declared, Fault):
                self.fault = declared
                return None
            scanner.skip(max(declared, 0))
            found = scanner.feed(message[max(declared, 0) :].lstrip(b" \t\r\n"))
        else:
            found = scanner.feed(message) if message.startswith(b"<") else []
        if len(found) == 1 and not scanner.pending and scanner.fault is None:
            item = found[0]
            if isinstance(item, (bytes, Seen)):
                return item
        if not found and not message.strip(b" \t\r\n"):  # the pings of a time before RFC 7395
            scanner.skip(len(message))
            return None
        self.fault = self._wrong(start, message, len(found))
        return None

    def _wrong(self, start: int, message: bytes, found: int) -> Fault:
        if not message.startswith(b"<"):
            return Fault(start, "bad-format", "message that does not begin with <", _RULE)
        if found > 1:
            return Fault(start, "bad-format", "more than one element in a message", _RULE)
        fault = self._scanner.fault
        return fault or Fault(start, "not-well-formed", "message that is no whole element", _RULE)
