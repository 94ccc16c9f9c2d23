"""Tests for L{kaazing.transports.served}: what a server's session orders is done, and it is told in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import Close, Complain, Hold, Resume, ToFront
from kaazing.interfaces.brokers import Destination, Domain, Message
from kaazing.interfaces.channels import IReceiver
from kaazing.interfaces.servers import Connect, IClient, IServerSession, IServing
from kaazing.transports.served import Served
from kaazing.transports.sessions import Sessions
from kaazing.transports.wheel import Wheel
from tests.services.house import Line

MESSAGE = Message(destination=Destination(Domain.QUEUE, "q"), body=b"m")
ASKED = Connect(username="ann")


@implementer(IServerSession)
class Scripted:
    """A session that answers each word of a client with what the test has written under it.

    Attributes:
        script: word -> answers.
        told: what it was told, in order.
    """

    deadline: float | None = None

    def __init__(self) -> None:
        self.script: dict[Any, list[Any]] = {}
        self.told: list[Any] = []

    def _answer(self, *told: Any) -> Iterable[Any]:
        self.told.append(told[0] if len(told) == 1 else told)
        for each in self.script.get(told[0], ()):
            if isinstance(each, Exception):
                raise each
            yield each
        self.told.append(("end", told[0]))

    def opened(self, now: float) -> Iterable[Any]:
        """See L{IServerSession}."""
        return self._answer("opened")

    def from_front(self, data: bytes, kind: Any, now: float) -> Iterable[Any]:
        """See L{IServerSession}."""
        return self._answer(data)

    def front_ended(self, now: float) -> Iterable[Any]:
        """See L{IServerSession}."""
        return self._answer("front_ended")

    def expired(self, now: float) -> Iterable[Any]:
        """See L{IServerSession}."""
        self.deadline = None
        return self._answer("expired")

    def held(self, yes: bool, now: float) -> None:
        """See L{IServerSession}."""
        self.told.append(("held", yes))

    def welcome(self, now: float, *, user: str = "", server: str = "", policy: Any = None) -> Iterable[Any]:
        """See L{IServerSession}."""
        return self._answer("welcome", user, server, policy)

    def done(self, request: Any, now: float) -> Iterable[Any]:
        """See L{IServerSession}."""
        return self._answer("done", request)

    def refused(self, request: Any, why: str, now: float) -> Iterable[Any]:
        """See L{IServerSession}."""
        return self._answer("refused", request, why)

    def failed(self, id: Any, why: str, now: float) -> Iterable[Any]:
        """See L{IServerSession}."""
        return self._answer("failed", id, why)

    def deliver(self, id: Any, message: Message, tag: Any) -> ToFront:
        """See L{IServerSession}."""
        self.told.append(("deliver", id, tag))
        return ToFront(message.body)

    def look(self, id: Any) -> tuple[Any, bytes]:
        """See L{IServerSession}."""
        return "look", b""

    def unsettled(self, id: Any) -> int:
        """See L{IServerSession}."""
        return 0

    def discard(self, id: Any) -> None:
        """See L{IServerSession}."""


@implementer(IClient)
class Noted:
    """A client's side that notes what it is told, and does what the test has written for a request."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.does: Callable[[Any], None] = lambda request: None

    def asked(self, request: Any) -> None:
        """See L{IClient}."""
        self.told.append(request)
        self.does(request)

    def congested(self) -> None:
        """See L{IClient}."""
        self.told.append("congested")

    def drained(self) -> None:
        """See L{IClient}."""
        self.told.append("drained")

    def gone(self) -> None:
        """See L{IClient}."""
        self.told.append("gone")


