"""An HTTP endpoint that answers as it is told to."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet import reactor, ssl
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from tests.transports.certificates import Certified


class Answering(Resource):
    """Answers every question alike, or with None never.

    Attributes:
        asked: the questions.
        fields: of the last request.
        peers: who asked them.
    """

    isLeaf = True

    def __init__(self, status: int | None = 200, body: object = b"", **fields: str) -> None:
        super().__init__()
        self.status, self.more = status, fields
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.asked: list[Any] = []
        self.fields: Any = None
        self.peers: set[int] = set()

    def render(self, request: Any) -> Any:
        self.asked.append(json.loads(request.content.read()))
        self.fields, self.method = request.requestHeaders, request.method
        self.peers.add(request.getClientAddress().port)
        if self.status is None:
            return NOT_DONE_YET
        request.setResponseCode(self.status)
        for name, value in self.more.items():
            request.setHeader(name.encode(), value.encode())
        return self.body


def serve(case: TestCase, endpoint: Resource, certified: Certified | None = None) -> str:
    """Listen, with TLS where there is a certificate; return the URL."""
    listens: Any = reactor
    if certified is None:
        port = listens.listenTCP(0, Site(endpoint), interface="127.0.0.1")
    else:
        pair = ssl.PrivateCertificate.loadPEM(certified.pem + certified.key_pem)
        port = listens.listenSSL(0, Site(endpoint), pair.options(), interface="127.0.0.1")
    case.addCleanup(port.stopListening)
    return f"{'https' if certified else 'http'}://localhost:{port.getHost().port}/login"
