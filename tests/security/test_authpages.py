"""Tests for L{kaazing.security.authpages}: what pages ask for by HTTP around their logins."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite, Uri
from kaazing.errors import BadRequest
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import Visit
from kaazing.security.authpages import MOST_BODY, AuthPages
from kaazing.security.tickets import sum_of
from kaazing.transports import arrivals
from kaazing.transports.routes import Route
from tests.security.test_desk import TRADER, Desked, visit
from tests.security.test_lifetime import Front
from tests.transports.doors import Ear, House, answers, get

Said = tuple[str, dict[str, str], Any]


class PagesTestCase(SynchronousTestCase):
    """A service stock at ws://example.com:8000/stock, over TLS, and a realm with sessions."""

    mode = "recycle"

    def setUp(self) -> None:
        self.desked = Desked(mode=self.mode)
        self.house = House(secure=True)
        guard = self.desked.guard()
        pages = AuthPages("stock", guard, self.desked.desk, guard.cookies, arrivals.visit)
        accept = Uri(scheme="wss", host="example.com", port=8000, path="/stock")
        cross_site = (CrossSite(origin="https://app.example.com:443"),)
        self.house.routes.add(Route(accept, self.house.host, None, None, cross_site, login=pages))

    def ask(self, request: bytes) -> Said:
        """Return the status, the fields and the JSON of an answer."""
        status, fields, body = self.house.ask(request)
        return status, fields, json.loads(body)

    def post(self, name: str, *fields: bytes, body: bytes = b"", login: str = "Token good") -> Said:
        """Send a request of a client that logs in."""
        logs_in = (f"Authorization: {login}".encode(),) if login else ()
        length = b"Content-Length: %d" % len(body)
        path = f"/stock/;auth/{name}".encode()
        return self.ask(get(path, *logs_in, length, *fields, method=b"POST") + body)

    def session(self, *fields: bytes) -> Said:
        """Ask who one is."""
        return self.ask(get(b"/stock/;auth/session", *fields))

    def begin(self, subject: Subject) -> Any:
        """Let somebody in."""
        front: Any = Front()
        front.receiver = Ear()
        let_in = visit_of(subject)
        self.desked.desk.lifetimes.begin(front, let_in, service="stock")
        return front

    def now(self) -> float:
        """Return the time."""
        return self.desked.clock.seconds()


def visit_of(subject: Subject) -> Visit:
    """Return the visit of somebody who is let in."""
    return Visit(peer="192.0.2.1:5000", subject=subject)


