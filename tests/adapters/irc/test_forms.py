"""Tests for L{kaazing.adapters.irc.forms}."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.irc.forms import Form, agreed, shown
from kaazing.closecodes import code_for
from kaazing.errors import ProtocolViolation
from kaazing.interfaces.adapters import Kind
from tests.adapters.irc.dialogue import LINK


class FormTests(SynchronousTestCase):
    def test_agreed(self) -> None:
        """
        IRCv3 WebSocket: the subprotocol says whether messages are text or binary; without one the client's
        first message does, and over TCP there are none.
        """
        binary, none = replace(LINK, subprotocol="binary.ircv3.net"), replace(LINK, subprotocol=None)
        self.assertEqual(agreed(LINK), Form(Kind.TEXT, strict=True, text=True))
        self.assertEqual(agreed(binary), Form(Kind.BINARY, strict=True))
        self.assertIsNone(agreed(none))
        self.assertEqual(agreed(replace(none, messages=False)), Form(Kind.BINARY, stream=True))

    def test_shown(self) -> None:
        """
        A client that ends its lines gets lines with ends, and may cut them anywhere; one that does not
        gets one line a message.
        """
        self.assertEqual(shown(b"NICK a", Kind.TEXT), Form(Kind.TEXT, text=True))
        self.assertEqual(shown(b"NICK a\nUSER", Kind.BINARY), Form(Kind.BINARY, stream=True))
        self.assertEqual(shown(b"NICK a\r\n", Kind.TEXT), Form(Kind.TEXT, stream=True, text=True))

    def test_lines(self) -> None:
        """
        A message is a line, without an end or with one; several at once where nothing was agreed on.
        """
        strict, loose = Form(Kind.TEXT, strict=True), Form(Kind.TEXT)
        plain_number: Any = 1
        self.assertEqual(strict.lines(b"PING", plain_number, 0), b"PING\r\n")
        self.assertIs(shown(b"PING", plain_number).kind, Kind.TEXT)
        for form in (strict, loose):
            for data in (b"PING", b"PING\n", b"PING\r\n"):
                self.assertEqual(form.lines(data, Kind.TEXT, 0), b"PING\r\n")
            self.assertEqual(form.lines(b"", Kind.TEXT, 0), b"\r\n")
        self.assertEqual(loose.lines(b"A\nB", Kind.BINARY, 0), b"A\nB\r\n")
        self.assertEqual(Form(Kind.TEXT, stream=True).lines(b"A\nB", Kind.TEXT, 0), b"A\nB")

    def test_strict(self) -> None:
        """
        IRCv3 WebSocket: each message is a single line of the kind agreed on.
        """
        strict = Form(Kind.TEXT, strict=True)
        for data in (b"A\nB", b"A\r\nB\r\n", b"A\rB", b"A\n\n"):
            why = self.assertRaises(ProtocolViolation, strict.lines, data, Kind.TEXT, 7)
            self.assertEqual(str(why), "client byte 7: message of more than one line (IRCv3 WebSocket)")
            self.assertEqual(code_for(why), 1002)
        why = self.assertRaises(ProtocolViolation, strict.lines, b"A", Kind.BINARY, 7)
        self.assertEqual(str(why), "client byte 7: message that is not text (IRCv3 WebSocket)")
        self.assertEqual(code_for(why), 1003)
