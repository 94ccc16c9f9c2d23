"""Tests for L{kaazing.adapters.mqtt.session}."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.base import LOGIN_REFUSED
from kaazing.adapters.mqtt.adapter import identifiers
from kaazing.adapters.mqtt.session import MqttSession
from kaazing.errors import Side
from kaazing.interfaces.adapters import AskLogin, Close, Kind, Link, Login, NoLogin, ToBack
from tests.adapters.mqtt.dialogue import DEFAULTS, Dialogue, done, policy
from tests.adapters.orders import counted
from tests.wire.mqtt_streams import Settings, connack, connect, packet, publish, sized, suback, subscribe

PING, PONG = b"\xc0\0", b"\xd0\0"


def told(code: int, words: str) -> bytes:
    """A server's DISCONNECT of MQTT 5."""
    said = b"\x1f" + sized(words)
    return packet(0xE0, bytes([code, len(said)]), said)


class OpeningTests(SynchronousTestCase):
    """From the first byte to CONNACK."""

    def test_login(self) -> None:
        """
        In every version the client logs in with its own name, and both talk.
        """
        for version in (3, 4, 5):
            wire = connect(version, 0xC2, sized("ann"), sized("secret"))
            talk = Dialogue(self).front(wire).then(ToBack(wire))
            talk.back(connack(version)).then(connack(version))
            self.assertIsNone(talk.session.deadline)
            talk.front(PING).then(ToBack(PING)).back(PONG).then(PONG)

    def test_pipelining(self) -> None:
        """
        What follows CONNECT at once goes on with it.
        """
        data = connect() + subscribe(4, "a") + PING
        Dialogue(self).front(data).then(ToBack(connect()), ToBack(subscribe(4, "a")), ToBack(PING))

    def test_backend_login(self) -> None:
        """
        The backend's login takes the place of the client's; what follows waits for it, and is checked then.
        """
        talk = Dialogue(self, injects=True, virtual_host="prod")
        came = connect(4, 0xC2, sized("ann"), sized("x")) + PING
        talk.front(came + b"\xc1\0").then(AskLogin())
        talk.login(Login(username="gw", password="pw")).then(
            ToBack(connect(4, 0xC2, sized("prod:gw"), sized("pw"))),
            ToBack(PING),
            f"client byte {len(came)}: PINGREQ with flags that are reserved"
            " (MQTT 3.1.1; MQTT 5 section 2.1.3)",
        )

    def test_no_login(self) -> None:
        """
        A client for whom there is no login hears it in its protocol.
        """
        talk = Dialogue(self, injects=True).front(connect(4)).then(AskLogin())
        talk.login(NoLogin("nobody")).then(connack(4, 5), Close(1008, "nobody"))
        talk = Dialogue(self, injects=True).front(connect(5)).then(AskLogin())
        talk.login(NoLogin("nobody")).then(connack(5, 0x87, b"\x1f" + sized("nobody")), Close(1008, "nobody"))

    def test_refused_login(self) -> None:
        """
        The backend's own refusal reaches the client, and nothing after it; the operator hears of it where the
        login is the gateway's, and no other code is taken for that.
        """
        for version, code in ((4, 5), (5, 0x87)):
            talk = Dialogue(self).front(connect(version)).then(ToBack(connect(version)))
            talk.back(connack(version, code)).then(connack(version, code))
        for version, code, wrong in (
            *((3, 4, True), (4, 4, True), (4, 5, True), (4, 3, False)),
            *((5, 0x86, True), (5, 0x87, True), (5, 0x88, False)),
        ):
            talk = Dialogue(self, injects=True).front(connect(version)).then(AskLogin())
            talk.login(Login(username="gw", password="pw"))
            talk.then(ToBack(connect(version, 0xC2, sized("gw"), sized("pw"))))
            talk.back(connack(version, code))
            talk.then(*([LOGIN_REFUSED] if wrong else []), connack(version, code))

    def test_virtual_host(self) -> None:
        """
        A client's own name is put into the configured virtual host, or refused.
        """
        talk = Dialogue(self, virtual_host="prod").front(connect(4, 0x82, sized("ann")))
        talk.then(ToBack(connect(4, 0x82, sized("prod:ann"))))
        talk = Dialogue(self, virtual_host="prod").front(connect(4, 0x82, sized("x:ann")))
        talk.then(connack(4, 4), Close(1008, "a user name with a colon is none"))

    def test_identifiers(self) -> None:
        """
        A client with an identifier that is not allowed is told so in the code of its version (MQTT 5 section
        3.2.2.2, MQTT 3.1.1 section 3.2.2.3), before anybody asks for a login: it cannot take the session of
        another client of the backend. Others, and those without an identifier, get in.
        """
        words = "the client identifier is not allowed"
        for allowed in ("web-*", "mE", "m"):
            for version, told in ((3, connack(3, 2)), (4, connack(4, 2)), (5, b"")):
                told = told or connack(5, 0x85, b"\x1f" + sized(words))
                talk = Dialogue(self, injects=True, mqtt_client_identifiers=identifiers(allowed))
                talk.front(connect(version)).then(told, Close(1008, words))
        for allowed in ("me", "web-*, m?"):
            talk = Dialogue(self, mqtt_client_identifiers=identifiers(allowed))
            talk.front(connect(4)).then(ToBack(connect(4)))
        nameless = packet(0x10, sized("MQTT"), b"\4\2\0\x3c", sized(""))
        Dialogue(self, mqtt_client_identifiers=identifiers("web-*")).front(nameless).then(ToBack(nameless))

    def test_will(self) -> None:
        """
        A will is a message that the client may not publish where it may not.
        """
        will = (sized("b"), sized("gone"))
        talk = Dialogue(self, policy=policy("publish a")).front(connect(4, 6, *will))
        talk.then(connack(4, 5), Close(1008, "the will's topic is not allowed"))
        fine = connect(4, 6, sized("a"), sized("gone"))
        Dialogue(self, policy=policy("publish a")).front(fine).then(ToBack(fine))

    def test_timeouts(self) -> None:
        """
        Who does not log in in time is told, where the version has words for it.
        """
        Dialogue(self).wait_for_deadline().then(Close(1008, "login timeout"))
        late = Close(1011, "login timeout of the backend")
        Dialogue(self).front(connect()).then(ToBack(connect())).wait_for_deadline().then(connack(4, 3), late)
        words = b"\x1f" + sized("the backend has not answered CONNECT in time")
        talk = Dialogue(self).front(connect(5)).then(ToBack(connect(5)))
        talk.wait_for_deadline().then(connack(5, 0x88, words), late)
        self.assertIsNone(Dialogue(self, login_timeout=0.0).session.deadline)

    def test_text(self) -> None:
        """
        Text messages are no MQTT (MQTT 5 section 6).
        """
        Dialogue(self).front(connect(), Kind.TEXT).then(Close(1003, "MQTT is binary"))


