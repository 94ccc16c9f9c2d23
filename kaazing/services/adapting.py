# -*- test-case-name: tests.services.test_adapting -*-
"""What NAME.proxy is beside a proxy: the properties of all adapters, and what their sessions are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from twisted.logger import Logger

from kaazing.config.model import ServiceConfig
from kaazing.interfaces.adapters import IAdapter, Link
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import IHouse, Rates, Terms
from kaazing.literals import comma_list, integer, rate, text
from kaazing.options import Option
from kaazing.services import logins
from kaazing.wire.policy import Block, Policy, read_rule

_MOST_MESSAGES = 1_000_000  # a second
_MOST_POLICIES = 1000  # sets of roles that are kept ready

_ROLES = Option(
    name="anonymous.roles",
    read=comma_list,
    default=(),
    doc="Roles of the clients of whom nobody knows who they are, for <policy>; commas in between.",
)
_RATES = (
    Option(
        name="maximum.message.rate",
        read=integer(0, _MOST_MESSAGES),
        default=0,
        doc="Most messages a second from one client to the backend, beyond a first second's worth at once; 0"
        " for any number. A client that sends more is not read until its messages may pass; none is lost.",
    ),
    Option(
        name="maximum.byte.rate",
        read=rate,
        default=0,
        doc="Most bytes of messages a second from one client to the backend, as 64KiB/s; likewise.",
    ),
)

_log = Logger(namespace="kaazing.sessions")


def options(adapter: IAdapter) -> tuple[Option, ...]:
    """Return the properties that C{NAME.proxy} has from its adapter, and those that all adapters have."""
    policy = (_ROLES, _policy(adapter.operations)) if adapter.operations else ()
    return (*logins.OPTIONS, *policy, *_RATES, *adapter.options)


def _policy(operations: Mapping[str, Any]) -> Option:
    """Return the property C{policy} for an adapter's operations."""
    rule = partial(read_rule, operations=operations)
    known = ", ".join(sorted(operations))
    return Option(
        name="policy",
        read=_block,
        repeated=True,
        doc="What clients may do; where any policy stands, whatever none allows is denied.",
        children=(
            Option(
                name="role",
                read=text,
                repeated=True,
                doc="Who the policy is for: clients with one of its roles; without any, all clients.",
            ),
            Option(
                name="allow",
                read=rule,
                repeated=True,
                doc=f"Operations ({known}; commas in between, * for all) and a name or pattern, without which"
                " every name is meant.",
            ),
            Option(name="deny", read=rule, repeated=True, doc="The same; what a policy denies, none allows."),
        ),
    )


def _block(parts: Mapping[str, Any]) -> Block:
    return Block(roles=frozenset(parts["role"]), allow=parts["allow"], deny=parts["deny"])


def faults(adapter: IAdapter, properties: Mapping[str, Any]) -> Iterable[str]:
    """Return sentences, each a fault that looking at the properties one by one cannot see."""
    yield from logins.faults(properties)
    yield from adapter.check(properties)


class Adapting:
    """Begins an adapter's sessions for one service."""

    def __init__(self, config: ServiceConfig, house: IHouse, adapter: IAdapter) -> None:
        self._config, self._house, self._adapter = config, house, adapter
        properties, back = config.properties, config.connects[0]
        rates = Rates(messages=properties["maximum.message.rate"], bytes=properties["maximum.byte.rate"])
        self._terms = Terms(
            service=config.name,
            wants=adapter.front,
            connect=back,
            options=config.connect_options,
            logins=logins.logins(config.name, properties, house.keyring),
            rates=rates if rates.messages or rates.bytes else None,
            tally=house.tally(config.name),
        )
        self._told = properties["backend.login"] in ("sealed", "any")
        self._roles = frozenset(properties.get("anonymous.roles", ()))
        self._blocks: tuple[Block, ...] = properties.get("policy", ())
        self._named = frozenset[str]().union(*(block.roles for block in self._blocks))
        self._policies: dict[frozenset[str], Policy] = {}

    def begin(self, front: IChannel, back: IChannel, *, secure: bool, subject: Subject | None = None) -> None:
        """Make a session and let it decide what flows.

        Args:
            secure: whether the front is encrypted.
            subject: who the client has proved to be; None where nobody asked.
        """
        nobody = subject is None or not (subject.user or subject.roles)
        roles = self._roles if subject is None or nobody else subject.roles
        link = Link(
            peer=front.peer,
            subprotocol=front.subprotocol,
            messages=front.messages,
            secure=secure,
            encrypted=self._config.connects[0].secure,
            options=self._config.properties,
            user=subject.user or None if subject is not None else None,
            roles=roles,
            claims=subject.claims if subject is not None else {},
            injects=self._terms.logins is not None,
            told=self._told,
            policy=self._policy(roles),
            apart=self._terms.rates is not None,
        )
        self._house.adapt(front, back, self._adapter.session(link), link, self._terms)

    def report(self) -> None:
        """Say in the log how many messages have passed and been refused, if any have."""
        said = str(self._terms.tally)
        if said:
            _log.info("service {service}: counted {said}", service=self._config.name, said=said)

    def _policy(self, roles: frozenset[str]) -> Policy | None:
        """Return what clients with such roles may do; one object for all whom no policy tells apart."""
        if not self._blocks:
            return None
        roles &= self._named
        if roles not in self._policies:
            if len(self._policies) >= _MOST_POLICIES:
                self._policies.clear()
            self._policies[roles] = Policy(self._blocks, roles, self._adapter.operations)
        return self._policies[roles]
