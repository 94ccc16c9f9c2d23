"""Tests for L{kaazing.adapters.irc.session}."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.irc.session import IrcSession
from kaazing.errors import Side
from kaazing.interfaces.adapters import (
    Hold,
    Kind,
    Link,
    Login,
    Resume,
    ToBack,
    ToFront,
)
from tests.adapters.irc.dialogue import (
    LINK,
    WELCOME,
    Dialogue,
    forbidden,
    linked,
    sent,
    told,
    violated,
    waited,
)
from tests.adapters.orders import carried_out, counted

BINARY = replace(LINK, subprotocol="binary.ircv3.net")
NONE = replace(LINK, subprotocol=None)
TCP = replace(NONE, messages=False)
INJECTING = replace(LINK, injects=True)
LOGIN = Login(username="gw", password="wonder")


class FormTests(SynchronousTestCase):
    """How lines and messages go together."""

    def test_text(self) -> None:
        """
        text.ircv3.net: one line a message, text, no line ends; what is no UTF-8 is replaced.
        """
        talk = Dialogue(self).register()
        talk.front(b"JOIN #c").then(sent(b"JOIN #c"))
        talk.back(b":ann JOIN #c", b":bob PRIVMSG #c :caf\xe9").then(
            told(b":ann JOIN #c"), told(":bob PRIVMSG #c :caf\ufffd".encode())
        )

    def test_binary(self) -> None:
        """
        binary.ircv3.net: one line a message, any bytes.
        """
        talk = Dialogue(self, BINARY)
        talk.front(b"PRIVMSG #c :caf\xe9").then(sent(b"PRIVMSG #c :caf\xe9"))
        talk.back(WELCOME, b":bob PRIVMSG #c :caf\xe9")
        talk.then(told(WELCOME, Kind.BINARY), told(b":bob PRIVMSG #c :caf\xe9", Kind.BINARY))

    def test_wrong_kind(self) -> None:
        """
        A message of the kind that was not agreed on ends it.
        """
        what = "message that is not binary"
        Dialogue(self, BINARY).front(b"NICK a", Kind.TEXT).then(
            told(violated(what), Kind.BINARY), f"client byte 0: {what} (IRCv3 WebSocket)"
        )

    def test_two_lines(self) -> None:
        """
        So does a message of more than one line, none of which passes.
        """
        what = "message of more than one line"
        Dialogue(self).front(b"NICK a\r\nUSER a").then(
            told(violated(what)), f"client byte 0: {what} (IRCv3 WebSocket)"
        )

    def test_legacy(self) -> None:
        """
        Without a subprotocol the backend waits until the client shows what it speaks: here one line a
        message, and text.
        """
        talk = Dialogue(self, NONE).then(Hold(Side.BACK))
        talk.front(b"NICK ann", Kind.TEXT).then(Resume(Side.BACK), waited(b"NICK ann"))
        talk.back(WELCOME).then(told(WELCOME)).back(b":x NOTICE ann :\xe9").then(
            told(":x NOTICE ann :\ufffd".encode())
        )
        talk.front(b"JOIN #c\nPART #c").then(ToBack(b"JOIN #c\r\n"), ToBack(b"PART #c\r\n"))

    def test_legacy_stream(self) -> None:
        """
        A client that ends its lines may cut them anywhere, and gets lines with ends, binary here.
        """
        talk = Dialogue(self, NONE).then(Hold(Side.BACK))
        talk.front(b"NICK ann\r\nUS", Kind.BINARY)
        talk.then(Resume(Side.BACK), waited(b"NICK ann"))
        talk.front(b"ER a 0 * a\r").then().front(b"\n").then(sent(b"USER a 0 * a"))
        talk.back(WELCOME).then(told(WELCOME + b"\r\n", Kind.BINARY))

    def test_tcp(self) -> None:
        """
        Over TCP lines are a stream both ways, and pass in runs.
        """
        talk = Dialogue(self, TCP)
        talk.front(b"NICK ann\r\nUSER a 0 * a\nPI").then(ToBack(b"NICK ann\r\n"), ToBack(b"USER a 0 * a\r\n"))
        talk.back(WELCOME).then(ToFront(WELCOME + b"\r\n", Kind.BINARY))
        both = b":x NOTICE ann :\xe9\r\n" * 2
        talk.back_raw(both + b"PING").then(ToFront(both, Kind.BINARY))

    def test_apart(self) -> None:
        """
        Where messages are counted, each line of the client goes by itself.
        """
        talk = Dialogue(self, replace(TCP, apart=True))
        talk.front(b"NICK a\r\n" * 2).then(sent(b"NICK a"), sent(b"NICK a"))

    def test_empty_lines(self) -> None:
        """
        RFC 2812 section 2.3.1: empty lines and messages are ignored.
        """
        talk = Dialogue(self).register()
        talk.front(b"").then().front(b"\r\n").then().back(b"", b"PING a").then(told(b"PING a"))


class ViolationTests(SynchronousTestCase):
    """What a client is told of what may not be."""

    def test_client(self) -> None:
        """
        Good lines before a bad one pass.
        """
        what = "command that is neither letters nor three digits (RFC 2812 section 2.3.1)"
        Dialogue(self, TCP).front(b"NICK ann\r\nN1CK b\r\nJOIN #c\r\n").then(
            sent(b"NICK ann"),
            ToFront(violated(what) + b"\r\n", Kind.BINARY),
            f"client byte 10: {what}",
        )

    def test_backend(self) -> None:
        """
        The backend's faults are not blamed on the client.
        """
        what = "NUL in a line (RFC 2812 section 2.3.1)"
        error = told(violated(f"the backend broke the protocol: {what}"))
        talk = Dialogue(self).register()
        talk.back(b"PING a", b"\0", b"PING b").then(
            told(b"PING a"), error, f"backend byte {len(WELCOME) + 10}: {what}"
        )
        Dialogue(self).back(b"PING a", b"\0").then(told(b"PING a"), error, f"backend byte 8: {what}")

    def test_limits(self) -> None:
        """
        The limits of the configuration hold, each side its own.
        """
        what = "line of more than 64 bytes (RFC 2812 section 2.3)"
        link = linked(irc_maximum_line=64, irc_maximum_backend_tags=9)
        Dialogue(self, link).front(b"PRIVMSG " + b"x" * 55).then(
            told(violated(what)), f"client byte 0: {what}"
        )
        what = "tags of more than 9 bytes (IRCv3 Message Tags)"
        Dialogue(self, link).back(b"@a=123456 PING a").then(
            told(violated(f"the backend broke the protocol: {what}")), f"backend byte 0: {what}"
        )
        what = "more than 2 parameters (RFC 2812 section 2.3)"
        link = linked(irc_maximum_parameters=2)
        Dialogue(self, link).front(b"MODE a b c").then(told(violated(what)), f"client byte 0: {what}")

    def test_not_for_clients(self) -> None:
        """
        A client is no gateway, no server, and does not encrypt what is not its connection.
        """
        talk = Dialogue(self)
        talk.front(b"WEBIRC pw gw host 1.2.3.4").then(told(b"421 * WEBIRC :is for gateways"))
        talk.front(b"starttls").then(told(b"691 * :the gateway encrypts"))
        talk.front(b"SERVER irc.evil 1 :x").then(told(b"421 * SERVER :is for servers"))


class PolicyTests(SynchronousTestCase):
    """What the policy refuses is answered, and tears nothing down."""

    def talk(self, **names: tuple[str, ...]) -> Dialogue:
        """A registered client of a policy."""
        return Dialogue(self, replace(LINK, policy=forbidden(**names))).register()

    def test_join(self) -> None:
        """
        The allowed ones of a list of channels pass.
        """
        refused = told(b":irc.test 474 ann #b :Cannot join channel: not allowed here")
        self.talk(join=("#b",)).front(b"JOIN #a,#b").then(refused, sent(b"JOIN #a"))

    def test_message(self) -> None:
        """
        Numerics carry the name that the client has by now.
        """
        talk = (
            self.talk(message=("#b",))
            .back(b":bob NICK c", b":Ann!a@h NICK :eve")
            .then(told(b":bob NICK c"), told(b":Ann!a@h NICK :eve"))
        )
        refused = told(b":irc.test 404 eve #b :Cannot send: not allowed here")
        talk.front(b"PRIVMSG #b :x").then(refused).front(b"PRIVMSG #a :x").then(sent(b"PRIVMSG #a :x"))

    def test_command(self) -> None:
        """
        Commands that are allowed pass without a look from the second time on.
        """
        talk = self.talk(command=("OPER",))
        talk.front(b"OPER a b").then(told(b":irc.test 421 ann OPER :is not allowed here"))
        talk.front(b"JOIN #a").then(sent(b"JOIN #a")).front(b"JOIN #a").then(sent(b"JOIN #a"))

    def test_again(self) -> None:
        """
        What was allowed once is again, and what was refused is not.
        """
        talk = self.talk(message=("#b",))
        refused = told(b":irc.test 404 ann #b :Cannot send: not allowed here")
        for _ in range(3):
            talk.front(b"PRIVMSG #a :x").then(sent(b"PRIVMSG #a :x")).front(b"PRIVMSG #b :x").then(refused)

    def test_strange_names(self) -> None:
        """
        Where the backend says nothing that can be a name, the client is a star.
        """
        talk = Dialogue(self, replace(LINK, policy=forbidden(command=("OPER",))))
        for line in (b"001", b"001 :a b", b"001 :", b"001 ::a"):
            talk.back(line).then(told(line))
            talk.front(b"OPER a b").then(told(b"421 * OPER :is not allowed here"))

    def test_binary_names(self) -> None:
        """
        An answer in text is UTF-8, whatever the name was.
        """
        talk = Dialogue(self, replace(NONE, policy=forbidden(join=("#\udce9",)))).then(Hold(Side.BACK))
        talk.front(b"PING a", Kind.TEXT).last()
        talk.front(b"JOIN #\xe9", Kind.BINARY).then(
            told("474 * #\ufffd :Cannot join channel: not allowed here".encode())
        )


class ReportTests(SynchronousTestCase):
    def test_counts(self) -> None:
        """
        What passed is counted by command, what was refused by that; not what was for the gateway.
        """
        link = replace(INJECTING, policy=forbidden(join=("#b",)))
        talk = Dialogue(self, link)
        counted(talk.session)
        talk.last(), talk.login(LOGIN).last()
        talk.back(
            b"CAP * LS :sasl", b"CAP * ACK :sasl", b"AUTHENTICATE +", b"903 * :ok", WELCOME, b"PING a"
        ).last()
        for line in (b"NICK ann", b"join #a", b"JOIN #b", b"WEBIRC a", b"PASS a"):
            talk.front(line).last() if line != b"PASS a" else talk.front(line).then()
        counts = counted(talk.session)
        front = {(Side.FRONT, "NICK"): 1, (Side.FRONT, "JOIN"): 1}
        refused = {(Side.FRONT, "refused join"): 1, (Side.FRONT, "refused command"): 1}
        self.assertEqual(counts, {**front, **refused, (Side.BACK, "numeric"): 1, (Side.BACK, "PING"): 1})


class CutTests(SynchronousTestCase):
    """Cuts mean nothing."""

    BACK = WELCOME + b"\r\n@a=b :x PRIVMSG ann :\xc3\xa9\xe9\r\nPING b\nERROR :bye\r\nP\0\r\nPING c\r\n"
    FRONT = b"NICK ann\r\nJOIN #a,#b\nOPER x\r\nPRIVMSG #b :\xe9\r\nP\0\r\nPING c\r\n"

    def outcome(self, link: Link, parts: list[bytes], front: bool) -> list[Any]:
        """All that is said, runs joined."""
        session = IrcSession(link)
        said = carried_out(session.opened(0.0), ToBack)
        for part in parts:
            if said and isinstance(said[-1], str):
                break  # a violation: it is told nothing more
            if front:
                said += carried_out(session.from_front(part, Kind.BINARY, 0.0), ToBack)
            else:
                said += carried_out(session.from_back(part, 0.0), lambda each: ToFront(each, session.kind))
        joined: list[Any] = []
        for order in said:
            if joined and type(order) is type(joined[-1]) is ToBack:
                joined[-1] = ToBack(joined[-1].data + order.data)
            else:
                joined.append(order)
        return joined

    def test_every_cut(self) -> None:
        """
        What passes, and the error, do not depend on where the stream is cut.
        """
        policy = forbidden(join=("#b",), message=("#b",), command=("OPER",))
        for bare, data in ((TCP, self.FRONT), (LINK, self.BACK)):
            link, front = replace(bare, policy=policy), bare is TCP
            said = self.outcome(link, [data], front)
            self.assertIn("NUL in a line", said[-1])
            for at in range(1, len(data)):
                self.assertEqual(self.outcome(link, [data[:at], data[at:]], front), said, at)
                parts = [data[start : start + at] for start in range(0, len(data), at)]
                self.assertEqual(self.outcome(link, parts, front), said, at)

    @given(
        st.lists(st.binary(max_size=60)), st.booleans(), st.sampled_from((LINK, BINARY, NONE, TCP, INJECTING))
    )
    def test_any_bytes(self, parts: list[bytes], front: bool, link: Link) -> None:
        """
        Nothing but a violation is raised, whatever comes.
        """
        self.assertIsInstance(self.outcome(link, parts, front or link is NONE), list)
