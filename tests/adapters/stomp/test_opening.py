"""Tests for L{kaazing.adapters.stomp.opening}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stomp.opening import injected, offered, settled
from kaazing.errors import ProtocolViolation
from kaazing.interfaces.adapters import Login
from kaazing.wire.stomp import Frame


def connect(*headers: tuple[str, str], command: str = "CONNECT") -> Frame:
    return Frame(command, headers)


class OfferedTests(SynchronousTestCase):
    def assert_refused(self, frame: Frame, what: str) -> None:
        error = self.assertRaises(ProtocolViolation, offered, frame, 3)
        self.assertEqual(str(error), f"client byte 3: {what}")

    def test_versions(self) -> None:
        """
        The client offers what accept-version lists, known versions alone; without the header STOMP 1.0.
        """
        for accept, versions in (("1.2", {12}), ("1.0,1.1", {10, 11}), ("1.1, 1.3,x", {11})):
            self.assertEqual(offered(connect(("accept-version", accept)), 0), versions)
        self.assertEqual(offered(connect(("login", "ann")), 0), {10})

    def test_none_known(self) -> None:
        """
        A client that offers nothing known is refused.
        """
        what = "none of the versions 1.0, 1.1, 1.2 is offered (STOMP 1.2, Protocol Negotiation)"
        for accept in ("2.0", "", ","):
            self.assert_refused(connect(("accept-version", accept)), what)

    def test_stomp(self) -> None:
        """
        A client that begins with STOMP is newer than 1.0, so it has to say what it speaks.
        """
        frame = connect(("accept-version", "1.2"), command="STOMP")
        self.assertEqual(offered(frame, 0), {12})
        what = "STOMP without the header accept-version (STOMP 1.2, Frames and Headers)"
        self.assert_refused(connect(command="STOMP"), what)

    def test_heart_beat(self) -> None:
        """
        heart-beat is two numbers; STOMP 1.0 does not know it and may say anything.
        """
        what = "heart-beat is not two numbers with a comma in between (STOMP 1.2, Heart-beating)"
        for value in ("0,0", "10000,10000"):
            self.assertEqual(offered(connect(("accept-version", "1.1"), ("heart-beat", value)), 0), {11})
        for value in ("", "0", "1,2,3", "0, 0", "-1,0", "1.5,0", "٣,0"):
            self.assert_refused(connect(("accept-version", "1.1"), ("heart-beat", value)), what)
            self.assertEqual(offered(connect(("heart-beat", value)), 0), {10})
            self.assertEqual(offered(connect(("accept-version", "1.0"), ("heart-beat", value)), 0), {10})

    def test_host_is_not_required(self) -> None:
        """
        The host header is required by STOMP 1.1 and 1.2, but the most used browser client leaves it out.
        """
        self.assertEqual(offered(connect(("accept-version", "1.2")), 0), {12})


class InjectedTests(SynchronousTestCase):
    def assert_becomes(
        self,
        frame: Frame,
        *headers: tuple[str, str],
        login: Login | None = None,
        host: str | None = None,
    ) -> None:
        self.assertEqual(injected(frame, login, host), Frame(frame.command, headers))

    def test_nothing_configured(self) -> None:
        """
        Where nothing is configured the frame passes as it is.
        """
        frame = connect(("accept-version", "1.2"), ("login", "ann"), ("passcode", "x"))
        self.assertIs(injected(frame, None, None), frame)

    def test_login(self) -> None:
        """
        The client's login and passcode go both, even where there is no password to put in, so that a
        client cannot try passwords for the gateway's user.
        """
        frame = connect(("login", "ann"), ("passcode", "x"), ("host", "/"))
        self.assert_becomes(frame, ("login", "gw"), ("host", "/"), login=Login(username="gw"))
        self.assert_becomes(
            connect(), ("login", "gw"), ("passcode", "pw"), login=Login(username="gw", password="pw")
        )

    def test_disguised_login(self) -> None:
        """
        Nor can it with a spelling that a broker could take for the header's name.
        """
        frame = connect((" login", "ann"), ("PassCode\t", "x"), ("logins", "y"))
        self.assert_becomes(frame, ("login", "gw"), ("logins", "y"), login=Login(username="gw"))

    def test_virtual_host(self) -> None:
        """
        The virtual host replaces the client's, however often it stands there.
        """
        frame = connect(("host", "a"), ("login", "ann"), ("host", "b"))
        self.assert_becomes(frame, ("host", "prod"), ("login", "ann"), host="prod")

    def test_unknown_versions(self) -> None:
        """
        Versions that could not be checked are not offered to the backend.
        """
        frame = connect(("accept-version", "1.1,1.2,2.0"), ("host", "/"))
        self.assert_becomes(frame, ("accept-version", "1.1,1.2"), ("host", "/"))


class SettledTests(SynchronousTestCase):
    def assert_refused(self, frame: Frame, offers: set[int], what: str) -> None:
        error = self.assertRaises(ProtocolViolation, settled, frame, frozenset(offers), 5)
        self.assertEqual(str(error), f"backend byte 5: {what}")

    def test_version(self) -> None:
        """
        The backend chooses one of the versions offered; without the header it is STOMP 1.0.
        """
        every = frozenset((10, 11, 12))
        self.assertEqual(settled(connect(("version", "1.1"), command="CONNECTED"), every, 0), 11)
        self.assertEqual(settled(connect(command="CONNECTED"), every, 0), 10)

    def test_not_offered(self) -> None:
        """
        It chooses no other.
        """
        what = "CONNECTED with a version that was not offered (STOMP 1.2, Protocol Negotiation)"
        for headers in ((("version", "1.2"),), (("version", "9"),), ()):
            self.assert_refused(connect(*headers, command="CONNECTED"), {11}, what)

    def test_unasked(self) -> None:
        """
        CONNECTED answers CONNECT, and does not come before it.
        """
        what = "CONNECTED before CONNECT (STOMP 1.2, Connecting)"
        self.assert_refused(connect(command="CONNECTED"), set(), what)

    def test_heart_beat(self) -> None:
        """
        The backend's heart-beat is two numbers as well.
        """
        frame = connect(("version", "1.2"), ("heart-beat", "x"), command="CONNECTED")
        what = "heart-beat is not two numbers with a comma in between (STOMP 1.2, Heart-beating)"
        self.assert_refused(frame, {12}, what)
