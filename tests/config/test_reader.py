"""A whole file: what it comes to, or everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from time import process_time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaazing.config.model import GatewayConfig
from kaazing.config.original import NAMESPACES
from kaazing.config.reader import read
from kaazing.errors import ConfigErrors
from tests.config.files import NAMESPACE, ConfigTestCase

SAYING = "<service><accept>{}</accept><type>saying</type></service>"
WORDS = st.sampled_from(
    (
        *(
            "gateway-config",
            "service",
            "accept",
            "connect",
            "type",
            "properties",
            "property",
            "name",
            "value",
        ),
        *(
            "security",
            "keystore",
            "file",
            "realm",
            "login-module",
            "accept-options",
            "ws.bind",
            "ssl.ciphers",
            "cluster",
        ),
        *("passing", "ws://a/", "tcp://[::1]:1", "${a}", "${b:c}", "$${", "\n", "64k", "*", "x" * 70, "é"),
    )
)

REALM_WORDS = st.sampled_from(
    (
        *("name", "description", "authentication", "http-challenge-scheme", "authorization-mode"),
        *("session-timeout", "login-modules", "login-module", "type", "success", "options", "file", "secret"),
        *("group", "of", "key", "key-file", "store", "http-cookie", "Basic", "recycle", "listing", "open"),
        *("required", "demo", "1 h", "${a}", "*", "é", "\n"),
    )
)


def elements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return elements with known names and things in them."""
    return st.builds(lambda name, parts: f"<{name}>{''.join(parts)}</{name}>", WORDS, st.lists(inner))


