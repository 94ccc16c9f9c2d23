"""The files in docs/conf, each started as they are, on ports that are free."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.config.files import certificate
from tests.integration.children import free_ports
from tests.integration.gateway import STARTED, Gateway
from tests.needs import ROOT

_PORT = re.compile(r"(?<=:)[0-9]{4,5}\b")


def elsewhere(configuration: str) -> str:
    """Return a configuration with free ports in place of its own."""
    ports = sorted(set(_PORT.findall(configuration)))
    free = dict(zip(ports, map(str, free_ports(len(ports))), strict=True))
    return _PORT.sub(lambda match: free[match[0]], configuration)


class ExampleTests(SynchronousTestCase):
    """Every file that a reader of the documentation may start with."""

    def test_start(self) -> None:
        """
        Each binds all that it names, and ends in good order.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        crt, key = map(str, certificate(folder))
        given = {"CERTIFICATE": crt, "KEY": key, "BROKER_USER": "user", "BROKER_PASSWORD": "password"}
        given["WEBIRC_PASSWORD"] = "password"
        for path in sorted((ROOT / "docs" / "conf").glob("*.xml")):
            with Gateway(elsewhere(path.read_text()), env=given) as gateway:
                self.assertIn(STARTED, gateway.said(), path.name)
