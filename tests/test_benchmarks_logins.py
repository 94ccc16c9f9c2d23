"""The benchmark of logins: what it configures starts, lets its clients in and nobody else, and its table."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.load import options
from benchmarks.logins import KINDS, OPEN, Figures, guarded, table
from benchmarks.scenarios import Figure, Scenario
from benchmarks.systems import GATEWAY, place
from kaazing.config.reader import read


class LoginsTests(SynchronousTestCase):
    def test_configuration(self) -> None:
        """
        There is a service for each kind of client, all but one with a realm; clients have a token each, or
        one for all, which they are told to send.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        system = guarded(GATEWAY, 3)
        where = place(system, KINDS, folder, folder / "unused")
        system.command(where)
        config = read(os.fspath(folder / "logins.xml"))
        self.assertEqual({each.name for each in config.services if each.realm is None}, {OPEN})
        told = {
            name: options(Scenario(name=name, service=name, mode="idle"), system, where, 1.0).get("fields")
            for name in KINDS
        }
        self.assertEqual(
            {name: file and len({*Path(str(file)).read_text().splitlines()}) for name, file in told.items()},
            {OPEN: None, "HS256-one": 1, "HS256-each": 3, "RS256-one": 1, "RS256-each": 3},
        )

    def test_table(self) -> None:
        """
        A line a kind: medians, what they are to those without a login, and whether the target holds.
        """
        measured = {
            OPEN: ([90.0, 100.0, 110.0], 70.0, 4.0),
            "HS256-one": ([70.0], 100.0, 4.5),
            "RS256-each": ([50.0], 140.0, 5.0),
        }
        figures: Figures = {
            name: {Figure.HANDSHAKES: rates, Figure.OPENING: [cost], Figure.MEMORY: [memory]}
            for name, (rates, cost, memory) in measured.items()
        }
        self.assertEqual(
            table(figures, 10).splitlines()[2:],
            [
                "| no login | 100 | 70.0 | 1.00 |  | 4.00 | 0.00 |",
                "| HS256, the same token each time | 70.0 | 100 | 0.70 | at least 0.7: holds | 4.50 | 0.50 |",
                "| RS256, a new token each time | 50.0 | 140 | 0.50 | at least 0.7: FALLS SHORT | 5.00"
                " | 1.00 |",
            ],
        )
