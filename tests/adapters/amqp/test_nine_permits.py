"""Tests for L{kaazing.adapters.amqp.nine_permits}: the names that a policy is asked about."""

from __future__ import annotations

import pika.frame
import pika.spec
from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp.nine_permits import Permits
from kaazing.wire.amqp import ROWS, encode, string_field
from tests.adapters.amqp.dialogue import policy
from tests.wire.amqp_streams import header

PLAIN = header(1, 5)


def asked(
    wire: bytes, *rules: str, content: bytes = b"", deny: tuple[str, ...] = ()
) -> tuple[str, str] | None:
    """What is refused of a method, with these rules."""
    return Permits(policy(*rules, deny=deny)).refusal(wire, content)


def publish(exchange: str, key: str) -> bytes:
    """Return basic.publish."""
    return encode(1, "basic.publish", 0, exchange, key, 0)


class PermitsTests(SynchronousTestCase):
    def test_rows(self) -> None:
        """
        Only methods of operations that are restricted are looked at.
        """
        self.assertEqual(Permits(policy("*")).rows, b"")
        looked = Permits(policy("consume,declare,bind")).rows
        names = ("basic.publish", "queue.declare", "exchange.declare")
        self.assertEqual(looked, bytes(sorted(ROWS[name] for name in names)))
        looked = Permits(policy("publish,declare,bind")).rows
        names = ("basic.consume", "basic.get", "queue.declare")
        self.assertEqual(looked, bytes(sorted(ROWS[name] for name in names)))

    def test_publish(self) -> None:
        """
        A message is published to EXCHANGE/ROUTING.KEY; the default exchange has no name.
        """
        rules = "publish stock/eu.#", "publish /orders"
        for exchange, key in (("stock", "eu.dax"), ("stock", "eu"), ("", "orders")):
            self.assertIsNone(asked(publish(exchange, key), *rules, content=PLAIN))
        for exchange, key in (("stock", "us.dow"), ("", "eu.dax"), ("orders", ""), ("stock/eu", "dax")):
            said = asked(publish(exchange, key), *rules, content=PLAIN)
            self.assertEqual(said, ("publish", f"{exchange}/{key}"))

    def test_more_keys(self) -> None:
        """
        The headers CC and BCC are routing keys as well (RabbitMQ), and asked about.
        """
        for name in ("CC", "BCC"):
            properties = pika.spec.BasicProperties(headers={"x": 1, name: ["eu.a", "us.b"]})
            content = pika.frame.Header(1, 0, properties).marshal()
            said = asked(publish("stock", "eu.dax"), "publish stock/eu.*", content=content)
            self.assertEqual(said, ("publish", "stock/us.b"))
            self.assertIsNone(asked(publish("stock", "eu"), "publish stock/#", content=content))

    def test_consume(self) -> None:
        """
        Messages are consumed, and got, from a queue.
        """
        for wire in (
            encode(1, "basic.consume", 0, "jobs.a", "", 0, b""),
            encode(1, "basic.get", 0, "jobs.a", 0),
        ):
            self.assertIsNone(asked(wire, "consume jobs.*"))
            self.assertEqual(asked(wire, "consume jobs"), ("consume", "jobs.a"))

    def test_empty_queue_name(self) -> None:
        """
        An empty name is that of the queue that was declared last on the channel, by either side's word.
        """
        permits = Permits(policy("consume mine", "consume amq.gen-1", "declare"))
        consume = encode(1, "basic.consume", 0, "", "", 0, b"")
        self.assertEqual(permits.refusal(consume), ("consume", "amq.gen"))
        permits.refusal(encode(1, "queue.declare", 0, "mine", 0, b""))
        self.assertIsNone(permits.refusal(consume))
        permits.refusal(encode(1, "queue.declare", 0, "theirs", 0, b""))
        permits.declared(encode(1, "queue.declare-ok", "mine", 0, 0))  # of before
        self.assertEqual(permits.refusal(consume), ("consume", "theirs"))
        permits.refusal(encode(1, "queue.declare", 0, "", 0, b""))
        self.assertEqual(permits.refusal(consume), ("consume", "amq.gen"))
        permits.declared(encode(1, "queue.declare-ok", "amq.gen-1", 0, 0))
        self.assertIsNone(permits.refusal(consume))
        self.assertEqual(permits.refusal(encode(2, "basic.get", 0, "", 0)), ("consume", "amq.gen"))
        permits.forget(1)
        self.assertEqual(permits.refusal(consume), ("consume", "amq.gen"))

    def test_declare(self) -> None:
        """
        Queues and exchanges are declared, purged and deleted under queue/NAME and exchange/NAME; a queue
        that the server is to name is queue/amq.gen.
        """
        rules = "declare queue/mine.#", "declare exchange/mine", "declare queue/amq.*", "publish,bind,consume"
        for wire in (
            encode(1, "queue.declare", 0, "mine.a", 0, b""),
            encode(1, "queue.declare", 0, "", 0, b""),
            encode(1, "queue.purge", 0, "mine", 0),
            encode(1, "queue.delete", 0, "mine.b", 0),
            encode(1, "exchange.declare", 0, "mine", "topic", 0, b""),
            encode(1, "exchange.delete", 0, "mine", 0),
        ):
            self.assertIsNone(asked(wire, *rules))
        for wire, name in (
            (encode(1, "queue.declare", 0, "other", 0, b""), "queue/other"),
            (encode(1, "queue.purge", 0, "other", 0), "queue/other"),
            (encode(1, "queue.delete", 0, "other", 0), "queue/other"),
            (encode(1, "exchange.declare", 0, "other", "topic", 0, b""), "exchange/other"),
            (encode(1, "exchange.delete", 0, "other", 0), "exchange/other"),
        ):
            self.assertEqual(asked(wire, *rules), ("declare", name))

    def test_bind(self) -> None:
        """
        A queue, or exchange, is bound where its owner may declare it, and to a pattern of which all is
        allowed: who may hear eu.* may not bind to #.
        """
        rules = "declare queue/mine", "declare exchange/mine", "bind stock/eu.*"
        for method, name in (("queue", "mine"), ("exchange", "mine")):
            for verb, end in (("bind", (0, b"")), ("unbind", (0, b"") if method == "exchange" else (b"",))):
                for key, may in (
                    ("eu.dax", True),
                    ("eu.*", True),
                    ("#", False),
                    ("eu.#", False),
                    ("us", False),
                ):
                    wire = encode(1, f"{method}.{verb}", 0, name, "stock", key, *end)
                    said = None if may else ("bind", f"stock/{key}")
                    self.assertEqual(asked(wire, *rules), said)
                wire = encode(1, f"{method}.{verb}", 0, "other", "stock", "eu.dax", *end)
                self.assertEqual(asked(wire, *rules), ("declare", f"{method}/other"))

    def test_onward(self) -> None:
        """
        A queue or an exchange that passes messages on publishes them: where, is asked about too.
        """
        rules = "declare,bind,consume", "publish dead/letters", "publish all/#"
        exchange, key = "x-dead-letter-exchange", "x-dead-letter-routing-key"
        for arguments, said in (
            (string_field(exchange, "dead") + string_field(key, "letters"), None),
            (string_field(exchange, "dead"), ("publish", "dead/#")),
            (string_field(exchange, "all"), None),
            (string_field(exchange, "") + string_field(key, "q"), ("publish", "/q")),
        ):
            self.assertEqual(asked(encode(1, "queue.declare", 0, "q", 0, arguments), *rules), said)
        wire = encode(1, "exchange.declare", 0, "e", "topic", 0, string_field("alternate-exchange", "x"))
        self.assertEqual(asked(wire, *rules), ("publish", "x/#"))

    def test_line_ends(self) -> None:
        """
        RabbitMQ takes CR and LF out of names, so they make no other name of one that is denied.
        """
        deny = "declare queue/secret", "bind secret/#", "consume secret"
        for wire, said in (
            (encode(1, "queue.declare", 0, "sec\nret", 0, b""), ("declare", "queue/sec\nret")),
            (encode(1, "queue.delete", 0, "secret\r\n", 0), ("declare", "queue/secret\r\n")),
            (encode(1, "queue.bind", 0, "q", "\rsecret", "#", 0, b""), ("bind", "\rsecret/#")),
            (encode(1, "exchange.bind", 0, "e", "sec\rret", "a", 0, b""), ("bind", "sec\rret/a")),
        ):
            self.assertEqual(asked(wire, "*", deny=deny), said)
        permits = Permits(policy("*", deny=("consume secret",)))
        self.assertIsNone(permits.refusal(encode(1, "queue.declare", 0, "sec\nret", 0, b"")))
        got = permits.refusal(encode(1, "basic.get", 0, "", 0))
        self.assertEqual(got, ("consume", "sec\nret"), "the name that it has been given is meant")

    def test_slashes(self) -> None:
        """
        A slash in the name of an exchange is no beginning of the routing key: the exchange is allowed when
        its name is, with %2F too, and denied by either.
        """
        secret = publish("stock/secret", "eu")
        self.assertEqual(asked(secret, "publish stock/#", content=PLAIN), ("publish", "stock%2Fsecret/eu"))
        both = "publish stock/#", "publish stock%2Fsecret/*"
        self.assertIsNone(asked(secret, *both, content=PLAIN))
        for deny in ("publish stock/secret/#", "publish stock%2Fsecret/#"):
            self.assertIsNotNone(asked(secret, "*", content=PLAIN, deny=(deny,)))
        bound = encode(1, "queue.bind", 0, "q", "stock/secret", "eu", 0, b"")
        self.assertEqual(asked(bound, "bind stock/#", "declare"), ("bind", "stock%2Fsecret/eu"))
