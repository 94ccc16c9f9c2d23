"""Tests for L{kaazing.adapters.amqp.nine_opening}: how a connection begins."""

from __future__ import annotations

from typing import Any

import scramp
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.base import LOGIN_REFUSED
from kaazing.interfaces.adapters import Close, Kind, Login, NoLogin, ToBack, ToFront
from kaazing.wire.amqp import HEARTBEAT, PREAMBLE, decode, encode
from tests.adapters.amqp.dialogue import (
    CLIENT,
    OPEN,
    OPEN_OK,
    SERVER,
    START,
    START_OK,
    TUNE,
    TUNE_OK,
    Dialogue,
)

GATEWAY = Login(username="gw", password="hidden")
SHOWN = encode(0, "connection.start", 0, 9, SERVER, b"PLAIN AMQPLAIN EXTERNAL ANONYMOUS", b"en_US")


def close(code: int, text: str, key: int = 0) -> bytes:
    """Return connection.close."""
    return encode(0, "connection.close", code, text, key >> 16, key & 0xFFFF)


def ours(data: bytes) -> ToFront:
    """What the session itself says to the client, in a binary message."""
    return ToFront(data, Kind.BINARY)


class OpeningTests(SynchronousTestCase):
    def test_own_login(self) -> None:
        """
        Without a login of the gateway's the client's passes, and all else as it came.
        """
        dialogue = Dialogue(self).connect()
        self.assertIsNone(dialogue.session.deadline)

    def test_challenges(self) -> None:
        """
        A backend may ask for more than one response, as often as it likes.
        """
        secure, secure_ok = encode(0, "connection.secure", b"?"), encode(0, "connection.secure-ok", b"!")
        dialogue = Dialogue(self).start().front(START_OK).then(ToBack(START_OK))
        for _ in range(2):
            dialogue.back(secure).then(ToFront(secure))
            dialogue.front(secure_ok).then(ToBack(secure_ok))
        dialogue.back(TUNE).then(ours(TUNE))

    def test_turns(self) -> None:
        """
        Each method comes in its turn (section 2.2.4), and what comes out of it goes no further.
        """
        text = "connection.tune-ok where start-ok has to come (AMQP 0-9-1 section 2.2.4)"
        refusal = ours(close(503, text, 10 << 16 | 31))
        Dialogue(self).start().front(TUNE_OK).then(refusal, f"client byte 8: {text}")
        text = "connection.tune where start-ok has to come (AMQP 0-9-1 section 2.2.4)"
        refusal = ours(close(503, f"the backend broke the protocol: {text}", 10 << 16 | 30))
        Dialogue(self).start().back(TUNE).then(refusal, f"backend byte {len(START)}: {text}")
        text = "heartbeat where start-ok has to come (AMQP 0-9-1 section 2.2.4)"
        said = f"client byte 8: {text}"
        Dialogue(self).start().front(HEARTBEAT).then(ours(close(503, text)), said)

    def test_every_cut(self) -> None:
        """
        An opening goes the same way byte by byte.
        """
        dialogue = Dialogue(self)
        heard = []
        for side, data in ((dialogue.front, PREAMBLE), (dialogue.back, START), (dialogue.front, START_OK)):
            for at in range(len(data)):
                heard += side(data[at : at + 1])._said
                dialogue._said = []
        self.assertEqual(heard, [ToBack(PREAMBLE), ToFront(START), ToBack(START_OK)])

    def test_heart_beats(self) -> None:
        """
        Heart-beats may come as soon as they are agreed on.
        """
        dialogue = Dialogue(self).start().front(START_OK).then(ToBack(START_OK))
        dialogue.back(TUNE).then(ours(TUNE))
        dialogue.front(TUNE_OK + HEARTBEAT).then(ToBack(TUNE_OK), ToBack(HEARTBEAT))
        dialogue.back(HEARTBEAT).then(ToFront(HEARTBEAT))
        dialogue.front(OPEN).then(ToBack(OPEN))

    def test_other_version(self) -> None:
        """
        A backend that answers with its own eight bytes: the client hears them, and is closed.
        """
        dialogue = Dialogue(self).front(PREAMBLE).then(ToBack(PREAMBLE))
        dialogue.back(b"AMQP\0\0").then()
        dialogue.back(b"\x09\0").then(
            ours(b"AMQP\0\0\x09\0"), Close(1002, "the backend does not speak AMQP 0-9-1")
        )

    def test_closed(self) -> None:
        """
        Either side may close before the connection is open; the other answers.
        """
        bye, ok = close(530, "no such vhost"), encode(0, "connection.close-ok")
        Dialogue(self).start().back(bye).then(ToFront(bye)).front(ok).then(ToBack(ok))
        Dialogue(self).start().front(bye).then(ToBack(bye)).back(ok).then(ToFront(ok))

    def test_timeouts(self) -> None:
        """
        The opening ends in time; the client is told who was late.
        """
        text = "CONNECTION_FORCED - login timeout"
        dialogue = Dialogue(self, login_timeout=5.0).start()
        dialogue.wait_for_deadline().then(ours(close(320, text)), Close(1008, "login timeout"))
        dialogue = Dialogue(self).start().front(START_OK).then(ToBack(START_OK))
        late = Close(1011, "login timeout of the backend")
        dialogue.wait_for_deadline().then(ours(close(320, f"{text} of the backend")), late)
        bye = close(403, "no")
        dialogue = Dialogue(self).start().back(bye).then(ToFront(bye))
        dialogue.wait_for_deadline().then(Close(1008, "login timeout"))

    def test_virtual_host(self) -> None:
        """
        The configured virtual host takes the place of the client's.
        """
        dialogue = Dialogue(self, virtual_host="tenant").start().front(START_OK).then(ToBack(START_OK))
        dialogue.back(TUNE).then(ours(TUNE)).front(TUNE_OK).then(ToBack(TUNE_OK))
        dialogue.front(OPEN).then(ToBack(encode(0, "connection.open", "tenant", "", 0)))
        dialogue.back(OPEN_OK).then(ToFront(OPEN_OK))


