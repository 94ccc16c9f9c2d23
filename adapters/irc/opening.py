# -*- test-case-name: tests.adapters.irc.test_opening -*-
"""What the gateway says to the backend before the client may: STARTTLS, WEBIRC, PASS, SASL.

IRCv3 WebIRC, Capability Negotiation, SASL 3.1 and 3.2, STARTTLS. It ends with CAP END, so that the
client's own negotiation, or its registration without one, begins from the beginning (decision 0115).
"""

from __future__ import annotations

import binascii
import ipaddress
from base64 import b64decode, b64encode
from collections.abc import Callable

from kaazing.adapters.base import LOGIN_REFUSED
from kaazing.closecodes import INTERNAL_ERROR, POLICY
from kaazing.errors import GatewayError, ProtocolViolation, Side
from kaazing.interfaces.adapters import AskLogin, Compute, Link, Login, NoLogin, Order, StartTls, ToBack
from kaazing.wire import sasl
from kaazing.wire.irc import Line, encode

_CHUNK = 400  # bytes of AUTHENTICATE; one that is shorter is the last (IRCv3 SASL 3.1)
_UNKNOWN = ("421", "451", "410")
_REFUSED = ("902", "904", "905", "906", "907")


class Unwelcome(GatewayError):
    """There is no way to the backend for this client.

    Attributes:
        reason: a sentence for the client.
        code: to close the WebSocket with.
        words: what the backend said, for the client to see; None where it is not to.
    """

    def __init__(self, reason: str, code: int = INTERNAL_ERROR, words: Line | None = None) -> None:
        super().__init__(reason)
        self.reason, self.code, self.words = reason, code, words


