"""WebSocket frames written out by hand, wrong ones too, for tests.  RFC 6455 section 5.2."""

from __future__ import annotations

KEY = b"\x11\xa2\x03\xf4"


def raw(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    reserved: int = 0,
    key: bytes = KEY,
    form: int | None = None,
    claim: int | None = None,
) -> bytes:
    """Make one frame.

    Args:
        reserved: the three reserved bits, as a number below 8.
        key: 4 bytes, or none for a frame without mask.
        form: bytes of extended length, 0, 2 or 8; what the length needs when None.
        claim: the length that the head gives, when not the payload's.
    """
    size = len(payload) if claim is None else claim
    if form is None:
        form = 0 if size < 126 else 2 if size < 65536 else 8
    short = {0: size, 2: 126, 8: 127}[form]
    head = bytes((final << 7 | reserved << 4 | opcode, bool(key) << 7 | short))
    head += size.to_bytes(form, "big") if form else b""
    return head + key + bytes(byte ^ (key or b"\0")[i % (len(key) or 1)] for i, byte in enumerate(payload))
