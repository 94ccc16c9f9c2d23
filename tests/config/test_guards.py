"""Who may come in: the realm and the roles of a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kaazing import plugins
from kaazing.config.model import ServiceConfig
from tests.config.files import ConfigTestCase, Type, certificate

CHAIN = (
    "<login-modules><login-module><type>open</type><success>required</success></login-module></login-modules>"
)
SECURITY = (
    "<security>"
    + "".join(
        f"<realm><name>{name}</name><authentication><http-challenge-scheme>{scheme}</http-challenge-scheme>"
        f"{CHAIN}</authentication></realm>"
        for name, scheme in (("demo", "Basic"), ("other", "Negotiate"), ("tokens", "Application Token"))
    )
    + "<realm><name>nobody</name></realm></security>"
)
CLEAR = (
    "{} cross the network in clear where an accept is without TLS; accept wss and https, or name in"
    " proxy.trusted the proxy in front that does the TLS"
)


def service(body: str, *accepts: str) -> str:
    """Return a service that begins on line 3, on this machine where no accept is given."""
    accept = "".join(f"<accept>{each}</accept>" for each in accepts or ("ws://localhost/",))
    return f"{SECURITY}\n<service>{accept}<type>saying</type>{body}</service>"


def options(body: str) -> str:
    """Return accept-options on a line of their own."""
    return f"\n<accept-options>{body}</accept-options>"


class GuardTestCase(ConfigTestCase):
    """What the tests below share."""

    def guarded(self, body: str, *accepts: str) -> ServiceConfig:
        """Return the one service."""
        (found,) = self.config(service(body, *accepts)).services
        return found

    def realm(self, body: str, *accepts: str) -> str | None:
        """Return the name of its realm."""
        found = self.guarded(body, *accepts).realm
        return found.name if found else None


class RealmTests(GuardTestCase):
    """Which realm it is."""

    types = (*ConfigTestCase.types, Type(name="alone", accepts=frozenset()))

    def test_realm_name(self) -> None:
        """
        A service has the realm that it names, whole, and without a name none.
        """
        config = self.config(service("<realm-name>demo</realm-name>"))
        self.assertIs(config.services[0].realm, config.realms[0])
        self.assertIsNone(self.realm(""))

    def test_unknown(self) -> None:
        """
        A realm that is not there is an error with the nearest name.
        """
        self.assertEqual(
            self.errors(service("<realm-name>deno</realm-name>")),
            ["3: <realm-name>: 'deno': no realm has this name; did you mean 'demo'?"],
        )
        self.assertEqual(self.errors(service("<realm-name/>")), ["3: <realm-name>: expected some text"])

    def test_nobody(self) -> None:
        """
        A realm in which nobody could log in is no guard but a wall, and told so; so is a service with no
        accept, but not one whose accept is wrong otherwise.
        """
        self.assertEqual(
            self.errors(service("<realm-name>nobody</realm-name>")),
            ["3: <realm-name>: 'nobody': this realm has no <login-modules>, so nobody could log in"],
        )
        alone = "<service><type>alone</type><realm-name>demo</realm-name></service>"
        self.assertEqual(
            self.errors(f"{SECURITY}\n{alone}"),
            ["3: <realm-name>: the service has no accept, so nobody could log in"],
        )
        self.assertEqual(
            self.errors(service("<realm-name>demo</realm-name>", "ws://localhost:x/")),
            ["3: <accept>: 'ws://localhost:x/': expected a port from 1 to 65535"],
        )

    def test_faulty_module(self) -> None:
        """
        A login module that is wrong is one error, and not another for each service of the realm.
        """
        body = service("<realm-name>demo</realm-name>").replace("open", "opne", 1)
        self.assertEqual(self.errors(body), ["2: <type>: unknown type 'opne'; did you mean 'open'?"])

    def test_http_realm(self) -> None:
        """
        http.realm with one name is the realm, alone or beside the same <realm-name>.
        """
        one = options("<http.realm>demo</http.realm>")
        self.assertEqual(self.realm(one), "demo")
        self.assertEqual(self.realm("<realm-name>demo</realm-name>" + one), "demo")

    def test_http_realms(self) -> None:
        """
        Several realms, another one than that of <realm-name>, an unknown one, and one where nothing is over
        HTTP are errors.
        """
        said = {
            "<http.realm>demo other</http.realm>": "'demo other': only one realm is asked; put the login"
            " modules of all into one, sufficient each, and name that",
            "<http.realm>other</http.realm>": "is another realm than that of <realm-name>; leave one out",
            "<http.realm>deno</http.realm>": "'deno': no realm has this name; did you mean 'demo'?",
        }
        for option, sentence in said.items():
            found = self.errors(service("<realm-name>demo</realm-name>" + options(option)))
            self.assertEqual(found, [f"4: <http.realm>: {sentence}"])
        self.assertEqual(
            self.errors(service(options("<http.realm>demo</http.realm>"), "tcp://a:1")),
            ["4: <http.realm>: no accept of the service is over HTTP; write <realm-name>"],
        )

    def test_defaults(self) -> None:
        """
        http.realm in <service-defaults> guards every service that has an accept over HTTP and no realm.
        """
        services = "".join(
            f"<service><name>{name}</name><accept>{accept}</accept><type>saying</type>{body}</service>"
            for name, accept, body in (
                ("a", "ws://localhost/a", ""),
                ("b", "ws://localhost/b", "<realm-name>other</realm-name>"),
                ("c", "tcp://localhost:1", ""),
            )
        )
        inside = "<accept-options><http.realm>demo</http.realm></accept-options>"
        config = self.config(f"{SECURITY}<service-defaults>{inside}</service-defaults>{services}")
        names = {each.name: each.realm.name if each.realm else None for each in config.services}
        self.assertEqual(names, {"a": "demo", "b": "other", "c": None})

    def test_tcp_realm(self) -> None:
        """
        tcp.realm is the realm of the service said again: nothing else may stand there.
        """
        same, named = options("<tcp.realm>demo</tcp.realm>"), "<realm-name>demo</realm-name>"
        self.assertEqual(self.realm(named + same, "tcp://localhost:1"), "demo")
        self.assertEqual(
            self.errors(service(same, "tcp://localhost:1")),
            ["4: <tcp.realm>: needs a <realm-name> in the service, and must be the same"],
        )
        self.assertEqual(
            self.errors(service(named + options("<tcp.realm>other</tcp.realm>"), "tcp://localhost:1")),
            ["4: <tcp.realm>: 'other': is another realm than that of the service"],
        )

    def test_streams(self) -> None:
        """
        Whoever comes by tcp, or by ssl without a certificate, has nothing to log in with, and the file is
        warned of it.
        """
        named = "<realm-name>other</realm-name>"
        front = options("<ssl.encryption>disabled</ssl.encryption>")
        for body in (
            service(named, "tcp://localhost:1", "ws://localhost/"),
            service(named + front, "ssl://localhost:1"),
        ):
            self.assertEqual(
                self.warnings(body),
                [
                    "3: <realm-name>: clients of a tcp accept, or of an ssl accept without ssl.verify-client,"
                    " have nothing to log in with; only a login module that looks at their address lets them"
                    " in"
                ],
            )

    def test_inside(self) -> None:
        """
        Clients that log in inside the service's protocol have something to log in with over tcp too; there
        passwords are in clear.
        """

        class Speaking(Type):
            def logs_in(self, properties: Mapping[str, Any]) -> bool:
                """See L{kaazing.interfaces.services.IServiceType.check}."""
                return True

        self.patch(plugins, "service_type", lambda name: Speaking(name=name))
        for accept, realm, said in (
            ("tcp://localhost:1", "demo", []),
            ("tcp://0.0.0.0:1", "other", []),
            ("tcp://0.0.0.0:1", "demo", [f"3: <realm-name>: {CLEAR.format('passwords')}"]),
        ):
            self.assertEqual(self.warnings(service(f"<realm-name>{realm}</realm-name>", accept)), said)

    def test_certificates(self) -> None:
        """
        Nothing is said of an ssl accept whose clients are asked for a certificate.
        """
        crt, key = certificate(self.folder)
        store = f"<truststore><file>{crt.name}</file></truststore>"
        asked = (
            f"<ssl.certificate-file>{crt.name}</ssl.certificate-file><ssl.key-file>{key.name}</ssl.key-file>"
            "<ssl.verify-client>required</ssl.verify-client>"
        )
        body = service("<realm-name>other</realm-name>" + options(asked), "ssl://localhost:1")
        self.assertEqual(self.warnings(body.replace("<security>", f"<security>{store}")), [])


class RoleTests(GuardTestCase):
    """Which roles it asks for."""

    def roles(self, *constraints: str) -> frozenset[str]:
        """Return the roles of a service."""
        inside = (f"<authorization-constraint>{each}</authorization-constraint>" for each in constraints)
        return self.guarded("<realm-name>demo</realm-name>" + "".join(inside)).roles

    def test_roles(self) -> None:
        """
        All roles are wanted, those of several constraints too; * and <require-valid-user> are anybody.
        """
        both = "<require-role>A</require-role><require-role>B</require-role>"
        self.assertEqual(self.roles(both, "<require-role>C</require-role>"), {"A", "B", "C"})
        self.assertEqual(self.roles("<require-role>*</require-role>"), frozenset())
        self.assertEqual(self.roles("<require-valid-user/>"), frozenset())
        self.assertEqual(self.roles(), frozenset())

    def test_old_name(self) -> None:
        """
        The constraint of a file of 2014 has its old name.
        """
        constraint = "<auth-constraint><require-role>A</require-role></auth-constraint>"
        namespace = "http://xmlns.kaazing.org/2014/09/gateway"
        body = service(f"<realm-name>demo</realm-name>{constraint}")
        self.assertEqual(self.config(body, namespace=namespace).services[0].roles, {"A"})

    def test_faults(self) -> None:
        """
        * beside others, a constraint that says nothing, an empty role and unknown elements are errors.
        """
        constraints = (
            "<authorization-constraint><require-role>*</require-role>\n<require-role>A</require-role>"
            "</authorization-constraint>\n<authorization-constraint/>\n<authorization-constraint><require-role/>"
            "\n<require-rol>A</require-rol></authorization-constraint>"
        )
        self.assertEqual(
            self.errors(service(f"<realm-name>demo</realm-name>{constraints}")),
            [
                "3: <require-role>: * stands for anybody logged in, and no other role may stand beside it",
                "5: <authorization-constraint>: <require-role> or <require-valid-user> is missing in it",
                "6: <require-role>: expected some text",
                "7: <require-rol>: unknown in <authorization-constraint>; did you mean 'require-role'?",
            ],
        )

    def test_no_realm(self) -> None:
        """
        Roles without a realm are an error: nobody would be asked who he is. A realm in <service-defaults>
        that is not for the service is none.
        """
        constraint = "<authorization-constraint><require-role>A</require-role></authorization-constraint>"
        said = (
            "3: <authorization-constraint>: needs a <realm-name> beside it: without, nobody is asked who he"
            " is"
        )
        self.assertEqual(self.errors(service(constraint)), [said])
        inside = "<accept-options><http.realm>demo</http.realm></accept-options>"
        defaults = f"<service-defaults>{inside}</service-defaults>"
        self.assertEqual(self.errors(defaults + service(constraint, "tcp://localhost:1")), [said])
        self.assertEqual(self.config(defaults + service(constraint)).services[0].roles, {"A"})


class ClearTests(GuardTestCase):
    """Passwords and tokens on networks without TLS."""

    def clear(self, realm: str, *accepts: str, more: str = "") -> list[str]:
        """Return the warnings about a service in a realm."""
        return self.warnings(service(f"<realm-name>{realm}</realm-name>{more}", *accepts))

    def test_clear(self) -> None:
        """
        Passwords and tokens in clear are warned of, those for the original's clients too.
        """
        self.assertEqual(self.clear("demo", "ws://a/"), [f"3: <realm-name>: {CLEAR.format('passwords')}"])
        self.assertEqual(
            self.clear("tokens", "ws://localhost/", "http://a/x"),
            [f"3: <realm-name>: {CLEAR.format('tokens')}"],
        )

    def test_not_clear(self) -> None:
        """
        Nothing is said of Negotiate, of accepts on this machine alone, where TLS is done in front, and where
        a proxy in front is named.
        """
        bind = options("<ws.bind>127.0.0.1:8000</ws.bind>")
        front = options("<ssl.encryption>disabled</ssl.encryption>")
        proxy = options("<proxy.trusted>10.0.0.1</proxy.trusted>")
        found = [
            self.clear("other", "ws://a/"),
            self.clear("demo", "ws://localhost/", "http://127.0.0.1/x", "ws://[::1]/"),
            self.clear("demo", "ws://a/", more=bind),
            self.clear("demo", "wss://a/", more=front),
            self.clear("demo", "ws://a/", more=proxy),
        ]
        self.assertEqual(found, [[], [], [], [], []])

    def test_bound_elsewhere(self) -> None:
        """
        An accept for localhost that is bound to every address is on the network.
        """
        bind = options("<ws.bind>0.0.0.0:8000</ws.bind>")
        self.assertEqual(self.clear("demo", more=bind), [f"3: <realm-name>: {CLEAR.format('passwords')}"])


class CookieTests(GuardTestCase):
    """service.domain, a property of every type."""

    def test_domain(self) -> None:
        """
        The domain of session cookies is read out of the properties; without it there is none.
        """
        inside = "<properties><repeat>2</repeat><service.domain>.Example.com</service.domain></properties>"
        found = self.guarded(inside)
        self.assertEqual((found.cookie_domain, found.properties), ("example.com", {"repeat": 2}))
        self.assertEqual(self.guarded("").cookie_domain, "")

    def test_no_cookies(self) -> None:
        """
        Where the realm gives no session cookies, the domain is warned of.
        """
        inside = "<realm-name>{}</realm-name><properties><service.domain>a.com</service.domain></properties>"
        said = (
            "3: <service.domain>: has no effect. Only a realm with authorization-mode recycle gives session"
            " cookies."
        )
        self.assertEqual(self.warnings(service(inside.format("demo"))), [said])
        mode = "<authorization-mode>recycle</authorization-mode><login-modules>"
        body = service(inside.format("demo")).replace("<login-modules>", mode)
        self.assertEqual(self.warnings(body), [])

    def test_faults(self) -> None:
        """
        One that is no domain is an error, and so are two.
        """
        one = "<service.domain>{}</service.domain>\n"
        inside = f"<properties>{one.format('a b')}{one.format('localhost')}</properties>"
        self.assertEqual(
            self.errors(service(inside)),
            [
                "3: <service.domain>: 'a b': expected a domain, as example.com",
                "4: <service.domain>: stands here already, at line 3",
            ],
        )
