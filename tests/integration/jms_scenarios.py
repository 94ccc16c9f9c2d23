"""What any STOMP client may expect of a jms service: to acknowledge, to subscribe, to stay connected."""

from __future__ import annotations

import threading
import time
from typing import Any

from tests.integration.jms_stage import Stage, outcome, said
from tests.integration.stomp_clients import StompClient

MANY = 200

READING = threading.Lock()
"""Held by who reads the dead letters, which are everybody's, so that nobody holds those of another."""


# Acknowledging


@outcome({"heard": ["1", "2", "3"], "left": []})
def acknowledged_automatically(stage: Stage) -> Any:
    """What was delivered with ack:auto does not come again."""
    queue, client = stage.queue(), stage.client()
    client.subscribe(queue)
    for body in ("1", "2", "3"):
        client.send(queue, body)
    heard = said(client.hear(3))
    client.disconnect()
    return {"heard": heard, "left": stage.rest(queue)}


@outcome({"heard": ["1", "2", "3", "4", "5"], "left": ["4+", "5+"]})
def acknowledged_up_to(stage: Stage) -> Any:
    """With ack:client an ACK is for all before it too; the rest goes back when the client leaves."""
    return _acknowledged(stage, "client", [2])


@outcome({"heard": ["1", "2", "3", "4", "5"], "left": ["1+", "3+", "5+"]})
def acknowledged_one_by_one(stage: Stage) -> Any:
    """With ack:client-individual an ACK is for one message."""
    return _acknowledged(stage, "client-individual", [3, 1])


def _acknowledged(stage: Stage, ack: str, which: list[int]) -> Any:
    queue, client = stage.queue(), stage.client()
    for number in range(1, 6):
        client.send(queue, str(number))
    client.subscribe(queue, ack)
    heard = client.hear(5)
    for each in which:
        client.ack(heard[each])
    client.disconnect()
    return {"heard": said(heard), "left": stage.rest(queue)}


@outcome(["1", "1+", "2"])
def given_back(stage: Stage) -> Any:
    """What is answered by NACK is delivered again, and says so."""
    queue, client = stage.queue(), stage.client()
    client.subscribe(queue, "client-individual", prefetch_count="1")
    client.send(queue, "1")
    first = client.hear()
    client.nack(first[0])
    again = client.hear()
    client.ack(again[0])
    client.send(queue, "2")
    return said(first + again + client.hear())


@outcome({"heard": ["poison", "poison+", "poison+", "unwanted"], "dead": ["poison", "unwanted"], "left": []})
def dead(stage: Stage) -> Any:
    """What fails too often, or is not to be delivered again (requeue:false), goes to the dead letters."""
    queue, client = stage.queue(), stage.client()
    client.subscribe(queue, "client-individual", prefetch_count="1")
    heard = []
    client.send(queue, "poison", own=stage.own, persistent="true")
    for _ in range(3):
        heard += client.hear()
        client.nack(heard[-1])
    client.send(queue, "unwanted", own=stage.own, persistent="true")
    heard += client.hear()
    client.nack(heard[-1], requeue="false")
    client.disconnect()
    letters, mine = stage.client(), list[str]()
    with READING:
        letters.subscribe(stage.dead, "client-individual")
        while len(mine) < 2:
            (letter,) = letters.hear()
            if letter.headers.get("own") == stage.own:
                mine.append(letter.body.decode())
                letters.ack(letter)
        letters.disconnect()
    return {"heard": said(heard), "dead": mine, "left": stage.rest(queue)}


@outcome({"first": ["0"], "second": ["1", "2", "3", "4", "5"], "then": ["0+"]})
def competing(stage: Stage) -> Any:
    """Of two consumers of a queue who take one message at a time, the quicker one gets more."""
    queue, first, second = stage.queue(), stage.client(), stage.client()
    first.subscribe(queue, "client-individual", prefetch_count="1")
    first.send(queue, "0")
    kept = first.hear()
    second.subscribe(queue, "client-individual", prefetch_count="1")
    for number in range(1, 6):
        first.send(queue, str(number))
    heard = []
    for _ in range(5):
        heard += second.hear()
        second.ack(heard[-1])
    first.disconnect()
    return {"first": said(kept), "second": said(heard), "then": said(second.hear())}


# Transactions


