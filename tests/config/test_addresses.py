"""Accepts that cannot stand beside each other."""

from __future__ import annotations

from tests.config.files import ConfigTestCase, certificate


class AddressTests(ConfigTestCase):
    """Two services, or one with two accepts."""

    def setUp(self) -> None:
        """Have a certificate, for accepts over TLS."""
        super().setUp()
        certificate(self.folder)

    def body(self, *accepts: str, options: str = "") -> str:
        """Return services with an accept each, a line each, from line 3 on."""
        files = (
            "<ssl.certificate-file>gateway.crt</ssl.certificate-file><ssl.key-file>gateway.key</ssl.key-file>"
        )
        defaults = f"<service-defaults><accept-options>{files}{options}</accept-options></service-defaults>"
        return "\n".join([defaults, *(self.one(accept) for accept in accepts)])

    def one(self, accept: str, options: str = "") -> str:
        """Return one service."""
        block = f"<accept-options>{options}</accept-options>"
        return f"<service><accept>{accept}</accept><type>saying</type>{block}</service>"

    def test_beside_each_other(self) -> None:
        """
        One port serves many paths, hosts, and both ws and http at the same path.
        """
        accepts = [
            "ws://a:80/",
            "ws://a/x",
            "http://a/",
            "ws://b/",
            "wss://a/",
            "https://a/",
            "tcp://a:81",
            "tcp://b:81",
        ]
        self.assertEqual(len(self.config(self.body(*accepts)).services), len(accepts))

    def test_same_route(self) -> None:
        """
        The same scheme, host, port and path twice, however written, is an error that names both lines.
        """
        said = "4: <accept>: 'ws://A:80' has the same scheme, host, port and path as 'ws://a/' of line 3"
        self.assertEqual(self.errors(self.body("ws://a/", "ws://A:80")), [said])

    def test_within_a_service(self) -> None:
        """
        The same holds within one service.
        """
        twice = "<service><accept>tcp://a:1</accept>\n<accept>tcp://a:1</accept><type>saying</type></service>"
        said = "3: <accept>: 'tcp://a:1' has the same scheme, host, port and path as 'tcp://a:1' of line 2"
        self.assertEqual(self.errors(twice), [said])

    def test_tls_and_plain(self) -> None:
        """
        One port cannot be with and without TLS.
        """
        said = "4: <accept>: 'https://a:80/y' is listened on with and without TLS at the same address as"
        self.assertEqual(self.errors(self.body("ws://a/", "https://a:80/y")), [f"{said} 'ws://a/' of line 3"])

    def test_tls_elsewhere(self) -> None:
        """
        With TLS done by something in front, wss is plain on the wire and may share the port of ws.
        """
        off = "<ssl.encryption>disabled</ssl.encryption><wss.bind>a:80</wss.bind>"
        config = self.config("\n".join([self.one("ws://a/"), self.one("wss://a/", off)]))
        self.assertEqual(len(config.services), 2)

    def test_raw(self) -> None:
        """
        A port that speaks TCP speaks nothing else.
        """
        said = "4: <accept>: 'ws://a:81/' is listened on at the same address as 'tcp://a:81' of line 3"
        self.assertEqual(self.errors(self.body("tcp://a:81", "ws://a:81/")), [said])

    def test_bound_together(self) -> None:
        """
        What is bound to one address is compared there, not where the accept says.
        """
        bind = "<tcp.bind>10.0.0.1:90</tcp.bind>"
        said = "3: <accept>: 'tcp://b:2' is listened on at the same address as 'tcp://a:1' of line 2"
        self.assertEqual(
            self.errors("\n".join([self.one("tcp://a:1", bind), self.one("tcp://b:2", bind)])), [said]
        )
        self.config("\n".join([self.one("ws://a/", bind), self.one("ws://b/", bind)]))

    def test_tls_settings_agree(self) -> None:
        """
        What is settled before the host is known must be the same for all accepts of an address.
        """
        body = self.body("wss://a/") + self.one(
            "\nwss://b/", "<wss.bind>a:443</wss.bind><ssl.protocols>TLSv1.3</ssl.protocols>"
        )
        said = (
            "'wss://b/' has other ssl.ciphers, ssl.protocols, ssl.verify-client, ssl.ca-file or ssl.crl-file,"
            " at the same address, than"
        )
        self.assertEqual(self.errors(body), [f"3: <accept>: {said} 'wss://a/' of line 3"])

    def test_with_other_errors(self) -> None:
        """
        A collision is told although there are other errors in the same services.
        """
        wrong = self.one("ws://a/", "<ws.bnd>1</ws.bnd>")
        found = self.errors(f"{wrong}\n{wrong}")
        self.assertEqual([each.partition(":")[0] for each in found], ["2", "3", "3"])

    def test_values_are_not_shown(self) -> None:
        """
        Accepts are shown as the file has them.
        """
        body = self.body("ws://${HOST}/", "ws://inner/x", "ws://${HOST}:80")
        said = "5: <accept>: 'ws://${HOST}:80' has the same scheme, host, port and path as"
        found = self.errors(body, environ={"HOST": "inner"})
        self.assertEqual(found, [f"{said} 'ws://${{HOST}}/' of line 3"])
