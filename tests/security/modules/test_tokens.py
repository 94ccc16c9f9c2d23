"""Tokens taken apart: whatever could be read in two ways is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import LoginRefused
from kaazing.security.modules.tokens import Token, read_token
from tests.security.modules.issuing import part

HEAD = part({"alg": "ES256"})
NOT_ONE = "no JSON Web Token (RFC 7515 section 3.1)"
NO_HEADER = "a token whose header cannot be read (RFC 7519 section 7.2)"
NO_CLAIMS = "a token whose claims cannot be read (RFC 7519 section 7.2)"


def refusal(text: str, longest: int = 8192) -> str:
    """Return why a token is refused, or what it was read as."""
    try:
        return repr(read_token(text, longest))
    except LoginRefused as why:
        return str(why)


def header(data: bytes | Mapping[str, Any]) -> str:
    """Return a token with that header."""
    return f"{part(data)}.e30.AA"


def body(data: bytes) -> str:
    """Return a token with these claims."""
    return f"{HEAD}.{part(data)}.AA"


class TokenTests(SynchronousTestCase):
    def test_read(self) -> None:
        """
        A token is its header, its claims, and a signature of both.
        """
        head = part({"alg": "ES256", "kid": "k1", "typ": "application/AT+JWT"})
        read = read_token(f"{head}.{part({'sub': 'joe'})}.{part(b'xyz')}", 8192)
        self.assertEqual(
            read,
            Token(
                algorithm="ES256",
                kid="k1",
                type="at+jwt",
                claims={"sub": "joe"},
                signed=f"{head}.{part({'sub': 'joe'})}".encode(),
                signature=b"xyz",
            ),
        )

    def test_refused(self) -> None:
        """
        What is no token, or not in its one and only form, is refused, and the refusal does not repeat it.
        """
        cases = {
            "": NOT_ONE,
            "joe": NOT_ONE,
            "a.b.c": NOT_ONE,
            f"{HEAD}.e30": NOT_ONE,
            f"{HEAD}.e30.AA.AA": NOT_ONE,
            f"{HEAD}.e30.AA.AA.AA": NOT_ONE,  # encrypted, RFC 7516
            f"{HEAD}.e30.AB": NOT_ONE,  # unused bits that are not zero
            f"{HEAD}.e30.AA==": NOT_ONE,
            f"{HEAD}.e30.A+/A": NOT_ONE,
            f"{HEAD}.e30.AA\n": NOT_ONE,
            f"{HEAD}.e30.\u0661\u0661": NOT_ONE,
            header(b"[]"): NO_HEADER,
            header(b"{"): NO_HEADER,
            header(b"[" * 5000): NO_HEADER,
            header(b'{"alg":"none","alg":"HS256"}'): NO_HEADER,
            header("{}".encode("utf-16")): NO_HEADER,
            f"{HEAD}..AA": NO_CLAIMS,
            body(b'{"exp":NaN}'): NO_CLAIMS,
            body(b'{"exp":' + b"1" * 5000 + b"}"): NO_CLAIMS,
            body(b'{"a":{"b":1,"b":2}}'): NO_CLAIMS,
            header({"alg": 7}): "a token whose alg is no text",
            header({"alg": "ES256", "kid": []}): "a token whose kid is no text",
            header({"alg": "ES256", "typ": 1}): "a token whose typ is no text",
            header({"alg": "ES256", "crit": ["b64"]}): (
                "a token with extensions that have to be understood (RFC 7515 section 4.1.11)"
            ),
            "x" * 8193: "a token of more than 8192 bytes",
            "x" * 8192: "no JSON Web Token (RFC 7515 section 3.1)",
        }
        self.assertEqual({text: refusal(text) for text in cases}, cases)

    @given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,9}\.[A-Za-z0-9_-]{0,9}\.[A-Za-z0-9_-]{0,9}"))
    def test_anything(self, text: str) -> None:
        """
        Anything is read or refused.
        """
        self.assertIn("oken", refusal(text))

    @given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), st.binary())
    def test_one_form(self, claims: dict[str, Any], signature: bytes) -> None:
        """
        What is read is written in the only way in which it can be: written again, it is the same.
        """
        text = f"{HEAD}.{part(claims)}.{part(signature)}"
        read = read_token(text, 1 << 20)
        self.assertEqual((read.claims, f"{read.signed.decode()}.{part(read.signature)}"), (claims, text))
