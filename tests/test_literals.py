"""The readers of single values: what they take, what they say of the rest."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.literals import (
    Unreadable,
    UriParts,
    age,
    blank_list,
    bounded,
    bracketed,
    choice,
    comma_list,
    here,
    host,
    host_port,
    integer,
    interval,
    networks,
    port,
    rate,
    shown,
    size,
    switch,
    text,
    uri,
)

READERS: list[Callable[[str], Any]] = [
    *(age, blank_list, comma_list, host, host_port, integer(0, 5), interval, port, rate, size, switch, text),
    networks,
    *(uri, choice("one", "two"), bounded(size, 1, 1024)),
]


class ReaderTests(SynchronousTestCase):
    """What each reader makes of its text."""

    def refused(self, reader: Callable[[str], Any], *values: str) -> str:
        """Return the one sentence with which the reader refuses all of the values."""
        said = {str(self.assertRaises(Unreadable, reader, value)) for value in values}
        self.assertEqual(len(said), 1, said)
        return said.pop()

    def test_text(self) -> None:
        """
        Text is anything but nothing, and can be written in UTF-8: variables of the environment may have bytes
        that are no text, which Python gives as lone surrogates.
        """
        self.assertEqual(text("any thing"), "any thing")
        self.assertEqual(self.refused(text, os.fsdecode(b"pass\xff")), "expected text in UTF-8")
        self.assertEqual(self.refused(text, ""), "expected some text")

    def test_integer(self) -> None:
        """
        A whole number has digits only, and stays within its limits, which are told.
        """
        self.assertEqual([integer(-1, 9)(value) for value in ("-1", "0", "007", "9")], [-1, 0, 7, 9])
        said = "expected a whole number from 1 to 9"
        self.assertEqual(self.refused(integer(1, 9), "", "x", "1.0", "+1", "1_0", "٣", " 1", "1" * 19), said)
        self.assertEqual(self.refused(integer(1, 9), "0", "10"), "expected a value from 1 to 9")
        self.assertEqual(self.refused(integer(1), "0"), "expected a value of at least 1")
        self.assertEqual(self.refused(integer(None, 9), "10"), "expected a value of at most 9")
        self.assertEqual(self.refused(integer(), "x"), "expected a whole number")

    def test_size(self) -> None:
        """
        Sizes are bytes; k and M multiply by 1024 once and twice.
        """
        values = {"0": 0, "64000": 64000, "128k": 131072, "128K": 131072, "2m": 2097152, "64 kB": 65536}
        self.assertEqual({value: size(value) for value in values}, values)
        self.assertEqual(size("1MiB"), 1024 * 1024)
        self.refused(size, "", "k", "-1", "1.5k", "1g", "1 kk", "1b", "0x10")

    def test_interval(self) -> None:
        """
        Times come out in seconds; without a unit they are seconds; units in any case.
        """
        values = {"30": 30.0, "1.5 min": 90.0, "500ms": 0.5, "2 Hours": 7200.0, "0": 0.0, "3  SECS": 3.0}
        self.assertEqual({value: interval(value) for value in values}, values)
        self.refused(interval, "", "-1", "1 fortnight", "1 day", "1e3", ".5", "1.", "one", "1 m s")

    def test_age(self) -> None:
        """
        Ages have days, weeks and years as well.
        """
        self.assertEqual(
            [age(each) for each in ("90", "1 day", "2w", "1 year")], [90.0, 86400.0, 1209600.0, 31536000.0]
        )
        self.refused(age, "", "1 month")

    def test_rate(self) -> None:
        """
        Rates come out in bytes a second; what is 4 GiB a second or more is no limit, which is 0.
        """
        values = {
            "0B/s": 0,
            "10B/s": 10,
            "10kB/s": 10000,
            "10KiB/s": 10240,
            "1MB/s": 1000000,
            "1MiB/s": 1048576,
        }
        self.assertEqual({value: rate(value) for value in values}, values)
        self.assertEqual(
            (rate("4294967294B/s"), rate("4294967295B/s"), rate("9999999MiB/s")), (4294967294, 0, 0)
        )
        self.refused(rate, "", "10", "10 kB/s", "10kB", "10KB/s", "1.5MB/s")

    def test_switch(self) -> None:
        """
        A switch is enabled or disabled, true or false, in any case.
        """
        self.assertEqual(
            [switch(each) for each in ("enabled", "TRUE", "Disabled", "false")], [True, True, False, False]
        )
        self.assertEqual(
            self.refused(switch, "enable"), "expected enabled or disabled; did you mean 'enabled'?"
        )
        self.assertEqual(self.refused(switch, "", "1", "on", "xyzzy"), "expected enabled or disabled")

    def test_choice(self) -> None:
        """
        A word is one of those listed, and a near miss is told so.
        """
        reader = choice("none", "optional", "required")
        self.assertEqual(reader("optional"), "optional")
        said = "expected none, optional or required"
        self.assertEqual(self.refused(reader, "", "NEVER", "always"), said)
        self.assertEqual(self.refused(reader, "requird"), f"{said}; did you mean 'required'?")
        self.assertEqual(self.refused(choice("only"), ""), "expected only")

    def test_lists(self) -> None:
        """
        Lists are split at commas, or at blanks; a part between two commas may not be empty.
        """
        self.assertEqual(comma_list("GET,PUT , X"), ("GET", "PUT", "X"))
        self.assertEqual(blank_list(" a  b\nc "), ("a", "b", "c"))
        self.refused(comma_list, "", ",", "a,,b", "a,")
        self.refused(blank_list, "", "  ")

    def test_networks(self) -> None:
        """
        Networks are addresses, alone or with the length of what they have in common.
        """
        self.assertEqual(
            [str(network) for network in networks("127.0.0.1, 10.0.0.0/8,::1")],
            ["127.0.0.1/32", "10.0.0.0/8", "::1/128"],
        )
        said = (
            "expected addresses, or networks such as 10.0.0.0/8 (0 behind the first 8 bits),"
            " with commas in between"
        )
        self.assertEqual(self.refused(networks, "", "a", "10.0.0.1/8", "1.2.3.4,"), said)

    def test_bounded(self) -> None:
        """
        Any number can be given limits, in its base unit.
        """
        reader = bounded(interval, 0.1, 60.0)
        self.assertEqual(reader("1 min"), 60.0)
        self.assertEqual(
            self.refused(reader, "0", "61", "1 hour"), "expected a value from 0.1 to 60.0 seconds"
        )
        self.assertEqual(
            self.refused(bounded(size, 1, 1024), "0", "2k"), "expected a value from 1 to 1024 bytes"
        )

    def test_host(self) -> None:
        """
        Hosts are names in lower case, addresses in their shortest form without brackets, or interfaces.
        """
        values = {
            "LocalHost": "localhost",
            "a_b.example.": "a_b.example.",
            "10.0.0.1": "10.0.0.1",
            "[::1]": "::1",
            "0:0:0:0:0:0:0:1": "::1",
            "[fe80::1%25eth0]": "fe80::1%eth0",
            "@eth0": "@eth0",
            "[@br-LAN:1]": "@br-LAN:1",
        }
        self.assertEqual({value: host(value) for value in values}, values)
        said = "expected a host name (letters, digits, hyphens), an IP address or @ and an interface"
        self.assertEqual(self.refused(host, "", "*", "a b", "-a", "a..b", "ü.de", "[a]", "x" * 64, "@"), said)
        self.assertEqual(
            self.refused(host, "256.1.1.1", "1.2.3", "1"),
            "expected four numbers from 0 to 255 with dots in between",
        )
        self.assertEqual(self.refused(host, "[::g]", ":::"), "expected an IPv6 address")

    def test_brackets(self) -> None:
        """
        In a URI an IPv6 address stands in brackets, other hosts as they are.
        """
        values = {"localhost": "localhost", "10.0.0.1": "10.0.0.1", "::1": "[::1]"}
        self.assertEqual({value: bracketed(value) for value in values}, values)

    def test_here(self) -> None:
        """
        What is this machine alone: every address to which nothing comes from elsewhere, and localhost.
        """
        yes = ("127.0.0.1", "127.1.2.3", "::1", "localhost")
        no = ("0.0.0.0", "::", "192.0.2.1", "example.com", "localhost.example.com", "@lo", "", "/run/socket")
        self.assertEqual([here(each) for each in (*yes, *no)], [True] * len(yes) + [False] * len(no))

    def test_host_port(self) -> None:
        """
        An address to bind is host and port; a port alone is on every IPv4 address.
        """
        values = {
            "8000": ("0.0.0.0", 8000),
            "localhost:80": ("localhost", 80),
            "[::1]:80": ("::1", 80),
            "@eth0:443": ("@eth0", 443),
            "[@eth0]:443": ("@eth0", 443),
        }
        self.assertEqual({value: host_port(value) for value in values}, values)
        self.assertEqual(
            self.refused(host_port, "0", "65536", "a:0", "a:x", "a:"), "expected a port from 1 to 65535"
        )
        self.assertEqual(
            self.refused(host_port, "", "localhost", "::1:80"),
            "expected host:port, [IPv6 address]:port or a port",
        )

    def test_uri(self) -> None:
        """
        A URI is taken apart; nothing is filled in, and host and scheme are in lower case.
        """
        self.assertEqual(
            uri("WS://LocalHost:8001/Path/x?a=b"),
            UriParts(scheme="ws", host="localhost", port=8001, path="/Path/x", query="a=b"),
        )
        self.assertEqual(uri("tcp://[::1]:61613"), UriParts(scheme="tcp", host="::1", port=61613))
        self.assertEqual(uri("pipe://name"), UriParts(scheme="pipe", host="name"))
        self.assertEqual(uri("tcp://:80"), UriParts(scheme="tcp", port=80))
        self.assertEqual(uri("wse+ssl://h/?"), UriParts(scheme="wse+ssl", host="h", path="/", query=""))

    def test_uri_credentials(self) -> None:
        """
        User and password end at the last @, and an @ that belongs to a network interface is none of theirs.
        """
        found = {
            each: (uri(each).userinfo, uri(each).host)
            for each in (
                "tcp://u:p@h:1",
                "tcp://u:p@x@h:1",
                "tcp://@eth0:1",
                "tcp://[@eth0]:1",
                "tcp://u:p@@eth0:1",
                "tcp://u:p@[@eth0]:1",
                "tcp://@h:1",
            )
        }
        self.assertEqual(
            found,
            {
                "tcp://u:p@h:1": ("u:p", "h"),
                "tcp://u:p@x@h:1": ("u:p@x", "h"),
                "tcp://@eth0:1": (None, "@eth0"),
                "tcp://[@eth0]:1": (None, "@eth0"),
                "tcp://u:p@@eth0:1": ("u:p", "@eth0"),
                "tcp://u:p@[@eth0]:1": ("u:p", "@eth0"),
                "tcp://@h:1": (None, "@h"),
            },
        )
        self.assertNotIn("p@x", repr(uri("tcp://u:p@x@h:1")))

    def test_uri_refused(self) -> None:
        """
        What is no URI is refused for a reason.
        """
        said = {
            each: self.refused(uri, each)
            for each in (
                "localhost:80",
                "ws://h/#x",
                "ws://h/ü",
                "ws://h/a b",
                "ws://[::1",
                "ws://::1/",
                "ws://h:/",
            )
        }
        parts = "expected scheme://host:port, with a path and a query where the scheme has them"
        ascii_only = "expected a URI: printable ASCII, everything else percent-encoded"
        self.assertEqual(
            said,
            {
                "localhost:80": parts,
                "ws://h/#x": parts,
                "ws://h/ü": ascii_only,
                "ws://h/a b": ascii_only,
                "ws://[::1": "expected ] after an IPv6 address, then : and a port or nothing",
                "ws://::1/": "expected an IPv6 address to stand in brackets",
                "ws://h:/": "expected a port from 1 to 65535",
            },
        )


class ShownTests(SynchronousTestCase):
    """What is written of clients into logs."""

    def test_users(self) -> None:
        """
        A user is shown in one line, and not without end.
        """
        self.assertEqual(shown("jo\x1b[2J\u202ee"), r"'jo\x1b[2J\u202ee'")
        self.assertEqual(shown("x" * 1000), "'" + "x" * 64 + "...'")
        self.assertEqual(shown(""), "-")


class AnyTextTests(SynchronousTestCase):
    """What holds for every reader, whatever it is given."""

    @given(st.text() | st.text(alphabet="0123456789.:/@[]%kMBs -wtcp?#", max_size=24))
    def test_any_text(self, value: str) -> None:
        """
        Any text is read, or refused with a sentence of its own in which the text is not repeated.
        """
        for reader in READERS:
            try:
                reader(value)
            except Unreadable as why:
                self.assertTrue(why.expected.startswith("expected "), why.expected)
                if len(value) > 20:
                    self.assertNotIn(value, str(why))

    @given(st.integers(0, 2**40))
    def test_sizes_and_times(self, number: int) -> None:
        """
        Units multiply, whatever the number.
        """
        self.assertEqual(size(f"{number}k"), number * 1024)
        self.assertEqual(size(f"{number} MB"), number * 1024 * 1024)
        self.assertEqual(interval(f"{number} min"), number * 60.0)
