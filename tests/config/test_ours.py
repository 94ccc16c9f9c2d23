"""The options that the original does not have, as a configuration file sets them."""

from __future__ import annotations

from ipaddress import ip_network

from kaazing.config.model import AcceptOptions, Compression, EventOptions, LimitOptions
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

    def test_limits(self) -> None:
        """
        What a client may take up is limited, by defaults that leave room behind one address of an office;
        who is on this machine is not counted by address, unless the file says so.
        """
        self.assertEqual(
            self.accept("").limits,
            LimitOptions(
                connections=0,
                connections_per_address=1000,
                connections_per_user=1000,
                connection_rate=0,
                connection_rate_per_address=100,
                unlimited=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
                message_rate=0,
                byte_rate=0,
            ),
        )
        found = self.accept(
            "<maximum.connections>5000</maximum.connections>"
            "<maximum.connections.per.address>50</maximum.connections.per.address>"
            "<maximum.connections.per.user>5</maximum.connections.per.user>"
            "<maximum.connection.rate>900</maximum.connection.rate>"
            "<maximum.connection.rate.per.address>9</maximum.connection.rate.per.address>"
            "<unlimited.addresses>10.1.0.0/16, 2001:db8::1</unlimited.addresses>"
            "<client.message.rate>20</client.message.rate><client.byte.rate>64KiB/s</client.byte.rate>"
        )
        self.assertEqual(
            found.limits,
            LimitOptions(
                connections=5000,
                connections_per_address=50,
                connections_per_user=5,
                connection_rate=900,
                connection_rate_per_address=9,
                unlimited=(ip_network("10.1.0.0/16"), ip_network("2001:db8::1/128")),
                message_rate=20,
                byte_rate=65536,
            ),
        )
        self.assertEqual(
            self.accept("<unlimited.addresses>none</unlimited.addresses>").limits, LimitOptions(unlimited=())
        )

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
