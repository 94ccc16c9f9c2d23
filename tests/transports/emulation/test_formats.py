"""Messages, controls and request bodies in each of the six encodings."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.feeds import Event, IForm
from kaazing.transports.emulation.formats import FORMATS
from kaazing.wire.heads import Head, peek
from kaazing.wire.wse import PING, RECONNECT
from kaazing.wire.wse_text import TextDecoder, Unescaper
from tests.transports.doors import get


def head(content_type: bytes) -> Head:
    """Return the head of an upstream request."""
    found = peek(get(b"/", b"Content-Type: " + content_type, method=b"POST"))
    assert found is not None
    return found


class FormatTests(SynchronousTestCase):
    """L{FORMATS}."""

    def test_frames(self) -> None:
        """
        Text is text where the session can have it, and what the browser cannot take is escaped.
        """
        expected = {
            "b": b"\x80\x02a\0",
            "t": b"\x80\x02a\0",
            "te": b"\x80\x02a\x7f0",
            "bm": b"\x81\x02a\0",
            "tm": b"\x81\x02a\0",
            "tem": b"\x81\x02a\x7f0",
        }
        self.assertEqual({code: form.frames([b"a\0"], 1) for code, form in FORMATS.items()}, expected)

    def test_controls(self) -> None:
        """
        The NUL of a PING is escaped too; commands have nothing to escape.
        """
        escaped = {code: form.control(PING) for code, form in FORMATS.items() if form.escaped}
        self.assertEqual(escaped, {"te": b"\x89\x7f0", "tem": b"\x89\x7f0"})
        plain = {form.control(PING) for form in FORMATS.values() if not form.escaped}
        self.assertEqual(plain, {PING})
        self.assertEqual({form.control(RECONNECT) for form in FORMATS.values()}, {RECONNECT})

    def test_events(self) -> None:
        """
        What many channels are told at once is what each would be told alone.
        """
        events = [Event(b"a\0", 1), Event(b"b", 1), Event(b"\xff", 2), Event(b"c", 0)]
        for form in FORMATS.values():
            verifyObject(IForm, form)
            alone = b"".join(form.frames([event.data], event.kind) for event in events)
            self.assertEqual(form.encode(events), alone, form.code)

    def test_one_for_all(self) -> None:
        """
        Two kinds of session have one form exactly where their bytes are the same.
        """
        events = [Event(b"a\0", 1), Event(b"\xff", 2)]
        for one in FORMATS.values():
            for other in FORMATS.values():
                same = one.encode(events) == other.encode(events)
                self.assertEqual(one.form == other.form, same, (one.code, other.code))

    def test_content_types(self) -> None:
        """
        Text comes down as windows-1252, of which browsers make one character for each byte.
        """
        found = {code: form.content_type for code, form in FORMATS.items()}
        latin = b"text/plain; charset=windows-1252"
        binary = b"application/octet-stream"
        self.assertEqual(
            found, {"b": binary, "t": latin, "te": latin, "bm": binary, "tm": latin, "tem": latin}
        )

    def test_decoders(self) -> None:
        """
        A body is one character for each byte where its type says so; otherwise it is taken as it is.
        """
        expected = {
            (b"text/plain;charset=utf-8", "tm"): [TextDecoder],
            (b'Text/Plain; Charset="UTF-8"', "t"): [TextDecoder],
            (b"text/plain; charset=utf-8", "tem"): [TextDecoder, Unescaper],
            (b"text/plain", "tm"): [],
            (b"application/octet-stream", "te"): [Unescaper],
            (b"text/plain; charset=utf-8", "bm"): [],
        }
        found = {
            (kind, code): [type(made) for made in FORMATS[code].decoders(head(kind))]
            for kind, code in expected
        }
        self.assertEqual(found, expected)
