"""Fuzz the STOMP server's session: random conversations, cut at random, must be answered alike.

C{python -m tests.fuzz.stompjms SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.
"""

from __future__ import annotations

import secrets
import sys
from random import Random
from unittest import mock

from kaazing.adapters.stompjms import session
from kaazing.wire import pure_stomp
from kaazing.wire.stomp import Scanner
from tests.adapters.stompjms.streams import conversation, fault, outcome
from tests.fuzz import main


def differ(random: Random) -> str:
    """Try one conversation; return what differed, or an empty string."""
    given = conversation(random)
    with mock.patch.object(secrets, "token_hex", lambda size: "0102"):
        said = outcome(given, None)
        if wrong := fault(said):
            return f"{given}: {wrong}"
        for kind in (Scanner, pure_stomp.StompScanner):
            with mock.patch.object(session, "Scanner", kind):
                again = outcome(given, random)
            if again != said:
                return f"{given} with {kind.__module__}:\n  gave {again!r}\n  not {said!r}"
    return ""


if __name__ == "__main__":
    sys.exit(main(differ))
