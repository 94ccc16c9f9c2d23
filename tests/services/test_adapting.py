"""Tests for L{kaazing.services.adapting}: the properties of all adapters' services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.reader import read
from kaazing.errors import ConfigErrors, Side
from kaazing.interfaces.adapters import AskLogin, Login
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import Rates
from kaazing.services.adapting import Adapting, options
from kaazing.wire.policy import Levels
from tests.running import service
from tests.services.house import Line, NotedHouse
from tests.services.test_proxy import Chess, properties

MOVES = {
    "move": Levels("/", frozenset("+"), frozenset("#")),
    "watch": Levels("/", frozenset("+"), frozenset("#")),
}
CONF = """<gateway-config xmlns="http://xmlns.kaazing.org/2014/09/gateway">
  <service>
    <accept>ws://localhost:8001/</accept>
    <connect>tcp://localhost:7000</connect>
    <type>stomp.proxy</type>
    <properties>
{properties}
    </properties>
  </service>
</gateway-config>
"""


class OptionTests(SynchronousTestCase):
    def test_of_all(self) -> None:
        """
        Every adapter's type has the login and the rates; policy and roles those that declare operations.
        """
        chess = Chess()
        names = ["backend.username", "backend.password", "backend.mechanism", "backend.login"]
        rates = ["maximum.message.rate", "maximum.byte.rate", "board.size"]
        self.assertEqual([option.name for option in options(chess)], [*names, *rates])
        chess.operations = MOVES
        self.assertEqual(
            [option.name for option in options(chess)], [*names, "anonymous.roles", "policy", *rates]
        )

    def test_readers(self) -> None:
        """
        Rates are numbers a second; 0 is none.
        """
        read = {option.name: option.read for option in options(Chess())}
        self.assertEqual(read["maximum.message.rate"]("10"), 10)
        self.assertEqual(read["maximum.byte.rate"]("64KiB/s"), 65536)
        for name, bad in (("maximum.message.rate", "-1"), ("maximum.byte.rate", "10")):
            self.assertRaises(ValueError, read[name], bad)


class ConfigTests(SynchronousTestCase):
    def read(self, *lines: str) -> Any:
        """Read the properties of a stomp.proxy."""
        path = Path(self.mktemp())
        path.write_text(CONF.format(properties="\n".join(lines)))
        return read(str(path)).services[0].properties

    def refusal(self, *lines: str) -> list[str]:
        """What is said of properties that are no good, by line."""
        why = self.assertRaises(ConfigErrors, self.read, *lines)
        return [f"{error.line}: {error.what}" for error in why.errors]

    def test_policy(self) -> None:
        """
        Policies stand as often as there is something to say of a role.
        """
        [guests, traders] = self.read(
            "<anonymous.roles>guest, web</anonymous.roles>",
            "<policy><allow>subscribe /topic/#</allow></policy>",
            "<policy><role>trader</role><role>admin</role><allow>*</allow>",
            "<deny>send /queue/#</deny></policy>",
        )["policy"]
        self.assertEqual((guests.roles, len(guests.allow), guests.deny), (frozenset(), 1, ()))
        self.assertEqual(traders.roles, {"trader", "admin"})
        self.assertEqual(traders.allow[0].operations, {"send", "subscribe"})
        self.assertEqual(traders.deny[0].pattern, "/queue/#")

    def test_bad_policy(self) -> None:
        """
        An unknown operation, and a pattern that cannot be read, are told with their line.
        """
        said = self.refusal("<policy>", "<allow>publish /topic/x</allow>", "</policy>")
        self.assertEqual([each.partition(":")[0] for each in said], ["8"])
        self.assertIn("expected operations out of send, subscribe", said[0])
        said = self.refusal("<policy>", "<allow>*</allow>", "<deny>send /a#b</deny>", "</policy>")
        self.assertEqual([each.partition(":")[0] for each in said], ["9"])
        self.assertIn("to be a whole level", said[0])

    def test_bad_login(self) -> None:
        """
        A login that cannot be used is told with the line of the service.
        """
        [said] = self.refusal("<backend.password>pw</backend.password>")
        self.assertEqual(said, "2: <service>: backend.password stands without backend.username")


class AdaptingTests(SynchronousTestCase):
    """What sessions are told."""

    def setUp(self) -> None:
        self.house, self.chess = NotedHouse(), Chess()

    def adapting(self, connect: str = "tcp://192.0.2.7:7", **values: Any) -> Adapting:
        """Those of a service with some properties."""
        self.config = service("c", "proxy", connect=connect, properties=properties(**values))
        return Adapting(self.config, self.house, self.chess)

    def begin(self, adapting: Adapting, **more: Any) -> Any:
        """Begin a session; return its link and terms."""
        adapting.begin(Line(), Line("back"), secure=False, **more)
        return self.house.adapted[-1][3:]

    def test_nothing_said(self) -> None:
        """
        Where the properties say nothing, no login is put in, and nothing is limited or denied.
        """
        link, terms = self.begin(self.adapting())
        self.assertEqual((link.injects, link.policy, link.apart, link.encrypted), (False, None, False, False))
        self.assertEqual((link.roles, link.user, link.messages), (frozenset(), None, True))
        self.assertEqual((terms.logins, terms.rates, terms.wants), (None, None, self.chess.front))
        self.assertEqual((terms.service, terms.connect), ("c", self.config.connects[0]))
        self.assertIs(terms.options, self.config.connect_options)

    def test_login(self) -> None:
        """
        A login of the properties is the answer to every client's question.
        """
        link, terms = self.begin(self.adapting(backend_username="gw", backend_password="pw"))
        self.assertTrue(link.injects)
        answer = self.successResultOf(terms.logins.login(link, AskLogin()))
        self.assertEqual(answer, Login(username="gw", password="pw"))

    def test_keyring(self) -> None:
        """
        With backend.login the answer is the keyring's; sessions know whether the client's own words matter.
        """

        class Keyring:
            def logins(self, service: str, source: str) -> Any:
                return f"{source} of {service}"

        self.house.keyring = Keyring()
        for source, told in (("stored", False), ("sealed", True), ("any", True)):
            link, terms = self.begin(self.adapting(backend_login=source))
            self.assertEqual((terms.logins, link.injects, link.told), (f"{source} of c", True, told))

    def test_rates(self) -> None:
        """
        With a rate, messages are to be passed apart.
        """
        link, terms = self.begin(self.adapting(maximum_message_rate=10))
        self.assertEqual((link.apart, terms.rates), (True, Rates(messages=10)))
        link, terms = self.begin(self.adapting(maximum_byte_rate=1000))
        self.assertEqual((link.apart, terms.rates), (True, Rates(bytes=1000)))

    def test_encrypted(self) -> None:
        """
        A session knows whether its backend is encrypted from the first byte on.
        """
        self.assertTrue(self.begin(self.adapting("ssl://192.0.2.7:7"))[0].encrypted)

    def test_one_of_each(self) -> None:
        """
        Terms and tally are made once for a service.
        """
        adapting = self.adapting()
        [_, first], [_, second] = self.begin(adapting), self.begin(adapting)
        self.assertIs(first, second)
        self.assertIs(first.tally, self.house.tally("c"))

    def test_policy(self) -> None:
        """
        The roles of clients whom nobody knows decide which policies are theirs; clients whom no policy
        tells apart share one object.
        """
        chess = self.chess
        chess.operations = MOVES
        declared = {option.name: option for option in options(chess)}["policy"]
        rule = {option.name: option.read for option in declared.children}["allow"]
        blocks = tuple(
            declared.read({"role": roles, "allow": tuple(map(rule, allow)), "deny": ()})
            for roles, allow in (((), ("watch",)), (("master", "guest"), ("move board/1",)))
        )
        for roles, moves in ((("guest", "unheard-of"), True), (("nobody",), False)):
            adapting = self.adapting(policy=blocks, anonymous_roles=roles)
            link, _ = self.begin(adapting)
            self.assertEqual(link.roles, frozenset(roles))
            self.assertEqual(link.policy.allows("watch", "board/1"), True)
            self.assertEqual(link.policy.allows("move", "board/1"), moves)
            self.assertEqual(link.policy.allows("move", "board/2"), False)
            self.assertIs(self.begin(adapting)[0].policy, link.policy)

    def test_logged_in(self) -> None:
        """
        Who has logged in has its own roles and claims; anonymous.roles are for those who have not, and for
        those of whom a realm knows nothing.
        """
        adapting = self.adapting(anonymous_roles=("guest",))
        joe = Subject(user="joe", roles=frozenset({"master"}), claims={"sub": "j"})
        robot = Subject(roles=frozenset({"robot"}))
        told = [self.begin(adapting, subject=subject)[0] for subject in (joe, robot, Subject(), None)]
        self.assertEqual(
            [(link.user, link.roles, link.claims) for link in told],
            [
                ("joe", frozenset({"master"}), {"sub": "j"}),
                (None, frozenset({"robot"}), {}),
                (None, frozenset({"guest"}), {}),
                (None, frozenset({"guest"}), {}),
            ],
        )

    def test_report(self) -> None:
        """
        At the end the log says what has passed, where anything has.
        """
        adapting = self.adapting()
        with capturedLogs() as events:
            adapting.report()
            self.house.tally("c").add(Side.FRONT, "MOVE", 7)
            adapting.report()
        said = [formatEvent(event) for event in events if event["log_level"] is LogLevel.info]
        self.assertEqual(said, ["service c: counted client MOVE 7"])
