"""STOMP clients of a jms service and a JMS application in Java, both at the same broker."""

from __future__ import annotations

import atexit
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.integration import servers
from tests.integration.faults import Gateway
from tests.integration.jms_peer import Fields, JmsPeer, encoded
from tests.integration.servers.activemq import LIBRARIES
from tests.integration.servers.artemis import JARS
from tests.integration.servers.setup import folder
from tests.integration.stomp_clients import Heard, StompPy
from tests.integration.test_jms_faults import LOGIN

BROKERS = ("id", "timestamp", "expires", "destination", "p:NATIVE_MESSAGE_ID")
"""Fields of a message in Java that are the broker's to say, or the clock's."""

TYPED = {
    "p:yes": "Boolean true",
    "p:b": "Byte -7",
    "p:s": "Short 300",
    "p:i": "Integer 70000",
    "p:l": "Long 5000000000",
    "p:f": "Float 1.5",
    "p:d": "Double -0.25",
    "p:word": "String Grüße: 1",
}
SAID = {
    "yes": "true", "b": "-7", "s": "300", "i": "70000", "l": "5000000000", "f": "1.5", "d": "-0.25",
    "word": "Grüße: 1",
}  # fmt: skip
EVERYTHING = bytes(range(256))


@cache
def _activemq() -> tuple[JmsPeer, Gateway]:
    broker = servers.activemq()
    url = f"tcp://127.0.0.1:{broker.openwire}"
    java = JmsPeer(LIBRARIES, "org.apache.activemq.ActiveMQConnectionFactory", url)
    return java, _gateway(f"stomp://{LOGIN}:{broker.stomp}")


@cache
def _artemis() -> tuple[JmsPeer, Gateway]:
    broker = servers.artemis()
    factory = "org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory"
    java = JmsPeer(JARS, factory, f"tcp://127.0.0.1:{broker.core}")
    return java, _gateway(f"amqp10://{LOGIN}:{broker.amqp}")


def _gateway(connect: str) -> Gateway:
    """Return one that ends with the test run."""
    gateway = Gateway(connect, folder("java"))
    gateway.start()
    atexit.register(gateway.kill)
    return gateway