@outcome(["outside", "1", "2", "3"])
def committed(stage: Stage) -> Any:
    """What is sent in a transaction is there when it was committed, in order."""
    queue, client = stage.queue(), stage.client()
    client.subscribe(queue)
    transaction = client.begin()
    for body in ("1", "2", "3"):
        client.send(queue, body, transaction=transaction)
    client.send(queue, "outside")
    before = client.hear()
    client.commit(transaction)
    return said(before + client.hear(3))


@outcome(["later"])
def aborted(stage: Stage) -> Any:
    """What was sent in a transaction that was aborted never was."""
    queue, client = stage.queue(), stage.client()
    client.subscribe(queue)
    transaction = client.begin()
    client.send(queue, "never", transaction=transaction)
    client.abort(transaction)
    client.send(queue, "later")
    return said(client.hear())


@outcome({"aborted": ["2+"], "sent": ["done"]})
def acknowledged_in_transactions(stage: Stage) -> Any:
    """An ACK in a transaction counts when it is committed, with what is sent; aborted, it does not."""
    queue, done, client = stage.queue(), stage.queue("done"), stage.client()
    for body in ("1", "2"):
        client.send(queue, body)
    client.subscribe(queue, "client-individual")
    one, two = client.hear(2)
    committed, aborted = client.begin(), client.begin()
    client.ack(one, transaction=committed)
    client.send(done, "done", transaction=committed)
    client.ack(two, transaction=aborted)
    client.send(done, "not done", transaction=aborted)
    client.abort(aborted)
    client.commit(committed)
    client.disconnect()
    return {"aborted": stage.rest(queue), "sent": stage.rest(done)}


# Subscriptions


@outcome({"there": ["1"], "back": ["2", "3"], "anew": ["5"]})
def durable(stage: Stage) -> Any:
    """A durable subscriber who was away gets what was sent meanwhile, until it ends the subscription."""
    topic, sender = stage.topic(), stage.client()
    named = {"activemq__subscriptionName": "news"}

    def subscriber() -> tuple[StompClient, str]:
        client = stage.client(client_id=stage.own)
        return client, client.subscribe(topic, **named)

    client, _ = subscriber()
    sender.send(topic, "1")
    there = client.hear()
    client.disconnect()
    sender.send(topic, "2")
    sender.send(topic, "3")
    client, subscription = subscriber()
    back = client.hear(2)
    client.unsubscribe(subscription, **named)
    sender.send(topic, "4")
    client.disconnect()
    client, subscription = subscriber()
    sender.send(topic, "5")
    anew = client.hear()
    client.unsubscribe(subscription, **named)
    return {"there": said(there), "back": said(back), "anew": said(anew)}


@outcome({"a.b": 4, "a": 1, "a.b.c": 1})
def wildcards(stage: Stage) -> Any:
    """A pattern gets all topics that it covers, each word * or >, as ActiveMQ and AMQP write them."""
    client, subscriptions = stage.client(), ("a.b", "a.*", "a.>", "*.b")
    for pattern in subscriptions:
        client.subscribe(stage.topic(pattern))
    topics = {"a.b": 4, "a": 1, "a.b.c": 1}
    heard: dict[str, int] = {}
    for name in topics:
        client.send(stage.topic(name), "x")
    for each in client.hear(6):
        name = each.headers["destination"].removeprefix(stage.topic(""))
        heard[name] = heard.get(name, 0) + 1
    return heard


@outcome(["a.z", "a.b.c.z"])
def wildcards_in_the_middle(stage: Stage) -> Any:
    """AMQP's wildcard # may stand between words."""
    client = stage.client()
    client.subscribe(stage.topic("a.#.z"))
    for name in ("a.z", "a.b", "a.b.c.z"):
        client.send(stage.topic(name), "x")
    return [each.headers["destination"].removeprefix(stage.topic("")) for each in client.hear(2)]


@outcome(["before", "after"])
def unsubscribed(stage: Stage) -> Any:
    """Nothing comes after UNSUBSCRIBE; another subscription of the same topic goes on."""
    topic, client = stage.topic(), stage.client()
    first = client.subscribe(topic)
    client.send(topic, "before")
    heard = client.hear()
    client.unsubscribe(first)
    second = client.subscribe(topic)
    client.send(topic, "after")
    (after,) = client.hear()
    assert after.headers["subscription"] == second
    return said([*heard, after])


