"""Tests for L{kaazing.services.jms.options}: the properties of a jms service."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Destination, Domain
from kaazing.literals import Unreadable
from kaazing.services.jms.options import (
    CLIENTS,
    CONNECTION,
    ClientOptions,
    faults,
    queue_or_topic,
)


def properties(**given: Any) -> dict[str, Any]:
    """Return properties as they are read; underscores stand for dots."""
    defaults = {option.name: option.default for option in (*CONNECTION, *CLIENTS)}
    return {**defaults, **{name.replace("_", "."): value for name, value in given.items()}}


class ReaderTests(SynchronousTestCase):
    def test_delay(self) -> None:
        """
        A bare number is seconds, as in the jms of the original.
        """
        (read,) = (option.read for option in CONNECTION if option.name == "reconnect.delay")
        self.assertEqual([read(each) for each in ("5", "500 ms", "0")], [5.0, 0.5, 0.0])
        self.assertRaises(Unreadable, read, "-1")

    def test_destination(self) -> None:
        """
        Dead letters go to one queue or topic that lasts.
        """
        self.assertEqual(queue_or_topic("/queue/dead"), Destination(Domain.QUEUE, "dead"))
        self.assertEqual(queue_or_topic("/topic/dead"), Destination(Domain.TOPIC, "dead"))
        for other in ("dead", "/temp-queue/dead", "/topic/>", "/queue/"):
            self.assertRaises(Unreadable, queue_or_topic, other)


class FaultTests(SynchronousTestCase):
    def test_login(self) -> None:
        """
        There is one login at the broker, or each user has one, and it comes from one place.
        """
        alone = "connection.security.credentials stands without connection.security.principal"
        twice = "connection.security.principal stands beside a login in <connect>; leave one out"
        one = "connection.strategy per-user has the login of each user, but one for all stands there"
        stored = "backend.login needs connection.strategy per-user"
        none = "connection.strategy per-user has no logins: write backend.login, or leave connect.login out"
        realm = "connect.login realm needs a <realm-name> beside it"
        principal, each = {"connection_security_principal": "gw"}, {"connection_strategy": "per-user"}
        for given, more, said in (
            ({}, {}, []),
            ({**principal, "connection_security_credentials": "pw"}, {}, []),
            ({"connection_security_credentials": "pw"}, {}, [alone]),
            (principal, {"credentials": True}, [twice]),
            (each, {}, []),
            ({**each, "backend_login": "stored"}, {}, []),
            ({**each, **principal}, {}, [one]),
            (each, {"credentials": True}, [one]),
            ({"backend_login": "stored"}, {}, [stored]),
            ({**each, "connect_login": "ignored"}, {}, [none]),
            ({"connect_login": "realm"}, {}, [realm]),
            ({"connect_login": "realm"}, {"realm": True}, []),
        ):
            found = faults(properties(**given), **{"realm": False, "credentials": False, **more})
            self.assertEqual(list(found), said, (given, more))


class ClientOptionsTests(SynchronousTestCase):
    def test_of(self) -> None:
        """
        The limit for all sorts of subscriptions holds where there is none for one.
        """
        options = ClientOptions.of(
            properties(maximum_pending_acknowledgments=50, queue_maximum_pending_acknowledgments=20)
        )
        self.assertEqual(
            (options.queue_pending, options.durable_pending, options.topic_pending), (20, 50, 50)
        )

    def test_window(self) -> None:
        """
        A client has the prefetch that it wants, as far as it may; who wants any number has the most, and who
        says nothing what the service says.
        """
        options = ClientOptions(prefetch=100)
        found = [options.window(wished, 150) for wished in (None, 0, 1, 150, 1000)]
        self.assertEqual(found, [100, 150, 1, 150, 150])
        self.assertEqual(options.window(None, 20), 20)
