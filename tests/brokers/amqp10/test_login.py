"""The login that comes before all else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scramp import ScramMechanism
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp10.login import MOST, Entrance
from kaazing.errors import BrokerLost, BrokerRefused, GatewayError
from kaazing.interfaces.adapters import Login
from kaazing.wire.amqp_one import PLAIN_HEADER, SASL_HEADER, SASL_TYPE, Performative, frame, parse
from kaazing.wire.amqp_one_sasl import init, mechanisms, outcome, response
from kaazing.wire.amqp_one_types import Checker, binary, described

ALICE = Login(username="alice", password="wonder")
CHALLENGE = 0x42  # AMQP 1.0 section 5.3.3.3


class Entered:
    """An entrance, and what comes of it.

    Attributes:
        sent: to the broker.
        work: what takes long, with the Deferred of its result.
        rest: what the broker said after it let us in; None before.
        refused: why there is no way in.
    """

    def __init__(self, login: Login | None = ALICE) -> None:
        self.sent: list[bytes] = []
        self.work: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        self.rest: bytes | None = None
        self.refused: list[GatewayError] = []
        self.entrance = Entrance(
            login,
            send=self.sent.append,
            compute=self._compute,
            entered=self._entered,
            refused=self.refused.append,
        )

    def _compute(self, work: Callable[[], Any]) -> Deferred[Any]:
        self.work.append((work, Deferred()))
        return self.work[-1][1]

    def _entered(self, rest: bytes) -> None:
        self.rest = rest

    def outcome(self) -> tuple[Any, ...]:
        """Return all that has come of it."""
        return self.sent, self.rest, [(type(why), str(why)) for why in self.refused]


def hear(login: Login | None, *said: bytes) -> tuple[Any, ...]:
    """Return what comes of a broker that says so, cut anywhere: the same each time."""
    whole, outcomes = b"".join(said), []
    for size in (1, 3, len(whole) + 1):
        entered = Entered(login)
        for at in range(0, len(whole), size):
            if entered.rest is None:
                entered.entrance.received(whole[at : at + size])
            else:
                entered.rest += whole[at : at + size]
        outcomes.append(entered.outcome())
    assert outcomes[0] == outcomes[1] == outcomes[2], outcomes
    return outcomes[0]


class EntranceTests(SynchronousTestCase):
    """What is said, and what it leads to."""

    def refused(self, login: Login | None, *said: bytes) -> tuple[type, str]:
        """Return the one reason for which there is no way in."""
        _, rest, (why,) = hear(login, *said)
        self.assertIsNone(rest)
        of, text = why
        return of, text

    def test_let_in(self) -> None:
        """
        With a password, a certificate, or as nobody in particular; what the broker has said behind is kept.
        """
        offered = mechanisms(["ANONYMOUS", "EXTERNAL", "PLAIN"])
        for login, said in (
            (ALICE, init("PLAIN", b"\0alice\0wonder")),
            (Login(username=""), init("EXTERNAL", b"")),
            (None, init("ANONYMOUS", b"")),
        ):
            made = hear(login, SASL_HEADER, offered, outcome(0), PLAIN_HEADER, b"more")
            self.assertEqual(made, ([SASL_HEADER, said], PLAIN_HEADER + b"more", []))

    def test_scram(self) -> None:
        """
        A password that the broker does not hear: the proof is made elsewhere, and the broker proves itself.
        """
        entered = Entered()
        server = self.scram(entered)
        (work, done) = entered.work[0]
        entered.entrance.received(b"")
        self.assertEqual(len(entered.sent), 2)
        done.callback(work())
        server.set_client_final(self.field(entered.sent[2], "response").decode())
        final = server.get_server_final().encode()
        entered.entrance.received(frame(described(CHALLENGE, (binary(final),)), kind=SASL_TYPE))
        entered.entrance.received(outcome(0))
        self.assertEqual((entered.sent[3:], entered.rest, entered.refused), ([response(b"")], b"", []))

    def scram(self, entered: Entered) -> Any:
        """Say what a server says up to its challenge; return its side of SCRAM."""
        mechanism = ScramMechanism("SCRAM-SHA-256")
        salt, stored, key, count = mechanism.make_auth_info("wonder", iteration_count=4096)
        server = mechanism.make_server(lambda user: (salt, stored, key, count))
        entered.entrance.received(SASL_HEADER + mechanisms(["PLAIN", "SCRAM-SHA-256"]))
        server.set_client_first(self.field(entered.sent[1], "initial-response").decode())
        first = server.get_server_first().encode()
        entered.entrance.received(frame(described(CHALLENGE, (binary(first),)), kind=SASL_TYPE))
        return server

    def field(self, wire: bytes, name: str) -> bytes:
        """Return a field of a frame."""
        what: Performative | None = parse(wire, Checker(), SASL_TYPE)
        assert what is not None
        value = what.get(name)
        assert isinstance(value, bytes)
        return value

    def test_gone_meanwhile(self) -> None:
        """
        A proof for a connection that is gone is for nobody.
        """
        entered = Entered()
        self.scram(entered)
        entered.entrance.leave()
        (work, done) = entered.work[0]
        done.callback(work())
        self.assertEqual((len(entered.sent), entered.refused), (2, []))

    def test_no_proof(self) -> None:
        """
        A proof that cannot be made ends it.
        """
        entered = Entered()
        self.scram(entered)
        entered.work[0][1].errback(ValueError("wonder"))
        why = "the broker gets no proof of the password: none can be made"
        self.assertEqual([str(each) for each in entered.refused], [why])

    def test_refused(self) -> None:
        """
        A wrong login is refused for good; a broker that has a bad time may be better later.
        """
        begin = (SASL_HEADER, mechanisms(["PLAIN"]))
        self.assertEqual(
            self.refused(ALICE, *begin, outcome(1)), (BrokerRefused, "the broker refuses the login")
        )
        self.assertEqual(self.refused(ALICE, *begin, outcome(4))[0], BrokerLost)
        why = "the broker: nobody is let in without a login"
        self.assertEqual(self.refused(None, *begin), (BrokerRefused, why))
        why = "the broker: the backend has no mechanism that can be used"
        self.assertEqual(self.refused(Login(username=""), *begin), (BrokerRefused, why))

    def test_no_sasl(self) -> None:
        """
        Something that is no broker of AMQP 1.0.
        """
        why = "the broker: it does not do SASL of AMQP 1.0"
        self.assertEqual(self.refused(ALICE, b"AMQP\0\0\x09\x01"), (BrokerRefused, why))
        of, said = self.refused(ALICE, b"HTTP/1.1 400 Bad Request\r\n")
        self.assertEqual((of, said[:38]), (BrokerLost, "the broker speaks no SASL of AMQP 1.0:"))
        self.assertEqual(self.refused(ALICE, SASL_HEADER, frame(b"", kind=SASL_TYPE))[0], BrokerLost)

    def test_too_much(self) -> None:
        """
        A broker that talks on while the proof is made is left.
        """
        entered = Entered()
        self.scram(entered)
        for _ in range(MOST // 1000 + 1):
            entered.entrance.received(b"x" * 1000)
        why = "the broker says too much before it lets us in"
        self.assertEqual([str(each) for each in entered.refused], [why])

    @given(
        st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([SASL_HEADER, outcome(0)])), max_size=6)
    )
    def test_rubbish(self, said: list[bytes]) -> None:
        """
        Whatever is said lets us in, is refused once, or is waited with; nobody is let in unasked.
        """
        sent, rest, refused = hear(ALICE, *said)
        self.assertEqual((sent, rest), ([SASL_HEADER], None))
        self.assertLessEqual(len(refused), 1)
