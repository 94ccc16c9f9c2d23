"""The files in docs/conf: each is a configuration without errors and without warnings."""

from __future__ import annotations

from pathlib import Path

from kaazing.config.model import GatewayConfig
from kaazing.config.reader import read
from kaazing.gateway import Gateway
from kaazing.security.keys import KeyRing
from kaazing.security.stores.file import seal_file
from tests.config.files import certificate
from tests.running import GatewayTestCase

EXAMPLES = Path(__file__).parents[2] / "docs" / "conf"


def at_hand(folder: Path) -> dict[str, str]:
    """Return what the examples want of their environment, its files in a folder."""
    crt, key = map(str, certificate(folder))
    (folder / "staff").write_text("joe:$2b$12$wVNPH1VbYp8WkGrd4XyuSOiCHgYTIOy6rTnvEOLMw6Zk3zdlGOFE2\n")
    keys = KeyRing.made()
    keys.save(folder / "keys")
    seal_file(folder / "logins", keys, [])
    files = {"STAFF": "staff", "KEYS": "keys", "LOGINS": "logins"}
    return {
        "CERTIFICATE": crt,
        "KEY": key,
        "TOKEN_KEY": crt,
        "BROKER_USER": "user",
        "BROKER_PASSWORD": "password",
        "WEBIRC_PASSWORD": "secret",
        **{name: str(folder / file) for name, file in files.items()},
    }


class ExampleTests(GatewayTestCase):
    """Every file a reader of the documentation may start with."""

    def test_examples(self) -> None:
        """
        They are read with a certificate, users and passwords at hand, and a gateway starts from each
        that takes no datagrams.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        given = at_hand(folder)
        names = sorted(path.name for path in EXAMPLES.glob("*.xml"))
        self.assertTrue(
            {"demo.xml", "keyring.xml", "logins.xml", "proxy-to-tls.xml", "proxy-wss.xml", "rabbitmq.xml"}
            <= set(names)
        )
        for name in names:
            config = read(str(EXAMPLES / name), environ={}, defines=given)
            self.assertNotEqual(config.services, (), name)
            self.assertEqual(config.warnings, (), name)
            if not any(service.type == "broadcast" for service in config.services):
                self.come_and_go(config)  # datagrams need a real reactor

    def come_and_go(self, config: GatewayConfig) -> None:
        """Its services come up and go down again."""
        gateway = Gateway(config, self.network)
        gateway.privilegedStartService()
        gateway.startService()
        gateway.stopService()

    def test_rabbitmq(self) -> None:
        """
        The example of the README has ten lines at most.
        """
        self.assertTrue(len((EXAMPLES / "rabbitmq.xml").read_text().splitlines()) <= 10)
