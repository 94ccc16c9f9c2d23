"""<security>, and what services say of it."""

from __future__ import annotations

from kaazing.config.model import Keystore
from tests.config.files import ConfigTestCase, certificate

LOGIN = "logging in is not yet in force, and the gateway opens no door that it should guard"
ROLES = "asking for roles is not yet in force, and the gateway opens no door that it should guard"
SERVICE = "<accept>ws://a/</accept><type>saying</type>"


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


class RealmTests(ConfigTestCase):
    """Realms are checked, and refused."""

    def test_realm(self) -> None:
        """
        A realm is one error, however much is in it.
        """
        authentication = (
            "<authentication><http-challenge-scheme>Application Basic</http-challenge-scheme>"
            "<http-header>X-A</http-header><authorization-mode>challenge</authorization-mode>"
            "<session-timeout>8 hours</session-timeout><login-modules><login-module><type>file</type>"
            "<success>required</success><options><file>jaas-config.xml</file></options></login-module>"
            "</login-modules></authentication>"
        )
        realm = f"<realm><name>demo</name><description>x</description>{authentication}</realm>"
        self.assertEqual(self.errors(f"<security>{realm}</security>"), [f"2: <realm>: {LOGIN}"])

    def test_same_name(self) -> None:
        """
        Two realms of one name are an error of their own.
        """
        realm = "<realm><name>demo</name></realm>"
        self.assertEqual(
            self.errors(f"<security>{realm}\n{realm}</security>"),
            [
                f"2: <realm>: {LOGIN}",
                f"3: <realm>: {LOGIN}",
                "3: <name>: 'demo': a realm of this name stands at line 2",
            ],
        )

    def test_realm_name(self) -> None:
        """
        A service that asks for a login is refused, and told when the realm is not there at all.
        """
        realm = "<security><realm><name>demo</name></realm></security>"
        services = f"<service>{SERVICE}<realm-name>demo</realm-name></service>"
        other = "<service><accept>ws://b/</accept><type>saying</type><realm-name>deno</realm-name></service>"
        self.assertEqual(
            self.errors(f"{realm}\n{services}\n{other}"),
            [
                f"2: <realm>: {LOGIN}",
                f"3: <realm-name>: {LOGIN}",
                f"4: <realm-name>: {LOGIN}",
                "4: <realm-name>: 'deno': no realm has this name; did you mean 'demo'?",
            ],
        )

    def test_roles(self) -> None:
        """
        A service that asks for roles is refused; * is anybody and stands alone.
        """
        roles = "<require-role>*</require-role>\n<require-role>A</require-role>"
        constraint = f"<authorization-constraint>{roles}</authorization-constraint>"
        self.assertEqual(
            self.errors(f"<service>{SERVICE}{constraint}</service>"),
            [
                f"2: <authorization-constraint>: {ROLES}",
                "2: <require-role>: * stands for anybody logged in, and no other role may stand beside it",
            ],
        )

    def test_no_roles(self) -> None:
        """
        A constraint that says nothing is an error; anybody logged in is something.
        """
        empty = "<authorization-constraint/>"
        anybody = "<authorization-constraint><require-valid-user/></authorization-constraint>"
        self.assertEqual(
            self.errors(f"<service>{SERVICE}{empty}\n{anybody}</service>"),
            [
                f"2: <authorization-constraint>: {ROLES}",
                "2: <authorization-constraint>: <require-role> or <require-valid-user> is missing in it",
                f"3: <authorization-constraint>: {ROLES}",
            ],
        )

    def test_old_name(self) -> None:
        """
        The constraint of a file of 2014 has its old name, and is refused under it.
        """
        constraint = "<auth-constraint><require-role>A</require-role></auth-constraint>"
        namespace = "http://xmlns.kaazing.org/2014/09/gateway"
        found = self.errors(f"<service>{SERVICE}{constraint}</service>", namespace=namespace)
        self.assertEqual(found, [f"2: <auth-constraint>: {ROLES}"])
