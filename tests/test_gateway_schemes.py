"""Logging in at a whole gateway: every scheme at every door, with every outcome, and all that is answered."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.protocol import Factory

from kaazing.config.model import AcceptOptions, Keystore, TlsOptions
from kaazing.errors import LoginMissing, LoginRefused, LoginUnavailable
from kaazing.interfaces.security import Attempt, IAttempt, Subject
from kaazing.transports.leantls import tls_factory
from kaazing.transports.trust import ClientContexts
from tests.running import Caller
from tests.security.static import JOE, Static, realm
from tests.security.test_attempts import basic
from tests.test_gateway_logins import LoginTestCase, common_name
from tests.transports.certificates import AUTHORITY, SERVER, Certified

Answer = tuple[str, ...]
"""Status, WWW-Authenticate, Retry-After, as far as they are there."""

CREDENTIALS: Mapping[str, Callable[[str, str], str]] = {
    "Basic": lambda secret, user: basic(f"{user}:{secret}"),
    "Token": lambda secret, user: f"Token {secret}",
    "Negotiate": lambda secret, user: f"Negotiate {b64encode(secret.encode()).decode()}",
}
"""Scheme, without "Application " -> how a client says a secret, and its user's name where it can."""

CHALLENGES = {
    "Basic": 'Basic realm="Demo", charset="UTF-8"',
    "Token": "Token",
    "Negotiate": "Negotiate",
    "Application Basic": 'Application Basic realm="Demo"',
    "Application Token": "Application Token",
    "Application Negotiate": "Application Negotiate",
}

DOORS = {
    "native": "101",
    "extended": "101",
    "create": "201",
    "old_create": "201",
    "bare_create": "201",
    "events": "200",
    "web_events": "200",
    "plain": "200",
    "passed_on": "204",
    "passed_up": "101",
}
"""Door -> status for who is let in."""

FOR_BROWSERS = {"web_events", "plain", "passed_on", "passed_up"}
"""Doors of http accepts, whose challenges are a browser's."""

ENVELOPED = {"create": ("200", "201", "401", "403", "429", "503"), "old_create": ("401",)}
"""Door -> statuses that come in an envelope, but for pages that may not be here."""

OUTCOMES: Mapping[str, tuple[str, Answer]] = {
    "nothing": ("", ("401", "challenge")),
    "wrong": ("wrong", ("401", "challenge")),
    "scheme": ("Digest welcome", ("401", "challenge")),
    "half": ("half", ("401", "more")),
    "role": ("guest", ("403",)),
    "down": ("down", ("503", "5")),
    "origin": ("welcome", ("403",)),
    "right": ("welcome", ()),
    "throttled": ("welcome", ("429", "1")),
}
"""Outcome -> what is said, and the answer, in whose place C{"challenge"} stands for that of the scheme."""


def expected(scheme: str, door: str, outcome: str) -> Answer:
    """Return what is to be answered."""
    answer = OUTCOMES[outcome][1] or (DOORS[door],)
    if answer[0] in ENVELOPED.get(door, ()) and outcome != "origin":
        return ("200", *expected(scheme, "bare_create", outcome))
    if answer[0] != "401":
        return answer
    if door == "native" and scheme.startswith("Application"):
        return ("403",)  # nobody could see a challenge
    shown = scheme.removeprefix("Application ") if door in FOR_BROWSERS else scheme
    return ("401", f"{shown} more" if outcome == "half" else CHALLENGES[shown])


def read(heard: bytes) -> Answer:
    """Return what an answer says."""
    head, *fields = heard.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    named = {name.lower(): value for name, _, value in (line.partition(": ") for line in fields)}
    told = (named.get(name) for name in ("www-authenticate", "retry-after"))
    return (head.split()[1], *(value for value in told if value is not None))


