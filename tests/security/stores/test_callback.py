"""An HTTP endpoint that says who has which login."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import inlineCallbacks, maybeDeferred
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError, LoginUnavailable
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, IStoreType, Subject, Workplace
from kaazing.security.stores.callback import CallbackStoreType
from tests.security.stores.places import workplace

reactor: Any = installed
JOE = Subject(
    user="joe", roles=frozenset({"b", "a"}), claims={"sub": "j-1", "dn": object(), "n": [1, {"x": None}]}
)


class Endpoint(Resource):
    """Says what it is told to say, and notes what it is asked."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.status, self.body, self.control, self.silent = 200, b"", "", False
        self.asked: list[tuple[str | None, Any]] = []

    def render(self, request: Any) -> Any:
        """Answer."""
        self.asked.append((request.getHeader("authorization"), json.loads(request.content.read())))
        if self.silent:
            return NOT_DONE_YET
        request.setResponseCode(self.status)
        if self.control:
            request.setHeader("cache-control", self.control)
        return self.body


class CallbackTests(TestCase):
    def setUp(self) -> None:
        self.endpoint = Endpoint()
        self.endpoint.body = b'{"username": "j", "password": "hunter2", "mechanism": "PLAIN"}'
        port = reactor.listenTCP(0, Site(self.endpoint), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.now = 1000.0
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.url = f"http://127.0.0.1:{port.getHost().port}/login"

    def store(self, **said: Any) -> Any:
        """The store, with these options."""
        kind = CallbackStoreType()
        verifyObject(IStoreType, kind)
        given = {name.replace("_", "-"): value for name, value in said.items()}
        options = {option.name: option.default for option in kind.options} | {"url": self.url} | given
        place = Workplace(folder=self.folder, reactor=reactor, time=lambda: self.now, work=maybeDeferred)
        return kind.store(options, place, None)

    @inlineCallbacks
    def test_asks(self) -> Any:
        """
        The endpoint hears service, user, roles and claims, as far as JSON has them; its answer is the login.
        """
        (self.folder / "token").touch(0o600)
        (self.folder / "token").write_text("s3cret\n")
        store = self.store(token_file="token")
        verifyObject(IStore, store)
        login = yield store.find("stomp", JOE)
        self.assertEqual(login, Login(username="j", password="hunter2", mechanism="PLAIN"))
        said = {
            "service": "stomp",
            "user": "joe",
            "roles": ["a", "b"],
            "claims": {"sub": "j-1", "n": [1, {"x": None}]},
        }
        self.assertEqual(self.endpoint.asked, [("Bearer s3cret", said)])

    @inlineCallbacks
    def test_none(self) -> Any:
        """
        404 says that there is no login here, so that the next store is asked.
        """
        self.endpoint.status = 404
        self.assertIsNone((yield self.store().find("stomp", JOE)))

    @inlineCallbacks
    def test_failures(self) -> Any:
        """
        Any other answer, one that is no login, and one that is too long are failures that repeat nothing.
        """
        store = self.store()
        for status, body, sentence in (
            (500, b"hunter2", "the callback answers with status 500"),
            (301, b"", "the callback answers with status 301"),
            (200, b"hunter2", "the callback's answer is no login"),
            (200, b'{"password": "hunter2"}', "the callback's answer is no login"),
            (200, b"[" * 60_000, "the callback's answer is no login"),
            (200, b" " * 70_000, "the callback says more than 65536 bytes"),
        ):
            self.endpoint.status, self.endpoint.body = status, body
            why = yield self.assertFailure(store.find("stomp", JOE), LoginUnavailable)
            self.assertEqual(str(why), sentence)

    @inlineCallbacks
    def test_kept(self) -> Any:
        """
        An answer is kept for its max-age, but not beyond the option, and for the same question alone.
        """
        store = self.store(maximum_age=60.0)
        self.endpoint.control = "private, max-age=100"
        for service, later, asked in (("a", 0, 1), ("a", 59, 1), ("b", 0, 2), ("a", 1, 3)):
            self.now += later
            yield store.find(service, JOE)
            self.assertEqual(len(self.endpoint.asked), asked)
        for control in ("", "max-age=0", "no-store, max-age=50"):
            self.endpoint.control, before = control, len(self.endpoint.asked)
            for _ in range(2):
                yield store.find(control, JOE)
            self.assertEqual(len(self.endpoint.asked), before + 2)

    @inlineCallbacks
    def test_silent(self) -> Any:
        """
        An endpoint that says nothing is given up after the timeout.
        """
        self.endpoint.silent = True
        why = yield self.assertFailure(self.store(timeout=0.1).find("stomp", JOE), LoginUnavailable)
        self.assertEqual(str(why), "the callback does not answer: ResponseNeverReceived")

    def test_crowd(self) -> None:
        """
        While 200 questions are open no more are asked.
        """
        store = CallbackStoreType().store(
            {"url": self.url, "timeout": 5.0, "maximum-age": 0.0, "token-file": None, "ca-file": None},
            workplace(self.folder),
            None,
        )
        for _ in range(200):
            store.find("stomp", JOE).addErrback(lambda why: None)
        self.assertRaises(LoginUnavailable, store.find, "stomp", JOE)

    def test_refused(self) -> None:
        """
        A token file that is no token, and authorities that are none, are refused at the start.
        """
        (self.folder / "bad").touch(0o600)
        (self.folder / "bad").write_text("two words")
        why = self.assertRaises(ConfigError, self.store, token_file="bad")
        self.assertEqual(str(why), "bad: is no token")
        why = self.assertRaises(ConfigError, self.store, ca_file="bad")
        self.assertEqual(str(why), f"{self.folder / 'bad'}: there is no certificate (PEM) in it")
        why = self.assertRaises(ConfigError, self.store, ca_file="none")
        self.assertEqual(str(why), f"{self.folder / 'none'}: cannot be read: No such file or directory")
