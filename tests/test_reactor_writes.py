"""Tests for L{kaazing.reactor}: how a connection sends, over a socket in memory."""

from __future__ import annotations

import errno
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.transports.wires import MemoryNet


@implementer(IHalfCloseableProtocol)
class Hearing(Protocol):
    """Writes down what it hears.

    Attributes:
        heard: the bytes, "fin" for the peer's, "our fin", and in the end the class of the reason.
    """

    transport: Any

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)

    def readConnectionLost(self) -> None:
        self.heard.append("fin")

    def writeConnectionLost(self) -> None:
        self.heard.append("our fin")

    def connectionLost(self, reason: Any = None) -> None:
        self.heard.append(reason.type)


class Producer:
    """Writes down what the transport asks of it; answers the first requests with C{pieces}."""

    def __init__(self, transport: Any, pieces: list[bytes] | None = None) -> None:
        self.asked: list[str] = []
        self._transport, self._pieces = transport, pieces or []

    def pauseProducing(self) -> None:
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        self.asked.append("resume")
        if self._pieces:
            self._transport.write(self._pieces.pop(0))

    def stopProducing(self) -> None:
        self.asked.append("stop")


class WriteTests(SynchronousTestCase):
    """How a connection sends, over a socket in memory."""

    def setUp(self) -> None:
        """Connect."""
        self.net = MemoryNet()
        self.protocol = Hearing()
        self.transport, self.far = self.net.connect(self.protocol)

    def test_promises(self) -> None:
        """
        A connection keeps the promises of Twisted's own.
        """
        verifyObject(ITCPTransport, self.transport)
        verifyObject(IConsumer, self.transport)

    def test_at_once(self) -> None:
        """
        With nothing waiting, bytes go out inside write, and nothing waits for the loop.
        """
        self.transport.write(b"now")
        self.assertEqual((self.far.got, self.net.writers), (b"now", {}))

    def test_partly(self) -> None:
        """
        What the kernel does not take at once follows from the loop; what is written behind it waits
        for its turn, and tries no send of its own.
        """
        self.far.room = 4
        self.transport.write(b"some of it")
        self.transport.write(b", and more")
        self.transport.writeSequence([b",", b" and the rest"])
        self.assertEqual((self.far.got, self.far.sends), (b"some", 1))
        self.far.unblock()
        self.net.turn()
        self.assertEqual(self.far.got, b"some of it, and more, and the rest")
        self.assertEqual(self.net.writers, {})
        self.transport.write(b"!")
        self.assertEqual(self.far.got[-1:], b"!")

    def test_no_room(self) -> None:
        """
        A kernel that takes nothing is no error: everything follows from the loop.
        """
        self.far.block()
        self.transport.write(b"later")
        self.net.turn()
        self.assertEqual((self.far.got, self.protocol.heard), (b"", []))
        self.far.unblock()
        self.net.turn()
        self.assertEqual((self.far.got, self.protocol.heard), (b"later", []))

    def test_failing(self) -> None:
        """
        A send that fails says nothing inside write; the loop tells the protocol, once.
        """
        for error in (errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT):
            self.setUp()
            self.far.error = error
            self.transport.write(b"in vain")
            self.transport.write(b"and more")
            self.assertEqual(self.protocol.heard, [])
            self.net.turn()
            self.assertEqual(self.protocol.heard, [ConnectionLost])
            self.transport.write(b"nobody there")
            self.net.turn()
            self.assertEqual(self.protocol.heard, [ConnectionLost])

    def test_not_bytes(self) -> None:
        """
        Only bytes can be written; the message is Twisted's.
        """
        for wrong in ("text", bytearray(b"x"), memoryview(b"x"), None):
            why = self.assertRaises(TypeError, self.transport.write, wrong)
            self.assertEqual(str(why), "Data must be bytes")
        self.assertEqual(self.far.got, b"")

    def test_nothing(self) -> None:
        """
        No bytes are no work for the loop.
        """
        self.transport.write(b"")
        self.assertEqual((self.far.got, self.net.writers), (b"", {}))

    def test_last_words(self) -> None:
        """
        What was written before, and right after, loseConnection goes out before the FIN.
        """
        self.far.room = 3
        self.transport.write(b"last ")
        self.transport.loseConnection()
        self.transport.write(b"words")
        self.assertEqual((self.far.got, self.far.end), (b"las", ""))
        self.far.unblock()
        self.net.turn()
        self.assertEqual((self.far.got, self.far.end), (b"last words", "fin"))
        self.assertEqual(self.protocol.heard, [ConnectionDone])
        self.transport.write(b"too late")
        self.assertEqual(self.far.got, b"last words")

    def test_half_closed(self) -> None:
        """
        After our FIN nothing is sent, and the peer is still heard; after the peer's, we can still send.
        """
        self.far.block()
        self.transport.write(b"end")
        self.transport.loseWriteConnection()
        self.far.unblock()
        self.net.turn()
        self.transport.write(b"not sent")
        self.far.send(b"still here")
        self.net.turn()
        self.assertEqual((self.far.got, self.far.end), (b"end", "fin"))
        self.far.fin()
        self.net.turn()
        self.assertEqual(self.protocol.heard, ["our fin", b"still here", "fin"])
        self.transport.loseConnection()
        self.assertEqual(self.protocol.heard, ["our fin", b"still here", "fin", ConnectionDone])

    def test_peer_half_closed(self) -> None:
        """
        After the peer's FIN we can still send.
        """
        self.far.fin()
        self.net.turn()
        self.transport.write(b"noted")
        self.assertEqual((self.far.got, self.protocol.heard), (b"noted", ["fin"]))

    def test_aborted(self) -> None:
        """
        After abortConnection nothing more goes out, not even before the loop comes round.
        """
        self.far.room = 2
        self.transport.write(b"abc")
        self.far.unblock()
        self.transport.abortConnection()
        self.transport.write(b"more")
        self.net.turn()
        self.assertEqual((self.far.got, self.far.end), (b"ab", "reset"))
        self.setUp()
        self.transport.abortConnection()
        self.transport.write(b"more")
        self.net.turn()
        self.assertEqual((self.far.got, self.far.end), (b"", "reset"))

    def test_before_close(self) -> None:
        """
        Whoever holds the descriptor's number is told before it is closed, however it comes to that.
        """
        for end in ("fin", "reset", "abortConnection", "loseConnection"):
            self.setUp()
            seen: list[int] = []
            self.transport.before_close = lambda seen=seen: seen.append(self.transport.fileno())
            number = self.transport.fileno()
            getattr(self.far if end in ("fin", "reset") else self.transport, end)()
            self.net.turn()
            if end == "fin":  # only half closed
                self.transport.loseConnection()
                self.net.turn()
            self.assertEqual((seen, self.protocol.heard[-1].__name__[:10]), ([number], "Connection"), end)