class SchemeTests(LoginTestCase):
    """Scheme by door by outcome."""

    maxDiff = None

    def native(self, *fields: str) -> Answer:
        """A WebSocket of any browser or program."""
        return read(self.browse("/proxy", *fields).heard)

    def extended(self, *fields: str) -> Answer:
        """An extended handshake: the last answer there is."""
        client = self.browse("/proxy", "Sec-WebSocket-Protocol: x-kaazing-handshake", *fields)
        if "101" not in client.head:
            return read(client.heard)
        said = [each for each in fields if each.startswith("Authorization")]
        client.say_frames((1, "\r\n".join(["GET /proxy HTTP/1.1", *said, "", ""]).encode()))
        self.network.settle()
        return read(client.frames[0][1])

    def create(self, *fields: str) -> Answer:
        """A session of the original's JavaScript client, which wants answers in envelopes."""
        if not any(each.startswith("X-Origin") for each in fields):
            fields = (*fields, "X-Origin: http://localhost:8000")
        return self.bare_create(*fields, query="")

    def old_create(self, *fields: str) -> Answer:
        """One of a client of before, which does not say that it wants challenges in envelopes."""
        return self.bare_create(*(each for each in fields if not each.startswith("X-Origin")), query="")

    def bare_create(self, *fields: str, query: str = "?.kac=ex") -> Answer:
        """One of a client without envelopes."""
        heard = self.ask(f"/proxy/;e/cbm{query}", "X-Sequence-No: 0", *fields).heard
        _, _, inner = heard.partition(b"\r\n\r\n")
        return read(heard) + (read(inner) if inner.startswith(b"HTTP/1.1 ") else ())

    def events(self, *fields: str) -> Answer:
        """An event stream."""
        return read(self.ask("/feed", "Accept: text/event-stream", *fields).heard)

    def web_events(self, *fields: str) -> Answer:
        """An event stream of an accept for HTTP."""
        return read(self.ask("/web", "Accept: text/event-stream", *fields).heard)

    def plain(self, *fields: str) -> Answer:
        """A file."""
        return read(self.ask("/files/index.html", *fields).heard)

    def passed_on(self, *fields: str) -> Answer:
        """A request that http.proxy passes on."""
        client = self.ask("/back/page", *fields)
        for each in self.web:
            each.say(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            each.hang_up()
        self.network.settle()
        self.web.clear()
        return read(client.heard)

    def passed_up(self, *fields: str) -> Answer:
        """A WebSocket that http.proxy passes on."""
        client = self.browse("/back/chat", *fields)
        for each in self.web:
            each.switch()
        self.network.settle()
        self.web.clear()
        return read(client.heard)

    def outcome(self, door: str, scheme: str, outcome: str) -> Answer:
        """Return what a client gets."""
        said = OUTCOMES[outcome][0]
        if said and " " not in said:
            user = "joe" if said == "welcome" else door  # so that nobody is put off too early
            said = CREDENTIALS[scheme.removeprefix("Application ")](said, user)
        fields = [f"Authorization: {said}"] if said else []
        if outcome == "origin":
            fields += ["Origin: http://evil.example", "X-Origin: http://evil.example"]
        answer: Answer = getattr(self, door)(*fields)
        return answer

    def guess(self, scheme: str) -> None:
        """Guess until that is put off."""
        for _ in range(30):
            wrong = CREDENTIALS[scheme.removeprefix("Application ")]("guess", "joe")
            if self.plain(f"Authorization: {wrong}")[0] == "429":
                return
        self.fail("guessed for ever")

    def serve(self, scheme: str, checker: Static) -> Any:
        """Start a gateway with all the doors."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "index.html").write_text("hello")
        config = realm(scheme, checker)
        at = "localhost:8000"
        return self.start(
            self.guarded("proxy", "proxy", f"ws://{at}/proxy", config, connect="tcp://127.0.0.1:7000"),
            self.guarded("feed", "broadcast", f"sse://{at}/feed", config),
            self.guarded("web", "broadcast", f"http://{at}/web", config),
            self.guarded(
                "files", "directory", f"http://{at}/files", config, properties={"directory": folder}
            ),
            self.guarded("back", "http.proxy", f"http://{at}/back", config, connect="http://127.0.0.1:7001/"),
        )

    def test_table(self) -> None:
        """
        Whoever is to come in does, and all others are told the same everywhere; only that a native client
        cannot see the challenges of an "Application ..." realm. No backend is dialled for who does not come
        in, and nobody is asked about a page that may not be here.
        """
        behind, self.web = self.backend("127.0.0.1", 7000), self.backend("127.0.0.1", 7001)
        found: dict[tuple[str, ...], Answer] = {}
        for scheme in CHALLENGES:
            checker = Static()
            gateway = self.serve(scheme, checker)
            for outcome in OUTCOMES:
                asked = len(checker.attempts)
                if outcome == "throttled":
                    self.guess(scheme)
                    asked = len(checker.attempts)
                for door in DOORS:
                    found[scheme, door, outcome] = self.outcome(door, scheme, outcome)
                    if outcome != "right":
                        self.assertEqual((behind, self.web), ([], []), (scheme, door, outcome))
                if outcome == "right":
                    self.assertEqual(len(behind), 5, scheme)
                    behind.clear()
                if outcome in ("origin", "throttled", "scheme"):
                    self.assertEqual(len(checker.attempts), asked, outcome)
            gateway.stopService()
            self.network.wait(10)
        self.assertEqual(found, {row: expected(*row) for row in found})


class Knows:
    """A checker of certificates by their names."""

    credentialInterfaces = (IAttempt,)

    def requestAvatarId(self, attempt: Attempt) -> Subject:
        """See ICredentialsChecker."""
        name = common_name(attempt.certificate())
        if name == "joe":
            return JOE
        if name == "guest":
            return Subject(user="guest")
        raise {"": LoginMissing, "down": LoginUnavailable}.get(name, LoginRefused)("not let in")


class StreamTests(LoginTestCase):
    """Clients that can show certificates alone."""

    def test_table(self) -> None:
        """
        Who shows no certificate, one of nobody, one without the role, or one that cannot be judged is hung
        up on, and no backend hears of it.
        """
        behind = self.backend("127.0.0.1", 7000)
        folder = Path(self.mktemp())
        folder.mkdir()
        tls = TlsOptions(certificate=SERVER.write(folder / "server.pem"), verify_client="optional")
        self.start(
            self.guarded(
                "stream",
                "proxy",
                "ssl://127.0.0.1:8000",
                realm("", Knows()),
                connect="tcp://127.0.0.1:7000",
                accept_options=AcceptOptions(tls=tls),
            ),
            truststore=Keystore(type="PEM", file=AUTHORITY.write(folder / "trusted.pem")),
        )
        found = {}
        for name in ("", "nobody", "guest", "down", "joe"):
            shown = Certified(name, ["x.example"], AUTHORITY).write(folder / "client.pem") if name else None
            options = TlsOptions(verify_server=False, certificate=shown)
            caller = Caller()
            factory = tls_factory(
                ClientContexts().creator("localhost", options),
                True,
                Factory.forProtocol(lambda caller=caller: caller),  # type: ignore[misc]
            )
            self.call(client=factory.buildProtocol(None))
            caller.say(b"hello")
            self.network.settle()
            found[name] = (caller.ended is None, [each.heard for each in behind])
        refused = (False, list[bytes]())
        self.assertEqual(
            found,
            {"": refused, "nobody": refused, "guest": refused, "down": refused, "joe": (True, [b"hello"])},
        )
