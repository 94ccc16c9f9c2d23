"""Tests for L{kaazing.services.jms.entering}: who comes in by CONNECT, and as whom to the broker."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from kaazing import __version__, plugins
from kaazing.config.model import AcceptOptions, LimitOptions, RealmConfig
from kaazing.errors import BadRequest, BrokerRefused
from kaazing.interfaces.adapters import Login, NoLogin
from kaazing.interfaces.security import Subject
from kaazing.services.jms.shares import LOGIN_TIMEOUT
from kaazing.wire.policy import Block, read_rule
from tests.services.jms.talk import JmsTestCase, Stomp

TRADER = Subject(user="ann", roles=frozenset({"trader"}))


class Inner:
    """Answers logins as the test says."""

    def __init__(self) -> None:
        self.answer: Any = TRADER
        self.asked: list[tuple[str, str, str]] = []

    def login(self, channel: Any, visit: Any, user: str, secret: str) -> Deferred[Any]:
        """See L{kaazing.interfaces.security.IInnerLogin}."""
        self.asked.append((visit.peer, user, secret))
        if isinstance(self.answer, Deferred):
            return self.answer
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


class SharedTests(JmsTestCase):
    def test_ignored(self) -> None:
        """
        Where nobody asks, everybody comes in whatever the login; who came in by the door has its name.
        """
        service = self.serve()
        answer = self.arrive(service).connect(login="x", passcode="y")
        self.assertEqual(
            (answer.get("server"), answer.get("user-name")), (f"Kaazing-Gateway/{__version__}", None)
        )
        self.assertEqual(self.arrive(service, "ann").connect().get("user-name"), "ann")

    def test_hidden(self) -> None:
        """
        A service that does not say what it is does not say it here.
        """
        service = self.serve(accept_options=AcceptOptions(server_header=False))
        self.assertIsNone(self.arrive(service).connect().get("server"))


class RealmTests(JmsTestCase):
    """The realm is asked about CONNECT."""

    def setUp(self) -> None:
        super().setUp()
        self.inner = self.house.inner = Inner()

    def come(self, **more: Any) -> Stomp:
        """Let a client come to a service that asks."""
        service = self.serve(realm=RealmConfig(name="demo"), connect_login="realm", **more)
        self.assertTrue(service.logs_in)
        made = self.arrive(service)
        made.say("CONNECT", accept_version="1.2", host="h", login="ann", passcode="pw")
        return made

    def test_let_in(self) -> None:
        """
        Who gives the right password comes in under its name.
        """
        ann = self.come()
        self.assertEqual(self.inner.asked, [("192.0.2.1:5000", "ann", "pw")])
        (answer,) = ann.heard()
        self.assertEqual((answer.command, answer.get("user-name")), ("CONNECTED", "ann"))

    def test_policy(self) -> None:
        """
        What a client may do depends on the roles it has from its login.
        """
        rule = read_rule("send,subscribe /topic/orders", plugins.server("stompjms").operations)
        allowed = Block(roles=frozenset({"trader"}), allow=(rule,))
        ann = self.come(policy=(allowed,))
        ann.subscribe("/topic/orders")
        self.assertEqual([each.command for each in ann.heard()], ["CONNECTED", "RECEIPT"])
        ann.subscribe("/topic/secret", "t")
        self.assertEqual([each.command for each in ann.heard()], ["ERROR"])

    def test_refused(self) -> None:
        """
        Others are told no more than that, and are closed.
        """
        for status, told in (
            (401, "the login is wrong, or missing"),
            (403, "you may not come in here"),
            (429, "too many wrong logins; come again later"),
            (503, "nobody can be asked who you are; come again later"),
            (418, "the login is wrong, or missing"),
        ):
            self.inner.answer = BadRequest(status, "user ann has no role", rule="x")
            ann = self.come()
            self.assertEqual(ann.told(), [f"ERROR {told}"])
            self.assertEqual(ann.wire.closed, (1008, told))

    def test_later(self) -> None:
        """
        Until it is decided, the client is not read, and nothing that it sent behind is done.
        """
        self.inner.answer = Deferred()
        ann = self.come()
        self.assertEqual((ann.told(), ann.wire.done[-1]), ([], "hold"))
        ann.subscribe("/topic/t")
        self.assertEqual(ann.told(), [])
        self.inner.answer.callback(TRADER)
        self.settle()
        self.assertEqual(ann.wire.done[-1], "resume")
        self.assertEqual([each.command for each in ann.heard()], ["CONNECTED", "RECEIPT"])

    def test_gone(self) -> None:
        """
        Who is gone when it is decided does not come in.
        """
        self.inner.answer = Deferred()
        ann = self.come()
        ann.lose()
        self.inner.answer.callback(TRADER)
        self.assertEqual(ann.told(), [])

    def test_connections(self) -> None:
        """
        A user has so many connections and no more; one that ends makes room for another.
        """
        limits = LimitOptions(connections_per_user=2)
        service = self.serve(
            realm=RealmConfig(name="demo"), connect_login="realm", accept_options=AcceptOptions(limits=limits)
        )
        clients = [self.arrive(service) for _ in range(4)]
        for each in clients[:3]:
            each.say("CONNECT", accept_version="1.2", host="h", login="ann")
        told = [[frame.command for frame in each.heard()] for each in clients[:3]]
        self.assertEqual(told, [["CONNECTED"], ["CONNECTED"], ["ERROR"]])
        clients[0].lose()
        self.assertEqual(clients[3].connect().command, "CONNECTED")


class Keyring:
    """Has logins for some users.

    Attributes:
        asked: what was asked about.
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def logins(self, service: str, source: str) -> Keyring:
        """See L{kaazing.interfaces.security.IKeyring}."""
        self.asked.append((service, source))
        return self

    def login(self, link: Any, said: Any) -> Deferred[Any]:
        """See L{kaazing.interfaces.adapters.ILogins}."""
        self.asked.append((link.user, said.username))
        if link.user == "ann":
            return succeed(Login(username="ann-at-broker", password="pw"))
        return succeed(NoLogin("there is no login for you"))


