"""Tests for L{kaazing.adapters.amqp.session}."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp.session import ONE
from kaazing.interfaces.adapters import Close, Kind, Login, ToBack, ToFront
from kaazing.wire.amqp import PREAMBLE
from kaazing.wire.amqp_one import SASL_HEADER
from tests.adapters.amqp.dialogue import START, Dialogue


class SessionTests(SynchronousTestCase):
    def test_nine(self) -> None:
        """
        A client that begins with the eight bytes of 0-9-1 speaks it, wherever they are cut.
        """
        for cut in range(1, 8):
            dialogue = Dialogue(self)
            dialogue.front(PREAMBLE[:cut]).then()
            dialogue.front(PREAMBLE[cut:]).then(ToBack(PREAMBLE))
            dialogue.back(START).then(ToFront(START))

    def test_one(self) -> None:
        """
        A client that begins with those of 1.0, bare or with SASL, speaks that: its first bytes pass.
        """
        for header in (ONE[0], ONE[2]):
            Dialogue(self).front(header).then(ToBack(header))

    def test_neither(self) -> None:
        """
        Of any other eight bytes the client is told what is spoken here, and nothing reaches the backend
        (AMQP 0-9-1 section 4.2.2).
        """
        for wrong in (b"AMQP\x01\x01\0\x09", b"GET / HTTP/1.1\r\n"):
            Dialogue(self).front(wrong).then(
                ToFront(PREAMBLE, Kind.BINARY),
                "client byte 0: the first eight bytes are not those of AMQP 0-9-1 or 1.0"
                " (AMQP 0-9-1 section 4.2.2)",
            )

    def test_versions(self) -> None:
        """
        A client that begins with a version which is not spoken here is told the bytes of the one that is,
        and nothing of it reaches the backend (AMQP 0-9-1 section 4.2.2, AMQP 1.0 section 2.2).
        """
        nine: dict[str, Any] = {"amqp_versions": ("0-9-1",)}
        Dialogue(self, **nine).front(PREAMBLE).then(ToBack(PREAMBLE))
        said = "client byte 0: the first eight bytes are not those of AMQP"
        for header in ONE:
            Dialogue(self, **nine).front(header + b"more").then(
                ToFront(PREAMBLE, Kind.BINARY), f"{said} 0-9-1 (AMQP 0-9-1 section 4.2.2)"
            )
        one: dict[str, Any] = {"amqp_versions": ("1.0",)}
        Dialogue(self, **one).front(ONE[0]).then(ToBack(ONE[0]))
        for header in (PREAMBLE, b"GET / HT"):
            Dialogue(self, **one).front(header).then(
                ToFront(SASL_HEADER, Kind.BINARY), f"{said} 1.0 (AMQP 1.0 section 2.2)"
            )
        Dialogue(self, **one).back(b"?").then(
            "backend byte 0: the backend speaks before the client (AMQP 1.0 section 2.2)"
        )

    def test_text(self) -> None:
        """
        A text message is refused at any time (1003); a carrier without kinds has none.
        """
        refused = Close(1003, "AMQP goes in binary messages")
        Dialogue(self).front(PREAMBLE, Kind.TEXT).then(refused)
        Dialogue(self).channels().front(b"hello", Kind.TEXT).then(refused)
        Dialogue(self, messages=False).front(PREAMBLE, Kind.TEXT).then(ToBack(PREAMBLE))

    def test_backend_first(self) -> None:
        """
        A backend that speaks first speaks something else.
        """
        said = "backend byte 0: the backend speaks before the client (AMQP 0-9-1 section 4.2.2)"
        Dialogue(self).back(b"220 smtp").then(said)

    def test_silence(self) -> None:
        """
        A client that does not say what it speaks is closed in time; ends that go need no words.
        """
        dialogue = Dialogue(self, login_timeout=5.0)
        dialogue.front(b"AMQ").then()
        dialogue.wait_for_deadline().then(Close(1008, "login timeout"))
        self.assertEqual(dialogue.now, 105.0)
        self.assertIsNone(dialogue.session.deadline)
        dialogue.back_ended().then()
        self.assertEqual(list(dialogue.session.front_ended(0.0)), [])
        self.assertEqual(dialogue.counted(), {})
        self.assertIsNone(Dialogue(self, login_timeout=0.0).session.deadline)

    def test_unasked(self) -> None:
        """
        An answer to a question that nobody has asked is a fault of the gateway's.
        """
        session = Dialogue(self).session
        self.assertRaises(TypeError, session.login, Login(username="a"), 0.0)
        self.assertRaises(TypeError, session.secured, 0.0)
        self.assertRaises(TypeError, session.computed, b"", 0.0)
