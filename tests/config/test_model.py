"""What a configuration comes to: how it is shown, and what its defaults are."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import AcceptOptions, Credentials, Keystore, ModuleConfig, ServiceConfig, Uri
from kaazing.errors import ConfigError


class UriTests(SynchronousTestCase):
    """A URI as text."""

    def test_str(self) -> None:
        """
        As text a URI is whole, but for the credentials; IPv6 addresses are in brackets.
        """
        uris = [
            Uri(scheme="ws", host="a", port=80, path="/x", query="y=1", credentials=Credentials("u", "p")),
            Uri(scheme="tcp", host="::1", port=61613),
            Uri(scheme="pipe", host="name", port=0),
        ]
        self.assertEqual([str(uri) for uri in uris], ["ws://a:80/x?y=1", "tcp://[::1]:61613", "pipe://name"])

    def test_shown(self) -> None:
        """
        In a log a URI is as the file has it, or without its query when it comes from no file.
        """
        uri = Uri(scheme="ws", host="secret", port=80, path="/", written="ws://${host}/")
        self.assertEqual(uri.shown, "ws://${host}/")
        self.assertEqual(Uri(scheme="ws", host="a", port=80, path="/", query="token=1").shown, "ws://a:80/")

    def test_secure(self) -> None:
        """
        TLS carries wss, https and ssl, and nothing else of what is there.
        """
        schemes = ["ws", "wss", "http", "https", "tcp", "ssl"]
        secure = [each for each in schemes if Uri(scheme=each, host="a", port=1).secure]
        self.assertEqual(secure, ["wss", "https", "ssl"])

    def test_line_is_not_compared(self) -> None:
        """
        The same URI at another line is the same URI.
        """
        self.assertEqual(
            Uri(scheme="tcp", host="a", port=1, line=3), Uri(scheme="tcp", host="a", port=1, line=4)
        )


class OptionTests(SynchronousTestCase):
    """Where an accept is listened on."""

    def test_bound(self) -> None:
        """
        An accept is listened on where it says, unless its scheme is bound elsewhere.
        """
        options = AcceptOptions(binds={"ws": ("10.0.0.1", 8000)})
        self.assertEqual(options.bound(Uri(scheme="ws", host="a", port=80)), ("10.0.0.1", 8000))
        self.assertEqual(options.bound(Uri(scheme="tcp", host="a", port=80)), ("a", 80))


class SecretTests(SynchronousTestCase):
    """What is never shown."""

    def test_repr(self) -> None:
        """
        Passwords, properties and queries are not in the repr of what holds them.
        """
        uri = Uri(scheme="ws", host="a", port=80, query="hidden", credentials=Credentials("hidden", "hidden"))
        service = ServiceConfig(name="n", type="t", connects=(uri,), properties={"password": "hidden"})
        store = Keystore(type="PEM", file=Path("k"), password="hidden")
        self.assertNotIn("hidden", repr((uri, service, store)))


class ModuleTests(SynchronousTestCase):
    """What a login module or a store complains of when it is made."""

    def test_error(self) -> None:
        """
        Its error stands at its line of the configuration, names the file that it is about, and has neither
        secrets nor replaced values in it.
        """
        hidden = {"/etc/users": "${USERS}", "/etc": "${ETC}", "pw": "..."}
        module = ModuleConfig(type="file", line=7, hidden=hidden)
        why = ConfigError("pw is no password of /etc", file="/etc/users", line=3)
        for error, what in (
            (module.error(why), "${USERS}:3: ... is no password of ${ETC}"),
            (module.error(ConfigError("there is no pw", line=3)), "there is no ..."),
        ):
            self.assertEqual((error.file, error.line, error.what), ("", 7, what))
