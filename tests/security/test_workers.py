"""The threads of logins: how many, who waits, what a stop does."""

from __future__ import annotations

import threading

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase, TestCase

from kaazing.errors import LoginUnavailable
from kaazing.security.workers import PATIENCE, Workers
from tests.security.threads import Pool, ThreadClock


class WorkersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = ThreadClock()
        self.pool = Pool()
        self.workers = Workers(self.clock, "logins", threads=2, most=3, pool=self.made)
        self.workers.start()
        self.events = self.enterContext(capturedLogs())

    def made(self, threads: int, name: str) -> Pool:
        self.pool.threads, self.pool.name = threads, name
        return self.pool

    @property
    def lines(self) -> list[str]:
        """What the log says."""
        return [formatEvent(event) for event in self.events if event["log_namespace"] == "kaazing.security"]

    def test_result(self) -> None:
        """
        What the function returns comes out of the Deferred, once a thread has called it.
        """
        done = self.workers.work(divmod, 7, 2)
        self.assertNoResult(done)
        self.pool.run()
        self.assertEqual(self.successResultOf(done), (3, 1))

    def test_error(self) -> None:
        """
        What the function raises comes out of the Deferred, and its thread serves the next call.
        """
        done = self.workers.work(divmod, 7, 0)
        self.pool.run()
        self.failureResultOf(done, ZeroDivisionError)
        self.assertEqual((self.workers.running, self.workers.waiting), (0, 0))

    def test_bounds(self) -> None:
        """
        Two calls run, three wait, and the sixth fails at once; each that ends lets the next begin.
        """
        done = [self.workers.work(lambda n=n: n) for n in range(6)]
        failed = self.failureResultOf(done.pop(), LoginUnavailable)
        self.assertEqual(failed.getErrorMessage(), "too many logins at once: 3 wait")
        self.assertEqual((self.workers.running, self.workers.waiting, len(self.pool.calls)), (2, 3, 2))
        for _ in done:
            self.pool.run()
            self.assertLessEqual(self.workers.running, 2)
        self.assertEqual([self.successResultOf(each) for each in done], [0, 1, 2, 3, 4])
        self.assertEqual((self.workers.running, self.workers.waiting, self.pool.calls), (0, 0, []))

    def test_cancelled_while_waiting(self) -> None:
        """
        A client that goes away while its login waits costs no thread, and frees its place in the queue.
        """
        called: list[int] = []
        done = [self.workers.work(called.append, n) for n in range(5)]
        done[3].cancel()
        self.failureResultOf(done[3], CancelledError)
        self.assertEqual(self.workers.waiting, 2)
        while self.pool.calls:
            self.pool.run()
        self.assertEqual(called, [0, 1, 2, 4])

    def test_cancelled_while_running(self) -> None:
        """
        A call that a thread has begun cannot be taken back: its result is dropped, and the next begins.
        """
        done = [self.workers.work(int) for _ in range(3)]
        done[0].cancel()
        self.failureResultOf(done[0], CancelledError)
        self.pool.run()
        self.assertEqual((self.workers.running, self.workers.waiting), (2, 0))

    def test_slow(self) -> None:
        """
        Calls that wait for more than a second are told of in the log, once a minute at most.
        """
        for _ in range(5):
            self.workers.work(int)
        self.clock.advance(1.5)
        self.pool.run()
        self.assertEqual((self.workers.longest, len(self.lines)), (1.5, 1))
        self.assertEqual(self.lines, ["logins: waited 1.5 s for one of 2 threads; 2 more wait"])
        self.pool.run()
        self.assertEqual(len(self.lines), 1)
        self.clock.advance(60)
        self.pool.run()
        self.assertEqual((self.workers.longest, len(self.lines)), (61.5, 2))

    def test_stop(self) -> None:
        """
        A stop fails what waits, lets what was begun end, and takes nothing more.
        """
        done = [self.workers.work(int) for _ in range(3)]
        stopped = self.workers.stop()
        self.failureResultOf(done[2], LoginUnavailable)
        self.failureResultOf(self.workers.work(int), LoginUnavailable)
        self.assertNoResult(stopped)
        self.pool.run()
        self.assertNoResult(stopped)
        self.pool.run()
        self.assertEqual([self.successResultOf(each) for each in (*done[:2], stopped)], [0, 0, None])
        self.assertEqual((self.pool.state, self.clock.getDelayedCalls()), ("stopped", []))

    def test_stop_without_hanging(self) -> None:
        """
        A directory that never answers holds up the end of the gateway for five seconds at most.
        """
        self.workers.work(int)
        stopped = self.workers.stop()
        self.clock.advance(PATIENCE)
        self.assertEqual(self.successResultOf(stopped), None)
        self.assertEqual(self.lines, ["logins: 1 calls do not end"])
        self.pool.run()
        self.assertEqual(self.pool.state, "stopped")

    def test_stop_idle(self) -> None:
        """
        Where nothing runs, a stop is over at once.
        """
        self.assertEqual(self.successResultOf(self.workers.stop()), None)
        self.assertEqual((self.pool.threads, self.pool.name, self.pool.state), (2, "logins", "stopped"))


class ThreadTests(TestCase):
    def test_beside_the_reactor(self) -> Deferred[None]:
        """
        The function runs in a thread that does not keep the process from ending; the result comes back
        to the reactor's thread.
        """
        workers = Workers(reactor)
        workers.start()
        here = threading.current_thread()

        def check(thread: threading.Thread) -> Deferred[None]:
            self.assertIsNot(thread, here)
            self.assertTrue(thread.daemon)
            self.assertIs(threading.current_thread(), here)
            return workers.stop()

        return workers.work(threading.current_thread).addCallback(check)
