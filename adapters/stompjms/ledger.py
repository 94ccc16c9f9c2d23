# -*- test-case-name: tests.adapters.stompjms.test_ledger -*-
"""What a client has open: subscriptions, deliveries, transactions; its frames become requests.

STOMP 1.2, Client Frames. Each limit is a property of the service.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from kaazing.adapters.stompjms import frames
from kaazing.adapters.stompjms.deliveries import Subscription
from kaazing.adapters.stompjms.faults import Broken, Denied, Unserved, shown
from kaazing.adapters.stompjms.transactions import Transaction
from kaazing.adapters.stompjms.wishes import Fields, destination, durable_name, one_destination, subscription
from kaazing.interfaces.brokers import Destination, Message, Outcome
from kaazing.interfaces.servers import Goodbye, Request, Send, Settle, Subscribe, Unsubscribe
from kaazing.wire.stomp import Frame
from kaazing.wire.stomp_messages import message_of
from kaazing.wire.stomp_properties import SEND, SUBSCRIBE

ANY_NUMBER = 1000
"""Deliveries that a client gets who wants any number of them at a time."""

_ACK = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


class Ledger:
    """One connection's, from CONNECTED on.

    Each method that is named like a command takes such a frame, its headers (of repeated ones the first) and
    its size in bytes. It returns the request that follows; None where nothing is left to be done but the
    RECEIPT. It raises L{Broken} or L{Unserved}: the connection is then over.
    """

    __slots__ = (
        "_acknowledging", "_granted", "_number", "_options", "_policy", "_size", "_subscriptions",
        "_transactions", "_version",
    )  # fmt: skip

    def __init__(self, version: int, options: Mapping[str, Any], policy: Any) -> None:
        """C{policy}: an IPolicy, None where everything is allowed."""
        self._version, self._options, self._policy = version, options, policy
        self._subscriptions: dict[str, Subscription] = {}
        self._acknowledging: dict[int, Subscription] | None = None  # whose deliveries the client settles
        self._transactions: dict[str, Transaction] | None = None
        self._number = 0  # of the last subscription
        self._granted = self._size = 0  # deliveries of all subscriptions; bytes of all transactions

    # Frames

    def send(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """SEND."""
        where = one_destination(fields["destination"])
        if self._policy is not None and not self._policy.allows(SEND, str(where)):
            raise Denied(SEND)
        reply_to = fields.get("reply-to")
        try:
            message = message_of(frame, where, one_destination(reply_to) if reply_to else None)
        except ValueError as why:
            raise Unserved(str(why)) from why
        transaction = self._transaction(fields, "SEND")
        if transaction is None:
            return Send(message=message, receipt=fields.get("receipt"))
        before = transaction.size
        transaction.send(message, size)
        self._grow(transaction.size - before)
        return None

    def subscribe(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """SUBSCRIBE."""
        id = fields.get("id")
        name = fields["destination"] if id is None else id  # STOMP 1.0 needs no id
        if name in self._subscriptions:
            raise Broken(f"subscription {shown(name)} is open already", "SUBSCRIBE id Header")
        most: int = self._options["stomp.maximum.subscriptions"]
        if len(self._subscriptions) == most:
            raise Broken(f"more than {most} subscriptions", "Size Limits")
        asked = subscription(name, fields, ANY_NUMBER)
        self._permit(asked.destination)
        if asked.acknowledges and asked.prefetch is not None:
            asked = replace(asked, prefetch=self._grant(asked.prefetch))
        self._open(asked, id, fields.get("ack", "auto"))
        return asked

    def unsubscribe(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """UNSUBSCRIBE."""
        id, receipt = fields.get("id"), fields.get("receipt")
        name = fields.get("destination") if id is None else id
        if name is None:
            raise Broken("UNSUBSCRIBE without id and destination", "UNSUBSCRIBE")
        durable = durable_name(name, fields)
        known = self._subscriptions.get(name)
        if known is not None:
            if durable and durable != known.durable:
                raise Unserved(
                    f"subscription {shown(name)} is not the durable one {shown(durable)}; end it by an id"
                    " that is not open"
                )
            self._close(known)
            return Unsubscribe(id=name, durable=durable, receipt=receipt)
        if not durable:
            raise Broken(f"no subscription {shown(name)} is open", "UNSUBSCRIBE")
        where = destination(fields["destination"]) if "destination" in fields else None
        if where is not None:
            self._permit(where)
        return Unsubscribe(id=None, durable=durable, destination=where, receipt=receipt)

    def ack(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """ACK."""
        return self._settle("ACK", Outcome.ACCEPTED, fields)

    def nack(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """NACK; with C{requeue:false}, RabbitMQ's, the message is not to come again."""
        again = fields.get("requeue", "true").strip().lower() != "false"
        return self._settle("NACK", Outcome.RELEASED if again else Outcome.REJECTED, fields)

    def begin(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """BEGIN."""
        name = fields["transaction"]
        if self._transactions is None:
            self._transactions = {}
        if name in self._transactions:
            raise Broken(f"transaction {shown(name)} is open already", "BEGIN")
        most: int = self._options["stomp.maximum.transactions"]
        if len(self._transactions) == most:
            raise Broken(f"more than {most} transactions", "Size Limits")
        transaction = self._transactions[name] = Transaction()
        self._grow(transaction.size)
        return None

    def commit(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """COMMIT."""
        transaction = self._end("COMMIT", fields["transaction"])
        if transaction.broken:
            raise Unserved(f"transaction {shown(fields['transaction'])}: {transaction.broken}; begin anew")
        commit = transaction.commit(fields.get("receipt"))
        return commit if commit.sends or commit.settles else None

    def abort(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """ABORT."""
        self._end("ABORT", fields["transaction"]).abort()
        return None

    def disconnect(self, frame: Frame, fields: Fields, size: int) -> Request | None:
        """DISCONNECT."""
        return Goodbye(receipt=fields.get("receipt"))

    # Deliveries

    def delivery(self, id: str, message: Message, tag: Hashable) -> tuple[Message, bytes]:
        """Take note of a delivery; return the message, under another message-id where the client could not
        tell it from one that is open, and the client's own headers of it."""
        known = self._subscriptions[id]
        if known.open is None:
            return message, known.own
        known.sent += 1
        if self._version == 12:
            known.open[known.sent] = tag
            return message, known.own + b"ack:%d-%d\n" % (known.number, known.sent)
        if self._ambiguous(known, message.message_id):
            message = replace(message, message_id=f"{message.message_id}#{known.number}-{known.sent}")
        known.open[message.message_id] = tag
        return message, known.own

    def own(self, id: str) -> bytes:
        """Return the client's own headers of each message of a subscription."""
        return self._subscriptions[id].own

    def unsettled(self, id: str) -> int:
        """Return how many deliveries of a subscription are open; 0 where that is not."""
        known = self._subscriptions.get(id)
        return len(known.open or ()) if known is not None else 0

    def discard(self, id: str) -> None:
        """Forget the open deliveries of a subscription; nothing happens where that is not open."""
        known = self._subscriptions.get(id)
        if known is not None:
            known.discard()
            self._break(known, "what was acknowledged in it comes again, because the broker was lost")

    def _ambiguous(self, known: Subscription, key: str) -> bool:
        """Return whether a message-id alone (STOMP 1.0), or that and the subscription (1.1), names something
        else already."""
        if self._version == 10:
            return any(key in (each.open or ()) for each in (self._acknowledging or {}).values())
        return key in (known.open or ())

    # Subscriptions

    def _permit(self, where: Destination) -> None:
        if self._policy is not None and not self._policy.allows_all(SUBSCRIBE, str(where)):
            raise Denied(SUBSCRIBE)

    def _grant(self, prefetch: int) -> int:
        most: int = self._options["stomp.maximum.unsettled"]
        granted = min(prefetch, most - self._granted)
        if granted < 1:
            raise Broken(f"more than {most} deliveries that may be out", "Size Limits")
        return granted

    def _open(self, asked: Subscribe, id: str | None, ack: str) -> None:
        self._number += 1
        own = b"" if id is None else frames.line("subscription", id, self._version).encode("utf-8", "replace")
        granted = (asked.prefetch or 0) if asked.acknowledges else 0
        known = Subscription(str(asked.id), self._number, own, asked.durable, granted, ack)
        self._subscriptions[known.id] = known
        self._granted += granted
        if known.open is not None:
            if self._acknowledging is None:
                self._acknowledging = {}
            self._acknowledging[known.number] = known

    def _close(self, known: Subscription) -> None:
        del self._subscriptions[known.id]
        self._granted -= known.granted
        if self._acknowledging is not None:
            self._acknowledging.pop(known.number, None)
            self._acknowledging = self._acknowledging or None
        self._break(known, "what was acknowledged in it has gone back when its subscription ended")

    def _settle(self, command: str, outcome: Outcome, fields: Fields) -> Request | None:
        known, key = self._named(fields)
        keys = known.meant(key) if known is not None else None
        if known is None or keys is None:
            raise Broken(f"{command} of what is not to be acknowledged", command)
        transaction = self._transaction(fields, command)
        if transaction is not None:
            before = transaction.size
            if keys:
                transaction.settle(known, keys, outcome)
            self._grow(transaction.size - before)
            return None
        if not keys:
            return None
        return Settle(id=known.id, tags=known.settle(keys), outcome=outcome, receipt=fields.get("receipt"))

    def _named(self, fields: Fields) -> tuple[Subscription | None, Hashable]:
        """Return what an ACK or NACK names: the subscription, and the delivery's key."""
        acknowledging = self._acknowledging or {}
        if self._version == 12:
            found = _ACK.fullmatch(fields["id"])
            return (acknowledging.get(int(found[1])), int(found[2])) if found else (None, None)
        key = fields["message-id"]
        if self._version == 11:
            return self._subscriptions.get(fields["subscription"]), key
        return next((each for each in acknowledging.values() if each.knows(key)), None), key

    # Transactions

    def _transaction(self, fields: Fields, command: str) -> Transaction | None:
        name = fields.get("transaction")
        if name is None:
            return None
        found = (self._transactions or {}).get(name)
        if found is None:
            raise Broken(f"no transaction {shown(name)} is open", command)
        return found

    def _end(self, command: str, name: str) -> Transaction:
        found = (self._transactions or {}).pop(name, None)
        if found is None:
            raise Broken(f"no transaction {shown(name)} is open", command)
        self._size -= found.size
        self._transactions = self._transactions or None
        return found

    def _grow(self, size: int) -> None:
        """Raises Broken where all transactions together hold more than they may."""
        self._size += size
        most: int = self._options["stomp.maximum.transaction.size"]
        if self._size > most:
            raise Broken(f"more than {most} bytes in transactions", "Size Limits")

    def _break(self, known: Subscription, why: str) -> None:
        for transaction in (self._transactions or {}).values():
            transaction.lose(known, why)
