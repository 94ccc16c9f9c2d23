"""500 sessions of each kind come, talk and go for KAAZING_CHURN_SECONDS (120), and leave nothing behind."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.soak.churners import Client, Emulated, Listening, Native

reactor: Any = _reactor

SECONDS = float(os.environ.get("KAAZING_CHURN_SECONDS", "120"))
WARM = 10.0
"""Seconds of churning after which the gateway has grown to its working size."""

EACH = 500
"""Sessions of each kind at any time."""

STEP = 0.05
"""Seconds between two turns of the churn."""

LEAVING = 8
"""Of each kind in each turn: a session lives three seconds."""

EVENTS = 100
"""That the broadcast service keeps, so that its log is full before anything is counted."""

MORE_MEMORY = 1.1
"""Times the memory after the warm-up that the gateway may have in the end."""

SETTLED = 80.0
"""Seconds: an emulated session whose client has vanished waits for it for 60."""

COUNTING = 20.0
"""Seconds that counting may take."""

KINDS = (Native, Emulated, Listening)


class ChurnTests(TestCase):
    """A gateway with an echo and a broadcast service, counted from inside."""

    timeout = SECONDS + WARM + 2 * SETTLED + 60

    async def test_nothing_left(self) -> None:
        """
        Clients that come, talk and go politely or not leave no object, no descriptor and no memory behind.
        """
        seed = random.randrange(1 << 32)
        self._chance = random.Random(seed)
        self._port, self._udp = free_port(), free_port()
        feed = service(
            "broadcast",
            f"sse://127.0.0.1:{self._port}/feed",
            f"udp://127.0.0.1:{self._udp}",
            properties=f"<log.events>{EVENTS}</log.events>",
        )
        echo = service("echo", f"ws://127.0.0.1:{self._port}/echo")
        counted = Path(self.mktemp()).absolute()

        def counting(configuration: Path) -> Sequence[str]:
            return [sys.executable, "-m", "tests.soak.counted", str(counted), str(configuration)]

        with Gateway(conf(echo, feed), argv=counting) as gateway:
            self._gateway, self._counted = gateway, counted
            descriptors = gateway.descriptors()
            await self.churn(WARM)
            await self.settle(descriptors, seed)
            objects, memory = await self.count(), gateway.memory()
            await self.churn(SECONDS)
            await self.settle(descriptors, seed)
            left = (await self.count()) - objects
            self.assertEqual(dict(left), {}, f"seed {seed}")
            grown = gateway.memory() / memory
            self.assertTrue(grown < MORE_MEMORY, f"{grown:.3f} times the memory, seed {seed}")

    async def churn(self, seconds: float) -> None:
        """Keep EACH clients of each kind for so long, always some of them new; every kind must be served."""
        clients = {kind: [self.come(kind) for _ in range(EACH)] for kind in KINDS}
        talked = Counter[str]()
        until = time.monotonic() + seconds
        feed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while time.monotonic() < until:
            feed.sendto(b"tick", ("127.0.0.1", self._udp))
            for kind, there in clients.items():
                for _ in range(LEAVING):
                    client = there.pop(0)
                    client.leave()
                    talked[kind.__name__] += bool(client.talked)
                    there.append(self.come(kind))
                for client in self._chance.sample(there, EACH // 10):
                    client.talk()
            await deferLater(reactor, STEP, lambda: None)
        feed.close()
        for there in clients.values():
            for client in there:
                talked[type(client).__name__] += bool(client.talked)
                client.leave()
        for kind in KINDS:
            self.assertGreater(talked[kind.__name__], seconds / STEP * LEAVING / 4, talked)

    def come(self, kind: type[Client]) -> Client:
        """Return a new client."""
        return kind(reactor, self._port, self._chance)

    async def settle(self, descriptors: int, seed: int) -> None:
        """Wait until no client has a descriptor in the gateway, nor a session that it might come back to."""
        until = time.monotonic() + SETTLED
        while True:
            await deferLater(reactor, 1.0, lambda: None)
            counted = await self.count()
            sessions = sum(
                n for name, n in counted.items() if name.startswith("kaazing.transports.emulation.session")
            )
            if self._gateway.descriptors() <= descriptors and not sessions:
                return
            if time.monotonic() > until:
                self.fail(f"{self._gateway.descriptors() - descriptors} descriptors, {counted}, seed {seed}")

    async def count(self) -> Counter[str]:
        """Return how many objects of each class the gateway has."""
        self._counted.unlink(missing_ok=True)
        os.kill(self._gateway.pid, signal.SIGUSR1)
        until = time.monotonic() + COUNTING
        while not self._counted.exists():
            self.assertLess(time.monotonic(), until, self._gateway.said()[-2000:])
            await deferLater(reactor, 0.02, lambda: None)
        return Counter(json.loads(self._counted.read_text()))
