"""A real nginx in front of a gateway, for as long as a block lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.children import Child, answers
from tests.needs import program

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def nginx(inside: str, port: int) -> Iterator[Child]:
    """Run nginx; C{inside} is what stands in its http block and makes it listen on C{port}.

    Raises:
        SkipTest: it is not installed.
        AssertionError: it did not start; its last words are in there.
    """
    server = program("/usr/sbin/nginx", "nginx")
    with TemporaryDirectory(prefix="kaazing-nginx-") as name:
        folder = Path(name)
        paths = "".join(f"{each}_temp_path {folder}/{each};\n" for each in _TEMPORARY)
        # One process, which is the user's own: a worker of another user could not write to the folder.
        (folder / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr info;\n"
            f"events {{ worker_connections 1024; }}\nhttp {{\naccess_log off;\n{paths}{inside}\n}}\n"
        )
        argv = [server, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        child = Child(argv, folder / "nginx.log")
        try:
            child.await_(lambda: answers(port), 10)
            yield child
        finally:
            child.kill()
