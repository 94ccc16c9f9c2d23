"""The door that twistd knocks on: which reactor runs, the command line, what a faulty file says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import skipIf

from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from kaazing.gateway import Gateway
from kaazing.tap import Options, makeService
from tests.needs import ROOT

CONF = """\
<gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
  <service>
    <name>echo</name>
    <accept>{accept}</accept>
    <type>{type}</type>
  </service>
</gateway-config>
"""
SAY = "from twisted.internet import reactor; print(type(reactor).__name__)"


class ReactorTests(SynchronousTestCase):
    """Each in a process of its own, because a process has one reactor."""

    def said(self, *lines: str) -> str:
        """What a Python program prints."""
        program = [sys.executable, "-c", "\n".join(lines)]
        return subprocess.run(program, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

    @skipIf(sys.platform != "linux", "epoll is Linux's")
    def test_lean(self) -> None:
        """
        Where no reactor runs yet, the lean one does, on Linux.
        """
        self.assertEqual(self.said("import kaazing.tap", SAY), "LeanReactor")

    def test_another(self) -> None:
        """
        A reactor that was asked for is left alone.
        """
        install = "from twisted.internet import selectreactor; selectreactor.install()"
        self.assertEqual(self.said(install, "import kaazing.tap", SAY), "SelectReactor")

    def test_elsewhere(self) -> None:
        """
        On another system Twisted chooses.
        """
        before = "import sys, twisted.python.runtime, socket; sys.platform = 'sunos5'"
        unchanged = self.said("import twisted.internet.reactor", SAY)
        self.assertEqual(self.said(before, "import kaazing.tap", SAY), unchanged)

    def test_not_by_the_plugin(self) -> None:
        """
        That there is such a plugin installs nothing: other programs look at all plugins.
        """
        look = (
            "from twisted.plugin import getPlugins",
            "from twisted.application.service import IServiceMaker",
            "assert any(each.tapname == 'kaazing' for each in getPlugins(IServiceMaker))",
            "import sys; print('twisted.internet.reactor' in sys.modules)",
        )
        self.assertEqual(self.said(*look), "False")


class OptionsTests(SynchronousTestCase):
    def parse(self, *arguments: str) -> Options:
        """Read a command line."""
        options = Options()
        options.parseOptions(list(arguments))
        return options

    def test_defaults(self) -> None:
        """
        Without arguments the file is gateway-config.xml here, and nothing is defined.
        """
        options = self.parse()
        self.assertEqual((options["config"], options["defines"]), ("gateway-config.xml", {}))

    def test_all(self) -> None:
        """
        The file by -c or --config; names by -D or --define, as many as wanted, the last of equal ones.
        """
        for arguments in (("-c", "x.xml", "-D", "a=1"), ("--config=x.xml", "--define", "a=1")):
            options = self.parse(*arguments)
            self.assertEqual((options["config"], options["defines"]), ("x.xml", {"a": "1"}))
        self.assertEqual(
            self.parse("-D", "a=1", "-D", "b=x=y", "-D", "c=", "-D", "a=2")["defines"],
            {"a": "2", "b": "x=y", "c": ""},
        )

    def test_no_pair(self) -> None:
        """
        A -D that is no pair says how it is meant.
        """
        for pair in ("a", "=1", ""):
            with self.assertRaises(UsageError) as caught:
                self.parse("-D", pair)
            self.assertEqual(str(caught.exception), f"-D wants name=value, not {pair!r}")


class ServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.file = Path(self.mktemp())

    def make(self, *arguments: str, accept: str = "tcp://127.0.0.1:8000", type: str = "echo") -> object:
        """Make the service of a file with one accept."""
        self.file.write_text(CONF.format(accept=accept, type=type))
        options = Options()
        options.parseOptions(["-c", str(self.file), *arguments])
        return makeService(options)

    def test_plugin(self) -> None:
        """
        twistd finds it by the name kaazing.
        """
        (maker,) = [each for each in getPlugins(IServiceMaker) if each.tapname == "kaazing"]
        self.assertIs(maker.options, Options)
        self.assertIs(maker.makeService, makeService)

    def test_good(self) -> None:
        """
        A good file becomes a gateway, with the names that were defined.
        """
        gateway = self.make("-D", "port=8001", accept="tcp://127.0.0.1:${port}")
        self.assertIsInstance(gateway, Gateway)

    def test_faults(self) -> None:
        """
        A faulty file ends the process with status 1 and all its faults, each with its line.
        """
        with self.assertRaises(SystemExit) as caught:
            self.make(accept="gopher://127.0.0.1", type="ecco")
        lines = str(caught.exception.code).splitlines()
        self.assertEqual(
            [line.split(": ")[0] for line in lines], [f"{self.file}:{number}" for number in (4, 5)]
        )

    def test_no_file(self) -> None:
        """
        So does a file that is not there.
        """
        options = Options()
        options.parseOptions(["-c", "nothing.xml"])
        with self.assertRaises(SystemExit) as caught:
            makeService(options)
        self.assertRegex(str(caught.exception.code), "^nothing.xml: ")

    def test_no_address(self) -> None:
        """
        So does an accept whose host has no address.
        """
        with self.assertRaises(SystemExit) as caught:
            self.make(accept="tcp://[@nothing]:8000")
        self.assertEqual(
            caught.exception.code,
            "accept tcp://[@nothing]:8000: network interface 'nothing': No such device",
        )
