"""Tests for L{kaazing.adapters.amqp.one_traffic}."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp import one_words as words
from kaazing.adapters.amqp.one_ledger import Refusal
from kaazing.adapters.amqp.one_traffic import MAX_WAITING
from kaazing.errors import Side
from kaazing.interfaces.adapters import ToBack, ToFront
from kaazing.wire.amqp_one import PLAIN_HEADER
from kaazing.wire.amqp_one_types import NULL, string, uint, ushort
from tests.adapters.amqp.dialogue import policy
from tests.adapters.amqp.one_dialogue import (
    BACK_OPEN,
    END,
    OPEN,
    Dialogue,
    attach,
    begin,
    detach,
    flow,
    performative,
    to_front,
    transfer,
)
from tests.adapters.orders import counted


class AgreementTests(SynchronousTestCase):
    """Both ends are made to agree on no more than the limits."""

    def test_open(self) -> None:
        """
        Frame size and channels in open; what is below the limits stays as it is.
        """
        talk = Dialogue(self, amqp_maximum_frame_size=32768, amqp_maximum_channels=3)
        ours = (NULL, uint(32768), ushort(3))
        talk.then(ToBack(PLAIN_HEADER)).front(performative(0x10, string("c")))
        talk.then(ToBack(performative(0x10, string("c"), *ours)))
        talk.back(PLAIN_HEADER + performative(0x10, string("b"), NULL, uint(1 << 31), NULL, uint(500)))
        talk.then(to_front(PLAIN_HEADER), to_front(performative(0x10, string("b"), *ours, uint(500))))

    def test_handle_max(self) -> None:
        """
        Links in begin.
        """
        talk = Dialogue(self, amqp_maximum_links=8).then(ToBack(PLAIN_HEADER)).front(OPEN).then(ToBack(OPEN))
        windows = (uint(0), uint(9), uint(9))
        talk.front(performative(0x11, NULL, *windows))
        talk.then(ToBack(performative(0x11, NULL, *windows, uint(7))))

    def test_virtual_host(self) -> None:
        """
        The virtual host takes the place of the client's host name, as RabbitMQ reads it; or the host name
        does, as it is.
        """
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"virtual_host": "prod"}, "vhost:prod"),
            ({"virtual_host": "prod", "amqp_hostname": "mq.example.org"}, "mq.example.org"),
        )
        for options, name in cases:
            talk = Dialogue(self, **options).then(ToBack(PLAIN_HEADER))
            talk.front(performative(0x10, string("c"), string("other"), uint(512), ushort(0)))
            talk.then(ToBack(performative(0x10, string("c"), string(name), uint(512), ushort(0))))


class SizeTests(SynchronousTestCase):
    """Frame sizes (section 2.3.1)."""

    def test_before_open(self) -> None:
        """
        An open may be as long as the option says; anything else than open 512 bytes, until the other end
        has said more (section 2.4.1).
        """
        long = performative(0x10, string("c" * 600), NULL, uint(65536), ushort(9))
        talk = Dialogue(self).then(ToBack(PLAIN_HEADER)).front(long + begin()).then(ToBack(long + begin()))
        wire = attach("n" * 600, 0, receives=False)
        talk.front(wire)
        what = "attach of more than 512 bytes before the other end's open (AMQP 1.0 section 2.4.1)"
        close = words.close("amqp:connection:framing-error", what)
        said = (PLAIN_HEADER, words.open_(), close)
        talk.then(*map(to_front, said), f"client byte {8 + len(long + begin())}: {what}")

    def test_other_ends_limit(self) -> None:
        """
        What an end takes is a limit for the other.
        """
        talk = Dialogue(self).then(ToBack(PLAIN_HEADER))
        small = performative(0x10, string("c"), NULL, uint(1024), ushort(9))
        talk.front(small + begin()).then(ToBack(small + begin()))
        talk.back(PLAIN_HEADER + BACK_OPEN + begin(0) + attach("n", 0, receives=False))
        talk.then(*map(to_front, (PLAIN_HEADER, BACK_OPEN, begin(0), attach("n", 0, receives=False))))
        good = transfer(body=b"x" * 900)
        talk.back(good).then(to_front(good)).back(transfer(delivery=1, body=b"x" * 1000))
        what = "a frame of more than 1024 bytes (AMQP 1.0 section 2.3.1)"
        offset = 8 + len(BACK_OPEN + begin(0) + attach("n", 0, receives=False) + good)
        close = words.close("amqp:connection:framing-error", f"the backend broke the protocol: {what}")
        talk.then(to_front(close), f"backend byte {offset}: {what}")


class PolicyTests(SynchronousTestCase):
    """Links that the policy does not allow."""

    def refusal(self, name: str, handle: int, *, receives: bool) -> list[ToFront]:
        """Return what tells the client."""
        operation = "consume" if receives else "publish"
        refused = Refusal(name, not receives, f"{operation} /queue/q is not allowed")
        return [to_front(each) for each in words.refusal(refused, 0, handle)]

    def test_refused(self) -> None:
        """
        The client is told with attach and detach; the backend never hears of the link, and all the rest
        goes on.
        """
        talk = Dialogue(self, policy=policy("publish /queue/q")).open()
        good, bad = attach("good", 0, receives=False), attach("bad", 1, receives=True)
        talk.front(good + bad).then(ToBack(good), *self.refusal("bad", 0, receives=True))
        talk.front(transfer() + detach(1) + transfer(delivery=1))
        talk.then(ToBack(transfer() + transfer(delivery=1)))
        talk.front(attach("bad", 1, receives=True)).then(*self.refusal("bad", 0, receives=True))
        self.assertEqual(counted(talk.session)[Side.FRONT, "refused consume"], 2)

    def test_flow(self) -> None:
        """
        Credit for a refused link is for nobody; what the same frame says of the session passes.
        """
        talk = Dialogue(self, policy=policy("publish")).open()
        talk.front(attach("bad", 1, receives=True)).then(*self.refusal("bad", 0, receives=True))
        talk.front(flow(uint(1), uint(0), uint(100)) + flow(NULL)).then(ToBack(flow() + flow(NULL)))

    def test_transfer(self) -> None:
        """
        Nobody gave credit to a sender that was refused: a transfer of it breaks the protocol.
        """
        talk = Dialogue(self, policy=policy("consume")).open()
        bad = attach("bad", 1, receives=False)
        talk.front(bad).then(*self.refusal("bad", 0, receives=False))
        what = "transfer without credit, on a link that was refused (AMQP 1.0 section 2.6.7)"
        talk.front(transfer(1))
        offset = 8 + len(OPEN + begin() + bad)
        close = words.close("amqp:link:transfer-limit-exceeded", what)
        talk.then(to_front(close), f"client byte {offset}: {what}")

    def test_before_begin(self) -> None:
        """
        A client that attaches before the backend has begun its side of the session hears of it then.
        """
        talk = Dialogue(self, policy=policy("consume")).then(ToBack(PLAIN_HEADER))
        talk.front(OPEN + begin() + attach("bad", 0, receives=False)).then(ToBack(OPEN + begin()))
        talk.back(PLAIN_HEADER + BACK_OPEN + begin(0))
        told = [to_front(each) for each in (PLAIN_HEADER, BACK_OPEN, begin(0))]
        talk.then(*told, *self.refusal("bad", 0, receives=False))

    def test_handles(self) -> None:
        """
        The handle of the refusal is one that the backend does not use.
        """
        talk = Dialogue(self, policy=policy("consume")).open()
        for handle in (0, 2):
            wire = attach(f"b{handle}", handle, receives=False)
            talk.back(wire).then(to_front(wire))
        talk.front(attach("bad", 0, receives=False)).then(*self.refusal("bad", 1, receives=False))

    def test_no_handle(self) -> None:
        """
        Where the backend uses all that the client gives, a refusal cannot be told but by closing.
        """
        talk = Dialogue(self, policy=policy("consume"), amqp_maximum_links=1).then(ToBack(PLAIN_HEADER))
        start = performative(0x11, NULL, *(uint(9),) * 3, uint(0))
        reply = performative(0x11, ushort(0), *(uint(9),) * 3, uint(0))
        own = attach("own", 0, receives=False)
        talk.front(OPEN + start).then(ToBack(OPEN + start)).back(PLAIN_HEADER + BACK_OPEN + reply + own)
        talk.then(*map(to_front, (PLAIN_HEADER, BACK_OPEN, reply, own)))
        what = "no handle is left to refuse a link with (AMQP 1.0 section 2.6.3)"
        close = words.close("amqp:resource-limit-exceeded", what)
        talk.front(attach("bad", 0, receives=False))
        talk.then(to_front(close), f"client byte {8 + len(OPEN + start)}: {what}")

    def test_refused_in_vain(self) -> None:
        """
        A client that attaches again and again before the backend has begun is stopped at the limit.
        """
        talk = Dialogue(self, policy=policy("consume")).then(ToBack(PLAIN_HEADER))
        again = (attach("bad", 0, receives=False) + detach(0)) * MAX_WAITING
        talk.front(OPEN + begin() + again).then(ToBack(OPEN + begin()))
        talk.front(attach("bad", 0, receives=False))
        what = (
            "more than 256 links, or one of 4096 bytes, refused before the backend's begin"
            " (AMQP 1.0 section 2.6.3)"
        )
        close = words.close("amqp:resource-limit-exceeded", what)
        told = (PLAIN_HEADER, words.open_(), close)
        talk.then(*map(to_front, told), f"client byte {8 + len(OPEN + begin() + again)}: {what}")

    def test_end(self) -> None:
        """
        Links that were refused end with their session.
        """
        talk = Dialogue(self, policy=policy("consume")).open()
        talk.front(attach("bad", 0, receives=False)).then(*self.refusal("bad", 0, receives=False))
        talk.front(END + performative(0x18)).then(ToBack(END + performative(0x18)))
