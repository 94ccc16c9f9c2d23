"""One service: what its type makes of it."""

from __future__ import annotations

from collections.abc import Iterable

from kaazing import plugins
from kaazing.config.mime import BUILT_IN
from kaazing.config.model import Credentials, ServiceConfig, Uri
from kaazing.errors import PluginError
from kaazing.literals import text
from kaazing.options import Option
from tests.config.files import Brokers, ConfigTestCase, Type


def complaints(config: ServiceConfig) -> Iterable[str]:
    """Find fault with whatever a file says."""
    if config.properties["host"]:
        yield f"'{config.properties['host']}' does not go with password {config.properties['password']}"


COMPLAINING = Type(
    name="complaining",
    options=(
        Option(name="host", read=text, doc="A host."),
        Option(name="password", read=text, secret=True, doc="A password."),
    ),
    faults=complaints,
)
MESSAGING = Type(name="messaging", connects=frozenset(("one", "two")), connect_required=True)
PASSING = "<accept>ws://a/</accept><connect>tcp://b:1</connect><type>passing</type>"


class ServiceTests(ConfigTestCase):
    """A service read whole."""

    types = (*ConfigTestCase.types, COMPLAINING, MESSAGING)

    def test_whole(self) -> None:
        """
        All of a service: uris, properties with their defaults, line.
        """
        found = self.service(
            "\n<name> My  service </name><description>What\n it does</description><accept>ws://a/x</accept>"
            "<accept>tcp://a:1</accept><connect>tcp://user:pw@b:2</connect><type>passing</type>"
            "<properties><pending>1k</pending></properties>"
        )
        self.assertEqual(
            found,
            ServiceConfig(
                name="My service",
                type="passing",
                description="What it does",
                accepts=(
                    Uri(scheme="ws", host="a", port=80, path="/x"),
                    Uri(scheme="tcp", host="a", port=1),
                ),
                connects=(Uri(scheme="tcp", host="b", port=2, credentials=Credentials("user", "pw")),),
                properties={"pending": 1024, "password": None, "topic": (), "location": ()},
                mime_types=BUILT_IN,
                line=2,
            ),
        )
        self.assertEqual([uri.line for uri in found.accepts], [4, 4])

    def test_needed(self) -> None:
        """
        A type is needed, and an accept and a connect where the type takes them.
        """
        body = "<service><name>a</name></service>\n<service><type>passing</type></service>"
        self.assertEqual(
            self.errors(body),
            [
                "2: <service>: <type> is missing in it",
                "3: <service>: <accept> is missing in it; a service of type passing needs one",
                "3: <service>: <connect> is missing in it; a service of type passing needs one",
            ],
        )

    def test_wrong_schemes(self) -> None:
        """
        A type takes some schemes, and some take no connect at all.
        """
        body = "<service><accept>ws://a/</accept>\n<connect>tcp://b:1</connect><type>saying</type></service>"
        self.assertEqual(
            self.errors(body),
            ["3: <connect>: 'tcp://b:1': a service of type saying takes no such URI here"],
        )

    def test_brokers(self) -> None:
        """
        Connects of one service lead to one sort of broker.
        """
        sorts = {"one": Brokers("one", {"one": 1}), "two": Brokers("two", {"two": 2})}
        self.patch(plugins, "broker_schemes", lambda: sorts)
        body = (
            "<service><accept>ws://a/</accept>\n<connect>one://a</connect>\n<connect>two://a</connect>"
            "<type>messaging</type></service>"
        )
        self.assertEqual(
            self.errors(body),
            ["4: <connect>: 'two://a': all brokers of a service are of one sort, and the first is one"],
        )
        (found,) = self.config(body.replace("two://a", "one://b")).services
        self.assertEqual([str(uri) for uri in found.connects], ["one://a:1", "one://b:1"])

    def test_balance(self) -> None:
        """
        A balance URI is kept, without effect as yet.
        """
        body = f"<service>{PASSING}<balance>ws://c/</balance></service>"
        self.assertEqual(
            self.config(body).services[0].balances, (Uri(scheme="ws", host="c", port=80, path="/"),)
        )
        self.assertEqual(len(self.warnings(body)), 1)

    def test_mime_mapping(self) -> None:
        """
        MIME types are for types that serve files: their own over those of the file over the built-in.
        """
        mapping = "<mime-mapping><extension>{}</extension><mime-type>{}</mime-type></mime-mapping>"
        defaults = (
            f"<service-defaults>{mapping.format('js', 'a/a')}{mapping.format('x', 'b/b')}</service-defaults>"
        )
        filing = "<accept>http://a/</accept><type>filing</type><properties><folder>f</folder></properties>"
        found = self.config(f"{defaults}<service>{filing}{mapping.format('JS', 'c/c')}</service>").services[0]
        self.assertEqual(found.mime_types, {**BUILT_IN, "js": "c/c", "x": "b/b"})
        said = ["2: <mime-mapping>: a service of type passing serves no files"]
        self.assertEqual(self.errors(f"<service>{PASSING}{mapping.format('a', 'a/a')}</service>"), said)

    def test_moved(self) -> None:
        """
        accept and connect among the properties are those of the service, as in files of old.
        """
        old = "<type>passing</type><properties><accept>ws://a/</accept><connect>tcp://b:1</connect></properties>"
        found, today = self.service(old), self.service(PASSING)
        self.assertEqual((found.accepts, found.connects), (today.accepts, today.connects))

    def test_legacy_properties(self) -> None:
        """
        Properties of old by which somebody else logs clients in are refused; what has no effect is warned of.
        """
        old = "<encryption.key.alias>a</encryption.key.alias>"
        self.assertEqual(
            self.warnings(f"<service>{PASSING}<properties>{old}</properties></service>"),
            [
                "2: <encryption.key.alias>: has no effect. Session cookies are sealed under the gateway's own"
                " keys, those of <keyring>."
            ],
        )
        old = "<authentication.connect>a</authentication.connect>"
        self.assertEqual(
            self.errors(f"<service>{PASSING}<properties>{old}</properties></service>"),
            [
                "2: <authentication.connect>: nobody logs in there for a client; write the login module gss,"
                " or callback, in the realm that <realm-name> names"
            ],
        )

    def test_notify(self) -> None:
        """
        What the original refuses is refused.
        """
        self.assertEqual(
            self.errors(f"<service>{PASSING}<notify><a/></notify></service>"),
            ["2: <notify>: push notifications to Apple devices are not supported, as in the original"],
        )


