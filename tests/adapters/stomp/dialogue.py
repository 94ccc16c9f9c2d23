"""A conversation with a session of the STOMP adapter: what happens, and what must follow."""

from __future__ import annotations

from functools import partial
from typing import Self

from kaazing.adapters.stomp.adapter import StompAdapter
from kaazing.interfaces.adapters import Kind, Login, ToBack, ToFront
from tests.adapters import dialogue

CONNECT = b"CONNECT\naccept-version:1.0,1.1,1.2\nhost:/\n\n\0"
CONNECTED = b"CONNECTED\nversion:%s\n\n\0"
HELLO = b"SEND\ndestination:/q\n\nhello\0"
NEWS = b"MESSAGE\ndestination:/q\nmessage-id:1\nsubscription:0\n\nnews\0"

DEFAULTS = dialogue.defaults(StompAdapter)
GATEWAY = Login(username="gw", password="pw:1")
policy = partial(dialogue.policy, StompAdapter)


class Dialogue(dialogue.Dialogue):
    """See there; the browser sends text."""

    adapter = StompAdapter
    speaks = Kind.TEXT

    def connect(self, version: bytes = b"1.2") -> Self:
        """Let the client log in, and the backend agree on C{version}."""
        self.front(CONNECT).then(ToBack(CONNECT))
        return self.back(CONNECTED % version).then(ToFront(CONNECTED % version))
