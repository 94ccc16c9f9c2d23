# -*- test-case-name: tests.test_benchmarks -*-
"""The benchmarks measure what they say, and their table says what they measured."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.load import Load, Sample, build
from benchmarks.machine import BenchmarkError, Running, alone, free_port
from benchmarks.report import BEGIN, END, Report, as_json, number, record, table
from benchmarks.scenarios import SCENARIOS, Figure, Scenario, at_least, at_most, chosen
from benchmarks.systems import PEERS, Place, gateway, gateway_configuration, place

ECHO = Scenario(name="echo", targets=(at_least(0.5, "nginx"), at_most(1.2, "nginx"), at_least(9, "haproxy")))

PROCESSOR = max(os.sched_getaffinity(0))
FOLDER = tempfile.TemporaryDirectory(prefix="test-benchmarks-")  # removed when Python ends


@cache
def program() -> Path:
    """Build the load program once."""
    return build(Path(FOLDER.name))


def report() -> Report:
    """Two rounds of one scenario against two peers, the second of which failed in both."""
    made = Report(["gateway", "nginx", "haproxy"])
    for rate, cost in ((90.0, 5.0), (110.0, 7.0)):
        made.add(ECHO, "gateway", Sample({Figure.RATE: rate, Figure.COST: cost}, busy=0.97))
        made.add(ECHO, "nginx", Sample({Figure.RATE: rate * 2, Figure.COST: cost / 2}, waited=0.25))
        made.add(ECHO, "haproxy", Sample(failed="not upgraded"))
    return made


class ReportTests(SynchronousTestCase):
    def test_table(self) -> None:
        """
        A line a figure: medians, gateway/peer, and whether the targets hold; a rate that the load
        program limited has a star, and what other processes disturbed a tilde.
        """
        self.assertEqual(
            table(report()),
            "| measured | gateway | nginx | haproxy | gateway/nginx | gateway/haproxy | target |\n"
            "| --- | ---: | ---: | ---: | ---: | ---: | --- |\n"
            "| echo: messages/s | 100* | 200~ | - | 0.50 | - |"
            " at least 0.5 of nginx: holds; at least 9 of haproxy: not measured |\n"
            "| echo: processor time a message, µs | 6.00 | 3.00~ | - | 2.00 | - |"
            " at most 1.2 of nginx: FALLS SHORT |\n",
        )

    def test_peers_alone(self) -> None:
        """
        Without the gateway there are no ratios, and no target is spoken of.
        """
        alone = Report(["nginx"])
        alone.add(ECHO, "nginx", Sample({Figure.RATE: 1234567.0}))
        self.assertEqual(
            table(alone).splitlines()[2:],
            ["| echo: messages/s | 1 234 567 |  |", "| echo: processor time a message, µs | - |  |"],
        )

    def test_json(self) -> None:
        """
        The JSON keeps every round, and says which runs failed and why.
        """
        kept = json.loads(json.dumps(as_json(report())))
        self.assertEqual(
            kept["rows"][0],
            {
                "scenario": "echo",
                "figure": "messages/s",
                "rounds": {"gateway": [90.0, 110.0], "nginx": [180.0, 220.0], "haproxy": [None, None]},
                "median": {"gateway": 100.0, "nginx": 200.0, "haproxy": None},
                "ratio": {"nginx": 0.5, "haproxy": None},
                "targets": ["at least 0.5 of nginx: holds", "at least 9 of haproxy: not measured"],
                "load_busy": {"gateway": [0.97, 0.97], "nginx": [0.0, 0.0], "haproxy": [0.0, 0.0]},
                "waited": {"gateway": [0.0, 0.0], "nginx": [0.25, 0.25], "haproxy": [0.0, 0.0]},
            },
        )
        self.assertEqual(kept["failures"], ["haproxy: echo: not upgraded"] * 2)

    def test_record(self) -> None:
        """
        The table of a page is replaced between its two marks, and nothing else of it.
        """
        page = Path(self.mktemp())
        page.write_text(f"before\n{BEGIN}\nstale\n{END}\nafter\n")
        record(report(), page)
        text = page.read_text()
        self.assertTrue(text.startswith(f"before\n{BEGIN}\n{table(report())}"), text)
        self.assertTrue(text.endswith(f"{END}\nafter\n"), text)
        self.assertNotIn("stale", text)

    def test_record_without_marks(self) -> None:
        """
        A page without the marks is refused, and left as it was.
        """
        page = Path(self.mktemp())
        page.write_text("before\n")
        self.assertRaises(ValueError, record, report(), page)
        self.assertEqual(page.read_text(), "before\n")

    def test_numbers(self) -> None:
        """
        Numbers show three digits at least, thousands apart.
        """
        self.assertEqual([number(v) for v in (0.194, 12.34, 1234.5, None)], ["0.19", "12.3", "1 234", "-"])


class ScenarioTests(SynchronousTestCase):
    def test_chosen(self) -> None:
        """
        Words choose the scenarios that contain one of them; no words choose all.
        """
        self.assertEqual([s.name for s in chosen("wss, 1 conn")], [SCENARIOS[1].name, SCENARIOS[6].name])
        self.assertEqual(chosen(""), SCENARIOS)

    def test_peers_can(self) -> None:
        """
        Each peer of a scenario exists and offers its service, and targets name peers only.
        """
        for scenario in SCENARIOS:
            for peer in scenario.peers:
                self.assertIn(scenario.service, PEERS[peer].services, scenario.name)
            self.assertLessEqual({t.peer for t in scenario.targets}, set(scenario.peers), scenario.name)


class SystemTests(SynchronousTestCase):
    def test_gateway_command(self) -> None:
        """
        In the gateway's command {conf} becomes the file that is written for it.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        where = Place(folder, {"proxy": 1}, 2, folder / "c.pem")
        self.assertEqual(gateway("gw -c {conf}").command(where), ["gw", "-c", f"{folder}/gateway.xml"])
        self.assertEqual((folder / "gateway.xml").read_text(), gateway_configuration(where))

    def test_gateway_services(self) -> None:
        """
        The gateway gets one service for each way in, STOMP checked and TLS with a certificate.
        """
        conf = gateway_configuration(
            Place(Path("/f"), {"proxy": 1, "wss": 2, "stomp": 3}, 4, Path("/f/c.pem"))
        )
        for said in (
            "<accept>ws://127.0.0.1:1/</accept>",
            "<accept>wss://127.0.0.1:2/</accept>",
            "<type>stomp.proxy</type>",
            "<ssl.certificate-file>/f/c.pem</ssl.certificate-file>",
        ):
            self.assertEqual(conf.count(said), 1, said)
        self.assertEqual(conf.count("<connect>tcp://127.0.0.1:4</connect>"), 3)

    def test_ports(self) -> None:
        """
        A system gets a port for each service that it has and that is wanted; websockify one for all.
        """
        nothing = Path()
        ways = ["proxy", "stomp", "wss", "proxy"]
        ports = {name: place(system, ways, nothing, nothing).fronts for name, system in PEERS.items()}
        self.assertEqual(list(ports["nginx"]), ["proxy", "wss"])
        self.assertEqual(ports["websockify"]["proxy"], ports["websockify"]["stomp"])


