"""Responses that carry what a service sends: streams, polls, and each parameter of the request."""

from __future__ import annotations

import zlib

from kaazing.wire.wse import CLOSE, NOP, RECONNECT, padding
from tests.transports.doors import answers
from tests.transports.emulation.stage import STREAM, StageTestCase, body, polled, streamed

ONE, TWO = b"\x81\x03one", b"\x81\x03two"


class StreamTests(StageTestCase):
    """Streaming downstreams."""

    def test_begins(self) -> None:
        """
        Head and NOP go out at once, in every encoding with its type; messages follow as they come.
        """
        latin = {"content-type": "text/plain; charset=windows-1252"}
        for code in ("b", "t", "te", "bm", "tm", "tem"):
            client = self.play(code)
            down = client.attach()
            fields = {**STREAM, **(latin if "t" in code else {})}
            self.assertEqual(streamed(down), ("200 OK", fields, NOP), code)
            client.channel.send(b"a\0", 1)
            text = b"\x81" if "m" in code else b"\x80"
            self.assertEqual(body(down), text + (b"\x02a\x7f0" if "e" in code else b"\x02a\0"), code)
            self.assertEqual(down.fate, "open")

    def test_post(self) -> None:
        """
        Clients that can only POST may; a body is read and thrown away.
        """
        client = self.play()
        self.assertEqual(body(client.attach("", b"Content-Length: 0", method=b"POST")), b"")
        down = client.attach("", b"Content-Length: 4", method=b"POST")
        self.assertEqual(down.value(), b"")
        down.say(b"what")
        self.assertEqual(body(down), b"")

    def test_specification(self) -> None:
        """
        By the specification nothing stands before the first message, unless the client needs it.
        """
        strict = b"X-WebSocket-Version: wseb-1.0", b"X-Next-Protocol: wse/1.0"
        client = self.play("bm", *strict, specification=True)
        self.assertEqual(streamed(client.attach()), ("200 OK", STREAM, b""))
        self.assertEqual(streamed(client.attach(".kf=200"))[2], NOP)

    def test_what_waited(self) -> None:
        """
        What was sent before the downstream came follows the NOP, in order.
        """
        client = self.play()
        client.channel.send(b"one", 1)
        client.channel.send_all([b"two", b"\xff"], 0)
        self.assertEqual(body(client.attach()), ONE + TWO + b"\x80\x01\xff")

    def test_taken_over(self) -> None:
        """
        A second downstream takes over: the first ends with RECONNECT, and nothing is lost or doubled.
        """
        client = self.play()
        first = client.attach()
        client.channel.send(b"one", 1)
        second = client.attach()
        client.channel.send(b"two", 1)
        self.assertEqual((body(first), first.fate), (ONE + RECONNECT, "finished"))
        self.assertEqual((body(second), second.fate), (TWO, "open"))

    def test_first_gone(self) -> None:
        """
        That the connection of a downstream ends which has been taken over is no loss.
        """
        client = self.play()
        first, second = client.attach(), client.attach()
        first.hang_up()
        client.channel.send(b"one", 1)
        self.assertEqual((body(second), self.ear.heard), (ONE, []))

    def test_cut_off(self) -> None:
        """
        A downstream that breaks off is the end of the session.
        """
        client = self.play()
        client.attach().hang_up()
        self.assertEqual(self.ear.heard, [("lost", "the downstream connection was lost")])
        self.assertEqual((len(self.stage.registry), client.channel.open), (0, False))


