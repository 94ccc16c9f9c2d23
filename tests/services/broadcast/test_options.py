"""Tests for L{kaazing.services.broadcast.options}."""

from __future__ import annotations

from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from kaazing.services.broadcast.options import OPTIONS, address, milliseconds


class OptionsTests(SynchronousTestCase):
    def test_defaults(self) -> None:
        """
        What holds where nothing is said.
        """
        self.assertEqual(
            {option.name: option.default for option in OPTIONS if option.default is not None},
            {
                "format": "opaque",
                "event.maximum.size": 65536,
                "receive.buffer": 8 * 1024 * 1024,
                "reconnect.delay": 3.0,
                "on.client.message": "noop",
                "log.events": 1000,
                "log.bytes": 1024 * 1024,
                "log.age": 300.0,
                "slow.receiver": "drop-oldest",
                "slow.bytes": 1024 * 1024,
                "slow.age": 0.0,
                "coalesce": 0.001,
            },
        )

    def test_readers(self) -> None:
        """
        Values are read in their units, and others refused.
        """
        readers = {option.name: option.read for option in OPTIONS}
        for name, written, value in (
            ("accept", "tcp://[::1]:7000", ("::1", 7000)),
            ("source", "192.0.2.0/24, ::1", (ip_network("192.0.2.0/24"), ip_network("::1"))),
            ("coalesce", "5 ms", 0.005),
            ("slow.bytes", "64k", 65536),
            ("slow.receiver", "conflate", "conflate"),
            ("log.age", "10 min", 600.0),
        ):
            self.assertEqual(readers[name](written), value, name)
        for name, written in (
            ("event.maximum.size", "0"),
            ("slow.receiver", "pause"),
            ("coalesce", "11 s"),
            ("slow.bytes", "10"),
            ("log.events", "-1"),
            ("source", "everybody"),
            ("format", "xml"),
        ):
            self.assertRaises(ValueError, readers[name], written)

    def test_milliseconds(self) -> None:
        """
        A bare number is milliseconds, as in files of the original; units may be said.
        """
        self.assertEqual([milliseconds(text) for text in ("3000", "0", "1.5 s", "200 ms")], [3, 0, 1.5, 0.2])
        for text in ("-1", "x", "", "100000000", "2 days"):
            self.assertRaises(ValueError, milliseconds, text)

    def test_address(self) -> None:
        """
        A backend is listened for at tcp://host:port, and nothing else.
        """
        self.assertEqual(address("tcp://127.0.0.1:7000"), ("127.0.0.1", 7000))
        for text in ("tcp://localhost", "udp://h:1", "tcp://h:1/x", "tcp://h:1?q", "tcp://u@h:1", "h:1", ""):
            self.assertRaises(ValueError, address, text)
