"""Tests for L{kaazing.services.jms.service}: the type, its start and its end."""

from __future__ import annotations

from dataclasses import replace

from twisted.logger import capturedLogs, formatEvent
from zope.interface.verify import verifyObject

from kaazing import plugins
from kaazing.brokers.broker import Broker
from kaazing.config.model import Credentials, Uri
from kaazing.errors import ConfigError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.services import IService, IServiceType, Visit
from kaazing.services.jms.service import JmsType
from kaazing.services.jms.settings import TopicSettings
from tests.services.jms.talk import JmsTestCase, acks, queue

IGNORED = (
    "service jms: login and passcode in CONNECT are ignored; connect.login realm, or connection.strategy"
    " per-user, makes use of them"
)


class TypeTests(JmsTestCase):
    def test_promises(self) -> None:
        """
        It keeps the promises of a service type and of a service.
        """
        made = JmsType()
        verifyObject(IServiceType, made)
        verifyObject(IService, made.service(self.config(), self.house))

    def test_declared(self) -> None:
        """
        It connects to whatever broker there is a plugin for, and has the properties of all of them, each
        once.
        """
        made = plugins.service_type("jms")
        self.assertIn("memory", made.connects)
        self.assertEqual(
            made.connects,
            {scheme for name in plugins.brokers() for scheme in plugins.broker(name).schemes},
        )
        names = [option.name for option in made.options]
        self.assertEqual(sorted(set(names)), sorted(names))
        for name in ("connection.count", "topic", "policy", "prefetch.count", "stomp.heart.beat"):
            self.assertIn(name, names)

    def test_descriptors(self) -> None:
        """
        A client takes one descriptor, its connection; those to the broker count once, or once for each login.
        """
        made = JmsType()
        self.assertEqual(made.descriptors(self.config(connection_count=3)), (1, 3))
        users = self.config(connection_count=3, connection_strategy="per-user", connection_users=20)
        self.assertEqual(made.descriptors(users), (1, 60))

    def test_check(self) -> None:
        """
        What does not go together is a fault.
        """
        check = JmsType().check
        config = self.config(connection_security_principal="gw")
        uri = replace(config.connects[0], credentials=Credentials("a", "b"))
        self.assertEqual(list(check(config)), [])
        twice = "connection.security.principal stands beside a login in <connect>; leave one out"
        self.assertEqual(list(check(replace(config, connects=(uri,)))), [twice])
        topics = (TopicSettings(name="a"), TopicSettings(name="a"))
        self.assertEqual(list(check(self.config(topic=topics))), ["<topic>: a stands there 2 times"])


class ServiceTests(JmsTestCase):
    def test_login(self) -> None:
        """
        The login of all is that of the properties; where there is none, the broker's URI may have one.
        """
        made: list[object] = []
        real = Broker.__init__

        def noted(self: Broker, kind: object, uris: object, login: object, **more: object) -> None:
            made.append((login, more["client_id"], more["count"]))
            real(self, kind, uris, login, **more)  # type: ignore[arg-type]

        self.patch(Broker, "__init__", noted)
        self.serve()
        self.serve(
            connection_security_principal="gw",
            connection_security_credentials="pw",
            connection_client_id="edge-2",
            connection_count=3,
        )
        login = Login(username="gw", password="pw")
        self.assertEqual(made, [(None, "kaazing-jms", 1), (login, "edge-2", 3)])

    def test_keyring_missing(self) -> None:
        """
        A service that wants a keyring does not start without one.
        """
        why = self.assertRaises(
            ConfigError, self.serve, connection_strategy="per-user", backend_login="stored"
        )
        self.assertEqual(str(why), "backend.login stored wants a <keyring> in <security>, and there is none")

    def test_notices(self) -> None:
        """
        At the start the log says once that logins mean nothing, unless somebody has said so, and what was
        read and has no effect.
        """
        topics = (TopicSettings(name="a", remarks=("delta: whole messages are sent",)),)
        for properties, said in (
            ({}, [IGNORED]),
            ({"connect_login": "ignored"}, []),
            ({"connection_strategy": "per-user"}, []),
            ({"connect_login": "ignored", "topic": topics},
             ["service jms: topic a: delta: whole messages are sent"]),
        ):  # fmt: skip
            with capturedLogs() as events:
                self.serve(**properties)
            told = [formatEvent(event) for event in events if event["log_namespace"] == "kaazing.jms"]
            self.assertEqual([each for each in told if not each.endswith(": connected")], said)

    def test_invite(self) -> None:
        """
        The subprotocol is one of STOMP's that the client offers.
        """
        service = self.serve()
        offered = Visit(peer="192.0.2.1:5000", subprotocols=("chat", "v11.stomp", "v12.stomp"))
        self.assertEqual(service.invite(offered).subprotocol, "v11.stomp")
        self.assertIsNone(service.invite(Visit(peer="192.0.2.1:5000")).subprotocol)

    def test_stop(self) -> None:
        """
        At the end clients are sent away with 1001, what they have not acknowledged goes back, and what they
        have sent is with the broker.
        """
        service = self.serve()
        ann = self.client(service)
        self.put(queue("in"), "1")
        ann.subscribe("/queue/in", ack="client")
        self.assertEqual(len(acks(ann.heard())), 1)
        ann.wire.receiver.received(b"SEND\ndestination:/queue/out\n\nlast\0", 1)
        stopping = service.stopService()
        self.settle()
        self.successResultOf(stopping)
        self.assertEqual(ann.wire.closed, (1001, "the gateway goes away"))
        self.assertEqual((service.clients, self.store.links), ({}, {}))
        self.assertEqual((self.bodies("in"), self.bodies("out")), (["1"], ["last"]))

    def test_stop_users(self) -> None:
        """
        So it is with the connections of users.
        """
        service = self.serve(connection_strategy="per-user")
        self.client(service, login="ann")
        stopping = service.stopService()
        self.settle()
        self.successResultOf(stopping)
        self.assertEqual((self.store.links, len(service.users)), ({}, 0))

    def test_kind(self) -> None:
        """
        Its broker is of the type that has the scheme.
        """
        self.assertEqual(self.serve()._kind, plugins.broker("memory"))
        self.assertEqual(Uri(scheme="memory", host="x", port=0).shown, "memory://x")
