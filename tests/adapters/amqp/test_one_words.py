"""Tests for L{kaazing.adapters.amqp.one_words}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp import one_words as words
from kaazing.adapters.amqp.one_ledger import Refusal
from kaazing.wire.amqp_one import MIN_MAX_FRAME, Performative, parse
from kaazing.wire.amqp_one_types import Checker


def read(wire: bytes, kind: int = 0) -> Performative:
    """Return what a frame of the gateway's carries."""
    what = parse(wire, Checker(), kind)
    assert what is not None
    return what


class WordsTests(SynchronousTestCase):
    """What the gateway says is good AMQP 1.0."""

    def test_close(self) -> None:
        """
        A close has condition and description, cut so that the frame fits every peer.
        """
        error = read(words.close("amqp:not-allowed", "ü" * 500)).composite("error")
        assert error is not None
        self.assertEqual(error.get("condition"), "amqp:not-allowed")
        self.assertEqual(error.get("description"), "ü" * 125)
        self.assertLessEqual(len(words.close("amqp:not-allowed", "€" * 500)), MIN_MAX_FRAME)

    def test_open(self) -> None:
        """
        An open has a container-id.
        """
        self.assertEqual(read(words.open_()).get("container-id"), "gateway")

    def test_refusal(self) -> None:
        """
        A link is refused with an attach that has neither source nor target, in the other role, and a
        detach that closes it and says why (section 2.6.3).
        """
        for sends in (True, False):
            attach, detach = (read(each) for each in words.refusal(Refusal("n", sends, "no"), 3, 9))
            self.assertEqual([attach.name, attach.get("name"), attach.get("handle")], ["attach", "n", 9])
            self.assertEqual(
                [attach.get("role"), attach.get("initial-delivery-count")], [sends, None if sends else 0]
            )
            self.assertEqual([attach.start("source"), attach.start("target")], [None, None])
            self.assertEqual([detach.get("handle"), detach.get("closed")], [9, True])
            self.assertEqual([attach.channel, detach.channel], [3, 3])
            error = detach.composite("error")
            assert error is not None
            self.assertEqual(error.get("condition"), "amqp:unauthorized-access")