class FaultTests(SynchronousTestCase):
    """What either side hears of a rule that was broken."""

    def test_client(self) -> None:
        """
        What was good reaches the backend; the client is told in DISCONNECT, or before MQTT 5 nothing.
        """
        wrong = publish(5, "a/+")
        what = "topic name with a wildcard in PUBLISH (MQTT 5 section 4.7.1)"
        talk = Dialogue(self).connect(5)
        talk.front(publish(5) + wrong).then(
            ToBack(publish(5)), told(0x90, what), f"client byte {len(connect(5) + publish(5)) + 2}: {what}"
        )
        old = "topic name with a wildcard in PUBLISH (MQTT 3.1.1; MQTT 5 section 4.7.1)"
        Dialogue(self).connect().front(publish(4, "a/+")).then(f"client byte {len(connect()) + 2}: {old}")

    def test_before_connack(self) -> None:
        """
        Until CONNACK has come, it is what tells a client.
        """
        what = "PUBLISH with QoS 3 (MQTT 5 section 3.3.1.2)"
        talk = Dialogue(self).front(connect(5)).then(ToBack(connect(5)))
        talk.front(b"\x36").then(
            connack(5, 0x81, b"\x1f" + sized(what)), f"client byte {len(connect(5))}: {what}"
        )

    def test_connect(self) -> None:
        """
        A version that nobody knows, and a client identifier that is missing, have codes in every version.
        """
        level = "client byte 8: CONNECT with protocol level %d (MQTT 5 section 3.1.2.2)"
        Dialogue(self).front(connect(3, name="MQTT")).then(connack(4, 1), level % 3)
        words = b"\x1f" + sized("CONNECT with protocol level 6 (MQTT 5 section 3.1.2.2)")
        Dialogue(self).front(connect(6)).then(connack(5, 0x84, words), level % 6)
        nameless = packet(0x10, sized("MQTT"), b"\4\0\0\0", sized(""))
        what = "CONNECT without a client identifier (MQTT 3.1.1; MQTT 5 section 3.1.3.1)"
        Dialogue(self).front(nameless).then(connack(4, 2), f"client byte 12: {what}")
        what = "PINGREQ before the connection is made (MQTT 5 section 3.1)"
        Dialogue(self).front(PING).then(f"client byte 0: {what}")

    def test_backend(self) -> None:
        """
        A backend that breaks the protocol: what was good passes, the client hears whose fault it was.
        """
        what = "PUBACK with packet identifier 0 (MQTT 5 section 2.2.1)"
        talk = Dialogue(self).connect(5)
        talk.back(publish(5) + b"\x40\2\0\0").then(
            publish(5),
            told(0x80, f"the backend broke the protocol: {what}"),
            f"backend byte {len(connack(5) + publish(5)) + 2}: {what}",
        )
        what = "PINGRESP before the connection is made (MQTT 3.1.1; MQTT 5 section 3.1)"
        talk = Dialogue(self).front(connect()).then(ToBack(connect()))
        talk.back(PONG).then(connack(4, 3), f"backend byte 0: {what}")

    def test_unasked(self) -> None:
        """
        A SUBACK that nobody asked for is the backend's fault; an identifier in use is the client's.
        """
        Dialogue(self).connect().back(suback(4, 0)).then(
            "backend byte 4: SUBACK that nobody has asked for (MQTT 3.1.1; MQTT 5 section 2.2.1)"
        )
        wish = subscribe(5, "a")
        what = "SUBSCRIBE with packet identifier 9, which is in use (MQTT 5 section 2.2.1)"
        Dialogue(self).connect(5).front(wish * 2).then(
            ToBack(wish), told(0x82, what), f"client byte {len(connect(5) + wish)}: {what}"
        )

    def test_limits_of_the_client(self) -> None:
        """
        A packet longer than the client takes is the backend's fault (MQTT 5 section 3.1.2.11.4), and what
        the gateway says keeps to it.
        """
        small = packet(0x10, sized("MQTT"), b"\5\2\0\0", b"\5\x27\0\0\0\x14", sized(""))
        talk = Dialogue(self).front(small).then(ToBack(small)).back(connack(5)).then(connack(5))
        talk.back(publish(5, payload=b"x" * 20)).then(
            b"\xe0\2\x80\0",
            "backend byte 5: PUBLISH of more than 20 bytes (MQTT 5 section 3.1.2.11.4)",
        )

    def test_receive_maximum(self) -> None:
        """
        Acknowledgements of one side let the other send on (MQTT 5 section 4.9).
        """
        one = publish(5, qos=1)
        talk = Dialogue(self).connect(5, b"\x21\0\1")
        for _ in range(3):
            talk.front(one).then(ToBack(one)).back(b"\x40\2\0\7").then(b"\x40\2\0\7")
        talk.front(one).then(ToBack(one))
        what = "more than 1 PUBLISH that are not acknowledged (MQTT 5 section 4.9)"
        talk.front(one).then(told(0x93, what), f"client byte {len(connect(5) + one * 4)}: {what}")
        asks = packet(0x10, sized("MQTT"), b"\5\2\0\0", b"\3\x21\0\1", sized(""))
        talk = Dialogue(self).front(asks).then(ToBack(asks)).back(connack(5) + one).then(connack(5), one)
        talk.front(b"\x40\2\0\7").then(ToBack(b"\x40\2\0\7")).back(one).then(one)


