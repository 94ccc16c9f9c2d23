# -*- test-case-name: tests.wire.test_wse_text -*-
"""The encodings text and escaped, outside the frames of WebSocket emulation.  docs/protocols/wse.md.

Each makes bytes of bytes, in pieces of any cut: upstream L{TextDecoder} first, L{Unescaper} behind it.
Downstream the encoding text changes no byte (the browser takes them for windows-1252).
"""

from __future__ import annotations

import codecs
import re
from typing import final

RULE = "WSE encodings"

_WELL_ESCAPED = re.compile(rb"(?:[^\x7f]++|\x7f[0rn\x7f])*")
_DELETE = "\u0100"  # stands for an unescaped 7F while the other pairs are looked for
_PAIRS = (("\x7f0", "\0"), ("\x7fr", "\r"), ("\x7fn", "\n"))


class EncodingFault(ValueError):
    """A request's body breaks its encoding; what raised it is of no more use.

    Attributes:
        offset: in what was fed since the start, of the character or escape that is wrong.
        what: the fault, without the place.
        rule: what forbids it.
        before: what the same call decoded before the fault: bytes that pass as if no fault followed.
    """

    def __init__(self, what: str, *, offset: int, before: bytes = b"") -> None:
        super().__init__(f"byte {offset}: {what} ({RULE})")
        self.what, self.offset, self.rule, self.before = what, offset, RULE, before


@final
class TextDecoder:
    """The upstream body of C{text/plain;charset=utf-8}: each character is a byte, its number modulo 256.

    So C{C4 80}, the character 256, is the byte 0, which some browsers cannot send otherwise. At most the 3
    bytes of a character cut short are kept.
    """

    __slots__ = ("_held", "_taken")

    def __init__(self) -> None:
        self._held = b""
        self._taken = 0  # bytes that came and are not held

    def feed(self, data: bytes, /) -> bytes:
        """Decode the next bytes.

        Raises:
            EncodingFault: they are not UTF-8 (RFC 3629 section 4).
        """
        data = self._held + data
        try:
            text, taken = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError as why:
            before = _low_bytes(data[: why.start].decode())
            raise EncodingFault(
                "body that is not UTF-8", offset=self._taken + why.start, before=before
            ) from None
        self._held = data[taken:]
        self._taken += taken
        return _low_bytes(text)

    def end(self) -> None:
        """The body is over.

        Raises:
            EncodingFault: inside a character.
        """
        if self._held:
            raise EncodingFault("body ends inside a character", offset=self._taken)


def _low_bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-32-le")[::4]


@final
class Unescaper:
    """Takes the escapes of the encoding escaped out: C{7F 30}, C{7F 72}, C{7F 6E}, C{7F 7F}.

    At most the first byte of a pair is kept. Bytes that ought to have been escaped pass.
    """

    __slots__ = ("_held", "_taken")

    def __init__(self) -> None:
        self._held = b""
        self._taken = 0  # bytes that came and are not held

    def feed(self, data: bytes, /) -> bytes:
        """Take the escapes out of the next bytes.

        Raises:
            EncodingFault: a pair is none of the four.
        """
        if not self._held and b"\x7f" not in data:
            self._taken += len(data)
            return data
        data = self._held + data
        whole = len(data)
        if (whole - len(data.rstrip(b"\x7f"))) % 2:  # the run's last begins a pair
            whole -= 1
        self._held = data[whole:]
        text = data[:whole].decode("latin-1").replace("\x7f\x7f", _DELETE)
        for pair, byte in _PAIRS:
            text = text.replace(pair, byte)
        text, bad, _ = text.partition("\x7f")
        plain = text.replace(_DELETE, "\x7f").encode("latin-1")
        if bad:
            good = next(_WELL_ESCAPED.finditer(data)).end()
            raise EncodingFault("unknown escape", offset=self._taken + good, before=plain)
        self._taken += whole
        return plain

    def end(self) -> None:
        """The body is over.

        Raises:
            EncodingFault: inside an escape.
        """
        if self._held:
            raise EncodingFault("body ends inside an escape", offset=self._taken)


def escape(data: bytes) -> bytes:
    """Escape the bytes 00, 0A, 0D and 7F, as the encoding escaped wants them downstream."""
    data = data.replace(b"\x7f", b"\x7f\x7f").replace(b"\0", b"\x7f0")
    return data.replace(b"\r", b"\x7fr").replace(b"\n", b"\x7fn")
