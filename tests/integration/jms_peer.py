"""A JMS application in Java, of which a test has things done and asks what came of them."""

from __future__ import annotations

import atexit
import base64
import selectors
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from tests.integration import servers
from tests.needs import program

SOURCE = Path(__file__).with_name("java") / "JmsPeer.java"
SECONDS = 30.0
"""In which an answer has to come; Java compiles itself first."""

Fields = dict[str, str]
"""Of a message: C{text}, C{bytes} (base64) or C{m:NAME} of a map; C{id}, C{correlation}, C{type}, C{reply},
C{destination}, C{priority}, C{persistent}, C{redelivered}, C{timestamp}, C{expires}; C{p:NAME} of properties.
Values of maps and properties have the name of their Java class in front: C{Integer 7}."""


class JmsPeer:
    """One that runs until the end of the test run."""

    def __init__(self, jars: Path, factory: str, url: str) -> None:
        """
        Args:
            jars: folder of the JMS client's jars.
            factory: class of its connection factory.
        """
        java = program("java", "default-jdk-headless")
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # as long as the test run
        self._process = subprocess.Popen(
            [
                *(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128M", "-cp", f"{jars}/*"),
                *(str(SOURCE), factory, url, servers.USER, servers.PASSWORD),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        atexit.register(self._process.kill)

    def do(self, what: str, **fields: str) -> Fields:
        """Have it do something; return what came of it."""
        self.begin(what, **fields)
        return self.done()

    def begin(self, what: str, **fields: str) -> None:
        """Have it do something that lasts; see L{done}."""
        assert self._process.stdin is not None
        self._process.stdin.write(urlencode({"do": what, **fields}) + "\n")
        self._process.stdin.flush()

    def done(self) -> Fields:
        """Return what came of it; raises AssertionError where that is an exception, or nothing in time."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if waiting.select(SECONDS) else ""
        told = dict(parse_qsl(line.rstrip("\n"), keep_blank_values=True))
        if not line or "error" in told:
            self._errors.seek(0)
            raise AssertionError(f"{told.get('error', 'no answer')}\n{self._errors.read()[-2000:]}")
        return told


def encoded(data: bytes) -> str:
    """Return bytes as a field has them."""
    return base64.b64encode(data).decode()
