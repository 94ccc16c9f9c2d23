"""Tests for L{kaazing.wire.amqp_one_tables}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.amqp_one_tables import COMPOSITES, PERFORMATIVES, SASL, SYMBOLIC

FIELDS = {  # AMQP 1.0 sections 2.7.1 to 2.7.9 and 5.3.3.1 to 5.3.3.5: fields, and those that are mandatory
    "open": (10, ["container-id"]),
    "begin": (8, ["next-outgoing-id", "incoming-window", "outgoing-window"]),
    "attach": (14, ["name", "handle", "role"]),
    "flow": (11, ["incoming-window", "next-outgoing-id", "outgoing-window"]),
    "transfer": (11, ["handle"]),
    "disposition": (6, ["role", "first"]),
    "detach": (3, ["handle"]),
    "end": (1, []),
    "close": (1, []),
    "sasl-mechanisms": (1, ["sasl-server-mechanisms"]),
    "sasl-init": (3, ["mechanism"]),
    "sasl-challenge": (1, ["challenge"]),
    "sasl-response": (1, ["response"]),
    "sasl-outcome": (2, ["code"]),
}


class TableTests(SynchronousTestCase):
    """The tables say what the specification says."""

    def test_fields(self) -> None:
        """
        Each performative has as many fields, and those mandatory, that it has there.
        """
        known = [*PERFORMATIVES.values(), *SASL.values()]
        self.assertEqual(
            {each.name: (len(each.fields), [f.name for f in each.fields if f.mandatory]) for each in known},
            FIELDS,
        )

    def test_descriptors(self) -> None:
        """
        Numeric and symbolic descriptors name the same types.
        """
        self.assertEqual([*PERFORMATIVES], [*range(0x10, 0x19)])
        self.assertEqual([*SASL], [*range(0x40, 0x45)])
        self.assertEqual(SYMBOLIC[b"amqp:open:list"], 0x10)
        self.assertEqual(SYMBOLIC[b"amqp:sasl-outcome:list"], 0x44)
        self.assertEqual(SYMBOLIC[b"amqp:transactional-state:list"], 0x34)
        self.assertEqual(len(SYMBOLIC), len(COMPOSITES))

    def test_places(self) -> None:
        """
        A field is found by its name.
        """
        self.assertEqual(COMPOSITES[0x10].places["hostname"], 1)
        self.assertEqual(COMPOSITES[0x28].places["capabilities"], 10)
