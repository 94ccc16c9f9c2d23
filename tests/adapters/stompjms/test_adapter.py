"""Tests for L{kaazing.adapters.stompjms.adapter}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing import plugins
from kaazing.adapters.stompjms.adapter import StompJms
from kaazing.interfaces.servers import IServerProtocol
from kaazing.wire.destinations import GRAMMAR
from tests.adapters.stompjms.dialogue import NEWS, VERSION_NAMES, Dialogue


class ProtocolTests(SynchronousTestCase):
    def test_found(self) -> None:
        """
        A service finds it by its name; the client's best version is chosen by its subprotocol.
        """
        protocol = plugins.server("stompjms")
        self.assertIsInstance(protocol, StompJms)
        verifyObject(IServerProtocol, protocol)
        self.assertEqual(protocol.subprotocols, ("v12.stomp", "v11.stomp", "v10.stomp"))
        self.assertEqual(protocol.operations, {"send": GRAMMAR, "subscribe": GRAMMAR})

    def test_properties(self) -> None:
        """
        A heart-beat each ten seconds, half a minute to log in, 10,000 deliveries to be acknowledged, a MiB
        in transactions; no value of one needs another.
        """
        defaults = {option.name: option.default for option in StompJms.options}
        self.assertEqual(
            {name: value for name, value in defaults.items() if not name.startswith("stomp.maximum.")},
            {"login.timeout": 30.0, "stomp.heart.beat": 10.0},
        )
        self.assertEqual(defaults["stomp.maximum.unsettled"], 10_000)
        self.assertEqual(defaults["stomp.maximum.transaction.size"], 1024 * 1024)
        self.assertEqual(list(StompJms().check(defaults)), [])

    def test_properties_are_read(self) -> None:
        """
        Values with units, within limits.
        """
        read = {option.name: option.read for option in StompJms.options}
        self.assertEqual(read["stomp.heart.beat"]("500 ms"), 0.5)
        self.assertEqual(read["stomp.maximum.unsettled"]("5"), 5)
        for name, value in (
            ("stomp.heart.beat", "2 h"),
            ("stomp.maximum.unsettled", "0"),
            ("stomp.maximum.transaction.size", "1"),
        ):
            self.assertRaises(ValueError, read[name], value)

    def test_render(self) -> None:
        """
        What many are told alike and what one is told by itself are the same bytes, in each version.
        """
        protocol = StompJms()
        for version in VERSION_NAMES:
            dialogue = Dialogue(self, protocol).connect(version)
            dialogue.front("SUBSCRIBE\nid:a\\\\b\ndestination:/queue/a\n\n").heard()
            id = "a\\\\b" if version == "1.0" else "a\\b"
            look, own = dialogue.session.look(id)
            self.assertEqual(own, b"subscription:a\\\\b\n")
            data, holes = protocol.render(NEWS, look)
            self.assertEqual(holes, (8,))
            told = dialogue.session.deliver(id, NEWS, None)
            self.assertEqual(data[:8] + own + data[8:], told.data)
