# -*- test-case-name: tests.services.test_files -*-
"""Serves a tree of files through twisted.web.  RFC 9110."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from twisted.internet.interfaces import IPullProducer
from twisted.web.http import datetimeToString
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from kaazing.errors import BadRequest
from kaazing.services.caching import Location, cache_control
from kaazing.services.listing import listing
from kaazing.services.tree import Tree, names_of
from kaazing.wire.conditions import FIELDS, byte_range, precondition
from kaazing.wire.heads import page

CHUNK = 64 * 1024  # bytes read and sent at a time
MAX_ERROR_PAGE = 256 * 1024  # bytes; of a longer one the beginning is sent

_HTML = "text/html;charset=utf-8"
_TYPES = {
    **dict.fromkeys((".html", ".htm"), "text/html"),
    **dict.fromkeys((".js", ".mjs"), "text/javascript"),  # RFC 9239
    **dict.fromkeys((".json", ".map"), "application/json"),
    **dict.fromkeys((".jpg", ".jpeg"), "image/jpeg"),
    **{f".{name}": f"image/{name}" for name in ("avif", "gif", "png", "webp")},
    **{f".{name}": f"font/{name}" for name in ("otf", "ttf", "woff", "woff2")},
    **{f".{name}": f"text/{name}" for name in ("css", "csv", "vtt", "xml")},
    **{f".{name}": f"application/{name}" for name in ("pdf", "wasm", "zip")},
    ".ico": "image/vnd.microsoft.icon",
    ".md": "text/markdown",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".webm": "video/webm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How files are served.

    Attributes:
        welcome: name of the file that stands for its folder; empty for none.
        error_pages: folder of files such as 404.html; None for none.
        indexes: whether a folder without welcome file is listed.
        locations: what is said about caching.
        mime_types: extension, lower case -> Content-Type; before the usual ones.
    """

    welcome: str = ""
    error_pages: Path | None = None
    indexes: bool = False
    locations: Sequence[Location] = ()
    mime_types: Mapping[str, str] = field(default_factory=dict)


