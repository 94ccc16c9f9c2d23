"""Tests for L{kaazing.reactor}: its loop over real sockets, and what of Twisted it stands on."""

from __future__ import annotations

import ast
import errno
import inspect
import os
import select
import socket
import subprocess
import sys
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any
from unittest import skipUnless

from twisted.internet import abstract, epollreactor, posixbase, tcp, unix
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IReactorFDSet,
    IReactorSocket,
    IReactorTCP,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing import reactor as lean
from kaazing.reactor import LeanClient, LeanPort, LeanReactor, LeanServer
from tests.needs import ROOT, missing
from tests.test_reactor_writes import Hearing
from tests.transports.wires import LoopbackNet, MemoryNet, close_reactor, put_on, tcp_pair


class Closing(Hearing):
    """Closes another connection when it hears something, and may give its number to a third."""

    other: Hearing

    def __init__(self, stranger: Hearing | None) -> None:
        super().__init__()
        self.made: list[socket.socket] = []
        self._stranger = stranger

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        transport = self.other.transport
        number, self.made = transport.fileno(), [*tcp_pair()]
        transport.connectionLost(Failure(ConnectionDone()))
        if self._stranger is not None:
            os.dup2(self.made[0].fileno(), number)
            put_on(socket.socket(fileno=number), self._stranger, self.transport.reactor)


@skipUnless(hasattr(select, "epoll"), "epoll is Linux's")
class LoopTests(SynchronousTestCase):
    """The loop itself, over real sockets."""

    def setUp(self) -> None:
        """Make a net with a reactor of its own."""
        self.net = LoopbackNet()
        self.reactor = self.net.reactor
        self.addCleanup(self.net.close)

    def test_promises(self) -> None:
        """
        The reactor keeps the promises of Twisted's own.
        """
        for promise in (IReactorTCP, IReactorTime, IReactorFDSet, IReactorSocket):
            verifyObject(promise, self.reactor)

    def test_lean_ends(self) -> None:
        """
        What it accepts and what it dials are lean connections, and talk.
        """
        accepted, dialled = Hearing(), Hearing()
        port: Any = self.reactor.listenTCP(0, Factory.forProtocol(lambda: accepted), interface="127.0.0.1")
        factory = ClientFactory.forProtocol(lambda: dialled)
        self.reactor.connectTCP("127.0.0.1", port.getHost().port, factory)
        self.net.until(lambda: accepted.transport is not None and dialled.transport is not None)
        self.assertEqual((type(port), type(accepted.transport)), (LeanPort, LeanServer))
        self.assertEqual(type(dialled.transport), LeanClient)
        dialled.transport.write(b"hello")
        accepted.transport.write(b"world")
        self.net.until(lambda: (accepted.heard, dialled.heard) == ([b"hello"], [b"world"]))
        port.stopListening()
        self.net.turn()

    def test_adopted(self) -> None:
        """
        A port adopted from its descriptor accepts lean connections too; other kinds stay Twisted's.
        """
        protocol = Hearing()
        with socket.create_server(("127.0.0.1", 0)) as made, socket.socket(socket.AF_UNIX) as local:
            made.setblocking(False)
            local.bind(f"\0kaazing-{os.getpid()}")
            local.listen()
            self.reactor.adoptStreamPort(made.fileno(), socket.AF_INET, Factory.forProtocol(lambda: protocol))
            other = self.reactor.adoptStreamPort(local.fileno(), socket.AF_UNIX, Factory())
            with socket.create_connection(made.getsockname()):
                self.net.until(lambda: protocol.transport is not None)
        self.assertEqual((type(protocol.transport), type(other)), (LeanServer, unix.Port))

    def test_closed_in_the_same_round(self) -> None:
        """
        A connection closed by another one's event gets no event that was already due, and neither does
        whoever has its number then.
        """
        for reused in (False, True):
            stranger = Hearing()
            first, second = Closing(stranger if reused else None), Closing(stranger if reused else None)
            first.other, second.other = second, first
            for protocol in (first, second):
                _, far = self.net.connect(protocol)
                far.send(b"now")
            self.reactor.doIteration(1)
            heard = sorted((first.heard, second.heard), key=repr)
            self.assertEqual((heard, stranger.heard), ([[ConnectionDone], [b"now"]], []))
            self.assertEqual(stranger.transport is not None, reused)
            for made in (*first.made, *second.made):
                made.close()

    def test_failing_protocol(self) -> None:
        """
        A protocol that raises loses its connection and is logged; others go on.
        """

        class Broken(Hearing):
            def dataReceived(self, data: bytes) -> None:
                raise ValueError("broken")

        broken, whole = Broken(), Hearing()
        for protocol in (broken, whole):
            _, far = self.net.connect(protocol)
            far.send(b"data")
        self.net.until(lambda: whole.heard == [b"data"] and broken.heard == [ValueError])
        self.assertEqual([str(why.value) for why in self.flushLoggedErrors(ValueError)], ["broken"])

    def test_interrupted(self) -> None:
        """
        A signal while it waits is no error; anything else that poll says is.
        """

        class Poller:
            def __init__(self, error: int) -> None:
                self.error = error

            def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
                raise OSError(self.error, "as the test says")

        with_error: Any = self.reactor
        poller, with_error._poller = with_error._poller, Poller(errno.EINTR)
        try:
            self.reactor.doPoll(None)
            with_error._poller = Poller(errno.EBADF)
            self.assertRaises(OSError, self.reactor.doPoll, 0)
        finally:
            with_error._poller = poller


