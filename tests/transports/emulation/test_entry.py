"""Which request goes to which session, and what is wrong with one before its body is read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kaazing.config.model import CrossSite
from kaazing.wire.wse import CLOSE, NOP, RECONNECT
from tests.transports.doors import UNKNOWN, answers, get
from tests.transports.emulation.stage import (
    BAD,
    DONE,
    LOST,
    StageTestCase,
    body,
    closing,
    polled,
    post,
    streamed,
)

HELLO = b"\x81\x05hello"
_PARAMETERS = (
    *(".kb=0", ".kb=1", ".kb=4096", ".kp=0", ".kp=16", ".kp=2048", ".kbp=0", ".kbp=64", ".kkt=20", ".kf=0"),
    *(".kf=200", ".kns=1", ".ki=p", ".kd=s", ".kc=text/plain", ".kcc=private", ".kid=1", "mine=1", ""),
)


class PathTests(StageTestCase):
    """Paths of sessions."""

    def test_exact(self) -> None:
        """
        A path is that of a live session to the letter, or 404, and the connection is closed.
        """
        client = self.play()
        name = client.channel.id
        wrong = (
            f"/chat/;e/ubm/{name}x",
            f"/chat/;e/ubm/{name[:-1]}",
            f"/chat/;e/ubm/{name.swapcase()}",
            f"/chat/;e/utm/{name}",
            f"/chat/;e/ub/{name}",
            f"/chat/;e/xbm/{name}",
            f"/chat/;e/cbm/{name}",
            f"/chat/;e//{name}",
            f"/chat/;e/ubm/{name}/",
            "/chat/;e/ubm/",
            "/chat/;e/dbm/&.krn=1",
        )
        found = {path: self.stage.house.ask(post(path.encode(), RECONNECT)) for path in wrong}
        self.assertEqual(found, dict.fromkeys(wrong, LOST))
        self.assertEqual(client.post(HELLO), DONE)

    def test_glued(self) -> None:
        """
        The JavaScript client glues a parameter to the path without a question mark; it is cut off.
        """
        client = self.play()
        client.up += "&.krn=0.7086547"
        self.assertEqual((client.post(HELLO), self.ear.heard), (DONE, [b"hello"]))

    def test_beside(self) -> None:
        """
        What is no emulation is left to the pages beside it.
        """
        self.play()
        for path in (b"/;resource/xs", b"/?.kr=xs", b"/chat/;e/cookies", b"/chat/;api/set-cookies"):
            self.assertEqual(self.stage.house.ask(get(path))[0], UNKNOWN[0], path)

    def test_other_service(self) -> None:
        """
        A session is found only where it was made.
        """
        client = self.play()
        client.channel.place = "somewhere else"
        self.assertEqual(self.stage.house.ask(client.request(HELLO + RECONNECT)), LOST)


class FaultTests(StageTestCase):
    """Requests that are wrong in themselves: 400, and the session is over."""

    def check(self, request: bytes, what: str, rule: str, attached: bool = True) -> None:
        """Check what becomes of a session by one request."""
        down = self.client.attach() if attached else None
        answer = self.stage.house.ask(request)
        self.assertIn(answer, (BAD, closing(BAD)))
        self.assertEqual(self.ear.heard[0], f"client byte 0: {what} ({rule})")
        if down is not None:
            self.assertEqual((body(down), down.fate), (CLOSE + RECONNECT, "finished"))
        self.wait(6)
        self.assertEqual(
            [each for each in self.ear.heard if each[0] == "lost"], [("lost", "the client broke a rule")]
        )
        self.assertEqual(len(self.stage.registry), 0)

    def test_upstream(self) -> None:
        """
        An upstream request is a POST with a body, in its turn.
        """
        number = b"X-Sequence-No: 1"
        for what, request in {
            "upstream request other than POST": lambda path: get(path, number),
            "upstream request without a body": lambda path: post(path, b"", number),
            "upstream request out of sequence": lambda path: post(path, RECONNECT, b"X-Sequence-No: 2"),
        }.items():
            self.play()
            self.check(request(self.client.up.encode()), what, "WSE upstream")
        for query in (b"", b"?.ksn=x"):
            self.play()
            wrong = post(self.client.up.encode() + query, RECONNECT)
            self.check(wrong, "upstream request out of sequence", "WSE upstream")

    def test_two_at_once(self) -> None:
        """
        One upstream request is read at a time.
        """
        client = self.play()
        request = client.request(HELLO + RECONNECT)
        client.wire.say(request[: -len(HELLO + RECONNECT)])
        self.check(client.request(RECONNECT), "upstream request while another is under way", "WSE upstream")
        self.assertEqual(client.wire.fate, "aborted")

    def test_downstream(self) -> None:
        """
        A downstream request is a GET, or a POST, in its turn, with parameters that can be read.
        """
        for what, path, fields, method in (
            ("downstream request other than GET and POST", b"", (b"X-Sequence-No: 2",), b"PUT"),
            ("downstream request out of sequence", b"", (b"X-Sequence-No: 1",), b"GET"),
            ("downstream request out of sequence", b"", (), b"GET"),
            (".kc that is no good", b"?.kc=text/html", (b"X-Sequence-No: 2",), b"GET"),
        ):
            self.play()
            request = get(self.client.down.encode() + path, *fields, method=method)
            self.check(request, what, "WSE downstream")

    def test_first_poll(self) -> None:
        """
        A client that counts nothing cannot begin with a poll, unless the specification is kept to.
        """
        client = self.play(number=None)
        self.check(
            get(client.down.encode() + b"?.ki=p"),
            "first downstream request that polls, without a sequence number",
            "WSE downstream",
            attached=False,
        )

    def test_uncounted(self) -> None:
        """
        A client that counts nothing is not asked to, and may poll after its first downstream.
        """
        client = self.play(number=None)
        first = client.attach()
        self.assertEqual(client.post(HELLO), DONE)
        second = client.attach(".ki=p")
        self.assertEqual((body(first), second.value()), (RECONNECT, b""))


class AnyRequestTests(StageTestCase):
    """Whatever a stranger asks of a session."""

    @given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"#'), max_size=60))
    def test_query(self, query: str) -> None:
        """
        Any query is answered: with a stream, a poll that waits, or 400.
        """
        client = self.play()
        said = client.attach(query).value()
        self.assertIn(said[9:12], (b"200", b"400", b""), query)

    @given(st.lists(st.sampled_from(_PARAMETERS), max_size=8), st.binary(max_size=40))
    def test_parameters(self, parameters: list[str], data: bytes) -> None:
        """
        With any parameters, in any order, a message comes, and RECONNECT behind it when another is asked for.
        """
        client = self.play("b")
        down = client.attach("&".join(parameters))
        client.channel.send(data, 2)
        client.attach()
        said = down.value().partition(b"\r\n\r\n")[2]
        self.assertIn(b"\x80" + bytes([len(data)]) + data, said)
        self.assertTrue(said.endswith(RECONNECT))


class TwinTests(StageTestCase):
    """Clients behind a proxy that keeps responses, where the service is to be had over TLS too."""

    def redirected(self, query: str = ".ki=p", *fields: bytes, **options: Any) -> str | None:
        """Return where a downstream request is sent."""
        self.play(twin="wss", **options)
        wire = self.client.attach(query, *fields)
        if not wire.value():
            return None
        status, found, _ = streamed(wire)
        return found["location"] if status == "302 Found" else None

    def test_sent_there(self) -> None:
        """
        They are sent to the accept over TLS, which no proxy looks into; the request was not counted.
        """
        location = self.redirected(".ki=p&.kb=64")
        self.assertEqual(location, f"https://example.com:8443{self.client.down}?.ki=p&.kb=64")
        self.client._down = 0
        self.assertEqual(body(self.client.attach()), b"")

    def test_who_stays(self) -> None:
        """
        Whom no proxy hinders stays, and who says that it cannot follow polls.
        """
        self.assertEqual(self.redirected(""), None)
        self.assertEqual(self.redirected(".ki=p&.kd=s"), None)
        self.assertEqual(self.redirected(".ki=p", b"X-Kaazing-Proxy-Buffering: off"), None)
        self.assertNotEqual(self.redirected("", b"X-Kaazing-Proxy-Buffering: on"), None)

    def test_there(self) -> None:
        """
        Over TLS nobody is sent anywhere.
        """
        self.play(twin="wss", secure=True)
        wire = self.stage.house.visitor()
        wire.say(get(self.client.down.encode() + b"?.ki=p", b"X-Sequence-No: 1", host=b"example.com:8443"))
        self.assertEqual(wire.value(), b"")

    def test_page_of_an_origin(self) -> None:
        """
        A page is sent only where it would be let in: to the other port, it is one of another origin.
        """
        page = b"Origin: http://example.com:8000"
        self.assertEqual(self.redirected(".ki=p", page), None)
        allowed = (CrossSite(origin="http://example.com:8000"),)
        self.assertNotEqual(self.redirected(".ki=p", page, cross_site=allowed), None)


class DetectionTests(StageTestCase):
    """Who is answered poll by poll."""

    def polls(self, query: str = "", *fields: bytes) -> bool:
        """Return whether a downstream request is kept until there is something to say."""
        self.play()
        return not self.client.attach(query, *fields).value()

    def test_who_says_so(self) -> None:
        """
        A client that found it out, or a proxy that says so, polls; that there is a proxy says nothing.
        """
        on, off = b"X-Kaazing-Proxy-Buffering: on", b"X-Kaazing-Proxy-Buffering: off"
        found = {
            "nothing": self.polls(),
            "client": self.polls(".ki=p"),
            "proxy": self.polls("", on),
            "proxy knows better": self.polls(".ki=p", off),
            "proxy does not buffer": self.polls("", off),
            "some proxy": self.polls("", b"Via: 1.1 cache", b"X-Forwarded-For: 192.0.2.7"),
        }
        expected = {
            "nothing": False,
            "client": True,
            "proxy": True,
            "proxy knows better": False,
            "proxy does not buffer": False,
            "some proxy": False,
        }
        self.assertEqual(found, expected)

    def test_answer(self) -> None:
        """
        A poll is answered whole once there is something; the connection is kept for the next.
        """
        client = self.play()
        wire = client.attach(".ki=p")
        client.channel.send(b"one", 1)
        self.assertEqual(answers(wire.value()), [polled(b"\x81\x03one" + RECONNECT)])
        client.channel.send(b"two", 1)
        client.channel.send(b"three", 1)
        wire.clear()
        client.attach(".ki=p", wire=wire)
        self.assertEqual(answers(wire.value()), [polled(b"\x81\x03two\x81\x05three" + RECONNECT)])
        self.assertEqual(wire.fate, "open")
        self.assertNotIn(NOP, wire.value())
