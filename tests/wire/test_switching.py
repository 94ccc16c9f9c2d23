"""The answer to a WebSocket handshake."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.switching import switching
from tests.wire.test_extended import opening

COMMON = [
    (b"Upgrade", b"WebSocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),  # of the key in RFC 6455 section 1.3
]


class SwitchingTests(SynchronousTestCase):
    def test_least(self) -> None:
        """
        The key is answered; what was not agreed on is not spoken of.
        """
        self.assertEqual(switching(opening(), None, ()), COMMON)

    def test_all(self) -> None:
        """
        The subprotocol and each extension have a field.
        """
        self.assertEqual(
            switching(opening(), "a", ("b;c", "d")),
            [
                *COMMON,
                (b"Sec-WebSocket-Protocol", b"a"),
                (b"Sec-WebSocket-Extensions", b"b;c"),
                (b"Sec-WebSocket-Extensions", b"d"),
            ],
        )
