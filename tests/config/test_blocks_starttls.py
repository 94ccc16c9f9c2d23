"""The connect-option starttls: where it may stand."""

from __future__ import annotations

from dataclasses import replace

from tests.config.files import PASSING, ConfigTestCase
from tests.config.test_blocks import defaults, service


class StarttlsTests(ConfigTestCase):
    """Backends that are asked for TLS."""

    types = (PASSING, replace(PASSING, name="proxy"))

    def services(self, *bodies: str) -> list[str]:
        """Return the protocol in which the backend of each service is asked."""
        return [each.connect_options.starttls for each in self.config("".join(bodies)).services]

    def proxy(self, said: str, connect: str = "tcp://b:1", accept: str = "ws://a/") -> str:
        """Return a service of type proxy."""
        options = f"<starttls>{said}</starttls>" if said else ""
        made = service("", accept, options).replace(">passing<", ">proxy<")
        return made.replace("tcp://b:1", connect)

    def test_protocol(self) -> None:
        """
        A TCP backend is asked in the protocol said, or not at all.
        """
        for said, expected in (("imap", "imap"), ("pop3", "pop3"), ("smtp", "smtp"), ("none", ""), ("", "")):
            self.assertEqual(self.services(self.proxy(said)), [expected])
        (fault,) = self.errors(self.proxy("ftp"))
        self.assertEqual(fault, "2: <starttls>: 'ftp': expected none, imap, pop3 or smtp")

    def test_unknown_type(self) -> None:
        """
        Where nobody knows the type, that is the one fault.
        """
        (fault,) = self.errors(self.proxy("imap").replace(">proxy<", ">prxy<"))
        self.assertEqual(fault, "2: <type>: unknown type 'prxy'; did you mean 'proxy'?")

    def test_none(self) -> None:
        """
        Elsewhere the option is a fault that names the remedy, and the default of the file is for the others.
        """
        behind = defaults("", "<starttls>smtp</starttls>")
        other = service("", "ws://c/", "<starttls>imap</starttls>")
        for asking, quiet, why in (
            (
                self.proxy("imap", "ssl://b:1"),
                self.proxy("", "ssl://b:1"),
                "an ssl connect is TLS from its first byte; write tcp:// for a backend that begins in clear,"
                " or leave the option out",
            ),
            (
                self.proxy("imap", "ws://b:1/"),
                self.proxy("", "ws://b:1/"),
                "a WebSocket backend is not asked for TLS; write wss://, or leave the option out",
            ),
            (
                self.proxy("imap", "wss://b:1/"),
                self.proxy("", "wss://b:1/"),
                "a wss connect is TLS from its first byte; leave the option out",
            ),
            (
                other,
                service("", "ws://c/"),
                "is for services of type proxy, and an adapter asks for TLS by itself where its protocol can;"
                " leave the option out",
            ),
        ):
            self.assertEqual(self.errors(asking), [f"2: <starttls>: {why}"])
            self.assertEqual(self.services(behind, quiet, self.proxy("", accept="ws://d/")), ["", "smtp"])
