"""One connection to a broker, made and made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing.brokers.line import CLOSING, PATIENCE, STEADY, Line, Plan
from kaazing.config.model import Credentials, Uri
from kaazing.errors import BrokerLost, BrokerRefused, ConnectError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import Features, IBrokerType, Post
from kaazing.options import Option

PLACES = [Uri(scheme="wired", host=host, port=1, credentials=Credentials("me", "secret")) for host in "ab"]


class Wire:
    """A link of which only the end matters."""

    features = Features()
    peer = "Wired 1.0"

    def __init__(self) -> None:
        self.closed: Deferred[None] = Deferred()
        self.closes = 0

    def close(self) -> Deferred[None]:
        """See L{IBrokerLink}."""
        self.closes += 1
        return self.closed


@implementer(IBrokerType)
class Wired:
    """A sort of broker whose connections the test makes.

    Attributes:
        asked: (host, Deferred, Post) of each connect.
        logins: of each.
    """

    name = "wired"
    schemes: Mapping[str, int] = {"wired": 1}
    options: tuple[Option, ...] = ()
    features = Features()
    doc = ""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Deferred[Any], Post]] = []
        self.logins: list[Login | None] = []

    def check(self, uri: Uri) -> Iterable[str]:
        """See L{IBrokerType}."""
        return ()

    def connect(self, uri: Uri, login: Login | None, post: Post) -> Deferred[Any]:
        """See L{IBrokerType}."""
        made: Deferred[Any] = Deferred()
        self.asked.append((uri.host, made, post))
        self.logins.append(login)
        return made


class LineTests(SynchronousTestCase):
    """A line, and who has it."""

    def setUp(self) -> None:
        """Make a line that may go to both places."""
        self.clock = Clock()
        self.kind = Wired()
        self.told: list[str] = []
        self.said: list[str] = []
        self.may: Sequence[Uri] = PLACES
        self.plan = Plan(
            kind=self.kind,
            uris=PLACES,
            login=None,
            dial=lambda uri: None,
            clock=self.clock,
            client_id="gateway",
            properties={"x": 1},
            complain=self.said.append,
            delay=5.0,
            random=lambda: 1.0,
        )
        self.line = Line(0, self.plan, self)

    def places(self, line: Line) -> Sequence[Uri]:
        """See L{ILines}."""
        return self.may

    def came(self, line: Line) -> None:
        """See L{ILines}."""
        self.told.append("came again" if line.again else "came")

    def went(self, line: Line) -> None:
        """See L{ILines}."""
        self.told.append("went")

    def drained(self) -> None:
        """See L{ILines}."""
        self.told.append("drained")

    def refused(self, why: str) -> None:
        """See L{ILines}."""
        self.told.append(f"refused: {why}")

    def answer(self, result: Any) -> Any:
        """Answer the last connect."""
        made = self.kind.asked[-1][1]
        made.errback(result) if isinstance(result, Exception) else made.callback(result)
        return result

    def hosts(self) -> str:
        """Return where connects went so far, in order."""
        return "".join(host for host, _, _ in self.kind.asked)

    def lose(self, link: Wire, why: str = "the cable was pulled") -> None:
        """Have a link lost."""
        self.kind.asked[-1][2].lost(link, BrokerLost(why))

    def up(self) -> Wire:
        """Connect at once."""
        self.line.begin()
        return self.answer(Wire())  # type: ignore[no-any-return]

    def test_connects(self) -> None:
        """
        It connects to the first place; the log says so, without login.
        """
        self.line.begin()
        self.line.begin()
        link = self.answer(Wire())
        self.line.begin()
        self.assertEqual((self.line.link, self.line.uri, self.hosts()), (link, PLACES[0], "a"))
        self.assertEqual(self.told, ["came"])
        self.assertEqual(self.said, ["the broker at wired://a:1 (Wired 1.0): connected"])
        post = self.kind.asked[0][2]
        self.assertEqual((post.client_id, post.properties), ("gateway", {"x": 1}))

    def test_client_ids(self) -> None:
        """
        Each connection has a client id of its own, the same after a restart.
        """
        for number in range(3):
            Line(number, self.plan, self).begin()
        self.assertEqual(
            [post.client_id for _, _, post in self.kind.asked], ["gateway", "2-gateway", "3-gateway"]
        )

    def test_login(self) -> None:
        """
        The gateway logs in as the service says, else as the URI does, else as nobody.
        """
        own = Login(username="ann", password="hers")
        of_uri = Login(username="me", password="secret")
        bare = Uri(scheme="wired", host="c", port=1)
        logins = []
        for login, uri in ((own, PLACES[0]), (own, bare), (None, PLACES[0]), (None, bare)):
            self.plan.login, self.may = login, [uri]
            Line(0, self.plan, self).begin()
            logins.append(self.kind.logins[-1])
        self.assertEqual(logins, [own, own, of_uri, None])

    def test_failover(self) -> None:
        """
        Places are tried in order, then after a wait again; the same is complained of once, and the place is
        named once in it.
        """
        self.line.begin()
        for _ in range(2):
            self.answer(ConnectError("connection refused"))
            self.answer(ConnectError("wired://b:1: no route"))
            self.clock.advance(10)
        self.answer(ConnectError("connection refused"))
        self.answer(Wire())
        self.assertEqual(self.hosts(), "ababab")
        self.assertEqual(
            self.said,
            [
                "the broker at wired://a:1 is not there: connection refused",
                "the broker at wired://b:1 is not there: no route",
                "the broker at wired://b:1 (Wired 1.0): connected",
            ],
        )

    def test_waits(self) -> None:
        """
        Waits double while nobody is there.
        """
        self.may = PLACES[:1]
        self.line.begin()
        waits = []
        for _ in range(4):
            self.answer(ConnectError("no"))
            (call,) = self.clock.getDelayedCalls()
            waits.append(call.getTime() - self.clock.seconds())
            self.clock.advance(waits[-1])
        self.assertEqual(waits, [5.0, 10.0, 20.0, 40.0])

    def test_refused(self) -> None:
        """
        A login that is refused is tried again too, slower, and who has the line is told.
        """
        self.may = PLACES[:1]
        self.line.begin()
        self.answer(BrokerRefused("the login is wrong"))
        self.assertEqual(self.told, ["refused: the login is wrong"])
        self.assertEqual(self.said, ["the broker at wired://a:1 refuses the gateway: the login is wrong"])
        self.clock.advance(39)
        self.assertEqual(self.hosts(), "a")
        self.clock.advance(1)
        self.assertEqual(self.hosts(), "aa")

    def test_lost(self) -> None:
        """
        A link that is lost is replaced after a wait, beginning with the first place.
        """
        link = self.up()
        self.clock.advance(STEADY)
        self.lose(link)
        self.assertIsNone(self.line.link)
        self.clock.advance(4.9)
        self.assertEqual(self.hosts(), "a")
        self.clock.advance(0.1)
        self.answer(Wire())
        self.assertEqual(self.told, ["came", "went", "came again"])
        self.assertEqual(
            self.said[1:],
            [
                "the broker at wired://a:1: lost: the cable was pulled",
                "the broker at wired://a:1 (Wired 1.0): connected again",
            ],
        )

    def test_unsteady(self) -> None:
        """
        A broker that takes connections and drops them is asked ever more rarely.
        """
        self.up()
        waits = []
        for _ in range(3):
            assert self.line.link is not None
            self.lose(self.line.link)  # type: ignore[arg-type]
            (call,) = self.clock.getDelayedCalls()
            waits.append(call.getTime() - self.clock.seconds())
            self.clock.advance(waits[-1])
            self.answer(Wire())
        self.assertEqual(waits, [5.0, 10.0, 20.0])
        self.clock.advance(STEADY)
        self.lose(self.line.link)  # type: ignore[arg-type]
        (call,) = self.clock.getDelayedCalls()
        self.assertEqual(call.getTime() - self.clock.seconds(), 5.0)

    def test_lost_before_known(self) -> None:
        """
        A link that is lost before anybody has it is none.
        """
        self.line.begin()
        link = Wire()
        self.lose(link, "gone already")
        self.answer(link)
        self.assertEqual((self.told, self.hosts()), ([], "ab"))
        self.assertEqual(self.said, ["the broker at wired://a:1 is not there: gone already"])

    def test_old_link(self) -> None:
        """
        What is said of another link than the present one means nothing.
        """
        link = self.up()
        old = Wire()
        self.lose(old)
        post = self.kind.asked[-1][2]
        post.drained(old)
        post.drained(link)
        self.assertEqual((self.told, self.line.link), (["came", "drained"], link))

    def test_nowhere(self) -> None:
        """
        Where it may go nowhere it waits to be begun again.
        """
        self.may = []
        self.line.begin()
        self.assertEqual((self.hosts(), self.clock.getDelayedCalls()), ("", []))
        self.may = PLACES[1:]
        self.up()
        self.assertEqual(self.hosts(), "b")

    def test_elsewhere(self) -> None:
        """
        A link to a place that others have left meanwhile is ended, and the right place tried.
        """
        self.line.begin()
        self.may = PLACES[1:]
        link = self.answer(Wire())
        self.assertEqual((self.line.link, link.closes, self.told), (None, 1, []))
        self.clock.advance(5)
        self.answer(Wire())
        self.assertEqual((self.hosts(), self.told), ("ab", ["came"]))

    def test_silence(self) -> None:
        """
        A plugin that says nothing does not hold up the next place for ever.
        """
        self.line.begin()
        self.clock.advance(PATIENCE)
        self.assertEqual(self.hosts(), "ab")
        said = "the broker at wired://a:1 is not there: it has not answered within 45 seconds"
        self.assertEqual(self.said, [said])

    def test_fault(self) -> None:
        """
        A plugin that fails in a way of its own is in the log, and tried again like any other.
        """
        self.line.begin()
        self.answer(ZeroDivisionError("secret"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.said, ["the broker at wired://a:1 is not there: see the log"])
        self.assertEqual(self.hosts(), "ab")

    def test_stop(self) -> None:
        """
        When it stops, nothing is tried any more, whatever it was doing.
        """
        for doing in ("dialling", "waiting"):
            line = Line(0, self.plan, self)
            line.begin()
            if doing == "waiting":
                self.answer(ConnectError("no"))
                self.answer(ConnectError("no"))
            asked = len(self.kind.asked)
            line.stop()
            line.begin()
            self.clock.advance(100)
            self.assertEqual((len(self.kind.asked), self.told), (asked, []), doing)

    def test_stop_too_late(self) -> None:
        """
        A link that comes although it was not wanted any more is ended.
        """
        link = Wire()
        made: Deferred[Any] = Deferred(lambda cancelled: cancelled.callback(link))
        self.patch(self.kind, "connect", lambda uri, login, post: made)
        self.line.begin()
        self.line.stop()
        self.assertEqual((link.closes, self.line.link, self.told), (1, None, []))

    def test_stop_lost(self) -> None:
        """
        A link that is lost while it stops is not replaced.
        """
        link = self.up()
        self.line.stop()
        self.lose(link)
        self.assertEqual((self.told, self.clock.getDelayedCalls()), (["came", "went"], []))

    def test_close(self) -> None:
        """
        A link is ended in good order, within bounds.
        """
        self.assertIsNone(self.successResultOf(self.line.close()))
        link = self.up()
        closing = self.line.close()
        self.assertEqual((self.line.link, link.closes), (None, 1))
        self.clock.advance(CLOSING - 0.1)
        self.assertNoResult(closing)
        self.clock.advance(0.1)
        self.assertIsNone(self.successResultOf(closing))

    def test_close_raises(self) -> None:
        """
        A link that fails to end is ended.
        """
        link = self.up()
        self.patch(link, "close", lambda: succeed(1 // 0))
        self.assertIsNone(self.successResultOf(self.line.close()))
