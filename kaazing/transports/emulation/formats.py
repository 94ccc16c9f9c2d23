# -*- test-case-name: tests.transports.emulation.test_formats -*-
"""The six forms that the bytes of an emulated session may have.  docs/protocols/wse.md, Encodings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zope.interface import implementer

from kaazing.interfaces.feeds import Event, IForm
from kaazing.transports.forms import runs
from kaazing.wire.heads import Head
from kaazing.wire.wse import wse_frame
from kaazing.wire.wse_text import TextDecoder, Unescaper, escape

_LATIN = b"text/plain; charset=windows-1252"
_BINARY = b"application/octet-stream"


@implementer(IForm)
@dataclass(frozen=True, slots=True)
class Format:
    """How messages become bytes; also what L{IForm} promises, for those who tell many channels at once.

    Attributes:
        code: as in the paths: C{bm} of C{;e/cbm}, C{;e/ubm/...} and C{;e/dbm/...}.
        text: whether requests of type C{text/plain;charset=utf-8} have a character for each byte.
        escaped: whether NUL, CR, LF and DEL are escaped.
        binary_only: whether text messages go out as binary ones.
    """

    code: str
    text: bool
    escaped: bool
    binary_only: bool

    @property
    def content_type(self) -> bytes:
        """Of a downstream that does not ask for another."""
        return _LATIN if self.text else _BINARY

    @property
    def form(self) -> Format:
        """One for all whose bytes go out alike: the encoding text changes none downstream."""
        return self if self.escaped else FORMATS[self.code.replace("t", "b")]

    def frames(self, messages: Sequence[bytes], kind: int) -> bytes:
        """Return messages as they go out."""
        data = wse_frame(messages, kind, self.binary_only)
        return escape(data) if self.escaped else data

    def control(self, frame: bytes) -> bytes:
        """Return a PING, a PONG or a command as it goes out."""
        return escape(frame) if self.escaped else frame

    def encode(self, events: Sequence[Event]) -> bytes:
        """See L{IForm}."""
        return b"".join([self.frames(messages, kind) for messages, kind in runs(events)])

    def decoders(self, head: Head) -> list[TextDecoder | Unescaper]:
        """Return what makes frames of a request's body, in this order."""
        made: list[TextDecoder | Unescaper] = []
        if self.text and _is_text(head.headers.get("content-type", "")):
            made.append(TextDecoder())
        if self.escaped:
            made.append(Unescaper())
        return made


FORMATS = {
    code: Format(code, text="t" in code, escaped="e" in code, binary_only="m" not in code)
    for code in ("b", "t", "te", "bm", "tm", "tem")
}


def _is_text(content_type: str) -> bool:
    """Return whether each byte came as a character; Firefox's sendAsBinary sends them as they are."""
    return content_type.lower().replace(" ", "").replace('"', "") == "text/plain;charset=utf-8"
