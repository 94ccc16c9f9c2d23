"""Tests for L{kaazing.adapters.stompjms.opening}: versions, logins and heart-beats of CONNECT."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stompjms.faults import Broken
from kaazing.adapters.stompjms.opening import Opening, opening
from kaazing.interfaces.servers import Connect


class OpeningTests(SynchronousTestCase):
    def test_versions(self) -> None:
        """
        The highest version that both know counts; who names none speaks 1.0.
        """
        for accept, version in (("1.0,1.1,1.2", 12), ("1.1,1.0", 11), ("1.0", 10), (" 1.2 , 2.0", 12)):
            self.assertEqual(opening("CONNECT", {"accept-version": accept}).version, version, accept)
        self.assertEqual(opening("CONNECT", {}).version, 10)

    def test_no_version(self) -> None:
        """
        A version that is not known is refused; the STOMP frame came with 1.1 and has to name one.
        """
        for command, fields, what in (
            ("CONNECT", {"accept-version": "2.0"}, "none of the versions 1.0, 1.1, 1.2 is offered"),
            ("STOMP", {"accept-version": ","}, "none of the versions 1.0, 1.1, 1.2 is offered"),
            ("STOMP", {}, "STOMP without the header accept-version"),
        ):
            why = self.assertRaises(Broken, opening, command, fields)
            self.assertEqual(why.what, what)

    def test_login(self) -> None:
        """
        Login, passcode and client id are told; the password is in no repr. STOMP 1.0 pads
        values with blanks.
        """
        fields = {"login": "ann", "passcode": " pw:1", "host": "/", "client-id": "c1"}
        found = opening("CONNECT", {**fields, "accept-version": "1.1"}).connect
        self.assertEqual(found, Connect(username="ann", password=" pw:1", client_id="c1"))
        self.assertNotIn("pw", repr(found))
        old = opening("CONNECT", {name: f" {value} " for name, value in fields.items()}).connect
        self.assertEqual(old, Connect(username="ann", password="pw:1", client_id="c1"))

    def test_heart_beat(self) -> None:
        """
        Each side sends as often as the slower of the two wants: the one that can and the one that wants.
        """
        for value, every, ours, theirs in (
            ("5000,20000", 10.0, 20.0, 10.0),
            ("30000,1", 10.0, 10.0, 30.0),
            ("0,0", 10.0, 0.0, 0.0),
            ("0,5000", 10.0, 10.0, 0.0),
            ("5000,0", 10.0, 0.0, 10.0),
            ("5000,5000", 0.0, 0.0, 0.0),
        ):
            found = opening("STOMP", {"accept-version": "1.2", "heart-beat": value})
            self.assertEqual(found.beats(every), (ours, theirs), value)
        self.assertEqual(opening("STOMP", {"accept-version": "1.2"}).beats(10.0), (0.0, 0.0))

    def test_no_heart_beat_in_1_0(self) -> None:
        """
        STOMP 1.0 knows none: the header means nothing.
        """
        self.assertEqual(opening("CONNECT", {"heart-beat": "x"}), Opening(10, Connect(), 0, 0))

    def test_bad_heart_beat(self) -> None:
        """
        Two numbers with a comma in between, or it is refused.
        """
        for value in ("", "1", "1,", "-1,2", "1,2,3", "1 ,2", "\u0663,1", "1" * 19 + ",1"):
            why = self.assertRaises(
                Broken, opening, "CONNECT", {"accept-version": "1.1", "heart-beat": value}
            )
            self.assertEqual(
                str(why), "heart-beat is not two numbers with a comma in between (Heart-beating)"
            )