class PollTests(StageTestCase):
    """Downstreams through proxies that keep responses until they are whole."""

    def test_waits(self) -> None:
        """
        A poll that finds something is answered at once; one that finds nothing waits for it.
        """
        client = self.play()
        client.channel.send(b"one", 1)
        self.assertEqual(answers(client.attach(".ki=p").value()), [polled(ONE + RECONNECT)])
        waiting = client.attach(".ki=p")
        self.assertEqual(waiting.value(), b"")
        client.channel.send(b"two", 1)
        self.assertEqual(answers(waiting.value()), [polled(TWO + RECONNECT)])

    def test_heartbeat(self) -> None:
        """
        A poll for which nothing comes is answered with a NOP after half the idle time.
        """
        waiting = self.play().attach(".ki=p&.kkt=20")
        self.wait(10)
        self.assertEqual(waiting.value(), b"")
        self.wait(1)
        self.assertEqual(answers(waiting.value()), [polled(NOP + RECONNECT)])

    def test_taken_over(self) -> None:
        """
        A poll that is overtaken by another is answered without anything.
        """
        client = self.play()
        first = client.attach(".ki=p")
        client.attach(".ki=p")
        self.assertEqual(answers(first.value()), [polled(RECONNECT)])

    def test_overtaken_in_a_row(self) -> None:
        """
        Of two polls on one connection with one on another in between, the last to be read is the one that
        counts: none is left without an answer.
        """
        client = self.play(number=None)
        client.attach(".kb=0")
        client.channel.send(b"one", 1)
        wire = client.attach(".ki=p")
        client.attach(".ki=p", wire=wire)
        other = client.attach(".ki=p")
        client.channel.send(b"two", 1)
        self.assertEqual(answers(other.value()), [polled(RECONNECT)])
        self.assertEqual(answers(wire.value()), [polled(RECONNECT), polled(TWO + RECONNECT)])

    def test_close(self) -> None:
        """
        Data and CLOSE that wait come in one answer.
        """
        client = self.play()
        client.channel.send(b"one", 1)
        client.channel.finish()
        self.assertEqual(answers(client.attach(".ki=p").value()), [polled(ONE + CLOSE + RECONNECT)])

    def test_no_padding(self) -> None:
        """
        Padding makes browsers look while a response comes; a whole one needs none.
        """
        client = self.play()
        waiting = client.attach(".ki=p&.kp=256&.kbp=4096&.kb=1&.kf=200", b"Accept-Encoding: gzip")
        client.channel.send(b"one", 1)
        self.assertEqual(answers(waiting.value()), [polled(ONE + RECONNECT)])


