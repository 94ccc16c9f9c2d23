"""How emulated sessions end: both ways, politely, rudely, and by being forgotten."""

from __future__ import annotations

from typing import Any

from kaazing.errors import FrameViolation
from kaazing.wire.wse import CLOSE, PING, RECONNECT
from tests.transports.doors import Ear, answers
from tests.transports.emulation.stage import (
    DONE,
    LOST,
    PINGS,
    Client,
    Stage,
    StageTestCase,
    body,
    polled,
)

ONE = b"\x81\x03one"
CLEAN = ("lost", None)
LATE = ("lost", "closed without the client's CLOSE")


class Answering(Ear):
    """Closes when the client does, and when it breaks a rule, as a service does."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._channel = client.channel

    def ended(self) -> None:
        super().ended()
        self._channel.finish()

    def failed(self, why: Exception) -> None:
        super().failed(why)
        assert isinstance(why, FrameViolation)
        self._channel.finish(why.close_code, why.what)


class ByClientTests(StageTestCase):
    """The client closes first."""

    def closing(self, *fields: bytes, **options: Any) -> Client:
        """Return a client whose service answers CLOSE."""
        client = self.play("bm", *fields, **options)
        self.ear = client.channel.receiver = Answering(client)
        return client

    def test_closed(self) -> None:
        """
        CLOSE is answered with 200, and CLOSE and RECONNECT downstream; then the session is no more.
        """
        client = self.closing()
        down = client.attach()
        self.assertEqual(client.post(ONE + CLOSE), DONE)
        self.assertEqual((body(down), down.fate), (CLOSE + RECONNECT, "finished"))
        self.wait(1)
        self.assertEqual(self.ear.heard, [b"one", "ended", CLEAN])
        self.assertEqual((len(self.stage.registry), client.post(ONE)), (0, LOST))

    def test_one_frame(self) -> None:
        """
        CLOSE and RECONNECT may share a command frame, and the request may come in pieces.
        """
        client = self.closing()
        client.attach()
        client.wire.say(client.request(b"\x010201\xff"), 1)
        self.assertEqual(answers(client.wire.value()), [DONE])
        self.wait(1)
        self.assertEqual(self.ear.heard, ["ended", CLEAN])

    def test_cut_behind_close(self) -> None:
        """
        The 200 comes even where the session is over before RECONNECT is here.
        """
        client = self.closing()
        client.attach()
        request = client.request(CLOSE + RECONNECT)
        client.wire.say(request[:-4])
        self.wait(2)
        self.assertEqual(self.ear.heard, ["ended", CLEAN])
        client.wire.say(request[-4:])
        self.assertEqual(answers(client.wire.value()), [DONE])

    def test_no_end_behind_close(self) -> None:
        """
        Once the session is over, RECONNECT has the time that any request's body has, no more.
        """
        client = self.closing()
        client.attach()
        client.wire.say(client.request(CLOSE + RECONNECT)[:-4])
        self.wait(25)
        self.assertEqual((self.ear.heard, client.wire.fate), (["ended", CLEAN], "aborted"))
        self.assertEqual(answers(client.wire.value())[0][0], "408 Request Timeout")

    def test_before_downstream(self) -> None:
        """
        CLOSE may come before the first downstream: that still finds what was sent, and CLOSE.
        """
        client = self.closing()
        client.channel.send(b"one", 1)
        self.assertEqual(client.post(CLOSE), DONE)
        self.wait(10)
        self.assertEqual(self.ear.heard, ["ended"])
        self.assertEqual(body(client.attach()), ONE + CLOSE + RECONNECT)
        client = self.closing()
        client.channel.send(b"one", 1)
        client.post(CLOSE)
        down = client.attach(".ki=p")
        self.assertEqual(answers(down.value()), [polled(ONE + CLOSE + RECONNECT)])
        self.wait(1)
        self.assertEqual(self.ear.heard, ["ended", CLEAN])

    def test_behind_close(self) -> None:
        """
        What stands between CLOSE and RECONNECT is not heard.
        """
        client = self.closing(PINGS)
        client.attach()
        self.assertEqual(client.post(CLOSE + ONE + PING + CLOSE), DONE)
        self.wait(1)
        self.assertEqual(self.ear.heard, ["ended", CLEAN])

    def test_last_words(self) -> None:
        """
        The service may go on for a while; after five seconds it is closed for it.
        """
        client = self.play()
        down = client.attach()
        client.post(CLOSE)
        client.channel.send(b"one", 1)
        self.wait(5)
        self.assertEqual((body(down), self.ear.heard), (ONE, ["ended"]))
        self.wait(1.5)
        self.assertEqual((body(down), self.ear.heard), (ONE + CLOSE + RECONNECT, ["ended", CLEAN]))

    def test_never_resumed(self) -> None:
        """
        A client that breaks a rule before its channel has an owner is told so, and leaves nothing.
        """
        stage = Stage()
        client = stage.create()
        down = client.attach()
        stage.house.ask(client.request(b""))
        self.assertEqual((body(down), client.channel.open), (CLOSE + RECONNECT, False))
        stage.house.wait(1)
        self.assertEqual(len(stage.registry), 0)


class ByServiceTests(StageTestCase):
    """The service closes first."""

    def test_closed(self) -> None:
        """
        What was sent, CLOSE and RECONNECT go out; the client's CLOSE ends the session.
        """
        client = self.play()
        down = client.attach()
        client.channel.send(b"one", 1)
        client.channel.finish(1001, "the gateway goes away")
        client.channel.finish()
        client.channel.send(b"late", 1)
        self.assertEqual((body(down), down.fate), (ONE + CLOSE + RECONNECT, "finished"))
        self.wait(4)
        self.assertEqual((client.post(ONE + CLOSE), self.ear.heard), (DONE, [b"one"]))
        self.wait(1)
        self.assertEqual(self.ear.heard, [b"one", CLEAN])

    def test_never_resumed(self) -> None:
        """
        The client's CLOSE is heard too by a service that never had anything to do with the session, e.g.
        because its backend could not be reached: the client sees a good end.
        """
        for late in (True, False):
            self.stage = Stage()
            client = self.stage.create()
            client.attach()
            if late:
                client.channel.finish(1011, "backend lost")
            client.wire.say(client.request(ONE + CLOSE + RECONNECT))
            client.channel.finish(1011, "backend lost")
            self.assertEqual(answers(client.wire.value()), [DONE])
            self.wait(1)
            self.assertEqual(len(self.stage.registry), 0)

    def test_dropped_while_held(self) -> None:
        """
        A session that is dropped while its client is not read, because the backend took no more, ends with
        the client's CLOSE; what stands before that, nobody hears.
        """
        client = self.play()
        client.attach()
        client.channel.hold()
        client.wire.say(client.request(ONE + CLOSE + RECONNECT))
        self.assertEqual(client.wire.value(), b"")
        client.channel.drop()
        self.assertEqual(answers(client.wire.value()), [DONE])
        self.wait(1)
        self.assertEqual(self.ear.heard, [CLEAN])

    def test_no_answer(self) -> None:
        """
        After five seconds without the client's CLOSE the session is no more.
        """
        client = self.play()
        client.attach()
        client.channel.drop()
        self.wait(5)
        self.assertEqual(self.ear.heard, [])
        self.wait(1)
        self.assertEqual((self.ear.heard, len(self.stage.registry)), ([LATE], 0))

    def test_late_downstream(self) -> None:
        """
        A downstream that comes behind CLOSE is told once more.
        """
        client = self.play()
        client.attach()
        client.channel.finish()
        self.assertEqual(body(client.attach()), CLOSE + RECONNECT)

    def test_without_downstream(self) -> None:
        """
        CLOSE waits for a downstream as data does.
        """
        client = self.play()
        client.channel.send(b"one", 1)
        client.channel.finish()
        self.wait(50)
        self.assertEqual((body(client.attach()), self.ear.heard), (ONE + CLOSE + RECONNECT, []))

    def test_aborted(self) -> None:
        """
        Aborted, the downstream ends without RECONNECT, and requests under way with their connections.
        """
        client = self.play()
        down = client.attach()
        client.wire.say(client.request(ONE + RECONNECT)[:-1])
        client.channel.abort()
        client.channel.abort()
        self.assertEqual((body(down), down.fate, client.wire.fate), (b"", "aborted", "aborted"))
        self.wait(1)
        self.assertEqual(self.ear.heard, [b"one", ("lost", "aborted")])
        self.assertEqual(answers(client.attach().value()), [LOST])

    def test_congested_no_more(self) -> None:
        """
        A channel that is finished tells nothing of what waits.
        """
        self.play()
        client = self.stage.create()
        ear = client.listen(bound=10)
        client.channel.send(b"x" * 20, 2)
        client.channel.finish()
        client.attach()
        self.assertEqual(ear.heard, ["congested"])


class ForgottenTests(StageTestCase):
    """Clients that do not come back."""

    def test_no_downstream(self) -> None:
        """
        A session without a downstream lives for 60 seconds: after create, and after each RECONNECT.
        """
        client = self.play()
        self.wait(59)
        client.attach(".ki=p&.kkt=4")
        self.wait(61)
        self.assertEqual(self.ear.heard, [])
        self.wait(3)
        self.assertEqual(self.ear.heard, [("lost", "no downstream for 60 seconds")])
        self.assertEqual((len(self.stage.registry), self.stage.registry.lonely), (0, 0))

    def test_never_attached(self) -> None:
        """
        One that never had a downstream makes room for others when it ends.
        """
        client = self.play()
        self.assertEqual(self.stage.registry.lonely, 1)
        self.assertEqual(client.post(ONE), DONE)
        self.wait(61)
        self.assertEqual(self.ear.heard, [b"one", ("lost", "no downstream for 60 seconds")])
        self.assertEqual((len(self.stage.registry), self.stage.registry.lonely), (0, 0))

    def test_kept(self) -> None:
        """
        With a downstream it lives for as long as that.
        """
        client = self.play()
        down = client.attach()
        self.wait(600)
        self.assertEqual((down.fate, self.ear.heard), ("open", []))

    def test_nothing_left(self) -> None:
        """
        When all sessions are over the wheel has nothing to turn for.
        """
        client = self.play("bm", PINGS, inactivity=10.0)
        client.attach().hang_up()
        client.wire.hang_up()
        self.wait(40)  # idle connections too
        self.assertEqual(self.stage.house.clock.getDelayedCalls(), [])
