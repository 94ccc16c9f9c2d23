# -*- test-case-name: tests.transports.test_deflate,tests.transports.test_deflate_connections -*-
"""permessage-deflate: what is agreed with a client, and its messages in and out.  RFC 7692."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from autobahn.websocket.compress import PerMessageDeflateOffer
from zope.interface import implementer

from kaazing.closecodes import BAD_PAYLOAD, TOO_BIG
from kaazing.config.model import Compression
from kaazing.interfaces.feeds import Event, IForm
from kaazing.transports.ws import OPEN, Socket
from kaazing.wire.frames import BINARY, TEXT, frame, valid_utf8

NAME = "permessage-deflate"
FREE = 64 * 1024  # bytes that any message may inflate to
BLOCK = 1024  # compressed bytes in which the ratio counts: it must not depend on where the stream is cut
LEAST = 64  # bytes of a message from which compressing it is worth the time

_TAIL = b"\0\0\xff\xff"  # taken off each message by its sender (section 7.2.1)
_RSV1 = 0x40  # of a frame's first byte: the message is compressed (section 6)
_CONTROL = 8  # opcode from which frames are control frames (RFC 6455 section 5.2)
_WIDEST = 15  # bits of the window of a client that does not offer to have less


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the two ends of a connection agree on (section 7.1).

    Attributes:
        takeover: whether messages of ours may refer to those before them.
        client_takeover: the same for the client's.
        bits: of the window for our messages, 9 to 15.
        client_bits: the same for the client's.
        header: value of the answer's Sec-WebSocket-Extensions.
    """

    takeover: bool
    client_takeover: bool
    bits: int
    client_bits: int
    header: str


def agree(offers: list[tuple[str, dict[str, list[Any]]]], wanted: Compression) -> Agreement | None:
    """Accept the first offer that can be accepted; None where there is none (section 5.1).

    Args:
        offers: names of extensions with their parameters, as Autobahn reads the header.
        wanted: the accept's own options.
    """
    for name, params in offers:
        if name == NAME:
            try:
                offer = PerMessageDeflateOffer.parse(params)
            except Exception:  # nothing narrower is raised: the offer breaks section 7.1, or is not for us
                continue
            return _accept(offer, params, wanted)
    return None


def _accept(offer: Any, params: dict[str, list[Any]], wanted: Compression) -> Agreement:
    takeover = wanted.context_takeover and not offer.request_no_context_takeover
    client_takeover = wanted.context_takeover and "client_no_context_takeover" not in params
    header = [NAME]
    if not takeover:
        header.append("server_no_context_takeover")
    if not client_takeover:
        header.append("client_no_context_takeover")
    bits, client_bits = wanted.window_bits, _WIDEST
    if offer.request_max_window_bits:
        bits = min(bits, offer.request_max_window_bits)
        header.append(f"server_max_window_bits={bits}")
    if offer.accept_max_window_bits:  # it must not be asked for otherwise (section 7.1.2.2)
        hint = params["client_max_window_bits"][0]
        client_bits = wanted.window_bits if hint is True else min(wanted.window_bits, int(hint))
        if client_bits < _WIDEST:
            header.append(f"client_max_window_bits={client_bits}")
    return Agreement(takeover, client_takeover, bits, client_bits, "; ".join(header))


