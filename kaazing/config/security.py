# -*- test-case-name: tests.config.test_security -*-
"""<security>: certificates and keys, realms, keyring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kaazing.config.declared import STORES, read_declared
from kaazing.config.faults import UNREAD, Faults, Node
from kaazing.config.model import KeyringConfig, Keystore, RealmConfig
from kaazing.config.realms import read_realms
from kaazing.config.stores import Files
from kaazing.config.structure import leaf, parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """What is in it; realms by name."""

    keystore: Keystore | None = None
    truststore: Keystore | None = None
    realms: Mapping[str, RealmConfig] = field(default_factory=dict)
    keyring: KeyringConfig | None = None


def read_security(node: Node | None, files: Files, faults: Faults) -> Security:
    """Return what <security> says, and an empty one for none; what is wrong with it is noted."""
    found = parts(node, faults) if node else {}
    stores = [files.store(found[name][0]) if name in found else None for name in ("keystore", "truststore")]
    return Security(
        keystore=stores[0],
        truststore=stores[1],
        realms=read_realms(found.get("realm", []), faults),
        keyring=_keyring(found["keyring"][0], files, faults) if "keyring" in found else None,
    )


def _keyring(node: Node, files: Files, faults: Faults) -> KeyringConfig:
    found = parts(node, faults)
    name = leaf(found, "keyring", "key-file", faults, UNREAD)
    path = None if name is UNREAD else files.folder / name
    if path and not _there(path):
        faults.at(found["key-file"][0], "there is no such file; make one with python -m kaazing keyring init")
    stores = [read_declared(each, STORES, faults) for each in found.get("store", ())]
    return KeyringConfig(
        key_file=path, stores=tuple(each for each in stores if each is not None), line=node.line
    )


def _there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False
