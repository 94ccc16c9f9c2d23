"""What the tests of the configuration share: files written for a test, and service types of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing import plugins
from kaazing.config.faults import Faults, Node
from kaazing.config.model import GatewayConfig, ServiceConfig, Uri
from kaazing.config.reader import read
from kaazing.errors import ConfigError, ConfigErrors
from kaazing.interfaces.brokers import Features, IBrokerType
from kaazing.interfaces.security import ILoginModule, IStoreType
from kaazing.interfaces.services import IServiceType
from kaazing.literals import integer, interval, size, text
from kaazing.options import Option

NAMESPACE = "http://xmlns.kaazing.org/2016/06/gateway"


@implementer(IServiceType)
@dataclass(frozen=True)
class Type:
    """A service type of the tests."""

    name: str
    options: tuple[Option, ...] = ()
    accepts: frozenset[str] = frozenset(("ws", "wss", "tcp", "ssl", "http", "https"))
    connects: frozenset[str] = frozenset()
    connect_required: bool = False
    mime_mappings: bool = False
    doc: str = "A type of the tests."
    faults: Callable[[ServiceConfig], Iterable[str]] = field(default=lambda config: ())

    def check(self, config: ServiceConfig) -> Iterable[str]:
        """See L{IServiceType}."""
        return self.faults(config)

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}."""
        return 2, 0

    def service(self, config: Any, house: Any) -> Any:
        """See L{IServiceType}; the configuration's tests start nothing."""
        raise NotImplementedError


PASSING = Type(
    name="passing",
    options=(
        Option(name="pending", read=size, default=64000, doc="Bytes that may wait; 0 for no limit."),
        Option(name="password", read=text, secret=True, doc="Password for the backend."),
        Option(name="topic", read=text, repeated=True, doc="A topic; one element for each."),
        Option(
            name="location",
            read=dict,
            repeated=True,
            doc="A place.",
            children=(
                Option(name="patterns", read=text, required=True, doc="Where."),
                Option(name="age", read=integer(0), default=0, doc="How old."),
            ),
        ),
    ),
    connects=frozenset(("tcp", "ssl", "ws", "wss")),
    connect_required=True,
)
SAYING = Type(
    name="saying", options=(Option(name="repeat", read=integer(1, 9), default=1, doc="How often."),)
)
FILING = Type(
    name="filing",
    options=(Option(name="folder", read=text, required=True, doc="Which folder."),),
    accepts=frozenset(("http", "https")),
    mime_mappings=True,
)


NONE_KNOWN = Features()


@implementer(IBrokerType)
@dataclass(frozen=True)
class Brokers:
    """A sort of broker of the tests."""

    name: str
    schemes: Mapping[str, int]
    options: tuple[Option, ...] = ()
    features: Features = NONE_KNOWN
    doc: str = "A sort of broker of the tests."
    faults: Callable[[Uri], Iterable[str]] = field(default=lambda uri: ())

    def check(self, uri: Uri) -> Iterable[str]:
        """See L{IBrokerType}."""
        return self.faults(uri)

    def connect(self, uri: Uri, login: Any, post: Any) -> Any:
        """See L{IBrokerType}; the configuration's tests connect to nothing."""
        raise NotImplementedError


@implementer(ILoginModule, IStoreType)
@dataclass(frozen=True)
class Declared:
    """A type of login module, or of store, of the tests."""

    name: str
    options: tuple[Option, ...] = ()
    doc: str = "A type of the tests."
    faults: Callable[[Mapping[str, Any]], Iterable[str]] = field(default=lambda options: ())
    broken: str = ""  # why none can be made

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{ILoginModule}."""
        return self.faults(options)

    def checker(self, options: Mapping[str, Any], workplace: Any) -> Any:
        """See L{ILoginModule}; the configuration's tests log nobody in."""
        return self._make()

    def store(self, options: Mapping[str, Any], workplace: Any, keys: Any) -> Any:
        """See L{IStoreType}; likewise."""
        return self._make()

    def _make(self) -> object:
        if self.broken:
            raise ConfigError(self.broken)
        return object()


LISTING = Declared(
    name="listing",
    options=(
        Option(name="file", read=text, required=True, doc="Who there is."),
        Option(name="cache", read=interval, default=60.0, doc="How long that is kept."),
        Option(name="secret", read=text, secret=True, doc="What opens it."),
        Option(
            name="group",
            read=dict,
            repeated=True,
            doc="Whose role is what.",
            children=(
                Option(name="of", read=text, required=True, doc="Whose."),
                Option(name="key", read=text, secret=True, doc="What opens it."),
            ),
        ),
    ),
)
OPEN = Declared(name="open")


class ConfigTestCase(SynchronousTestCase):
    """A test with a folder for its files, and with three service types, two login modules, two stores and no
    others."""

    types: tuple[Type, ...] = (PASSING, SAYING, FILING)
    declared: tuple[Declared, ...] = (LISTING, OPEN)

    def setUp(self) -> None:
        """Make the folder; put the types in the place of those that are installed."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        types = {each.name: each for each in self.types}
        self.patch(plugins, "service_types", lambda: sorted(types))
        self.patch(plugins, "service_type", types.__getitem__)
        declared = {each.name: each for each in self.declared}
        for names, one in (("login_modules", "login_module"), ("stores", "store")):
            self.patch(plugins, names, lambda: sorted(declared))
            self.patch(plugins, one, declared.__getitem__)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file in the folder of the test."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def config(self, body: str, *, namespace: str = NAMESPACE, **more: Mapping[str, str]) -> GatewayConfig:
        """Read a file with C{body} in <gateway-config>, from line 2 on; no environment if none is given."""
        path = self.write("conf.xml", f'<gateway-config xmlns="{namespace}">\n{body}\n</gateway-config>')
        return read(str(path), **{"environ": {}, **more})

    def errors(self, body: str, *, namespace: str = NAMESPACE, **more: Mapping[str, str]) -> list[str]:
        """Return the errors of such a file, each as "line: <element>: sentence"."""
        why = self.assertRaises(ConfigErrors, self.config, body, namespace=namespace, **more)
        return self.lines(why)

    def lines(self, why: ConfigErrors) -> list[str]:
        """Return errors without the name of the file."""
        for error in why.errors:
            self.assertEqual(error.file, str(self.folder / "conf.xml"))
        return [f"{error.line}: {error.what}" for error in why.errors]

    def service(self, body: str, **more: Any) -> ServiceConfig:
        """Return the one service that the file describes."""
        (service,) = self.config(f"<service>{body}</service>", **more).services
        return service

    def warnings(self, body: str) -> list[str]:
        """Return the warnings about such a file, without its name."""
        start = f"{self.folder / 'conf.xml'}:"
        found = self.config(body).warnings
        self.assertTrue(all(each.startswith(start) for each in found))
        return [each.removeprefix(start) for each in found]


def node(name: str, text: str = "", *children: Node, line: int = 7, written: str | None = None) -> Node:
    """Return an element; C{written} where the file has C{${...}} for part of the text."""
    return Node(name, name, line, text if written is None else written, text, children)


def noted(faults: Faults) -> list[str]:
    """Return the errors noted so far, each as "line: <element>: sentence"."""
    try:
        faults.settle()
    except ConfigErrors as why:
        return [f"{error.line}: {error.what}" for error in why.errors]
    return []


def certificate(folder: Path, name: str = "gateway") -> tuple[Path, Path]:
    """Make a self-signed certificate for localhost and its key; return both PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
