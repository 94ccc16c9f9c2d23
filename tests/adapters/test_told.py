"""What each adapter asks with where the login depends on what the client says; IRC: irc.test_asking."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing import plugins
from kaazing.interfaces.adapters import AskLogin, Kind
from kaazing.wire.amqp import encode, string_field
from kaazing.wire.amqp_one_sasl import init
from tests.adapters.amqp.dialogue import CLIENT, START
from tests.adapters.dialogue import linked
from tests.adapters.xmpp.dialogue import FRAMED, FROM, PLAIN, SASL, STREAM, TO, features
from tests.wire.mqtt_streams import connect, sized

TOKEN = "kzl1." + "A" * 3067
"""As long as one may be."""


def asked(name: str, *said: Callable[[Any], Any], told: bool = True, subprotocol: str | None = None) -> Any:
    """The question that comes of what is said to a session of an adapter."""
    adapter = plugins.adapter(name)
    link = linked(adapter, subprotocol=subprotocol, injects=True, told=told, virtual_host=None)
    session = adapter.session(link)
    orders = list(session.opened(0.0))
    for each in said:
        orders = list(each(session))
    questions = [order for order in orders if isinstance(order, AskLogin)]
    assert len(questions) == 1, orders
    assert orders[-1] is questions[0]
    return questions[0]


def front(data: bytes, kind: Kind = Kind.BINARY) -> Callable[[Any], Any]:
    """The client sends."""
    return lambda session: session.from_front(data, kind, 0.0)


def back(data: bytes) -> Callable[[Any], Any]:
    """The backend sends."""
    return lambda session: session.from_back(data, 0.0)


class ToldTests(SynchronousTestCase):
    def told(self, name: str, *said: Callable[[Any], Any], username: str = "ann", **more: Any) -> None:
        """The client has said the token; where nobody wants to know, it is not told."""
        self.assertEqual(asked(name, *said, **more), AskLogin(username, TOKEN))
        self.assertEqual(asked(name, *said, told=False, **more), AskLogin())

    def silent(self, name: str, *said: Callable[[Any], Any], **more: Any) -> None:
        """The client has said nothing that is understood."""
        self.assertEqual(asked(name, *said, **more), AskLogin())

    def test_stomp(self) -> None:
        """
        STOMP: login and passcode of CONNECT.
        """
        connecting = "CONNECT\naccept-version:1.2\nhost:/\n%s\n\0"
        self.told("stomp", front((connecting % f"login:ann\npasscode:{TOKEN}\n").encode(), Kind.TEXT))
        self.silent("stomp", front((connecting % "").encode(), Kind.TEXT))

    def test_mqtt(self) -> None:
        """
        MQTT: username and password of CONNECT, in every version.
        """
        for version in (3, 4, 5):
            self.told("mqtt", front(connect(version, 0xC2, sized("ann"), sized(TOKEN))))
            self.silent("mqtt", front(connect(version)))
        self.assertEqual(
            asked("mqtt", front(connect(4, 0xC2, sized("ann"), b"\0\1\xff"))), AskLogin("ann", "\ufffd")
        )

    def test_amqp(self) -> None:
        """
        AMQP 0-9-1: PLAIN and AMQPLAIN of connection.start-ok; EXTERNAL and what cannot be read say nothing.
        """

        def start_ok(mechanism: str, response: bytes) -> tuple[Any, ...]:
            said = encode(0, "connection.start-ok", CLIENT, mechanism, response, "en_US")
            return front(b"AMQP\0\0\x09\x01"), back(START), front(said)

        self.told("amqp", *start_ok("PLAIN", b"\0ann\0" + TOKEN.encode()))
        table = string_field("LOGIN", "ann") + string_field("PASSWORD", TOKEN)
        self.told("amqp", *start_ok("AMQPLAIN", table))
        for mechanism, response in (
            ("EXTERNAL", b"\0ann\0x"),
            ("PLAIN", b"ann"),
            ("PLAIN", b"\0\xff\0x"),
            ("AMQPLAIN", b"\x05LOGINI\0\0\0\1"),
            ("AMQPLAIN", b"\x05LOG"),
        ):
            self.silent("amqp", *start_ok(mechanism, response))

    def test_amqp_one(self) -> None:
        """
        AMQP 1.0: PLAIN of sasl-init; a client without SASL says nothing.
        """
        opening = front(b"AMQP\3\1\0\0")
        self.told("amqp", opening, front(init("PLAIN", b"\0ann\0" + TOKEN.encode())))
        self.silent("amqp", opening, front(init("ANONYMOUS", b"\0ann\0x")))
        self.silent("amqp", opening, front(init("PLAIN", None)))

    def test_xmpp(self) -> None:
        """
        XMPP: PLAIN of SASL, in one word or in answer to a challenge.
        """
        said = b64encode(b"\0ann\0" + TOKEN.encode())

        def text(data: bytes) -> Callable[[Any], Any]:
            return front(data, Kind.TEXT)

        start = text(FRAMED % TO), back(STREAM % FROM + features(PLAIN))
        auth = b"<auth %s mechanism='%s'>%s</auth>"
        for words in (
            [text(auth % (SASL, b"PLAIN", said))],
            [text(auth % (SASL, b"PLAIN", b"")), text(b"<response %s>%s</response>" % (SASL, said))],
        ):
            self.told("xmpp", *start, *words, subprotocol="xmpp")
        for mechanism, data in ((b"PLAIN", b"="), (b"PLAIN", b"!"), (b"ANONYMOUS", said)):
            self.silent("xmpp", *start, text(auth % (SASL, mechanism, data)), subprotocol="xmpp")
