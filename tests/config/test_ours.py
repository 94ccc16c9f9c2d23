"""The options that the original does not have, as a configuration file sets them."""

from __future__ import annotations

from ipaddress import ip_network

from kaazing.config.model import AcceptOptions, Compression, EventOptions
from kaazing.config.ours import OURS
from tests.config.files import ConfigTestCase


class OursTests(ConfigTestCase):
    def accept(self, options: str) -> AcceptOptions:
        """Return what the accept-options of a service come to."""
        whole = (
            "<service><accept>ws://127.0.0.1:8000/</accept><connect>tcp://127.0.0.1:1</connect><type>passing</type>"
            f"<accept-options>{options}</accept-options></service>"
        )
        return self.config(whole).services[0].accept_options

    def test_named_as_ours(self) -> None:
        """
        The documentation marks each as not of the original.
        """
        self.assertTrue(OURS and all(entry.ours for entry in OURS))

    def test_compression(self) -> None:
        """
        Compression is off; where it is on, its windows are small and kept for nobody unless asked.
        """
        self.assertIsNone(self.accept("").compression)
        on = "<ws.compression>enabled</ws.compression>"
        self.assertEqual(
            self.accept(on).compression, Compression(context_takeover=False, window_bits=11, ratio=100)
        )
        more = (
            "<ws.compression.context.takeover>enabled</ws.compression.context.takeover>"
            "<ws.compression.window.bits>15</ws.compression.window.bits>"
            "<ws.compression.maximum.ratio>10</ws.compression.maximum.ratio>"
        )
        self.assertEqual(
            self.accept(on + more).compression, Compression(context_takeover=True, window_bits=15, ratio=10)
        )

    def test_events(self) -> None:
        """
        Event streams say when to come again, beat, and may be padded.
        """
        self.assertEqual(self.accept("").events, EventOptions(retry=3.0, heartbeat=30.0, padding=0))
        said = "<sse.retry>500 ms</sse.retry><sse.heartbeat>0</sse.heartbeat><sse.padding>2k</sse.padding>"
        self.assertEqual(self.accept(said).events, EventOptions(retry=0.5, heartbeat=0.0, padding=2048))

    def test_emulation(self) -> None:
        """
        Emulation takes old clients, unless it is to keep to its specification.
        """
        self.assertFalse(self.accept("").specification)
        self.assertTrue(self.accept("<wse.specification>enabled</wse.specification>").specification)

    def test_proxies(self) -> None:
        """
        Nobody's word about the client is taken but that of listed proxies.
        """
        self.assertEqual(self.accept("").trusted, ())
        found = self.accept(
            "<proxy.trusted>10.0.0.0/8</proxy.trusted><proxy.protocol>enabled</proxy.protocol>"
        )
        self.assertEqual((found.trusted, found.proxy_protocol), ((ip_network("10.0.0.0/8"),), True))

    def test_protocol_of_nobody(self) -> None:
        """
        A PROXY header that everybody may send is refused.
        """
        self.assertEqual(
            self.errors(
                "<service><accept>ws://127.0.0.1:8000/</accept><connect>tcp://127.0.0.1:1</connect><type>passing</type><accept-options>"
                "<proxy.protocol>enabled</proxy.protocol></accept-options></service>"
            ),
            ["2: <proxy.protocol>: needs proxy.trusted: the addresses of the proxies in front"],
        )