PRIVATE = {
    tcp.Server: "_tempDataBuffer _tempDataLen _maybePauseProducer _writeDisconnected",
    epollreactor.EPollReactor: "_poller _selectables _doReadOrWrite _disconnectSelectable",
    tcp.Connector: "_makeTransport",
    tcp.Port: "_fromListeningDescriptor",
}
"""Whose the private names of Twisted are that the module uses."""


class TwistedTests(SynchronousTestCase):
    """What of Twisted's inside the module stands on."""

    def test_private_names(self) -> None:
        """
        All private names that the module uses are known here, and are Twisted's.
        """
        net = MemoryNet()
        _, stock = tcp_pair()
        self.addCleanup(stock.close)
        owners: dict[type, Any] = {owner: owner for owner in PRIVATE}
        owners[tcp.Server] = tcp.Server(stock, Protocol(), ("127.0.0.1", 1), None, 0, net)  # type: ignore[arg-type]
        owners[epollreactor.EPollReactor] = reactor = epollreactor.EPollReactor()
        self.addCleanup(close_reactor, reactor)
        for owner, names in PRIVATE.items():
            for name in names.split():
                self.assertTrue(hasattr(owners[owner], name), name)
        tree = ast.parse(inspect.getsource(lean))
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        private = {name for name in used if name.startswith("_") and not name.startswith("__")}
        self.assertEqual(private, set(" ".join(PRIVATE.values()).split()) - {"_makeTransport"})

    def test_buffers(self) -> None:
        """
        Twisted's own write leaves bytes where ours looks for them, and its loop sends what ours leaves.
        """
        net = MemoryNet()
        transport, far = net.connect(Hearing())
        tcp.Server.write(transport, b"by Twisted")
        self.assertEqual((transport._tempDataBuffer, transport._tempDataLen), ([b"by Twisted"], 10))
        transport.write(b", by us")
        self.assertEqual((transport._tempDataLen, far.got), (17, b""))
        far.room = 5
        net.turn()
        self.assertEqual((transport.dataBuffer[transport.offset :], far.got), (b"isted, by us", b"by Tw"))
        transport.write(b".")
        far.unblock()
        net.turn()
        self.assertEqual((far.got, transport.dataBuffer), (b"by Twisted, by us.", b""))

    def test_same_signatures(self) -> None:
        """
        What the module overrides takes the same arguments in Twisted.
        """
        for ours, theirs in (
            (LeanReactor.doPoll, epollreactor.EPollReactor.doPoll),
            (LeanReactor.listenTCP, posixbase.PosixReactorBase.listenTCP),
            (LeanReactor.connectTCP, posixbase.PosixReactorBase.connectTCP),
            (LeanReactor.adoptStreamPort, posixbase.PosixReactorBase.adoptStreamPort),
            (lean.LeanConnector._makeTransport, tcp.Connector._makeTransport),
            (LeanServer.write, abstract.FileDescriptor.write),
            (LeanServer.connectionLost, tcp.Connection.connectionLost),
        ):
            names = [list(inspect.signature(method).parameters) for method in (ours, theirs)]
            self.assertEqual(names[0], names[1], ours.__qualname__)
        self.assertIs(tcp.Port.transport, tcp.Server)

    def test_twisted_own_tests(self) -> None:
        """
        Twisted's own tests of TCP pass on this reactor.
        """
        if find_spec("hamcrest") is None:
            raise missing("hamcrest, which Twisted's tests import, is not installed")
        ran = trial("--reactor=kaazing", "twisted.test.test_tcp")
        self.assertEqual((ran.returncode, "PASSED" in ran.stdout), (0, True), ran.stdout)

    def test_install(self) -> None:
        """
        Installed, it is the reactor of the process; a second reactor is refused.
        """
        script = (
            "from kaazing.reactor import LeanReactor, install\n"
            "install()\n"
            "from twisted.internet import error, reactor\n"
            "assert type(reactor) is LeanReactor\n"
            "try: install()\n"
            "except error.ReactorAlreadyInstalledError: print('refused')\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        )
        self.assertEqual((ran.stdout, ran.stderr), ("refused\n", ""))


def trial(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run trial in a folder of its own."""
    with TemporaryDirectory() as folder:
        return run("-m", "twisted.trial", f"--temp-directory={folder}/trial", *arguments)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
