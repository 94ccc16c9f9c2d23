"""HTTP endpoints that decide something; with a real HTTP server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from kaazing.errors import ConfigError, LoginUnavailable
from kaazing.interfaces.security import Workplace
from kaazing.security.endpoints import LARGEST, MOST, OPTIONS, Answer, Endpoint
from tests.security.answering import Answering, serve
from tests.transports.certificates import AUTHORITY, SERVER, STRANGER, Certified

DEFAULTS = {option.name: option.default for option in OPTIONS}


class EndpointTests(TestCase):
    """Asked with the question {}."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.place = Workplace(folder=self.folder, reactor=reactor, time=lambda: 0.0, work=None)  # type: ignore[arg-type]

    def endpoint(self, url: str, keep: int = 0, **said: object) -> Endpoint:
        """Return the endpoint there; "_" stands for "-" in the names of options."""
        options = {**DEFAULTS, "url": url, **{name.replace("_", "-"): each for name, each in said.items()}}
        endpoint = Endpoint(options, self.place, keep)
        self.addCleanup(endpoint.stop)
        return endpoint

    def refused(self, asked: Deferred[Any], why: str) -> Deferred[Any]:
        """Check that there is no answer."""
        failed = self.assertFailure(asked, LoginUnavailable)
        return failed.addCallback(lambda error: self.assertRegex(str(error), f"^{why}"))

    async def test_asked(self) -> None:
        """
        The question is POSTed as JSON over verified TLS, with a token of the gateway's own.
        """
        (self.folder / "ca.pem").write_bytes(AUTHORITY.pem)
        (self.folder / "token").touch(0o600)
        (self.folder / "token").write_text("s3cret\n")
        there = Answering(200, b"yes", **{"cache-control": "private, max-age=7"})
        endpoint = self.endpoint(serve(self, there, SERVER), ca_file="ca.pem", token_file="token")
        self.assertEqual(await endpoint.ask(b"{}"), Answer(200, b"yes", 7.0))
        fields = {name: there.fields.getRawHeaders(name) for name in ("authorization", "content-type")}
        expected = {"authorization": ["Bearer s3cret"], "content-type": ["application/json"]}
        self.assertEqual((there.method, there.asked, fields), (b"POST", [{}], expected))

    async def test_not_trusted(self) -> None:
        """
        An endpoint whose certificate is not of the authorities, or is for another name, is asked nothing.
        """
        (self.folder / "ca.pem").write_bytes(AUTHORITY.pem)
        for certified in (STRANGER, Certified("other", ["other.example"], AUTHORITY)):
            there = Answering(200)
            endpoint = self.endpoint(serve(self, there, certified), ca_file="ca.pem")
            await self.refused(endpoint.ask(b"{}"), "the callback does not answer: .*[Vv]erif")
            self.assertEqual(there.asked, [])

    async def test_redirect(self) -> None:
        """
        A redirect is not followed: a password goes to the URL of the option and nowhere else.
        """
        elsewhere = Answering(200)
        there = Answering(307, b"", location=serve(self, elsewhere))
        self.assertEqual(await self.endpoint(serve(self, there)).ask(b"{}"), Answer(307, b""))
        self.assertEqual(elsewhere.asked, [])

    async def test_connections(self) -> None:
        """
        One connection after the other carries many questions, or each has its own.
        """
        for keep, connections in ((1, 1), (0, 5)):
            there = Answering(200)
            endpoint = self.endpoint(serve(self, there), keep)
            for _ in range(5):
                await endpoint.ask(b"{}")
            self.assertEqual((len(there.asked), len(there.peers)), (5, connections))

    async def test_too_long(self) -> None:
        """
        An answer of more than 64 KiB is none.
        """
        endpoint = self.endpoint(serve(self, Answering(200, b" " * (20 * LARGEST))))
        await self.refused(endpoint.ask(b"{}"), "the callback says more than 65536 bytes$")

    async def test_too_late(self) -> None:
        """
        An endpoint that does not answer in time, or not at all, is not waited for; nor are there ever more
        than 200 questions.
        """
        endpoint = self.endpoint(serve(self, Answering(None)), timeout=0.2)
        asked = [endpoint.ask(b"{}") for _ in range(MOST)]
        raised = self.assertRaises(LoginUnavailable, endpoint.ask, b"{}")
        self.assertEqual(str(raised), "200 questions to the callback are open")
        late = "the callback does not answer within 0.2 s$"
        await gatherResults([self.refused(each, late) for each in asked])
        await self.refused(endpoint.ask(b"{}"), late)

    async def test_nobody_there(self) -> None:
        """
        Where nobody listens there is no answer.
        """
        asked = self.endpoint("http://127.0.0.1:1/").ask(b"{}")
        await self.refused(asked, "the callback does not answer: ConnectionRefusedError")

    def test_faults(self) -> None:
        """
        A file that is not there, that others may read, or that holds no token or certificate, keeps the
        gateway from starting.
        """
        (self.folder / "bad").touch(0o600)
        (self.folder / "bad").write_text("two words")
        (self.folder / "open").touch(0o644)
        (self.folder / "open").write_text("t")
        for option, file, why in (
            ("token_file", "bad", "bad: is no token"),
            ("token_file", "open", f"{self.folder / 'open'}: has mode 0644: others may read or write it"),
            ("ca_file", "bad", f"{self.folder / 'bad'}: there is no certificate (PEM) in it"),
            ("ca_file", "none", f"{self.folder / 'none'}: cannot be read: No such file or directory"),
        ):
            raised = self.assertRaises(ConfigError, self.endpoint, "https://a.example/", **{option: file})
            self.assertEqual(str(raised).partition(";")[0], why)
