"""The files in docs/conf: each is a configuration without errors and without warnings."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.reader import read
from tests.config.files import certificate

EXAMPLES = Path(__file__).parents[2] / "docs" / "conf"


class ExampleTests(SynchronousTestCase):
    """Every file a reader of the documentation may start with."""

    def test_examples(self) -> None:
        """
        They are read with a certificate and a password at hand.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        crt, key = map(str, certificate(folder))
        given = {"CERTIFICATE": crt, "KEY": key, "BROKER_USER": "user", "BROKER_PASSWORD": "password"}
        names = sorted(path.name for path in EXAMPLES.glob("*.xml"))
        self.assertTrue({"demo.xml", "proxy-to-tls.xml", "proxy-wss.xml", "rabbitmq.xml"} <= set(names))
        for name in names:
            config = read(str(EXAMPLES / name), environ={}, defines=given)
            self.assertNotEqual(config.services, (), name)
            self.assertEqual(config.warnings, (), name)

    def test_rabbitmq(self) -> None:
        """
        The example of the README has ten lines at most.
        """
        self.assertTrue(len((EXAMPLES / "rabbitmq.xml").read_text().splitlines()) <= 10)
