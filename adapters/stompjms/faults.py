# -*- test-case-name: tests.adapters.stompjms.test_faults -*-
"""Why a frame of a client's is answered by ERROR, before it is known where in the stream the frame stands."""

from __future__ import annotations


class Broken(Exception):
    """A rule of STOMP is broken.

    Attributes:
        what: in words.
        section: of the specification.
    """

    def __init__(self, what: str, section: str) -> None:
        super().__init__(f"{what} ({section})")
        self.what, self.section = what, section


class Unserved(Exception):
    """STOMP does not forbid it, but it is not done here; the text is a sentence with the remedy."""


class Denied(Unserved):
    """The service's policy does not allow it.

    Attributes:
        operation: "send" or "subscribe".
    """

    def __init__(self, operation: str) -> None:
        super().__init__(f"not allowed to {operation} to this destination")
        self.operation = operation


def shown(name: str) -> str:
    """Return a client's own word as errors have it: in quotes, escaped, cut short."""
    return ascii(name[:40])
