"""Tests for L{kaazing.adapters.amqp.one_permits}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp.one_permits import Permits
from kaazing.wire.amqp_one import frame, parse
from kaazing.wire.amqp_one_types import NULL, Checker, boolean, described, string, symbol, uint
from tests.adapters.amqp.dialogue import policy
from tests.adapters.amqp.one_dialogue import attach


def asked(wire: bytes, *allow: str, deny: tuple[str, ...] = ()) -> tuple[str, str] | None:
    """Return which operation an attach is refused for, and why."""
    what = parse(wire, Checker())
    assert what is not None
    return Permits(policy(*allow, deny=deny)).refuses(what)


def receiver(address: str) -> bytes:
    """Return the attach of a client that wants to receive."""
    return attach("n", 0, receives=True, address=address)


def sender(address: str) -> bytes:
    """Return the attach of a client that wants to send."""
    return attach("n", 0, receives=False, address=address)


class PermitsTests(SynchronousTestCase):
    """Links and the operations they are."""

    def test_receiver(self) -> None:
        """
        A receiver consumes from the address of its source.
        """
        self.assertIsNone(asked(receiver("/queue/a"), "consume /queue/*"))
        self.assertEqual(
            asked(receiver("/queue/a"), "publish /queue/*"), ("consume", "consume /queue/a is not allowed")
        )

    def test_wildcards(self) -> None:
        """
        An address with wildcards is allowed when everything it stands for is.
        """
        self.assertIsNone(asked(receiver("/topic/stock.*"), "consume /topic/stock.#"))
        self.assertIsNotNone(asked(receiver("/topic/#"), "consume /topic/stock.#"))
        secret = ("consume /topic/stock.secret",)
        self.assertIsNotNone(asked(receiver("/topic/stock.*"), "consume /topic/stock.#", deny=secret))

    def test_sender(self) -> None:
        """
        A sender publishes to the address of its target.
        """
        self.assertIsNone(asked(sender("/topic/a.b"), "publish /topic/a.b"))
        self.assertEqual(
            asked(sender("/topic/a.c"), "publish /topic/a.b"),
            ("publish", "publish /topic/a.c is not allowed"),
        )

    def test_exchange_alone(self) -> None:
        """
        To an exchange without routing key, where each message names its own, all must be allowed.
        """
        self.assertIsNone(asked(sender("/exchange/e"), "publish /exchange/e/#"))
        denied = ("publish /exchange/e/secret",)
        self.assertIsNotNone(asked(sender("/exchange/e"), "publish /exchange/e/#", deny=denied))
        self.assertIsNone(asked(sender("/exchange/e/k"), "publish /exchange/e/#", deny=denied))
        self.assertIsNotNone(asked(sender("/exchange/e/"), "publish /exchange/e/*", deny=denied))

    def test_encoded(self) -> None:
        """
        A name hidden behind percent signs, which RabbitMQ takes away, is asked for too.
        """
        denied = ("publish /queue/secret",)
        self.assertIsNotNone(asked(sender("/queue/%73ecret"), "publish /queue/#", deny=denied))
        self.assertIsNone(asked(sender("/queue/100%25"), "publish /queue/#", deny=denied))

    def test_line_ends(self) -> None:
        """
        CR and LF, which RabbitMQ takes out of names, make no other name of one that is denied.
        """
        denied = ("consume /queue/secret",)
        for address in ("/queue/sec\nret", "/queue/sec%0Aret", "/queue/secret%0d"):
            self.assertIsNotNone(asked(receiver(address), "consume /queue/#", deny=denied))

    def test_anonymous(self) -> None:
        """
        A sender to no address (anonymous relay) may send anywhere: it is refused where publishing is
        restricted; so is an address that is no string.
        """
        for target in (described(0x29, ()), NULL, described(0x29, (symbol("/queue/a"),))):
            body = described(0x12, (string("n"), uint(0), boolean(False), NULL, NULL, NULL, target))
            self.assertEqual(
                asked(frame(body), "publish /queue/#"),
                ("publish", "publish without an address is not allowed"),
            )
            self.assertIsNone(asked(frame(body), "publish"))

    def test_dynamic(self) -> None:
        """
        Nodes that the backend makes for the client are the operation declare.
        """
        for receives in (True, False):
            wire = attach("n", 0, receives=receives, address=None)
            self.assertIsNone(asked(wire, "declare dynamic"))
            self.assertEqual(asked(wire, "publish", "consume"), ("declare", "declare dynamic is not allowed"))

    def test_coordinator(self) -> None:
        """
        Transactions may be coordinated: their messages need links of their own.
        """
        body = (string("n"), uint(0), boolean(False), NULL, NULL, NULL, described(0x30, ()))
        self.assertIsNone(asked(frame(described(0x12, body)), "consume /queue/a"))

    def test_needed(self) -> None:
        """
        A policy that restricts nothing need not be asked.
        """
        self.assertFalse(Permits(policy("*")).needed)
        self.assertTrue(Permits(policy("publish,consume")).needed)
