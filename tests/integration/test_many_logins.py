"""Very many logins at a gateway of its own: how long one takes says nothing, and nobody else waits."""

from __future__ import annotations

import http.client
import selectors
import socket
import statistics
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import connect

from tests.integration import servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.servers.directories import BASE, MANY, SERVICE, SERVICE_PASSWORD
from tests.integration.test_logins import directory, module, realm
from tests.security.test_passwords import argoned
from tests.security.test_users import jaas, role, user

WORD = servers.PASSWORD
ROUNDS = 6
"""Times that a measurement is made again where others are at work on the machine; a difference stays."""


def basic(user: str, password: str) -> str:
    """Return what Basic is followed by."""
    return b64encode(f"{user}:{password}".encode()).decode()


class ManyTestCase(SynchronousTestCase):
    """A folder for users, and a directory that only they may read."""

    def setUp(self) -> None:
        place = TemporaryDirectory(prefix="kaazing-many-")
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        (self.folder / "web").mkdir()
        (self.folder / "web" / "file").write_text("hello")
        self.port = free_port()

    @contextmanager
    def gateway(self, name: str, inside: str, *services: str) -> Iterator[Gateway]:
        """Run one with a login module, whose users are traders."""
        files = directory(f"http://localhost:{self.port}/", name, self.folder)
        files = files.partition("<authorization-constraint>")[0] + "</service>"
        with Gateway(conf(f"<security>{realm(name, inside)}</security>", files, *services)) as gateway:
            yield gateway


class TimeTests(ManyTestCase):
    """How long a refusal takes at an HTTP client."""

    def ask(self, place: int, user: str, password: str) -> tuple[int, float]:
        """Log in from one of many addresses; return the status and the seconds that it took."""
        address = f"127.2.{place // 250}.{place % 250 + 1}"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, 10, (address, 0))) as client:
            client.connect()
            began = time.perf_counter()
            client.request(
                "GET",
                "/file",
                headers={"Authorization": f"Basic {basic(user, password)}", "Host": f"localhost:{self.port}"},
            )
            answer = client.getresponse()
            answer.read()
            return answer.status, time.perf_counter() - began

    def measured(self, start: int) -> float:
        """Return by how much the medians of wrong users and of wrong passwords differ.

        Each user is tried once in a measurement, from an address of its own, so that nobody is put off.
        """
        times: dict[str, list[float]] = {"many": [], "none": []}
        for turn, known in enumerate(MANY):
            for place, name in enumerate(
                sorted(times, reverse=bool(turn % 2))
            ):  # neither is always the first
                status, took = self.ask(start + 2 * turn + place, known.replace("many", name), "wrong")
                self.assertEqual(status, 401)
                times[name].append(took)
        one, other = (statistics.median(each) for each in times.values())
        return abs(one - other) / one

    def assertAlike(self) -> None:
        """Check that the medians differ by less than 5 %."""
        found = []
        for number in range(ROUNDS):
            found.append(self.measured(number * 2 * len(MANY)))
            if found[-1] < 0.05:
                self.assertEqual(self.ask(60_000, MANY[0], WORD)[0], 200)
                return
        self.fail(f"differ by {found}")

    def test_argon2(self) -> None:
        """
        With a file of hashes by argon2id.
        """
        hashed = argoned(WORD, time_cost=2, memory_cost=2048)
        (self.folder / "htpasswd").write_text("".join(f"{each}:{hashed}\n" for each in MANY))
        with self.gateway("argon2", module("file", file=self.folder / "htpasswd")):
            self.assertAlike()

    def test_clear(self) -> None:
        """
        With a file of passwords in clear.
        """
        users = "".join(user(each, WORD) for each in MANY)
        (self.folder / "jaas.xml").write_bytes(jaas(users + role("boss", "trader")))
        with self.gateway("clear", module("file", file=self.folder / "jaas.xml")):
            self.assertAlike()

    def test_ldap(self) -> None:
        """
        With a directory.
        """
        server = servers.slapd()
        (self.folder / "bind").write_text(SERVICE_PASSWORD)
        (self.folder / "bind").chmod(0o600)
        options = {
            "url": f"ldaps://localhost:{server.ldaps}",
            "base": BASE,
            "ca-file": server.ca,
            "bind.dn": SERVICE,
            "bind.password-file": self.folder / "bind",
        }
        with self.gateway("ldap", module("ldap", **options)):
            self.assertAlike()


class StormTests(ManyTestCase):
    """A thousand clients at once, each with a hash by argon2id to be computed."""

    CLIENTS = 1000

    def test_storm(self) -> None:
        """
        Those that the queue has room for come in, the others are told 503 and when to come again; who is
        there already has his answers as before, and a file of users that changes meanwhile is read.
        """
        hashed = argoned(WORD, time_cost=2, memory_cost=19 * 1024)
        lines = "".join(f"user{each}:{hashed}\n" for each in range(self.CLIENTS))
        file = self.folder / "htpasswd"
        file.write_text(lines)
        echo = free_port()
        with (
            self.gateway("staff", module("file", file=file), service("echo", f"ws://127.0.0.1:{echo}/")),
            connect(f"ws://127.0.0.1:{echo}/") as witness,
        ):
            pending = selectors.DefaultSelector()
            for number in range(self.CLIENTS):
                self.come(pending, number)
            file.write_text(lines + f"new:{hashed}\n")
            heard: list[bytes] = []
            took: list[float] = []
            while pending.get_map():
                began = time.monotonic()
                witness.send("x")
                self.assertEqual(witness.recv(20), "x")
                took.append(time.monotonic() - began)
                heard += self.answers(pending)
            statuses = Counter(each[9:12] for each in heard)
            self.assertEqual(set(statuses), {b"200", b"503"})
            self.assertGreaterEqual(statuses[b"200"], 200)
            self.assertTrue(all(b"\r\nRetry-After: 5\r\n" in each for each in heard if each[9:12] == b"503"))
            self.assertLess(statistics.median(took), 0.1)
            self.assertLess(max(took), 2.0)
            self.assertEqual(self.status("new"), 200)

    def come(self, pending: selectors.BaseSelector, number: int) -> None:
        """Have a client ask, without waiting for its answer."""
        made = socket.create_connection(("127.0.0.1", self.port), 20, (f"127.1.0.{number % 250 + 1}", 0))
        self.addCleanup(made.close)
        pending.register(made, selectors.EVENT_READ)
        said = basic(f"user{number}", WORD)
        head = f"GET /file HTTP/1.1\r\nHost: localhost:{self.port}\r\nAuthorization: Basic {said}\r\n\r\n"
        made.sendall(head.encode())

    def answers(self, pending: selectors.BaseSelector) -> Iterator[bytes]:
        """Yield the answers that have come, of clients who then leave."""
        for key, _ in pending.select(0.02):
            made = key.fileobj
            assert isinstance(made, socket.socket)
            yield made.recv(4096)
            pending.unregister(made)
            made.close()

    def status(self, user: str) -> int:
        """Return what one more client gets."""
        with closing(http.client.HTTPConnection("localhost", self.port, timeout=20)) as client:
            client.request("GET", "/file", headers={"Authorization": f"Basic {basic(user, WORD)}"})
            return client.getresponse().status
