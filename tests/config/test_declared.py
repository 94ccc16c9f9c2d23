"""<login-module> and <store>: types, options, and what the type says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kaazing import plugins
from kaazing.config.model import ModuleConfig
from kaazing.errors import PluginError
from kaazing.literals import text
from kaazing.options import Option
from tests.config.files import ConfigTestCase, Declared


def complaints(options: Mapping[str, Any]) -> Iterable[str]:
    """Find fault with whatever stands there, and repeat it all."""
    yield f"<file>: {options['file']} does not go with {options['secret']}"
    yield f"nor does {options['secret']} with anything"
    yield ""


COMPLAINING = Declared(
    name="complaining",
    options=(
        Option(name="file", read=text, doc="A file."),
        Option(name="secret", read=text, secret=True, doc="A secret."),
    ),
    faults=complaints,
)


class ModuleTests(ConfigTestCase):
    """Login modules of a realm."""

    declared = (*ConfigTestCase.declared, COMPLAINING)

    def body(self, *modules: str) -> str:
        """Return a file with these login modules; the first begins on line 3."""
        inside = "".join(f"\n<login-module>{each}</login-module>" for each in modules)
        chain = f"<authentication><login-modules>{inside}</login-modules></authentication>"
        return f"<security><realm><name>demo</name>{chain}</realm></security>"

    def module(self, body: str) -> ModuleConfig:
        """Return the one login module of a file."""
        (realm,) = self.config(self.body(body)).realms
        (module,) = realm.modules
        return module

    def test_options(self) -> None:
        """
        Options are read as the type declares them, defaults filled in; debug of the original is no error.
        """
        options = (
            "<file>users</file><cache>1 min</cache><secret>s</secret><debug>true</debug>"
            "<group><of>a</of></group><group><of>b</of><key>k</key></group>"
        )
        self.assertEqual(
            self.module(f"<type>listing</type><success>required</success><options>{options}</options>"),
            ModuleConfig(
                type="listing",
                success="required",
                options={
                    "file": "users",
                    "cache": 60.0,
                    "secret": "s",
                    "group": ({"of": "a", "key": None}, {"of": "b", "key": "k"}),
                },
                line=3,
            ),
        )

    def test_hidden(self) -> None:
        """
        What no message may contain is kept beside the options: secrets, also inside others, and replaced
        values.
        """
        options = "<file>${WHERE}</file><secret>s</secret><group><of>a</of><key>k</key></group>"
        body = f"<type>listing</type><success>required</success><options>{options}</options>"
        (realm,) = self.config(self.body(body), environ={"WHERE": "/plugh"}).realms
        self.assertEqual(realm.modules[0].hidden, {"/plugh": "${WHERE}", "s": "...", "k": "..."})

    def test_no_options(self) -> None:
        """
        A type that needs no options needs no <options>.
        """
        expected = ModuleConfig(type="open", success="optional", line=3)
        self.assertEqual(self.module("<type>open</type><success>optional</success>"), expected)

    def test_faults(self) -> None:
        """
        What is unknown, missing, repeated or wrong is told with its line and the nearest name.
        """
        options = "<fiel>a</fiel>\n<cache>soon</cache><secret/><secret>s</secret>\n<group><key/></group>"
        self.assertEqual(
            self.errors(
                self.body(
                    f"<type>listing</type><success>requird</success><options>{options}</options>",
                    "<type>listing</type><success>required</success>",
                    "<type>listing</type><success>required</success><options>users.txt</options>",
                )
            ),
            [
                "3: <success>: 'requird': expected required, requisite, sufficient or optional;"
                " did you mean 'required'?",
                "3: <fiel>: unknown in <options>; did you mean 'file'?",
                "3: <options>: <file> is missing in it",
                "4: <cache>: 'soon': expected a time: a number and ms, s, min or h; no unit means seconds",
                "4: <secret>: stands here already, at line 4",
                "4: <secret>: expected some text",
                "5: <group>: <of> is missing in it",
                "5: <key>: expected some text",
                "6: <login-module>: <file> is missing in it",
                "7: <options>: text stands where only elements may stand",
                "7: <options>: <file> is missing in it",
            ],
        )

    def test_types(self) -> None:
        """
        An unknown type is told with the nearest, or with all there are; those of the original with what
        to write in their place.
        """
        said = {
            "lsting": "unknown type 'lsting'; did you mean 'listing'?",
            "x": "unknown type 'x'; there are: complaining, listing, open",
            "": "expected some text",
            "jndi": "'jndi': names are looked up by ldap; write that, or ask a server by callback",
            "keystore": "'keystore': it opens a key store of the gateway's; write certificate for clients"
            " that show one",
            "kerberos5": "'kerberos5': gss reads the keytab itself; remove this module, and name the keytab"
            " in the options of gss",
            "class:com.example.Login": "'class:com.example.Login': classes of Java cannot be loaded; write a"
            " login module in Python, or ask a server by callback",
        }
        for name, sentence in said.items():
            options = "<options><principal>HTTP/localhost</principal></options>"
            body = self.body(f"<type>{name}</type><success>required</success>{options}")
            self.assertEqual(self.errors(body), [f"3: <type>: {sentence}"])

    def test_broken_plugin(self) -> None:
        """
        A plugin that cannot be had is an error of the line that asks for it.
        """

        def broken(name: str) -> Any:
            raise PluginError(f"login module {name!r}: it lies")

        self.patch(plugins, "login_module", broken)
        self.assertEqual(
            self.errors(self.body("<type>open</type><success>required</success>")),
            ["3: <type>: 'open': login module 'open': it lies"],
        )

    def test_complaints(self) -> None:
        """
        What the type finds wrong stands at the option it is about, else at the module; neither a secret nor a
        value from elsewhere is in it.
        """
        options = "<secret>xyzzy</secret>\n<file>${WHERE}</file>"
        body = f"<type>complaining</type><success>required</success><options>{options}</options>"
        self.assertEqual(
            self.errors(self.body(body), environ={"WHERE": "/plugh"}),
            [
                "3: <login-module>: nor does ... with anything",
                "3: <login-module>: ",
                "4: <file>: ${WHERE} does not go with ...",
            ],
        )


class StoreTests(ConfigTestCase):
    """Stores of the keyring, which are declared likewise."""

    def test_store(self) -> None:
        """
        A store has a type and options, and no success.
        """
        store = "<store><type>listing</type><options><file>a</file></options></store>"
        keyring = self.config(f"<security><keyring>{store}</keyring></security>").keyring
        assert keyring is not None
        options = {"file": "a", "cache": 60.0, "secret": None, "group": ()}
        self.assertEqual(keyring.stores, (ModuleConfig(type="listing", options=options, line=2),))

    def test_faults(self) -> None:
        """
        What belongs to a login module is unknown in it, its types of old included.
        """
        store = "<store><type>jndi</type><success>required</success></store>"
        other = "<store><type>open</type><options><debug>true</debug></options></store>"
        self.assertEqual(
            self.errors(f"<security><keyring>{store}\n{other}</keyring></security>"),
            [
                "2: <success>: unknown in <store>",
                "2: <type>: unknown type 'jndi'; there are: listing, open",
                "3: <debug>: unknown in <options>",
            ],
        )
