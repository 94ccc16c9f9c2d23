"""Login module certificate: what of a certificate is the user, and what the roles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError, LoginMissing, LoginRefused, LoginStale
from kaazing.interfaces.security import ILoginModule, Subject
from kaazing.security.modules.certificate import CertificateType, read_map
from tests.security.modules.attempts import attempt, options, workplace
from tests.security.threads import Pool, ThreadClock

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=30)
JOE = "CN=joe,OU=traders,OU=bosses,O=Example"
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(subject: str, *names: x509.GeneralName) -> x509.Certificate:
    """A certificate for C{subject}, and for other names."""
    name = x509.Name.from_rfc4514_string(subject)
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name.from_rfc4514_string("CN=An authority"),
        subject_name=name,
        public_key=KEY.public_key(),
        serial_number=0xABC,
        not_valid_before=BEGIN,
        not_valid_after=END,
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(KEY, SHA256())


class CertificateTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = ThreadClock()
        self.clock.rightNow = BEGIN.timestamp()
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def login(self, shown: x509.Certificate | None, **said: str) -> Subject:
        """Log in with a certificate."""
        module = CertificateType()
        self.assertEqual(list(module.check({})), [])
        checker = module.checker(options(module, **said), workplace(self.folder, self.clock))
        subject: Subject = checker.requestAvatarId(attempt(certificate=lambda: shown))
        return subject

    def test_promises(self) -> None:
        """
        The module keeps its promises.
        """
        verifyObject(ILoginModule, CertificateType())

    def test_subject(self) -> None:
        """
        Without a word the user is the common name, there are no roles, and the login ends with the
        certificate.
        """
        shown = certificate(JOE)
        claims = {
            "subject": JOE,
            "issuer": "CN=An authority",
            "serial": "abc",
            "fingerprint": shown.fingerprint(SHA256()).hex(),
        }
        expected = Subject(user="joe", claims=claims, expires=END.timestamp())
        self.assertEqual(self.login(shown), expected)

    def test_users(self) -> None:
        """
        The user may be the common name, the whole name, or the first alternative name of a kind.
        """
        shown = certificate(
            "CN=joe\\, the trader,O=Example",
            x509.DNSName("a.example"),
            x509.RFC822Name("joe@example.com"),
            x509.DNSName("b.example"),
            x509.UniformResourceIdentifier("spiffe://example/joe"),
        )
        table = {
            "common-name": "joe, the trader",
            "name": "CN=joe\\, the trader,O=Example",
            "email": "joe@example.com",
            "dns": "a.example",
            "uri": "spiffe://example/joe",
        }
        self.assertEqual({user: self.login(shown, user=user).user for user in table}, table)

    def test_nobody(self) -> None:
        """
        A certificate that does not say who the user is, or says it twice or in characters that cannot be
        seen, is refused.
        """
        bare = certificate("O=Example")
        for user in ("common-name", "email", "dns", "uri"):
            self.assertRaises(LoginRefused, self.login, bare, user=user)
        self.assertRaises(LoginRefused, self.login, certificate("CN=joe,CN=ann"))
        self.assertRaises(LoginRefused, self.login, certificate("CN=joe\\0aann"))
        self.assertRaises(LoginRefused, self.login, certificate("CN=joe\\00"))
        self.assertEqual(self.login(bare, user="name").user, "O=Example")

    def test_missing(self) -> None:
        """
        A client without a certificate is for the next module.
        """
        self.assertRaises(LoginMissing, self.login, None)

    def test_dates(self) -> None:
        """
        A certificate counts from its first second to before its last, however old the connection is.
        """
        shown = certificate(JOE)
        for now, good in ((BEGIN, True), (END - timedelta(seconds=1), True), (END, False)):
            self.clock.rightNow = now.timestamp()
            if good:
                self.assertEqual(self.login(shown).user, "joe")
            else:
                self.assertRaises(LoginStale, self.login, shown)
        self.clock.rightNow = BEGIN.timestamp() - 1
        self.assertRaises(LoginStale, self.login, shown)

    def test_roles(self) -> None:
        """
        Roles come from the subject, from a file by the subject's whole name, or from both.
        """
        (self.folder / "roles").write_text(
            f"# who may do what\n\n{JOE} -> trader, boss\nCN=ann -> x\nCN=joe -> y\n{JOE}->clerk"
        )
        mapped = {"trader", "boss", "clerk"}
        table = [
            ({"roles": "none"}, set()),
            ({"roles": "organizational-unit"}, {"traders", "bosses"}),
            ({"roles": "organization"}, {"Example"}),
            ({"map": "roles"}, mapped),
            ({"map": "roles", "roles": "organization"}, mapped | {"Example"}),
        ]
        for said, roles in table:
            self.assertEqual(self.login(certificate(JOE), **said).roles, roles, said)
        self.assertEqual(self.login(certificate("CN=bob"), map="roles").roles, frozenset())

    def test_change(self) -> None:
        """
        Who has lost a role in the file has lost it at the next login, which waits while the file is read.
        """
        (self.folder / "roles").write_text(f"{JOE} -> trader")
        pool, module = Pool(), CertificateType()
        place = workplace(self.folder, self.clock, pool)
        checker = module.checker(options(module, map="roles"), place)
        (self.folder / "roles").write_text(f"{JOE} -> clerk")
        self.clock.advance(1)
        done = checker.requestAvatarId(attempt(certificate=lambda: certificate(JOE)))
        self.assertNoResult(done)
        pool.run()
        self.assertEqual(self.successResultOf(done).roles, {"clerk"})

    def test_encoding(self) -> None:
        """
        A name in the file is that of the certificate whichever type of string the authority used.
        """
        (self.folder / "roles").write_text("CN=J\xf6rg,C=DE -> trader")
        shown = certificate("CN=J\xf6rg,C=DE")
        self.assertEqual(self.login(shown, map="roles").roles, {"trader"})
        kinds = {attribute.oid: attribute._type for attribute in shown.subject}
        self.assertNotEqual(kinds[NameOID.COMMON_NAME], kinds[NameOID.COUNTRY_NAME])


class MapTests(SynchronousTestCase):
    def test_faults(self) -> None:
        """
        A line that is no mapping is told of.
        """
        expected = "f:2: expected a line such as CN=joe,O=Example -> role, role"
        for line in ("CN=joe", "joe -> x", "CN=joe ->", "CN=joe -> ,", "-> x", "CN -> x", "X=y -> z"):
            raised = self.assertRaises(ConfigError, read_map, b"# x\n" + line.encode(), "f")
            self.assertEqual(str(raised), expected, line)
        raised = self.assertRaises(ConfigError, read_map, b"\xe9", "f")
        self.assertEqual(str(raised), "f:1: expected text in UTF-8")

    @given(st.one_of(st.binary(), st.text().map(lambda name: f"CN={name} -> x".encode())))
    def test_any_bytes(self, data: bytes) -> None:
        """
        Whatever a file holds, it is read or refused.
        """
        try:
            roles = read_map(data, "f")
        except ConfigError:
            return
        self.assertTrue(all(roles.values()))