class TuneTests(SynchronousTestCase):
    def told(self, tune: tuple[int, int, int], **options: Any) -> tuple[Dialogue, list[int]]:
        """The dialogue after connection.tune, and what the client is told."""
        dialogue = Dialogue(self, **options).start().front(START_OK).then(ToBack(START_OK))
        (order,) = dialogue.back(encode(0, "connection.tune", *tune))._said
        dialogue._said = []
        return dialogue, decode(order.data)

    def test_told(self) -> None:
        """
        The client is told no more than the configuration allows; 0 means without limit.
        """
        self.assertEqual(self.told((2047, 131072, 60))[1], [2047, 131072, 60])
        limits: dict[str, Any] = {"amqp_maximum_channels": 10, "amqp_maximum_frame_size": 8192}
        self.assertEqual(self.told((2047, 131072, 60), **limits)[1], [10, 8192, 60])
        self.assertEqual(self.told((0, 0, 0), **limits)[1], [10, 8192, 0])

    def test_agreed(self) -> None:
        """
        The client may agree to less, but to no more, and 0 is more.
        """
        for channels, size in ((2047, 131072), (1, 4096)):
            dialogue, _ = self.told((2047, 131072, 60))
            tune_ok = encode(0, "connection.tune-ok", channels, size, 0)
            dialogue.front(tune_ok).then(ToBack(tune_ok))
        place = len(PREAMBLE + START_OK)
        for channels, size, what in (
            (0, 8192, "channel-max is not from 1 to 2047"),
            (2048, 8192, "channel-max is not from 1 to 2047"),
            (9, 0, "frame-max is not from 4096 to 131072"),
            (9, 4095, "frame-max is not from 4096 to 131072"),
            (9, 131073, "frame-max is not from 4096 to 131072"),
        ):
            dialogue, _ = self.told((2047, 131072, 60))
            text = f"{what} (AMQP 0-9-1 connection.tune-ok)"
            dialogue.front(encode(0, "connection.tune-ok", channels, size, 60)).then(
                ours(close(503, text, 10 << 16 | 31)), f"client byte {place}: {text}"
            )


