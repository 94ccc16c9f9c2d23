"""A real HAProxy in front of a gateway, for as long as a block lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.children import Child, answers
from tests.needs import program


@contextmanager
def haproxy(configuration: str, port: int) -> Iterator[Child]:
    """Run HAProxy with a configuration that makes it listen on C{port}.

    Raises:
        SkipTest: it is not installed.
        AssertionError: it did not start; its last words are in there.
    """
    server = program("/usr/sbin/haproxy", "haproxy")
    with TemporaryDirectory(prefix="kaazing-haproxy-") as name:
        folder = Path(name)
        (folder / "haproxy.cfg").write_text(configuration)
        child = Child([server, "-db", "-f", str(folder / "haproxy.cfg")], folder / "haproxy.log")
        try:
            child.await_(lambda: answers(port), 10)
            yield child
        finally:
            child.kill()
