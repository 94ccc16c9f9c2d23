"""Files over HTTP: whole responses of twisted.web, Date and Server left out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet import _producer_helpers
from twisted.internet.task import Cooperator
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import HTTPChannel
from twisted.web.server import Request, Site

from kaazing.services.caching import read_directives, read_location, read_patterns
from kaazing.services.files import CHUNK, MAX_ERROR_PAGE, Files, Manner
from kaazing.services.tree import Tree
from kaazing.wire.heads import page

CHANGED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
ETAG = f'"{CHANGED * 10**9:x}-a"'
TEXT = b"0123456789"

NOSNIFF = ("x-content-type-options", "nosniff")
VALIDATORS = {("etag", ETAG), ("last-modified", DATE), NOSNIFF}
WHOLE = VALIDATORS | {("accept-ranges", "bytes"), ("content-type", "text/plain"), ("content-length", "10")}


class Answer:
    """A response, taken apart.

    Attributes:
        status: its code.
        fields: all but Date and Server.
        body: what follows.
    """

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        line, *fields = head.decode("ascii").split("\r\n")
        self.status = int(line.split(" ")[1])
        pairs = {(name.lower(), value) for name, _, value in (field.partition(": ") for field in fields)}
        self.fields = {(name, value) for name, value in pairs if name not in ("date", "server")}


def error(status: int, *more: tuple[str, str]) -> tuple[int, set[tuple[str, str]], bytes]:
    """What an error without a page of the operator's looks like."""
    content = page(status)
    about = {("content-type", "text/html;charset=utf-8"), ("content-length", str(len(content))), NOSNIFF}
    return status, {*about, *more}, content


class FilesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.base = Path(self.mktemp()).absolute()
        (self.base / "sub").mkdir(parents=True)
        self.write("a.txt", TEXT)
        self.steps: list[Any] = []
        later: Any = self.steps.append
        self.patch(_producer_helpers, "cooperate", Cooperator(scheduler=later).cooperate)

    def write(self, name: str, content: bytes) -> None:
        """Make a file that was last changed at C{CHANGED}."""
        (self.base / name).write_bytes(content)
        os.utime(self.base / name, (CHANGED, CHANGED))

    def ask(self, target: str, *fields: str, method: str = "GET", times: int = 1, **manner: Any) -> Any:
        """Send a request so many times; return the transport with the response."""
        resource = Files(Tree(self.base), Manner(**manner), now=lambda: CHANGED + 60.0)
        channel: Any = HTTPChannel()
        channel.site = channel.factory = Site(resource)
        channel.requestFactory = Request
        channel.timeOut = None
        transport = StringTransport()
        channel.makeConnection(transport)
        lines = [f"{method} {target} HTTP/1.1", "Host: x", *fields, "", ""]
        channel.dataReceived("\r\n".join(lines).encode() * times)
        return transport

    def get(
        self, target: str, *fields: str, method: str = "GET", **manner: Any
    ) -> tuple[int, set[tuple[str, str]], bytes]:
        """Status, fields and body of the response to a request."""
        answer = Answer(self.ask(target, *fields, method=method, **manner).value())
        return answer.status, answer.fields, answer.body

    def test_file(self) -> None:
        """
        A file comes with type, length and what is needed to ask again.
        """
        self.assertEqual(self.get("/a.txt"), (200, WHOLE, TEXT))
        self.assertEqual(self.get("/a.txt?query"), (200, WHOLE, TEXT))

    def test_head(self) -> None:
        """
        HEAD gets the same fields and no body.
        """
        self.assertEqual(self.get("/a.txt", method="HEAD"), (200, WHOLE, b""))
        status, fields, _ = error(404)
        self.assertEqual(self.get("/b.txt", method="HEAD"), (status, fields, b""))

    def test_empty(self) -> None:
        """
        An empty file is whole, too.
        """
        self.write("empty.txt", b"")
        status, fields, body = self.get("/empty.txt")
        self.assertEqual((status, body), (200, b""))
        self.assertIn(("content-length", "0"), fields)

    def test_keep_alive(self) -> None:
        """
        Two requests on one connection get two responses.
        """
        transport = self.ask("/a.txt", times=2)
        self.assertEqual(transport.value().count(b"HTTP/1.1 200 OK\r\n"), 2)
        self.assertEqual(transport.value().count(TEXT), 2)
        self.assertFalse(transport.disconnecting)

    def test_types(self) -> None:
        """
        The operator's types go first, then the usual ones; a name that says nothing is just bytes.
        """
        mine = {"txt": "text/mine"}
        for name, expected in (
            ("a.txt", "text/mine"),
            ("b.TXT", "text/mine"),
            ("c.html", "text/html"),
            ("d.JS", "text/javascript"),
            ("e.png", "image/png"),
            ("f.tar.gz", "application/octet-stream"),
            ("g", "application/octet-stream"),
            ("txt", "application/octet-stream"),
        ):
            self.write(name, TEXT)
            self.assertIn(("content-type", expected), self.get("/" + name, mime_types=mine)[1], name)

    def test_methods(self) -> None:
        """
        Files can be read only.
        """
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            self.assertEqual(self.get("/a.txt", method=method), error(405, ("allow", "GET, HEAD")), method)

    def test_not_there(self) -> None:
        """
        What is not there is 404; so is a file with a slash behind it.
        """
        (self.base / ".env").write_bytes(b"SECRET=1")
        for target in ("/b.txt", "/a.txt/", "/a.txt/b", "/sub/b/", "/.env", "//a.txt", "/%FF", "/sub/"):
            self.assertEqual(self.get(target), error(404), target)

    def test_outside(self) -> None:
        """
        Nothing outside the folder can be named.
        """
        (self.base.parent / "secret.txt").write_bytes(b"secret")
        (self.base / "link").symlink_to("../secret.txt")
        for target, status in (
            ("/%2e%2e/secret.txt", 400),
            ("/..%2fsecret.txt", 400),
            ("/../secret.txt", 400),
            ("/sub/../../secret.txt", 400),
            ("/..%5csecret.txt", 400),
            ("/%2fetc%2fpasswd", 400),
            ("/a.txt%00.html", 400),
            ("//etc/passwd", 404),
            ("/link", 404),
        ):
            self.assertEqual(self.get(target), error(status), target)

    def test_redirect(self) -> None:
        """
        A folder without a slash is one with it, on this host, query kept.
        """
        expected = error(302, ("location", "/sub/?a=b"))
        self.assertEqual(self.get("/sub?a=b"), expected)

    def test_welcome(self) -> None:
        """
        The welcome file stands for its folder; without it there is nothing.
        """
        self.assertEqual(self.get("/", welcome="a.txt"), (200, WHOLE, TEXT))
        self.assertEqual(self.get("/sub/", welcome="a.txt"), error(404))
        self.assertEqual(self.get("/"), error(404))
        self.assertEqual(self.get("/", welcome="sub"), error(404))

    def test_listing(self) -> None:
        """
        A folder is listed where indexes are enabled and no welcome file is there.
        """
        status, fields, body = self.get("/", indexes=True, welcome="index.html")
        about = {("content-type", "text/html;charset=utf-8"), ("content-length", str(len(body))), NOSNIFF}
        self.assertEqual((status, fields), (200, about))
        self.assertIn(b'<a href="./a.txt">', body)
        self.assertIn(b"Index of /sub</h1>", self.get("/sub/", indexes=True)[2])
        self.assertEqual(self.get("/", indexes=True, welcome="a.txt"), (200, WHOLE, TEXT))

    def test_conditions(self) -> None:
        """
        What the client has already is not sent again; what it no longer has is not sent at all.
        """
        for field in (f"If-None-Match: {ETAG}", f"If-Modified-Since: {DATE}"):
            self.assertEqual(self.get("/a.txt", field), (304, VALIDATORS, b""), field)
            self.assertEqual(self.get("/a.txt", field, method="HEAD"), (304, VALIDATORS, b""), field)
        for field in ('If-Match: "b"', "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT"):
            self.assertEqual(self.get("/a.txt", field), error(412), field)
        self.assertEqual(self.get("/a.txt", 'If-None-Match: "b"', f"If-None-Match: {ETAG}")[0], 304)

    def test_changed(self) -> None:
        """
        A changed file has another ETag, even when length and second are the same.
        """
        os.utime(self.base / "a.txt", ns=(CHANGED * 10**9 + 1, CHANGED * 10**9 + 1))
        self.assertEqual(self.get("/a.txt", f"If-None-Match: {ETAG}")[0], 200)

    def test_ranges(self) -> None:
        """
        A part of a file says which it is; one behind the end is refused; HEAD has no parts.
        """
        part = VALIDATORS | {
            ("accept-ranges", "bytes"),
            ("content-type", "text/plain"),
            ("content-length", "4"),
            ("content-range", "bytes 3-6/10"),
        }
        self.assertEqual(self.get("/a.txt", "Range: bytes=3-6"), (206, part, b"3456"))
        self.assertEqual(self.get("/a.txt", "Range: bytes=3-6", f"If-Range: {ETAG}"), (206, part, b"3456"))
        self.assertEqual(self.get("/a.txt", "Range: bytes=3-6", 'If-Range: "b"'), (200, WHOLE, TEXT))
        self.assertEqual(self.get("/a.txt", "Range: bytes=3-6", method="HEAD"), (200, WHOLE, b""))
        self.assertEqual(self.get("/a.txt", "Range: bytes=0-1,3-4"), (200, WHOLE, TEXT))
        self.assertEqual(self.get("/a.txt", "Range: bytes=10-"), error(416, ("content-range", "bytes */10")))

    def test_caching(self) -> None:
        """
        What the locations say goes with the file, and with the news that it has not changed.
        """
        rules = {
            "patterns": read_patterns("**/*.txt"),
            "cache-control": read_directives("public, max-age=m+2 min"),
        }
        caching = {("cache-control", "public, max-age=60"), ("expires", "Sun, 06 Nov 1994 08:51:37 GMT")}
        said = [read_location(rules)]
        self.assertEqual(self.get("/a.txt", locations=said), (200, WHOLE | caching, TEXT))
        unchanged = f"If-None-Match: {ETAG}"
        self.assertEqual(self.get("/a.txt", unchanged, locations=said), (304, VALIDATORS | caching, b""))
        self.assertEqual(self.get("/a.txt", 'If-Match: "b"', locations=said), error(412))

    def test_error_pages(self) -> None:
        """
        The operator's page is shown for an error, the little one where it is missing.
        """
        pages = self.base / "sub"
        (pages / "404.html").write_bytes(b"<p>lost</p>")
        status, fields, body = self.get("/b", error_pages=pages)
        self.assertEqual((status, body), (404, b"<p>lost</p>"))
        self.assertIn(("content-length", "11"), fields)
        self.assertEqual(self.get("/%2e%2e/b", error_pages=pages), error(400))
        (pages / "404.html").write_bytes(b"x" * (MAX_ERROR_PAGE + 1))
        self.assertEqual(len(self.get("/b", error_pages=pages)[2]), MAX_ERROR_PAGE)

    # Transfers

    def run_transfer(self) -> None:
        """Let the transfer have its way until it wants no more."""
        while self.steps:
            self.steps.pop(0)()

    def open_files(self) -> set[str]:
        """The long file's name, if this process has it open."""
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return {str(link.readlink()) for link in links} & {str(self.base / "big")}

    def test_long(self) -> None:
        """
        A long file is sent piece by piece, and closed.
        """
        content = os.urandom(3 * CHUNK + 5)
        self.write("big", content)
        transport = self.ask("/big")
        self.assertEqual(len(Answer(transport.value()).body), CHUNK)
        self.run_transfer()
        self.assertEqual(Answer(transport.value()).body, content)
        self.assertFalse(transport.disconnecting)
        self.assertEqual(self.open_files(), set())

    def test_slow_client(self) -> None:
        """
        A client that does not read is not sent more.
        """
        self.write("big", bytes(4 * CHUNK))
        transport = self.ask("/big")
        transport.producer.pauseProducing()
        self.run_transfer()
        self.assertEqual(len(Answer(transport.value()).body), CHUNK)
        transport.producer.resumeProducing()
        self.run_transfer()
        self.assertEqual(len(Answer(transport.value()).body), 4 * CHUNK)

    def test_gone_client(self) -> None:
        """
        The file is closed when the client goes away.
        """
        self.write("big", bytes(4 * CHUNK))
        transport = self.ask("/big")
        self.assertEqual(self.open_files(), {str(self.base / "big")})
        transport.producer.stopProducing()
        self.assertEqual(self.open_files(), set())

    def test_shrinks(self) -> None:
        """
        When a file becomes shorter while it is sent, the connection is closed: nobody waits for the rest.
        """
        for left in (0, CHUNK, 2 * CHUNK + 1):
            self.write("big", bytes(4 * CHUNK))
            transport = self.ask("/big")
            os.truncate(self.base / "big", left)
            self.run_transfer()
            self.assertTrue(transport.disconnecting)
            self.assertEqual(len(Answer(transport.value()).body), max(left, CHUNK))
            self.assertEqual(self.open_files(), set())

    def test_vanishes(self) -> None:
        """
        A file that is removed while it is sent is sent to its end.
        """
        self.write("big", b"x" * 2 * CHUNK)
        transport = self.ask("/big")
        (self.base / "big").unlink()
        self.run_transfer()
        self.assertEqual(Answer(transport.value()).body, b"x" * 2 * CHUNK)
