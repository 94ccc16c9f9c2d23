# -*- test-case-name: tests.commands.test_keyring -*-
"""python -m kaazing keyring: the gateway's own keys, and the logins that are sealed under them.

Passwords and tokens are asked for at the terminal or read from standard input, and never are arguments,
which everybody on the machine can see.
"""

from __future__ import annotations

import argparse
import fcntl
import getpass
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kaazing.errors import GatewayError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import Subject
from kaazing.literals import age
from kaazing.security.keyring import revoked_file
from kaazing.security.keys import KeyRing
from kaazing.security.seals import LONGEST, Revocations, Seals
from kaazing.security.stores.entries import Entry
from kaazing.security.stores.file import open_file, seal_file
from kaazing.wire.sasl import NAMES

_KEEP = LONGEST  # of the longest sealed login
_PASSWORD = "password at the backend"


def add(commands: Any) -> None:
    """Add the command to those of an argument parser."""
    parser = _command(commands, "keyring", "the gateway's own keys, and logins that are sealed under them")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    _add_keys(actions)
    _add_logins(actions)
    _add_tokens(actions)


def _add_keys(actions: Any) -> None:
    init = _command(actions, "init", "make a key file; one that is there is left alone")
    init.add_argument("keys", type=Path, metavar="KEYS", help="the key file to make, mode 0600")
    rotate = _command(actions, "rotate", "add a key that seals from now on, and drop old ones")
    rotate.add_argument("keys", type=Path, metavar="KEYS", help="the key file")
    rotate.add_argument(
        "--keep",
        type=_age,
        default=_KEEP,
        metavar="AGE",
        help="how long a key still opens when the next has been made, as '30 days'; 0 drops all old keys, so"
        " that what they sealed is lost but for the stores named here (default: 366 days)",
    )
    _store(rotate, "--store", "a store to seal anew; say it for each", action="append", default=[])


def _add_logins(actions: Any) -> None:
    keeping = _command(actions, "set", "keep a login in a store, which is made where it is not there")
    _keys(keeping)
    _store(keeping, "store", "the store's file")
    _whose(keeping)
    keeping.add_argument(
        "--username", required=True, help="at the backend; ${user} and ${claim.NAME} are filled in"
    )
    _secret(keeping, "the password")
    listing = _command(actions, "list", "say which logins a store has, without their passwords")
    _keys(listing)
    _store(listing, "store", "the store's file")
    removing = _command(actions, "remove", "take a login out of a store")
    _keys(removing)
    _store(removing, "store", "the store's file")
    _whose(removing, mechanism=False)


def _add_tokens(actions: Any) -> None:
    sealing = _command(actions, "seal", "print the token of a user's login at the backend of a service")
    _keys(sealing)
    sealing.add_argument("--service", required=True, help="the service's name")
    sealing.add_argument("--user", required=True, help="the gateway's user")
    sealing.add_argument("--username", required=True, help="at the backend")
    sealing.add_argument("--mechanism", choices=NAMES, help="of SASL; the best without it")
    sealing.add_argument("--lifetime", type=_age, default=86400.0, metavar="AGE", help="default: 1 day")
    _secret(sealing, "the password")
    inspecting = _command(actions, "inspect", "say what a token is for, without the password in it")
    _keys(inspecting)
    _secret(inspecting, "the token")


def run(said: argparse.Namespace) -> int:
    """Do what the command line says; return the exit status, 1 where it could not be done."""
    try:
        _ACTIONS[said.action](said)
    except KeyboardInterrupt:
        return _failed("\nnothing was changed")
    except FileExistsError:
        return _failed("there is a file of that name already, which is left as it is")
    except (GatewayError, ValueError) as why:
        return _failed(str(why))
    except OSError as why:
        return _failed(f"{why.filename}: {why.strerror}" if why.filename else str(why))
    return 0


def _init(said: argparse.Namespace) -> None:
    KeyRing.made().save(said.keys, new=True)
    print(f"{said.keys}: made; whoever has it opens all that is sealed, keep it apart from backups of that")


def _rotate(said: argparse.Namespace) -> None:
    with _alone(said.keys):
        _rotate_alone(said)


def _rotate_alone(said: argparse.Namespace) -> None:
    old = KeyRing.load(said.keys)
    stores = [(path, open_file(path, old)) for path in said.store]
    all_keys = old.rotated(float("inf"))
    all_keys.save(said.keys)  # first of all: nothing is lost wherever this ends
    for path, entries in stores:
        seal_file(path, all_keys, entries)
    kept = old.rotated(said.keep).keys[:-1]
    KeyRing((*kept, all_keys.keys[-1])).save(said.keys)
    gone = len(old.keys) - len(kept)
    print(f"{said.keys}: a key was added, {gone} dropped; stores sealed anew: {len(stores)}")


