"""Tests for L{kaazing.transports.answers}: who answers what an adapter's session asks."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import ConnectOptions, Uri
from kaazing.interfaces.adapters import AskLogin, Compute, Link, Login, StartTls
from kaazing.interfaces.services import Terms
from kaazing.transports.answers import Answers
from kaazing.transports.sessions import Sessions
from kaazing.transports.wheel import Wheel
from tests.services.house import Line
from tests.transports.cables import Network


class Encrypting:
    """A dialler that writes down what it is to encrypt."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.secured: Deferred[Any] = Deferred()

    def encrypt(self, channel: Any, uri: Uri, options: ConnectOptions) -> Deferred[Any]:
        self.asked.append((channel, uri, options))
        return self.secured


class Logins:
    """Logs everybody in, by address."""

    def login(self, link: Link, said: AskLogin) -> Any:
        return Login(username=f"{said.username}@{link.peer}")


class AnswersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network, self.dialler, self.back = Network(), Encrypting(), Line("back", messages=False)
        dialler: Any = self.dialler
        self.answers = Answers(Sessions(), Wheel(self.network), dialler, self.network)
        self.uri, self.options = Uri(scheme="tcp", host="backend.example", port=7), ConnectOptions()

    def answer(self, question: Any, **link: Any) -> Deferred[Any]:
        """Ask."""
        terms = Terms(service="gate", connect=self.uri, options=self.options, logins=Logins())
        return self.answers.answer(question, self.back, Link(peer="192.0.2.1:5000", **link), terms)

    def test_login(self) -> None:
        """
        The service's logins are asked, where a login is put in; to ask elsewhere is a fault of ours.
        """
        answer = self.answer(AskLogin("joe"), injects=True)
        self.assertEqual(self.successResultOf(answer), Login(username="joe@192.0.2.1:5000"))
        self.failureResultOf(self.answer(AskLogin()), TypeError)

    def test_encryption(self) -> None:
        """
        The dialler encrypts a backend by what its connect says; one that is encrypted it cannot.
        """
        answer = self.answer(StartTls())
        self.assertEqual(self.dialler.asked, [(self.back, self.uri, self.options)])
        self.assertIs(answer, self.dialler.secured)
        self.failureResultOf(self.answer(StartTls(), encrypted=True), TypeError)
        self.assertEqual(len(self.dialler.asked), 1)

    def test_computation(self) -> None:
        """
        A thread of the reactor computes; what is raised there is raised here.
        """
        self.assertEqual(self.successResultOf(self.answer(Compute(lambda: 7 * 6))), 42)
        self.failureResultOf(self.answer(Compute(lambda: 1 // 0)), ZeroDivisionError)
