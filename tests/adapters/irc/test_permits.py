"""Tests for L{kaazing.adapters.irc.permits}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.irc.permits import FORBIDDEN, MESSAGES, Permits
from kaazing.wire.irc import parse
from tests.adapters.irc.dialogue import policy


class PermitsTests(SynchronousTestCase):
    def admitted(self, permits: Permits, wire: bytes) -> tuple[bytes | None, list[str]]:
        """What passes of a line, and for each target that does not the numeric and its name."""
        passing, answers = permits.admit(parse(wire), wire)
        return passing, [" ".join(answer[:2]) for answer in answers]

    def test_no_policy(self) -> None:
        """
        Without a policy all passes but what is no client's to say.
        """
        permits = Permits(None)
        self.assertEqual(self.admitted(permits, b"JOIN #a,#b x"), (b"JOIN #a,#b x", []))
        for command in FORBIDDEN:
            passing, answers = permits.admit(parse(command.encode()), b"")
            self.assertEqual((passing, answers), (None, [FORBIDDEN[command]]))
        self.assertEqual(permits.watch(frozenset()), (frozenset((b"WEBIRC", b"SERVER", b"STARTTLS")), False))
        self.assertFalse(permits.names)

    def test_join(self) -> None:
        """
        RFC 2812 section 3.2.1: of a list of channels those that are allowed pass, each with its key.
        """
        permits = Permits(policy("*", deny=["join #secret", "join #b*"]))
        self.assertEqual(self.admitted(permits, b"JOIN #a,#c k"), (b"JOIN #a,#c k", []))
        self.assertEqual(
            self.admitted(permits, b"JOIN #SECRET,#a,#bob,#d k1,k2,k3"),
            (b"JOIN #a,#d k2", ["474 #SECRET", "474 #bob"]),
        )
        self.assertEqual(self.admitted(permits, b"JOIN #b,#a k1"), (b"JOIN #a", ["474 #b"]))
        self.assertEqual(self.admitted(permits, b"JOIN #b,#a x,:y z"), (b"JOIN #a y z", ["474 #b"]))
        self.assertEqual(self.admitted(permits, b"JOIN #b"), (None, ["474 #b"]))
        self.assertEqual(self.admitted(permits, b"JOIN 0"), (b"JOIN 0", []))
        self.assertEqual(self.admitted(permits, b"JOIN"), (b"JOIN", []))
        self.assertIn(b"JOIN", permits.watch(frozenset())[0])
        self.assertNotIn(b"PRIVMSG", permits.watch(frozenset())[0])

    def test_names_that_servers_cut(self) -> None:
        """
        A name with a control character or a blank, where some servers stop reading, is none.
        """
        permits = Permits(policy("*", deny=["join #secret", "message #secret"]))
        for name in (b"#secret\x07", b"#secret\x01x"):
            self.assertEqual(self.admitted(permits, b"JOIN " + name), (None, ["474 *"]))
        self.assertEqual(self.admitted(permits, b"JOIN :#secret x"), (None, ["474 *"]))
        self.assertEqual(self.admitted(permits, b"PRIVMSG #secret,:b :x"), (None, ["404 #secret", "404 *"]))

    def test_message(self) -> None:
        """
        RFC 2812 section 3.3.1: of a list of targets those that are allowed pass; members of a channel
        are the channel, and a nickname is itself however it is addressed; what names a user otherwise may
        be anybody.
        """
        permits = Permits(policy("*", deny=["message #secret", "message bob"]))
        for command in MESSAGES:
            wire = command.encode() + b" #secret,ann :hi there"
            passing = command.encode() + b" ann :hi there"
            self.assertEqual(self.admitted(permits, wire), (passing, ["404 #secret"]))
        for target in (
            "@#secret",
            "~&@#secret",
            "+#secret",
            "&#secret",
            "bob!u@host",
            "BOB@irc.test",
            "bob%h",
            "ann@irc.test",
            "~user%host@irc.test",
            "$*.test",
        ):
            wire = f"PRIVMSG {target} :x".encode()
            self.assertEqual(self.admitted(permits, wire), (None, [f"404 {target}"]), target)
        for whom in (b"@#chat", b"bobby", b"&local", b"+chan", b"ann!u@host", b""):
            wire = b"@+typing=active NOTICE " + whom + b" :x"
            self.assertEqual(self.admitted(permits, wire), (wire, []), whom)
        self.assertEqual(self.admitted(Permits(policy("*", deny=["join #a"])), b"PRIVMSG u@h :x")[1], [])
        only = Permits(policy("message #chat", "command"))
        for name, passes in ((b"@#chat", True), (b"&#chat", False), (b"bob", False)):
            wire = b"TAGMSG " + name
            self.assertEqual(self.admitted(only, wire)[0], wire if passes else None, name)

    def test_command(self) -> None:
        """
        Commands by name; those found to be allowed are not looked at again, where nothing else is to be
        looked at in them.
        """
        permits = Permits(policy("*", deny=["command OPER", "command k*"]))
        self.assertEqual(permits.watch(frozenset((b"PASS",))), (frozenset(), True))
        self.assertEqual(self.admitted(permits, b"oper a b"), (None, ["421 OPER"]))
        self.assertEqual(self.admitted(permits, b"KILL bob"), (None, ["421 KILL"]))
        self.assertEqual(self.admitted(permits, b"WEBIRC a"), (None, ["421 WEBIRC"]))
        self.assertEqual(self.admitted(permits, b"JOIN #a"), (b"JOIN #a", []))
        self.assertEqual([permits.exempts(name) for name in ("JOIN", "JOIN", "SERVER")], [True, False, False])
        self.assertEqual(permits.watch(frozenset((b"PASS",))), (frozenset((b"JOIN",)), True))
        for number in range(100):
            permits.exempts(f"X{number}")
        self.assertEqual(len(permits.watch(frozenset())[0]), 64)

    def test_all_at_once(self) -> None:
        """
        Where commands and channels are restricted, JOIN is always looked at.
        """
        permits = Permits(policy("command JOIN", "join #a"))
        self.assertEqual(self.admitted(permits, b"JOIN #a,#b"), (b"JOIN #a", ["474 #b"]))
        self.assertEqual(self.admitted(permits, b"PRIVMSG #a :x"), (None, ["421 PRIVMSG"]))
        self.assertFalse(permits.exempts("JOIN"))
        self.assertTrue(permits.names)

    def test_heads(self) -> None:
        """
        A line that begins as one that was allowed is not looked at again; what hides its first parameter
        is never taken for one, and no more are known than a client can make up for little memory.
        """
        permits = Permits(policy("*", deny=["message #secret"]))
        allowed = (b"PRIVMSG #a :x", b"PRIVMSG  #a :x", b"PRIVMSG :#a b", b"@a PRIVMSG #a :x", b"PRIVMSG #a")
        for wire in allowed:
            permits.remember(wire)
        self.assertEqual([permits.knows(wire) for wire in allowed], [True, False, False, False, False])
        for wire in (b"PRIVMSG  #secret :x", b"PRIVMSG #ab :x", b"NOTICE #a :x", b"PRIVMSG #a,#secret :x"):
            self.assertFalse(permits.knows(wire), wire)
        for number in range(200):
            permits.remember(b"PRIVMSG #%d :x" % number)
        knows = [permits.knows(b"PRIVMSG #%d :x" % number) for number in (0, 199)]
        self.assertEqual(knows, [False, True])
