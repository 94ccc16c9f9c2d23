"""Throws broken tokens at the reader of them: C{python -m tests.fuzz.tokens SECONDS [SEED]}.

What is read is written again as the very same text; what is broken is refused with a sentence that holds
nothing of it, and none is believed but the one that was signed.
"""

from __future__ import annotations

import sys
from random import Random

from kaazing.errors import LoginRefused
from kaazing.security.modules.tokens import read_token
from tests.fuzz import main, spoilt
from tests.security.modules.issuing import part, token
from tests.security.modules.test_jwt import checker, outcome

BITS = (
    *(b".", b"=", b"-", b"_", b"+", b"/", b"%2e", b"\x00", b"\n", b" "),
    *(
        part(each).encode()
        for each in (b"{}", b"[]", b'{"alg":"none"}', b'{"alg":"HS256"}', b"null", b'{"crit":[]}')
    ),
)
GOOD = token("HS256", {"kid": "k"})
DOOR = checker("HS256")


def differ(random: Random) -> str:
    """Try one token; return what differed, or an empty string."""
    text = spoilt(random, GOOD.encode(), BITS).decode("latin-1")
    try:
        read = read_token(text, 8192)
    except LoginRefused as why:
        if any(len(each) > 8 and each in str(why) for each in text.split(".")):
            return f"{text!r} is in {why}"
    else:
        if f"{read.signed.decode()}.{part(read.signature)}" != text:
            return f"{text!r} is read as {read}"
    said = outcome(DOOR, text)
    return "" if (said == "joe") is (text == GOOD) else f"{text!r}: {said}"


if __name__ == "__main__":
    sys.exit(main(differ))
