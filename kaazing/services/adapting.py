# -*- test-case-name: tests.services.test_adapting -*-
"""What NAME.proxy is beside a proxy: the properties of all adapters, and what their sessions are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twisted.logger import Logger

from kaazing.config.model import ServiceConfig
from kaazing.interfaces.adapters import IAdapter, Link
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import IHouse, Rates, Terms
from kaazing.literals import integer, rate
from kaazing.options import Option
from kaazing.services import logins, policies

_MOST_MESSAGES = 1_000_000  # a second

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
    return (*logins.OPTIONS, *policies.options(adapter.operations), *_RATES, *adapter.options)


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
        self._policies = policies.Policies(properties, adapter.operations)

    def begin(self, front: IChannel, back: IChannel, *, secure: bool, subject: Subject | None = None) -> None:
        """Make a session and let it decide what flows.

        Args:
            secure: whether the front is encrypted.
            subject: who the client has proved to be; None where nobody asked.
        """
        roles = self._policies.roles(subject)
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
            policy=self._policies.of(roles),
            apart=self._terms.rates is not None,
        )
        self._house.adapt(front, back, self._adapter.session(link), link, self._terms)

    def report(self) -> None:
        """Say in the log how many messages have passed and been refused, if any have."""
        said = str(self._terms.tally)
        if said:
            _log.info("service {service}: counted {said}", service=self._config.name, said=said)
