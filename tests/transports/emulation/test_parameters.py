"""Each parameter of a query, its limits, and what is none of ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.transports.emulation.parameters import LAST_NUMBER, Parameters, others, read, repeated, sequence
from kaazing.wire.heads import Head, peek
from tests.transports.doors import get


def head(query: str, *fields: bytes) -> Head:
    """Return the head of a request with that query."""
    found = peek(get(b"/?" + query.encode(), *fields))
    assert found is not None
    return found


class ReadTests(SynchronousTestCase):
    """L{read}."""

    def test_each(self) -> None:
        """
        Every parameter of a downstream is understood, and bounded where it could cost us much.
        """
        expected = {
            "": Parameters(),
            "token=1&.kid=8234&.kn=1&.krn=0.5&.kac=ex&.kct=x&.ko=null": Parameters(),
            ".kc=text/plain;charset=windows-1252": Parameters(
                content_type=b"text/plain;charset=windows-1252"
            ),
            ".kc=text%2Fplain": Parameters(content_type=b"text/plain;charset=UTF-8"),
            ".kc=application/octet-stream": Parameters(
                content_type=b"application/octet-stream;charset=UTF-8"
            ),
            ".kcc=private": Parameters(cache_control=b"private"),
            ".kcc=private,%20no-store": Parameters(cache_control=b"private, no-store"),
            ".kb=4096": Parameters(most=4096 * 1024),
            ".kb=0": Parameters(most=0),
            ".kp=256": Parameters(padding=256),
            ".kp=0": Parameters(),
            ".kp=99999999": Parameters(padding=65536),
            ".kbp=4096": Parameters(block=4096),
            ".kbp=99999": Parameters(block=4096),
            ".kkt=20": Parameters(heartbeat=20.0),
            ".kkt=0": Parameters(heartbeat=2.0),
            ".kkt=999999": Parameters(heartbeat=3600.0),
            ".ki=p": Parameters(polls=True),
            ".ki=x": Parameters(),
            ".kd=s": Parameters(stays=True),
            ".kf=200": Parameters(flush=0.2),
            ".kf=9999999": Parameters(flush=60.0),
            ".kns=1": Parameters(sniffed=True),
            ".kns=1&.kf=200&.kp=2048": Parameters(sniffed=True, flush=0.2, padding=2048),
        }
        self.assertEqual({query: read(head(query)) for query in expected}, expected)

    def test_internet_explorer(self) -> None:
        """
        Internet Explorer 11 gets what it needs without asking, and what it asks for besides.
        """
        agent = b"User-Agent: Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko"
        self.assertEqual(read(head("", agent)), Parameters(cache_control=b"private", padding=2048, flush=0.2))
        self.assertEqual(
            read(head(".kp=16&.kcc=no-store&.kf=0", agent)), Parameters(cache_control=b"no-store", padding=16)
        )

    def test_refused(self) -> None:
        """
        No type that a browser would run, no caching, no header field of the client's making, no nonsense.
        """
        expected = {
            ".kc=text/html": ".kc",
            ".kc=image/svg%2Bxml": ".kc",
            ".kc=text/plain%0d%0aSet-Cookie:a": ".kc",
            ".kc=": ".kc",
            ".kcc=public,max-age=9999": ".kcc",
            ".kcc=private%0d%0aa:b": ".kcc",
            ".kb=many": ".kb",
            ".kp=-1": ".kp",
            ".kbp=": ".kbp",
            ".kkt=1.5": ".kkt",
            ".kf=%31": ".kf",
            ".kb=12345678901234567": ".kb",
        }
        found = {query: str(self.assertRaises(BadRequest, read, head(query))) for query in expected}
        self.assertEqual(
            found,
            {query: f"400: {name} that is no good (WSE parameters)" for query, name in expected.items()},
        )


class SequenceTests(SynchronousTestCase):
    """L{sequence}."""

    def test_where(self) -> None:
        """
        The number stands in a header field or in the query; the field counts where both are there.
        """
        numbered = b"X-Sequence-No: 7"
        expected = {"": None, "a=1&.ksn=5": 5, ".ksn=9007199254740991": LAST_NUMBER, "x.ksn=5": None}
        self.assertEqual({query: sequence(head(query)) for query in expected}, expected)
        self.assertEqual(sequence(head(".ksn=5", numbered)), 7)

    def test_refused(self) -> None:
        """
        What is no number, or one that JavaScript cannot count, is refused.
        """
        for value in ("", "-1", "x", "1.0", "9007199254740992"):
            why = self.assertRaises(BadRequest, sequence, head("", b"X-Sequence-No: " + value.encode()))
            self.assertEqual(str(why), "400: sequence number that is no good (WSE parameters)", value)


class OthersTests(SynchronousTestCase):
    """L{others}."""

    def test_removed(self) -> None:
        """
        A service sees its own parameters, in order and as they were sent, and none of emulation's.
        """
        expected = {
            "": "",
            "token=a%20b&token=c": "token=a%20b&token=c",
            ".kn=123": "",
            "a=1&.kn=123&b=2&.krn=0.5&.kac=ex&.kct=x&.ksn=1&.kl=Y": "a=1&b=2",
            ".ki=p&.kid=1&.kp&x=.kp=1": "x=.kp=1",
            ".kind=mine&.k=too&k=1": ".kind=mine&.k=too&k=1",
        }
        self.assertEqual({query: others(query) for query in expected}, expected)

    def test_ticket(self) -> None:
        """
        The service's guard sees a ticket; no later request repeats it.
        """
        query = "a=1&.kat=ticket&.kn=2&b.kat=3"
        self.assertEqual((others(query), repeated(query)), ("a=1&.kat=ticket&b.kat=3", "a=1&b.kat=3"))

    @given(st.lists(st.sampled_from((".kn=1", ".ki=p", "a=1", "b", "", ".kz=1", "c=.kb=2")), max_size=8))
    def test_any_order(self, parts: list[str]) -> None:
        """
        Wherever ours stand among others, the others are left as they were.
        """
        left = [part for part in parts if part not in (".kn=1", ".ki=p")]
        self.assertEqual(others("&".join(parts)), "&".join(left))
