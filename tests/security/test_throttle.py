"""How long who guesses passwords waits, and that those who do not are left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.security.throttle import NETWORK, PAIR, PENDING, USER, Throttle

HOME, OFFICE = "192.0.2.1", "198.51.100.7"


class ThrottleTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.throttle = Throttle(self.clock.seconds, size=64)

    def mistype(self, times: int, address: str, user: str) -> list[float]:
        """Fail as often as may be, waiting in between as told; return the waits."""
        waits = []
        for _ in range(times):
            wait = self.throttle.wait(address, user)
            waits.append(wait)
            self.clock.advance(wait)
            if wait:
                self.assertEqual(self.throttle.wait(address, user), 0.0)
            self.throttle.failed(address, user)
        return waits

    def test_side_by_side(self) -> None:
        """
        Of a burst of attempts with one user from one network, so many are looked at before anything is known
        of one; others are not hindered, nor is a user where he has logged in.
        """
        for _ in range(PENDING):
            self.assertEqual(self.throttle.wait(HOME, "joe"), 0.0)
            self.throttle.pending(HOME, "joe")
        waits = [
            self.throttle.wait(*each) for each in ((HOME, "joe"), (HOME, "ann"), (OFFICE, "joe"), (HOME, ""))
        ]
        self.assertEqual(waits, [1.0, 0.0, 0.0, 0.0])
        self.throttle.settled(HOME, "joe")
        self.assertEqual(self.throttle.wait(HOME, "joe"), 0.0)
        self.throttle.pending(HOME, "joe")
        self.throttle.succeeded(HOME, "joe")
        self.assertEqual(self.throttle.wait(HOME, "joe"), 0.0)

    def test_doubling(self) -> None:
        """
        Five wrong passwords cost nothing; then each attempt waits twice as long as that before, up to a
        quarter of an hour.
        """
        waits = self.mistype(17, HOME, "joe")
        self.assertEqual(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])

    def test_whom_it_hits(self) -> None:
        """
        After so many failures of one user at one address, who waits?
        """
        table = [
            # failures, the same user there, another user there, the same user elsewhere
            (4, 0, 0, 0),
            (5, 1, 0, 0),
            (9, 16, 0, 0),
            (10, 32, 0, 1),
            (13, 256, 0, 8),
        ]
        for failures, same, neighbour, elsewhere in table:
            self.throttle = Throttle(self.clock.seconds)
            self.mistype(failures, HOME, "joe")
            waits = [
                self.throttle.wait(HOME, "joe"),
                self.throttle.wait(HOME, "ann"),
                self.throttle.wait(OFFICE, "joe"),
            ]
            self.assertEqual(waits, [same, neighbour, elsewhere], failures)

    def test_many_users_of_one_address(self) -> None:
        """
        Trying one password with many users stops the address after twenty; tokens, which name nobody, too.
        """
        for number in range(NETWORK.free - 1):
            self.throttle.failed(HOME, f"user{number}")
        self.assertEqual(self.throttle.wait(HOME, "joe"), 0.0)
        self.throttle.failed(HOME, "")
        self.assertEqual((self.throttle.wait(HOME, "joe"), self.throttle.wait(HOME, "")), (1.0, 1.0))
        self.assertEqual(self.throttle.wait(OFFICE, "joe"), 0.0)

    def test_many_addresses_one_user(self) -> None:
        """
        Guesses from everywhere at one user come down to one a minute, all together.
        """
        guesses = 0
        for number in range(24 * 60 * 6):
            address = f"10.0.{number >> 8}.{number & 255}"
            if not self.throttle.wait(address, "joe"):
                self.throttle.failed(address, "joe")
                guesses += 1
            self.clock.advance(10)
        self.assertLessEqual(guesses, 24 * 60 + USER.free + 5)

    def test_known(self) -> None:
        """
        Where a user has logged in before, guesses from elsewhere and neighbours' failures do not lock
        him out; guesses from there do.
        """
        self.throttle.succeeded(HOME, "joe")
        for number in range(100):
            self.throttle.failed(f"10.0.0.{number}", "joe")
            self.throttle.failed(HOME, f"user{number}")
        self.assertEqual(self.throttle.wait(HOME, "joe"), 0.0)
        self.assertEqual(self.throttle.wait(OFFICE, "joe"), USER.most)
        self.assertEqual(self.throttle.wait(HOME, "ann"), NETWORK.most)
        for _ in range(PAIR.free):
            self.throttle.failed(HOME, "joe")
        self.assertEqual(self.throttle.wait(HOME, "joe"), 1.0)

    def test_success(self) -> None:
        """
        Who remembers his password in the end has nothing on record.
        """
        self.mistype(8, HOME, "joe")
        self.throttle.succeeded(HOME, "joe")
        self.assertEqual(self.mistype(6, HOME, "joe"), [0, 0, 0, 0, 0, 1])

    def test_success_takes_back_its_own(self) -> None:
        """
        Logging in with an account of one's own does not take back guesses at others, however it is mixed in.
        """
        guesses = 0
        for _ in range(200):
            for user in ("own", "own", "own", "own"):
                self.throttle.failed(HOME, user)
            self.throttle.succeeded(HOME, "own")
            if not self.throttle.wait(HOME, f"victim{guesses}"):
                self.throttle.failed(HOME, f"victim{guesses}")
                guesses += 1
        self.assertEqual(guesses, NETWORK.free)

    def test_realms(self) -> None:
        """
        Users of one name in two realms are two: logging in with the one takes back nothing of the other.
        Of addresses all count.
        """
        ours, theirs = self.throttle.of("ours"), self.throttle.of("theirs")
        for _ in range(PAIR.free):
            ours.failed(HOME, "admin")
        theirs.succeeded(HOME, "admin")
        self.assertEqual((ours.wait(HOME, "admin"), theirs.wait(HOME, "admin")), (1.0, 0.0))
        for number in range(NETWORK.free):
            theirs.failed(OFFICE, f"user{number}")
        self.assertEqual((ours.wait(OFFICE, "joe"), ours.wait(OFFICE, "")), (1.0, 1.0))

    def test_together(self) -> None:
        """
        Behind the free failures, a thousand attempts that come at once are one.
        """
        self.mistype(6, HOME, "joe")
        self.clock.advance(2)
        self.assertEqual([self.throttle.wait(HOME, "joe") for _ in range(3)], [0.0, 2.0, 2.0])

    def test_together_with_a_good_record(self) -> None:
        """
        A thousand logins that come at once behind one address are let through while none is wrong.
        """
        self.assertEqual({self.throttle.wait(HOME, f"u{number}") for number in range(1000)}, {0.0})
        self.assertEqual(len(self.throttle), 0)

    def test_forgotten(self) -> None:
        """
        An hour after the last failure all are forgotten; thirty days after a login, its address.
        """
        self.mistype(12, HOME, "joe")
        self.clock.advance(3600)
        self.assertEqual(self.mistype(6, HOME, "joe"), [0, 0, 0, 0, 0, 1])
        self.throttle.succeeded(HOME, "joe")
        self.clock.advance(30 * 86400)
        for _ in range(USER.free):
            self.throttle.failed(OFFICE, "joe")
        self.assertEqual(self.throttle.wait(HOME, "joe"), 1.0)

    def test_spellings(self) -> None:
        """
        A user has as many tries as one, however a directory lets him be spelt.
        """
        for user in ("joe", "Joe", "JOE", " joe ", "\uff4aoe"):
            self.throttle.failed(HOME, user)
        self.assertEqual(self.throttle.wait(HOME, "joe"), 1.0)

    def test_bounded(self) -> None:
        """
        However many fail and succeed, there are four tables of the size given.
        """
        for number in range(1000):
            address = f"10.0.{number >> 8}.{number & 255}"
            self.throttle.failed(address, f"user{number}")
            self.throttle.succeeded(address, f"user{number + 1}")
        self.assertLessEqual(len(self.throttle), 4 * 64)

    def test_not_pushed_out(self) -> None:
        """
        Failing with any number of other users does not end the wait of one, unless each of half a table
        is made to wait too.
        """
        for _ in range(USER.free + 3):
            self.throttle.failed(HOME, "joe")
        for number in range(1000):
            self.throttle.failed(f"10.0.{number >> 8}.{number & 255}", f"user{number}")
        self.assertEqual(self.throttle.wait(OFFICE, "joe"), 8.0)
        for number in range(32):
            for _ in range(USER.free):
                self.throttle.failed(f"10.1.0.{number}", f"other{number}")
        self.assertEqual(self.throttle.wait(OFFICE, "joe"), 0.0)

    @given(st.text(), st.text())
    def test_any_text(self, address: str, user: str) -> None:
        """
        What stands for address and user may be anything, and is kept nowhere.
        """
        throttle = Throttle(Clock().seconds)
        for _ in range(NETWORK.free):
            throttle.failed(address, user)
        self.assertGreater(throttle.wait(address, user), 0.0)