class LoadTests(SynchronousTestCase):
    """
    The load program with no system in between: its clients come to its own backend.
    """

    if shutil.which("gcc") is None or shutil.which("taskset") is None:
        skip = "gcc and taskset are needed"

    def load(self, **options: object) -> Load:
        """Start it against its own backend."""
        port = free_port()
        given = {"port": port, "back_port": port, "backend": "ws", "seconds": 0.1} | options
        return Load(program(), PROCESSOR, **given)

    def test_echo(self) -> None:
        """
        Messages of every frame length go out, come back and are counted.
        """
        for size in (1, 125, 126, 65535, 65536):
            with self.load(size=size, connections=3, window=4) as load:
                load.start()
                measured = load.end()
            self.assertGreater(measured["messages"], 0, size)
            self.assertLessEqual(abs(measured["websocket_messages"] - measured["messages"]), 12, size)

    def test_delay(self) -> None:
        """
        With one message under way its time is taken.
        """
        with self.load(window=1) as load:
            load.start()
            measured = load.end()
        self.assertGreater(measured["p99"], 0)
        self.assertGreaterEqual(measured["p99"], measured["p50"])

    def test_nobody_there(self) -> None:
        """
        A system that refuses connections is a failure with a reason, not a figure.
        """
        with self.load(port=free_port()) as load:
            self.assertEqual(str(self.assertRaises(BenchmarkError, load.start)), "load: Connection refused")

    def test_wrong_bytes(self) -> None:
        """
        Bytes that come back changed are a failure: here the backend echoes frames, mask and all.
        """
        with self.load(backend="raw") as load:
            self.assertRaises(BenchmarkError, load.start)


class AloneTests(SynchronousTestCase):
    def test_one_at_a_time(self) -> None:
        """
        While one run measures another is told to wait; after it, nobody is.
        """
        self.patch(tempfile, "tempdir", str(Path(self.mktemp()).parent))
        told: list[str] = []
        with alone(lambda: told.append("first")), self.assertRaises(InterruptedError), alone(interrupted):
            told.append("both measured")
        with alone(lambda: told.append("third")):
            self.assertEqual(told, [])


def interrupted() -> None:
    """Stand for a user who does not want to wait."""
    raise InterruptedError


class RunningTests(SynchronousTestCase):
    if shutil.which("taskset") is None:
        skip = "taskset is needed"

    def test_does_not_start(self) -> None:
        """
        A system that ends at once is reported with what it said last.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        command = ["sh", "-c", "echo no such port"]
        running = Running("sh", command, processor=PROCESSOR, folder=folder, cwd=folder)
        why = self.assertRaises(BenchmarkError, running.wait_for, [free_port()])
        running.stop()
        self.assertEqual(str(why), "sh did not start; the end of its log:\nno such port\n")
