"""Tests for L{kaazing.adapters.xmpp.server}."""

from __future__ import annotations

import base64
from typing import Any

from scramp import ScramMechanism
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.base import LOGIN_REFUSED
from kaazing.interfaces.adapters import AskLogin, Close, Compute, Login, NoLogin, StartTls, ToBack
from tests.adapters.xmpp.dialogue import (
    AUTH,
    BIND,
    CLOSE,
    FRAMED,
    FROM,
    PLAIN,
    SASL,
    SCRAM,
    STARTTLS,
    STREAM,
    STREAM_END,
    SUCCESS,
    TO,
    Dialogue,
    alone,
    error,
    features,
    passed,
    policy,
    to_client,
)

PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
OFFERED = b"<mechanisms %s><mechanism>PLAIN</mechanism><mechanism>ANONYMOUS</mechanism></mechanisms>" % SASL
LOGIN = Login(username="gw", password="pw")
REASON = "the backend broke the protocol: "


def failure(condition: bytes, text: bytes = b"") -> Any:
    """Return the order to tell the client that its login has failed."""
    words = b"<text xml:lang='en'>%s</text>" % text if text else b""
    return to_client(b"<failure %s><%s/>%s</failure>" % (SASL, condition, words))


STORED = ScramMechanism("SCRAM-SHA-1").make_auth_info("pw")


def _decoded(wire: bytes) -> str:
    """Return what an element says in base64."""
    return base64.b64decode(wire.partition(b">")[2].partition(b"<")[0]).decode()


class EncryptionTests(SynchronousTestCase):
    """STARTTLS, which the gateway does and the client never sees (RFC 7395 section 3.9)."""

    def test_hidden(self) -> None:
        """
        Where the backend offers it, the connection is encrypted before the client hears of anything.
        """
        talk = Dialogue(self).open(STARTTLS, PLAIN).then(ToBack(STARTTLS))
        talk.back(PROCEED).then(StartTls())
        talk.secured().then(ToBack(STREAM % TO))
        talk.back(STREAM % FROM.replace(b"7", b"8") + features(PLAIN)).then(
            to_client(FRAMED % FROM.replace(b"7", b"8")), to_client(alone(features(PLAIN)))
        )

    def test_never(self) -> None:
        """
        It can be switched off, and is not offered to the client then either.
        """
        talk = Dialogue(self, xmpp_starttls="never").open(STARTTLS, PLAIN)
        talk.then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN))))

    def test_encrypted_already(self) -> None:
        """
        A connection that is encrypted from its first byte is not encrypted again.
        """
        talk = Dialogue(self, encrypted=True, xmpp_starttls="required").open(STARTTLS, PLAIN)
        talk.then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN))))

    def test_required(self) -> None:
        """
        Where it is required, a backend that does not offer it gets no login.
        """
        Dialogue(self, xmpp_starttls="required").open(PLAIN).then(
            to_client(FRAMED % b" from='x' id='0' version='1.0'"),
            error("remote-connection-failed", "the backend offers no encryption"),
            to_client(CLOSE),
            Close(1014, "the backend offers no encryption"),
        )

    def test_refused(self) -> None:
        """
        A backend that offers it and then refuses is given up.
        """
        talk = Dialogue(self).open(STARTTLS).then(ToBack(STARTTLS))
        talk.back(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").then(
            to_client(FRAMED % b" from='x' id='0' version='1.0'"),
            error("remote-connection-failed", "the backend refuses encryption"),
            to_client(CLOSE),
            Close(1014, "the backend refuses encryption"),
        )

    def test_injected_bytes(self) -> None:
        """
        Bytes behind the consent would be taken for encrypted ones: somebody in between put them there.
        """
        talk = Dialogue(self).open(STARTTLS).then(ToBack(STARTTLS))
        what = "bytes behind the consent to TLS (RFC 6120 section 5.3.4)"
        place = len(STREAM % FROM + features(STARTTLS) + PROCEED)
        talk.back(PROCEED + features(PLAIN)).then(
            to_client(FRAMED % b" from='x' id='0' version='1.0'"),
            error("internal-server-error", REASON + what),
            to_client(CLOSE),
            f"backend byte {place}: {what}",
        )