class ParameterTests(StageTestCase):
    """What a downstream request may ask for."""

    def test_headers(self) -> None:
        """
        Type and caching are as asked for; a long field keeps Internet Explorer 7 from guessing.
        """
        client = self.play("tm")
        down = client.attach(".kc=text/plain;charset=windows-1252&.kcc=private&.kns=1&.kid=93&.krn=0.5")
        said = {"content-type": "text/plain;charset=windows-1252", "cache-control": "private"}
        fields = {**STREAM, **said, "x-content-type-nosniff": "x" * 1024}
        self.assertEqual(streamed(down), ("200 OK", fields, NOP))

    def test_enough(self) -> None:
        """
        After .kb KiB the response ends with RECONNECT, so that the browser can free it; with 0 after
        each write.
        """
        client = self.play()
        down = client.attach(".kb=1")
        client.channel.send(b"x" * 1021, 2)
        self.assertEqual(down.fate, "finished")
        self.assertEqual(body(down)[-4:], RECONNECT)
        down = client.attach(".kb=1")
        client.channel.send(b"x" * 1020, 2)
        self.assertEqual((down.fate, len(body(down))), ("open", 1023))
        client.channel.send(b"", 2)
        self.assertEqual((down.fate, len(body(down))), ("finished", 1029))
        down = client.attach(".kb=0")
        self.assertEqual((body(down), down.fate), (b"", "open"))
        client.channel.send(b"one", 1)
        self.assertEqual((body(down), down.fate), (ONE + RECONNECT, "finished"))

    def test_padding(self) -> None:
        """
        The response begins with .kp bytes, filled up with NOPs in one frame, and no more is added then.
        """
        client = self.play()
        down = client.attach(".kp=256")
        self.assertEqual(body(down), b"\x01" + b"00" * 128 + b"\xff")
        client.channel.send(b"one", 1)
        self.assertEqual(body(down), padding(256) + ONE)
        self.assertEqual(body(client.attach(".kp=0")), b"")

    def test_padding_less(self) -> None:
        """
        What waits counts; what the padding lacks is filled.
        """
        client = self.play()
        client.channel.send(b"one", 1)
        self.assertEqual(body(client.attach(".kp=20")), ONE + padding(15))
        down = client.attach(".kp=20")
        self.assertEqual(body(down), padding(20))
        client.attach(".ki=p")
        client.channel.send(b"x" * 20, 2)
        client.channel.send(b"x" * 20, 2)
        self.assertEqual(body(client.attach(".kp=20")), b"\x80\x14" + b"x" * 20)

    def test_blocks(self) -> None:
        """
        Old Androids look at each 4 KiB only: every write has them behind it, and is compressed.
        """
        client = self.play()
        down = client.attach(".kbp=4096", b"Accept-Encoding: deflate, gzip")
        status, fields, said = streamed(down)
        self.assertEqual((status, fields), ("200 OK", {**STREAM, "content-encoding": "gzip"}))
        unpacking = zlib.decompressobj(31)
        self.assertEqual(unpacking.decompress(said), NOP + padding(4096))
        down.clear()
        client.channel.send(b"one", 1)
        said = down.value()
        self.assertEqual(unpacking.decompress(said), ONE + padding(4096))
        self.assertLess(len(said), 100)
        down.clear()
        client.attach()
        self.assertEqual(unpacking.decompress(down.value()), RECONNECT)
        self.assertTrue(unpacking.eof)

    def test_blocks_plain(self) -> None:
        """
        Who takes no gzip gets the blocks as they are.
        """
        client = self.play()
        down = client.attach(".kbp=16")
        client.channel.send(b"one", 1)
        self.assertEqual(streamed(down), ("200 OK", STREAM, NOP + padding(16) + ONE + padding(16)))

    def test_flushes(self) -> None:
        """
        NOPs follow 2, 4 and 8 times .kf later, for browsers that show a response only when it goes on.
        """
        down = self.play().attach(".kf=1000")
        found = []
        for _ in range(10):
            self.wait(1)
            found.append(len(body(down)) // len(NOP))
        self.assertEqual(found, [0, 0, 1, 1, 2, 2, 2, 2, 3, 3])

    def test_internet_explorer(self) -> None:
        """
        Internet Explorer 11 is given its padding, caching and NOPs unasked.
        """
        agent = b"User-Agent: Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko"
        down = self.play().attach("", agent)
        self.assertEqual(streamed(down)[1]["cache-control"], "private")
        self.assertEqual(body(down), padding(2048))
        self.wait(3)
        self.assertEqual(body(down), padding(2048) + NOP * 3)


class HeartbeatTests(StageTestCase):
    """NOPs where nothing else is said."""

    def test_silence(self) -> None:
        """
        After half of the time that the client bears there is a NOP; whatever is said puts it off.
        """
        client = self.play()
        down = client.attach()
        self.wait(29.5)
        client.channel.send(b"one", 1)
        self.wait(29.5)
        self.assertEqual(body(down), ONE)
        self.wait(1)
        self.assertEqual(body(down), ONE + NOP)
        self.wait(30.5)
        self.assertEqual(body(down), ONE + NOP * 2)

    def test_shorter(self) -> None:
        """
        A client may ask for more of them, and ws.inactivity.timeout makes more of them.
        """
        down = self.play().attach(".kkt=20")
        self.wait(10.5)
        self.assertEqual(body(down), NOP)
        self.assertEqual(streamed(down)[1]["x-idle-timeout"], "60")
        down = self.play(inactivity=8.0).attach()
        self.wait(4.5)
        self.assertEqual(body(down), NOP)
        self.assertEqual(streamed(down)[1]["x-idle-timeout"], "8")

    def test_full(self) -> None:
        """
        A client that takes nothing is sent no more NOPs, whatever it asks for, until it has taken what waits.
        """
        down = self.play().attach(".kkt=2&.kbp=4096&.kf=1000")
        before = body(down)
        down.overflow()
        self.wait(600)
        self.assertEqual(body(down), before)
        down.drain()
        self.wait(1.5)
        self.assertEqual(body(down), before + NOP + padding(4096))
