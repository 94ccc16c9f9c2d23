# -*- test-case-name: tests.test_benchmarks_scripts -*-
"""The scripts of the protocols that the gateway checks: as much of each as a server must say, and no more."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable

from benchmarks.scripts import BACKEND, CLIENT, COUNT, NAME, Message, Script, Step, body, filled, same


def stomp(mode: str, size: int, plain: bool) -> Script:
    """STOMP 1.2: frames of C{size} bytes."""
    login = f"CONNECT\naccept-version:1.2\nhost:/\nlogin:{NAME}\npasscode:guest\nheart-beat:0,0\n\n\0"
    opening = [
        Step(CLIENT, login.encode(), b"\0"),
        Step(BACKEND, b"CONNECTED\nversion:1.2\nheart-beat:0,0\nserver:benchmark\n\n\0", b"\0"),
    ]
    if mode == "out":
        subscribe = b"SUBSCRIBE\nid:sub-0\ndestination:/topic/prices\nack:auto\n\n\0"
        opening.append(Step(CLIENT, subscribe, b"\0"))
    frames = (_stomp_frame(mode, size, number) for number in range(COUNT))
    return Script(opening, same(frames), text=not plain)


def _stomp_frame(mode: str, size: int, number: int) -> bytes:
    head = "SEND\ndestination:/queue/orders\ncontent-length:%d\n\n"
    if mode == "out":
        head = (
            "MESSAGE\nsubscription:sub-0\ndestination:/topic/prices\n"
            f"message-id:{number:07}\ncontent-length:%d\n\n"
        )
    content = size - len(head) - 1  # its length takes as many bytes as %d
    return (head % content).encode() + body(content, number) + b"\0"


def mqtt(mode: str, size: int, plain: bool) -> Script:
    """MQTT 3.1.1: PUBLISH packets of C{size} bytes, quality of service 0."""
    connect = _string("MQTT") + b"\x04\xc2\x00\x00" + _string(NAME) + _string("load") + _string("guest")
    opening = [
        Step(CLIENT, _packet(0x10, connect), _string("guest")),
        Step(BACKEND, b"\x20\x02\x00\x00", b"\x20\x02\x00\x00"),
    ]
    if mode == "out":
        wanted = _string("prices/#") + b"\x00"
        opening += [
            Step(CLIENT, _packet(0x82, b"\x00\x01" + wanted), wanted),
            Step(BACKEND, b"\x90\x03\x00\x01\x00", b"\x90\x03\x00\x01\x00"),
        ]
    topic = _string("orders/load" if mode == "in" else "prices/load")
    made = (filled(lambda content: _packet(0x30, topic + content), size, number) for number in range(COUNT))
    return Script(opening, same(made), text=False)


def _string(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _packet(first: int, content: bytes) -> bytes:
    return bytes((first, len(content))) + content


def amqp(mode: str, size: int, plain: bool) -> Script:
    """AMQP 0-9-1: basic.publish or basic.deliver, with a body of C{size} bytes."""
    tune = struct.pack(">HIH", 2047, 131072, 0)
    start = b"\x00\x09" + _long(b"") + _long(b"PLAIN") + _long(b"en_US")
    start_ok = _long(b"") + _short("PLAIN") + _long(f"\0{NAME}\0guest".encode()) + _short("en_US")
    opening = [
        Step(CLIENT, b"AMQP\x00\x00\x09\x01", b"AMQP\x00\x00\x09\x01"),
        Step(BACKEND, _method(0, 10, 10, start), b"en_US\xce"),
        Step(CLIENT, _method(0, 10, 11, start_ok), b"en_US\xce"),
        Step(BACKEND, _method(0, 10, 30, tune), b"\x00\x00\xce"),
        Step(CLIENT, _method(0, 10, 31, tune), b"\x00\x00\xce"),
        Step(CLIENT, _method(0, 10, 40, _short("/") + _short("") + b"\x00"), b"\x01/\x00\x00\xce"),
        Step(BACKEND, _method(0, 10, 41, _short("")), b"\x00\x0a\x00\x29\x00\xce"),
        Step(CLIENT, _method(1, 20, 10, _short("")), b"\x00\x14\x00\x0a\x00\xce"),
        Step(BACKEND, _method(1, 20, 11, _long(b"")), b"\x00\x14\x00\x0b\x00\x00\x00\x00\xce"),
    ]
    if mode == "out":
        consume = b"\x00\x00" + _short("prices") + _short("tag") + b"\x02" + _long(b"")
        opening += [
            Step(CLIENT, _method(1, 60, 20, consume), b"\x00\x00\x00\x00\xce"),
            Step(BACKEND, _method(1, 60, 21, _short("tag")), b"\x00\x3c\x00\x15" + _short("tag") + b"\xce"),
        ]
    return Script(opening, [_amqp_message(mode, size, number) for number in range(COUNT)], text=False)


def _amqp_message(mode: str, size: int, number: int) -> Message:
    if mode == "in":
        first = _method(1, 60, 40, b"\x00\x00" + _short("") + _short("orders") + b"\x00")
    else:
        tag = _short("tag") + struct.pack(">QB", number + 1, 0)
        first = _method(1, 60, 60, tag + _short("") + _short("prices"))
    header = _frame(2, 1, struct.pack(">HHQHB", 60, 0, size, 0x1000, 1))  # delivery-mode 1
    parts = first, header, _frame(3, 1, body(size, number))
    return Message(parts, b"".join(parts))


def _short(text: str) -> bytes:
    return bytes((len(text),)) + text.encode()


def _long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def _method(channel: int, kind: int, name: int, arguments: bytes) -> bytes:
    return _frame(1, channel, struct.pack(">HH", kind, name) + arguments)


def irc(mode: str, size: int, plain: bool) -> Script:
    """IRC: PRIVMSG lines of C{size} bytes, CR LF counted, which clients of the gateway leave out."""
    ending = "\r\n"

    def front(line: str) -> bytes:
        return (line + ending if plain else line).encode()

    def back(line: str) -> bytes:
        return (line + ending).encode()

    opening = [
        Step(CLIENT, front(f"NICK {NAME}"), b"\r\n"),
        Step(CLIENT, front("USER load 0 * :load"), b":load\r\n"),
        Step(BACKEND, back(f":irc.test 001 {NAME} :Welcome"), front(":Welcome")),
    ]
    if mode == "out":
        opening += [
            Step(CLIENT, front("JOIN #prices"), b"#prices\r\n"),
            Step(BACKEND, back(f":{NAME}!load@host JOIN #prices"), front("JOIN #prices")),
        ]
    head = "PRIVMSG #orders :" if mode == "in" else ":broker!broker@host PRIVMSG #prices :"
    lines = [f"{head}{body(size - len(head) - 2, number).decode()}" for number in range(COUNT)]
    return Script(opening, [Message((front(line),), back(line)) for line in lines], text=not plain)


def xmpp(mode: str, size: int, plain: bool) -> Script:
    """XMPP: message stanzas of C{size} bytes at the backend's end, at the client's as RFC 7395 has them."""
    begin = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='test' version='1.0'/>"
    asked = Step(
        CLIENT, (_HEADER.format("to='test'") if plain else begin).encode(), b"etherx.jabber.org/streams"
    )
    login = base64.b64encode(b"\0load\0guest").decode()
    request = (
        f"<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='{_BIND}'>"
        f"<resource>{NAME}</resource></bind></iq>"
    )
    result = f"<iq type='result' id='b'><bind xmlns='{_BIND}'><jid>load@test/{NAME}</jid></bind></iq>"
    opening = [
        asked,
        _xmpp_features(f"<mechanisms xmlns='{_SASL}'><mechanism>PLAIN</mechanism></mechanisms>"),
        Step(CLIENT, f"<auth xmlns='{_SASL}' mechanism='PLAIN'>{login}</auth>".encode(), b"</auth>"),
        Step(BACKEND, f"<success xmlns='{_SASL}'/>".encode(), b"<success"),
        asked,
        _xmpp_features(f"<bind xmlns='{_BIND}'/>"),
        Step(CLIENT, request.encode(), b"</iq>"),
        Step(BACKEND, result.encode(), b"</iq>"),
    ]
    made = [_xmpp_message(mode, size, number) for number in range(COUNT)]
    if mode == "in" or plain:
        return Script(opening, same(made), text=not plain)
    whole = (back.replace(b"<message", b"<message xmlns='jabber:client'") for back in made)
    fronts = [Message((front,), back) for front, back in zip(whole, made, strict=True)]
    return Script(opening, fronts, text=True)


_HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' {} version='1.0' "
    "xmlns:stream='http://etherx.jabber.org/streams'>"
)
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_BIND = "urn:ietf:params:xml:ns:xmpp-bind"


def _xmpp_features(features: str) -> Step:
    said = _HEADER.format("from='test' id='1'") + f"<stream:features>{features}</stream:features>"
    return Step(BACKEND, said.encode(), b"</stream:features>")


def _xmpp_message(mode: str, size: int, number: int) -> bytes:
    """Clients write the namespace with each stanza, servers with the stream alone."""
    told = b"xmlns='jabber:client' to='orders@test'" if mode == "in" else b"from='prices@test'"
    return filled(
        lambda content: b"<message %b type='chat'><body>%b</body></message>" % (told, content), size, number
    )


SCRIPTS: dict[str, Callable[[str, int, bool], Script]] = {
    "stomp": stomp,
    "mqtt": mqtt,
    "amqp": amqp,
    "irc": irc,
    "xmpp": xmpp,
}
"""Service -> what makes its script; of mode, bytes of a message, and whether only bytes are passed on."""
