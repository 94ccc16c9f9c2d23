"""Tests for L{kaazing.transports.renewing}: a WebSocket whose client may renew its login."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.transports.renewing import Renewing
from kaazing.wire.renewal import MARK, Credential, Word
from tests.transports.doors import HANDSHAKE, Ear, House
from tests.wire.framing import raw

TEXT, BINARY, CLOSE = 1, 2, 8


def ours(payload: bytes, kind: int = TEXT) -> bytes:
    """Return a frame of the gateway's."""
    return raw(kind, payload, key=b"")


class Tenant:
    """Is told when a channel is gone."""

    told = 0

    def gone(self) -> None:
        """See L{kaazing.tenure.Tenure}."""
        self.told += 1


class RenewingTests(SynchronousTestCase):
    """The channel that a service has."""

    def setUp(self) -> None:
        house = House()
        self.wire = house.visitor()
        self.wire.say(HANDSHAKE)
        self.wire.clear()
        self.shown: list[Credential] = []
        (carrier,) = house.host.guests
        self.channel: Any = Renewing(carrier, self.shown.append)
        self.ear = Ear()

    def resume(self, whole: bool = False) -> None:
        """Let the service read."""
        self.channel.receiver, self.channel.whole = self.ear, whole
        self.channel.resume()

    def test_promises(self) -> None:
        """
        It is a channel, and says of itself what the one that carries it says.
        """
        verifyObject(IChannel, self.channel)
        verifyObject(IReceiver, self.channel)
        self.channel.bound = 1000
        facts = (self.channel.open, self.channel.peer, self.channel.subprotocol, self.channel.closed_with)
        self.assertEqual(facts, (True, "192.0.2.1:5000", None, (1000, "")))
        self.assertEqual((self.channel.bound, self.channel.latency), (1000, None))

    def test_messages(self) -> None:
        """
        Messages pass both ways, whole, those that begin with the mark escaped.
        """
        self.resume()
        self.wire.say(raw(TEXT, b"a", final=False) + raw(0, b"b") + raw(TEXT, MARK + b"E" + MARK + b"L1"))
        self.wire.say(raw(BINARY, MARK + b"T1") + raw(TEXT, b""))
        self.assertEqual(self.ear.heard, [b"ab", MARK + b"L1", MARK + b"T1"])
        self.channel.send(b"a", TEXT)
        self.channel.send_all([MARK + b"L1", b"b"], TEXT)
        self.channel.send(MARK, BINARY)
        sent = ours(b"a") + ours(MARK + b"E" + MARK + b"L1") + ours(b"b") + ours(MARK, BINARY)
        self.assertEqual(self.wire.value(), sent)

    def test_empty(self) -> None:
        """
        A service that wants whole messages hears empty ones too.
        """
        self.resume(whole=True)
        self.wire.say(raw(TEXT, b"") + raw(TEXT, MARK + b"E"))
        self.assertEqual(self.ear.heard, [b"", b""])

    def test_credentials(self) -> None:
        """
        What the client shows anew never reaches the service, and the service goes on in between.
        """
        self.resume()
        self.wire.say(raw(TEXT, b"a") + raw(TEXT, MARK + b"ABearer t") + raw(TEXT, b"b"))
        self.assertEqual(self.ear.heard, [b"a", b"b"])
        self.assertEqual(self.shown, [Credential(Word.AUTHORIZATION, "Bearer t")])

    def test_broken(self) -> None:
        """
        What begins with the mark and is nothing breaks the rules, once; nothing is heard behind it.
        """
        self.resume()
        self.wire.say(raw(TEXT, MARK + b"Z") + raw(TEXT, b"a") + raw(TEXT, MARK + b"Z"))
        self.assertEqual(
            self.ear.heard,
            [
                "client byte 3: text that begins like a renewal and is none, and is not escaped"
                " (docs/protocols/login.md)"
            ],
        )

    def test_said(self) -> None:
        """
        The gateway speaks before the service has resumed the channel; not to a client that takes nothing.
        """
        self.channel.say(Word.LASTS, 300)
        self.resume()
        self.wire.overflow()
        self.channel.say(Word.SOON, 60)
        self.wire.drain()
        self.channel.say(Word.REFUSED)
        self.assertEqual(self.wire.value(), ours(MARK + b"L300") + ours(MARK + b"X"))
        self.assertEqual(self.ear.heard, ["congested", "drained"])

    def test_end(self) -> None:
        """
        The client's end, and that of the connection, are told as ever; the gateway says nothing afterwards.
        """
        tenant = Tenant()
        self.channel.tenure = tenant
        self.assertIs(self.channel.tenure, tenant)
        self.resume()
        self.wire.say(raw(CLOSE, b"\x03\xe8"))
        self.channel.finish(4401, "over")
        self.channel.say(Word.REFUSED)
        self.wire.hang_up()
        self.assertEqual(self.ear.heard, ["ended", ("lost", None)])
        self.assertEqual((self.wire.value(), tenant.told), (ours(b"\x03\xe8", CLOSE), 1))
        self.assertIsNone(self.channel.receiver)

    def test_ends_of_ours(self) -> None:
        """
        It is finished, dropped and aborted as the one that carries it.
        """
        self.resume()
        self.channel.hold()
        self.assertEqual(self.wire.producerState, "paused")
        self.channel.finish(4401, "over")
        self.assertEqual(self.wire.value(), ours(b"\x11\x31over", CLOSE))
        self.channel.drop()
        self.channel.abort()
        self.assertEqual(self.wire.fate, "aborted")