class Complaints(Sessions):
    """Sessions whose complaints are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def complain(self, service: str, peer: str, why: Exception) -> None:
        """See L{Sessions}."""
        self.said.append(f"{service} {peer}: {why}")


class ServedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.session, self.client, self.line = Scripted(), Noted(), Line()
        self.sessions, self.clock = Complaints(), Clock()
        self.served = Served(
            "jms", self.line, self.session, self.client, self.sessions, Wheel(self.clock)
        )  # fmt: skip

    def hear(self, *answers: Any) -> None:
        """Let the client say something that the session answers so."""
        self.session.script[b"x"] = list(answers)
        self.line.receiver.received(b"x", 1)

    def test_promises(self) -> None:
        """
        It keeps the promises of those who serve and of those who hear a channel; the doubles keep theirs.
        """
        verifyObject(IServing, self.served)
        verifyObject(IReceiver, self.served)
        verifyObject(IServerSession, self.session)
        verifyObject(IClient, self.client)

    def test_start(self) -> None:
        """
        A client is read once its session has been told that it is there; both are known to the gateway.
        """
        self.session.script["opened"] = [ToFront(b"hello")]
        self.served.start()
        self.assertEqual(self.line.done, [("send_all", [b"hello"], 0), "resume"])
        self.assertEqual(self.sessions.by_service(), {"jms": 1})

    def test_gone_before(self) -> None:
        """
        With a client that is gone before it begins nothing is begun.
        """
        self.line.open = False
        self.served.start()
        self.assertEqual((self.line.done, self.session.told, self.client.told), ([], [], ["gone"]))
        self.assertEqual(len(self.sessions), 0)

    def test_orders(self) -> None:
        """
        Messages in a row are one write, in order with everything else.
        """
        self.served.start()
        self.line.done.clear()
        self.hear(
            ToFront(b"1"), ToFront(b"2"), Hold(Side.FRONT), ToFront(b"3"), ASKED,
            Complain("odd"), Resume(Side.FRONT),
        )  # fmt: skip
        self.assertEqual(
            self.line.done, [("send_all", [b"1", b"2"], 0), "hold", ("send_all", [b"3"], 0), "resume"]
        )
        self.assertEqual(self.client.told, [ASKED])
        self.assertEqual(self.sessions.said, ["jms 192.0.2.1:5000: odd"])

    def test_answered_at_once(self) -> None:
        """
        What is answered while the session speaks is told it when it has finished, in order.
        """

        def does(request: Any) -> None:
            self.served.welcome(user="ann")
            self.served.soon(self.served.deliver, "s", MESSAGE, 1)
            self.served.done(request)

        self.client.does = does
        self.served.start()
        self.hear(ASKED)
        self.assertEqual(
            self.session.told[2:],
            [
                *(b"x", ("end", b"x"), ("welcome", "ann", "", None), ("end", "welcome")),
                *(("deliver", "s", 1), ("done", ASKED), ("end", "done")),
            ],
        )

    def test_soon(self) -> None:
        """
        What would touch the session while it speaks waits, and is not done once the client is gone.
        """
        done: list[int] = []
        self.client.does = lambda request: self.served.soon(done.append, len(self.session.told))
        self.served.start()
        self.served.soon(done.append, 0)
        self.hear(ASKED, ToFront(b"1"))
        self.assertEqual(done, [0, 3])
        self.hear(ASKED, Close())
        self.served.soon(done.append, 9)
        self.assertEqual(done, [0, 3])

    def test_delivered(self) -> None:
        """
        A message of a subscription goes out at once; one of a client that is gone nowhere.
        """
        self.served.start()
        self.served.deliver("s", MESSAGE, 1)
        self.assertEqual(self.line.done[-1], ("send", b"m", 0))
        self.line.receiver.lost(None)
        self.served.deliver("s", MESSAGE, 2)
        self.served.done(ASKED)
        self.served.fail("s", "over")
        self.served.refused(ASKED, "no")
        self.served.close(1000, "")
        self.assertEqual(self.session.told, ["opened", ("end", "opened"), ("deliver", "s", 1)])
        self.assertEqual(self.line.done[-1], ("send", b"m", 0))

    def test_told(self) -> None:
        """
        The session hears what became of requests and subscriptions.
        """
        self.served.start()
        self.session.told.clear()
        self.served.refused(ASKED, "no")
        self.served.fail("s", "over")
        self.assertEqual(
            self.session.told[::2], [("refused", ASKED, "no"), ("failed", "s", "over")]
        )  # fmt: skip

    def test_violation(self) -> None:
        """
        A client that breaks its protocol hears what the session says to that, and the close code; the log
        has one line with its name, and everybody else is told that it is gone.
        """
        self.served.start()
        self.served.user = "ann"
        self.line.done.clear()
        why = ProtocolViolation("no frame", side=Side.FRONT, offset=7, rule="STOMP 1.2")
        self.hear(ToFront(b"ERROR"), why)
        self.assertEqual(
            self.line.done,
            [("send_all", [b"ERROR"], 0), ("finish", 1002, "no frame (STOMP 1.2)"), "drop"],
        )
        self.assertEqual(
            self.sessions.said, ["jms 192.0.2.1:5000 'ann': client byte 7: no frame (STOMP 1.2)"]
        )
        self.assertEqual(self.client.told, ["gone"])
        self.hear(ToFront(b"more"))
        self.line.receiver.failed(why)
        self.assertEqual((len(self.line.done), len(self.sessions.said)), (3, 1))

    def test_close(self) -> None:
        """
        The session's own close is carried out once, what it orders behind it no more; a code that is no
        goodbye is in the log.
        """
        self.served.start()
        self.line.done.clear()
        self.hear(ToFront(b"1"), Close(1008, "not you"), ToFront(b"2"), ASKED)
        self.assertEqual(self.line.done, [("send_all", [b"1"], 0), ("finish", 1008, "not you"), "drop"])
        self.assertEqual(self.client.told, ["gone"])
        self.assertEqual(self.sessions.said, ["jms 192.0.2.1:5000: not you (close 1008)"])
        self.assertEqual(len(self.sessions), 1)
        self.line.receiver.lost(None)
        self.assertEqual((len(self.sessions), self.client.told), (0, ["gone"]))

    def test_ends(self) -> None:
        """
        A client that ends in good order is answered in good order; the gateway that goes says 1001.
        """
        for leaves, code in ((False, (1000, "")), (True, (1001, "the gateway goes away"))):
            self.setUp()
            self.served.start()
            end = self.served.leave if leaves else self.line.receiver.ended
            end()
            self.assertEqual(self.line.done[-2:], [("finish", *code), "drop"])
            self.assertEqual((self.client.told, self.sessions.said), (["gone"], []))

    def test_lost(self) -> None:
        """
        A client that is lost is gone once, and its deadline with it.
        """
        self.session.deadline = 5.0
        self.served.start()
        self.line.receiver.lost(None)
        self.assertEqual((self.client.told, len(self.sessions)), (["gone"], 0))
        self.clock.pump([1.0] * 10)
        self.assertNotIn("expired", self.session.told)

    def test_deadline(self) -> None:
        """
        The session hears of its deadline, and of one that was put off meanwhile not before the later one.
        """
        self.session.deadline = 5.0
        self.served.start()
        self.session.deadline = 8.0
        self.clock.pump([0.5] * 15)
        self.assertNotIn("expired", self.session.told)
        self.session.script["expired"] = [ToFront(b"\n")]
        self.clock.pump([0.5] * 3)
        self.assertEqual(self.session.told[-2:], ["expired", ("end", "expired")])
        self.assertEqual(self.line.done[-1], ("send_all", [b"\n"], 0))

    def test_congested(self) -> None:
        """
        A client that takes nothing is not read; the session knows that its silence is not its own, and
        so does who serves it.
        """
        self.served.start()
        self.session.told.clear()
        self.line.done.clear()
        self.line.receiver.congested()
        self.assertTrue(self.served.slow)
        self.served.hold(True)
        self.line.receiver.drained()
        self.assertFalse(self.served.slow)
        self.assertEqual(self.line.done, ["hold"])
        self.served.hold(False)
        self.assertEqual(self.line.done, ["hold", "resume"])
        self.assertEqual(self.session.told, [("held", True), ("held", False)])
        self.assertEqual(self.client.told, ["congested", "drained"])

    def test_broken(self) -> None:
        """
        A session that fails by a fault of ours ends with 1011, and the log has the traceback.
        """
        self.served.start()
        self.hear(ValueError("oops"))
        self.assertEqual(self.line.done[-2:], [("finish", 1011, "the service failed"), "drop"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