class LoginTests(SynchronousTestCase):
    """The gateway logs in, whoever the client says it is."""

    def ready(self, *offered: bytes) -> Dialogue:
        """Let the client see what it is offered."""
        talk = Dialogue(self, injects=True).open(*offered)
        return talk.then(to_client(FRAMED % FROM), to_client(alone(features(OFFERED))))

    def test_plain(self) -> None:
        """
        The client's login is replaced by the gateway's.
        """
        talk = self.ready(PLAIN).front(AUTH).then(AskLogin())
        talk.login(LOGIN).then(ToBack(AUTH.replace(b"AGEAYg==", base64.b64encode(b"\0gw\0pw"))))
        talk.back(SUCCESS).then(to_client(SUCCESS))
        talk.open(BIND).then(to_client(FRAMED % FROM), to_client(alone(features(BIND))))

    def test_anonymous(self) -> None:
        """
        A client may have no name at all.
        """
        self.ready(PLAIN).front(b"<auth %s mechanism='ANONYMOUS'/>" % SASL).then(AskLogin())

    def test_scram(self) -> None:
        """
        SCRAM is taken where there is it (RFC 5802): the proof is computed elsewhere, and what the
        backend says meanwhile waits.
        """
        talk = self.ready(SCRAM).front(AUTH).then(AskLogin())
        (said,) = talk.login(LOGIN).heard()
        first = base64.b64decode(said.data.partition(b">")[2].partition(b"<")[0])
        self.assertTrue(first.startswith(b"n,,n=gw,r="), first)
        nonce = first.partition(b"r=")[2] + b"x"
        challenge = base64.b64encode(b"r=%s,s=QSXCR+Q6sek8bf92,i=4096" % nonce)
        (compute,) = talk.back(b"<challenge %s>%s</challenge>" % (SASL, challenge)).heard()
        self.assertIsInstance(compute, Compute)
        talk.computed(b"proof").then(ToBack(b"<response %s>cHJvb2Y=</response>" % SASL))

    def test_scram_in_three_steps(self) -> None:
        """
        A backend may prove itself by a challenge, which wants an empty response (RFC 4422 section 3.6).
        """
        talk = self.ready(SCRAM).front(AUTH).then(AskLogin())
        (said,) = talk.login(LOGIN).heard()
        server = ScramMechanism("SCRAM-SHA-1").make_server(lambda _: STORED)
        server.set_client_first(_decoded(said.data))
        first = base64.b64encode(server.get_server_first().encode())
        (compute,) = talk.back(b"<challenge %s>%s</challenge>" % (SASL, first)).heard()
        (said,) = talk.computed(compute.work()).heard()
        server.set_client_final(_decoded(said.data))
        last = base64.b64encode(server.get_server_final().encode())
        talk.back(b"<challenge %s>%s</challenge>" % (SASL, last)).then(
            ToBack(b"<response %s></response>" % SASL)
        )
        talk.back(SUCCESS).then(to_client(SUCCESS))

    def test_wrong_login(self) -> None:
        """
        What the backend says of the gateway's login is told as the client's own, which may try again, and
        to the operator.
        """
        talk = self.ready(PLAIN).front(AUTH).then(AskLogin())
        talk.login(LOGIN).heard()
        talk.back(b"<failure %s><not-authorized/><text>gw?</text></failure>" % SASL)
        talk.then(LOGIN_REFUSED, failure(b"not-authorized"))
        talk.front(AUTH).then(AskLogin())
        talk.login(NoLogin("nobody knows you")).then(failure(b"not-authorized", b"nobody knows you"))

    def test_backend_without_proof(self) -> None:
        """
        A backend that takes the login without knowing the password is none to talk to.
        """
        talk = self.ready(SCRAM).front(AUTH).then(AskLogin())
        talk.login(LOGIN).heard()
        heard = talk.back(SUCCESS).heard()
        self.assertEqual(heard[:2], [failure(b"temporary-auth-failure"), to_client(CLOSE)])
        self.assertIn("SCRAM-SHA-1: the server does not prove that it knows the password", heard[2])

    def test_no_mechanism(self) -> None:
        """
        A backend without a mechanism for the login is told of in the log.
        """
        talk = self.ready(b"<mechanisms %s><mechanism>X-A</mechanism></mechanisms>" % SASL)
        heard = talk.front(AUTH).then(AskLogin()).login(LOGIN).heard()
        self.assertEqual(heard[:2], [failure(b"temporary-auth-failure"), to_client(CLOSE)])
        self.assertIn("the backend offers no mechanism for the gateway's login", heard[2])

    def test_words_of_the_client(self) -> None:
        """
        A mechanism that was not offered, a PLAIN login in two steps, one that is given up, and a
        response to nothing.
        """
        talk = self.ready(PLAIN)
        talk.front(b"<auth %s mechanism='SCRAM-SHA-1'/>" % SASL).then(failure(b"invalid-mechanism"))
        talk.front(b"<response %s>eA==</response>" % SASL).then(failure(b"malformed-request"))
        talk.front(b"<auth %s mechanism='PLAIN'/>" % SASL).then(to_client(b"<challenge %s/>" % SASL))
        talk.front(b"<abort %s/>" % SASL).then(failure(b"aborted"))
        talk.front(b"<auth %s mechanism='PLAIN'/>" % SASL).then(to_client(b"<challenge %s/>" % SASL))
        talk.front(b"<response %s>eA==</response>" % SASL).then(AskLogin())

    def test_other_ways_in(self) -> None:
        """
        Nobody gets past the gateway's login by another kind of it.
        """
        register = b"<register xmlns='http://jabber.org/features/iq-register'/>"
        sasl2 = b"<authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism></authentication>"
        legacy = b"<auth xmlns='http://jabber.org/features/iq-auth'/>"
        for wire in (
            b"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>",
            b"<iq xmlns='jabber:client' type='set'><query xmlns='jabber:iq:auth'/></iq>",
            b"<iq xmlns='jabber:client' type='set'><query xmlns='jabber:iq:register'/></iq>",
        ):
            heard = self.ready(PLAIN, register, sasl2, legacy).front(wire).heard()
            self.assertIn(b"<not-authorized ", heard[0].data)
            self.assertIsInstance(heard[2], str)


