"""Which close code tells a browser of which error."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.closecodes import code_for
from kaazing.errors import BadRequest, ConnectError, FrameViolation, ProtocolViolation, Side, StayOver


class CodeTests(SynchronousTestCase):
    """The table from error to code."""

    def test_client_protocol(self) -> None:
        """
        A client that breaks its protocol is told 1002.
        """
        self.assertEqual(code_for(ProtocolViolation("x", side=Side.FRONT, offset=0, rule="r")), 1002)

    def test_client_frames(self) -> None:
        """
        A client that breaks the framing is told the code of the rule it breaks.
        """
        codes = [
            code_for(FrameViolation("x", side=Side.FRONT, offset=0, rule="r", close_code=code))
            for code in (1002, 1007, 1009)
        ]
        self.assertEqual(codes, [1002, 1007, 1009])

    def test_backend(self) -> None:
        """
        Whatever a backend does wrong, the client is told 1014: it was not the client.
        """
        plain = ProtocolViolation("x", side=Side.BACK, offset=0, rule="r")
        frame = FrameViolation("x", side=Side.BACK, offset=0, rule="r", close_code=1007)
        self.assertEqual([code_for(plain), code_for(frame)], [1014, 1014])

    def test_http(self) -> None:
        """
        A client that is refused in HTTP inside its WebSocket is told by the close code too: 1000 where it
        is sent elsewhere, 1008 where it may not come in, 1014 where the backend is down.
        """
        codes = [code_for(BadRequest(status, "x", rule="r")) for status in (302, 401, 404, 500, 502)]
        self.assertEqual(codes, [1000, 1008, 1008, 1011, 1014])

    def test_over(self) -> None:
        """
        Who may stay no longer is told the code that goes with the reason: 4401 where a login has run out.
        """
        self.assertEqual([code_for(StayOver("x", 4401)), code_for(StayOver("x", 1000))], [4401, 1000])

    def test_others(self) -> None:
        """
        Every other error, those never thought of included, is 1011.
        """
        self.assertEqual([code_for(ConnectError("x")), code_for(KeyError("x"))], [1011, 1011])
