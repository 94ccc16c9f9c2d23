"""Tests for L{kaazing.wire.eventstream}, with a parser that is written from the standard."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.feeds import Event
from kaazing.wire.eventstream import HEARTBEAT, RECONNECT, comment, encode, location, opening
from tests.wire.eventsource import Source, listen

EVENTS = st.lists(
    st.builds(
        Event,
        data=st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode)),
        id=st.text(max_size=6),
        name=st.text(max_size=6),
    ),
    max_size=5,
)
LINE_ENDS = re.compile("\r\n|\n|\r")


def heard(events: list[Event]) -> Source:
    """What a client hears of events: repaired, and with the fields left out that it cannot be told."""
    source = Source()
    for event in events:
        id, name = (
            "" if re.search("[\r\n\0]", said) else said.encode("utf-8", "replace").decode()
            for said in (event.id, event.name)
        )
        source.last = id or source.last
        data = LINE_ENDS.sub("\n", event.data.decode("utf-8", "replace"))
        source.told.append((name or "message", data, source.last))
    return source


class EncodeTests(SynchronousTestCase):
    def test_forms(self) -> None:
        """
        An event is its name and id where it has them, a data field for each line of its payload, and an
        empty line. A space that a client would take off is doubled.
        """
        for event, written in (
            (Event(b"hello"), b"data:hello\n\n"),
            (Event(b""), b"data:\n\n"),
            (Event(b" hello"), b"data:  hello\n\n"),
            (Event(b"a\nb\r\nc\rd\n"), b"data:a\ndata:b\ndata:c\ndata:d\ndata:\n\n"),
            (Event("grüße".encode()), "data:grüße\n\n".encode()),
            (Event(b"\xffx"), "data:\ufffdx\n\n".encode()),
            (Event(b"1", id="e-7", name="price"), b"event:price\nid:e-7\ndata:1\n\n"),
            (Event(b"1", id=" 7", name=" p"), b"event:  p\nid:  7\ndata:1\n\n"),
            (Event(b"1", id="7\n", name="p\rdata:2"), b"data:1\n\n"),
            (Event(b"1", id="7\0"), b"data:1\n\n"),
        ):
            self.assertEqual(encode([event]), written, event)

    @given(EVENTS)
    def test_any(self, events: list[Event]) -> None:
        """
        A client that reads by the standard hears any events as they are, whatever is in them.
        """
        self.assertEqual(listen(encode(events)), heard(events))


class AroundTests(SynchronousTestCase):
    def test_opening(self) -> None:
        """
        A stream begins with a comment, the time to wait in milliseconds, and the id that stands for
        what was said before, which a client remembers without hearing of an event.
        """
        self.assertEqual(opening(3.0), b":\nretry:3000\n\n")
        self.assertEqual(opening(0.25, "e-7", 3), b":   \nretry:250\nid:e-7\n\n")
        self.assertEqual(listen(opening(3.0, "e-7", 100)), Source(last="e-7", retry=3000, comments=1))

    def test_comments(self) -> None:
        """
        Comments of every size from 3 bytes on, the heartbeat among them, say nothing.
        """
        for size in range(3, 40):
            self.assertEqual(len(comment(size)), size)
            self.assertEqual(listen(comment(size)), Source(comments=1))
        self.assertEqual(comment(3), HEARTBEAT)

    def test_original(self) -> None:
        """
        Fields for clients of the original are ignored by others.
        """
        self.assertEqual(location("http://a/b;s/1"), b"location:http://a/b;s/1\n\n")
        self.assertEqual(
            listen(location("http://a/b;s/1") + RECONNECT),
            Source(others=[("location", "http://a/b;s/1"), ("reconnect", "")]),
        )
