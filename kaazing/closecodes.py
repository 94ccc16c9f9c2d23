# -*- test-case-name: tests.test_closecodes -*-
"""WebSocket close codes, and the one table from an error's class to the code.  RFC 6455 section 7.4."""

from __future__ import annotations

from kaazing.errors import BadRequest, FrameViolation, ProtocolViolation, Side, StayOver

NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
WRONG_TYPE = 1003
NO_STATUS = 1005  # never sent
ABNORMAL = 1006  # never sent
BAD_PAYLOAD = 1007
POLICY = 1008
TOO_BIG = 1009
INTERNAL_ERROR = 1011
TRY_LATER = 1013
BAD_GATEWAY = 1014
UNAUTHENTICATED = 4401  # ours: what proved who the client is has run out


def code_for(why: BaseException) -> int:
    """Return the close code that tells a browser of C{why}; 1011 for what is not in the table."""
    if isinstance(why, ProtocolViolation):
        if why.side is Side.BACK:
            return BAD_GATEWAY
        return why.close_code if isinstance(why, FrameViolation) else PROTOCOL_ERROR
    if isinstance(why, StayOver):
        return why.code
    if isinstance(why, BadRequest) and why.status < 500:
        return POLICY if why.status >= 400 else NORMAL
    if isinstance(why, BadRequest) and why.status == 502:
        return BAD_GATEWAY
    return INTERNAL_ERROR
