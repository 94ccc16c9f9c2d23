# -*- test-case-name: tests.adapters.irc.test_claims -*-
"""What a client says to log in where the gateway has done so: heard, answered, and not passed on.

IRCv3 SASL 3.1. Whatever the client says it is, it is told that it is logged in, as the gateway's account.
"""

from __future__ import annotations

from kaazing.wire.irc import Line

_CHUNK = 400  # bytes of AUTHENTICATE; one that is shorter is the last
_KNOWN = ("PLAIN", "EXTERNAL")  # in which the client speaks once, and believes the server


class Claims:
    """One client's attempts, of which nothing is kept.

    Attributes:
        account: the backend's numeric 900 to the gateway, None where it sent none.
    """

    __slots__ = ("_open", "account")

    def __init__(self) -> None:
        self.account: Line | None = None
        self._open = False  # an attempt

    def heard(self, parameter: str, nick: str) -> list[Line]:
        """Return the answers to an AUTHENTICATE of the client."""
        if not self._open:
            if parameter.upper() in _KNOWN:
                self._open = True
                return [Line("AUTHENTICATE", ("+",))]
            mechanisms = ",".join(_KNOWN), "are available SASL mechanisms"
            failed = Line("904", (nick, "SASL authentication failed"))
            return [failed] if parameter == "*" else [Line("908", (nick, *mechanisms)), failed]
        if len(parameter) == _CHUNK:
            return []
        self._open = False
        if parameter == "*":
            return [Line("906", (nick, "SASL authentication aborted"))]
        if len(parameter) > _CHUNK:
            return [Line("905", (nick, "SASL message too long"))]
        return self.accepted(nick)

    def accepted(self, nick: str) -> list[Line]:
        """Return the words that the client is logged in."""
        account = [self.account] if self.account else []
        return [*account, Line("903", (nick, "SASL authentication successful"))]