class ProducerTests(SynchronousTestCase):
    """How a connection asks for more, or for less."""

    def setUp(self) -> None:
        """Connect; four bytes may wait."""
        self.net = MemoryNet()
        self.transport, self.far = self.net.connect(Hearing())
        self.transport.bufferSize = 4

    def test_push(self) -> None:
        """
        A push producer is paused when more than C{bufferSize} bytes wait, and resumed when none do.
        """
        producer = Producer(self.transport)
        self.transport.registerProducer(producer, True)
        self.transport.write(b"x" * 1000)
        self.assertEqual(producer.asked, [])
        self.far.room = 2
        self.transport.write(b"123456")
        self.assertEqual(producer.asked, [])
        self.transport.write(b"7")
        self.assertEqual(producer.asked, ["pause"])
        self.far.room = 3
        self.net.turn()
        self.assertEqual(producer.asked, ["pause"])
        self.far.unblock()
        self.net.turn()
        self.assertEqual(producer.asked, ["pause", "resume"])
        self.assertEqual(self.far.got, b"x" * 1000 + b"1234567")

    def test_push_in_one_write(self) -> None:
        """
        The rest of a single write may be what pauses it.
        """
        producer = Producer(self.transport)
        self.transport.registerProducer(producer, True)
        self.far.room = 1
        self.transport.write(b"123456")
        self.assertEqual(producer.asked, ["pause"])

    def test_push_answers_from_the_loop(self) -> None:
        """
        What a producer writes when resumed goes out in order.
        """
        producer = Producer(self.transport, [b"second", b"third"])
        self.transport.registerProducer(producer, True)
        self.far.block()
        self.transport.write(b"first,")
        self.far.room = 8
        self.net.turn()
        self.assertEqual((self.far.got, producer.asked), (b"first,se", ["pause", "resume"]))
        self.far.unblock()
        self.net.turn()
        self.assertEqual(self.far.got, b"first,second")

    def test_pull(self) -> None:
        """
        A pull producer is asked for each piece from the loop, when the last one is out.
        """
        producer = Producer(self.transport, [b"a", b"b", b"c"])
        self.transport.registerProducer(producer, False)
        self.assertEqual((producer.asked, self.far.got), (["resume"], b""))
        self.net.turn()
        self.assertEqual((producer.asked, self.far.got), (["resume"] * 4, b"abc"))

    def test_finished(self) -> None:
        """
        With a push producer registered loseConnection waits until what it wrote is out.
        """
        producer = Producer(self.transport)
        self.transport.registerProducer(producer, True)
        self.far.block()
        self.transport.write(b"123456")
        self.transport.loseConnection()
        self.transport.unregisterProducer()
        self.far.unblock()
        self.net.turn()
        self.assertEqual((self.far.got, self.far.end), (b"123456", "fin"))

    def test_lost(self) -> None:
        """
        A producer is stopped when the connection is gone.
        """
        producer = Producer(self.transport)
        self.transport.registerProducer(producer, True)
        self.far.reset()
        self.net.turn()
        self.assertEqual(producer.asked, ["stop"])
