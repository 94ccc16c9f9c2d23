# -*- test-case-name: tests.test_main -*-
"""python -m kaazing: check a configuration, run the gateway, keep its keys and logins."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

from twisted.internet.defer import execute as execute_now

from kaazing import __version__, plugins
from kaazing.commands import keyring
from kaazing.config.model import GatewayConfig, ServiceConfig
from kaazing.config.reader import read
from kaazing.errors import ConfigError, ConfigErrors
from kaazing.interfaces.security import Workplace
from kaazing.security.keyring import Keyring
from kaazing.services.keyring import faults_among


def main(
    arguments: Sequence[str] | None = None, execute: Callable[[str, list[str]], object] = os.execv
) -> int:
    """Do what the command line says; return the exit status.

    Args:
        arguments: those behind C{python -m kaazing}; of the process where None.
        execute: replaces this process by another program, as L{os.execv}.
    """
    parser = _parser()
    said, rest = parser.parse_known_args(arguments)
    if said.command == "run":
        execute(sys.executable, [sys.executable, "-m", "twisted", "kaazing", *rest])
        return 0
    if rest:
        named = [each.partition("=")[0] for each in rest if each.startswith("-")]  # others may be secret
        parser.error(f"unrecognized arguments{': ' if named else ''}{' '.join(named)}")
    if said.command == "version":
        print(f"kaazing {__version__}")
        return 0
    if said.command == "keyring":
        return keyring.run(said)
    return check(said.file, dict(said.define))


def check(path: str, defines: dict[str, str]) -> int:
    """Print what a configuration comes to and return 0, or print all its errors and return 1."""
    try:
        config = read(path, defines=defines)
        try_logins(config)
    except ConfigErrors as errors:
        print(errors, file=sys.stderr)
        return 1
    for line in summary(config):
        print(line)
    return 0


def try_logins(config: GatewayConfig) -> None:
    """Make the login modules and the keyring that services would use, and start none of them.

    Raises:
        ConfigErrors: a file that they need is missing or no good.
    """
    from twisted.internet import reactor

    workplace = Workplace(folder=config.folder, reactor=reactor, time=time.time, work=execute_now)
    used = {service.realm.name: service.realm for service in config.services if service.realm}
    errors = [*faults_among(config)]
    for realm in used.values():
        for module in realm.modules:
            try:
                plugins.login_module(module.type).checker(module.options, workplace)
            except ConfigError as why:
                errors.append(module.error(why))
    if config.keyring is not None:
        try:
            Keyring.of(config.keyring, workplace)
        except ConfigError as why:
            errors.append(ConfigError(why.what, line=why.line or config.keyring.line))
    if errors:
        raise ConfigErrors(ConfigError(why.what, file=config.file, line=why.line) for why in errors)


def summary(config: GatewayConfig) -> list[str]:
    """Return one line for each service, then the warnings; replaced values and credentials are not in it."""
    count = len(config.services)
    head = f"{config.file}: {count} service{'' if count == 1 else 's'}, no errors"
    return [head, *map(_line, config.services), *(f"warning: {each}" for each in config.warnings)]


def _line(service: ServiceConfig) -> str:
    accepts = ", ".join(uri.shown for uri in service.accepts) or "no accept"
    connects = ", ".join(uri.shown for uri in service.connects)
    way = f"{accepts}{f' -> {connects}' if connects else ''}"
    return f"  {service.name}: {service.type}, {way}{_asked(service)}"


def _asked(service: ServiceConfig) -> str:
    if service.realm is None:
        return ""
    roles = f"roles {', '.join(sorted(service.roles))}" if service.roles else "anybody logged in"
    return f"; realm {service.realm.name}, {roles}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kaazing", description="The Kaazing gateway.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    checking = commands.add_parser(
        "check", help="check a configuration file; exit status 1 when it has errors", allow_abbrev=False
    )
    checking.add_argument("file", help="the configuration, conf.xml")
    checking.add_argument(
        "-D",
        dest="define",
        metavar="name=value",
        type=_definition,
        action="append",
        default=[],
        help="a name for ${name} in the file; goes before its properties and the environment",
    )
    commands.add_parser(
        "run",
        help="run the gateway: -c conf.xml and all that `python -m twisted kaazing --help` tells",
        allow_abbrev=False,
    )
    keyring.add(commands)
    commands.add_parser("version", help="say the version")
    return parser


def _definition(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("expected name=value")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
