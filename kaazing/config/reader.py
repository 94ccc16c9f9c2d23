# -*- test-case-name: tests.config.test_reader -*-
"""Reads a configuration file once: XML -> L{GatewayConfig}, or every error in it, in line order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from kaazing.config.addresses import check_addresses
from kaazing.config.blocks import read_block
from kaazing.config.document import load, parse, tree
from kaazing.config.faults import Faults, Node
from kaazing.config.mime import BUILT_IN, read_mime_types
from kaazing.config.model import GatewayConfig, ServiceConfig
from kaazing.config.security import Security, read_security
from kaazing.config.service import ServiceReader, Surroundings
from kaazing.config.stores import Files
from kaazing.config.structure import parts
from kaazing.config.substitution import Substitution

NOTHING: Mapping[str, str] = MappingProxyType({})


def read(
    path: str, *, environ: Mapping[str, str] | None = None, defines: Mapping[str, str] = NOTHING
) -> GatewayConfig:
    """Return what a configuration file says.

    Args:
        path: the file; paths in it are relative to its folder.
        environ: what C{${name}} may name beside <properties>; that of the process where None.
        defines: names that go before those in the file, as by C{-D name=value}.

    Raises:
        ConfigErrors: all that is wrong; no port is bound, nothing is written.
    """
    faults = Faults(path)
    root = parse(load(path), path)
    substitution = Substitution(defines, os.environ if environ is None else environ)
    config = _Reader(tree(root, substitution, faults), Path(path).absolute().parent, faults).read()
    faults.settle()
    return replace(config, warnings=faults.warnings())


class _Reader:
    def __init__(self, root: Node, folder: Path, faults: Faults) -> None:
        self._root, self._faults = root, faults
        self._files = Files(folder, faults)

    def read(self) -> GatewayConfig:
        found = parts(self._root, self._faults)
        for properties in found.get("properties", ()):
            for each in parts(properties, self._faults).get("property", ()):
                parts(each, self._faults)
        node = found["security"][0] if "security" in found else None
        security = read_security(node, self._files, self._faults)
        around = self._surroundings(found, node, security)
        services = self._services(found.get("service", []), ServiceReader(around, self._faults))
        check_addresses(services, self._faults)
        return GatewayConfig(
            file=self._faults.file,
            folder=self._files.folder,
            services=_named(services),
            keystore=security.keystore,
            truststore=security.truststore,
            realms=tuple(security.realms.values()),
            keyring=security.keyring,
        )

    def _surroundings(
        self, found: dict[str, list[Node]], node: Node | None, security: Security
    ) -> Surroundings:
        defaults = parts(found["service-defaults"][0], self._faults) if "service-defaults" in found else {}
        accept, connect = (
            read_block(defaults[name][0] if name in defaults else None, self._files, self._faults, own=False)
            for name in ("accept-options", "connect-options")
        )
        stores = {child.name for child in node.children} if node else set()
        return Surroundings(
            files=self._files,
            accept=accept,
            connect=connect,
            mime_types=read_mime_types(defaults.get("mime-mapping", ()), BUILT_IN, self._faults),
            realms=security.realms,
            stores=("keystore" in stores, "truststore" in stores),
        )

    def _services(self, nodes: Sequence[Node], reader: ServiceReader) -> list[ServiceConfig]:
        """Read the services; no two may have the same name."""
        services = []
        first: dict[str, Node] = {}
        for node in nodes:
            service = reader.read(node)
            services.append(service)
            if service.name and first.setdefault(service.name, node) is not node:
                name = next(child for child in node.children if child.name == "name")
                self._faults.at(name, f"the service at line {first[service.name].line} has this name")
        return services


def _named(services: Sequence[ServiceConfig]) -> tuple[ServiceConfig, ...]:
    """Give the services without a name one from their type and first accept; a number makes it unique."""
    taken = {service.name for service in services}
    used: Counter[str] = Counter()  # how many numbers a name has had
    named = []
    for service in services:
        name = service.name
        if not name:
            plain = f"{service.type} {service.accepts[0].shown}" if service.accepts else service.type
            name = plain
            while name in taken:
                used[plain] += 1
                name = f"{plain} ({used[plain] + 1})"
            taken.add(name)
        named.append(replace(service, name=name))
    return tuple(named)
