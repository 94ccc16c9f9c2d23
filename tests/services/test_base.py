"""What all services share, and how a subprotocol is chosen."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import ServiceConfig, Uri
from kaazing.interfaces.services import Visit, Welcome
from kaazing.services.base import BaseService, choose, no_faults
from tests.services.house import NotedHouse


class BaseTests(SynchronousTestCase):
    def test_lets_in(self) -> None:
        """
        A service that says nothing else lets everybody in and has no pages.
        """
        config, house = ServiceConfig(name="x", type="x"), NotedHouse()
        service = BaseService(config, house)
        self.assertEqual((service.name, service.config, service.house), ("x", config, house))
        visit = Visit(peer="192.0.2.1:5000", subprotocols=("a",))
        self.assertEqual(service.invite(visit), Welcome(None, None))
        service.declined(Welcome())
        self.assertIsNone(service.resource(Uri(scheme="http", host="x", port=80)))

    def test_no_faults(self) -> None:
        """
        A type without rules over several properties finds no faults.
        """
        self.assertEqual(list(no_faults(ServiceConfig(name="x", type="x"))), [])

    def test_choose(self) -> None:
        """
        Of the subprotocols that both know, the client's first is chosen.
        """
        for offered, known, chosen in (
            (("b", "a"), ("a", "b"), "b"),
            (("z", "a"), ("a", "b"), "a"),
            (("A",), ("a",), None),
            ((), ("a",), None),
            (("a",), (), None),
        ):
            self.assertEqual(choose(offered, known), chosen, (offered, known))
