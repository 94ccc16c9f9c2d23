"""The architecture, checked: floors, mirror of tests, top level, cheap dropins, names, and its page."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.needs import ROOT

FLOORS = {
    "kaazing.errors": 0,
    "kaazing.closecodes": 0,
    "kaazing.limits": 0,
    "kaazing.literals": 0,
    "kaazing.metrics": 0,
    "kaazing.reactor": 0,
    "kaazing.stamps": 0,
    "kaazing.tenure": 0,
    "kaazing._speedups": 0,
    "kaazing.options": 1,
    "kaazing.interfaces": 1,
    "kaazing.plugins": 1,
    "kaazing.wire": 2,
    "kaazing.config": 2,
    "kaazing.adapters": 2,
    "kaazing.brokers": 3,
    "kaazing.transports": 3,
    "kaazing.security": 3,
    "kaazing.services": 4,
    "kaazing.tap": 6,
    "kaazing.__main__": 6,
    "kaazing.commands": 6,
    "kaazing.gateway": 6,
    "twisted.plugins.kaazing_gateway": 7,
}
"""Room -> floor."""

ASIDE = {
    "kaazing.errors": set[str](),
    "kaazing.closecodes": {"kaazing.errors"},
    "kaazing.literals": {"kaazing.errors"},
    "kaazing.limits": {"kaazing.metrics"},
    "kaazing.metrics": set[str](),
    "kaazing.reactor": set[str](),
    "kaazing.stamps": set[str](),
    "kaazing.tenure": set[str](),
    "kaazing.options": set[str](),
    "kaazing.interfaces": {"kaazing.options"},
    "kaazing.plugins": {"kaazing.interfaces"},
    "kaazing.wire": set[str](),
    "kaazing.config": set[str](),
    "kaazing.adapters": {"kaazing.wire", "kaazing.adapters.base"},
    "kaazing.brokers": {"kaazing.wire", "kaazing.config.model"},
    "kaazing.transports": {"kaazing.wire", "kaazing.config.model"},
    "kaazing.security": {"kaazing.wire", "kaazing.config.model"},
    "kaazing.services": {"kaazing.wire", "kaazing.config.model", "kaazing.brokers.broker"},
    "twisted.plugins.kaazing_gateway": {"kaazing.plugins"},
}
"""What a room may import besides itself and the floors that L{FREE} gives; floor 6 may import everything."""

FREE = {0: (), 1: (0,), 2: (0, 1), 3: (0, 1), 4: (0, 1), 5: (0, 1), 7: ()}
"""Floor -> floors that everybody on it may import."""

HAVE_THE_REACTOR = {"kaazing.tap", "kaazing.__main__", "kaazing.gateway"}

TOP_LEVEL = {
    *(".ci", ".gitignore", "CHANGELOG.md", "Dockerfile", "LICENSE", "MANIFEST.in", "Makefile", "README.md"),
    *("adapters", "benchmarks", "docs", "kaazing", "pyproject.toml", "setup.cfg", "tests", "twisted"),
}

UNTESTED = {
    "kaazing/__init__.py": "the version, which test_packaging compares",
    "kaazing/interfaces/adapters.py": "promises; each adapter's tests verify who keeps them",
    "kaazing/interfaces/brokers.py": "promises; each broker's tests verify who keeps them",
    "kaazing/interfaces/channels.py": "promises without code",
    "kaazing/interfaces/exchanges.py": "promises without code",
    "kaazing/interfaces/feeds.py": "promises without code",
    "kaazing/interfaces/origins.py": "promises without code",
    "kaazing/interfaces/security.py": "promises without code",
    "kaazing/interfaces/servers.py": "promises without code",
    "kaazing/interfaces/services.py": "promises without code",
    "twisted/plugins/kaazing_gateway.py": "names; this file and test_plugins import it",
}
"""Source files without a test file of their own, and why."""

FORBIDDEN = ("handler", "processor", "engine", "manager", "component", "helper", "util")
"""Words that none of our names contains."""
BORROWED = {
    "CharacterDataHandler",
    "EndElementHandler",
    "StartCdataSectionHandler",
    "StartElementHandler",
    "StartNamespaceDeclHandler",
}
"""Attributes of expat's parser that are set."""

