# -*- test-case-name: tests.config.test_service -*-
"""One <service>: its type, and all that the type makes of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kaazing import plugins
from kaazing.config.blocks import Setting, Settings, accept_options, connect_options, read_block
from kaazing.config.faults import UNREAD, Faults, Node, quoted, shown
from kaazing.config.guards import guard_node, read_realm_name, read_roles, warn_of_accepts
from kaazing.config.mime import BUILT_IN, read_mime_types
from kaazing.config.model import AcceptOptions, RealmConfig, ServiceConfig, Uri
from kaazing.config.names import domain
from kaazing.config.original import EVERY, entries
from kaazing.config.properties import read_properties, scrubbed
from kaazing.config.sites import read_cross_site
from kaazing.config.stores import Files
from kaazing.config.structure import clause, leaf, parts
from kaazing.config.uris import Role, check_brokers, read_uri
from kaazing.errors import PluginError

MOVED = ("accept", "connect", "service.domain")
"""Properties that are not the type's: those in files of old that are elements today, and one for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a service finds in the rest of its file.

    Attributes:
        accept: accept-options of <service-defaults>.
        connect: connect-options of <service-defaults>.
        mime_types: built-in and of <service-defaults>.
        realms: by name.
        stores: whether there is a keystore, and a truststore.
        types: the types asked for so far, None for one that cannot be had.
    """

    files: Files
    accept: Mapping[str, Setting] = field(default_factory=dict)
    connect: Mapping[str, Setting] = field(default_factory=dict)
    mime_types: Mapping[str, str] = field(default_factory=lambda: BUILT_IN)
    realms: Mapping[str, RealmConfig] = field(default_factory=dict)
    stores: tuple[bool, bool] = (False, False)
    types: dict[str, Any] = field(default_factory=dict)


class ServiceReader:
    """Reads the services of one file."""

    def __init__(self, around: Surroundings, faults: Faults) -> None:
        self._around, self._faults = around, faults

    def read(self, node: Node) -> ServiceConfig:
        """Return the service, its name empty where the file has none; what is wrong with it is noted."""
        faults, before = self._faults, self._faults.count
        found = parts(node, faults)
        made = self._type(found["type"][0]) if "type" in found else None
        properties = self._properties(found, node, made)
        accepts, connects, balances = (
            self._uris(found, name, made) for name in ("accept", "connect", "balance")
        )
        if made:
            self._check_uris(node, found, made)
        settings = self._settings(found)
        options = accept_options(settings, accepts, self._around.files, self._around.stores, faults)
        logs_in = made is not None and getattr(made, "logs_in", _no)(properties)
        realm = self._realm(found, settings, accepts, options, inside=logs_in)
        config = ServiceConfig(
            name=self._text(found, "name"),
            type=made.name if made else "",
            description=self._text(found, "description"),
            accepts=accepts,
            connects=connects,
            balances=balances,
            properties=properties,
            accept_options=options,
            connect_options=self._connect_options(found, connects, made),
            mime_types=self._mime_types(found, made),
            cross_site=read_cross_site(found.get("cross-site-constraint", ()), faults),
            realm=realm,
            roles=read_roles(found, realm, settings, faults),
            cookie_domain=self._cookie_domain(found.get("service.domain", []), realm),
            line=node.line,
        )
        if made is not None and faults.count == before:
            self._check(node, config, made)
        return config

    def _type(self, node: Node) -> Any:
        """Return the IServiceType, None after noting why it cannot be had."""
        if node.value not in self._around.types:
            self._around.types[node.value or ""] = self._load(node)
        elif self._around.types[node.value or ""] is None:
            self._load(node)
        return self._around.types[node.value or ""]

    def _load(self, node: Node) -> Any:
        name = node.value
        if not name:
            self._faults.read(node, entries("service")["type"].read or str)
            return None
        try:
            known = plugins.service_types()
            if name in known:
                return plugins.service_type(name)
        except PluginError as why:
            self._faults.at(node, f"{quoted(node)}{why}")
            return None
        of_original = entries("type").get("class:..." if name.startswith("class:") else name)
        if of_original:
            self._faults.at(node, f"{quoted(node)}{clause(of_original.note)}")
            return None
        near = "" if node.replaced else self._faults.near(name, known)
        what = f"unknown type {shown(node.written)!r}"
        self._faults.at(node, what + (near or f"; there are: {', '.join(known)}"))
        return None

    def _properties(self, found: dict[str, list[Node]], owner: Node, made: Any) -> dict[str, Any]:
        """Read the properties; those that are elements of the service today join these."""
        nodes = found["properties"][0].children if "properties" in found else ()
        if "properties" in found and found["properties"][0].written:
            self._faults.at(found["properties"][0], "text stands where only elements may stand")
        if made is None:
            return {}
        moved = set(MOVED) - {option.name for option in made.options}
        for each in nodes:
            if each.name in moved:
                found.setdefault(each.name, []).append(each)
        stay = [each for each in nodes if each.name not in moved]
        without_use = {**entries(EVERY), **entries(made.name.rpartition(".")[2])}  # NAME.proxy is a proxy
        parent = found["properties"][0] if "properties" in found else owner
        return read_properties(stay, made.options, parent, self._faults, without_use)

    def _uris(self, found: dict[str, list[Node]], name: str, made: Any) -> tuple[Uri, ...]:
        schemes = None if made is None else made.connects if name == "connect" else made.accepts
        role = Role(service_type=made.name if made else "", schemes=schemes)
        uris = [read_uri(node, role, self._faults) for node in found.get(name, ())]
        check_brokers(uris, found.get(name, ()), self._faults)
        return tuple(uri for uri in uris if uri is not None)

    def _check_uris(self, node: Node, found: dict[str, list[Node]], made: Any) -> None:
        if made.accepts and "accept" not in found:
            self._faults.at(node, f"<accept> is missing in it; a service of type {made.name} needs one")
        if made.connect_required and "connect" not in found:
            self._faults.at(node, f"<connect> is missing in it; a service of type {made.name} needs one")

    def _realm(
        self,
        found: dict[str, list[Node]],
        settings: Settings,
        accepts: tuple[Uri, ...],
        options: AcceptOptions,
        *,
        inside: bool,
    ) -> RealmConfig | None:
        realm = read_realm_name(found, settings, accepts, self._around.realms, self._faults)
        node = guard_node(found, settings)
        if realm and node:
            warn_of_accepts(realm, node, accepts, options, self._faults, inside=inside)
        return realm

    def _cookie_domain(self, nodes: list[Node], realm: RealmConfig | None) -> str:
        said = [self._faults.read(node, domain) for node in nodes]
        for again in nodes[1:]:
            self._faults.at(again, f"stands here already, at line {nodes[0].line}")
        if said and said[0] and (realm is None or realm.mode != "recycle"):
            self._faults.warn(
                nodes[0], "has no effect. Only a realm with authorization-mode recycle gives session cookies."
            )
        return said[0] if said and said[0] is not UNREAD else ""

    def _text(self, found: dict[str, list[Node]], name: str) -> str:
        said = leaf(found, "service", name, self._faults, "")
        return "" if said is UNREAD else " ".join(said.split())

    def _settings(self, found: dict[str, list[Node]]) -> Settings:
        """Return the accept-options, those of <service-defaults> behind the service's own."""
        own = read_block(_only(found, "accept-options"), self._around.files, self._faults)
        return {**self._around.accept, **own}

    def _connect_options(self, found: dict[str, list[Node]], connects: tuple[Uri, ...], made: Any) -> Any:
        files, faults = self._around.files, self._faults
        own = read_block(_only(found, "connect-options"), files, faults)
        return connect_options(
            {**self._around.connect, **own}, connects, made.name if made else "", files, faults
        )

    def _mime_types(self, found: dict[str, list[Node]], made: Any) -> Mapping[str, str]:
        nodes = found.get("mime-mapping", [])
        if nodes and made and not made.mime_mappings:
            self._faults.at(nodes[0], f"a service of type {made.name} serves no files")
        return read_mime_types(nodes, self._around.mime_types, self._faults)

    def _check(self, node: Node, config: ServiceConfig, made: Any) -> None:
        """Let the type look at the whole; replaced values and secrets are taken out of what it says."""
        blocks = [child for child in node.children if child.name == "properties"]
        for sentence in made.check(config):
            self._faults.at(
                node, scrubbed(sentence, node, blocks[0].children if blocks else (), made.options)
            )


def _no(properties: Mapping[str, Any]) -> bool:
    """Answer C{IServiceType.logs_in} for the types that have none."""
    return False


def _only(found: dict[str, list[Node]], name: str) -> Node | None:
    return found[name][0] if name in found else None