class WordsTests(SynchronousTestCase):
    """What else a backend may say, and may not."""

    def test_register(self) -> None:
        """
        Registration passes before the login where the backend offers it (XEP-0077), nothing else does.
        """
        register = b"<register xmlns='http://jabber.org/features/iq-register'/>"
        talk = Dialogue(self).open(PLAIN, register)
        talk.then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN, register))))
        iq = b"<iq xmlns='jabber:client' type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"
        talk.front(iq).then(passed(iq)).back(iq).then(to_client(iq))
        heard = talk.front(iq.replace(b"iq ", b"message ").replace(b"/iq", b"/message")).heard()
        self.assertIn(b"<not-authorized ", heard[0].data)

    def test_sasl2(self) -> None:
        """
        A login by XEP-0388 needs no second stream.
        """
        offer = b"<authentication xmlns='urn:xmpp:sasl:2'/>"
        talk = Dialogue(self).open(offer).then(to_client(FRAMED % FROM), to_client(alone(features(offer))))
        login = b"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>"
        success = b"<success xmlns='urn:xmpp:sasl:2'/>"
        talk.front(login).then(passed(login))
        talk.back(success + features(BIND)).then(to_client(success), to_client(alone(features(BIND))))
        talk.front(b"<a xmlns='b'/>").then(passed(b"<a xmlns='b'/>"))

    def test_sasl2_under_a_policy(self) -> None:
        """
        Where stanzas may be kept back a login by XEP-0388 is no way in: it could begin to count them.
        """
        kept = policy("message friend@example.com")
        talk = Dialogue(self, policy=kept).open().then(to_client(FRAMED % FROM), to_client(alone(features())))
        heard = talk.front(b"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>").heard()
        self.assertIn(b"<not-authorized ", heard[0].data)

    def test_error(self) -> None:
        """
        A stream error of the backend reaches the client; the stream ends behind it.
        """
        said = b"<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
        Dialogue(self).flow().back(said + STREAM_END).then(
            to_client(alone(said)), to_client(CLOSE), Close(1000)
        )
        talk = Dialogue(self).front(FRAMED % TO).then(ToBack(STREAM % TO))
        talk.back(STREAM % FROM + said).then(to_client(FRAMED % FROM), to_client(alone(said)))
        talk.back_ended().then(to_client(CLOSE))

    def test_see_other_host(self) -> None:
        """
        Another host is told as a URI where the configuration says how (RFC 7395 section 3.6.1); its
        name is never told otherwise, nor a less secure place.
        """
        said = (
            b"<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>"
            b"%s</see-other-host></stream:error>"
        )
        close = CLOSE.replace(b"/>", b" see-other-uri='wss://n2.example/x'/>")
        uri: dict[str, Any] = {"xmpp_see_other_uri": "wss://{host}/x"}
        talk = Dialogue(self, secure=True, **uri).flow()
        talk.back(said % b"N2.example:5222").then(to_client(close), Close(1000))
        reset = error("reset", "the session is to begin anew")
        less: dict[str, Any] = {"secure": True, "xmpp_see_other_uri": "ws://{host}/x"}
        for host, link in (
            (b"n2.example", {}),
            (b"[::1]:5222", uri),
            (b"a/b", uri),
            (b"n2", less),
        ):
            Dialogue(self, **link).flow().back(said % host).then(reset)

    def test_before_its_time(self) -> None:
        """
        A backend that sends stanzas before the login breaks the protocol.
        """
        talk = Dialogue(self).open(PLAIN)
        talk.then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN))))
        what = "an element before its time: 'message' (RFC 6120 section 4.3)"
        talk.back(b"<message/>").then(
            error("internal-server-error", REASON + what.replace("'", "&apos;")),
            to_client(CLOSE),
            f"backend byte {len(STREAM % FROM + features(PLAIN))}: {what}",
        )

    def test_malformed(self) -> None:
        """
        What is no XML of the backend's never reaches the client; what stood before it does.
        """
        good = b"<message xmlns='jabber:client'/>"
        what = "a comment (RFC 6120 section 11.1)"
        heard = Dialogue(self).flow().back(good + b"<!-- -->" + good).heard()
        self.assertEqual(
            heard[:3], [to_client(good), error("internal-server-error", REASON + what), to_client(CLOSE)]
        )

    def test_old_server(self) -> None:
        """
        A server that says no version offers nothing (RFC 6120 section 4.7.5).
        """
        Dialogue(self).front(FRAMED % TO).then(ToBack(STREAM % TO)).back(STREAM % b" from='x'").then(
            to_client(FRAMED % b" from='x'")
        )

    def test_end_before_the_beginning(self) -> None:
        """
        A backend that ends the stream before it has offered anything is lost.
        """
        talk = Dialogue(self).front(FRAMED % TO).then(ToBack(STREAM % TO))
        talk.back(STREAM % FROM + STREAM_END).then(
            to_client(FRAMED % b" from='x' id='0' version='1.0'"),
            error("remote-connection-failed", "the backend has ended the stream"),
            to_client(CLOSE),
            Close(1011, "backend lost"),
        )
