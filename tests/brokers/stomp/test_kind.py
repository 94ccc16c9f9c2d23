"""stomp:// and stomp+ssl:// as a sort of broker."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing import plugins
from kaazing.brokers.stomp.kind import StompType
from kaazing.config.model import Uri
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.adapters import Login
from tests.brokers.stomp.far import RABBITMQ, Scene


def uri(path: str = "", query: str = "", scheme: str = "stomp") -> Uri:
    """Return a URI of such a broker."""
    return Uri(scheme=scheme, host="mq", port=61613, path=path, query=query)


class KindTests(SynchronousTestCase):
    """What the plugin says, and how it connects."""

    def test_plugin(self) -> None:
        """
        It is declared, and keeps its promises.
        """
        self.assertIsInstance(plugins.broker("stomp"), StompType)
        self.assertIs(plugins.broker_schemes()["stomp+ssl"], plugins.broker("stomp"))

    def test_check(self) -> None:
        """
        A virtual host is one word of UTF-8, and a query has no meaning.
        """
        kind = StompType()
        for path in ("", "/", "/shop", "/a%2Fb", "/%2F"):
            self.assertEqual(list(kind.check(uri(path))), [], path)
        self.assertEqual(
            list(kind.check(uri("/a/%FF", "x=1"))),
            [
                "the path is a virtual host, one word; write %2F for a / in it",
                "the virtual host is no UTF-8",
                "the URI of a STOMP broker has no query",
            ],
        )

    def test_connect(self) -> None:
        """
        The broker is dialled without what is not for the dialler, and told the login, the virtual host and
        the client id.
        """
        for scheme, way in (("stomp", "tcp://mq:61613"), ("stomp+ssl", "ssl://mq:61613")):
            scene = Scene()
            made = scene.connect(Login(username="ann", password="secret"), "/shop", scheme)
            self.assertEqual([str(each) for each in scene.dialled], [way])
            (far,) = scene.fars
            self.assertEqual(
                far.taken(),
                [
                    "CONNECT accept-version:1.0,1.1 host:shop heart-beat:10000,10000 login:ann"
                    " passcode:secret client-id:gateway"
                ],
            )
            far.lets_in(RABBITMQ)
            link = self.successResultOf(made)
            self.assertEqual(link.peer, RABBITMQ)
            self.assertEqual(scene.clock.getDelayedCalls(), [])

    def test_slow(self) -> None:
        """
        A broker that says nothing is given up.
        """
        scene = Scene()
        made = scene.connect()
        scene.clock.advance(30)
        why = self.failureResultOf(made, BrokerLost).value
        self.assertEqual(str(why), "the broker has not answered in 30 seconds")
        self.assertEqual((scene.fars[0].done, scene.told), (["resume", "abort"], []))

    def test_refused(self) -> None:
        """
        A login that is refused.
        """
        scene = Scene()
        made = scene.connect()
        scene.fars[0].says("ERROR", message="Bad CONNECT")
        self.failureResultOf(made, BrokerRefused)
        self.assertEqual(scene.told, ["the broker does not let the gateway in: Bad CONNECT"])

    def test_cancelled(self) -> None:
        """
        Nobody wants the link any more: the connection is let go.
        """
        scene = Scene()
        made = scene.connect()
        made.cancel()
        self.failureResultOf(made)
        self.assertEqual(scene.fars[0].done, ["resume", "abort"])

    def test_room(self) -> None:
        """
        The owner is told when the broker keeps up again, and of the loss.
        """
        scene = Scene()
        link, far = scene.link()
        far.receiver.congested()
        self.assertFalse(link.room())
        far.receiver.drained()
        far.abort()
        self.assertEqual(scene.told, ["drained", ("lost", "the connection to the broker was lost")])
