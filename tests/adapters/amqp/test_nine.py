"""Tests for L{kaazing.adapters.amqp.nine}: an open connection."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import Side
from kaazing.interfaces.adapters import Kind, ToBack, ToFront
from kaazing.wire.amqp import HEARTBEAT, PREAMBLE, encode
from tests.adapters.amqp.dialogue import (
    CHANNEL,
    CHANNEL_OK,
    OPEN,
    OPEN_OK,
    SECOND,
    SECOND_OK,
    START,
    START_OK,
    TUNE,
    TUNE_OK,
    Dialogue,
    policy,
)
from tests.adapters.amqp.test_nine_channels import frames, ours
from tests.wire.amqp_streams import deliver, frame, publish

BYE, BYE_OK = encode(0, "connection.close", 200, "bye", 0, 0), encode(0, "connection.close-ok")
SENT = len(PREAMBLE + START_OK + TUNE_OK + OPEN + CHANNEL + SECOND)
"""Bytes that a client has sent when its channels are open."""


class TrafficTests(SynchronousTestCase):
    def test_messages(self) -> None:
        """
        Messages pass as they came, towards the browser each frame by itself.
        """
        dialogue = Dialogue(self).channels()
        data = publish() * 3 + HEARTBEAT
        dialogue.front(data + publish()[:9]).then(ToBack(data))
        dialogue.back(deliver() + HEARTBEAT).then(*map(ToFront, [*frames(deliver()), HEARTBEAT]))

    def test_plain_lists(self) -> None:
        """
        What needs no look passes as a list, and the browser gets binary messages.
        """
        session = Dialogue(self).channels().session
        self.assertEqual(session.from_front(publish(), Kind.BINARY, 0.0), [publish()])
        self.assertEqual(session.from_back(deliver(), 0.0), frames(deliver()))
        self.assertIs(session.kind, Kind.BINARY)

    def test_apart(self) -> None:
        """
        Where messages are counted, each frame goes to the backend by itself.
        """
        dialogue = Dialogue(self, apart=True).channels()
        dialogue.front(publish()).then(*map(ToBack, frames(publish())))

    def test_report(self) -> None:
        """
        Methods are counted by their names; what was refused has not passed, and is counted as that.
        """
        dialogue = Dialogue(self, policy=policy("publish /good")).channels()
        dialogue.counted()
        dialogue.front(publish(key="good") * 2 + HEARTBEAT + publish(key="bad"))._said.clear()
        dialogue.back(deliver()).then(*map(ToFront, frames(deliver())))
        counts = {
            (Side.FRONT, "basic.publish"): 2,
            (Side.FRONT, "heartbeat"): 1,
            (Side.FRONT, "refused publish"): 1,
            (Side.BACK, "basic.deliver"): 1,
        }
        self.assertEqual((dialogue.counted(), dialogue.counted()), (counts, {}))

    def test_slow_frames(self) -> None:
        """
        While bytes of a large frame come slowly, the other end gets heart-beats: who sends is alive.
        """
        dialogue = Dialogue(self).channels()
        for side, data, way in (
            (dialogue.front, publish(b"x" * 99), ToBack),
            (dialogue.back, deliver(), ToFront),
        ):
            first, rest = frames(data)[0], data[len(frames(data)[0]) :]
            side(first + rest[:5]).then(way(first))
            dialogue.now += 29.0
            side(rest[5:6]).then()
            dialogue.now += 1.0
            side(rest[6:7]).then(way(HEARTBEAT))
            side(rest[7:8]).then()
            side(rest[8:])._said.clear()

    def test_no_heart_beats(self) -> None:
        """
        Where none are agreed on, none are sent.
        """
        tune_ok = encode(0, "connection.tune-ok", 9, 8192, 0)
        dialogue = Dialogue(self).start()
        for side, data in (
            (dialogue.front, START_OK),
            (dialogue.back, encode(0, "connection.tune", 9, 8192, 60)),
            (dialogue.front, tune_ok + OPEN),
            (dialogue.back, encode(0, "connection.open-ok", "")),
        ):
            side(data)._said.clear()
        dialogue.now += 1000.0
        dialogue.front(HEARTBEAT[:3]).then()


class ViolationTests(SynchronousTestCase):
    def test_client(self) -> None:
        """
        What precedes a client's fault reaches the backend; the client is told, and so is the backend.
        """
        text = "frame of the unknown type 71 (AMQP 0-9-1 section 2.3.5)"
        close = encode(0, "connection.close", 501, text, 0, 0)
        said = f"client byte {SENT + len(publish())}: {text}"
        Dialogue(self).channels().front(publish() + b"GET / HTTP/1.1").then(
            ToBack(publish()), ours(close), ToBack(close), said
        )

    def test_method_at_fault(self) -> None:
        """
        The reply names the method that is at fault.
        """
        text = "basic.deliver is not sent by this side (AMQP 0-9-1 section 2.2.1)"
        close = encode(0, "connection.close", 503, text, 60, 60)
        Dialogue(self).channels().front(deliver()).then(
            ours(close), ToBack(close), f"client byte {SENT + 7}: {text}"
        )

    def test_backend(self) -> None:
        """
        A backend's fault is told to the client as an internal error.
        """
        dialogue = Dialogue(self).channels()
        text = "frame of more than 131072 bytes (AMQP 0-9-1 section 2.3.5)"
        close = encode(0, "connection.close", 541, f"the backend broke the protocol: {text}", 0, 0)
        bad = b"\x03\0\x01\0\x10\0\0"
        heard = sum(map(len, (START, TUNE, OPEN_OK, CHANNEL_OK, SECOND_OK, deliver())))
        dialogue.back(deliver() + bad).then(
            *map(ToFront, frames(deliver())), ours(close), ToBack(close), f"backend byte {heard + 3}: {text}"
        )

    def test_opening_again(self) -> None:
        """
        Methods of the opening do not come again.
        """
        text = "connection.tune-ok on an open connection (AMQP 0-9-1 section 2.2.4)"
        close = encode(0, "connection.close", 503, text, 10, 31)
        Dialogue(self).channels().front(TUNE_OK).then(
            ours(close), ToBack(close), f"client byte {SENT}: {text}"
        )

    def test_closing_already(self) -> None:
        """
        A fault behind connection.close is told nobody, who would not listen; the session is over.
        """
        text = f"client byte {SENT + len(BYE)}: frame of the unknown type 0 (AMQP 0-9-1 section 2.3.5)"
        Dialogue(self).channels().front(BYE + bytes(8)).then(ToBack(BYE), text)

    def test_agreed_limits(self) -> None:
        """
        Both sides keep to the frame size and the channels that they have agreed on.
        """
        limits: dict[str, Any] = {"amqp_maximum_frame_size": 4096, "amqp_maximum_channels": 5}
        large = frame(3, 1, bytes(4089))
        dialogue = Dialogue(self, **limits).start()
        for side, data in (
            (dialogue.front, START_OK),
            (dialogue.back, encode(0, "connection.tune", 9, 8192, 60)),
            (dialogue.front, encode(0, "connection.tune-ok", 5, 4096, 60) + OPEN),
            (dialogue.back, encode(0, "connection.open-ok", "")),
        ):
            side(data)._said.clear()
        said = dialogue.back(large)._said[-1]
        self.assertIn("frame of more than 4096 bytes", said)
        dialogue._said.clear()
        self.assertIn("channel higher than 5", dialogue.front(encode(6, "channel.open", ""))._said[-1])


class ConnectionTests(SynchronousTestCase):
    def test_close(self) -> None:
        """
        Either side closes the connection, and the other answers; nothing passes behind it.
        """
        dialogue = Dialogue(self).channels().front(BYE + publish()).then(ToBack(BYE))
        dialogue.back(deliver() + BYE_OK).then(*map(ToFront, frames(deliver())), ToFront(BYE_OK))
        dialogue = Dialogue(self).channels().back(BYE + deliver()).then(ToFront(BYE))
        dialogue.front(publish() + BYE_OK).then(ToBack(publish()), ToBack(BYE_OK))
        dialogue.back_ended().then()

    def test_blocked(self) -> None:
        """
        A broker says that it takes no messages, and takes them again (RabbitMQ).
        """
        blocked = encode(0, "connection.blocked", "low on memory")
        unblocked = encode(0, "connection.unblocked")
        Dialogue(self).connect().back(blocked + unblocked).then(ToFront(blocked), ToFront(unblocked))

    def test_update_secret(self) -> None:
        """
        A client renews its own secret; where the login is the gateway's, the backend does not hear it.
        """
        renew = encode(0, "connection.update-secret", b"token", "expires")
        ok = encode(0, "connection.update-secret-ok")
        Dialogue(self).connect().front(renew).then(ToBack(renew)).back(ok).then(ToFront(ok))
        session = Dialogue(self).connect()
        session.session._conversation._injects = True
        session.front(renew).then(ours(ok))

    def test_server_named_queue(self) -> None:
        """
        With a policy, the name that the broker gives a queue is known when the client says nothing.
        """
        rules = policy("declare queue/amq.*", "consume amq.gen-1")
        declare, ok = (
            encode(1, "queue.declare", 0, "", 0, b""),
            encode(1, "queue.declare-ok", "amq.gen-1", 0, 0),
        )
        consume = encode(1, "basic.consume", 0, "", "", 0, b"")
        dialogue = Dialogue(self, policy=rules).channels().front(declare).then(ToBack(declare))
        dialogue.back(ok).then(ToFront(ok)).front(consume).then(ToBack(consume))

    def test_reopened_channel(self) -> None:
        """
        A channel that is opened anew has declared nothing yet.
        """
        rules = policy("declare queue/mine", "consume mine")
        declare = encode(1, "queue.declare", 0, "mine", 0, b"")
        close, close_ok = encode(1, "channel.close", 200, "", 0, 0), encode(1, "channel.close-ok")
        dialogue = Dialogue(self, policy=rules).channels().front(declare).then(ToBack(declare))
        dialogue.front(close).then(ToBack(close)).back(close_ok).then(ToFront(close_ok))
        dialogue.front(CHANNEL).then(ToBack(CHANNEL))
        reason = "ACCESS_REFUSED - not allowed to consume 'amq.gen'"
        refusal = encode(1, "channel.close", 403, reason, 60, 20)
        dialogue.front(encode(1, "basic.consume", 0, "", "", 0, b"")).then(ToBack(refusal))
