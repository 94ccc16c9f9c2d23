"""The SASL layer of AMQP 1.0, and the gateway's own login in it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.adapters import Login
from kaazing.wire import amqp_one_sasl as frames
from kaazing.wire import sasl
from kaazing.wire.amqp_one import SASL_TYPE, Performative, frame, parse
from kaazing.wire.amqp_one_sasl import Denied, Proof, Turns
from kaazing.wire.amqp_one_types import Checker, Malformed


def said(wire: bytes) -> Performative:
    """Return what a frame carries."""
    what = parse(wire, Checker(), SASL_TYPE)
    assert what is not None
    return what


MECHANISMS = said(frames.mechanisms(["PLAIN", "EXTERNAL"]))
INIT = said(frames.init("PLAIN", b""))
CHALLENGE = said(frame(b"\0\x53\x42\xc0\3\1\xa0\0", kind=SASL_TYPE))
RESPONSE = said(frames.response(b""))
OUTCOME = said(frames.outcome(0))


class FramesTests(SynchronousTestCase):
    """What is said in it."""

    def test_fields(self) -> None:
        """
        Each frame has its fields; an initial response may be missing.
        """
        self.assertEqual(said(frames.mechanisms(["A"])).names("sasl-server-mechanisms"), ["A"])
        init = said(frames.init("PLAIN", b"\0a\0b"))
        self.assertEqual([init.get("mechanism"), init.get("initial-response")], ["PLAIN", b"\0a\0b"])
        self.assertIsNone(said(frames.init("EXTERNAL", None)).get("initial-response"))
        self.assertEqual(said(frames.response(b"x")).get("response"), b"x")
        self.assertEqual(said(frames.outcome(1)).get("code"), 1)


class TurnsTests(SynchronousTestCase):
    """Who may say what in the SASL layer (section 5.3.2)."""

    def refused(self, *turns: tuple[Performative, bool]) -> None:
        """All but the last may come."""
        layer = Turns()
        for what, client in turns[:-1]:
            layer.admit(what, client)
        with self.assertRaises(Malformed) as caught:
            layer.admit(*turns[-1])
        self.assertEqual(caught.exception.what, f"{turns[-1][0].name} out of turn")

    def test_order(self) -> None:
        """
        Mechanisms, init, any number of challenges with responses, outcome; init may be the first.
        """
        for first, second in (((MECHANISMS, False), (INIT, True)), ((INIT, True), (MECHANISMS, False))):
            layer = Turns()
            for what, client in (
                first,
                second,
                *((CHALLENGE, False), (RESPONSE, True)) * 3,
                (OUTCOME, False),
            ):
                layer.admit(what, client)
            self.assertEqual(layer.code, 0)

    def test_out_of_turn(self) -> None:
        """
        Nothing comes twice, too early, or from the wrong side.
        """
        offered, begun = (MECHANISMS, False), (INIT, True)
        self.refused(offered, offered)
        self.refused(begun, begun)
        self.refused((MECHANISMS, True))
        self.refused((INIT, False))
        self.refused(offered, (CHALLENGE, False))
        self.refused(begun, (OUTCOME, False))
        self.refused(offered, begun, (RESPONSE, True))
        self.refused(offered, begun, (CHALLENGE, False), (CHALLENGE, False))
        self.refused(offered, begun, (OUTCOME, False), (OUTCOME, False))


class ProofTests(SynchronousTestCase):
    """The gateway's login at a backend."""

    def test_plain(self) -> None:
        """
        The mechanism is chosen, the login sent, and taken.
        """
        proof = Proof(Login(username="gw", password="pw"))
        self.assertEqual(proof.hear(MECHANISMS), frames.init("PLAIN", b"\0gw\0pw"))
        self.assertIsNone(proof.hear(OUTCOME))

    def test_external(self) -> None:
        """
        Without a username it is EXTERNAL: the certificate of the connection says who it is.
        """
        self.assertEqual(Proof(Login(username="")).hear(MECHANISMS), frames.init("EXTERNAL", b""))

    def test_denied(self) -> None:
        """
        A refusal has its code; no mechanism in common is permanent.
        """
        proof = Proof(Login(username="gw", password="pw"))
        proof.hear(MECHANISMS)
        self.assertEqual(self.assertRaises(Denied, proof.hear, said(frames.outcome(4))).code, 4)
        proof = Proof(Login(username="gw", mechanism="SCRAM-SHA-1"))
        self.assertEqual(self.assertRaises(Denied, proof.hear, MECHANISMS).code, 3)

    def test_goes_on(self) -> None:
        """
        A server that challenges where nothing is left to say is refused.
        """
        proof = Proof(Login(username="gw", password="pw"))
        proof.hear(MECHANISMS)
        self.assertRaises(sasl.Refused, proof.hear, CHALLENGE)
