"""An HTTP endpoint that says who has which login."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import inlineCallbacks, maybeDeferred
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from kaazing.errors import LoginUnavailable
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, IStoreType, Subject, Workplace
from kaazing.security.stores.callback import CallbackStoreType
from tests.security.answering import Answering, serve

reactor: Any = installed
JOE = Subject(
    user="joe",
    roles=frozenset({"b", "a"}),
    claims={
        "sub": "j-1",
        "dn": object(),
        "n": [1, {"x": None}],
        "odd": {1: "x"},
        "deep": {"x": {"y": object()}},
    },
)


class CallbackTests(TestCase):
    def setUp(self) -> None:
        self.endpoint = Answering(200, {"username": "j", "password": "hunter2", "mechanism": "PLAIN"})
        self.now = 1000.0
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.url = serve(self, self.endpoint)

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
        store = self.store()
        verifyObject(IStore, store)
        login = yield store.find("stomp", JOE)
        self.assertEqual(login, Login(username="j", password="hunter2", mechanism="PLAIN"))
        said = {
            "service": "stomp",
            "user": "joe",
            "roles": ["a", "b"],
            "claims": {"sub": "j-1", "n": [1, {"x": None}]},
        }
        self.assertEqual(self.endpoint.asked, [said])

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
        self.endpoint.more = {"cache-control": "private, max-age=100"}
        for service, later, asked in (("a", 0, 1), ("a", 59, 1), ("b", 0, 2), ("a", 1, 3)):
            self.now += later
            yield store.find(service, JOE)
            self.assertEqual(len(self.endpoint.asked), asked)
        for control in ("", "max-age=0", "no-store, max-age=50"):
            self.endpoint.more, before = {"cache-control": control}, len(self.endpoint.asked)
            for _ in range(2):
                yield store.find(control, JOE)
            self.assertEqual(len(self.endpoint.asked), before + 2)
