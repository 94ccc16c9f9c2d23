"""Tests for L{kaazing.adapters.xmpp.session}."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.xmpp.session import XmppSession
from kaazing.errors import Side
from kaazing.interfaces.adapters import Close, Hold, Kind, Link, Resume, ToBack
from tests.adapters.orders import carried_out, counted
from tests.adapters.xmpp.dialogue import (
    AUTH,
    BIND,
    CLOSE,
    DEFAULTS,
    FRAMED,
    FROM,
    PLAIN,
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

MESSAGE = b"<message xmlns='jabber:client' to='b@x'><body>hi</body></message>"
NEWS = b"<message from='b@x'><body>ho</body></message>"
FORBIDDEN = (
    b"<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
    b"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>"
    b"the policy of the gateway does not allow it</text></error>"
)


class SessionTests(SynchronousTestCase):
    """RFC 7395 towards the client, RFC 6120 towards the server."""

    def test_whole_life(self) -> None:
        """
        A client opens, logs in, opens again, talks and says goodbye; the server sees a stream.
        """
        talk = Dialogue(self).flow()
        talk.front(MESSAGE).then(passed(MESSAGE))
        talk.back(b" " + NEWS * 2 + b" \n").then(*[to_client(alone(NEWS, False))] * 2)
        talk.front(CLOSE).then(ToBack(STREAM_END))
        talk.front(MESSAGE).then()
        talk.back(NEWS + STREAM_END).then(to_client(alone(NEWS, False)), to_client(CLOSE), Close(1000))

    def test_server_leaves(self) -> None:
        """
        A server that ends its stream ends the client's, and is answered.
        """
        talk = Dialogue(self).flow()
        talk.back(STREAM_END).then(ToBack(STREAM_END), to_client(CLOSE), Close(1000))
        talk.back_ended().then()
        self.assertEqual(list(talk.session.front_ended(talk.now)), [])

    def test_goodbye_unanswered(self) -> None:
        """
        A server that does not end its stream is not waited for long.
        """
        talk = Dialogue(self).flow().front(CLOSE).then(ToBack(STREAM_END))
        talk.wait_for_deadline().then(to_client(CLOSE), Close(1000))
        self.assertEqual(talk.now, 105.0)

    def test_server_is_lost(self) -> None:
        """
        A connection that ends without a word ends the client's stream in order; without a stream, with
        an error.
        """
        Dialogue(self).flow().back_ended().then(to_client(CLOSE))
        talk = Dialogue(self).front(FRAMED % TO).then(ToBack(STREAM % TO))
        talk.back_ended().then(
            to_client(FRAMED % b" from='x' id='0' version='1.0'"),
            error("remote-connection-failed", "the backend has closed the connection"),
            to_client(CLOSE),
            Close(1011, "backend lost"),
        )

    def test_malformed(self) -> None:
        """
        A message that is no element: a stream error, the end of the stream, and the violation.
        """
        talk = Dialogue(self).flow()
        place = 2 * len(FRAMED % TO) + len(AUTH)
        what = "no well-formed XML: mismatched tag (RFC 6120 section 11.3)"
        talk.front(b"<message></messag>").then(
            error("not-well-formed", what), to_client(CLOSE), f"client byte {place + 11}: {what}"
        )

    def test_binary(self) -> None:
        """
        RFC 7395 section 3.2: messages are text.
        """
        what = "binary message (RFC 7395 section 3.2)"
        Dialogue(self).front(FRAMED % TO, Kind.BINARY).then(
            to_client(FRAMED % b" id='0' version='1.0'"),
            error("policy-violation", what),
            to_client(CLOSE),
            f"client byte 0: {what}",
        )

    def test_no_open(self) -> None:
        """
        RFC 7395 section 3.4: <open/> comes first, and section 3.3.2: in its namespace.
        """
        what = "something else than the head of a stream (RFC 7395 section 3.4)"
        for first, condition in ((MESSAGE, "bad-format"), (b"<open/>", "invalid-namespace")):
            Dialogue(self).front(first).then(
                to_client(FRAMED % b" id='0' version='1.0'"),
                error(condition, what),
                to_client(CLOSE),
                f"client byte 0: {what}",
            )

    def test_stanza_before_login(self) -> None:
        """
        Nothing but a login passes before it.
        """
        talk = Dialogue(self).open(PLAIN)
        talk.then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN))))
        what = "'message' before the login is done (RFC 6120 section 4.9.3.12)"
        text = what.replace("'", "&apos;")
        talk.front(MESSAGE).then(
            error("not-authorized", text), to_client(CLOSE), f"client byte {len(FRAMED % TO)}: {what}"
        )

    def test_login_twice(self) -> None:
        """
        Who is logged in cannot log in, nor open another stream.
        """
        for wire, what in (
            (AUTH, "'auth' within a session (RFC 6120 section 6.4)"),
            (FRAMED % TO, "a stream is opened within a stream (RFC 6120 section 4.3.3)"),
        ):
            heard = Dialogue(self).flow().front(wire).heard()
            place = 2 * len(FRAMED % TO) + len(AUTH)
            self.assertEqual(heard[0], error("unsupported-stanza-type", what.replace("'", "&apos;")))
            self.assertEqual(heard[1:], [to_client(CLOSE), f"client byte {place}: {what}"])

    def test_stanzas_of_others(self) -> None:
        """
        Stanzas in the namespaces of servers, of components, or in none, are no client's.
        """
        what = "a stanza in a namespace that is none of clients (RFC 6120 section 4.8.2)"
        for space in (b"jabber:server", b"jabber:component:accept", b""):
            heard = Dialogue(self).flow().front(MESSAGE.replace(b"jabber:client", space)).heard()
            self.assertEqual(heard[:2], [error("invalid-namespace", what), to_client(CLOSE)])

    def test_unread_goodbye(self) -> None:
        """
        What a client says while the backend is asked is dropped when the backend ends all; the client is
        read again, so that it can say goodbye.
        """
        talk = Dialogue(self).open(PLAIN).then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN))))
        talk.front(AUTH).then(passed(AUTH)).front(FRAMED % TO).then(Hold(Side.FRONT))
        said = b"<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
        talk.back(said).then(to_client(alone(said)), Resume(Side.FRONT))
        talk.front(MESSAGE).then().back(STREAM_END).then(to_client(CLOSE), Close(1000))

    def test_pipelining(self) -> None:
        """
        What a client says too early waits, and the client is not read any more meanwhile.
        """
        talk = Dialogue(self)
        talk.front(FRAMED % TO).then(ToBack(STREAM % TO))
        talk.front(AUTH).then(Hold(Side.FRONT))
        talk.front(FRAMED % TO).then()
        talk.back(STREAM % FROM + features(PLAIN)).then(
            to_client(FRAMED % FROM), to_client(alone(features(PLAIN))), passed(AUTH)
        )
        talk.back(SUCCESS).then(to_client(SUCCESS), ToBack(STREAM % TO))
        talk.front(MESSAGE).then()
        talk.back(STREAM % FROM + features(BIND) + NEWS).then(
            to_client(FRAMED % FROM),
            to_client(alone(features(BIND))),
            to_client(alone(NEWS, False)),
            passed(MESSAGE),
            Resume(Side.FRONT),
        )

    def test_client_timeout(self) -> None:
        """
        A client that does not log in in time is told, and dropped.
        """
        talk = Dialogue(self, login_timeout=5.0)
        talk.wait_for_deadline().then(
            to_client(FRAMED % b" id='0' version='1.0'"),
            error("connection-timeout", "no login has come in time"),
            to_client(CLOSE),
            Close(1008, "login timeout"),
        )

    def test_backend_timeout(self) -> None:
        """
        A backend that does not answer in time is to blame itself.
        """
        talk = Dialogue(self).front(FRAMED % TO).then(ToBack(STREAM % TO))
        talk.wait_for_deadline().then(
            to_client(FRAMED % b" from='x' id='0' version='1.0'"),
            error("remote-connection-failed", "the backend has not answered in time"),
            to_client(CLOSE),
            Close(1011, "login timeout of the backend"),
        )
        self.assertEqual(talk.now, 130.0)

    def test_no_timeout(self) -> None:
        """
        There is none when it is 0, and none when stanzas flow.
        """
        self.assertIsNone(Dialogue(self, login_timeout=0.0).session.deadline)
        self.assertIsNone(Dialogue(self).flow().session.deadline)

    def test_virtual_host(self) -> None:
        """
        The domain of the configuration takes the place of the client's.
        """
        Dialogue(self, virtual_host="real").front(
            FRAMED % b" to='x' id='1' version='1.0' xml:lang='de'"
        ).then(ToBack(STREAM % b" to='real' version='1.0' xml:lang='de'"))

    def test_no_compression(self) -> None:
        """
        Compression of the stream is refused (XEP-0138): its bytes could not be checked.
        """
        compress = b"<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>"
        failed = b"<failure xmlns='http://jabber.org/protocol/compress'><setup-failed/></failure>"
        Dialogue(self).flow().front(compress).then(to_client(failed))
        talk = Dialogue(self).open(PLAIN).then(to_client(FRAMED % FROM), to_client(alone(features(PLAIN))))
        talk.front(compress).then(to_client(failed))

    def test_resumption(self) -> None:
        """
        Stream management passes, where no policy keeps stanzas back (XEP-0198).
        """
        resume = b"<resume xmlns='urn:xmpp:sm:3' h='1' previd='a'/>"
        resumed = b"<resumed xmlns='urn:xmpp:sm:3' h='1' previd='a'/>"
        talk = Dialogue(self).flow().front(resume).then(passed(resume))
        talk.back(resumed).then(to_client(resumed))

    def test_counts(self) -> None:
        """
        What passes is counted, once; so is what is refused.
        """
        talk = Dialogue(self, policy=policy("message b@x", "namespace"))
        counted(talk.session)
        talk.flow()
        for wire in (MESSAGE, MESSAGE.replace(b"b@x", b"c@x"), MESSAGE):
            talk.front(wire).heard()
        talk.back(NEWS).heard()
        front, back = {"refused message": 1, "message": 2, "other": 3}, {"message": 1, "other": 3}
        told = {(Side.FRONT, name): count for name, count in front.items()}
        told |= {(Side.BACK, name): count for name, count in back.items()}
        self.assertEqual((counted(talk.session), counted(talk.session)), (told, {}))


class PolicyTests(SynchronousTestCase):
    """A policy that allows some stanzas and no others."""

    def test_target(self) -> None:
        """
        A message to whom it may not go is answered as the addressee would; others pass.
        """
        talk = Dialogue(self, policy=policy("message *@x", "iq,presence", "namespace")).flow()
        talk.front(MESSAGE).then(passed(MESSAGE))
        talk.front(b"<message id='1' to='B@Y/r' xmlns='jabber:client'/>").then(
            to_client(
                b"<message xmlns='jabber:client' type='error' id='1' from='B@Y/r'>%s</message>" % FORBIDDEN
            )
        )
        talk.front(b"<message xmlns='jabber:client' to='b@y' type='error'/>").then()

    def test_namespace(self) -> None:
        """
        A request in a namespace that is not allowed is refused; binding a resource never is.
        """
        talk = Dialogue(self, policy=policy("message,presence,iq", "namespace jabber:iq:roster")).flow()
        bind = b"<iq xmlns='jabber:client' type='set' id='1'>%s</iq>" % BIND
        roster = b"<iq xmlns='jabber:client' type='get' id='2'><query xmlns='jabber:iq:roster'/></iq>"
        talk.front(bind).then(passed(bind))
        talk.front(roster).then(passed(roster))
        talk.front(roster.replace(b"roster", b"version")).then(
            to_client(b"<iq xmlns='jabber:client' type='error' id='2'>%s</iq>" % FORBIDDEN)
        )

    def test_no_management(self) -> None:
        """
        Where stanzas may be kept back, nobody can count them: stream management is neither offered nor
        had (XEP-0198).
        """
        talk = Dialogue(self, policy=policy("message *@x")).flow()
        talk.front(b"<enable xmlns='urn:xmpp:sm:3'/>").then(
            to_client(
                b"<failed xmlns='urn:xmpp:sm:3'><feature-not-implemented"
                b" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
            )
        )


class StreamTests(SynchronousTestCase):
    """Clients that speak the stream of TCP."""

    SAID = (
        b"<?xml version='1.0'?><stream:stream to='x' version='1.0' xmlns='jabber:client'"
        b" xmlns:stream='http://etherx.jabber.org/streams' xmlns:p='urn:p'>"
    )
    SENT = STREAM % b" xmlns:p='urn:p' to='x' version='1.0'"

    def life(self, link: dict[str, Any], step: int) -> tuple[bytes, bytes]:
        """Let a client log in and talk, its bytes cut; return what the backend and the client get."""
        session = XmppSession(Link(peer="", options=DEFAULTS, **link))
        list(session.opened(0.0))
        got: list[Any] = []

        def front(data: bytes) -> None:
            for at in range(0, len(data), step):
                got.extend(carried_out(session.from_front(data[at : at + step], Kind.TEXT, 0.0), ToBack))

        def back(data: bytes) -> None:
            for at in range(0, len(data), step):
                got.extend(carried_out(session.from_back(data[at : at + step], 0.0), to_client))

        front(self.SAID + b" " + AUTH)
        back(STREAM % FROM + features(PLAIN))
        back(SUCCESS)
        front(self.SAID)
        back(STREAM % FROM + features(BIND))
        front(b"<p:a/> " + MESSAGE + STREAM_END)
        back(NEWS + STREAM_END)
        sent = b"".join(order.data for order in got if isinstance(order, ToBack))
        shown = b"".join(order.data for order in got if hasattr(order, "kind"))
        return sent, shown

    def test_every_cut(self) -> None:
        """
        Over TCP, and in WebSocket messages of any cut: prefixes of the client's header stay known, and
        the client gets a stream.
        """
        sent = self.SENT + alone(AUTH, False).replace(b" xmlns='jabber:client'", b"")
        sent += self.SENT + b"<p:a/>" + MESSAGE + STREAM_END
        shown = STREAM % FROM + alone(features(PLAIN)) + SUCCESS + STREAM % FROM + alone(features(BIND))
        shown += NEWS + STREAM_END
        for step in range(1, 200):
            self.assertEqual(self.life({"messages": False}, step), (sent, shown), step)
        for step in (40, 80, 100):
            self.assertEqual(self.life({}, step), (sent, shown), step)

    @given(
        st.lists(st.sampled_from([STREAM % TO, FRAMED % TO, AUTH, MESSAGE, CLOSE, STREAM_END, b"<", b"x"]))
    )
    def test_anything(self, messages: list[bytes]) -> None:
        """
        Whatever a client sends, in whatever order, there is an order or a violation for it.
        """
        session = XmppSession(Link(peer="", options=DEFAULTS))
        list(session.opened(0.0))
        for message in messages:
            said = carried_out(session.from_front(message, Kind.TEXT, 0.0), ToBack)
            if said and isinstance(said[-1], str):
                return
