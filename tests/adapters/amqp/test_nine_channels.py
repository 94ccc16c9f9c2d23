"""Tests for L{kaazing.adapters.amqp.nine_channels}: channels closed by either side, and by the gateway."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.adapters import Kind, ToBack, ToFront
from kaazing.wire.amqp import encode
from tests.adapters.amqp.dialogue import CHANNEL, CHANNEL_OK, Dialogue, policy
from tests.wire.amqp_streams import deliver, publish

CLOSE = encode(1, "channel.close", 200, "bye", 0, 0)
OK = encode(1, "channel.close-ok")
BAD = publish(key="secret")
GOOD = publish(key="news")
REASON = "ACCESS_REFUSED - not allowed to publish '/secret'"
REFUSAL = encode(1, "channel.close", 403, REASON, 60, 40)
RULES = policy("publish /news", "consume,bind,declare")


def ours(data: bytes) -> ToFront:
    """What the session itself says to the client."""
    return ToFront(data, Kind.BINARY)


class CloseTests(SynchronousTestCase):
    def test_by_client(self) -> None:
        """
        The client closes a channel; the backend may go on until it answers; then the number is free.
        """
        dialogue = Dialogue(self).channels().front(CLOSE).then(ToBack(CLOSE))
        dialogue.back(deliver() + OK).then(*map(ToFront, frames(deliver())), ToFront(OK))
        dialogue.front(CHANNEL).then(ToBack(CHANNEL)).back(CHANNEL_OK).then(ToFront(CHANNEL_OK))

    def test_by_backend(self) -> None:
        """
        The backend closes a channel: what the client sends before it knows passes, for the broker to ignore.
        """
        dialogue = Dialogue(self).channels().back(CLOSE).then(ToFront(CLOSE))
        dialogue.front(GOOD + OK + CHANNEL).then(ToBack(GOOD), ToBack(OK), ToBack(CHANNEL))
        dialogue.back(CHANNEL_OK).then(ToFront(CHANNEL_OK))

    def test_both_at_once(self) -> None:
        """
        Both sides close at once, and answer each other.
        """
        dialogue = Dialogue(self).channels().front(CLOSE).then(ToBack(CLOSE)).back(CLOSE).then(ToFront(CLOSE))
        dialogue.front(OK).then(ToBack(OK)).back(OK).then(ToFront(OK))
        dialogue.front(CHANNEL).then(ToBack(CHANNEL)).back(CHANNEL_OK).then(ToFront(CHANNEL_OK))

    def test_again_too_early(self) -> None:
        """
        What comes on a channel between close and the answer goes nowhere.
        """
        dialogue = Dialogue(self).channels().front(CLOSE + GOOD + CHANNEL).then(ToBack(CLOSE))
        dialogue.back(OK).then(ToFront(OK))


class RefusalTests(SynchronousTestCase):
    def refused(self) -> Dialogue:
        """A dialogue in which the client has sent what it may not: the backend is asked to close."""
        dialogue = Dialogue(self, policy=RULES).channels()
        return dialogue.front(GOOD + BAD + GOOD).then(*passed(GOOD), ToBack(REFUSAL))

    def test_refused(self) -> None:
        """
        The channel is closed at both ends and can be opened again; the rest of the connection goes on.
        """
        dialogue = self.refused()
        dialogue.back(OK).then(ToFront(REFUSAL))
        other = publish(key="news", channel=2)
        dialogue.front(GOOD + other).then(*passed(other))
        dialogue.front(OK).then()
        dialogue.front(CHANNEL).then(ToBack(CHANNEL)).back(CHANNEL_OK).then(ToFront(CHANNEL_OK))
        dialogue.front(GOOD).then(*passed(GOOD))

    def test_closed_meanwhile(self) -> None:
        """
        A client that closes the channel itself before it is told gets its answer.
        """
        dialogue = self.refused().front(CLOSE).then()
        dialogue.back(OK).then(ToFront(OK))
        dialogue.front(CHANNEL).then(ToBack(CHANNEL)).back(CHANNEL_OK).then(ToFront(CHANNEL_OK))

    def test_closed_at_once(self) -> None:
        """
        A client that closes the channel while it is told is answered, and answers itself.
        """
        dialogue = self.refused().back(OK).then(ToFront(REFUSAL))
        dialogue.front(CLOSE).then(ours(OK)).front(OK).then()
        dialogue.front(CHANNEL).then(ToBack(CHANNEL))
        dialogue = self.refused().back(OK).then(ToFront(REFUSAL))
        dialogue.front(CLOSE + CHANNEL).then(ours(OK), ToBack(CHANNEL))

    def test_backend_closes_too(self) -> None:
        """
        A backend that closes the channel at the same time is answered; the client hears of one close.
        """
        dialogue = self.refused().back(CLOSE).then(ToBack(OK))
        dialogue.back(OK).then(ToFront(REFUSAL)).front(OK).then()
        dialogue.front(CHANNEL).then(ToBack(CHANNEL)).back(CHANNEL_OK).then(ToFront(CHANNEL_OK))

    def test_still_delivers(self) -> None:
        """
        What the backend sends before it has closed the channel reaches the client, whose channel is open.
        """
        self.refused().back(deliver()).then(*map(ToFront, frames(deliver())))


def passed(message: bytes) -> list[ToBack]:
    """A message that was looked at passes to the backend: what was decided on, and the body."""
    method, header, body = frames(message)
    return [ToBack(method + header), ToBack(body)]


def frames(data: bytes) -> list[bytes]:
    """Return the frames of a stream apart."""
    found = []
    while data:
        size = 8 + int.from_bytes(data[3:7], "big")
        found.append(data[:size])
        data = data[size:]
    return found