@outcome({"topics": MANY, "right": True})
def many_subscriptions(stage: Stage) -> Any:
    """A connection has hundreds of subscriptions, each of which gets its own."""
    client = stage.client()
    wanted = {client.subscribe(stage.topic(str(number))): str(number) for number in range(MANY)}
    for number in range(MANY):
        client.send(stage.topic(str(number)), str(number), receipt=False)
    heard = {each.headers["subscription"]: each.body.decode() for each in client.hear(MANY)}
    return {"topics": len(heard), "right": heard == wanted}


@outcome([["1", "2"]] * 3)
def told_to_all(stage: Stage) -> Any:
    """Every subscriber of a topic gets every message."""
    topic, clients = stage.topic(), [stage.client() for _ in range(3)]
    for each in clients:
        each.subscribe(topic)
    clients[0].send(topic, "1")
    clients[1].send(topic, "2")
    return [said(each.hear(2)) for each in clients]


# Connections


@outcome({"1.0": ["1", "2", "2+"], "1.1": ["1", "2", "2+"], "1.2": ["1", "2", "2+"]})
def versions(stage: Stage) -> Any:
    """Each version of STOMP acknowledges in its own way."""
    found = {}
    for version in stage.versions:
        queue, client = stage.queue(version.replace(".", "-")), stage.client(version=version)
        assert client.headers is not None
        assert client.headers["version"] == version
        client.subscribe(queue, "client")
        client.send(queue, "1")
        client.send(queue, "2")
        heard = client.hear(2)
        client.ack(heard[0])
        client.disconnect()
        found[version] = said(heard) + stage.rest(queue)
    return found


FRAMES = ["SUBSCRIBE", "SEND", "ACK", "NACK", "UNSUBSCRIBE", "DISCONNECT"]


@outcome(FRAMES)
def receipts(stage: Stage) -> Any:
    """Every frame has its receipt."""
    queue, client = stage.queue(), stage.client()
    subscription = client.subscribe(queue, "client-individual")
    for body in ("1", "2"):
        client.send(queue, body)
    one, two = client.hear(2)
    client.ack(one)
    client.nack(two)
    client.unsubscribe(subscription)
    client.disconnect()
    return FRAMES  # each of which has waited for its own


@outcome("still there")
def heart_beats(stage: Stage) -> Any:
    """Heart-beats keep a connection up on which nobody speaks, and their lack is not noticed wrongly."""
    topic, client = stage.topic(), stage.client(beat=1500)
    client.subscribe(topic)
    assert client.headers is not None
    assert client.headers["heart-beat"] == "1500,1500", client.headers
    time.sleep(4)
    client.send(topic, "still there")
    return client.hear()[0].said


@outcome(sorted(str(number) for number in range(60)))
def many_at_once(stage: Stage) -> Any:
    """Several clients send at once what several others take; each message is taken once."""
    queue, heard = stage.queue(), list[str]()
    senders, takers = [stage.client() for _ in range(3)], [stage.client() for _ in range(3)]
    for each in takers:
        each.subscribe(queue, "client-individual", prefetch_count="3")

    def send(sender: StompClient, first: int) -> None:
        for number in range(first, 60, 3):
            sender.send(queue, str(number), receipt=False)

    def take(taker: StompClient) -> None:
        while (message := taker.hear()[0]).body != b"end":
            heard.append(message.said)
            taker.ack(message, receipt=False)
        taker.disconnect()  # further ends go to the others

    threads = [threading.Thread(target=send, args=(each, number)) for number, each in enumerate(senders)]
    threads += [threading.Thread(target=take, args=(each,)) for each in takers]
    for thread in threads:
        thread.start()
    for thread in threads[:3]:
        thread.join()
    for each in senders:
        each.disconnect()
    ending = stage.client()
    for _ in takers:
        ending.send(queue, "end")
    for thread in threads[3:]:
        thread.join()
    return sorted(heard)


@outcome("ERROR: '/topic/OWN.*' has a wildcard; a message is sent to one destination")
def sent_to_a_pattern(stage: Stage) -> Any:
    """Messages are sent to one destination."""
    stage.client().send(stage.topic("*"), "x")