class Opening:
    """The gateway's own conversation with the backend; each answer is what is to be done next.

    Attributes:
        over: whether the client may speak.
        account: the backend's words on who is logged in (numeric 900), None where it had none.
        login: who the gateway logs in as.
    """

    __slots__ = ("_challenge", "_conversation", "_link", "_mechanisms", "_step", "account", "login", "over")

    def __init__(self, link: Link) -> None:
        self._link = link
        self.login: Login | None = None
        self.account: Line | None = None
        self.over = False
        self._mechanisms: str | None = None  # that the backend offers; None before it has
        self._conversation: sasl.Conversation | None = None
        self._challenge = ""  # Base64, the chunks that have come
        self._step: Callable[[Line], list[Order] | None] = self._other

    def begin(self) -> list[Order]:
        """The connection is up.

        Raises:
            Unwelcome: what there is to say cannot be said; so do all the others.
        """
        return [AskLogin()] if self._link.injects else self._connected()

    def answered(self, answer: Login | NoLogin) -> list[Order]:
        """The keeper of logins has answered."""
        if isinstance(answer, NoLogin):
            raise Unwelcome(answer.reason, POLICY)
        self.login = answer
        return self._connected()

    def heard(self, line: Line) -> list[Order] | None:
        """The backend sent a line; None says that it is not for the gateway."""
        return self._step(line)

    def secured(self) -> list[Order]:
        """The connection is encrypted."""
        return self._introduced()

    def computed(self, result: bytes) -> list[Order]:
        """The proof is there."""
        return self._said(result)

    def _other(self, line: Line) -> None:
        return None

    def _connected(self) -> list[Order]:
        if self._link.options["irc.starttls"] == "never" or self._link.encrypted:
            return self._introduced()
        self._step = self._offered_tls
        return [_line("STARTTLS")]

    def _offered_tls(self, line: Line) -> list[Order] | None:
        if line.command == "670":
            return [StartTls()]
        if line.command == "ERROR":
            return None
        if line.command != "691" and line.command not in _UNKNOWN:
            return []  # nobody has proved that the backend said this
        if self._link.options["irc.starttls"] == "required":
            raise Unwelcome("the backend does not encrypt")
        return self._introduced()

    def _introduced(self) -> list[Order]:
        options = self._link.options
        orders: list[Order] = []
        if options["webirc.password"] is not None:
            orders.append(self._webirc())
        by_pass = options["irc.login"] == "pass"
        password = options["server.password"]
        if self.login is not None and by_pass:
            password = self.login.password
            _line("USER", self.login.username or "x", "x")  # the client's will have to be able to say it
        if password:
            orders.append(_line("PASS", password))
        if self.login is None or by_pass:
            return self._ended(orders)
        self._step = self._listed
        return [*orders, _line("CAP", "LS", "302")]

    def _webirc(self) -> ToBack:
        options = self._link.options
        host = self._link.peer.rpartition(":")[0].strip("[]").partition("%")[0]
        try:
            address = str(ipaddress.ip_address(host))
        except ValueError:
            raise Unwelcome("the client's address is not known") from None
        if address.startswith(":"):
            address = f"0{address}"  # IRCv3 WebIRC, Format: else it would be the last parameter
        words = [options["webirc.password"], options["webirc.gateway"], address, address]
        if self._link.secure and options["webirc.secure"]:
            words.append("secure")
        return _line("WEBIRC", *words)

    def _listed(self, line: Line) -> list[Order] | None:
        if line.command in _UNKNOWN:
            raise Unwelcome("the backend knows no SASL")
        if line.command != "CAP" or line.parameter(1).upper() != "LS":
            return None
        for each in line.parameters[-1].split(" "):
            name, _, value = each.partition("=")
            if name == "sasl":
                self._mechanisms = value
        if len(line.parameters) > 3 and line.parameters[2] == "*":
            return []  # more of them follow
        if self._mechanisms is None or self.login is None:
            raise Unwelcome("the backend knows no SASL")
        offered = self._mechanisms.split(",") if self._mechanisms else [self.login.mechanism or "PLAIN"]
        try:
            self._conversation = sasl.choose(offered, self.login)
        except sasl.Refused as why:
            raise Unwelcome(str(why)) from None
        if self._conversation is None:
            raise Unwelcome("the backend has no way to log in that the gateway knows")
        self._step = self._granted
        return [_line("CAP", "REQ", "sasl")]

    def _granted(self, line: Line) -> list[Order] | None:
        if line.command != "CAP" or self._conversation is None:
            return None
        if line.parameter(1).upper() != "ACK":
            raise Unwelcome("the backend knows no SASL")
        self._step = self._challenged
        return [_line("AUTHENTICATE", self._conversation.mechanism)]

    def _challenged(self, line: Line) -> list[Order] | None:
        match line.command:
            case "AUTHENTICATE":
                return self._more(line.parameter(0))
            case "900":
                self.account = line
                return []
            case "903":
                return self._welcomed()
            case "908":
                return []  # which ones it has; 904 follows
            case command if command in _REFUSED:
                raise Unwelcome(LOGIN_REFUSED.what, POLICY, line)
        return None

    def _more(self, chunk: str) -> list[Order]:
        self._challenge += "" if chunk == "+" else chunk
        if len(self._challenge) > sasl.MAX_MESSAGE * 2:
            raise Unwelcome("the backend's challenge is too long")
        if len(chunk) >= _CHUNK:
            return []
        challenge, self._challenge = self._challenge, ""
        try:
            return self._responded(b64decode(challenge, validate=True))
        except (binascii.Error, ValueError):
            raise Unwelcome("the backend's challenge is not Base64") from None
        except sasl.Refused as why:
            raise Unwelcome(str(why)) from None

    def _responded(self, challenge: bytes) -> list[Order]:
        conversation = self._conversation
        assert conversation is not None
        answer: bytes | Compute | None = None
        if not challenge:
            answer = conversation.first()
        if answer is None:
            answer = conversation.answer(challenge)
        return [answer] if isinstance(answer, Compute) else self._said(answer)

    def _said(self, answer: bytes) -> list[Order]:
        written = b64encode(answer).decode()
        chunks = [written[at : at + _CHUNK] for at in range(0, len(written), _CHUNK)]
        if not chunks or len(chunks[-1]) == _CHUNK:
            chunks.append("+")
        return [_line("AUTHENTICATE", chunk) for chunk in chunks]

    def _welcomed(self) -> list[Order]:
        assert self._conversation is not None
        try:
            self._conversation.finish(None)
        except sasl.Refused as why:
            raise Unwelcome(str(why)) from None
        return self._ended([_line("CAP", "END")])

    def _ended(self, orders: list[Order]) -> list[Order]:
        self.over = True
        return orders


def unencrypted(offset: int) -> ProtocolViolation:
    """Return the error for what a backend sends, in the open, behind its consent to encrypt."""
    what = "something behind the consent to STARTTLS"
    return ProtocolViolation(what, side=Side.BACK, offset=offset, rule="IRCv3 STARTTLS")


def _line(command: str, *parameters: str) -> ToBack:
    try:
        return ToBack(encode(Line(command, parameters)) + b"\r\n")
    except ValueError:
        raise Unwelcome(f"{command} cannot be said with what is configured") from None
