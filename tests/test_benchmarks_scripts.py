"""The scripts that the benchmarks' clients and backends follow."""

from __future__ import annotations

import shutil
import struct
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.load import Load, build, options
from benchmarks.machine import BenchmarkError
from benchmarks.protocols import SCRIPTS
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.scripts import BACKEND, CLIENT, NAME, Message, Script, Step
from benchmarks.systems import gateway, gateway_configuration, place
from tests.integration.gateway import Gateway

FOLDER = tempfile.TemporaryDirectory(prefix="test-scripts-")  # removed when Python ends


class ScriptTests(SynchronousTestCase):
    """Scripts by themselves."""

    def test_encoded(self) -> None:
        """
        Steps and messages are written with their lengths before them.
        """
        opening = [Step(CLIENT, b"hello", b"lo"), Step(BACKEND, b"yes", b"")]
        script = Script(opening, [Message((b"ab", b"c"), b"abc.")], text=True)

        def text(data: bytes) -> bytes:
            return struct.pack("<I", len(data)) + data

        self.assertEqual(
            script.encode(),
            struct.pack("<II", 2, CLIENT)
            + text(b"hello")
            + text(b"lo")
            + struct.pack("<I", BACKEND)
            + text(b"yes")
            + text(b"")
            + struct.pack("<II", 1, 2)
            + text(b"ab")
            + text(b"c")
            + text(b"abc."),
        )

    def test_all(self) -> None:
        """
        Every protocol's clients say who they are; each message differs from the one before, and is as
        long as was asked for; who only passes bytes on is given the same at both ends.
        """
        for name, make in SCRIPTS.items():
            for mode in ("in", "out"):
                script, plain = make(mode, 120, False), make(mode, 120, True)
                said = b"".join(step.said for step in script.opening if step.side == CLIENT)
                self.assertIn(NAME.encode(), said, name)
                one, other = script.messages[:2]
                self.assertNotEqual(one, other, name)
                counted = [one.parts[2][7:-1] if name == "amqp" else one.back for one in script.messages]
                self.assertEqual({len(data) for data in counted}, {120}, name)
                self.assertEqual([m.back for m in plain.messages], [m.back for m in script.messages], name)
                self.assertEqual(
                    [b"".join(m.parts) for m in plain.messages], [m.back for m in plain.messages]
                )


class ThroughTheGatewayTests(SynchronousTestCase):
    """What the load program and the gateway make of the scripts together."""

    if shutil.which("gcc") is None or shutil.which("taskset") is None:
        skip = "gcc and taskset are needed"

    def test_every_protocol(self) -> None:
        """
        The messages of every protocol go through the gateway in both directions, whole and, towards
        clients, each as a WebSocket message of its own.
        """
        folder = Path(FOLDER.name)
        program, system = build(folder), gateway("gateway")
        where = place(system, SCRIPTS, folder, folder / "no.pem")
        mine = [scenario for scenario in SCENARIOS if scenario.service in SCRIPTS]
        self.assertEqual({scenario.service for scenario in mine}, set(SCRIPTS))
        with Gateway(gateway_configuration(where)):
            for scenario in mine:
                given = options(scenario, system, where, 0.1) | {"connections": 3}
                with Load(program, 0, **given) as load:
                    load.start()
                    self.assertGreater(load.end()["messages"], 0, scenario.name)

    def test_not_aligned(self) -> None:
        """
        A system that only passes bytes on does not give each message as one of its own, and is found out.
        """
        folder = Path(FOLDER.name)
        program, system = build(folder), gateway("gateway")
        where = place(system, ["proxy"], folder, folder / "no.pem")
        where.fronts["mqtt"] = where.fronts.pop("proxy")
        configuration = gateway_configuration(where).replace("mqtt.proxy", "proxy")
        scenario = Scenario(name="", mode="out", service="mqtt", size=100, window=64)
        given = options(scenario, system, where, 0.5)
        with Gateway(configuration), Load(program, 0, **given) as load:
            why = self.assertRaises(BenchmarkError, load.start)
        self.assertEqual(str(why), "load: a WebSocket message that is not one message of the protocol")
