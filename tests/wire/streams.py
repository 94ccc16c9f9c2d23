"""Random streams of WebSocket frames, mostly good, for tests that compare and for fuzzing."""

from __future__ import annotations

from random import Random

from tests.wire.framing import KEY, raw

TEXTS = ("", "a", "plain", "x" * 200, "zürich", "東京", "😀", "ÿ" * 70)
BROKEN = (b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x92", b"\xed\xa0\x80", b"\xe0\x80\x80", b"\xf4\x90")


def stream(random: Random, *, masked: bool = True, faults: float = 0.05) -> bytes:
    """Make a stream of up to 12 frames.

    Args:
        masked: as a client's.
        faults: the share of frames that break a rule, 0 to 1.
    """
    frames = []
    inside = False  # a fragmented message is open
    for _ in range(random.randrange(12)):
        final = random.random() < 0.6
        key = random.choice((KEY, b"\0\0\0\0", random.randbytes(4))) if masked else b""
        opcode = random.choice((9, 10, *((0,) * 4 if inside else (1, 1, 2, 2))))
        if random.random() < 0.02:
            opcode = 8
        control = opcode >= 8
        frame = raw(opcode, payload(random, control), final=final or control, key=key)
        if random.random() < faults:
            frame = broken(random, frame)
        elif not control:
            inside = not final
        frames.append(frame)
    return b"".join(frames)


def payload(random: Random, control: bool) -> bytes:
    """Make the payload of one frame: text, cut anywhere, or any bytes."""
    if random.random() < 0.6:
        text = "".join(random.choices(TEXTS, k=random.randrange(4))).encode()
        made = text[: random.choice((len(text), len(text), random.randrange(len(text) + 1)))]
        made += random.choice(BROKEN) if random.random() < 0.05 else b""
    else:
        made = random.randbytes(random.choice((0, 1, 7, 33, 125, 126, 300)))
    return made[:125] if control else made


def broken(random: Random, frame: bytes) -> bytes:
    """Make something of a frame that may break a rule."""
    at = random.randrange(min(len(frame), 10))
    return random.choice(
        (
            frame[:at] + bytes((frame[at] ^ 1 << random.randrange(8),)) + frame[at + 1 :],
            frame[:at],
            raw(random.randrange(16), b"x" * random.randrange(3), reserved=random.randrange(8)),
            raw(2, form=2, claim=random.randrange(300)),
            raw(2, form=8, claim=random.choice((5, 300, 70_000, (1 << 63) - 1, 1 << 63))),
        )
    )