def _set(said: argparse.Namespace) -> None:
    entry = _entry(said, said.username)
    _opened(said)  # before anything is typed
    entry = Entry.of({**entry.said(), "password": _read_secret(said, _PASSWORD)})
    with _alone(said.keys):
        keys, entries, new = _opened(said)
        others = [each for each in entries if _place(each) != _place(entry)]
        seal_file(said.store, keys, [*others, entry], new=new)
    print(f"{said.store}: {'changed' if len(others) < len(entries) else 'added'}: {_shown(entry)}")


def _list(said: argparse.Namespace) -> None:
    for entry in open_file(said.store, KeyRing.load(said.keys)):
        print(_shown(entry))


def _remove(said: argparse.Namespace) -> None:
    entry = _entry(said, "-")
    with _alone(said.keys):
        keys = KeyRing.load(said.keys)
        entries = open_file(said.store, keys)
        others = [each for each in entries if _place(each) != _place(entry)]
        if len(others) == len(entries):
            raise ValueError(f"{said.store}: there is no login of {entry.whose} at {entry.service}")
        seal_file(said.store, keys, others)
    print(f"{said.store}: removed: {entry.whose} at {entry.service}")


def _seal(said: argparse.Namespace) -> None:
    keys = KeyRing.load(said.keys)
    login = Login(
        username=said.username,
        password=_read_secret(said, _PASSWORD),
        mechanism=said.mechanism,
    )
    seals = Seals(keys, time.time, Revocations(time.time))
    print(seals.seal(Subject(user=said.user), said.service, login, said.lifetime))


def _inspect(said: argparse.Namespace) -> None:
    keys = KeyRing.load(said.keys)
    seals = Seals(keys, time.time, Revocations(time.time, revoked_file(keys)))
    found = seals.inspect(_read_secret(said, "token"))
    for name in ("made", "expires"):
        found[name] = datetime.fromtimestamp(found[name], UTC).isoformat(timespec="seconds")
    print(json.dumps(found, indent=1))


_ACTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "init": _init,
    "rotate": _rotate,
    "set": _set,
    "list": _list,
    "remove": _remove,
    "seal": _seal,
    "inspect": _inspect,
}


def _command(commands: Any, name: str, doc: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=doc, description=doc, allow_abbrev=False)
    return made


def _keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keys", type=Path, required=True, metavar="KEYS", help="the key file")


def _store(parser: argparse.ArgumentParser, name: str, doc: str, **more: Any) -> None:
    parser.add_argument(name, type=Path, metavar="STORE", help=doc, **more)


def _whose(parser: argparse.ArgumentParser, *, mechanism: bool = True) -> None:
    parser.add_argument("--service", default="*", help="name of a service, or a pattern (default: *, all)")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--user", help="whose it is; everybody's without --user and --role")
    one.add_argument("--role", help="whose it is, all that have the role")
    if mechanism:
        parser.add_argument("--mechanism", choices=NAMES, help="of SASL; the best without it")


def _secret(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--stdin", action="store_true", help=f"read {what} from standard input, one line")


def _age(written: str) -> float:
    try:
        return age(written)
    except ValueError as why:
        raise argparse.ArgumentTypeError(str(why)) from None


def _entry(said: argparse.Namespace, username: str) -> Entry:
    given = {name: getattr(said, name, None) for name in ("service", "user", "role", "mechanism")}
    return Entry.of({"username": username, **{name: value for name, value in given.items() if value}})


def _place(entry: Entry) -> tuple[str, str | None, str | None]:
    return entry.service, entry.user, entry.role


def _shown(entry: Entry) -> str:
    mechanism = f" by {entry.mechanism}" if entry.mechanism else ""
    return f"{entry.whose} at {entry.service}: {entry.username}{mechanism}"


@contextmanager
def _alone(keys: Path) -> Iterator[None]:
    """Keep other commands with the same key file waiting: each writes what it has read, and a bit more."""
    folder = os.open(keys.resolve().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _opened(said: argparse.Namespace) -> tuple[KeyRing, tuple[Entry, ...], bool]:
    """Return the keys, the logins of a store, and whether it has yet to be made."""
    keys, new = KeyRing.load(said.keys), not said.store.exists()
    return keys, () if new else open_file(said.store, keys), new


def _read_secret(said: argparse.Namespace, what: str) -> str:
    """Return a line of standard input, or what is typed at the terminal.

    Raises:
        ValueError: that is nothing, which only EXTERNAL does without a password; or there is no terminal.
    """
    try:
        given = sys.stdin.readline() if said.stdin else _typed(f"{what}: ")
    except EOFError:
        given = ""
    given = given.removesuffix("\n").removesuffix("\r")
    if not given and getattr(said, "mechanism", None) != "EXTERNAL":
        raise ValueError(f"no {what} was given")
    return given


def _typed(prompt: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except getpass.GetPassWarning:
            raise ValueError("there is no terminal to ask at; use --stdin") from None


def _failed(what: str) -> int:
    print(what, file=sys.stderr)
    return 1