class InjectionTests(SynchronousTestCase):
    def asked(self, mechanisms: bytes = b"PLAIN") -> Dialogue:
        """A dialogue in which the client has sent start-ok, and the session asks who the gateway is."""
        dialogue = Dialogue(self, injects=True)
        dialogue.front(PREAMBLE).then(ToBack(PREAMBLE))
        dialogue.back(encode(0, "connection.start", 0, 9, SERVER, mechanisms, b"en_US")).then(ToFront(SHOWN))
        return dialogue.front(START_OK).asks()

    def test_plain(self) -> None:
        """
        The gateway's login takes the place of the client's, which nobody else hears; what the client says
        of itself stays. It may choose any common mechanism, whatever the backend offers.
        """
        said = encode(0, "connection.start-ok", CLIENT, "PLAIN", b"\0gw\0hidden", "en_US")
        dialogue = self.asked().login(GATEWAY).then(ToBack(said))
        dialogue.back(TUNE).then(ours(TUNE)).front(TUNE_OK).then(ToBack(TUNE_OK))

    def test_amqplain(self) -> None:
        """
        AMQPLAIN, where the backend has nothing else.
        """
        table = b"\x05LOGINS\0\0\0\x02gw\x08PASSWORDS\0\0\0\x06hidden"
        said = encode(0, "connection.start-ok", CLIENT, "AMQPLAIN", table, "en_US")
        self.asked(b"AMQPLAIN").login(GATEWAY).then(ToBack(said))

    def test_scram(self) -> None:
        """
        SCRAM: the gateway answers the challenges itself, and the backend has to prove itself too.
        """
        dialogue = self.asked(b"SCRAM-SHA-256 PLAIN").login(GATEWAY)
        (order,) = dialogue._said
        dialogue._said = []
        _, mechanism, first, _ = decode(order.data)
        self.assertEqual(mechanism, "SCRAM-SHA-256")
        known = scramp.ScramMechanism("SCRAM-SHA-256").make_auth_info("hidden", iteration_count=4096)
        server = scramp.ScramMechanism("SCRAM-SHA-256").make_server(lambda user: known)
        server.set_client_first(first.decode())
        dialogue.back(encode(0, "connection.secure", server.get_server_first().encode())).asks().compute()
        (order,) = dialogue._said
        dialogue._said = []
        server.set_client_final(decode(order.data)[0].decode())
        proof = encode(0, "connection.secure", server.get_server_final().encode())
        dialogue.back(proof).then(ToBack(encode(0, "connection.secure-ok", b"")))
        dialogue.back(TUNE).then(ours(TUNE))

    def test_no_proof(self) -> None:
        """
        A backend that wants no proof of the gateway's with SCRAM does not have it either: no login.
        """
        dialogue = self.asked(b"SCRAM-SHA-256").login(GATEWAY)
        dialogue._said = []
        text = "ACCESS_REFUSED - SCRAM-SHA-256: the server does not prove that it knows the password"
        dialogue.back(TUNE).then(ours(close(403, text)), Close(1011, text[17:]))

    def test_bad_challenge(self) -> None:
        """
        A challenge that is none ends the login.
        """
        dialogue = self.asked().login(GATEWAY)
        dialogue._said = []
        text = "ACCESS_REFUSED - the server goes on after PLAIN is complete"
        order = ours(close(403, text))
        dialogue.back(encode(0, "connection.secure", b"?")).then(order, Close(1011, text[17:]))

    def test_no_login(self) -> None:
        """
        A client that there is no login for is told why.
        """
        text = "ACCESS_REFUSED - nobody is logged in"
        self.asked().login(NoLogin("nobody is logged in")).then(
            ours(close(403, text)), Close(1008, text[17:])
        )

    def test_no_mechanism(self) -> None:
        """
        A backend that offers nothing the gateway has.
        """
        text = "ACCESS_REFUSED - the backend offers no mechanism that the gateway can log in with"
        self.asked(b"CRAM").login(GATEWAY).then(ours(close(403, text)), Close(1011, text[17:]))

    def test_refused(self) -> None:
        """
        A backend that closes with 403 after the gateway's login has refused it: the client hears it as it
        came, and the operator that the login is wrong; not of another code, or of the client's own login.
        """
        for code, complaints in ((403, [LOGIN_REFUSED]), (541, [])):
            dialogue = self.asked().login(GATEWAY)
            dialogue._said = []
            dialogue.back(close(code, "no")).then(*complaints, ToFront(close(code, "no")))
        dialogue = Dialogue(self).start().front(START_OK).then(ToBack(START_OK))
        dialogue.back(close(403, "no")).then(ToFront(close(403, "no")))

    def test_hung_up(self) -> None:
        """
        A backend that hangs up after the login has refused it: the client is told so in its protocol.
        """
        text = "ACCESS_REFUSED - the backend has closed the connection after the login"
        orders = ours(close(403, text)), Close(1008, text[17:])
        dialogue = self.asked().login(GATEWAY)
        dialogue._said = []
        dialogue.back_ended().then(*orders)
        Dialogue(self).start().front(START_OK).then(ToBack(START_OK)).back_ended().then(*orders)
        Dialogue(self).start().back_ended().then()
        bye = close(403, "wrong")
        dialogue = Dialogue(self).start().front(START_OK).then(ToBack(START_OK))
        dialogue.back(bye).then(ToFront(bye)).back_ended().then()
