"""What a backend is told before TLS, in each protocol, and when it gets no client."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.sides import CONNECT_OPTIONS
from kaazing.errors import ConnectError
from kaazing.wire.starttls import MOST, PROTOCOLS, Dialogue

HOST = "192.0.2.1"
DOVECOT = b"* OK [CAPABILITY IMAP4rev1 SASL-IR ID STARTTLS LOGINDISABLED] Dovecot (Debian) ready.\r\n"
APOP = b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"  # RFC 1939 section 13
EHLO = b"250-mail.example greets you\r\n250-SIZE 1000000\r\n250 STARTTLS\r\n"
GONE = b"220 mail.example ESMTP\r\n"

GOOD = (
    ("imap", DOVECOT, b"a OK Begin TLS negotiation now.\r\n"),
    ("pop3", APOP, b"+OK Begin TLS negotiation\r\n"),
    ("smtp", GONE, EHLO + b"220 Go ahead\r\n"),
)

Outcome = tuple[bytes, bytes | str | None]


def outcome(protocol: str, stream: bytes, cut: int = 0, host: str = HOST) -> Outcome:
    """Return what was said to the backend, and the greeting for the client or why there is none.

    Args:
        cut: bytes that come at once, 0 for all.
    """
    dialogue, said, pieces = Dialogue(protocol, host), b"", cut or len(stream) or 1
    try:
        for at in range(0, len(stream), pieces):
            for each in dialogue.feed(stream[at : at + pieces]):
                said += each
    except ConnectError as why:
        return said, str(why)
    return said, dialogue.greeting


class DialogueTests(SynchronousTestCase):
    """All protocols alike."""

    def test_option(self) -> None:
        """
        Each value of the connect-option is a protocol that is known here.
        """
        (option,) = (each for each in CONNECT_OPTIONS if each.name == "starttls")
        assert option.read is not None
        self.assertEqual([option.read(each) for each in PROTOCOLS], ["imap", "pop3", "smtp"])
        with self.assertRaisesRegex(ValueError, "expected none, imap, pop3 or smtp"):
            option.read("yes")

    def test_turns(self) -> None:
        """
        Nothing is said before the greeting, and TLS begins with the consent.
        """
        for protocol, greeting, consent in GOOD:
            dialogue = Dialogue(protocol, HOST)
            self.assertEqual(len(list(dialogue.feed(greeting[:-1]))), 0)
            self.assertEqual(len(list(dialogue.feed(greeting[-1:]))), 1)
            list(dialogue.feed(consent[:-1]))
            self.assertIsNone(dialogue.greeting)
            list(dialogue.feed(consent[-1:]))
            self.assertIsNotNone(dialogue.greeting)

    def test_cuts(self) -> None:
        """
        Where the backend's words are cut changes nothing, be it of what is said or of what is refused.
        """
        for protocol, greeting, consent in GOOD:
            for stream in (greeting + consent, greeting + b"no such thing\r\n", b"\r\n", b"x" * MOST):
                whole = outcome(protocol, stream)
                for cut in range(1, len(stream)) if len(stream) < MOST else (1, 4096):
                    self.assertEqual(outcome(protocol, stream, cut), whole, (protocol, cut))

    def test_injected(self) -> None:
        """
        A byte in clear behind the consent, which would be read as if it had come over TLS, ends it.
        """
        for protocol, greeting, consent in GOOD:
            for more in (b"x", b"* BYE\r\n", b"250 STARTTLS\r\n"):
                for cut in (0, 1):
                    _, why = outcome(protocol, greeting + consent + more, cut)
                    self.assertEqual(why, "the backend sent bytes in clear behind its consent to TLS")

    def test_too_long(self) -> None:
        """
        A backend gets 8 KiB for all that it says, in one line or in many, and may use all but the last.
        """
        why = "more than 8192 bytes in clear, and TLS has not begun"
        for protocol, stream in (
            ("imap", b"* OK " + b"x" * MOST),
            ("imap", DOVECOT + b"* 1 EXISTS\r\n" * MOST),
            ("pop3", b"x" * MOST),
            ("smtp", b"220-x\r\n" * MOST),
        ):
            self.assertEqual(outcome(protocol, stream)[1], why)
            self.assertEqual(outcome(protocol, stream, 1)[1], why)
        consent = b"a OK\x20\r\n"
        greeting = b"* OK " + b"x" * (MOST - 7 - len(consent)) + b"\r\n"
        self.assertEqual(outcome("imap", greeting + consent), (b"a STARTTLS\r\n", greeting))
        longer = b"* OK x" + greeting[5:]
        self.assertEqual(outcome("imap", longer + consent), (b"a STARTTLS\r\n", why))

    def test_line_ends(self) -> None:
        """
        Lines end with CR LF; what is quoted of others is printable, and a hundred characters at most.
        """
        why = "a line in clear that ends without CR: '220 \\x1b[2J\\xe4'"
        for protocol in PROTOCOLS:
            self.assertEqual(outcome(protocol, b"220 \x1b[2J\xe4\n"), (b"", why))
            long = f"a line in clear that ends without CR: '{'x' * 100}'"
            self.assertEqual(outcome(protocol, b"x" * 101 + b"\n"), (b"", long))

    @given(st.sampled_from(GOOD), st.binary(max_size=60), st.integers(0, 200), st.integers(1, 30))
    def test_anything(self, good: tuple[str, bytes, bytes], noise: bytes, at: int, cut: int) -> None:
        """
        Whatever a backend says, it consents or is refused, or is still to be heard; cuts never matter.
        """
        protocol, greeting, consent = good
        stream = greeting + consent
        stream = stream[:at] + noise + stream[at:]
        self.assertEqual(outcome(protocol, stream, cut), outcome(protocol, stream))


class ImapTests(SynchronousTestCase):
    """RFC 3501."""

    def test_greeting(self) -> None:
        """
        The client gets the greeting without its code, which told of a connection without TLS (section 6.2.1)
        and which nobody has verified; a text remains in any case (section 9).
        """
        for greeting, told in (
            (DOVECOT, b"* OK Dovecot (Debian) ready.\r\n"),
            (b"* OK IMAP4rev1 server ready\r\n", b"* OK IMAP4rev1 server ready\r\n"),
            (b"* ok [ALERT] Go to evil.example\r\n", b"* ok Go to evil.example\r\n"),
            (b"* OK [CAPABILITY IMAP4rev1]\r\n", b"* OK ready\r\n"),
            (b"* OK [ALERT] [CAPABILITY AUTH=PLAIN]  [X] hello\r\n", b"* OK hello\r\n"),
            (b"* OK  [CAPABILITY AUTH=PLAIN] hello\r\n", b"* OK hello\r\n"),
            (b"* OK a [b] [c]\r\n", b"* OK a [b] [c]\r\n"),
        ):
            self.assertEqual(outcome("imap", greeting + b"a OK go\r\n"), (b"a STARTTLS\r\n", told))

    def test_untagged(self) -> None:
        """
        What the server says beside the consent (section 7) is not the client's affair.
        """
        more = b"* CAPABILITY IMAP4rev1\r\n* OK wait\r\na ok go\r\n"
        self.assertEqual(outcome("imap", b"* OK hello\r\n" + more), (b"a STARTTLS\r\n", b"* OK hello\r\n"))

    def test_refused(self) -> None:
        """
        Servers that turn away, know no STARTTLS or do not want it get no client; one that takes the
        connection for logged in could only be spoken to in clear (section 6.2).
        """
        for answer in (b"a NO not now", b"a BAD unknown", b"b OK go", b"aOK go", b"* BYE too slow", b"+ go"):
            self.assertEqual(
                outcome("imap", DOVECOT + answer + b"\r\n"),
                (b"a STARTTLS\r\n", f"does not consent to TLS: {answer.decode()!r}"),
            )
        preauth = "greets with PREAUTH, behind which there is no STARTTLS (RFC 3501 section 6.2)"
        self.assertEqual(outcome("imap", b"* PREAUTH hello\r\n"), (b"", preauth))
        for greeting in (b"* BYE full", b"+OK POP3", b"SSH-2.0-x"):
            why = f"greets with {greeting.decode()!r}, which lets nobody in by IMAP"
            self.assertEqual(outcome("imap", greeting + b"\r\n"), (b"", why))


class Pop3Tests(SynchronousTestCase):
    """RFC 1939, RFC 2595."""

    def test_greeting(self) -> None:
        """
        The greeting is the client's as it was; APOP needs what stands in it (RFC 1939 section 7).
        """
        self.assertEqual(outcome("pop3", APOP + b"+OK\r\n"), (b"STLS\r\n", APOP))

    def test_refused(self) -> None:
        """
        -ERR is a refusal, of the connection or of TLS (RFC 2595 section 4).
        """
        self.assertEqual(
            outcome("pop3", APOP + b"-ERR unknown\r\n"),
            (b"STLS\r\n", "does not consent to TLS: '-ERR unknown'"),
        )
        for greeting in (b"-ERR busy", b"+OKAY", b"* OK IMAP"):
            why = f"greets with {greeting.decode()!r}, which lets nobody in by POP3"
            self.assertEqual(outcome("pop3", greeting + b"\r\n"), (b"", why))


class SmtpTests(SynchronousTestCase):
    """RFC 5321, RFC 3207."""

    def test_greeting(self) -> None:
        """
        The greeting is the client's, all its lines (RFC 5321 section 4.2); its own EHLO comes over TLS.
        """
        greeting = b"220-mail.example ESMTP\r\n220 No spam\r\n"
        said = b"EHLO [192.0.2.1]\r\nSTARTTLS\r\n"
        self.assertEqual(outcome("smtp", greeting + EHLO + b"220\r\n"), (said, greeting))

    def test_ipv6(self) -> None:
        """
        The gateway calls itself by its address (RFC 5321 section 4.1.3), without the zone.
        """
        self.assertEqual(outcome("smtp", GONE, host="2001:db8::1")[0], b"EHLO [IPv6:2001:db8::1]\r\n")
        self.assertEqual(outcome("smtp", GONE, host="fe80::1%eth0")[0], b"EHLO [IPv6:fe80::1]\r\n")

    def test_offer(self) -> None:
        """
        STARTTLS stands in a line of its own behind the first, in any case (RFC 3207 section 2); who does not
        offer it is not asked.
        """
        asked = b"EHLO [192.0.2.1]\r\n"
        none = "does not offer STARTTLS (RFC 3207 section 2)"
        for offer, answer in (
            (b"250-x\r\n250-starttls\r\n250 HELP\r\n", (asked + b"STARTTLS\r\n", None)),
            (b"250-STARTTLS\r\n250 HELP\r\n", (asked, none)),
            (b"250-x\r\n250 XSTARTTLS\r\n", (asked, none)),
            (b"250 x\r\n", (asked, none)),
            (b"502 unknown\r\n", (asked, "answers EHLO with '502 unknown'")),
        ):
            self.assertEqual(outcome("smtp", GONE + offer), answer)

    def test_refused(self) -> None:
        """
        Any other code is a refusal, of the connection or of TLS (RFC 3207 section 4).
        """
        asked = b"EHLO [192.0.2.1]\r\nSTARTTLS\r\n"
        for answer in (b"454 TLS not available", b"2200", b"220-wait\r\n454 no"):
            why = f"does not consent to TLS: {answer.splitlines()[-1].decode()!r}"
            self.assertEqual(outcome("smtp", GONE + EHLO + answer + b"\r\n"), (asked, why))
        for greeting in (b"554 go away", b"220-x\r\n221 bye"):
            why = f"greets with {greeting.splitlines()[-1].decode()!r}, which lets nobody in by SMTP"
            self.assertEqual(outcome("smtp", greeting + b"\r\n"), (b"", why))
