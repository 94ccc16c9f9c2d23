"""Tests for L{kaazing.transports.adapted}: what a session may ask, and what waits for the answer."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed

from kaazing.errors import ConnectError, Side
from kaazing.interfaces.adapters import AskLogin, Close, Compute, Front, Login, NoLogin, StartTls, ToFront
from kaazing.interfaces.services import Terms
from tests.transports.scenes import TEXT, close
from tests.transports.scripted import AdaptedTestCase, Whole
from tests.transports.test_adapted_ends import violation

ASK = AskLogin()
WEB = Login(username="web", password="secret")


class Asked:
    """Takes a session's questions; the test answers.

    Attributes:
        questions: all that were asked.
        answers: to each; fired by the test unless C{at_once} has one.
        at_once: the answers to the next questions.
        dropped: how many answers were no longer wanted.
    """

    def __init__(self, scene: Any) -> None:
        self.sessions, self.wheel = scene.sessions, scene.wheel
        self.questions: list[Any] = []
        self.answers: list[Deferred[Any]] = []
        self.at_once: list[Any] = []
        self.dropped = 0

    def answer(self, question: Any, back: Any, link: Any, terms: Any) -> Deferred[Any]:
        """See L{kaazing.transports.answers.Answers}."""
        self.questions.append(question)
        answer: Deferred[Any] = self.at_once.pop(0) if self.at_once else Deferred(self._drop)
        self.answers.append(answer)
        return answer

    def _drop(self, answer: Deferred[Any]) -> None:
        self.dropped += 1


class QuestionTestCase(AdaptedTestCase):
    """The test answers."""

    def setUp(self) -> None:
        super().setUp()
        self.asked = Asked(self.scene)
        self.patch(self.scene.house, "_answers", self.asked)

    def ask(
        self, question: Any = ASK, *, wants: Front = Front.STREAM, deadline: float = 1e6, **orders: Any
    ) -> None:
        """Let a session ask as soon as its browser has spoken."""
        self.adapt(wants=wants, **{"from_front": [b"before", question], **orders})
        self.session.deadline = deadline
        self.browser.say((TEXT, b"?"))
        self.net.turn()
        self.assertEqual(self.asked.questions, [question])
        self.session.orders["from_front"] = []
        self.session.told.clear()

    def hearing(self, channel: Any) -> Any:
        """Who hears a channel."""
        return channel.receiver

    def assert_over(self, *said: str) -> None:
        """Nothing is left, and the log has these lines."""
        self.net.turn()
        self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, list(said)))
        self.net.clock.advance(1)
        self.assertEqual(self.net.clock.getDelayedCalls(), [])


class AnswerTests(QuestionTestCase):
    def test_login(self) -> None:
        """
        The answer to a question for the login is told; plain bytes that follow go to the backend.
        """
        for answer in (WEB, NoLogin("no login for you")):
            self.asked.questions.clear()
            self.ask(login=[b" LOGIN", ToFront(b"ok")])
            self.assertEqual(self.heard(), ([], b"before"))
            self.asked.answers[-1].callback(answer)
            self.assertEqual(self.heard(), ([(TEXT, b"ok")], b"before LOGIN"))
            self.assertEqual(self.session.told, [("login", answer)])

    def test_encryption_and_computation(self) -> None:
        """
        So are those to a question for encryption, and for what takes long to compute.
        """
        for question, told in ((StartTls(), ("secured",)), (Compute(dict), ("computed", {}))):
            self.asked.questions.clear()
            self.ask(question, secured=[b" x"], computed=Whole([b" x"]))
            self.asked.answers[-1].callback({})
            self.assertEqual((self.heard(), self.session.told), (([], b"before x"), [told]))

    def test_at_once(self) -> None:
        """
        An answer that is there already is told when the orders before the question are carried out;
        one question may follow from another.
        """
        self.asked.at_once = [succeed(WEB), succeed(None), succeed("proof")]
        self.adapt(
            from_back=[b"to browser", AskLogin()],
            login=[b"1", StartTls()],
            secured=[b"2", Compute(dict)],
            computed=[b"3"],
        )
        self.backend.send(b"?")
        self.assertEqual(self.heard(), ([(TEXT, b"to browser")], b"123"))
        self.browser.say((TEXT, b"go on"))
        self.net.turn()
        told = [what for what, *_ in self.session.told]
        self.assertEqual(told, ["opened", "from_back", "login", "secured", "computed", "from_front"])

    def test_when_it_opens(self) -> None:
        """
        A session may ask before anybody has spoken.
        """
        self.adapt(opened=[AskLogin()], login=[b"LOGIN"])
        self.browser.say((TEXT, b"waits"))
        self.backend.send(b"waits")
        self.assertEqual((self.heard(), self.session.told), (([], b""), [("opened",)]))
        self.asked.answers[0].callback(WEB)
        self.assertEqual(self.heard(), ([], b"LOGIN"))
        self.assertEqual(
            self.session.told[1:],
            [("login", WEB), ("from_front", b"waits", TEXT), ("from_back", b"waits")],
        )

    def test_more_behind_it(self) -> None:
        """
        Nothing may stand behind a question, and no second one may be asked: both are faults of ours,
        and the end of the session.
        """
        self.adapt(from_back=[AskLogin(), b"more"])
        self.backend.send(b"?")
        self.assertRaises(TypeError, self.net.turn)
        self.assertEqual(self.asked.questions, [])
        self.ask(expired=[StartTls()], deadline=1.0)
        self.net.clock.pump([0.5] * 4)
        self.assertEqual(len(self.asked.questions), 1)
        [fault] = self.flushLoggedErrors(TypeError)
        self.assertIn("before its last question was answered", fault.getErrorMessage())


class WaitingTests(QuestionTestCase):
    """What comes while a question is open."""

    def test_held(self) -> None:
        """
        Both ends are held, and read again when the answer is told.
        """
        self.ask()
        self.browser.say((TEXT, b"a"))
        self.backend.send(b"b")
        self.net.turn()
        self.assertEqual((self.session.told, self.backend.unsent), ([], 1))
        self.asked.answers[0].callback(WEB)
        self.net.turn()
        self.assertEqual(self.session.told, [("login", WEB), ("from_front", b"a", TEXT), ("from_back", b"b")])

    def test_in_order(self) -> None:
        """
        What comes all the same, as the rest of what was read already, is told in its order when the
        answer is, up to the next question.
        """
        self.ask(wants=Front.MESSAGES, from_back=[ToFront(b"!")])
        self.session.orders["from_front"] = [AskLogin()]
        self.back.dataReceived(b"1")
        self.hearing(self.front).received(b"2", TEXT)
        self.back.dataReceived(b"3")
        self.back.readConnectionLost()
        self.assertEqual(self.session.told, [])
        self.asked.answers[0].callback(WEB)
        told = [("login", WEB), ("from_back", b"1"), ("from_front", b"2", TEXT)]
        self.assertEqual((self.session.told, len(self.asked.questions)), (told, 2))
        self.asked.answers[1].callback(WEB)
        told += [("login", WEB), ("from_back", b"3"), ("back_ended",)]
        self.assertEqual(
            (self.session.told, self.heard()[0]), (told, [(TEXT, b"!"), (TEXT, b"!"), close(1000)])
        )

    def test_at_the_end(self) -> None:
        """
        An end that is over is told behind what it said; when a session asks upon that, the other end
        hears of it after the answer.
        """
        self.ask(front_ended=[b" bye", Compute(dict)], computed=[b" really"])
        self.hearing(self.front).ended()
        self.asked.answers[0].callback(WEB)
        self.assertEqual((self.heard()[1], self.backend.end), (b"before bye", ""))
        self.asked.answers[1].callback(None)
        self.assertEqual((self.heard()[1], self.backend.end), (b"before bye really", "fin"))

    def test_backend_gone_in_order(self) -> None:
        """
        So does the browser of a backend that closes both ways meanwhile.
        """
        self.ask(from_back=[ToFront(b"last")], back_ended=[ToFront(b"gone")])
        self.back.dataReceived(b"?")
        self.hearing(self.back).lost(None)
        self.assertEqual(self.heard()[0], [])
        self.asked.answers[0].callback(WEB)
        self.assertEqual(self.heard()[0], [(TEXT, b"last"), (TEXT, b"gone"), close(1000)])

    def test_congested(self) -> None:
        """
        An end that takes no more when the answer comes keeps the other held.
        """
        self.ask(login=[b"x" * 70_000])
        self.backend.block()
        self.asked.answers[0].callback(WEB)
        self.browser.say((TEXT, b"waits"))
        self.net.turn()
        self.assertEqual(self.session.told, [("login", WEB)])
        self.backend.unblock()
        self.net.turn()
        self.assertEqual(self.session.told[-1], ("from_front", b"waits", TEXT))

    def test_deadline(self) -> None:
        """
        The deadline stands; what is ordered then is carried out, and may be the end.
        """
        self.ask(expired=[b" late", ToFront(b"late"), Close(4000, "late")], deadline=2.0)
        self.net.clock.pump([0.5] * 6)
        self.assertEqual(self.session.told[0][0], "expired")
        self.assertEqual(self.heard(), ([(TEXT, b"late"), close(4000, b"late")], b"before late"))
        self.assertEqual(self.asked.dropped, 1)
        self.browser.say(close(4000))
        self.assert_over("gate: 192.0.2.1:5000: late (close 4000)")


class UnansweredTests(QuestionTestCase):
    """Questions that get no answer, or one that nobody wants any more."""

    def test_over(self) -> None:
        """
        When the session ends while a question is open, the answer is wanted no longer, what waited is
        told to nobody, and nothing is left.
        """
        ends = {
            "browser": lambda: self.browser.far.reset(),
            "backend": lambda: self.backend.reset(),
            "gateway": lambda: self.scene.sessions.leave(),
            "frames": lambda: self.hearing(self.front).failed(violation()),
        }
        for which, end in ends.items():
            self.scene.sessions.said.clear()
            self.asked.questions.clear()
            self.asked.dropped = 0
            self.ask()
            self.back.dataReceived(b"waits")
            self.front.resume()  # as one would hear of it
            self.back.resume()
            end()
            self.net.turn()
            self.browser.say(close(1000))
            self.net.turn()
            self.assertEqual(
                (self.asked.dropped, self.session.told, len(self.scene.sessions)), (1, [], 0), which
            )

    def test_late(self) -> None:
        """
        An answer that comes all the same, as that of a thread which nobody can stop, is told to nobody.
        """
        thread: Deferred[Any] = Deferred()
        self.asked.at_once = [thread]
        self.ask()
        self.scene.sessions.leave()
        thread.callback(WEB)
        self.net.turn()
        self.assertEqual(self.session.told, [])

    def test_refused(self) -> None:
        """
        A computation may find that the peer broke a rule, as one that does not prove itself.
        """
        self.ask(Compute(dict))
        self.asked.answers[0].errback(violation(Side.BACK))
        self.assertEqual(self.heard()[0], [close(1014, b"bad verb (RFC 0 section 1)")])
        self.browser.say(close(1014))
        self.assert_over("gate: 192.0.2.1:5000: backend byte 3: bad verb (RFC 0 section 1)")

    def test_raises_after_the_answer(self) -> None:
        """
        So may a session that hears the answer, and what it ordered before is carried out.
        """
        self.ask(login=[ToFront(b"ERROR"), violation()])
        self.asked.answers[0].callback(WEB)
        self.assertEqual(self.heard()[0], [(TEXT, b"ERROR"), close(1002, b"bad verb (RFC 0 section 1)")])

    def test_not_encrypted(self) -> None:
        """
        A backend that cannot be encrypted is lost.
        """
        self.ask(StartTls())
        self.asked.answers[0].errback(ConnectError("tcp://h:1: TLS: expired"))
        self.assertEqual(self.heard()[0], [close(1011, b"backend lost")])
        self.browser.say(close(1011))
        self.assert_over("gate: 192.0.2.1:5000: tcp://h:1: TLS: expired")

    def test_fault_of_ours(self) -> None:
        """
        Whatever else goes wrong ends the session, and the log has the traceback.
        """
        cases: list[tuple[Any, list[Any]]] = [(ZeroDivisionError(), []), (WEB, ["text"])]
        for result, orders in cases:
            self.asked.questions.clear()
            self.ask(login=orders)
            answer = self.asked.answers[-1]
            answer.errback(result) if isinstance(result, Exception) else answer.callback(result)
            self.assertEqual(self.heard()[0], [close(1011, b"the service failed")])
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError, TypeError)), 1)


class TallyTests(QuestionTestCase):
    """What the service counts."""

    def terms(self, wants: Front) -> Terms:
        """Counted."""
        return Terms(service="gate", wants=wants, tally=self.scene.house.tally("gate"))

    def test_reports(self) -> None:
        """
        A session reports when it is over, and whenever somebody reads the tally of its service.
        """
        self.adapt()
        self.scene.house.tally("other").counts()
        self.assertEqual(self.session.told, [("opened",)])
        self.scene.house.tally("gate").counts()
        self.assertEqual(self.session.told, [("opened",), ("report",)])
        self.scene.sessions.leave()
        self.browser.say(close(1001))
        self.net.turn()
        self.assertEqual(self.session.told, [("opened",), ("report",), ("report",)])
        self.scene.house.tally("gate").counts()
        self.assertEqual(len(self.session.told), 3)
