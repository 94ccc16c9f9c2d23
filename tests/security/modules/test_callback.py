"""Login module callback: what an endpoint is asked, and what its answers mean; with a real HTTP server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from kaazing.errors import Challenged, LoginError, LoginMissing, LoginRefused, LoginUnavailable
from kaazing.interfaces.security import ILoginModule, Subject, Workplace
from kaazing.security.modules.callback import (
    CallbackChecker,
    CallbackType,
    question_of,
    subject_of,
)
from tests.security.answering import Answering, serve
from tests.security.modules.attempts import attempt, options
from tests.security.modules.test_certificate import JOE, certificate
from tests.transports.certificates import AUTHORITY, SERVER

NOW = 1_700_000_000.0


class QuestionTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        The module keeps its promises.
        """
        verifyObject(ILoginModule, CallbackType())
        self.assertEqual(list(CallbackType().check({})), [])

    def test_question(self) -> None:
        """
        All that the client gave is asked about.
        """
        shown = certificate(JOE)
        given = attempt(
            "joe",
            "w\xe9lcome",
            tokens=("t1",),
            named={"x-token": "t2"},
            certificate=lambda: shown,
            secure=True,
        )
        question = json.loads(question_of(given))
        fingerprint = question["certificate"].pop("fingerprint")
        expected = {
            "realm": "demo",
            "service": "echo",
            "address": "192.0.2.1",
            "secure": True,
            "user": "joe",
            "password": "w\xe9lcome",
            "tokens": ["t1"],
            "named": {"x-token": "t2"},
            "certificate": {"subject": JOE, "issuer": "CN=An authority", "serial": "abc"},
        }
        self.assertEqual((question, len(fingerprint)), (expected, 64))

    def test_missing(self) -> None:
        """
        Where the client gave nothing, nobody is asked; what it did not give is null or empty.
        """
        self.assertRaises(LoginMissing, question_of, attempt())
        question = json.loads(question_of(attempt(tokens=("t",))))
        said = {name: question[name] for name in ("user", "password", "named", "certificate")}
        self.assertEqual(said, {"user": None, "password": None, "named": {}, "certificate": None})

    @given(st.text(), st.text())
    def test_any_text(self, user: str, password: str) -> None:
        """
        Names and passwords of any characters arrive as they are.
        """
        question = json.loads(question_of(attempt(user, password)))
        self.assertEqual((question["user"], question["password"]), (user, password))


