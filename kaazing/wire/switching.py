# -*- test-case-name: tests.wire.test_switching -*-
"""The header fields that answer a WebSocket handshake.  RFC 6455 section 4.2.2."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha1

from kaazing.wire.heads import Head

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3


def switching(opening: Head, protocol: str | None, extensions: Iterable[str]) -> list[tuple[bytes, bytes]]:
    """Return the fields of the 101, but for Date and Server; a field for each extension.

    Args:
        opening: has passed L{kaazing.wire.heads.websocket_fault}.
        protocol: the subprotocol chosen, None for none.
        extensions: agreed on, with their parameters.
    """
    key = opening.headers["sec-websocket-key"].encode()
    fields = [
        (b"Upgrade", b"WebSocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Accept", b64encode(sha1(key + _MAGIC).digest())),
    ]
    if protocol is not None:  # an empty field would be taken for a protocol
        fields.append((b"Sec-WebSocket-Protocol", protocol.encode()))
    fields += [(b"Sec-WebSocket-Extensions", each.encode()) for each in extensions]
    return fields
