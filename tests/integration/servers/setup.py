"""What the servers of a test run have in common: who may log in, folders, a start, a certificate."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.integration.children import Child
from tests.transports.certificates import AUTHORITY, SERVER, Certified

USER, PASSWORD = "alice", "wonder"
"""Known to every server that has users; in RabbitMQ for the virtual host C{VHOST} alone."""

VHOST = "alicevh"

ERLANG = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
"""For Erlang's machine: schedulers that do not spin while there is nothing to do."""


def folder(name: str) -> Path:
    """Return a new folder that goes with the test run, readable by servers that change their user."""
    made = Path(tempfile.mkdtemp(prefix=f"kaazing-{name}-"))
    made.chmod(0o755)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def start(
    argv: Sequence[str],
    log: Path,
    ready: Callable[[Child], bool],
    *,
    seconds: float = 20,
    env: Mapping[str, str] | None = None,
) -> Child:
    """Return a server that runs until the end of the test run, once it is C{ready}.

    Raises:
        AssertionError: it was not ready in time, or ended; with what it said last.
    """
    child = Child(argv, log, env)
    atexit.register(child.kill)  # before its folder goes: what is registered last is called first
    child.await_(lambda: ready(child), seconds)
    return child


def erlang(names: int, server: Sequence[str], epmd: str) -> Sequence[str]:
    """Return what starts an Erlang server with a name server of its own, which goes when the server does."""
    return ["/bin/sh", "-c", f'{epmd} -address 127.0.0.1 -port {names} & exec "$0" "$@"', *server]


def certificate(base: Path) -> tuple[Path, Path, Path]:
    """Write a certificate for localhost; return the files of its authority, of itself and of its key."""
    ca, crt, key = base / "ca.crt", base / "tls.crt", base / "tls.key"
    ca.write_bytes(AUTHORITY.pem)
    crt.write_bytes(SERVER.pem)
    key.write_bytes(SERVER.key_pem)
    return ca, crt, key


def client_certificate(base: Path) -> Path:
    """Write a certificate that says C{USER}, of the same authority, with its key; return the file."""
    return Certified(USER, issuer=AUTHORITY).write(base / "client.pem")