class Common:
    """What holds whatever the protocol, and whoever asks."""

    stage: Callable[[], tuple[JmsPeer, Gateway]]
    """Returns an application, and a gateway."""

    def setUp(self: Any) -> None:
        """Have an application, a gateway and a client."""
        self.java, self.gateway = self.stage()
        self.addCleanup(lambda: self.assertNotIn("Traceback", self.gateway.said()))
        self._clients: list[StompPy] = []
        self.addCleanup(self.leave)
        self.stomp = self.client()
        self.name = f"java.{self._testMethodName}"

    def leave(self: Any) -> None:
        """See every client off."""
        for each in self._clients:
            if each.alive:
                each.disconnect()

    def client(self: Any, **headers: Any) -> StompPy:
        """Return one more client of STOMP."""
        client = StompPy()
        self._clients.append(client)
        client.connect(f"tcp://127.0.0.1:{self.gateway.port}", **headers)
        return client

    def told(self: Any, fields: Fields) -> Fields:
        """Return what a message in Java says, without what differs each time."""
        return {name: value for name, value in fields.items() if name not in BROKERS and name[:5] != "p:JMS"}

    def heard(self: Any, message: Heard) -> dict[str, str]:
        """Return the headers of a message in STOMP, without what differs each time."""
        mine = ("message-id", "timestamp", "expires", "destination", "subscription", "ack", "content-length")
        more = (*mine, "JMSXDeliveryCount")
        return {name: value for name, value in message.headers.items() if name not in more}

    # Java sends

    def test_from_java(self: Any) -> None:
        """
        Text, with all that a JMS message can say; properties of every type are text for STOMP.
        """
        began, where = time.time() * 1000, f"queue:{self.name}"
        sent = self.java.do(
            "send", destination=where, text="Grüße", correlation="c 1", type="greeting", priority="7",
            reply="queue:answers", ttl="60000", **TYPED,
        )  # fmt: skip
        self.stomp.subscribe(f"/queue/{self.name}")
        [got] = self.stomp.hear()
        self.assertEqual(got.body.decode(), "Grüße")
        said = {**SAID, "correlation-id": "c 1", "type": "greeting", "priority": "7", "persistent": "true"}
        self.assertEqual(self.heard(got), {**said, "reply-to": "/queue/answers"})
        self.assertEqual(got.headers["message-id"], sent["id"])
        self.assertEqual(got.headers["timestamp"], sent["timestamp"])
        self.assertLess(abs(int(got.headers["expires"]) - began - 60_000), 30_000)

    def test_bodies_from_java(self: Any) -> None:
        """
        Bytes, with a length; text that does not outlive the broker.
        """
        where = f"queue:{self.name}"
        self.java.do("send", destination=where, bytes=encoded(EVERYTHING))
        self.java.do("send", destination=where, text="", persistent="false")
        self.stomp.subscribe(f"/queue/{self.name}")
        data, text = self.stomp.hear(2)
        self.assertEqual((data.body, data.headers["content-length"]), (EVERYTHING, "256"))
        self.assertEqual((text.body, self.heard(text)), (b"", {"priority": "4"}))

    # STOMP sends

    def test_to_java(self: Any) -> None:
        """
        Text, with all that a SEND can say; its own headers are properties of text.
        """
        soon = int(time.time() * 1000) + 60_000
        self.stomp.send(
            f"/queue/{self.name}", "Grüße", correlation_id="c 1", type="greeting", priority="7",
            persistent="true", expires=str(soon), reply_to="/queue/answers", content_type="text/plain",
            colour="red: dark", i="70000",
        )  # fmt: skip
        self.java.do("open", destination=f"queue:{self.name}", **{"as": "it"})
        got = self.java.do("receive", **{"as": "it"})
        self.java.do("close", **{"as": "it"})
        expected = {
            "text": "Grüße", "correlation": "c 1", "type": "greeting", "priority": "7", "persistent": "true",
            "reply": "queue:answers", "redelivered": "false", "p:colour": "String red: dark",
            "p:i": "String 70000",
        }  # fmt: skip
        told = self.told(got)
        self.assertEqual(told.pop("p:content-type", "String text/plain"), "String text/plain")
        self.assertEqual(told, expected)
        self.assertEqual(got["destination"], f"queue:{self.name}")
        self.assertTrue(got["id"].startswith("ID:"), got["id"])
        self.assertLess(abs(int(got["expires"]) - soon), 2_000)
        self.assertLess(abs(int(got["timestamp"]) - soon + 60_000), 30_000)

    def test_bodies_to_java(self: Any) -> None:
        """
        What has a length is bytes; where nothing says that the broker keeps it, it does not.
        """
        self.stomp.send(f"/queue/{self.name}", EVERYTHING)
        self.java.do("open", destination=f"queue:{self.name}", **{"as": "it"})
        got = self.java.do("receive", **{"as": "it"})
        self.java.do("close", **{"as": "it"})
        said = {"bytes": encoded(EVERYTHING), "priority": "4", "persistent": "false", "redelivered": "false"}
        self.assertEqual(self.told(got), said)

    # Both

    def test_java_asks(self: Any) -> None:
        """
        Java waits at a temporary queue, a STOMP client answers there.
        """
        self.stomp.subscribe(f"/queue/{self.name}")
        self.java.begin("ask", destination=f"queue:{self.name}", text="how much?")
        [question] = self.stomp.hear()
        asked = {"correlation_id": question.headers["message-id"], "content_type": "text/plain"}
        self.stomp.send(question.headers["reply-to"], "42", **asked)
        answer = self.java.done()
        self.assertEqual((answer["text"], answer["correlation"]), ("42", answer["asked"]))

    def test_stomp_asks(self: Any) -> None:
        """
        A STOMP client waits at a temporary queue, Java answers there.
        """
        self.java.begin("answer", destination=f"queue:{self.name}", text="")
        self.stomp.subscribe("/temp-queue/answers")
        back = {"reply_to": "/temp-queue/answers", "correlation_id": "first"}
        self.stomp.send(f"/queue/{self.name}", "how much?", content_type="text/plain", **back)
        [answer] = self.stomp.hear()
        self.java.done()
        self.assertEqual((answer.body, answer.headers["correlation-id"]), (b"re: how much?", "first"))
        self.assertEqual(answer.headers["destination"], "/temp-queue/answers")

    def test_selectors(self: Any) -> None:
        """
        Each gets what it selects of what the other sends, on topics and queues; types are those of Java.
        """
        for kind in ("queue", "topic"):
            theirs, ours = f"{kind}:{self.name}.{kind}.a", f"/{kind}/{self.name}.{kind}.b"
            self.stomp.subscribe(
                f"/{kind}/{self.name}.{kind}.a", selector="size > 2 AND word = 'it''s' AND JMSPriority > 4"
            )
            selector = "colour LIKE 'r%' AND JMSType = 't'"
            self.java.do(
                "open", destination=f"{kind}:{self.name}.{kind}.b", selector=selector, **{"as": kind}
            )
            for size in ("2", "3"):
                typed = {"p:size": f"Integer {size}", "p:word": "String it's"}
                self.java.do("send", destination=theirs, text=size, priority="6", **typed)
            for colour in ("blue", "red"):
                self.stomp.send(ours, colour, content_type="text/plain", colour=colour, type="t")
            self.assertEqual(self.stomp.hear()[0].body, b"3")
            self.assertEqual(self.java.do("receive", **{"as": kind})["text"], "red")
            self.java.do("close", **{"as": kind})

    def test_durable(self: Any) -> None:
        """
        A durable subscriber on either side gets what the other has sent while it was away.
        """
        topic = f"topic:{self.name}"
        away = self.client(client_id=self.name)
        durable = {"durable": "true"}
        away.subscribe(f"/topic/{self.name}", id="news", **durable)
        away.disconnect()
        self.java.do("open", destination=topic, durable=self.name, **{"as": "it"})
        self.java.do("close", **{"as": "it"})
        self.java.do("send", destination=topic, text="from Java")
        self.stomp.send(f"/topic/{self.name}", "from STOMP", content_type="text/plain", persistent="true")
        again = self.client(client_id=self.name)
        again.subscribe(f"/topic/{self.name}", id="news", **durable)
        self.assertEqual([each.body for each in again.hear(2)], [b"from Java", b"from STOMP"])
        again.unsubscribe("news", **durable)
        self.java.do("open", destination=topic, durable=self.name, **{"as": "it"})
        got = [self.java.do("receive", **{"as": "it"})["text"] for _ in range(2)]
        self.assertEqual(got, ["from Java", "from STOMP"])
        self.java.do("close", **{"as": "it"})
        self.java.do("forget", durable=self.name)

    def test_redelivered(self: Any) -> None:
        """
        What one had and did not acknowledge the other gets, and sees that.
        """
        queue = f"queue:{self.name}"
        self.java.do("send", destination=queue, text="once")
        self.assertEqual(self.java.do("take", destination=queue)["redelivered"], "false")
        lost = self.client()
        lost.subscribe(f"/queue/{self.name}", ack="client")
        self.assertEqual(lost.hear()[0].said, "once+")
        lost.cut()
        self.java.do("open", destination=queue, **{"as": "it"})
        got = self.java.do("receive", **{"as": "it"})
        self.assertEqual((got["text"], got["redelivered"]), ("once", "true"))
        self.java.do("close", **{"as": "it"})

    def test_expired(self: Any) -> None:
        """
        What nobody wanted in time, nobody gets.
        """
        self.java.do("send", destination=f"queue:{self.name}.a", text="late", ttl="1")
        gone = str(int(time.time() * 1000) + 300)
        self.stomp.send(f"/queue/{self.name}.b", "late", content_type="text/plain", expires=gone)
        time.sleep(0.6)
        self.java.do("send", destination=f"queue:{self.name}.a", text="new")
        self.stomp.send(f"/queue/{self.name}.b", "new", content_type="text/plain")
        self.stomp.subscribe(f"/queue/{self.name}.a")
        self.java.do("open", destination=f"queue:{self.name}.b", **{"as": "it"})
        self.assertEqual(self.stomp.hear()[0].body, b"new")
        self.assertEqual(self.java.do("receive", **{"as": "it"})["text"], "new")
        self.java.do("close", **{"as": "it"})


