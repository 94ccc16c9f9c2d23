"""Fuzz emulation's codecs: random requests, cut at random, must read the same in C, in Python and encoded.

C{python -m tests.fuzz.wse SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.
"""

from __future__ import annotations

import sys
from random import Random

from kaazing import _speedups
from kaazing.wire import pure_wse
from kaazing.wire.wse_text import TextDecoder, Unescaper, escape
from tests.fuzz import main
from tests.wire.cuts import pieces
from tests.wire.wse_streams import outcome, requests, settings, through


def differ(random: Random) -> str:
    """Try one session; return what differed, or an empty string."""
    given = settings(random)
    bodies = requests(random, faults=random.choice((0.0, 0.05, 0.3)))
    if random.random() < 0.05:
        bodies[0] = random.randbytes(random.randrange(40))
    said = outcome(_speedups.WseDecoder(*given), [[body] for body in bodies], whole=given.whole)
    for kind in (_speedups.WseDecoder, pure_wse.WseDecoder):
        parts = [pieces(random, body) for body in bodies]
        again = outcome(kind(*given), parts, whole=given.whole)
        if again != said:
            return f"{kind.__module__} with {given}: {parts!r}\n  gave {again!r}\n  not {said!r}"
    return encoding_differs(random, bodies[0])


def encoding_differs(random: Random, body: bytes) -> str:
    """Try the encodings: forth and back, and broken in one place, in one piece and cut."""
    sent = escape(body).decode("latin-1").replace("\0", "\u0100").encode()
    if decoded([sent]) != (body, ""):
        return f"{body!r} came back as {decoded([sent])!r}"
    if sent and random.random() < 0.5:
        changed = bytearray(sent)
        changed[random.randrange(len(sent))] ^= 1 << random.randrange(8)
        sent = bytes(changed)
    parts = pieces(random, sent)
    if decoded(parts) != decoded([sent]):
        return f"{parts!r} decoded to {decoded(parts)!r}, not {decoded([sent])!r}"
    return ""


def decoded(parts: list[bytes]) -> tuple[bytes, str]:
    """Return what a body in the encoding escaped holds, and the fault that ends it."""
    characters, bad_text = through(TextDecoder(), parts)
    plain, bad_escape = through(Unescaper(), characters, whole=not bad_text)
    return b"".join(plain), bad_escape or bad_text


if __name__ == "__main__":
    sys.exit(main(differ))
