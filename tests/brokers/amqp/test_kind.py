"""The sort of broker "amqp"."""

from __future__ import annotations

import subprocess
import sys

from pika import spec
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from kaazing import plugins
from kaazing.brokers.amqp.kind import AmqpType
from kaazing.config.model import Uri
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import IBrokerLink, IBrokerType
from tests.brokers.amqp.far import FarTestCase
from tests.needs import ROOT


def uri(path: str = "", query: str = "") -> Uri:
    """Return where a broker is."""
    return Uri(scheme="amqp", host="broker.example", port=5672, path=path, query=query)


class AmqpTypeTests(FarTestCase):
    def test_promises(self) -> None:
        """
        It is found by its name, and keeps its promises.
        """
        verifyObject(IBrokerType, plugins.broker("amqp"))
        self.assertEqual(dict(AmqpType.schemes), {"amqp": 5672, "amqps": 5671})

    def test_no_reactor(self) -> None:
        """
        Looking at it installs no reactor: pika is imported when somebody connects.
        """
        code = (
            "import sys; from kaazing import plugins; plugins.broker('amqp');"
            "print([name for name in sys.modules if name in ('pika', 'twisted.internet.reactor')])"
        )
        argv = [sys.executable, "-c", code]
        said = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT)
        self.assertEqual(said.stdout, "[]\n", said.stderr)

    def test_faults(self) -> None:
        """
        What a URI cannot say is a fault of the configuration.
        """
        faults = {
            given: list(AmqpType().check(uri(*given)))
            for given in (
                ("/shop", ""),
                ("/a/b", ""),
                ("/%FF", ""),
                ("/" + "v" * 256, ""),
                ("", "heartbeat=1"),
            )
        }
        self.assertEqual(
            faults,
            {
                ("/shop", ""): [],
                ("/a/b", ""): ["the path is a virtual host, one word; write %2F for a / in it"],
                ("/%FF", ""): ["the virtual host is no UTF-8"],
                ("/" + "v" * 256, ""): ["a virtual host has 255 bytes at most"],
                ("", "heartbeat=1"): [
                    "the URI of an AMQP broker has no query; there are properties for what is to be set"
                ],
            },
        )

    def test_connect(self) -> None:
        """
        A link is there when the exchange is, and messages can be confirmed.
        """
        connecting = AmqpType().connect(uri(), None, self.post())
        self.far.turn()
        verifyObject(IBrokerLink, self.successResultOf(connecting))
        self.said("1 Exchange.Declare amq.topic direct passive", "2 Confirm.Select", "3 Confirm.Select")
        self.assertEqual(len(self.clock.getDelayedCalls()), 2)  # heart-beats

    def test_no_exchange(self) -> None:
        """
        An exchange that is not there refuses the connection, which is closed.
        """
        self.far.no["Exchange.Declare amq.topic direct passive"] = 404, "NOT_FOUND"
        connecting = AmqpType().connect(uri(), None, self.post())
        self.far.turn()
        self.fails(connecting, BrokerRefused, "there is no exchange amq.topic")
        self.assertEqual((self.far.open, self.clock.getDelayedCalls()), (False, []))

    def test_too_late(self) -> None:
        """
        A broker that does not answer in time is let go.
        """
        for mute in ("Connection", "Confirm.Select"):
            self.setUp()
            self.far.mute.add(mute)
            self.far.refusal["StartOk"] = spec.Connection.Secure("?") if mute == "Connection" else None
            connecting = AmqpType().connect(uri(), None, self.post())
            self.far.turn()
            self.assertNoResult(connecting)
            self.clock.advance(30)
            self.far.turn()
            self.fails(connecting, BrokerLost, "the broker has not answered in 30 seconds")
            self.assertEqual((self.far.open, self.clock.getDelayedCalls()), (False, []))

    def test_cancelled(self) -> None:
        """
        Who does not want to wait any more is let go, and so is the broker.
        """
        self.far.mute.add("Confirm.Select")
        connecting: Deferred[object] = AmqpType().connect(uri(), None, self.post())
        self.far.turn()
        connecting.cancel()
        self.far.turn()
        self.failureResultOf(connecting)
        self.assertEqual((self.far.open, self.clock.getDelayedCalls()), (False, []))