class AnswerTests(SynchronousTestCase):
    def test_subject(self) -> None:
        """
        200 says the user; roles, claims and how long the login lasts may stand beside it.
        """
        table: list[tuple[dict[str, Any], Subject]] = [
            ({"user": "joe"}, Subject(user="joe")),
            (
                {"user": "joe", "roles": ["a", "b"], "claims": {"sub": 7}, "expires_in": 60, "more": 1},
                Subject(user="joe", roles=frozenset("ab"), claims={"sub": 7}, expires=NOW + 60),
            ),
            ({"user": "joe", "expires_in": None}, Subject(user="joe")),
            ({"user": "joe", "expires_in": 1e300}, Subject(user="joe", expires=NOW + 366 * 86400)),
        ]
        for said, subject in table:
            self.assertEqual(subject_of(200, json.dumps(said).encode(), NOW), subject)

    def test_refused(self) -> None:
        """
        401 and 403 refuse; 401 may ask for more.
        """
        for status, body in ((401, b""), (401, b"{}"), (401, b" \n"), (403, b"<html>")):
            raised = self.assertRaises(LoginRefused, subject_of, status, body, NOW)
            self.assertEqual(str(raised), "the callback refuses")
        challenged = self.assertRaises(Challenged, subject_of, 401, b'{"challenge": "nonce=\\"x\\""}', NOW)
        self.assertEqual(challenged.data, 'nonce="x"')

    def test_no_answer(self) -> None:
        """
        Whatever else it says lets nobody in, and is no word about the password either.
        """
        challenge = "the callback's challenge is not printable ASCII, 2048 characters at most"
        table = [
            (500, b"", "the callback answers with status 500"),
            (302, b'{"user": "joe"}', "the callback answers with status 302"),
            (204, b"", "the callback answers with status 204"),
            (200, b"", "the callback's answer is no JSON object"),
            (200, b"[]", "the callback's answer is no JSON object"),
            (200, b"[" * 60000, "the callback's answer is no JSON object"),
            (200, b"\xff", "the callback's answer is no JSON object"),
            (401, b"<html>", "the callback's answer is no JSON object"),
            (401, b'{"challenge": "a\\r\\nb"}', challenge),
            (401, b'{"challenge": 7}', challenge),
            (200, b"{}", "the callback names no user"),
            (200, b'{"user": ""}', "the callback names no user"),
            (200, b'{"user": "a\\u0000"}', "the callback names no user"),
            (200, b'{"user": 7}', "the callback names no user"),
            (200, b'{"user": "joe", "roles": "admin"}', "the callback's roles are no list of names"),
            (200, b'{"user": "joe", "roles": [1]}', "the callback's roles are no list of names"),
            (200, b'{"user": "joe", "claims": []}', "the callback's claims are no object"),
        ]
        for lasts in ("true", '"60"', "0", "-1", "NaN", "Infinity", "[]"):
            body = b'{"user": "joe", "expires_in": %s}' % lasts.encode()
            table.append((200, body, "the callback's expires_in is no number of seconds"))
        for status, body, what in table:
            raised = self.assertRaises(LoginUnavailable, subject_of, status, body, NOW)
            self.assertEqual(str(raised), what)

    @given(
        st.sampled_from((200, 401, 403, 500)), st.one_of(st.binary(), st.from_regex(rb'\{"user": .{0,20}\}'))
    )
    def test_any_bytes(self, status: int, body: bytes) -> None:
        """
        Whatever is answered, it is a user with a name or an error of ours.
        """
        try:
            subject = subject_of(status, body, NOW)
        except LoginError:
            return
        self.assertEqual((status, bool(subject.user)), (200, True))


class ServerTests(TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.place = Workplace(folder=self.folder, reactor=reactor, time=lambda: NOW, work=None)  # type: ignore[arg-type]

    def checker(self, url: str, **said: str) -> CallbackChecker:
        """A checker that asks there."""
        module = CallbackType()
        checker = module.checker(options(module, url=url, **said), self.place)
        self.addCleanup(checker.stop)
        return checker

    async def test_let_in(self) -> None:
        """
        Over verified TLS, with a token of the gateway's own, the endpoint is asked, and its user comes in.
        """
        endpoint = Answering(200, {"user": "joe", "roles": ["trader"]})
        (self.folder / "ca.pem").write_bytes(AUTHORITY.pem)
        (self.folder / "token").write_text("s3cret\n")
        (self.folder / "token").chmod(0o600)
        said = {"ca_file": "ca.pem", "token_file": "token"}
        subject = await self.checker(serve(self, endpoint, SERVER), **said).requestAvatarId(
            attempt("joe", "pw")
        )
        self.assertEqual(subject, Subject(user="joe", roles=frozenset({"trader"})))
        fields = {name: endpoint.fields.getRawHeaders(name) for name in ("authorization", "content-type")}
        expected = {"authorization": ["Bearer s3cret"], "content-type": ["application/json"]}
        self.assertEqual((endpoint.method, fields), (b"POST", expected))
        self.assertEqual([(each["user"], each["password"]) for each in endpoint.asked], [("joe", "pw")])

    async def test_refused(self) -> None:
        """
        An endpoint that answers 401 refuses the client.
        """
        asked = self.checker(serve(self, Answering(401))).requestAvatarId(attempt("joe", "pw"))
        await self.assertFailure(asked, LoginRefused)