class Files(Resource):
    """Serves a L{Tree}; C{request.postpath} holds the segments of the path below it, decoded."""

    isLeaf = True

    def __init__(self, tree: Tree, manner: Manner, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._tree, self._manner, self._now = tree, manner, now

    def render(self, request: Any) -> int:
        """See L{Resource}."""
        request.setHeader("x-content-type-options", "nosniff")
        try:
            if request.method not in (b"GET", b"HEAD"):
                allow = [(b"Allow", b"GET, HEAD")]
                raise BadRequest(405, "files can be read only", rule="RFC 9110 section 15.5.6", headers=allow)
            self._serve(request, names_of(request.postpath))
        except BadRequest as why:
            self._refuse(request, why)
        return NOT_DONE_YET

    def _serve(self, request: Any, names: list[str]) -> None:
        slash = bool(request.postpath) and not request.postpath[-1]
        file = self._tree.open(names)
        if file is None and slash:
            self._folder(request, names)
        elif file is None:
            _redirect(request)
        elif slash:
            file.close()
            raise BadRequest(404, "nothing is here", rule="a file's path has no slash at its end")
        else:
            self._file(request, names, file)

    def _folder(self, request: Any, names: list[str]) -> None:
        welcome = [*names, self._manner.welcome]
        try:
            file = self._tree.open(welcome) if self._manner.welcome else None
        except BadRequest as why:
            if why.status != 404:
                raise
            file = None
        if file is not None:
            self._file(request, welcome, file)
        elif self._manner.indexes:
            content = listing("/" + "/".join(names), self._tree.entries(names), top=not names)
            _whole(request, 200, _HTML, content)
        else:
            raise BadRequest(404, "nothing is here", rule="no welcome file, and indexes are not enabled")

    def _file(self, request: Any, names: list[str], file: BinaryIO) -> None:
        """Send an open file, a part of it, or the news that it has not changed; close it."""
        try:
            count = self._heads(request, names, file)
        except BaseException:
            file.close()
            raise
        if count and request.method == b"GET":
            Transfer(request, file, count).start()
        else:
            file.close()
            request.finish()

    def _heads(self, request: Any, names: list[str], file: BinaryIO) -> int:
        """Set status and header fields, move to the first byte; return how many are to be sent."""
        about = os.fstat(file.fileno())
        modified, etag = int(about.st_mtime), f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
        request.setHeader("etag", etag)
        request.setHeader("last-modified", datetimeToString(modified))
        value, expires = cache_control(self._manner.locations, "/".join(names), about.st_mtime, self._now())
        if value:
            request.setHeader("cache-control", value)
        if expires is not None:
            request.setHeader("expires", datetimeToString(expires))
        fields = _fields(request)
        status = precondition(fields, etag, modified)
        if status == 412:
            raise BadRequest(412, "the file is another one by now", rule="RFC 9110 section 13.1")
        if status == 304:
            request.setResponseCode(304)
            return 0
        request.setHeader("accept-ranges", "bytes")
        part = byte_range(fields, etag, modified, about.st_size) if request.method == b"GET" else None
        first, count = part or (0, about.st_size)
        if part is not None:
            request.setResponseCode(206)
            request.setHeader("content-range", f"bytes {first}-{first + count - 1}/{about.st_size}")
        request.setHeader("content-type", self._type(names[-1]))
        request.setHeader("content-length", str(count))
        file.seek(first)
        return count

    def _type(self, name: str) -> str:
        extension = PurePath(name).suffix.lower()
        known = self._manner.mime_types.get(extension[1:]) or _TYPES.get(extension)
        return known or "application/octet-stream"

    def _refuse(self, request: Any, why: BadRequest) -> None:
        """Answer with an error, on the operator's page where there is one."""
        content = page(why.status)
        if self._manner.error_pages is not None:
            try:
                with (self._manner.error_pages / f"{why.status}.html").open("rb") as file:
                    content = file.read(MAX_ERROR_PAGE)
            except OSError:
                pass  # the little page then
        for name in ("etag", "last-modified", "cache-control", "expires", "accept-ranges"):
            request.responseHeaders.removeHeader(name)
        for field_name, value in why.headers:
            request.setHeader(field_name, value)
        _whole(request, why.status, _HTML, content)


@implementer(IPullProducer)
class Transfer:
    """Sends so many bytes of an open file, no faster than they are taken, and closes it.

    When the file turns out to be shorter, the connection is closed, so that the client knows.
    """

    def __init__(self, request: Any, file: BinaryIO, count: int) -> None:
        self._request, self._file, self._left = request, file, count
        self._producing = False

    def start(self) -> None:
        """Send the first piece at once, and more whenever there is room for it."""
        self._request.notifyFinish().addBoth(lambda ignored: self._file.close())
        self._piece()
        if not self._file.closed:
            self._producing = True
            self._request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """See L{IPullProducer}."""
        self._piece()

    def stopProducing(self) -> None:
        """See L{IPullProducer}."""
        self._file.close()

    def _piece(self) -> None:
        try:
            data = self._file.read(min(CHUNK, self._left))
        except OSError:
            data = b""
        if data:
            self._left -= len(data)
            self._request.write(data)
            if self._left:
                return
        if self._producing:
            self._request.unregisterProducer()
        if self._left:
            self._file.close()
            self._request.loseConnection()
        else:
            self._request.finish()


def _fields(request: Any) -> dict[str, str]:
    found = {}
    for name in FIELDS:
        values = request.requestHeaders.getRawHeaders(name)
        if values:
            found[name] = ", ".join(values)
    return found


def _redirect(request: Any) -> None:
    """Send the client to the same path with a slash behind it, so that relative links work."""
    path, mark, query = request.uri.partition(b"?")
    location = b"/" + path.lstrip(b"/") + b"/" + mark + query  # never //, which would name another host
    request.setHeader("location", location)
    _whole(request, 302, _HTML, page(302))


def _whole(request: Any, status: int, content_type: str, content: bytes) -> None:
    request.setResponseCode(status)
    request.setHeader("content-type", content_type)
    request.setHeader("content-length", str(len(content)))
    request.write(content)
    request.finish()
