"""The sort of broker "amqp10", as a configuration names it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing import plugins
from kaazing.brokers.amqp10 import kind
from kaazing.brokers.amqp10.kind import Amqp10Type
from kaazing.config.model import Credentials, Uri
from kaazing.errors import BrokerLost, ConnectError
from tests.brokers.amqp10.peer import Peer
from tests.brokers.listening import post


def uri(path: str = "", scheme: str = "amqp10", query: str = "") -> Uri:
    """Return where a broker is, with a login."""
    login = Credentials("alice", "wonder")
    return Uri(scheme=scheme, host="broker.test", port=5672, path=path, query=query, credentials=login)


class TypeTests(SynchronousTestCase):
    """What the configuration sees."""

    def test_plugin(self) -> None:
        """
        It is found by its name.
        """
        made = plugins.broker("amqp10")
        self.assertEqual(made.schemes, {"amqp10": 5672, "amqp10+ssl": 5671})

    def test_check(self) -> None:
        """
        The path is one name, a query is nothing.
        """
        for path in ("", "/", "/host", "/vhost:alicevh"):
            self.assertEqual(list(Amqp10Type().check(uri(path))), [])
        self.assertEqual(
            list(Amqp10Type().check(uri("/a/b", query="x=1"))),
            [
                "the path has more than one segment; it is the host name that the broker is told",
                "a query means nothing here",
            ],
        )

    def test_no_library(self) -> None:
        """
        Without its library, the configuration says what to install.
        """
        self.patch(kind, "find_spec", lambda name: None)
        why = "python-qpid-proton is not installed; pip install 'kaazing-gateway[amqp10]' installs it"
        self.assertEqual(list(Amqp10Type().check(uri())), [why])


class ConnectTests(SynchronousTestCase):
    """What is dialled, and what becomes of it."""

    def setUp(self) -> None:
        """Nothing was dialled yet."""
        self.peer, self.dialled = Peer(), list[Uri]()

    def connect(self, where: Uri, answer: Any = None) -> Deferred[Any]:
        """Connect; C{answer}: what dialling gives in place of a channel."""

        def dial(uri: Uri) -> Any:
            self.dialled.append(uri)
            return answer or succeed(self.peer.channel)

        made = replace(post(self.peer.clock, []), dial=dial)
        return Amqp10Type().connect(where, None, made)

    def test_up(self) -> None:
        """
        TCP or TLS to the same host and port, without the login; the path is the host name told.
        """
        for scheme, path, dialled, host in (
            ("amqp10", "", "tcp", "broker.test"),
            ("amqp10+ssl", "/vhost%3Aa", "ssl", "vhost:a"),
        ):
            self.peer = Peer()
            up = self.connect(uri(path, scheme))
            self.peer.talk()
            self.assertEqual(self.successResultOf(up).peer, "apache-activemq-artemis 2.44.0")
            self.assertEqual(self.peer.connection.remote_hostname, host)
            plain = Uri(scheme=dialled, host="broker.test", port=5672)
            self.assertEqual(self.dialled[-1], plain)
            self.assertIsNone(self.dialled[-1].credentials)

    def test_unreachable(self) -> None:
        """
        The dialler's own words.
        """
        why = ConnectError("nobody listens")
        self.failureResultOf(self.connect(uri(), fail(why)), ConnectError)

    def test_late(self) -> None:
        """
        A broker that takes the connection and says nothing is given up after 30 seconds.
        """
        up = self.connect(uri())
        self.peer.clock.pump([1.0] * 30)
        why = self.failureResultOf(up, BrokerLost)
        self.assertEqual(str(why.value), "the broker has not answered in 30 seconds")
        self.assertEqual(self.peer.channel.ended, "aborted")

    def test_cancelled(self) -> None:
        """
        Who does not wait any longer leaves no connection, and no call for later.
        """
        up = self.connect(uri())
        up.cancel()
        self.failureResultOf(up)
        self.assertEqual(self.peer.channel.ended, "aborted")
        clock: Clock = self.peer.clock
        self.assertEqual(clock.getDelayedCalls(), [])
