"""A conversation in AMQP 0-9-1 with a session of the adapter: what happens, and what must follow."""

from __future__ import annotations

from functools import partial
from typing import Self

from kaazing.adapters.amqp.adapter import AmqpAdapter
from kaazing.errors import Side
from kaazing.interfaces.adapters import AskLogin, Compute, Kind, Login, NoLogin, ToBack, ToFront
from kaazing.wire.amqp import PREAMBLE, encode
from tests.adapters import dialogue
from tests.adapters.orders import counted

DEFAULTS = dialogue.defaults(AmqpAdapter)
policy = partial(dialogue.policy, AmqpAdapter)

SERVER = b"\x07productS\0\0\0\x06broker"
CLIENT = b"\x07productS\0\0\0\x06tester"
START = encode(0, "connection.start", 0, 9, SERVER, b"AMQPLAIN PLAIN", b"en_US")
START_OK = encode(0, "connection.start-ok", CLIENT, "PLAIN", b"\0ann\0secret", "en_US")
TUNE = encode(0, "connection.tune", 2047, 131072, 60)
TUNE_OK = encode(0, "connection.tune-ok", 2047, 131072, 60)
OPEN = encode(0, "connection.open", "/", "", 0)
OPEN_OK = encode(0, "connection.open-ok", "")
CHANNEL, CHANNEL_OK = encode(1, "channel.open", ""), encode(1, "channel.open-ok", b"")
SECOND, SECOND_OK = encode(2, "channel.open", ""), encode(2, "channel.open-ok", b"")


class Dialogue(dialogue.Dialogue):
    """See there; plain bytes towards the client are a message of no kind."""

    adapter = AmqpAdapter

    def start(self) -> Self:
        """Let the client say what it speaks, and the backend say the same."""
        self.front(PREAMBLE).then(ToBack(PREAMBLE))
        return self.back(START).then(ToFront(START))

    def connect(self) -> Self:
        """Let them open a connection."""
        self.start().front(START_OK).then(ToBack(START_OK))
        self.back(TUNE).then(ToFront(TUNE, Kind.BINARY))
        self.front(TUNE_OK + OPEN).then(ToBack(TUNE_OK), ToBack(OPEN))
        return self.back(OPEN_OK).then(ToFront(OPEN_OK))

    def channels(self) -> Self:
        """Let them open a connection, and channels 1 and 2."""
        self.connect().front(CHANNEL + SECOND).then(ToBack(CHANNEL), ToBack(SECOND))
        return self.back(CHANNEL_OK + SECOND_OK).then(ToFront(CHANNEL_OK), ToFront(SECOND_OK))

    def told(self, data: bytes) -> ToFront:
        """See there."""
        return ToFront(data)

    def login(self, answer: Login | NoLogin) -> Self:
        """The gateway knows who it is."""
        self._case.assertIsInstance(self._said.pop(), AskLogin)
        return super().login(answer)

    def compute(self) -> Self:
        """Let the computation be done that the session has asked for."""
        asked = self._said.pop()
        self._case.assertIsInstance(asked, Compute)
        return self.computed(asked.work())

    def asks(self) -> Self:
        """A question follows, and nothing else; to be answered by the next call."""
        self._case.assertEqual(len(self._said), 1)
        return self

    def counted(self) -> dict[tuple[Side, str], int]:
        """What the session reports."""
        return counted(self.session)