class PerUserTests(JmsTestCase):
    """Each login at the broker has its own connections."""

    def test_passed_on(self) -> None:
        """
        What a client says in CONNECT is its login at the broker; clients with equal ones share it.
        """
        service = self.serve(connection_strategy="per-user")
        for login in ("ann", "ann", "bob"):
            self.client(service, login=login, passcode="pw")
        logins = [Login(username=login, password="pw") for login in ("ann", "bob")]
        self.assertEqual([*service.users._of], logins)
        self.assertEqual([share.clients for share in service.shares], [2, 1])
        self.assertEqual(len(self.store.links), 2)

    def test_stays(self) -> None:
        """
        The connection of a login stays for as long as it has a client, be it the only one.
        """
        service = self.serve(connection_strategy="per-user")
        ann = self.client(service, login="ann", passcode="pw")
        self.pass_time(100)
        self.assertEqual(([share.clients for share in service.shares], len(self.store.links)), ([1], 1))
        ann.lose()
        self.pass_time(100)
        self.assertEqual((service.shares, self.store.links), ([], {}))

    def test_none(self) -> None:
        """
        Without a login nobody comes in.
        """
        ann = self.arrive(self.serve(connection_strategy="per-user"))
        answer = ann.connect()
        why = "the broker wants a login; write login and passcode into CONNECT"
        self.assertEqual((answer.command, answer.get("message")), ("ERROR", why))

    def test_refused(self) -> None:
        """
        A login that the broker refuses does not come in, and nothing is kept of it; the answer says nothing
        of the broker's.
        """
        service = self.serve(connection_strategy="per-user")
        self.store.refusing = BrokerRefused("user ann is unknown in vhost /secret")
        answer = self.arrive(service).connect(login="ann", passcode="wrong")
        why = "the broker does not let this login in"
        self.assertEqual((answer.command, answer.get("message")), ("ERROR", why))
        self.assertEqual((len(service.users), self.house.wheel._slots), (0, {}))

    def test_broker_away(self) -> None:
        """
        Where the broker does not answer, the client is told in time.
        """
        service = self.serve(connection_strategy="per-user")
        broker_away: Deferred[Any] = Deferred()
        self.patch(service._kind, "connect", lambda *more: broker_away)
        ann = self.arrive(service)
        ann.say("CONNECT", accept_version="1.2", host="h", login="ann")
        self.assertEqual(ann.told(), [])
        self.pass_time(LOGIN_TIMEOUT + 1)
        self.assertEqual(ann.told(), ["ERROR the broker is not there"])

    def test_keyring(self) -> None:
        """
        With backend.login, the keyring has each user's login, whatever stands in CONNECT; who has none does
        not come in.
        """
        keyring = self.house.keyring = Keyring()
        service = self.serve(connection_strategy="per-user", backend_login="stored")
        self.assertEqual(self.arrive(service, "ann").connect(login="x").command, "CONNECTED")
        self.assertEqual([*service.users._of], [Login(username="ann-at-broker", password="pw")])
        answer = self.arrive(service, "eve").connect()
        self.assertEqual((answer.command, answer.get("message")), ("ERROR", "there is no login for you"))
        self.assertEqual(keyring.asked, [("jms", "stored"), ("ann", "x"), ("eve", "")])

    def test_gone(self) -> None:
        """
        Of a client that is gone when its connection to the broker is there nothing is kept for long.
        """
        service = self.serve(connection_strategy="per-user")
        ann = self.arrive(service)
        ann.wire.receiver.received(b"CONNECT\naccept-version:1.2\nhost:h\nlogin:ann\n\n\0", 1)
        ann.lose()
        self.assertEqual([share.clients for share in service.shares], [0])
        self.pass_time(40)
        self.assertEqual((service.shares, self.store.links), ([], {}))
