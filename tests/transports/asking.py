"""An origin in memory, and whoever asks it."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing.config.model import ConnectOptions
from kaazing.interfaces.origins import IAsker, Request
from kaazing.transports.dial import Dialler
from kaazing.transports.origins import Origin
from kaazing.transports.questions import Question
from kaazing.transports.trust import ClientContexts
from kaazing.transports.wheel import Wheel
from tests.running import Caller, uri
from tests.transports.cables import Network

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = Request(method="GET", target="/", fields=())
ANSWERED = [("answered", 200, 2), b"ok", "ended"]


@implementer(IAsker)
class Ask:
    """Notes what it hears of a question."""

    channel: Any = None

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def ready(self) -> None:
        """See L{IAsker}."""
        self.heard.append("ready")

    def congested(self) -> None:
        """See L{IAsker}."""
        self.heard.append("congested")

    def informed(self, status: int, fields: Any) -> None:
        """See L{IAsker}."""
        self.heard.append(("informed", status))

    def answered(self, status: int, fields: Any, length: int | None) -> None:
        """See L{IAsker}."""
        self.heard.append(("answered", status, length))

    def body(self, data: bytes) -> None:
        """See L{IAsker}."""
        self.heard.append(data)

    def body_ended(self) -> None:
        """See L{IAsker}."""
        self.heard.append("ended")

    def switched(self, fields: Any, channel: Any) -> None:
        """See L{IAsker}."""
        self.channel = channel
        self.heard.append("switched")

    def failed(self, why: Any, because: Exception) -> None:
        """See L{IAsker}."""
        self.heard.append((why.status, str(because)))


class OriginTestCase(SynchronousTestCase):
    """An origin at http://127.0.0.1:9000/ that the test answers for."""

    def setUp(self) -> None:
        self.network = Network()
        self.backs: list[Caller] = []
        self.network.listening["127.0.0.1", 9000] = Factory.forProtocol(self._called)
        self.origin = self.at("http://127.0.0.1:9000/")

    def _called(self) -> Caller:
        self.backs.append(Caller())
        return self.backs[-1]

    def at(self, where: str, **options: Any) -> Origin:
        """An origin with these connect-options."""
        wheel = Wheel(self.network)
        dialler = Dialler(self.network, wheel, ClientContexts())
        return Origin(uri(where), ConnectOptions(**options), dialler, wheel)

    def ask(self, request: Request = GET, origin: Origin | None = None) -> tuple[Ask, Question]:
        """Ask."""
        ask = Ask()
        question = (origin or self.origin).question(request, ask)
        question.start()
        self.network.settle()
        return ask, question

    def say(self, data: bytes, back: int = -1) -> None:
        """Let the last called say something."""
        self.backs[back].say(data)
        self.network.settle()

    def served(self, request: Request = GET, answer: bytes = OK) -> list[Any]:
        """Ask, let it be answered; what is heard."""
        ask, _ = self.ask(request)
        self.say(answer)
        return ask.heard
