"""<security>, and what services say of it."""

from __future__ import annotations

from kaazing.config.model import KeyringConfig, Keystore
from tests.config.files import ConfigTestCase, certificate


class StoreTests(ConfigTestCase):
    """Certificates."""

    def test_stores(self) -> None:
        """
        Keystore and truststore are read; without them there are none.
        """
        files = certificate(self.folder)
        self.write("all.pem", b"".join(each.read_bytes() for each in files))
        stores = "<keystore><file>all.pem</file></keystore><truststore><file>gateway.crt</file></truststore>"
        config = self.config(f"<security>{stores}</security>")
        self.assertEqual(config.keystore, Keystore(type="PEM", file=self.folder / "all.pem"))
        self.assertEqual(config.truststore, Keystore(type="PEM", file=files[0]))
        empty = self.config("<security/>")
        self.assertEqual((empty.keystore, empty.truststore), (None, None))


class KeyringTests(ConfigTestCase):
    """The keyring; its stores are in tests.config.test_declared."""

    def keyring(self, inside: str) -> KeyringConfig | None:
        """Return that of a file."""
        return self.config(f"<security><keyring>{inside}</keyring></security>").keyring

    def test_keyring(self) -> None:
        """
        Its key file is found from the folder of the configuration; an empty one is one all the same.
        """
        self.write("keys", "x")
        expected = KeyringConfig(key_file=self.folder / "keys", line=2)
        self.assertEqual(self.keyring("<key-file>keys</key-file>"), expected)
        self.assertEqual(self.keyring(""), KeyringConfig(line=2))
        self.assertIsNone(self.config("<security/>").keyring)

    def test_no_key_file(self) -> None:
        """
        A key file that is not there is an error with the command that makes one.
        """
        missing = "there is no such file; make one with python -m kaazing keyring init"
        said = {"keys": missing, ".": missing, "x" * 5000: missing, "": "expected some text"}
        for name, sentence in said.items():
            body = f"<security><keyring><key-file>{name}</key-file></keyring></security>"
            self.assertEqual(self.errors(body), [f"2: <key-file>: {sentence}"])

    def test_faults(self) -> None:
        """
        Two keyrings, and what is unknown in one, are errors.
        """
        self.assertEqual(
            self.errors("<security><keyring><keyfile>a</keyfile></keyring>\n<keyring/></security>"),
            [
                "2: <keyfile>: unknown in <keyring>; did you mean 'key-file'?",
                "3: <keyring>: stands in <security> already, at line 2",
            ],
        )
