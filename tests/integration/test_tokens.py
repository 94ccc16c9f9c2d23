"""Login modules oidc and jwt before an issuer that publishes its keys over HTTPS."""

from __future__ import annotations

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.integration.asked import asked
from tests.integration.children import free_port
from tests.integration.gateway import NAMESPACE, Gateway
from tests.security.modules.issuing import jwk, jwks, token
from tests.transports.certificates import AUTHORITY, SERVER


class Issuer:
    """An HTTPS server with a discovery document and a set of keys; ends with the test."""

    def __init__(self, test: TestCase) -> None:
        folder = Path(test.mktemp()).resolve()
        folder.mkdir()
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(AUTHORITY.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(SERVER.write(folder / "server.pem"))
        self.pages: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answers(self.pages))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.name = f"https://localhost:{self._server.server_port}"
        self.pages["/keys"] = jwks(jwk("ES256", kid="one"))
        discovery = {"issuer": self.name, "jwks_uri": f"{self.name}/keys"}
        self.pages["/.well-known/openid-configuration"] = json.dumps(discovery).encode()
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        test.addCleanup(self._server.server_close)
        test.addCleanup(self._server.shutdown)


def _answers(pages: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Answers


class IssuerTests(TestCase):
    def test_logins(self) -> None:
        """
        A gateway that knows an issuer's name, or where its keys are, lets its tokens in by their roles; the
        log holds no token.
        """
        issuer = Issuer(self)
        by_name = f"<issuer>{issuer.name}</issuer><audience>gateway</audience><ca-file>{issuer.ca}</ca-file>"
        by_keys = (
            f"<issuer><name>{issuer.name}</name><jwks>{issuer.name}/keys</jwks><ca-file>{issuer.ca}</ca-file>"
            "<audience>gateway</audience></issuer>"
        )
        now = time.time()
        said = {"iss": issuer.name, "iat": now, "exp": now + 600}
        good = token("ES256", {"kid": "one"}, roles=["reader"], **said)
        tokens = {
            good: 200,
            token("ES256", {"kid": "one"}, **said): 403,
            token("ES256", {"kid": "one"}, roles=["reader"], **{**said, "exp": now - 60}): 401,
            token("ES256", {"kid": "one"}, roles=["reader"], **{**said, "aud": "other"}): 401,
            token("EdDSA", {"kid": "one"}, roles=["reader"], **said): 401,
            good[:-4] + "AAAA": 401,
        }
        for module, options in (("oidc", by_name), ("jwt", by_keys), ("token", by_keys)):
            port = free_port()
            with Gateway(_conf(module, f"{options}<roles.claim>roles</roles.claim>", port)) as gateway:
                self.assertEqual({each: asked(port, f"Bearer {each}") for each in tokens}, tokens, module)
                log = gateway.said()
            for each in tokens:
                self.assertEqual([part for part in each.split(".") if part in log], [], module)

    def test_down(self) -> None:
        """
        Without keys nobody is refused, and nobody comes in: 503.
        """
        port, nowhere = free_port(), free_port()
        name = f"https://localhost:{nowhere}"
        now = time.time()
        with Gateway(_conf("oidc", f"<issuer>{name}</issuer><audience>gateway</audience>", port)) as gateway:
            status = asked(port, f"Bearer {token('ES256', iss=name, iat=now, exp=now + 60)}")
            log = gateway.said()
        self.assertEqual(status, 503)
        self.assertIn(f"the keys of {name} are not to be had, nobody can log in with its tokens", log)


def _conf(module: str, options: str, port: int) -> str:
    return (
        f'<gateway-config xmlns="{NAMESPACE}"><security><realm><name>pages</name><authentication>'
        "<http-challenge-scheme>Token</http-challenge-scheme><login-modules><login-module>"
        f"<type>{module}</type><success>required</success><options>{options}</options></login-module>"
        "</login-modules></authentication></realm></security><service><name>files</name>"
        f"<accept>http://localhost:{port}/</accept><type>directory</type>"
        "<properties><directory>package:kaazing.web/demo</directory></properties><realm-name>pages</realm-name>"
        "<authorization-constraint><require-role>reader</require-role></authorization-constraint>"
        "</service></gateway-config>"
    )
