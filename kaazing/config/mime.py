# -*- test-case-name: tests.config.test_mime -*-
"""MIME types by file name extension: built-in, then <service-defaults>, then the service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kaazing.config.faults import UNREAD, Faults, Node, quoted
from kaazing.config.structure import leaf, parts

BUILT_IN: Mapping[str, str] = {
    "appcache": "text/cache-manifest",
    "aspx": "text/html",
    "avif": "image/avif",
    "css": "text/css",
    "gif": "image/gif",
    "htc": "text/x-component",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/x-icon",
    "jnlp": "application/x-java-jnlp-file",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",  # RFC 9239
    "json": "application/json",
    "manifest": "text/cache-manifest",
    "map": "application/json",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "swf": "application/x-shockwave-flash",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "wasm": "application/wasm",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xap": "application/x-silverlight-app",
    "xml": "application/xml",
}

_TYPE = re.compile(
    r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:\s*;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|\"[^\"\\]*\"))*", re.ASCII
)


def read_mime_types(nodes: Sequence[Node], below: Mapping[str, str], faults: Faults) -> Mapping[str, str]:
    """Return the types of <mime-mapping> elements over those C{below} them."""
    if not nodes:
        return below
    mapped: dict[str, str] = {}
    for node in nodes:
        found = parts(node, faults)
        extension = leaf(found, node.name, "extension", faults, UNREAD)
        mime_type = leaf(found, node.name, "mime-type", faults, UNREAD)
        if UNREAD in (extension, mime_type):
            continue
        name = extension.lower().removeprefix(".")
        if name in mapped:
            faults.at(found["extension"][0], f"{quoted(found['extension'][0])}has a type already")
        if not _TYPE.fullmatch(mime_type):
            where = found["mime-type"][0]
            faults.at(where, f"{quoted(where)}expected type/subtype, parameters may follow")
        mapped[name] = mime_type
    return {**below, **mapped}