class ActiveMqTests(Common, SynchronousTestCase):
    """ActiveMQ: Java over OpenWire, the gateway over STOMP."""

    stage = staticmethod(_activemq)


class ArtemisTests(Common, SynchronousTestCase):
    """ActiveMQ Artemis: Java over its own protocol, the gateway over AMQP 1.0."""

    stage = staticmethod(_artemis)

    def test_maps(self: Any) -> None:
        """
        A map of Java is a JSON object in STOMP, and one that says so is a map in Java.
        """
        inside = {
            "m:city": "String Rome",
            "m:age": "Long 7",
            "m:rich": "Boolean false",
            "m:size": "Double 1.5",
        }
        self.java.do("send", destination=f"queue:{self.name}", **inside)
        self.stomp.subscribe(f"/queue/{self.name}")
        [got] = self.stomp.hear()
        self.assertEqual(got.headers["transformation"], "jms-map-json")
        self.assertEqual(json.loads(got.body), {"city": "Rome", "age": 7, "rich": False, "size": 1.5})
        self.stomp.send(f"/queue/{self.name}.b", got.body, transformation="jms-map-json")
        self.java.do("open", destination=f"queue:{self.name}.b", **{"as": "it"})
        back = self.java.do("receive", **{"as": "it"})
        self.java.do("close", **{"as": "it"})
        self.assertEqual({name: value for name, value in back.items() if name[:2] == "m:"}, inside)
