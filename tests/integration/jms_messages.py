"""What any STOMP client may expect of a jms service: of messages, of replies, and of selectors."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from tests.integration.jms_stage import Stage, outcome, said
from tests.integration.stomp_clients import Refused

EVERY_BYTE = bytes(range(256))


# Requests and replies


@outcome({"question": "what?", "reply": "42", "correlation": "q-1"})
def temporary_queue(stage: Stage) -> Any:
    """A question is answered to a temporary queue of who asked."""
    return _asked(stage, "/temp-queue/answers")


@outcome({"question": "what?", "reply": "42", "correlation": "q-1"})
def temporary_topic(stage: Stage) -> Any:
    """A question is answered to a temporary topic of who asked."""
    return _asked(stage, "/temp-topic/answers")


@outcome({"question": "what?", "reply": "42", "correlation": "q-1"})
def replied_to_a_queue(stage: Stage) -> Any:
    """A question is answered to a queue that it names."""
    return _asked(stage, stage.queue("answers"))


def _asked(stage: Stage, answers: str) -> Any:
    asking, answering, questions = stage.client(), stage.client(), stage.queue("questions")
    answering.subscribe(questions)
    asking.subscribe(answers)
    asking.send(questions, "what?", reply_to=answers, correlation_id="q-1")
    (question,) = answering.hear()
    answering.send(question.headers["reply-to"], "42", correlation_id=question.headers["correlation-id"])
    (reply,) = asking.hear()
    return {"question": question.said, "reply": reply.said, "correlation": reply.headers["correlation-id"]}


@outcome("ERROR: /temp-queue/NAME is another client's, who alone can consume from it")
def temporary_of_another(stage: Stage) -> Any:
    """Who was asked cannot read the answers of others."""
    asking, thief, questions = stage.client(), stage.client(), stage.queue("questions")
    thief.subscribe(questions)
    asking.subscribe("/temp-queue/answers")
    asking.send(questions, "what?", reply_to="/temp-queue/answers")
    (question,) = thief.hear()
    theirs = question.headers["reply-to"]
    try:
        thief.subscribe(theirs)
    except Refused as why:
        raise Refused(str(why).replace(theirs, "/temp-queue/NAME")) from why


# Messages


@outcome(["9", "4", "1"])
def priorities(stage: Stage) -> Any:
    """What is more urgent is delivered first."""
    queue, client = stage.queue(), stage.client()
    for priority in ("1", "9", "4"):
        client.send(queue, priority, priority=priority)
    client.subscribe(queue)
    heard = client.hear(3)
    assert [each.headers["priority"] for each in heard] == said(heard)
    return said(heard)


@outcome(["kept"])
def expired(stage: Stage) -> Any:
    """What has expired before anybody came is not delivered."""
    queue, client = stage.queue(), stage.client()
    now = int(time.time() * 1000)
    client.send(queue, "gone", expires=str(now + 300))
    client.send(queue, "kept", expires=str(now + 600_000))
    time.sleep(0.6)
    client.subscribe(queue)
    heard = client.hear()
    assert abs(int(heard[0].headers["expires"]) - now - 600_000) < 10_000  # RabbitMQ by STOMP counts anew
    return said(heard)


@outcome([0, 1, 2, 3, 4, 5])
def bodies(stage: Stage) -> Any:
    """Bodies come as they were sent: nothing, text, every byte, 1 MiB of either."""
    sent = (
        b"",
        "grüße, 你好, 🚂".encode(),
        b"\0 in the middle",
        EVERY_BYTE,
        EVERY_BYTE * 4096,
        "ü".encode() * (1 << 19),
    )
    queue, client = stage.queue(), stage.client()
    client.subscribe(queue)
    for number, body in enumerate(sent):
        client.send(queue, body, number=str(number))
    heard = client.hear(len(sent))
    return [int(each.headers["number"]) for each, body in zip(heard, sent, strict=True) if each.body == body]


WRITTEN = {"text": "1: a\\b\nc\\\\", "letters": "grüße, 你好, 🚂", "grüße": "name", "blank": "x  y\tz"}


@outcome(WRITTEN)
def header_escapes(stage: Stage) -> Any:
    """Headers come as they were sent, with colons, backslashes, line ends and letters of any script."""
    queue, client = stage.queue(), stage.client()
    client.send(queue, "x", WRITTEN)
    client.subscribe(queue)
    (heard,) = client.hear()
    return {name: heard.headers.get(name) for name in WRITTEN}


@outcome("a\rb\r\nc")
def carriage_returns(stage: Stage) -> Any:
    """So do headers with carriage returns."""
    queue, client = stage.queue(), stage.client()
    client.send(queue, "x", value="a\rb\r\nc")
    client.subscribe(queue)
    return client.hear()[0].headers.get("value")


HEADERS = {
    "correlation-id": "c-1",
    "type": "greeting",
    "priority": "7",
    "persistent": "true",
    "content-type": "application/json",
    "colour": "red",
    "size": "3",
}


@outcome({**HEADERS, "timestamp": "now", "message-id": "some"})
def headers_of_jms(stage: Stage) -> Any:
    """The headers of JMS, and properties, come through; the broker gives an identifier and a time."""
    queue, client = stage.queue(), stage.client()
    client.send(queue, "x", HEADERS)
    client.subscribe(queue)
    (heard,) = client.hear()
    found = {name: heard.headers.get(name) for name in HEADERS}
    sent = abs(int(heard.headers.get("timestamp", 0)) - time.time() * 1000) < 60_000
    found["timestamp"] = "now" if sent else heard.headers.get("timestamp")
    found["message-id"] = "some" if heard.headers["message-id"] else "none"
    return found


@outcome({"city": "Rome", "age": 2777, "eternal": True, "end": None})
def maps(stage: Stage) -> Any:
    """A map message is a JSON object to STOMP clients."""
    queue, client = stage.queue(), stage.client()
    sent = json.dumps({"city": "Rome", "age": 2777, "eternal": True, "end": None})
    client.send(queue, sent, transformation="jms-map-json")
    client.subscribe(queue)
    (heard,) = client.hear()
    assert heard.headers["transformation"] == "jms-map-json", heard.headers
    return json.loads(heard.body)


# Selectors

CARS: list[Mapping[str, str]] = [
    {"type": "car", "color": "blue", "weight": "3000", "age": "17", "Country": "UK", "phone": "123",
     "word": "lose", "underscored": "_foo", "sold": "true", "correlation-id": "c-1"},
    {"type": "car", "color": "red", "weight": "2000", "age": "21", "Country": "US", "phone": "12993",
     "word": "lse", "underscored": "bar", "priority": "7"},
    {},
    {"type": "bus", "color": "blue", "weight": "2501", "age": "15", "Country": "France", "phone": "1234",
     "word": "loose", "persistent": "true"},
]  # fmt: skip

SELECTED: dict[str, list[int]] = {
    "JMSType = 'car' AND color = 'blue' AND weight > 2500": [0],
    "age BETWEEN 15 AND 19": [0, 3],
    "age NOT BETWEEN 15 AND 19": [1],
    "age >= 15 AND age <= 19": [0, 3],
    "age < 15 OR age > 19": [1],
    "Country IN ('UK', 'US', 'France')": [0, 1, 3],
    "Country NOT IN ('UK', 'US')": [3],
    "Country = 'UK' OR Country = 'US'": [0, 1],
    "phone LIKE '12%3'": [0, 1],
    "phone NOT LIKE '12%3'": [3],
    "word LIKE 'l_se'": [0],
    "underscored LIKE '\\_%' ESCAPE '\\'": [0],
    "color IS NULL": [2],
    "color IS NOT NULL": [0, 1, 3],
    "color <> 'blue'": [1],
    "NOT (color = 'blue')": [1],
    "weight * 2 > 5000": [0, 3],
    "weight / 1000 + 1 >= 4": [0],
    "-weight < -2500": [0, 3],
    "missing > 1 OR color = 'red'": [1],
    "NOT (missing > 1)": [],
    "sold = TRUE": [0],
    "JMSPriority > 4": [1],
    "JMSCorrelationID = 'c-1'": [0],
    "JMSDeliveryMode = 'PERSISTENT'": [3],
}
"""The examples of JMS 2.0 section 3.8.1, and what each of its tables of unknown values says."""


@outcome(SELECTED)
def selectors(stage: Stage) -> Any:
    """Subscribers of a topic with selectors get what these are true of."""
    topic, client = stage.topic(), stage.client()
    # What ends it is selected by all: a selector that is unknown or false is so still.
    asked = {
        client.subscribe(topic, selector=f"({text}) OR last = 'yes'", ack="auto"): text for text in SELECTED
    }
    found: dict[str, list[int]] = {text: [] for text in SELECTED}
    for number, headers in enumerate(CARS):
        client.send(topic, str(number), headers)
    client.send(topic, "end", last="yes")
    ends = 0
    while ends < len(SELECTED):
        (heard,) = client.hear()
        if heard.body == b"end":
            ends += 1
        else:
            found[asked[heard.headers["subscription"]]].append(int(heard.body))
    return found


@outcome({"selected": ["0", "3"], "left": ["1", "2"]})
def selectors_of_queues(stage: Stage) -> Any:
    """A consumer of a queue with a selector leaves to others what it does not want."""
    queue, client = stage.queue(), stage.client()
    for number, headers in enumerate(CARS):
        client.send(queue, str(number), headers, persistent="true")
    client.subscribe(queue, selector="color = 'blue' AND JMSType IN ('car', 'bus')")
    selected = client.hear(2)
    client.disconnect()
    return {"selected": said(selected), "left": stage.rest(queue)}


@outcome("ERROR: selector, column 10: expected a name or a value, not the end (JMS 2.0 section 3.8.1.1)")
def selector_faulty(stage: Stage) -> Any:
    """A selector that cannot be read is refused with the place where."""
    stage.client().subscribe(stage.topic(), selector="color = (")
