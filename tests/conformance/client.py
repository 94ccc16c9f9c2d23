"""Runs one case of the Autobahn test suite against a WebSocket server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import PerMessageDeflateResponseAccept
from twisted.internet.defer import Deferred, execute, gatherResults
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Cooperator

from tests.conformance import suite


@dataclass(frozen=True)
class Verdict:
    """How a server did in one case.

    Attributes:
        behavior: OK, NON-STRICT, INFORMATIONAL, UNIMPLEMENTED or FAILED.
        close: how it closed: OK, INFORMATIONAL, or what was wrong.
        why: the suite's sentences on both.
    """

    case: str
    behavior: str
    close: str
    why: str

    @property
    def passed(self) -> bool:
        """Whether the suite's report would show it green (NON-STRICT is yellow, and passes)."""
        return self.behavior in ("OK", "NON-STRICT", "INFORMATIONAL") and self.close in (
            "OK",
            "INFORMATIONAL",
        )


def _bytes(text: Any) -> Any:
    return text.encode("latin-1") if isinstance(text, str) else text


class CaseClient(WebSocketClientProtocol):  # type: ignore[misc]
    """The peer that a case drives; the names are those that the cases use."""

    connectionWasOpen = False
    createWirelog = False

    def connectionMade(self) -> None:
        """Make the case's object before the handshake."""
        self.txFrameStats: dict[int, int] = {}
        super().connectionMade()
        self.logFrames = True
        self._case = self.factory.case(self)

    def onOpen(self) -> None:
        """Let the case begin."""
        self.connectionWasOpen = True
        self._case.onOpen()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Tell the case."""
        compressed = self._perMessageCompress is not None  # those cases are for Python 3 already
        self._case.onMessage(payload if compressed else payload.decode("latin-1"), isBinary)

    def onPong(self, payload: bytes) -> None:
        """Tell the case."""
        self._case.onPong(payload.decode("latin-1"))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Tell the case."""
        self._case.onClose(wasClean, code, reason)

    def connectionLost(self, reason: Any) -> None:
        """Tell the case, and hand its verdict on."""
        super().connectionLost(reason)
        execute(self._verdict).chainDeferred(self.factory.done)

    def _verdict(self) -> Verdict:
        case = self._case
        case.onConnectionLost(self.failedByMe)
        why = f"{case.result} {case.resultClose}"
        return Verdict(self.factory.identifier, case.behavior, case.behaviorClose, why)

    def logTxFrame(self, header: Any, payload: bytes, *more: Any) -> None:
        """Count the frames sent, by opcode."""
        self.txFrameStats[header.opcode] = self.txFrameStats.get(header.opcode, 0) + 1

    def logRxFrame(self, header: Any, payload: Any) -> None:
        """Count nothing: no case looks at it."""

    def enableWirelog(self, enable: bool) -> None:
        """There is none."""

    def sendFrame(self, opcode: int, payload: Any = b"", **more: Any) -> None:
        """Send one frame."""
        super().sendFrame(opcode, _bytes(payload), **more)

    def sendMessage(self, payload: Any, isBinary: bool = False, **more: Any) -> None:
        """Send one message."""
        super().sendMessage(_bytes(payload), isBinary, **more)

    def sendMessageFrameData(self, payload: Any, sync: bool = False) -> Any:
        """Send a part of a frame."""
        return super().sendMessageFrameData(_bytes(payload), sync)

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: Any = None, isReply: bool = False) -> None:
        """Send a Close frame, valid or not."""
        super().sendCloseFrame(code, _bytes(reasonUtf8), isReply)

    def continueLater(self, delay: float, what: Any, tag: str | None = None) -> None:
        """Call C{what} in C{delay} seconds, where the connection still stands."""
        self._later(delay, what)

    def killAfter(self, delay: float) -> None:
        """Drop the connection in C{delay} seconds."""
        self._later(delay, self._fail_connection)

    def closeAfter(self, delay: float) -> None:
        """Begin the closing handshake in C{delay} seconds."""
        self._later(delay, self.sendClose)

    def _later(self, delay: float, what: Any) -> None:
        def still_there() -> None:
            if self.state != self.STATE_CLOSED:
                what()

        call = self.factory.reactor.callLater(delay, still_there)
        self.factory.done.addBoth(lambda verdict: (call.active() and call.cancel(), verdict)[1])


class CaseFactory(WebSocketClientFactory):  # type: ignore[misc]
    """Makes the one client of a case; C{done} fires with its L{Verdict}."""

    protocol = CaseClient
    noisy = False

    def __init__(self, reactor: Any, url: str, identifier: str) -> None:
        super().__init__(url, useragent="conformance", reactor=reactor)
        self.identifier = identifier
        self.case = suite.cases()[identifier]
        self.done: Deferred[Verdict] = Deferred()
        self.setProtocolOptions(
            failByDrop=False,
            closeHandshakeTimeout=5,
            openHandshakeTimeout=5,
            perMessageCompressionOffers=getattr(self.case, "CLIENT_OFFERS", []),
            perMessageCompressionAccept=PerMessageDeflateResponseAccept,
        )


def verdicts(
    reactor: IReactorTime, port: int, identifiers: Iterable[str], *, at_once: int
) -> Deferred[list[Verdict]]:
    """Run the cases against ws://127.0.0.1:port/, some at once; return a Deferred of the verdicts."""
    found: list[Verdict] = []
    endpoint = HostnameEndpoint(reactor, "127.0.0.1", port)

    def one(identifier: str) -> Deferred[None]:
        factory = CaseFactory(reactor, f"ws://127.0.0.1:{port}/", identifier)
        connecting: Deferred[Any] = endpoint.connect(factory)
        connecting.addErrback(factory.done.errback)
        return factory.done.addCallback(found.append)

    work = (one(identifier) for identifier in identifiers)
    cooperator = Cooperator(scheduler=lambda call: reactor.callLater(0, call))
    tasks = [cooperator.coiterate(work) for _ in range(at_once)]
    done = gatherResults(tasks, consumeErrors=True)
    return done.addCallback(lambda _: sorted(found, key=lambda verdict: suite.numbers(verdict.case)))