MOST_LINES = 450

HEAVY = ("autobahn", "lxml", "OpenSSL", "kaazing.config", "kaazing.services", "kaazing.transports")
"""What may not be imported only to see which plugins there are; nor a reactor."""


def sources() -> list[Path]:
    """Return the Python files of the product, relative to the root; caches and build results left out."""
    found = [
        *ROOT.glob("kaazing/**/*.py"),
        *ROOT.glob("adapters/**/*.py"),
        *ROOT.glob("twisted/plugins/*.py"),
    ]
    relative = (path.relative_to(ROOT) for path in found if path.name != "dropin.cache")
    return sorted({path for path in relative if path.parts[:2] != ("kaazing", "adapters")})


def module(path: Path) -> str:
    """Return the dotted name of a source file; adapters/ is imported as kaazing.adapters."""
    parts = list(path.with_suffix("").parts)
    if parts[0] == "adapters":
        parts.insert(0, "kaazing")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Yield what a file imports, by absolute dotted name, wherever in the file."""
    known = {*FLOORS, *map(module, sources()), "twisted.internet.reactor"}
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else node.module


def room(name: str) -> str | None:
    """Return the room that a module is in; each adapter is one of its own. None for the package itself."""
    if match := re.match(r"kaazing\.adapters\.\w+", name):
        return match[0]
    return next((each for each in FLOORS if name == each or name.startswith(each + ".")), None)


def floor(a_room: str) -> int:
    """Return the floor of a room."""
    return FLOORS["kaazing.adapters" if a_room.startswith("kaazing.adapters.") else a_room]


def allowed(path: Path, name: str) -> bool:
    """Return whether the floors let a file import a module of ours."""
    here, there = room(module(path)), room(name)
    if here == there or name in ("kaazing", "kaazing.adapters"):
        return True
    if here is None or there is None:
        return False
    if floor(here) == 6:
        return floor(there) <= 6
    aside = ASIDE["kaazing.adapters" if here.startswith("kaazing.adapters") else here]
    return floor(there) in FREE[floor(here)] or any(f"{name}.".startswith(f"{each}.") for each in aside)


class FloorTests(SynchronousTestCase):
    """Imports go down only."""

    maxDiff = None

    def test_imports(self) -> None:
        """
        Every import of ours is one that its floor allows.
        """
        wrong = [
            f"{path} imports {name}"
            for path in sources()
            for name in imported(path)
            if name.split(".")[0] == "kaazing" and not allowed(path, name)
        ]
        self.assertEqual("\n".join(wrong), "")

    def test_reactor(self) -> None:
        """
        Only the top floor imports the reactor; everybody else is given it, or a clock.
        """
        having = {module(path) for path in sources() if "twisted.internet.reactor" in set(imported(path))}
        self.assertEqual(having - HAVE_THE_REACTOR, set())

    def test_rooms(self) -> None:
        """
        Every source file is in a room with a floor, and every room exists.
        """
        homeless = {module(path) for path in sources() if room(module(path)) is None}
        self.assertEqual(homeless, {"kaazing"})
        rooms = {room(module(path)) for path in sources()}
        empty = {name for name in FLOORS if name not in rooms and name != "kaazing._speedups"}
        self.assertEqual(empty, set())

    def test_page(self) -> None:
        """
        The table in docs/architecture.md says the same.
        """
        text = (ROOT / "docs" / "architecture.md").read_text()
        rows = re.findall(r"^\| (\d) \| `([^`]+)` \|[^|]*\|([^|]*)\|$", text, re.MULTILINE)
        told = {name: (int(number), set(re.findall("`([^`]+)`", extra))) for number, name, extra in rows}
        real = {name: (FLOORS[name], ASIDE.get(name, set())) for name in FLOORS}
        self.assertEqual(told, real)


class MirrorTests(SynchronousTestCase):
    """The test tree is the source tree with test_ in front."""

    maxDiff = None

    def test_mirror(self) -> None:
        """
        Every source file with code in it has its own test file, and names it in its first line.
        """
        wrong = []
        for path in sources():
            text = (ROOT / path).read_text()
            if str(path) in UNTESTED or (path.name == "__init__.py" and _only_docstring(text)):
                continue
            test = _test_of(path)
            if not (ROOT / test).exists():
                wrong.append(f"{path} has no {test}")
            elif not re.match(rf"# -\*- test-case-name: {module(test)}(,[\w.]+)* -\*-\n", text):
                wrong.append(f"{path} does not name {module(test)} in its first line")
        self.assertEqual("\n".join(wrong), "")

    def test_exceptions(self) -> None:
        """
        What is excepted exists, and has no test file.
        """
        for name in UNTESTED:
            self.assertTrue((ROOT / name).exists(), name)
            self.assertFalse((ROOT / _test_of(Path(name))).exists(), name)

    def test_packages(self) -> None:
        """
        Every folder of tests is a package, or trial would not find them.
        """
        folders = {
            path.parent for path in (ROOT / "tests").glob("**/test_*.py") if "node_modules" not in path.parts
        }
        self.assertEqual([str(folder) for folder in folders if not (folder / "__init__.py").exists()], [])


def _test_of(path: Path) -> Path:
    """Return the test file of a source file."""
    inside = path.parent.relative_to("kaazing") if path.parts[0] == "kaazing" else path.parent
    return Path("tests") / inside / f"test_{path.stem.strip('_')}.py"


def _only_docstring(text: str) -> bool:
    body = ast.parse(text).body
    return len(body) <= 1 and all(isinstance(node, ast.Expr) for node in body)


class HouseTests(SynchronousTestCase):
    """What a visitor sees."""

    def test_top_level(self) -> None:
        """
        The top level holds what it should, and nothing else.
        """
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if listed.returncode == 0:
            self.assertEqual({line.split("/")[0] for line in listed.stdout.splitlines()}, TOP_LEVEL)
        else:
            self.assertTrue((ROOT / "PKG-INFO").exists(), "neither a checkout nor an unpacked sdist")

    def test_file_length(self) -> None:
        """
        No file is so long that a stranger would lose his way in it.
        """
        patterns = (
            "kaazing/**/*.py",
            "kaazing/**/*.[ch]",
            "adapters/**/*.py",
            "tests/**/*.py",
            "benchmarks/**/*.py",
        )
        files = [
            path for pattern in patterns for path in ROOT.glob(pattern) if "node_modules" not in path.parts
        ]
        lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
        self.assertEqual({name: count for name, count in lengths.items() if count > MOST_LINES}, {})

    def test_names(self) -> None:
        """
        No name of ours contains a word that says nothing.
        """
        found = [
            f"{path}: {name}"
            for path in sources()
            for name in {*_names(ast.parse((ROOT / path).read_text())), path.stem}
            if name not in BORROWED and any(word in name.lower() for word in FORBIDDEN)
        ]
        self.assertEqual("\n".join(found), "")

    def test_namespaces(self) -> None:
        """
        A logger that is given a namespace stands beside the classes: inside one, Twisted takes the class's
        name for it, and who looks for kaazing.security in the log does not find it.
        """
        found = [
            str(path)
            for path in sources()
            for inner in ast.walk(ast.parse((ROOT / path).read_text()))
            if isinstance(inner, ast.ClassDef)
            for each in inner.body
            if isinstance(each, ast.Assign) and "Logger(namespace=" in ast.unparse(each)
        ]
        self.assertEqual(found, [])

    def test_cheap_dropins(self) -> None:
        """
        Seeing which plugins there are imports no transport, no library and no reactor.
        """
        code = "import sys, twisted.plugins.kaazing_gateway; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        modules = done.stdout.split()
        self.assertIn("kaazing.plugins", modules)
        self.assertEqual([name for name in modules if name.startswith(HEAVY)], [])
        self.assertNotIn("twisted.internet.reactor", modules)


def _names(tree: ast.AST) -> Iterator[str]:
    """Yield every name that a file defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
