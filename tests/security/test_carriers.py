"""Tests for L{kaazing.security.carriers}: what a page says who it is with."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.interfaces.services import Visit
from kaazing.security.carriers import MOST_TOKEN, Load, carries, unload

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln"
TICKET = "t" * 43


def visit(*subprotocols: str, query: str = "") -> Visit:
    """Return a visit that offers subprotocols."""
    headers = {"host": "gateway.example"}
    if subprotocols:
        headers["sec-websocket-protocol"] = ", ".join(subprotocols)
    return Visit(peer="192.0.2.1:5000", headers=headers, subprotocols=subprotocols, query=query)


def encoded(token: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


class UnloadTests(SynchronousTestCase):
    """What is taken off a visit."""

    def test_nothing(self) -> None:
        """
        A visit that carries nothing is the one that goes on, as it came.
        """
        plain = visit("v12.stomp", "kaazing.other", query="a=1&kat=2&.kb=3")
        load = unload(plain)
        self.assertIs(load.visit, plain)
        self.assertEqual(load, Load(plain))

    def test_bearer(self) -> None:
        """
        A token in a subprotocol is taken off; the service sees the real subprotocols alone.
        """
        load = unload(visit("v12.stomp", f"kaazing.bearer.{TOKEN}", "v11.stomp"))
        self.assertEqual(load, Load(visit("v12.stomp", "v11.stomp"), bearer=TOKEN))

    def test_bearer_of_any_characters(self) -> None:
        """
        A token that is no list of letters a subprotocol may have comes in base64url.
        """
        load = unload(visit(f"kaazing.bearer64.{encoded('a/b=+ é'.encode())}"))
        self.assertEqual(load, Load(visit(), bearer="a/b=+ é"))

    def test_ticket(self) -> None:
        """
        A ticket comes in a subprotocol or in the query, where it may stand at any place.
        """
        loads = [
            unload(visit("amqp", f"kaazing.ticket.{TICKET}", query="a=1")),
            unload(visit("amqp", query=f"a=1&.kat={TICKET}")),
            unload(visit("amqp", query=f".kat={TICKET}&a=1")),
        ]
        self.assertEqual(loads, [Load(visit("amqp", query="a=1"), ticket=TICKET)] * 3)

    def test_emulated(self) -> None:
        """
        The field that emulation says subprotocols in is cleaned too.
        """
        offered = ("amqp", f"kaazing.ticket.{TICKET}")
        said = Visit(peer="p:1", headers={"x-websocket-protocol": ", ".join(offered)}, subprotocols=offered)
        self.assertEqual(dict(unload(said).visit.headers), {"x-websocket-protocol": "amqp"})

    def test_echo(self) -> None:
        """
        What may be echoed to a browser that offers no other subprotocol is the first name without a secret.
        """
        offers = {
            (f"kaazing.bearer.{TOKEN}",): (False, None),
            (f"kaazing.bearer.{TOKEN}", "kaazing.authenticated"): (False, "kaazing.authenticated"),
            ("kaazing.renewal", "kaazing.authenticated"): (True, "kaazing.renewal"),
        }
        found = {offer: (load.renews, load.echo) for offer in offers if (load := unload(visit(*offer)))}
        self.assertEqual(found, offers)

    def test_no_good(self) -> None:
        """
        Two tokens, two tickets and those that cannot be read are refused with 400, without being quoted.
        """
        bad = [
            visit("kaazing.bearer.one", "kaazing.bearer.two"),
            visit("kaazing.bearer.one", "kaazing.bearer64.dHdv"),
            visit(f"kaazing.ticket.{TICKET}", query=f".kat={TICKET}"),
            visit("kaazing.bearer."),
            visit("kaazing.bearer64."),
            visit("kaazing.bearer64.a"),
            visit("kaazing.bearer64.a+b="),
            visit(f"kaazing.bearer64.{encoded(bytes((0xFF,)))}"),
            visit(f"kaazing.bearer64.{encoded(b'a' + bytes((10,)))}"),
            visit(f"kaazing.bearer64.{encoded(b'a' * (MOST_TOKEN + 1))}"),
            visit(f"kaazing.bearer.{'a' * (MOST_TOKEN + 1)}"),
            visit("kaazing.ticket.a!b"),
            visit(query=".kat="),
            visit(query=".kat=" + "a" * 65),
        ]
        for each in bad:
            why = self.assertRaises(BadRequest, unload, each)
            self.assertEqual(why.status, 400)
            self.assertNotIn(TICKET, str(why))

    def test_no_secret_shown(self) -> None:
        """
        What is printed of a load has neither token nor ticket in it.
        """
        load = unload(visit("a", f"kaazing.bearer.{TOKEN}", query=f".kat={TICKET}"))
        self.assertNotIn(TOKEN, repr(load))
        self.assertNotIn(TICKET, repr(load))

    @given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"), min_size=1))
    def test_any_token(self, token: str) -> None:
        """
        Every token without control characters comes out of base64url as it went in.
        """
        self.assertEqual(unload(visit(f"kaazing.bearer64.{encoded(token.encode())}")).bearer, token)

    @given(st.lists(st.sampled_from(["a", "kaazing.renewal", "kaazing.bearer.x", "kaazing.bearerx", "b"])))
    def test_nothing_left(self, offered: list[str]) -> None:
        """
        Whatever is offered, no carrier reaches the service.
        """
        offered = list(dict.fromkeys(offered))
        left = unload(visit(*offered)).visit
        wanted = tuple(name for name in offered if not carries(name))
        self.assertEqual((left.subprotocols, left.headers), (wanted, visit(*wanted).headers))
