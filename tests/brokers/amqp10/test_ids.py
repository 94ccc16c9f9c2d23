"""Ids of messages, typed in AMQP 1.0 and text in JMS."""

from __future__ import annotations

from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st
from proton import ulong
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp10.ids import Id, text_of, value_of

IDS = st.one_of(st.text(min_size=1), st.uuids(), st.integers(0, 2**64 - 1).map(ulong), st.binary())


class IdTests(SynchronousTestCase):
    """The texts are those of the JMS mapping of AMQP."""

    def test_texts(self) -> None:
        """
        Each type has a prefix of its own, and what has one already is marked as text.
        """
        known: list[tuple[Id | None, str]] = [
            (None, ""),
            ("ID:abc", "ID:abc"),
            ("abc", "ID:AMQP_NO_PREFIX:abc"),
            (ulong(7), "ID:AMQP_ULONG:7"),
            (b"\x01\xff", "ID:AMQP_BINARY:01FF"),
            (UUID(int=1), "ID:AMQP_UUID:00000000-0000-0000-0000-000000000001"),
            ("ID:AMQP_ULONG:7", "ID:AMQP_STRING:ID:AMQP_ULONG:7"),
        ]
        for value, text in known:
            self.assertEqual((text_of(value), value_of(text)), (text, value))

    def test_correlation(self) -> None:
        """
        A correlation id may be any text, and stays that.
        """
        self.assertEqual((text_of("order 7", correlation=True), value_of("order 7")), ("order 7", "order 7"))

    def test_faulty(self) -> None:
        """
        What only looks like a type is text.
        """
        texts = (
            "ULONG:",
            "ULONG:-1",
            f"ULONG:{2**64}",
            "ULONG:\u0663",
            "UUID:7",
            "BINARY:xyz",
            "OTHER:1",
            "",
        )
        for text in texts:
            self.assertEqual(value_of(f"ID:AMQP_{text}"), f"ID:AMQP_{text}")

    @given(IDS)
    def test_there_and_back(self, value: Id) -> None:
        """
        The id of a message that a client answers to is what the question had.
        """
        for correlation in (False, True):
            back = value_of(text_of(value, correlation=correlation))
            self.assertEqual((back, type(back)), (value, type(value)))

    @given(st.text(min_size=1))
    @example("ID:AMQP_STRING:")
    def test_any_text(self, text: str) -> None:
        """
        Whatever a client says is an id.
        """
        self.assertIsNotNone(value_of(text))
        self.assertEqual(value_of(text_of(value_of(text), correlation=True)), value_of(text))