class PolicyTests(SynchronousTestCase):
    """What a policy keeps from the backend."""

    def test_subscribe(self) -> None:
        """
        Filters that are not allowed are taken out, and their refusal put into the answer.
        """
        for version, code in ((4, 0x80), (5, 0x87)):
            talk = Dialogue(self, policy=policy("subscribe a/#", "publish")).connect(version)
            talk.front(subscribe(version, "b", "a/x", "#")).then(ToBack(subscribe(version, "a/x")))
            talk.back(suback(version, 1)).then(suback(version, code, 1, code))
            talk.front(subscribe(version, "b", "c")).then(suback(version, code, code))
            talk.front(subscribe(version, "a/#")).then(ToBack(subscribe(version, "a/#")))

    def test_publish(self) -> None:
        """
        A message on a topic that is not allowed goes nowhere; in MQTT 5 the publisher hears of it.
        """
        talk = Dialogue(self, policy=policy("publish a/#", deny=["publish a/secret"])).connect(5, b"\x21\0\3")
        wrong = publish(5, "a/secret", qos=1)
        talk.front(publish(5) + wrong * 3 + publish(5)).then(
            ToBack(publish(5)), *[b"\x40\3\0\7\x87"] * 3, ToBack(publish(5))
        )
        talk.front(wrong * 3).then(*[b"\x40\3\0\7\x87"] * 3)
        talk.front(publish(5, "b")).then()
        old = Dialogue(self, policy=policy("publish a/#")).connect(4)
        old.front(publish(4, "b", qos=2)).then(b"\x50\2\0\7")
        old.front(b"\x62\2\0\7" * 2).then(b"\x70\2\0\7", ToBack(b"\x62\2\0\7"))

    def test_aliases(self) -> None:
        """
        A client of MQTT 5 gets no more aliases than the gateway wants to know.
        """
        talk = Dialogue(self, policy=policy("publish a"), mqtt_maximum_topic_aliases=1)
        talk.front(connect(5)).then(ToBack(connect(5)))
        talk.back(connack(5, 0, b"\x22\0\x0a")).then(connack(5, 0, b"\x22\0\1"))
        named, used = (publish(5, topic, b"", b"\x23\0\1") for topic in ("a", ""))
        talk.front(named + used).then(ToBack(named), ToBack(used))
        hidden = publish(5, "b", b"", b"\x23\0\1")
        talk.front(hidden + used).then()

    def test_free(self) -> None:
        """
        Where a policy allows every topic, messages pass without a look at each.
        """
        talk = Dialogue(self, policy=policy("publish", "subscribe")).connect()
        talk.front(publish() * 3).then(ToBack(publish() * 3))
        talk.back(publish() * 2).then(publish(), publish())

    def test_apart(self) -> None:
        """
        Where messages are counted for a rate, each goes on by itself.
        """
        talk = Dialogue(self, apart=True).connect()
        talk.front(publish() * 2).then(ToBack(publish()), ToBack(publish()))


