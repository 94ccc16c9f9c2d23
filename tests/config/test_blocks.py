"""Options of accepts and connects, with the defaults of the file behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kaazing.config.model import AcceptOptions, ConnectOptions, TlsOptions
from tests.config.files import PASSING, ConfigTestCase, certificate

UNGUARDED = "is not yet in force, and the gateway opens no door that it should guard"
FILES = "<ssl.certificate-file>gateway.crt</ssl.certificate-file><ssl.key-file>gateway.key</ssl.key-file>"


def service(options: str, accept: str = "ws://a/", connect: str = "") -> str:
    """Return a service with options, on line 2 where it is first."""
    return (
        f"<service><accept>{accept}</accept><connect>tcp://b:1</connect><type>passing</type>"
        f"<accept-options>{options}</accept-options><connect-options>{connect}</connect-options></service>"
    )


def defaults(options: str, connect: str = "") -> str:
    """Return <service-defaults> on a line of their own."""
    blocks = f"<accept-options>{options}</accept-options><connect-options>{connect}</connect-options>"
    return f"<service-defaults>{blocks}</service-defaults>\n"


class AcceptTests(ConfigTestCase):
    """What <accept-options> come to."""

    def accept(self, body: str) -> AcceptOptions:
        """Return the options of the one service."""
        return self.config(body).services[0].accept_options

    def test_defaults(self) -> None:
        """
        Without options everything is as documented.
        """
        self.assertEqual(self.accept(service("")), AcceptOptions())

    def test_values(self) -> None:
        """
        Options are in bytes and seconds.
        """
        options = (
            "<ws.maximum.message.size>1m</ws.maximum.message.size>"
            "<ws.inactivity.timeout>1 min</ws.inactivity.timeout>"
            "<http.keepalive.timeout>2 min</http.keepalive.timeout>"
            "<http.server.header>disabled</http.server.header>"
        )
        expected = AcceptOptions(
            ws_max_message=1024 * 1024, ws_inactivity=60.0, http_keepalive=120.0, server_header=False
        )
        self.assertEqual(self.accept(service(options)), expected)

    def test_each_default(self) -> None:
        """
        Defaults of the file hold option by option, where the service lacks one.
        """
        behind = (
            "<ws.maximum.message.size>1k</ws.maximum.message.size>"
            "<ws.inactivity.timeout>5</ws.inactivity.timeout>"
        )
        found = self.accept(
            defaults(behind) + service("<ws.maximum.message.size>2k</ws.maximum.message.size>")
        )
        self.assertEqual((found.ws_max_message, found.ws_inactivity), (2048, 5.0))

    def test_keepalive(self) -> None:
        """
        The inactivity timeout is that of HTTP as well, where only it is set; a shorter one is warned of.
        """
        inactivity = "<ws.inactivity.timeout>90</ws.inactivity.timeout>"
        self.assertEqual(self.accept(service(inactivity)).http_keepalive, 90.0)
        both = service(f"{inactivity}<http.keepalive.timeout>10</http.keepalive.timeout>")
        said = "2: <http.keepalive.timeout>: is shorter than ws.inactivity.timeout"
        self.assertEqual(self.warnings(both), [said])

    def test_unknown(self) -> None:
        """
        An unknown option, one that stands twice under two names, and text are errors.
        """
        twice = "<ssl.bind>1</ssl.bind>\n<tls.bind>2</tls.bind>"
        self.assertEqual(
            self.errors(service(f"<ws.bnd>1</ws.bnd>\n{twice}")),
            [
                "2: <ws.bnd>: no such option; did you mean 'ws.bind'?",
                "4: <tls.bind>: stands here already, at line 3",
            ],
        )
        said = ["2: <accept-options>: text stands where only elements may stand"]
        self.assertEqual(self.errors(service("8000")), said)

    def test_refused(self) -> None:
        """
        What guards, or sends bytes another way, is refused; the values that do neither are not.
        """
        rate = "<tcp.maximum.outbound.rate>{}</tcp.maximum.outbound.rate>"
        way = "<http.transport>socks://dmz:1080</http.transport>"
        self.accept(service(rate.format("0B/s") + "<socks.mode>forward</socks.mode>"))
        self.assertEqual(
            self.errors(service(f"{rate.format('10kB/s')}\n{way}\n<socks.mode>reverse</socks.mode>")),
            [
                f"2: <tcp.maximum.outbound.rate>: limiting rates {UNGUARDED}",
                "3: <http.transport>: transports cannot be replaced yet, and the bytes would take another way"
                " than the file says",
                "4: <socks.mode>: SOCKS is not there yet. In reverse mode an accept would be a connect",
            ],
        )

    def test_refused_in_defaults(self) -> None:
        """
        The same holds in <service-defaults>, once for all services.
        """
        rate = "<tcp.maximum.outbound.rate>1kB/s</tcp.maximum.outbound.rate>"
        body = defaults(rate) + service("") + service("", "ws://b/")
        self.assertEqual(self.errors(body), [f"2: <tcp.maximum.outbound.rate>: limiting rates {UNGUARDED}"])


class BindTests(ConfigTestCase):
    """Where accepts are listened on."""

    def binds(self, options: str, *accepts: str) -> dict[str, tuple[str, int]]:
        """Return the binds of a service with these accepts."""
        body = service(options + FILES, "</accept><accept>".join(accepts))
        return dict(self.config(body).services[0].accept_options.binds)

    def setUp(self) -> None:
        """Have a certificate."""
        super().setUp()
        certificate(self.folder)

    def test_own_scheme(self) -> None:
        """
        A bind is for the accepts of its scheme; tls.bind is that of ssl.
        """
        found = self.binds(
            "<ws.bind>127.0.0.1:8000</ws.bind><tls.bind>[::1]:8443</tls.bind><tcp.bind>81</tcp.bind>",
            "ws://a/",
            "ssl://a:1",
            "tcp://a:2",
        )
        self.assertEqual(found, {"ws": ("127.0.0.1", 8000), "ssl": ("::1", 8443), "tcp": ("0.0.0.0", 81)})

    def test_layers(self) -> None:
        """
        A bind of a layer that no accept has is for those that run over it, the nearest first.
        """
        found = self.binds("<tcp.bind>81</tcp.bind><ssl.bind>82</ssl.bind>", "ws://a/", "wss://a/")
        self.assertEqual(found, {"ws": ("0.0.0.0", 81), "wss": ("0.0.0.0", 82)})

    def test_no_effect(self) -> None:
        """
        A bind that binds nothing is warned of, in a service; defaults are not for everybody.
        """
        said = "2: <wss.bind>: has no effect. No accept of the service is bound by it."
        self.assertEqual(self.warnings(service("<wss.bind>1</wss.bind>")), [said])
        self.assertEqual(self.warnings(defaults("<wss.bind>1</wss.bind>") + service("")), [])

    def test_layers_that_are_not_there(self) -> None:
        """
        A bind of an inner layer of the original would leave a port open elsewhere, and is refused.
        """
        (said,) = self.errors(service("<wsn.bind>127.0.0.1:1</wsn.bind>"))
        self.assertTrue(said.startswith("2: <wsn.bind>: this layer cannot be bound apart, "), said)


class AcceptTlsTests(ConfigTestCase):
    """TLS of accepts."""

    def setUp(self) -> None:
        """Have a certificate."""
        super().setUp()
        self.crt, self.key = certificate(self.folder)

    def tls(self, body: str) -> TlsOptions:
        """Return the TLS options of the accepts of the one service."""
        return self.config(body).services[0].accept_options.tls

    def test_files(self) -> None:
        """
        Certificate and key are PEM files, relative to the configuration file.
        """
        self.assertEqual(self.tls(service(FILES, "wss://a/")), TlsOptions(certificate=self.crt, key=self.key))

    def test_values(self) -> None:
        """
        Ciphers and protocols are in OpenSSL's words; old protocols are warned of.
        """
        options = "<ssl.ciphers>HIGH,!ADH</ssl.ciphers><tls.protocols>TLSv1,TLSv1.2</tls.protocols>"
        body = service(FILES + options, "wss://a/")
        found = self.tls(body)
        self.assertEqual((found.ciphers, found.protocols), ("HIGH:!ADH", ("TLSv1.2", "TLSv1.2")))
        self.assertEqual(self.warnings(body), ["2: <tls.protocols>: nothing older than TLSv1.2 is spoken"])

    def test_no_certificate(self) -> None:
        """
        An accept over TLS needs a certificate, unless something in front does the TLS.
        """
        said = "needs a certificate: a <keystore> in <security>, or the accept-option ssl.certificate-file"
        self.assertEqual(self.errors(service("", "wss://a/")), [f"2: <accept>: 'wss://a/' {said}"])
        off = self.tls(service("<ssl.encryption>disabled</ssl.encryption>", "wss://a/"))
        self.assertEqual(off, TlsOptions(encryption=False))

    def test_keystore(self) -> None:
        """
        A keystore is a certificate for every service.
        """
        self.write("all.pem", self.crt.read_bytes() + self.key.read_bytes())
        security = "<security><keystore><file>all.pem</file></keystore></security>"
        self.assertEqual(self.tls(service("", "wss://a/") + security), TlsOptions())

    def test_faulty_certificate(self) -> None:
        """
        A certificate that is not there is one error, not two.
        """
        option = "<ssl.certificate-file>none.crt</ssl.certificate-file>"
        said = "there is no file 'none.crt'; names are relative to the configuration file"
        self.assertEqual(self.errors(service(option, "wss://a/")), [f"2: <ssl.certificate-file>: {said}"])

    def test_key_of_defaults(self) -> None:
        """
        A key of the defaults is none for a certificate of the service, which may have its key in its file.
        """
        both = self.write("both.pem", self.crt.read_bytes() + self.key.read_bytes())
        certificate(self.folder, "other")
        behind = defaults(FILES.replace("gateway", "other"))
        own = "<ssl.certificate-file>both.pem</ssl.certificate-file>"
        self.assertEqual(self.tls(behind + service(own, "wss://a/")), TlsOptions(certificate=both))

    def test_verify_client(self) -> None:
        """
        Client certificates are asked for, with a truststore to judge them by.
        """
        option = FILES + "<ssl.verify-client>required</ssl.verify-client>"
        said = (
            "2: <ssl.verify-client>: 'required': needs a <truststore> in <security>, or ssl.ca-file, to know"
            " whom to trust"
        )
        self.assertEqual(self.errors(service(option, "wss://a/")), [said])
        trust = "<security><truststore><file>gateway.crt</file></truststore></security>"
        self.assertEqual(self.tls(service(option, "wss://a/") + trust).verify_client, "required")

    def test_own_authorities(self) -> None:
        """
        An accept may have authorities of its own in place of the truststore, and lists of what they revoked;
        where nobody is asked for a certificate, they have no effect.
        """
        crl = self.write("c.crl", "-----BEGIN X509 CRL-----\n")
        option = FILES + "<ssl.ca-file>gateway.crt</ssl.ca-file><ssl.crl-file>c.crl</ssl.crl-file>"
        asking = option + "<ssl.verify-client>optional</ssl.verify-client>"
        found = self.tls(service(asking, "wss://a/"))
        self.assertEqual((found.verify_client, found.ca_file, found.crl_file), ("optional", self.crt, crl))
        said = "has no effect. ssl.verify-client asks nobody for a certificate."
        self.assertEqual(
            self.warnings(service(option, "wss://a/")),
            [f"2: <ssl.ca-file>: {said}", f"2: <ssl.crl-file>: {said}"],
        )
        no_list = FILES + "<ssl.crl-file>gateway.crt</ssl.crl-file>"
        self.assertEqual(
            self.errors(service(no_list, "wss://a/")),
            ["2: <ssl.crl-file>: 'gateway.crt' is no PEM file with a list of revoked certificates"],
        )

    def test_suites(self) -> None:
        """
        Suites of TLS 1.3 are chosen apart; who names no others is told that TLS 1.2 keeps its own.
        """
        option = FILES + "<ssl.ciphers>{}TLS_AES_256_GCM_SHA384</ssl.ciphers>"
        found = self.tls(service(option.format("AES128-SHA,"), "wss://a/"))
        self.assertEqual((found.ciphers, found.suites), ("AES128-SHA", "TLS_AES_256_GCM_SHA384"))
        said = (
            "2: <ssl.ciphers>: names suites of TLS 1.3 alone; TLS 1.2 keeps those of OpenSSL, unless"
            " ssl.protocols is TLSv1.3"
        )
        self.assertEqual(self.warnings(service(option.format(""), "wss://a/")), [said])
        only = option.format("") + "<ssl.protocols>TLSv1.3</ssl.protocols>"
        self.assertEqual(self.warnings(service(only, "wss://a/")), [])

    def test_verify_nobody(self) -> None:
        """
        A service that asks for certificates and could never see one is an error, not an open door.
        """
        option = "<ssl.verify-client>optional</ssl.verify-client>"
        said = "2: <ssl.verify-client>: 'optional': "
        self.assertEqual(
            self.errors(service(option)),
            [f"{said}nothing of this service is accepted over TLS, so nobody can be asked"],
        )
        self.assertEqual(
            self.errors(service(option + "<ssl.encryption>disabled</ssl.encryption>", "wss://a/")),
            [f"{said}with ssl.encryption disabled no client can be asked for a certificate"],
        )
        self.assertEqual(len(self.config(defaults(option) + service("")).services), 1)


class ConnectTests(ConfigTestCase):
    """What <connect-options> come to."""

    def connect(self, options: str) -> ConnectOptions:
        """Return the options of the one service."""
        return self.config(service("", connect=options)).services[0].connect_options

    def test_defaults(self) -> None:
        """
        Without options servers are verified, and a connect takes ten seconds at most.
        """
        self.assertEqual(self.connect(""), ConnectOptions())

    def test_values(self) -> None:
        """
        All of them set.
        """
        crt, key = certificate(self.folder)
        found = self.connect(
            "<ssl.certificate-file>gateway.crt</ssl.certificate-file><ssl.key-file>gateway.key</ssl.key-file>"
            "<connect.timeout>1.5</connect.timeout><ws.inactivity.timeout>5</ws.inactivity.timeout>"
            "<ssl.ca-file>gateway.crt</ssl.ca-file><ssl.server-name>Broker.example</ssl.server-name>"
            "<ssl.ciphers>HIGH</ssl.ciphers><ssl.protocols>TLSv1.3</ssl.protocols>"
            "<ssl.encryption>disabled</ssl.encryption>"
        )
        tls = TlsOptions(
            certificate=crt,
            key=key,
            ciphers="HIGH",
            protocols=("TLSv1.3", "TLSv1.3"),
            encryption=False,
            ca_file=crt,
            server_name="broker.example",
        )
        self.assertEqual(found, ConnectOptions(timeout=1.5, ws_inactivity=5.0, tls=tls))

    def test_pins(self) -> None:
        """
        A pin says whom to trust, so that verification may be off without a warning.
        """
        pin = f"sha256/{'A' * 43}="
        off = "<ssl.verify-server>disabled</ssl.verify-server>"
        pinned = f"<ssl.pin>{pin}</ssl.pin>"
        self.assertEqual(self.connect(off + pinned).tls, TlsOptions(verify_server=False, pins=(pin,)))
        self.assertEqual(self.warnings(service("", connect=off + pinned)), [])
        self.assertEqual(len(self.warnings(service("", connect=off))), 1)

    def test_strange_key(self) -> None:
        """
        The gateway's own certificate needs its own key.
        """
        certificate(self.folder)
        (said,) = self.errors(
            service("", connect="<ssl.certificate-file>gateway.crt</ssl.certificate-file>"),
        )
        self.assertIn("ssl.certificate-file", said)
        self.assertIn("key", said)

    def test_no_verification(self) -> None:
        """
        Verification switched off is one warning, that names every line.
        """
        off = "<ssl.verify-server>disabled</ssl.verify-server>"
        body = f"{service('', 'ws://a/', off)}\n{service('', 'ws://b/', off)}"
        found = self.config(body)
        self.assertEqual([each.connect_options.tls.verify_server for each in found.services], [False, False])
        said = "is disabled: nobody knows whether the server at the other end is the right one"
        self.assertEqual(self.warnings(body), [f"2: <ssl.verify-server>: {said} (also line 3)"])

    def test_no_effect(self) -> None:
        """
        What is for SOCKS has no effect yet, and says so.
        """
        self.assertEqual(
            self.warnings(service("", connect="<socks.timeout>1</socks.timeout>")),
            ["2: <socks.timeout>: has no effect. SOCKS is not there yet."],
        )

    def test_old_websocket(self) -> None:
        """
        The WebSocket of 2010 is refused.
        """
        self.connect("<ws.version>rfc6455</ws.version>")
        (said,) = self.errors(service("", connect="<ws.version>draft-75</ws.version>"))
        self.assertEqual(
            said, "2: <ws.version>: only RFC 6455 is spoken; draft-75 is gone from every server in use"
        )

    def test_folder(self) -> None:
        """
        Paths are absolute when read, so that a daemon may change its folder.
        """
        certificate(self.folder)
        found = self.connect("<ssl.ca-file>gateway.crt</ssl.ca-file>").tls.ca_file
        assert isinstance(found, Path)
        self.assertTrue(found.is_absolute())


class HeaderTests(ConfigTestCase):
    """What connections to backends begin with."""

    types = (PASSING, replace(PASSING, name="asking", connects=frozenset(("http", "udp"))))

    def services(self, *bodies: str) -> list[str]:
        """Return the version of the header of each service."""
        return [each.connect_options.proxy_protocol for each in self.config("".join(bodies)).services]

    def test_version(self) -> None:
        """
        Connections begin with a PROXY header of the version said, or with none.
        """
        for said, expected in (("v1", "v1"), ("v2", "v2"), ("none", "")):
            self.assertEqual(
                self.services(service("", connect=f"<proxy.protocol>{said}</proxy.protocol>")), [expected]
            )
        (fault,) = self.errors(service("", connect="<proxy.protocol>enabled</proxy.protocol>"))
        self.assertEqual(fault, "2: <proxy.protocol>: 'enabled': expected none, v1 or v2")

    def test_none(self) -> None:
        """
        There is none where clients share connections, nor where nothing is sent: a service that wants one
        there is at fault, and the default of the file is for the others.
        """
        header = "<proxy.protocol>v2</proxy.protocol>"
        for connect, why in (
            (
                "http://b:1",
                "requests of many clients share a connection to an HTTP backend, which X-Forwarded-For tells"
                " whose each is; leave the option out",
            ),
            ("udp://b:1", "datagrams are only received; leave the option out"),
        ):
            asking = service("", connect="{}").replace("tcp://b:1", connect).replace("passing", "asking")
            self.assertEqual(self.errors(asking.format(header)), [f"2: <proxy.protocol>: {why}"])
            none = "<proxy.protocol>none</proxy.protocol>"
            bodies = (
                asking.format(""),
                asking.format(none).replace("ws://a", "ws://b"),
                service("", "ws://c/"),
            )
            self.assertEqual(self.services(defaults("", header), *bodies), ["", "", "v2"])
