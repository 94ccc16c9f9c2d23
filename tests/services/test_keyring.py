"""Service type keyring: what a client must be and say to have its login sealed."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.config.model import AcceptOptions, GatewayConfig, KeyringConfig, RealmConfig, ServiceConfig
from kaazing.errors import ConfigError, ConfigErrors, LoginUnavailable
from kaazing.interfaces.adapters import AskLogin, Link, Login, NoLogin
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import IService, IServiceType
from kaazing.security.seals import Seals
from kaazing.services.keyring import KeyringType, faults_among
from tests.running import GatewayTestCase, service, uri
from tests.security.static import declare, realm
from tests.services.house import NotedHouse
from tests.test_gateway_in_front import PROXY

LOGIN = {"service": "stomp", "username": "j", "password": "hunter2"}


def stomp(source: str, name: str = "stomps", **more: Any) -> ServiceConfig:
    """A service that takes its logins from the keyring."""
    said = {"backend.login": source, "policy": ()}
    return service(name, "stomp.proxy", "ws://127.0.0.1:8000/s", connect="tcp://h:1", properties=said, **more)


NONE = NoLogin("no login for this client")


class TypeTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        The type and its services keep their promises; without a keyring in the configuration there is none.
        """
        kind = KeyringType()
        verifyObject(IServiceType, kind)
        config = service("k", "keyring", properties={"service": ("stomp",)})
        self.assertEqual(kind.descriptors(config), (1, 0))
        house = NotedHouse()
        why = self.assertRaises(ConfigError, kind.service, config, house)
        self.assertEqual(
            str(why), "a service of type keyring wants a <keyring> in <security>, and there is none"
        )
        house.keyring = object()
        verifyObject(IService, kind.service(config, house))

    def test_realm(self) -> None:
        """
        It seals for users, so that it needs a realm.
        """
        kind = KeyringType()
        config = service("k", "keyring")
        self.assertEqual(
            list(kind.check(config)), ["a service of type keyring seals for users and wants a realm-name"]
        )
        self.assertEqual(list(kind.check(service("k", "keyring", realm=RealmConfig(name="r")))), [])

    def test_lifetime(self) -> None:
        """
        Tokens live for a day unless the file says otherwise, and never for more than 366.
        """
        option = next(each for each in KeyringType().options if each.name == "maximum.lifetime")
        self.assertEqual((option.default, option.read("1 hour")), (86400.0, 3600.0))
        self.assertRaises(ValueError, option.read, "367 days")
        self.assertRaises(ValueError, option.read, "0")