class ReportTests(SynchronousTestCase):
    """What is counted."""

    def test_report(self) -> None:
        """
        Packets that passed, by side and type, each told once; what was refused is told as that.
        """
        talk = Dialogue(self, policy=policy("publish a/b", "subscribe a")).connect()
        talk.front(publish() * 3 + publish(4, "x") + PING).then(*[ToBack(publish())] * 3, ToBack(PING))
        talk.front(subscribe(4, "b", "c")).then(suback(4, 0x80, 0x80))
        passed = {(Side.FRONT, "CONNECT"): 1, (Side.FRONT, "PUBLISH"): 3, (Side.FRONT, "PINGREQ"): 1}
        refused = {(Side.FRONT, "refused publish"): 1, (Side.FRONT, "refused subscribe"): 2}
        told = {**passed, **refused, (Side.BACK, "CONNACK"): 1}
        self.assertEqual((counted(talk.session), counted(talk.session)), (told, {}))


FRONT = connect(5, 0xC2, sized("ann"), sized("x")) + subscribe(5, "a", "b") + publish(5, qos=1) * 2 + b"\x36"
BACK = connack(5, 0, b"\x21\0\1") + suback(5, 0) + publish(5) * 2 + b"\x40\2\0\7" + b"\xd0\1"


def outcome(front: list[bytes], back: list[bytes]) -> tuple[bytes, list[object]]:
    """What a session of a fixed policy says of a client's parts, and, once CONNECT has come, a backend's."""
    talk = Dialogue(SynchronousTestCase(), policy=policy("publish", "subscribe a"))
    up: list[object] = []
    down: list[object] = []
    for part in front:
        if any(type(order) is str for order in up):
            break
        up += done(talk.session.from_front(part, Kind.BINARY, 0.0), ToBack)
    for part in back:
        down += done(talk.session.from_back(part, 0.0), bytes)
    data = b"".join(order.data for order in up if isinstance(order, ToBack))
    return data, [order for order in up if not isinstance(order, ToBack)] + down


