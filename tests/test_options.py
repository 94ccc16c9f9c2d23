"""How a service type declares a property."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

from twisted.trial.unittest import SynchronousTestCase

from kaazing.literals import size
from kaazing.options import Option


class OptionTests(SynchronousTestCase):
    """What a declaration says, and what it leaves out."""

    def test_defaults(self) -> None:
        """
        A property may be left out, stands once, is no secret and has no parts, unless it says so.
        """
        option = Option(name="pending", read=size, doc="Bytes that may wait.")
        self.assertEqual(
            (option.default, option.required, option.repeated, option.secret, option.children),
            (None, False, False, False, ()),
        )

    def test_frozen(self) -> None:
        """
        A declaration, once made, stays as it is: the reader and the documentation see the same.
        """
        option = Option(name="pending", read=size, doc="Bytes that may wait.")
        with self.assertRaises(FrozenInstanceError):
            option.name = "other"  # type: ignore[misc]

    def test_doc_needed(self) -> None:
        """
        There is no property without documentation.
        """
        self.assertRaises(TypeError, lambda: Option(name="pending", read=size))  # type: ignore[call-arg]
