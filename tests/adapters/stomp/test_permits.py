"""Tests for L{kaazing.adapters.stomp.permits}: destinations as brokers may read them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stomp.permits import Permits
from kaazing.wire.stomp import Frame
from tests.adapters.stomp.dialogue import policy


class PermitsTests(SynchronousTestCase):
    def assert_allowed(self, permits: Permits, *destinations: str, command: str = "SEND") -> None:
        """These are."""
        for each in destinations:
            self.assertIsNone(permits.refusal(Frame(command, (("destination", each),))), each)

    def assert_refused(self, permits: Permits, *destinations: str, command: str = "SEND") -> None:
        """These are not."""
        for each in destinations:
            self.assertIsNotNone(permits.refusal(Frame(command, (("destination", each),))), each)

    def test_no_policy(self) -> None:
        """
        Without a policy, everything is allowed.
        """
        permits = Permits(None)
        self.assertFalse(permits.sends)
        self.assert_allowed(permits, "/queue/a")
        self.assert_allowed(permits, "/topic/#", command="SUBSCRIBE")

    def test_levels(self) -> None:
        """
        Destinations have levels between slashes and dots; * is one, # and > and ** are any number.
        """
        permits = Permits(policy("send /topic/stock.*", "send /queue/#", deny=["* /queue/secret.>"]))
        self.assertTrue(permits.sends)
        self.assert_allowed(permits, "/topic/stock.a", "/queue/a", "/queue/a.b/c")
        self.assert_refused(
            permits, "/topic/stock.a.b", "/topic/stock", "/queue/secret.x", "/queue/secret.x/y", "x", ""
        )

    def test_operations(self) -> None:
        """
        Each operation has its own rules; other frames have no destination.
        """
        permits = Permits(policy("send /a", "subscribe /b"))
        self.assert_allowed(permits, "/a")
        self.assert_allowed(permits, "/b", command="SUBSCRIBE")
        self.assert_refused(permits, "/b")
        self.assert_refused(permits, "/a", command="SUBSCRIBE")
        self.assert_allowed(permits, "/x", command="UNSUBSCRIBE")

    def test_wildcards_of_clients(self) -> None:
        """
        A client's wildcards in SUBSCRIBE have to lie within what is allowed; in SEND they are none.
        """
        permits = Permits(policy("subscribe /topic/a.>", "send /topic/*"))
        self.assert_allowed(
            permits, "/topic/a.b", "/topic/a.*", "/topic/a.#", "/topic/a.b.**", command="SUBSCRIBE"
        )
        self.assert_refused(permits, "/topic/>", "/topic/*.b", "/topic/#", "/>", command="SUBSCRIBE")
        self.assert_allowed(permits, "/topic/x", "/topic/*")

    def test_read_otherwise(self) -> None:
        """
        What some broker reads otherwise is allowed only where every reading is: blanks at the ends,
        percent escapes, several destinations in one.
        """
        permits = Permits(policy("send /queue/a", "send /queue/b", "send /%61"))
        self.assert_allowed(permits, "/queue/a")
        self.assert_refused(
            permits,
            "/queue/a,/queue/c",
            "/queue/a,queue://c",
            "/queue/a,",
            "/queue/a,/queue/b",
            " /queue/a",
            "/%61",
            "/queue/%61",
        )
        deny = Permits(policy("send", deny=["send /queue/secret"]))
        self.assert_allowed(deny, "/queue/open", "/queue/100%")
        self.assert_refused(
            deny,
            "/queue/secret",
            " /queue/secret",
            "/queue/secret ",
            "/queue/secre%74",
            "/queue/open,/queue/secret",
            "/queue/open%2C/queue/secret",
            " /queue/secre%74",
            "/queue/open,secret",
            "/queue/open, secret",
            "/queue/secret?priority=9",
        )

    def test_escapes_of_another_version(self) -> None:
        """
        RabbitMQ undoes escapes in STOMP 1.0 too, which has none.
        """
        permits = Permits(policy("send", deny=["send /queue/a:b"]))
        self.assert_allowed(permits, "/queue/ab")
        self.assert_refused(permits, "/queue/a:b", "/queue/a\\cb")

    def test_queue_beside_the_destination(self) -> None:
        """
        RabbitMQ subscribes to the queue of a header instead, and deletes it with a durable subscription:
        it must be allowed as /queue/NAME. What is unsubscribed from needs no leave otherwise.
        """
        permits = Permits(policy("subscribe /topic/a", "subscribe /queue/mine"))
        for command in ("SUBSCRIBE", "UNSUBSCRIBE"):
            for name in ("x-queue-name", " X-Queue-Name"):
                mine, other = (
                    Frame(command, (("destination", "/topic/a"), (name, queue)))
                    for queue in ("mine", " other")
                )
                self.assertIsNone(permits.refusal(mine))
                self.assertEqual(permits.refusal(other), "not allowed to subscribe to this destination")
        self.assertIsNone(permits.refusal(Frame("UNSUBSCRIBE", (("destination", "/topic/b"),))))

    def test_headers_read_otherwise(self) -> None:
        """
        So it is with the header: repeated, with blanks, in other letters.
        """
        permits = Permits(policy("send /a"))
        for name in ("destination", " destination", "Destination", "destination\t"):
            for headers in ((("destination", "/a"), (name, "/x")), ((name, "/x"), ("destination", "/a"))):
                self.assertIsNotNone(permits.refusal(Frame("SEND", headers)), name)
        self.assertIsNone(permits.refusal(Frame("SEND", (("destination", "/a"), ("destinations", "/x")))))