class CutTests(SynchronousTestCase):
    """Where streams are cut never matters."""

    def test_every_cut(self) -> None:
        """
        The same passes, and the same is told, for every cut of either stream.
        """
        whole = outcome([FRONT], [BACK])
        self.assertIn(connect(5, 0xC2, sized("ann"), sized("x")) + subscribe(5, "a"), whole[0])
        for cut in range(1, len(FRONT)):
            self.assertEqual(outcome([FRONT[:cut], FRONT[cut:]], [BACK]), whole, cut)
        for cut in range(1, len(BACK)):
            self.assertEqual(outcome([FRONT], [BACK[:cut], BACK[cut:]]), whole, cut)
        self.assertEqual(outcome([FRONT[i : i + 1] for i in range(len(FRONT))], [BACK]), whole)

    @given(st.lists(st.integers(0, len(FRONT)), max_size=9))
    def test_any_cuts(self, cuts: list[int]) -> None:
        """
        Any cuts at all.
        """
        parts = [FRONT[a:b] for a, b in pairwise([0, *sorted(cuts), len(FRONT)])]
        self.assertEqual(outcome(parts, [BACK]), outcome([FRONT], [BACK]))

    @given(st.lists(st.binary(max_size=20), max_size=9), st.lists(st.binary(max_size=20), max_size=9))
    def test_any_bytes(self, front: list[bytes], back: list[bytes]) -> None:
        """
        Whatever comes from either side, nothing but a violation ends it.
        """
        session = MqttSession(Link(peer="", options=DEFAULTS))
        session.opened(0.0)
        done(session.from_front(connect(5), Kind.BINARY, 0.0), ToBack)
        said: list[object] = []
        for part in front:
            said += done(session.from_front(part, Kind.BINARY, 0.0), ToBack)
        for part in back:
            said += done(session.from_back(part, 0.0), bytes)
        passed = b"".join(order.data for order in said if isinstance(order, ToBack))
        again = Settings(version=0).scanner()
        again.feed(connect(5) + passed)
        self.assertEqual((again.fault, again.pending), (None, 0))
