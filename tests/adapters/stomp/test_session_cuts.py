"""Tests for L{kaazing.adapters.stomp.session}: cuts of its streams do not matter; what it counts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stomp.session import StompSession
from kaazing.errors import Side
from kaazing.interfaces.adapters import AskLogin, Kind, Link, ToBack, ToFront
from tests.adapters.orders import carried_out, counted
from tests.adapters.stomp.dialogue import (
    CONNECTED,
    DEFAULTS,
    GATEWAY,
    HELLO,
    NEWS,
    Dialogue,
    policy,
)

FRONT = (
    b"CONNECT\naccept-version:1.2,2.0\nlogin:ann\n\n\0\n",
    b"SUBSCRIBE\nid:0\ndestination:/q\n\n\0" + HELLO * 2 + b"\r\n",
    b"BEGIN\ntransaction:t\n\n\0SEND\ndestination:/q\ntransaction:t\ncontent-length:3\n\na\0b\0",
)
FRONT_ENDS = (
    b"",
    b"DISCONNECT\n\n\0\n" + HELLO,
    b"SUBSCRIBE\nid:0\ndestination:/q\nreceipt:7\n\n\0" + HELLO,
    b"SEND\nreceipt:7\nx:\\t\n\n\0" + HELLO,
    b"ACK\nid:1\nreceipt:8\n\nbody\0",
)
BACK = (CONNECTED % b"1.2" + b"\n", NEWS + b"\n" + NEWS + b"\n\n", b"RECEIPT\nreceipt-id:1\n\n\0")
BACK_ENDS = (b"", b"\nERROR\n\n\0\n" + NEWS[:9], b"SEND\n", b"RECEIPT\nreceipt-id:1\n\nbody\0" + NEWS)


def told(front: list[bytes], back: list[bytes], later: list[bytes]) -> tuple[Any, ...]:
    """Let the client say C{front}, then the backend C{back}, then the client C{later}.

    Returns:
        What went to the backend, joined; what went to the browser; what ended it.
    """
    session = StompSession(Link(peer="192.0.2.1:5000", options=DEFAULTS, injects=True))
    said = carried_out(session.opened(0.0), ToBack)
    for data, is_front in (
        [(x, True) for x in front] + [(x, False) for x in back] + [(x, True) for x in later]
    ):
        if is_front:
            said += carried_out(session.from_front(data, Kind.TEXT, 1.0), ToBack)
            if said and said[-1] == AskLogin():
                said += carried_out(session.login(GATEWAY, 1.0), ToBack)
        else:
            said += carried_out(session.from_back(data, 1.0), ToFront)
        if said and isinstance(said[-1], str):
            break
    to_back = b"".join(order.data for order in said if isinstance(order, ToBack))
    return to_back, [order for order in said if isinstance(order, ToFront)], said[-1:]


def pieces(data: bytes, step: int) -> list[bytes]:
    """Return the data in pieces of that size."""
    return [data[i : i + step] for i in range(0, len(data), step)]


class CutTests(SynchronousTestCase):
    """What passes, and the error's text, do not depend on where the streams are cut."""

    def test_every_front_cut(self) -> None:
        """
        The client's stream in pieces of any one size, before CONNECTED has come and after.
        """
        back = [b"".join(BACK)]
        for end in FRONT_ENDS:
            data = b"".join(FRONT) + end
            rest = data.removeprefix(FRONT[0])
            early, late = told([data], back, []), told([FRONT[0]], back, [rest])
            for step in range(1, len(data)):
                self.assertEqual(told(pieces(data, step), back, []), early, (end, step))
                self.assertEqual(told([FRONT[0]], back, pieces(rest, step)), late, (end, step))

    def test_every_back_cut(self) -> None:
        """
        The backend's stream in pieces of any one size.
        """
        for end in BACK_ENDS:
            data = b"".join(BACK) + end
            for front in ([FRONT[0]], [b"".join(FRONT)]):
                said = told(front, [data], [])
                for step in range(1, len(data)):
                    self.assertEqual(told(front, pieces(data, step), []), said, (end, step))

    @given(
        st.sampled_from(FRONT_ENDS),
        st.sampled_from(BACK_ENDS),
        st.lists(st.integers(0, 400)),
        st.lists(st.integers(0, 400)),
    )
    def test_any_cuts(self, front: bytes, back: bytes, front_cuts: list[int], back_cuts: list[int]) -> None:
        """
        Both streams, cut anywhere.
        """
        wholes = b"".join(FRONT) + front, b"".join(BACK) + back
        parts = []
        for whole, cuts in zip(wholes, (front_cuts, back_cuts), strict=True):
            places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
            parts.append([whole[a:b] for a, b in pairwise(places)])
        self.assertEqual(told(parts[0], parts[1], []), told([wholes[0]], [wholes[1]], []))


class CountingTests(SynchronousTestCase):
    """What is counted."""

    def test_commands(self) -> None:
        """
        Each command of each side is counted, once.
        """
        talk = Dialogue(self).connect()
        talk.front(HELLO * 3).then(ToBack(HELLO * 3)).back(NEWS * 2).then(ToFront(NEWS), ToFront(NEWS))
        told = {
            (Side.FRONT, "CONNECT"): 1,
            (Side.FRONT, "SEND"): 3,
            (Side.BACK, "CONNECTED"): 1,
            (Side.BACK, "MESSAGE"): 2,
        }
        self.assertEqual((counted(talk.session), counted(talk.session)), (told, {}))

    def test_refused(self) -> None:
        """
        Frames that are refused, and those behind them, have not passed; what a policy refuses is counted.
        """
        commit = b"COMMIT\ntransaction:t\n\n\0"
        for rules, bad in ((None, commit), (policy("send /q"), b"SEND\ndestination:/x\n\n\0")):
            talk = Dialogue(self, policy=rules).connect()
            talk.front(HELLO + bad + HELLO)
            found = counted(talk.session)
            self.assertEqual((found[Side.FRONT, "SEND"], (Side.FRONT, "COMMIT") in found), (1, False))
            self.assertEqual(found.get((Side.FRONT, "refused send")), 1 if rules else None)

    def test_apart(self) -> None:
        """
        Where messages are counted for a rate, each is passed by itself.
        """
        talk = Dialogue(self, apart=True).connect()
        talk.front(HELLO * 2 + HELLO[:3]).then(ToBack(HELLO), ToBack(HELLO))
