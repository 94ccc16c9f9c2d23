"""Tests for L{kaazing.adapters.stomp.ledger}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stomp.ledger import Ledger
from kaazing.errors import ProtocolViolation
from kaazing.wire.stomp import Frame
from tests.adapters.stomp.dialogue import DEFAULTS


class LedgerTests(SynchronousTestCase):
    def ledger(self, version: int = 12, **options: int) -> Ledger:
        values = {f"stomp.maximum.{name}": limit for name, limit in options.items()}
        return Ledger(version, {**DEFAULTS, **values})

    def admit(self, ledger: Ledger, command: str, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        ledger.admit(Frame(command, tuple(named.items())), 9)

    def assert_refused(self, what: str, ledger: Ledger, command: str, **headers: str) -> None:
        error = self.assertRaises(ProtocolViolation, self.admit, ledger, command, **headers)
        self.assertEqual(str(error), f"client byte 9: {what}")

    def test_subscriptions(self) -> None:
        """
        An id names one subscription at a time; once it is ended the id is free.
        """
        ledger = self.ledger()
        self.admit(ledger, "SUBSCRIBE", id="0", destination="/a")
        self.admit(ledger, "SUBSCRIBE", id="1", destination="/a")
        what = "subscription '0' is open already (STOMP 1.2, SUBSCRIBE id Header)"
        self.assert_refused(what, ledger, "SUBSCRIBE", id="0", destination="/b")
        self.admit(ledger, "UNSUBSCRIBE", id="0")
        self.admit(ledger, "SUBSCRIBE", id="0", destination="/b")

    def test_unknown_subscription(self) -> None:
        """
        Only what is open can be ended.
        """
        what = "no subscription 'x' is open (STOMP 1.1, UNSUBSCRIBE)"
        self.assert_refused(what, self.ledger(11), "UNSUBSCRIBE", id="x", receipt="1")

    def test_durable_subscription(self) -> None:
        """
        A durable subscription of an earlier connection is ended in words of the broker's own, which are
        left to the broker.
        """
        self.admit(self.ledger(), "UNSUBSCRIBE", id="x", **{"activemq.subscriptionName": "news"})
        self.admit(self.ledger(), "UNSUBSCRIBE", id="x", durable="true", auto_delete="false")

    def test_acknowledgement_modes(self) -> None:
        """
        A subscription is acknowledged in one of three ways.
        """
        ledger = self.ledger()
        for mode in ("auto", "client", "client-individual"):
            self.admit(ledger, "SUBSCRIBE", id=mode, ack=mode)
        what = "ack is none of auto, client, client-individual (STOMP 1.2, SUBSCRIBE ack Header)"
        self.assert_refused(what, ledger, "SUBSCRIBE", id="0", ack="Client")

    def test_version_1_0(self) -> None:
        """
        In STOMP 1.0 ids are optional and may repeat; what is unsubscribed is named by id or destination.
        """
        ledger = self.ledger(10)
        self.admit(ledger, "SUBSCRIBE", id="0")
        self.admit(ledger, "SUBSCRIBE", id="0")
        self.admit(ledger, "UNSUBSCRIBE", destination="/a")
        self.admit(ledger, "UNSUBSCRIBE", id="5")
        what = "UNSUBSCRIBE without id and destination (STOMP 1.0, UNSUBSCRIBE)"
        self.assert_refused(what, ledger, "UNSUBSCRIBE", receipt="1")

    def test_transactions(self) -> None:
        """
        A transaction begins once, is used, and ends once, by COMMIT or ABORT.
        """
        ledger = self.ledger()
        for end in ("COMMIT", "ABORT"):
            self.admit(ledger, "BEGIN", transaction="t")
            what = "transaction 't' is open already (STOMP 1.2, BEGIN)"
            self.assert_refused(what, ledger, "BEGIN", transaction="t")
            for command in ("SEND", "ACK", "NACK"):
                self.admit(ledger, command, transaction="t")
            self.admit(ledger, end, transaction="t")
            what = f"no transaction 't' is open (STOMP 1.2, {end})"
            self.assert_refused(what, ledger, end, transaction="t")
        for command in ("SEND", "ACK", "NACK"):
            what = "no transaction 't' is open (STOMP 1.2, BEGIN)"
            self.assert_refused(what, ledger, command, transaction="t")

    def test_padding(self) -> None:
        """
        STOMP 1.0 pads values with blanks, which do not count; later versions count them.
        """
        ledger = self.ledger(10)
        self.admit(ledger, "BEGIN", transaction=" t")
        self.admit(ledger, "COMMIT", transaction="t")
        ledger = self.ledger(11)
        self.admit(ledger, "BEGIN", transaction=" t")
        what = "no transaction 't' is open (STOMP 1.1, COMMIT)"
        self.assert_refused(what, ledger, "COMMIT", transaction="t")

    def test_other_frames(self) -> None:
        """
        A transaction header on a frame that has no use for it means nothing.
        """
        self.admit(self.ledger(), "DISCONNECT", transaction="t")

    def test_limits(self) -> None:
        """
        A client has no more subscriptions and transactions open than allowed.
        """
        ledger = self.ledger(subscriptions=2, transactions=1)
        self.admit(ledger, "SUBSCRIBE", id="0")
        self.admit(ledger, "SUBSCRIBE", id="1")
        self.admit(ledger, "BEGIN", transaction="0")
        what = "more than 2 subscriptions (STOMP 1.2, Size Limits)"
        self.assert_refused(what, ledger, "SUBSCRIBE", id="2")
        what = "more than 1 transactions (STOMP 1.2, Size Limits)"
        self.assert_refused(what, ledger, "BEGIN", transaction="1")

    def test_shown_names(self) -> None:
        """
        Names that a client made up reach the log shortened and printable.
        """
        what = f"no transaction '{'x' * 39}\\n' is open (STOMP 1.2, COMMIT)"
        self.assert_refused(what, self.ledger(), "COMMIT", transaction="x" * 39 + "\n" + "y" * 500)
