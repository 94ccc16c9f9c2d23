# -*- test-case-name: tests.adapters.mqtt.test_ledger -*-
"""The SUBSCRIBE and UNSUBSCRIBE of an MQTT client that the backend has not answered.

Of messages nothing is kept: what is under way there outlives the connection, and only the broker knows of it
(docs/decisions/0103).  MQTT 5 sections 2.2.1, 3.8.4 and 3.10.4.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kaazing.errors import ProtocolViolation, Side
from kaazing.wire.mqtt import Request, codes, identifier, with_codes
from kaazing.wire.mqtt_faults import NOT_AUTHORIZED, rule
from kaazing.wire.mqtt_types import NAMES, SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE

_ANSWERS = {SUBSCRIBE: SUBACK, UNSUBSCRIBE: UNSUBACK}
_OLD_FAILURE = 0x80  # MQTT 3.1.1 section 3.9.3


@dataclass(frozen=True, slots=True)
class _Open:
    """What has been asked: the answer's type, how many filters, and at which places some were refused."""

    answer: int
    count: int
    refused: frozenset[int]


class Ledger:
    """What is open on one connection; knows no more requests than the limit allows."""

    __slots__ = ("_most", "_open", "_version")

    def __init__(self, version: int, most: int) -> None:
        """Make an empty one for C{version}, of no more than C{most} requests."""
        self._version, self._most = version, most
        self._open: dict[int, _Open] = {}

    def ask(self, request: Request, offset: int, refused: Collection[int] = ()) -> None:
        """Take note of a request.

        Args:
            request: as the client sent it.
            offset: of the packet in the client's stream, bytes.
            refused: places of the filters that do not reach the backend.

        Raises:
            ProtocolViolation: its identifier is in use, or it is one too many.
        """
        type = request.first >> 4
        if request.id in self._open and self._version != 3:  # MQTT 3.1 asks again
            raise self._fault(f"{NAMES[type]} with packet identifier {request.id}, which is in use", offset)
        if len(self._open) >= self._most and request.id not in self._open:
            raise self._fault(f"more than {self._most} requests that are not answered", offset)
        self._open[request.id] = _Open(_ANSWERS[type], len(request.filters), frozenset(refused))

    def answered(self, wire: bytes, offset: int) -> bytes:
        """Return the SUBACK or UNSUBACK that the client gets: the backend's, the refusals put in.

        Raises:
            ProtocolViolation: nobody has asked, or for another number of filters.
        """
        type, id = wire[0] >> 4, identifier(wire)
        asked = self._open.get(id)
        if asked is None or asked.answer != type:
            if self._version == 3:
                return wire  # to a request that was repeated
            raise self._fault(f"{NAMES[type]} that nobody has asked for", offset, Side.BACK)
        del self._open[id]
        if type == UNSUBACK and self._version != 5:
            return wire
        given = codes(wire, self._version)
        if len(given) != asked.count - len(asked.refused):
            raise self._fault(f"{NAMES[type]} with {len(given)} codes", offset, Side.BACK)
        if not asked.refused:
            return wire
        rest = iter(given)
        whole = (self.failure if place in asked.refused else next(rest) for place in range(asked.count))
        return with_codes(wire, self._version, bytes(whole))

    @property
    def failure(self) -> int:
        """The code of a subscription that is refused."""
        return NOT_AUTHORIZED if self._version == 5 else _OLD_FAILURE

    def _fault(self, what: str, offset: int, side: Side = Side.FRONT) -> ProtocolViolation:
        return ProtocolViolation(what, side=side, offset=offset, rule=rule("2.2.1", self._version))
