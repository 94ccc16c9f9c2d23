# -*- test-case-name: tests.config.test_stores -*-
"""Keystores, truststores, certificates and keys that a file names: what they are, and whether they fit."""

from __future__ import annotations

import shlex
import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kaazing.config.faults import UNREAD, Faults, Node, shown
from kaazing.config.model import Keystore
from kaazing.config.structure import leaf, parts

LIMIT = 1024 * 1024  # bytes of a file that are looked at

CERTIFICATE = b"CERTIFICATE-----"
KEY = b"PRIVATE KEY-----"
REVOCATIONS = b"X509 CRL-----"

_WORDS = {
    CERTIFICATE: "certificate",
    KEY: "private key",
    REVOCATIONS: "list of revoked certificates",
}
_IN_FOLDERS = {"PEM": (".pem", ".crt", ".key"), "PKCS12": (".p12", ".pfx")}
"""Type of a store -> how the names of its files in a folder end."""
_MAGIC = {b"\xfe\xed\xfe\xed": "JKS", b"\xce\xce\xce\xce": "JCEKS"}
_JAVA = ("JKS", "JCEKS")


class Files:
    """The files that one configuration names, each looked at when it is named.

    Attributes:
        folder: where relative names start; absolute.
    """

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.folder = folder
        self._faults = faults
        self._pairs: dict[tuple[Path, Path | None], str] = {}

    def store(self, node: Node) -> Keystore | None:
        """Return a keystore or truststore, None after noting what is wrong with it."""
        found = parts(node, self._faults)
        said = leaf(found, node.name, "type", self._faults, "")
        said = said if said is UNREAD else said.upper()
        file = leaf(found, node.name, "file", self._faults, UNREAD)
        password = self._password(found, node.name)
        where = found["file"][0] if file is not UNREAD else node
        content = self._content(where, str(said)) if file is not UNREAD else None
        if content is None and file is not UNREAD and said in _JAVA:
            self._faults.at(where, _convert(said, shown(where.written)))
        if content is None or UNREAD in (said, password):
            return None
        wanted = (CERTIFICATE, KEY) if node.name == "keystore" else (CERTIFICATE,)
        kind = _kind(content)
        fault = _store_fault(said, kind, shown(where.written)) or _lacks(kind, content, wanted)
        if fault:
            self._faults.at(where, fault)
            return None
        return Keystore(type=kind, file=self.folder / file, password=password)

    def pem(self, node: Node, wanted: bytes) -> Path | None:
        """Return the path of a PEM file that contains C{wanted}, None after noting what is wrong."""
        content = self._content(node)
        if content is None:
            return None
        if wanted not in content:
            self._faults.at(node, f"{shown(node.written)!r} is no PEM file with a {_WORDS[wanted]}")
            return None
        return self.folder / (node.value or "")

    def check_pair(self, node: Node, certificate: Path, key: Path | None) -> None:
        """Note that a certificate and its key do not go together; the same pair is looked at once."""
        if (certificate, key) not in self._pairs:
            self._pairs[certificate, key] = _pair_fault(certificate, key)
        fault = self._pairs[certificate, key]
        if fault:
            self._faults.at(node, fault)

    def _content(self, node: Node, kind: str = "") -> bytes | None:
        """Return the bytes of the file an element names, of a folder those of all that are of a kind."""
        if not node.value:
            return None
        path, name = self.folder / node.value, repr(shown(node.written))
        try:
            if not path.is_dir():
                with path.open("rb") as file:
                    return file.read(LIMIT)
            endings = _IN_FOLDERS["PKCS12" if kind == "PKCS12" else "PEM"]
            files = sorted(each for each in path.iterdir() if each.name.endswith(endings) and each.is_file())
            pieces = [each.read_bytes()[:LIMIT] for each in files]
        except FileNotFoundError:
            self._faults.at(node, f"there is no file {name}; names are relative to the configuration file")
        except (OSError, ValueError) as why:  # ValueError: a NUL in the name
            reason = getattr(why, "strerror", None) or "no name of a file"
            self._faults.at(node, f"{name} cannot be read: {reason}")
        else:
            if pieces:
                return b"\n".join(pieces)
            self._faults.at(node, f"the folder {name} has no file *{' or *'.join(endings)}")
        return None

    def _password(self, found: dict[str, list[Node]], place: str) -> Any:
        named = leaf(found, place, "password-file", self._faults, "")
        if named in ("", UNREAD):
            return named
        content = self._content(found["password-file"][0])
        if content is None:
            return UNREAD
        return content.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")


def _kind(content: bytes) -> str:
    """Return PEM, PKCS12, JKS or JCEKS by the bytes; empty for anything else."""
    if CERTIFICATE in content or KEY in content:
        return "PEM"
    return "PKCS12" if content[:1] == b"0" else _MAGIC.get(content[:4], "")


def _store_fault(said: str, kind: str, name: str) -> str:
    """Return what is wrong with a store of one type in a file of another, or an empty string."""
    if said not in ("", "PEM", "PKCS12", *_JAVA):
        return f"the <type> beside it is none of PEM, PKCS12, {', '.join(_JAVA)}"
    if kind in _JAVA and find_spec("jks") is None:
        return _convert(kind, name) + "; or have it read as it is, after `pip install kaazing-gateway[jks]`"
    if kind and (kind == said or (not said and kind != "PKCS12")):  # the original's were JKS without a type
        return ""
    if kind:
        return f"the file is {kind}; write <type>{kind}</type>"
    return f"the file is neither {', '.join(('PEM', 'PKCS12', *_JAVA[:-1]))} nor {_JAVA[-1]}"


def _convert(kind: str, name: str) -> str:
    stem = name.rpartition(".")[0] or name
    old, new, pem = shlex.quote(name), shlex.quote(f"{stem}.p12"), shlex.quote(f"{stem}.pem")
    return (
        f"{kind} files are Java's own; convert it with `keytool -importkeystore -srckeystore {old}"
        f" -srcstoretype {kind} -destkeystore {new} -deststoretype PKCS12`"
        f" and write <type>PKCS12</type>, or go on with"
        f" `openssl pkcs12 -in {new} -nodes -out {pem}` and write <type>PEM</type>"
    )


def _lacks(kind: str, content: bytes, wanted: tuple[bytes, ...]) -> str:
    missing = [_WORDS[each] for each in wanted if each not in content] if kind == "PEM" else []
    return f"there is no {' and no '.join(missing)} in it" if missing else ""


def _pair_fault(certificate: Path, key: Path | None) -> str:
    def no_password() -> bytes:
        raise ValueError("the key is encrypted; keep it in the keystore, which has a password file")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, no_password)
    except ssl.SSLError as why:
        reason = (why.reason or "unreadable").lower().replace("_", " ")
        return f"certificate and private key do not go together: {reason}"
    except (OSError, ValueError) as why:
        return f"certificate and private key cannot be used: {getattr(why, 'strerror', None) or why}"
    return ""