def realm_elements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return elements with names that realms and keyrings know, and things in them."""
    names = REALM_WORDS.filter(lambda word: word.replace("-", "").isalpha())
    return st.builds(lambda name, parts: f"<{name}>{''.join(parts)}</{name}>", names, st.lists(inner))


class FileTests(ConfigTestCase):
    """Files that can be read."""

    def test_empty(self) -> None:
        """
        A file without services is a configuration.
        """
        config = self.config("")
        path = self.folder / "conf.xml"
        self.assertEqual(config, GatewayConfig(file=str(path), folder=self.folder))

    def test_namespaces(self) -> None:
        """
        Files of every version are read, and nothing is written beside them.
        """
        for namespace in NAMESPACES:
            config = self.config(SAYING.format("ws://a/"), namespace=namespace)
            self.assertEqual([each.type for each in config.services], ["saying"], namespace)
        self.assertEqual([each.name for each in self.folder.iterdir()], ["conf.xml"])

    def test_names(self) -> None:
        """
        A service without a name gets one from its type and accept; names are unique.
        """
        named = "<service><name>saying ws://a/</name><accept>ws://b/</accept><type>saying</type></service>"
        other = SAYING.format("ws://${A}/")
        config = self.config(named + SAYING.format("ws://a/") + other, environ={"A": "secret"})
        names = ["saying ws://a/", "saying ws://a/ (2)", "saying ws://${A}/"]
        self.assertEqual([each.name for each in config.services], names)

    def test_same_name(self) -> None:
        """
        Two services of one name are an error that names both lines; a name may not be empty.
        """
        one = "<service><name>{}</name><accept>ws://a/{}</accept><type>saying</type></service>"
        body = "\n".join([one.format("a  b", 1), one.format("a b", 2), one.format("", 3)])
        self.assertEqual(
            self.errors(body),
            ["3: <name>: the service at line 2 has this name", "4: <name>: expected some text"],
        )

    def test_warnings(self) -> None:
        """
        What has no effect is told with file and line, in line order.
        """
        cluster = "<cluster><name>c</name><accept>tcp://a:1</accept></cluster>"
        body = f"{SAYING.format('ws://a/')}\n{cluster}"
        said = "3: <cluster>: has no effect. Clusters are not there yet: this gateway stands alone."
        self.assertEqual(self.warnings(body), [said])

    def test_relative_name(self) -> None:
        """
        The folder is absolute, whatever the name that was given.
        """
        path = self.folder.relative_to(Path.cwd()) / "conf.xml"
        self.config("")
        config = read(str(path))
        self.assertEqual((config.file, config.folder), (str(path), self.folder))


class ErrorTests(ConfigTestCase):
    """Files that cannot."""

    def test_all_of_them(self) -> None:
        """
        All errors of a file come together and in line order, whatever finds them.
        """
        body = """
          <properties><property><name>port</name></property><property><value>1</value></property></properties>
          <service>
            <accept>ws://a:${port:x}/</accept>
            <type>saing</type>
            <acept-options/>
          </service>
          <service>
            <accept>ws://b</accept>
            <type>saying</type>
            <properties><repeat>10</repeat></properties>
          </service>
          <security><keystore><type>PEM</type></keystore></security>
          <service-default/>"""
        self.assertEqual(
            self.errors(body),
            [
                "3: <property>: <name> is missing in it",
                "5: <accept>: 'ws://a:${port:x}/': expected a port from 1 to 65535",
                "6: <type>: unknown type 'saing'; did you mean 'saying'?",
                "7: <acept-options>: unknown in <service>; did you mean 'accept-options'?",
                "12: <repeat>: '10': expected a value from 1 to 9",
                "14: <keystore>: <file> is missing in it",
                "15: <service-default>: unknown in <gateway-config>; did you mean 'service-defaults'?",
            ],
        )

    def test_file_and_line(self) -> None:
        """
        An error reads as a compiler's: file, line, what is wrong.
        """
        why = self.assertRaises(ConfigErrors, self.config, "<servce/>")
        said = f"{self.folder / 'conf.xml'}:2: <servce>: unknown in <gateway-config>; did you mean 'service'?"
        self.assertEqual(str(why), said)

    def test_values_stay_hidden(self) -> None:
        """
        No value from the environment or the command line is in any error or warning, wherever it is put in.
        """
        everywhere = """<service><name>${S}</name><description>${S}</description><accept>${S}</accept>
          <connect>${S}</connect><balance>${S}</balance><type>${S}</type><realm-name>${S}</realm-name>
          <authorization-constraint><require-role>${S}</require-role></authorization-constraint>
          <accept-options><ws.bind>${S}</ws.bind><ssl.ciphers>${S}</ssl.ciphers><http.realm>${S}</http.realm>
          <ssl.certificate-file>${S}</ssl.certificate-file><ws.maximum.message.size>${S}</ws.maximum.message.size>
          </accept-options><connect-options><ssl.server-name>${S}</ssl.server-name></connect-options>
          <mime-mapping><extension>${S}</extension><mime-type>${S}</mime-type></mime-mapping>
          <cross-site-constraint><allow-origin>${S}</allow-origin><maximum-age>${S}</maximum-age>
          </cross-site-constraint></service>
          <service><accept>ws://${S}</accept><connect>tcp://${S}</connect><type>passing</type>
          <properties><pending>${S}</pending><location><age>${S}</age></location></properties></service>
          <security><keystore><type>${S}</type><file>${S}</file><password-file>${S}</password-file></keystore>
          <realm><name>${S}</name></realm><realm><name>${S}</name><authentication>
          <http-challenge-scheme>${S}</http-challenge-scheme><http-header>${S}</http-header>
          <http-cookie>${S}</http-cookie><session-timeout>${S}</session-timeout><login-modules><login-module>
          <type>${S}</type><success>${S}</success></login-module><login-module><type>listing</type>
          <success>required</success><options><cache>${S}</cache><group>${S}</group></options></login-module>
          </login-modules></authentication></realm>
          <keyring><key-file>${S}</key-file><store><type>${S}</type></store></keyring></security>
          <cluster><name>${S}</name><accept>${S}</accept></cluster>"""
        values = {"S": "Sesame/:?"}
        for found in (self.errors(everywhere, environ=values), self.errors(everywhere, defines=values)):
            self.assertTrue(len(found) > 20, found)
            self.assertNotIn("sesame", "\n".join(found).lower())

    def test_large(self) -> None:
        """
        A file of nothing but errors is told of in a moment.
        """
        start = process_time()
        found = self.errors("<servce/>\n" * 20_000)
        self.assertEqual(len(found), 20_000)
        self.assertTrue(process_time() - start < 10)


class AnyTests(ConfigTestCase):
    """What holds for every file."""

    def outcome(self, data: bytes) -> None:
        """Read a file of these bytes: a configuration, or errors of that file."""
        path = self.write("conf.xml", data)
        try:
            self.assertIsInstance(read(str(path), environ={}), GatewayConfig)
        except ConfigErrors as why:
            self.assertTrue(all(each.file == str(path) for each in why.errors))
            self.assertTrue(all(each.isprintable() for each in str(why).split("\n")), why)

    @given(st.binary(max_size=400))
    def test_any_bytes(self, data: bytes) -> None:
        """
        Any bytes are a configuration or errors, and nothing else.
        """
        self.outcome(data)

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.recursive(WORDS, elements, max_leaves=30)))
    def test_any_elements(self, parts: list[str]) -> None:
        """
        Any elements, known ones in places known and unknown, are a configuration or errors.
        """
        self.outcome(f'<gateway-config xmlns="{NAMESPACE}">{"".join(parts)}</gateway-config>'.encode())

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.recursive(REALM_WORDS, realm_elements, max_leaves=20), max_size=4))
    def test_any_realm(self, parts: list[str]) -> None:
        """
        Any elements in a realm, a login module and a keyring are a configuration or errors.
        """
        inside = "".join(parts)
        realm = f"<realm><name>demo</name><authentication>{inside}</authentication></realm>"
        module = f"<login-modules><login-module><type>listing</type>{inside}</login-module></login-modules>"
        other = f"<realm>{inside}<authentication>{module}</authentication></realm>"
        service = SAYING.format("ws://a/").replace("</service>", "<realm-name>demo</realm-name></service>")
        security = f"<security>{realm}{other}<keyring>{inside}</keyring></security>"
        self.outcome(f'<gateway-config xmlns="{NAMESPACE}">{security}{service}</gateway-config>'.encode())

    @given(st.data())
    def test_a_broken_file(self, data: st.DataObject) -> None:
        """
        A good file with some bytes changed is a configuration or errors.
        """
        good = f'<gateway-config xmlns="{NAMESPACE}">{SAYING.format("ws://a:80/x")}</gateway-config>'.encode()
        start = data.draw(st.integers(0, len(good)))
        end = data.draw(st.integers(start, len(good)))
        self.outcome(good[:start] + data.draw(st.binary(max_size=8)) + good[end:])