class TicketTests(PagesTestCase):
    """POST ;auth/ticket"""

    def test_ticket(self) -> None:
        """
        Who logs in gets a ticket for that service, once for each request; no cache keeps it.
        """
        status, fields, said = self.post("ticket")
        self.assertEqual(status, "200 OK")
        wanted = {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        self.assertEqual({name: fields[name] for name in wanted}, wanted)
        ticket = said.pop("ticket")
        self.assertEqual(
            said, {"expires_in": 30, "user": "ann", "roles": ["trader"], "login_expires_in": None}
        )
        who = self.desked.desk.tickets.redeem(ticket, "stock", "192.0.2.1")
        self.assertEqual(who and who.user, "ann")

    def test_refused(self) -> None:
        """
        Who does not log in is refused in JSON, with the challenge, and is not told why.
        """
        for login in ("", "Token bad"):
            status, fields, said = self.post("ticket", login=login)
            self.assertEqual(status, "401 Unauthorized")
            self.assertEqual(fields["www-authenticate"], "Token")
            self.assertEqual(said, {"error": 401, "what": "who are you?"})

    def test_no_ticket_for_a_ticket(self) -> None:
        """
        A ticket opens a connection; it gives no other ticket, and is still good afterwards.
        """
        ticket = self.post("ticket")[2]["ticket"]
        path = f"/stock/;auth/ticket?.kat={ticket}".encode()
        said = self.ask(get(path, b"Content-Length: 0", method=b"POST"))
        self.assertEqual((said[0], said[2]["error"]), ("400 Bad Request", 400))
        self.assertIsNotNone(self.desked.desk.tickets.redeem(ticket, "stock", "192.0.2.1"))

    def test_no_tickets_left(self) -> None:
        """
        Where there are too many the answer is 503.
        """
        self.patch(self.desked.desk.tickets, "issue", self.full)
        self.assertEqual(self.post("ticket")[0], "503 Service Unavailable")

    def full(self, *_: object) -> str:
        """See L{Tickets.issue}."""
        raise BadRequest(503, "full", rule="r")

    def test_later(self) -> None:
        """
        A login may take time, and a client may be gone meanwhile.
        """
        for stays in (True, False):
            self.desked.later = later = Deferred[Subject]()
            wire = self.house.visitor()
            wire.say(
                get(
                    b"/stock/;auth/ticket", b"Authorization: Token good", b"Content-Length: 0", method=b"POST"
                )
            )
            if not stays:
                wire.hang_up()
            later.callback(Subject(user="ann"))
            self.assertEqual(len(answers(wire.value())), int(stays))

    def test_broken(self) -> None:
        """
        Where the login fails by a fault of ours the answer is 500, and the log says why.
        """
        self.desked.later = later = Deferred[Subject]()
        later.errback(RuntimeError("no idea"))
        status, _, said = self.post("ticket")
        self.assertEqual((status, said["what"]), ("500 Internal Server Error", "the service failed"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class OriginTests(PagesTestCase):
    """Whose pages may ask."""

    def test_others(self) -> None:
        """
        Pages of origins that no constraint names get 403 before anybody logs in.
        """
        status, _, _ = self.house.ask(
            get(b"/stock/;auth/logout", b"Origin: https://evil.example", b"Content-Length: 0", method=b"POST")
        )
        self.assertEqual((status, self.desked.asked), ("403 Forbidden", []))

    def test_named(self) -> None:
        """
        A page of an origin that a constraint names may read the answer.
        """
        _, fields, said = self.post("ticket", b"Origin: https://app.example.com")
        self.assertEqual(fields["access-control-allow-origin"], "https://app.example.com")
        self.assertEqual(said["user"], "ann")


class RenewTests(PagesTestCase):
    """POST ;auth/renew"""

    def test_ticket(self) -> None:
        """
        The connection that a ticket opened lasts as long as the new login.
        """
        ticket = "t" * 43
        front = self.begin(Subject(user="ann", roles=TRADER, expires=self.now() + 10, ties=(sum_of(ticket),)))
        status, _, said = self.post("renew", body=json.dumps({"ticket": ticket}).encode())
        self.assertEqual((status, said["renewed"]), ("200 OK", 1))
        self.desked.clock.pump([0.5] * 60)
        self.assertEqual(front.said, [])
        self.assertEqual(self.post("renew", body=b'{"ticket": "other"}')[2]["renewed"], 0)

    def test_session(self) -> None:
        """
        Without a ticket those of the browser's session do.
        """
        cookie = self.post("ticket")[1]["set-cookie"].partition(";")[0]
        who = self.desked.guard().admit(visit(cookie=cookie)).subject
        self.begin(Subject(user="ann", roles=TRADER, expires=self.now() + 10, ties=who.ties))
        said = self.post("renew", f"Cookie: {cookie}".encode())[2]
        self.assertEqual(said["renewed"], 1)

    def test_bad_body(self) -> None:
        """
        A body that is not what it should be is refused.
        """
        for body in (b"{", b"[]", b"{}", b'{"ticket": 1}', b"[" * 2000, b"\xff"):
            self.assertEqual(self.post("renew", body=body)[0], "400 Bad Request")

    def test_long_body(self) -> None:
        """
        A body that is too long is not read.
        """
        length = b"Content-Length: %d" % (MOST_BODY + 1)
        status = self.house.ask(get(b"/stock/;auth/renew", length, method=b"POST"))[0]
        self.assertEqual(status, "413 Content Too Large")


class SessionTests(PagesTestCase):
    """GET ;auth/session, POST ;auth/logout"""

    def test_session(self) -> None:
        """
        Who comes with a cookie is told who that is.
        """
        _, fields, _ = self.session(b"Authorization: Token good")
        cookie = fields["set-cookie"].partition(";")[0]
        status, fields, said = self.session(f"Cookie: {cookie}".encode())
        self.assertEqual((status, "set-cookie" in fields), ("200 OK", False))
        self.assertEqual(said, {"user": "ann", "roles": ["trader"], "login_expires_in": None})

    def test_logout(self) -> None:
        """
        Who logs out has no cookie any more, no session, and no connections of it.
        """
        cookie = self.post("ticket")[1]["set-cookie"].partition(";")[0]
        who = self.desked.guard().admit(visit(cookie=cookie)).subject
        front = self.begin(Subject(user="ann", ties=who.ties))
        status, fields, said = self.post("logout", f"Cookie: {cookie}".encode(), login="")
        self.assertEqual((status, said), ("200 OK", {"closed": 1}))
        self.assertIn("=; Max-Age=0; Path=/; Secure", fields["set-cookie"])
        self.assertEqual(front.said, [(4401, "logged out")])
        self.assertEqual(self.session(f"Cookie: {cookie}".encode())[0], "401 Unauthorized")

    def test_logout_of_nobody(self) -> None:
        """
        Who has no session is logged out already.
        """
        self.assertEqual(self.post("logout", login="")[2], {"closed": 0})

    def test_others(self) -> None:
        """
        There are no other pages, and each takes one method.
        """
        self.assertEqual(self.post("tickets")[0], "404 Not Found")
        status, fields, _ = self.ask(get(b"/stock/;auth/ticket"))
        self.assertEqual((status, fields["allow"]), ("405 Method Not Allowed", "POST"))


class SessionlessTests(PagesTestCase):
    """A realm without sessions."""

    mode = "challenge"

    def test_logout(self) -> None:
        """
        There is nothing to log out of; tickets are given all the same, without a cookie.
        """
        _, fields, said = self.post("logout", login="")
        self.assertEqual((said, "set-cookie" in fields), ({"closed": 0}, False))
        _, fields, said = self.post("ticket")
        self.assertEqual((said["user"], "set-cookie" in fields), ("ann", False))