class ServiceTests(GatewayTestCase):
    """A gateway with a keyring's service behind a proxy that speaks TLS; joe's password is "welcome"."""

    def setUp(self) -> None:
        super().setUp()
        declare(self)
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        options = AcceptOptions(trusted=PROXY)
        sealing = service(
            "k",
            "keyring",
            "http://127.0.0.1:8000/keyring",
            properties={"service": ("stomp", "mqtt"), "maximum.lifetime": 600.0},
            realm=realm(),
            accept_options=options,
        )
        sealed = [stomp("sealed", name=name, realm=sealing.realm) for name in ("stomp", "mqtt")]
        sealed = [replace(each, accepts=(uri(f"ws://127.0.0.1:8000/{each.name}"),)) for each in sealed]
        self.gateway = self.start(sealing, *sealed, keyring=KeyringConfig(), folder=folder)
        self.keyring: Any = self.gateway._house.keyring

    def ask(
        self, body: Any = LOGIN, *, method: str = "POST", target: str = "/keyring", **fields: str | None
    ) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        password = fields.pop("password", "welcome")
        given: dict[str, str | None] = {
            "authorization": "Basic " + base64.b64encode(f"joe:{password}".encode()).decode(),
            "x-forwarded-proto": "https",
            "content-type": "application/json",
            "content-length": str(len(data)),
            **{name.replace("_", "-"): value for name, value in fields.items()},
        }
        lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
        client = self.call()
        client.say(
            "\r\n".join([f"{method} {target} HTTP/1.1", "Host: 127.0.0.1:8000", *lines, "", ""]).encode()
        )
        client.say(data)
        self.network.settle()
        self.fields = client.fields
        text = client.heard.partition(b"\r\n\r\n")[2]
        self.assertNotIn(b"hunter2", text)
        return int(client.head.split(" ")[1]), json.loads(text) if text[:1] == b"{" else None

    def opened(self, token: str, user: str = "joe", service: str = "stomp") -> Any:
        """The login that a client gets for a token."""
        logins = self.keyring.logins(service, "sealed")
        link = Link(peer="192.0.2.1:5000", user=user)
        return self.successResultOf(logins.login(link, AskLogin("", token)))

    def test_sealed(self) -> None:
        """
        A client that has logged in gets a token, which stands for the login it gave, for it and its service.
        """
        status, said = self.ask()
        self.assertEqual((status, said["expires_in"], set(said)), (200, 600, {"token", "expires_in"}))
        self.assertEqual(self.fields["cache-control"], "no-store")
        self.assertEqual(self.opened(said["token"]), Login(username="j", password="hunter2"))
        for other in ({"user": "ann"}, {"service": "mqtt"}):
            self.assertEqual(self.opened(said["token"], **other), NONE)
        self.network.advance(600)
        self.assertEqual(self.opened(said["token"]), NONE)

    def test_lifetime(self) -> None:
        """
        A client may ask for less time, and gets no more than the service gives; a mechanism is kept.
        """
        for asked, given in ((60, 60), (5000, 600), (1.5, 1)):
            status, said = self.ask({**LOGIN, "lifetime": asked, "mechanism": "SCRAM-SHA-256"})
            self.assertEqual((status, said["expires_in"]), (200, given))
            login = Login(username="j", password="hunter2", mechanism="SCRAM-SHA-256")
            self.assertEqual(self.opened(said["token"]), login)

    def test_refused(self) -> None:
        """
        What is wrong with a request is said by a status and a sentence, which repeat nothing of it.
        """
        texts = "is a text of at most 2000 printable characters"
        members = "expected an object with password, service, username, and may have lifetime, mechanism"
        cases: list[tuple[dict[str, Any], int, str | None]] = [
            ({"password": "wrong"}, 401, None),
            ({"authorization": None}, 401, None),
            ({"x_forwarded_proto": None}, 403, "logins are taken over TLS alone"),
            ({"body": {**LOGIN, "service": "amqp"}}, 403, "logins are not sealed for that service"),
            ({"target": "/keyring/x"}, 404, "there is nothing here"),
            ({"method": "PUT"}, 405, "the methods are DELETE, POST"),
            ({"method": "DELETE", "target": "/keyring/revoke"}, 405, "the methods are POST"),
            ({"content_type": None}, 415, "expected application/json"),
            ({"content_type": "text/plain"}, 415, "expected application/json"),
            ({"body": b"x" * 16385}, 413, "a body of more than 16384 bytes"),
            ({"body": b"hunter2"}, 400, "the body is not JSON"),
            ({"body": b"[" * 10_000}, 400, "the body is not JSON"),
            ({"body": ["hunter2"]}, 400, members),
            ({"body": {**LOGIN, "hunter2": 1}}, 400, members),
            ({"body": {"service": "stomp"}}, 400, members),
            ({"body": {**LOGIN, "username": 5}}, 400, f"username {texts}"),
            ({"body": {**LOGIN, "password": "hunter2\0"}}, 400, f"password {texts}"),
            ({"body": {**LOGIN, "password": "x" * 2001}}, 400, f"password {texts}"),
            ({"body": {**LOGIN, "lifetime": "long"}}, 400, "lifetime is a number of seconds, 1 at least"),
            ({"body": {**LOGIN, "lifetime": True}}, 400, "lifetime is a number of seconds, 1 at least"),
            ({"body": {**LOGIN, "lifetime": 0}}, 400, "lifetime is a number of seconds, 1 at least"),
        ]
        for said, status, sentence in cases:
            answer = self.ask(**said)
            self.assertEqual(answer, (status, sentence and {"error": sentence}), str(said)[:80])
        self.assertEqual(self.ask(method="GET", body=b"")[0], 405)
        self.assertEqual(self.fields["allow"], "DELETE, POST")
        self.assertNotIn("hunter2", "".join(self.said))

    def test_not_as_the_gateway(self) -> None:
        """
        A client seals a login of its own alone: EXTERNAL, or no username, which means EXTERNAL at a backend
        that offers it, would make it whoever the gateway's own certificate or address is there.
        """
        known = "mechanism is one of PLAIN, AMQPLAIN, SCRAM-SHA-1, SCRAM-SHA-256"
        for more, error in (
            ({"mechanism": "EXTERNAL"}, known),
            ({"mechanism": "external"}, known),
            ({"username": ""}, "username is empty"),
        ):
            self.assertEqual(self.ask({**LOGIN, **more}), (400, {"error": error}))

    def test_too_long_in_chunks(self) -> None:
        """
        A body without a length is refused as soon as it is too long.
        """
        body = b"ff0\r\n" + b"x" * 0xFF0 + b"\r\n"
        answer = self.ask(body * 5, content_length=None, transfer_encoding="chunked")
        self.assertEqual(answer, (413, {"error": "a body of more than 16384 bytes"}))

    def test_too_long_for_a_token(self) -> None:
        """
        A login that makes a token of more than 3072 characters is refused.
        """
        answer = self.ask({**LOGIN, "username": "\xe9" * 1500, "password": "x" * 2000})
        self.assertEqual(answer, (400, {"error": "the token would have more than 3072 characters"}))

    def test_revoked(self) -> None:
        """
        A client revokes one of its tokens, or all of them; others stay.
        """
        first, second = (self.ask()[1]["token"] for _ in range(2))
        self.assertEqual(self.ask({"token": first}, target="/keyring/revoke"), (204, None))
        self.assertEqual(self.opened(first), NONE)
        self.assertEqual(self.opened(second), Login(username="j", password="hunter2"))
        self.assertEqual(self.ask(b"", method="DELETE", content_type=None), (204, None))
        self.assertEqual(self.opened(second), NONE)

    def test_not_ones_own(self) -> None:
        """
        Nobody revokes what is not a token of theirs; the log says who tried.
        """
        foreign = Seals(self.keyring.keys, self.network.seconds, self.keyring._seals.revocations).seal(
            Subject(user="ann"), "stomp", Login(username="a"), 60.0
        )
        for token, words in (
            (foreign, "a sealed login of another user"),
            ("kzl1.x", "a sealed login that was changed, or not made here"),
        ):
            self.said.clear()
            answer = self.ask({"token": token}, target="/keyring/revoke")
            self.assertEqual(answer, (400, {"error": "no token of yours"}))
            self.assertEqual(self.said, [f"192.0.2.1:5000, user 'joe', service k: to be revoked: {words}"])
        self.assertEqual(
            self.ask({"token": 5}, target="/keyring/revoke"), (400, {"error": "token is a text"})
        )

    def test_no_room(self) -> None:
        """
        Where no more revocations can be kept the client is told so.
        """

        def full(subject: Any) -> None:
            raise LoginUnavailable("full")

        self.patch(self.keyring, "revoke_all", full)
        answer = self.ask(b"", method="DELETE", content_type=None)
        self.assertEqual(answer, (503, {"error": "that cannot be done now"}))


