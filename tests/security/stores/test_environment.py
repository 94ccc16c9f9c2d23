"""Logins in the environment's variables."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, IStoreType, Subject
from kaazing.security.stores.entries import Entry
from kaazing.security.stores.environment import EnvironmentStoreType, read_prefix, read_variables
from tests.security.stores.places import workplace


class EnvironmentTests(SynchronousTestCase):
    def test_read(self) -> None:
        """
        Variables with one label are one login; without a service it is for all, without a user for everybody.
        """
        said = {
            "KAAZING_LOGIN_A_USERNAME": "app",
            "KAAZING_LOGIN_A_PASSWORD": "hunter2",
            "KAAZING_LOGIN_B_USER_USER": "joe",
            "KAAZING_LOGIN_B_USER_SERVICE": "stomp",
            "KAAZING_LOGIN_B_USER_USERNAME": "j",
            "HOME": "/",
        }
        self.assertEqual(
            read_variables(said, "KAAZING_LOGIN_"),
            (Entry(username="app", password="hunter2"), Entry(service="stomp", user="joe", username="j")),
        )
        self.assertEqual(read_variables(said, "OTHER_"), ())

    def test_refused(self) -> None:
        """
        A variable that says nothing, or a login without a username, is refused without the password.
        """
        for said, sentence in (
            (
                {"X_A_PASWORD": "hunter2"},
                "variable X_A_PASWORD has to end with one of _SERVICE, _USER, _ROLE,"
                " _USERNAME, _PASSWORD, _MECHANISM",
            ),
            ({"X_A_PASSWORD": "hunter2"}, "variables X_A_...: login 1: username is missing"),
        ):
            self.assertEqual(str(self.assertRaises(ConfigError, read_variables, said, "X_")), sentence)
        for bad in ("", "X", "x_", "_", "X_\n"):
            self.assertRaises(ValueError, read_prefix, bad)
        self.assertEqual(read_prefix("X_Y_"), "X_Y_")

    def test_store(self) -> None:
        """
        The store has the logins of the environment that the gateway was started with.
        """
        kind = EnvironmentStoreType()
        verifyObject(IStoreType, kind)
        self.patch(os, "environ", {"KAAZING_LOGIN_A_USERNAME": "${user}", "KAAZING_LOGIN_A_PASSWORD": "p"})
        store = kind.store({"prefix": kind.options[0].default}, workplace(Path()), None)
        verifyObject(IStore, store)
        self.assertEqual(store.find("stomp", Subject(user="joe")), Login(username="joe", password="p"))
