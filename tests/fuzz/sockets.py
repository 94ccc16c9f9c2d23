"""Fuzz compressed WebSockets and extended handshakes: what comes of a stream must not depend on cuts.

C{python -m tests.fuzz.sockets SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.
"""

from __future__ import annotations

import re
import sys
import zlib
from random import Random
from typing import Any

from kaazing.config.model import Compression
from kaazing.errors import BadRequest
from kaazing.interfaces.services import Visit, Welcome
from tests.fuzz import main, spoilt
from tests.transports.doors import HANDSHAKE, Ear, House, Usher, with_fields
from tests.transports.test_opening_clients import JAVA, JAVASCRIPT
from tests.wire.cuts import pieces
from tests.wire.framing import raw

CONTROL = b"\1\1\1\2"
OFFERS = (b"", b"; client_max_window_bits", b"; server_no_context_takeover; server_max_window_bits=9")


def realm(visit: Visit) -> BadRequest | None:
    """Let in who says anything of himself."""
    return None if "authorization" in visit.headers else BadRequest(401, "who?", rule="the realm")


def deflated(random: Random, deflater: Any) -> bytes:
    """Return a compressed message, sometimes a bomb, sometimes a broken one."""
    size = random.choice((0, 1, 50, 900, 1001, 70_000))
    content = random.randbytes(size) if random.random() < 0.3 else bytes([random.randrange(128)]) * size
    data: bytes = (deflater.compress(content) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    return spoilt(random, data, (b"\0", b"\x03\0", b"\xff")) if random.random() < 0.1 else data


def compressed(random: Random) -> bytes:
    """Return frames of compressed and other messages."""
    deflater = zlib.compressobj(wbits=-9)
    frames = []
    for _ in range(random.randrange(8)):
        whole, opcode = deflated(random, deflater), random.choice((1, 2))
        cut = random.randrange(len(whole) + 1)
        frames += random.choice(
            (
                [raw(opcode | 0x40, whole)],
                [raw(opcode | 0x40, whole[:cut], final=False), raw(9, b"?"), raw(0, whole[cut:])],
                [raw(opcode, random.choice((b"plain", b"", b"\xff", bytes(1000), bytes(1001))))],
                [raw(random.choice((0x49, 0x40, 0x21, 8)), b"\x03\xe8")],
            )
        )
    return b"".join(frames)


def extended(random: Random) -> bytes:
    """Return frames of an extended handshake, and of messages behind it."""
    frames = []
    for _ in range(random.randrange(9)):
        who = random.choice((b"", b"Authorization: me\r\n"))
        payload = random.choice(
            (
                JAVASCRIPT % (random.choice((b"", b"a", b"a,b")), who),
                JAVA.replace(b"idle-timeout", b"ping-pong") % who,
                *(CONTROL + more for more in (b"", b"\x09\0", b"\x0a\0", b"mine")),
                *(b"hello", b""),
            )
        )
        if random.random() < 0.1:
            payload = spoilt(random, payload, (b"\r\n", b"GET ", b" ", b":"))
        frames.append(
            raw(random.choice((1, 1, 1, 2, 9, 8)), payload[:125] if random.random() < 0.05 else payload)
        )
    return b"".join(frames)


class Guest(Ear):
    """Hears a channel as a service does, and finishes it at a fault, or when the client does."""

    def __init__(self, channel: Any, whole: bool) -> None:
        super().__init__()
        self._channel = channel
        channel.receiver, channel.whole = self, whole
        channel.resume()

    def ended(self) -> None:
        """See L{IReceiver}."""
        super().ended()
        self._channel.finish()

    def failed(self, why: Any) -> None:
        """See L{IReceiver}."""
        super().failed(why)
        self._channel.finish(why.close_code)


def outcome(head: bytes, stream: list[bytes], whole: bool, options: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the service and the client hear."""
    house = House(**options)
    guests: list[Guest] = []

    def accepted(channel: Any, welcome: Welcome) -> None:
        guests.append(Guest(channel, whole))

    house.host.accepted = accepted  # type: ignore[method-assign]
    wire = house.visitor()
    wire.say(head)
    for piece in stream:
        wire.say(piece)
    heard = [item for guest in guests for item in guest.heard]
    return heard, re.sub(rb"Date: [^\r]*\r\n", b"", wire.value()), wire.fate


def differ(random: Random) -> str:
    """Try one stream; return what differed, or an empty string."""
    whole = random.random() < 0.5
    if random.random() < 0.5:
        takeover, limit = random.random() < 0.5, random.choice((0, 1000, 100_000))
        wanted = Compression(context_takeover=takeover, ratio=random.choice((2, 100)))
        options: dict[str, Any] = {"compression": wanted, "max_message": limit}
        offer = b"Sec-WebSocket-Extensions: permessage-deflate" + random.choice(OFFERS)
        head, stream = with_fields(HANDSHAKE, offer), compressed(random)
    else:
        options = {"extends": True, "inactivity": random.choice((0.0, 30.0)), "guard": Usher(realm)}
        head = HANDSHAKE.replace(b"/chat", random.choice((b"/chat", b"/chat?.kl=Y", b"/chat?.kv=10.05")))
        head = with_fields(head, b"Sec-WebSocket-Protocol: x-kaazing-handshake")
        stream = extended(random)
    said = outcome(head, [stream], whole, options)
    parts = pieces(random, stream)
    again = outcome(head, parts, whole, options)
    return "" if again == said else f"{options} {head!r} {parts!r}\n  gave {again!r}\n  not {said!r}"


if __name__ == "__main__":
    sys.exit(main(differ))