class ConfigTests(GatewayTestCase):
    def refused(self, *services: ServiceConfig, **more: Any) -> list[str]:
        """What is said of a configuration."""
        why = self.assertRaises(ConfigErrors, self.assemble, *services, **more)
        return str(why).splitlines()

    def test_no_keyring(self) -> None:
        """
        A gateway whose services want a keyring does not start without one, and says where.
        """
        sealing = service("k", "keyring", "http://127.0.0.1:8000/", properties={"service": ("s",)}, line=7)
        wants = "wants a <keyring> in <security>, and there is none"
        self.assertEqual(
            self.refused(sealing, stomp("any", line=9)),
            [
                f"conf.xml:7: a service of type keyring {wants}",
                f"conf.xml:9: backend.login any {wants}",
            ],
        )

    def test_no_key_file(self) -> None:
        """
        Nor without the key file that is named.
        """
        keyring = KeyringConfig(key_file=Path("none"), line=3)
        self.assertEqual(
            self.refused(keyring=keyring, folder=Path("/")),
            ["conf.xml:3: /none: cannot be read: No such file or directory"],
        )

    def test_sealed_for(self) -> None:
        """
        Logins are sealed for services that there are, that take them, and whose users are the same.
        """
        demo, other = RealmConfig(name="demo"), RealmConfig(name="other")
        told = (
            (stomp("any", realm=demo), "no service is called 'stomp'; did you mean 'stomps'?"),
            (
                stomp("stored", name="stomp", realm=demo),
                "'stomp' takes no sealed login; its backend.login has to be sealed or any",
            ),
            (
                stomp("sealed", name="stomp", realm=other),
                "'stomp' is not of the same realm, so that its users are others",
            ),
            (stomp("sealed", name="stomp"), "'stomp' is not of the same realm, so that its users are others"),
        )
        said = {"service": ("stomp",)}
        sealing = service("k", "keyring", "http://127.0.0.1:8000/", properties=said, realm=demo, line=7)
        for target, what in told:
            config = GatewayConfig(file="", services=(sealing, target), keyring=KeyringConfig())
            self.assertEqual(
                [(why.line, why.what) for why in faults_among(config)], [(7, f"<service>: {what}")]
            )
        good = stomp("sealed", name="stomp", realm=demo), stomp("any")
        config = GatewayConfig(file="", services=(sealing, *good), keyring=KeyringConfig())
        self.assertEqual(list(faults_among(config)), [])
