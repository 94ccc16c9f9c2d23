# -*- test-case-name: tests.test_tap -*-
"""The door that twistd knocks on: its options, and the service made of them.

Importing this picks the lean reactor when none is installed or asked for yet, on Linux.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

if "twisted.internet.reactor" not in sys.modules and sys.platform == "linux":
    from kaazing.reactor import install

    install()

from twisted.application.service import IService
from twisted.internet import reactor
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError

from kaazing.config.reader import read
from kaazing.errors import ConfigErrors, ListenError
from kaazing.gateway import Gateway


class Options(UsageOptions):
    """Command line of C{twistd kaazing}."""

    synopsis = "[-c conf.xml] [-D name=value]..."
    optParameters = [  # noqa: RUF012 - named and mutable by usage.Options
        ["config", "c", "gateway-config.xml", "Configuration file."],
    ]
    longdesc = "Starts the gateway that a configuration file describes; docs/configuration.md tells of it."

    def __init__(self) -> None:
        super().__init__()
        self["defines"] = {}

    def opt_define(self, pair: str) -> None:
        """Give a ${name} of the file a value: name=value."""
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"-D wants name=value, not {pair!r}")
        self["defines"][name] = value

    opt_D = opt_define


def makeService(options: Options) -> IService:
    """Return the gateway; on a faulty file print all its faults and exit with status 1."""
    try:
        gateway = Gateway(read(options["config"], defines=options["defines"]), reactor)
    except (ConfigErrors, ListenError) as why:
        sys.exit(str(why))
    running: Any = reactor
    running.callWhenRunning(_heed_hangup, gateway, running)
    return gateway


def _heed_hangup(gateway: Gateway, running: Any) -> None:
    """Take SIGHUP for a word that certificates are new; neither Twisted nor twistd has a use for it."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda number, frame: running.callFromThread(gateway.renew))