class TypeTests(ConfigTestCase):
    """Types that cannot be had."""

    def refused(self, name: str, **environ: str) -> str:
        """Return what is said of a type."""
        body = f"<service><accept>ws://a/</accept>\n<type>{name}</type></service>"
        (said,) = self.errors(body, environ=environ)
        return said.removeprefix("3: <type>: ")

    def test_misspelt(self) -> None:
        """
        A misspelt type gets the one it may have meant, any other the list.
        """
        self.assertEqual(self.refused("pasing"), "unknown type 'pasing'; did you mean 'passing'?")
        self.assertEqual(self.refused("xyzzy"), "unknown type 'xyzzy'; there are: filing, passing, saying")

    def test_of_the_original(self) -> None:
        """
        Types of the original that are not there are told of one by one, with what replaces them.
        """
        types = {
            "session": "'session': removed from the original as well; remove the service",
            "update.check": "'update.check': this gateway calls nobody; remove the service",
            "class:a.B": "'class:a.B': classes of Java cannot be loaded; write a type or an adapter in"
            " Python (docs/adapters.md)",
        }
        self.assertEqual({name: self.refused(name) for name in types}, types)

    def test_empty(self) -> None:
        """
        A type without a name.
        """
        self.assertEqual(self.refused(""), "expected some text")

    def test_replaced(self) -> None:
        """
        A type that was put in for ${...} is not shown.
        """
        self.assertEqual(
            self.refused("${T}", T="pasing"), "unknown type '${T}'; there are: filing, passing, saying"
        )

    def test_broken(self) -> None:
        """
        A type whose code cannot be imported is an error of the file, at the line that asks for it.
        """

        def broken(name: str) -> None:
            raise PluginError(f"service type {name!r}: m:n cannot be imported: no module m")

        self.patch(plugins, "service_type", broken)
        said = "'saying': service type 'saying': m:n cannot be imported: no module m"
        self.assertEqual(self.refused("saying"), said)

    def test_every_use(self) -> None:
        """
        A type that cannot be had is told of wherever it is asked for.
        """
        one = "<service><accept>ws://a/{}</accept><type>redis</type></service>"
        found = self.errors(f"{one.format(1)}\n{one.format(2)}")
        self.assertEqual(found, [f"{line}: <type>: 'redis': this type is not there yet" for line in (2, 3)])


class CheckTests(ConfigTestCase):
    """What a type finds wrong with the whole."""

    types = (COMPLAINING,)

    def body(self, host: str, password: str, more: str = "") -> str:
        """Return a service that the type finds fault with."""
        properties = f"<properties><host>{host}</host><password>{password}</password></properties>"
        return f"<service><accept>ws://a/</accept><type>complaining</type>{properties}{more}</service>"

    def test_faults(self) -> None:
        """
        Faults are told at the service; a secret in them is taken out.
        """
        said = ["2: <service>: 'there' does not go with password ..."]
        self.assertEqual(self.errors(self.body("there", "opensesame")), said)

    def test_replaced(self) -> None:
        """
        A value that was put in for ${...} is taken out of them as well.
        """
        found = self.errors(self.body("${HOST}", "opensesame"), environ={"HOST": "there"})
        self.assertEqual(found, ["2: <service>: '${HOST}' does not go with password ..."])

    def test_after_other_errors(self) -> None:
        """
        A type is not asked about a service in which something cannot be read.
        """
        found = self.errors(self.body("there", "opensesame", "<connect>x</connect>"))
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("2: <connect>: "))

    def test_not_replaced(self) -> None:
        """
        Nor is it where ${...} stands for nothing: there is no value to look at.
        """
        found = self.errors(self.body("${NOTHING}", "opensesame"))
        self.assertEqual(len(found), 1)
        self.assertIn("${NOTHING} is not defined", found[0])