class Deflate:
    """The messages of one connection, inflated and deflated; Autobahn calls the first three.

    Attributes:
        agreed: on what.
        fault: why a message was inflated no further; empty for no reason.
    """

    __slots__ = ("_compressed", "_deflater", "_inflated", "_inflater", "_limit", "_ratio", "agreed", "fault")

    EXTENSION_NAME = NAME

    def __init__(self, agreed: Agreement, limit: int, ratio: int) -> None:
        """
        Args:
            limit: bytes that a message may inflate to.
            ratio: how many times its compressed size a message may have, where it is more than L{FREE}.
        """
        self.agreed, self._limit, self._ratio = agreed, limit, ratio
        self._inflater: Any = None
        self._deflater: Any = None
        self._compressed = self._inflated = 0  # bytes of the message so far
        self.fault = ""

    def start_decompress_message(self) -> None:
        """A compressed message begins."""
        if self._inflater is None or self._inflater.eof:
            self._inflater = zlib.decompressobj(-self.agreed.client_bits)
        self._compressed = self._inflated = 0

    def decompress_message_data(self, data: bytes, max_output_len: int | None = None) -> bytes:
        """Inflate some of a message.

        Args:
            max_output_len: Autobahn's own estimate, which is not exact where a frame comes in pieces.

        Raises:
            PayloadExceededError: the message has too many bytes, or too many for its compressed size.
            PayloadCorruptError: it is no DEFLATE.
        """
        pieces = []
        at = 0
        while at < len(data):
            end = at + BLOCK - self._compressed % BLOCK
            pieces.append(self._inflate(data[at:end]))
            at = end
        return b"".join(pieces)

    def _inflate(self, piece: bytes) -> bytes:
        """Inflate what belongs to one block, to a byte more than is allowed at most."""
        self._compressed += len(piece)
        most = max(FREE, self._ratio * -(-self._compressed // BLOCK) * BLOCK)
        by_ratio = most < self._limit
        most = min(most, self._limit)
        out = self._read(piece, most - self._inflated + 1)
        self._inflated += len(out)
        if self._inflated > most:
            self.fault = (
                f"message of more than {FREE} bytes and {self._ratio} times its compressed size"
                if by_ratio
                else f"message of more than {self._limit} bytes"
            )
            raise PayloadExceededError(self.fault)
        return out

    def _read(self, data: bytes, most: int) -> bytes:
        """Inflate to at most C{most} bytes."""
        try:
            out: bytes = self._inflater.decompress(data, most)
        except zlib.error as why:
            self.fault = "no DEFLATE data"
            raise PayloadCorruptError(self.fault) from why
        if self._inflater.unused_data not in (b"", b"\0"):  # what section 7.2.3.4 has behind a last block
            self.fault = "data behind the last block"
            raise PayloadCorruptError(self.fault)
        return out

    def end_decompress_message(self) -> None:
        """The message is whole.

        Raises:
            PayloadCorruptError: it ends inside a block.
        """
        if self.fault:
            return  # of which the peer has been told
        if not self._inflater.eof and self._read(_TAIL, 1):
            self.fault = "ends inside a block"
            raise PayloadCorruptError(self.fault)
        if not self.agreed.client_takeover:
            self._inflater = None

    def frames(self, messages: list[bytes], kind: int) -> bytes:
        """Frame messages, compressing those that are worth it."""
        return b"".join(self._frame(message, kind) for message in messages)

    def _frame(self, message: bytes, kind: int) -> bytes:
        if len(message) < LEAST:
            return frame([message], kind)
        kind = kind or (TEXT if valid_utf8(message) else BINARY)
        bits = self.agreed.bits
        deflater = self._deflater or zlib.compressobj(wbits=-bits, memLevel=bits - 7)
        packed = (deflater.compress(message) + deflater.flush(zlib.Z_SYNC_FLUSH))[: -len(_TAIL)]
        if self.agreed.takeover:
            self._deflater = deflater
        elif len(packed) >= len(message):
            return frame([message], kind)
        framed = bytearray(frame([packed], kind))
        framed[0] |= _RSV1
        return bytes(framed)


@implementer(IForm)
@dataclass(frozen=True, slots=True)
class DeflatedFrames:
    """What all connections send alike that keep nothing between messages.

    Attributes:
        bits: of the window.
    """

    bits: int

    def encode(self, events: Sequence[Event]) -> bytes:
        """See L{IForm}."""
        deflate = Deflate(Agreement(False, False, self.bits, _WIDEST, ""), 0, 0)
        return b"".join(deflate.frames([event.data], event.kind) for event in events)


class Compressed(Socket):
    """Mixed into a socket that has agreed on compression; Autobahn reads what comes.

    Messages are passed on whole. Data that comes while the channel is held stays as it is: a little of
    it may be very much inflated.
    """

    _perMessageCompress: Any
    current_frame: Any
    _reading = False

    @property
    def form(self) -> IForm | None:
        """See L{ISpreadable}."""
        agreed = self._perMessageCompress.agreed
        return None if agreed.takeover else DeflatedFrames(agreed.bits)

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        if self.state == OPEN:
            self.transport.write(self._perMessageCompress.frames(messages, kind))

    def resume(self) -> None:
        """See L{IChannel}."""
        super().resume()
        self._read_on()

    def _close(self, code: int, reason: str) -> None:
        super()._close(code, reason)
        self._read_on()

    def _read_on(self) -> None:
        if self.data:
            self._dataReceived(b"")

    def _dataReceived(self, data: bytes) -> None:
        """Read frames; one who resumes the channel while it is being read finds them kept for later."""
        if self._reading:
            self.data += data
            return
        self._reading = True
        try:
            super()._dataReceived(data)
        finally:
            del self._reading

    def processData(self) -> bool:
        """Read a frame, or a part of one; return whether there may be more."""
        return not (self._held and self.state == OPEN) and bool(super().processData())

    def onMessageFrameBegin(self, length: int) -> None:
        """A frame begins; of a message that is not compressed its size is known."""
        super().onMessageFrameBegin(length)
        known = not (self._isMessageCompressed or self.failedByMe)
        if known and 0 < self.max_message < self.message_data_total_length:
            self._fail_connection(TOO_BIG, f"message of more than {self.max_message} bytes")

    def onFrameData(self, payload: bytes) -> None:
        """Some of a frame; nothing is inflated for nobody, and reading goes on after a fault."""
        if not self.failedByMe or self.current_frame.opcode >= _CONTROL:
            super().onFrameData(payload)

    def onFrameEnd(self) -> None:
        """A frame is whole; reading goes on even where its end shows a fault."""
        super().onFrameEnd()

    def onMessageEnd(self) -> None:
        """A message is whole. Only now is text looked at: of several faults, the same one is always first."""
        if not (self.failedByMe or self.message_is_binary):
            text = b"".join(self.message_data)
            self.message_data = [text]
            if not valid_utf8(text):
                self._fail_connection(BAD_PAYLOAD, "text that is no UTF-8")
        super().onMessageEnd()

    def _fail_connection(self, code: int = 1001, reason: str = "") -> None:
        super()._fail_connection(code, self._perMessageCompress.fault or reason)


def framed(limit: int) -> int:
    """Return the most bytes that a message of at most C{limit} bytes, 0 for any, has when deflated."""
    return limit and limit + limit // 8 + limit // 64 + 64  # zlib's deflateBound, rounded up
