"""The benchmark of emulated sessions measures what it says, and its table says what it measured."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.emulated import table
from benchmarks.peers import Backend, Emulated, Native, Session, open_sessions, pace, stream_down, stream_up
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service

KINDS: tuple[type[Session], ...] = (Native, Emulated)


class SessionTests(SynchronousTestCase):
    """Both kinds of sessions through a gateway, as the benchmark opens them."""

    def test_messages_pass(self) -> None:
        """
        What sessions send comes back from the backend, and streams pass each way.
        """
        for kind in KINDS:
            port, back = free_port(), free_port()
            proxy = service("proxy", f"ws://127.0.0.1:{port}/", f"tcp://127.0.0.1:{back}")
            with Backend(back) as backend, Gateway(conf(proxy)):
                sessions = open_sessions(kind, port, 10, backend)
                self.assertGreaterEqual(pace(sessions, backend, 64, 1.0), 7, kind.name)
                for session in sessions:
                    session.close()
                (one,) = open_sessions(kind, port, 1, backend)
                self.assertGreater(stream_up(one, backend, 64, 0.2), 0, kind.name)
                self.assertGreater(stream_down(one, backend, 0.2), 0, kind.name)
                one.close()


class TableTests(SynchronousTestCase):
    def test_table(self) -> None:
        """
        A line a figure: medians, emulated/native, and whether the targets hold.
        """
        figures = {
            "processor time a message, µs": {"native": [10.0, 20.0, 30.0], "emulated": [40.0, 60.0, 80.0]},
            "stream up, messages/s": {"native": [100.0], "emulated": [10.0]},
        }
        self.assertEqual(
            table(figures, 5, 64).splitlines()[2:],
            [
                "| processor time a message, µs | 20.0 | 60.0 | 3.00 | at most 10: holds |",
                "| stream up, messages/s | 100 | 10.0 | 0.10 | at least 0.2: FALLS SHORT |",
            ],
        )
