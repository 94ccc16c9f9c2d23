"""Tests for L{kaazing.adapters.amqp.one}: where its streams are cut, and what it counts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp.one import AmqpOne
from kaazing.errors import Side
from kaazing.interfaces.adapters import (
    Kind,
    Link,
    ToBack,
)
from kaazing.wire.amqp_one import PLAIN_HEADER
from tests.adapters.amqp.dialogue import DEFAULTS
from tests.adapters.amqp.one_dialogue import (
    BACK_OPEN,
    BEAT,
    OPEN,
    Dialogue,
    attach,
    begin,
    to_front,
    transfer,
)
from tests.adapters.orders import carried_out, counted


class CutTests(SynchronousTestCase):
    """Where a stream is cut does not matter."""

    FRONT = (
        OPEN + begin() + attach("n", 0, receives=False) + transfer() + transfer(delivery=1, body=b"y" * 300)
    )
    BACK = PLAIN_HEADER + BACK_OPEN + begin(0) + BEAT + attach("n", 3, receives=True)

    def said(self, front: list[bytes], back: list[bytes]) -> tuple[list[Any], list[Any]]:
        """Return what follows: towards the back as one, towards the front message by message."""
        session = AmqpOne(Link(peer="", options=DEFAULTS), PLAIN_HEADER)
        up = carried_out(session.opened(0.0), ToBack)
        for part in front:
            if isinstance(up[-1], str):
                break  # the session is told nothing more
            up += carried_out(session.from_front(part, Kind.BINARY, 0.0), ToBack)
        down: list[Any] = []
        for part in back:
            down += carried_out(session.from_back(part, 0.0), to_front)
        joined = b"".join(order.data for order in up if isinstance(order, ToBack))
        return [joined, *(order for order in up if not isinstance(order, ToBack))], down

    def test_every_cut(self) -> None:
        """
        Frames and the fault at their end are the same for every cut.
        """
        front, back = self.FRONT + b"\0\0\0\x09\1\0\0\0\0", self.BACK + b"\0\0\0\x0c\2\0\0\0\0\x53\x99\x45"
        whole = self.said([front], [back])
        self.assertEqual(len(whole[0]), 5, "header, open and close for the client, and the fault")
        for step in range(1, len(front)):
            parts = ([data[at : at + step] for at in range(0, len(data), step)] for data in (front, back))
            self.assertEqual(self.said(*parts), whole, f"cut every {step}")

    @given(st.data())
    def test_any_change(self, data: Any) -> None:
        """
        A byte changed anywhere, and cuts anywhere: the same outcome as in one piece, and no other
        exception than a violation.
        """
        spoilt = bytearray(self.FRONT)
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
        cuts = sorted(data.draw(st.sets(st.integers(0, len(spoilt)), max_size=5)))
        stream = bytes(spoilt)
        parts = [stream[at:end] for at, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        self.assertEqual(self.said(parts, []), self.said([stream], []))


class MeterTests(SynchronousTestCase):
    """What is counted."""

    def test_report(self) -> None:
        """
        Performatives by name, of each side; counted once.
        """
        talk = Dialogue(self).open()
        sent = BEAT + attach("n", 0, receives=False) + transfer() + transfer(delivery=1)
        talk.front(sent).then(ToBack(sent))
        told = {(Side.FRONT, name): 1 for name in ("open", "begin", "heart-beat", "attach")}
        told |= {(Side.FRONT, "transfer"): 2, (Side.BACK, "open"): 1, (Side.BACK, "begin"): 1}
        self.assertEqual((counted(talk.session), counted(talk.session)), (told, {}))

    def test_apart(self) -> None:
        """
        Where messages are counted towards the backend, each is passed by itself.
        """
        session = AmqpOne(Link(peer="", options=DEFAULTS, apart=True), PLAIN_HEADER)
        list(session.opened(0.0))
        self.assertEqual(session.from_front(OPEN + begin(), Kind.BINARY, 0.0), [OPEN, begin()])
