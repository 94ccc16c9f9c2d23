"""Tests for L{kaazing.adapters.stompjms.session}: cuts of the client's stream do not matter."""

from __future__ import annotations

import secrets
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stompjms.adapter import StompJms
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.servers import Connect
from tests.adapters.dialogue import linked
from tests.adapters.orders import carried_out
from tests.adapters.stompjms.streams import conversation, fault, outcome

STREAM = (
    b"CONNECT\r\naccept-version:1.2\r\nheart-beat:0,0\n\n\0\r\n\n",
    b"SUBSCRIBE\nid:0\ndestination:/topic/a.>\nreceipt:1\n\n\0\n",
    b"BEGIN\ntransaction:t\nreceipt:2\n\n\0SEND\ndestination:/queue/a\ntransaction:t\ncontent-length:3\n\na\0b\0\n\r\n",
    b"COMMIT\ntransaction:t\n\n\0SEND\ndestination:/queue/a\nreceipt:3\n\nhello\0\n",
)
ENDS = (
    b"",
    b"DISCONNECT\nreceipt:4\n\n\0\n",
    b"DISCONNECT\n\n\0\nSEND\n",
    b"\n\nCOMMIT\ntransaction:t\nreceipt:5\n\n\0SEND\ndestination:/queue/a\n\n\0",
    b"\nSEND\nreceipt:7\ndestination:/amq/queue/a\n\n\0SEND\ndestination:/queue/a\n\n\0",
    b"\r\nSEND\nreceipt:7\nx:\\t\n\n\0",
    b"\rX",
    b"ACK\nid:1-1\nreceipt:8\n\n\0",
)


def told(parts: list[bytes]) -> list[object]:
    """Return all that a session answers; the client is let in at once."""
    one: Any = StompJms().session(linked(StompJms))
    said = carried_out(one.opened(0.0), bytes)
    for data in parts:
        answers = carried_out(one.from_front(data, Kind.TEXT, 1.0), bytes)
        if answers and isinstance(answers[-1], Connect):
            answers += carried_out(one.welcome(1.0), bytes)
        said += answers
        if said and isinstance(said[-1], str):
            break
    return said


class CutTests(SynchronousTestCase):
    """What is answered, and the error's text, do not depend on where the stream is cut."""

    def setUp(self) -> None:
        """Each connection has the same name."""
        self.patch(secrets, "token_hex", lambda size: "0102")

    def test_every_cut(self) -> None:
        """
        The stream in two pieces, cut at each byte, and in pieces of each size.
        """
        for end in ENDS:
            data = b"".join(STREAM) + end
            whole = told([data])
            for at in range(len(data) + 1):
                self.assertEqual(told([data[:at], data[at:]]), whole, (end, at))
            for size in range(1, 40):
                parts = [data[start : start + size] for start in range(0, len(data), size)]
                self.assertEqual(told(parts), whole, (end, size))

    @given(st.integers(0, 2**32))
    def test_random(self, seed: int) -> None:
        """
        Any conversation in any pieces: the same answers, whole frames to the client, and no delivery settled
        twice or that was not made.
        """
        random = Random(seed)
        one = conversation(random)
        said = outcome(one, None)
        self.assertEqual(fault(said), "")
        for _ in range(3):
            self.assertEqual(outcome(one, random), said)

    def test_worth(self) -> None:
        """
        The random conversations are not all about faults: they settle, commit, and get messages.
        """
        settled = good = 0
        for seed in range(300):
            said = outcome(conversation(Random(seed)), None)
            settled += len(said.settled)
            good += not isinstance(said.answers[-1], str)
        self.assertGreater(settled, 50)
        self.assertGreater(good, 100)
