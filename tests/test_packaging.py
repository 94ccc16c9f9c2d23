"""The distribution: built, installed in fresh environments and found by twistd; other people's adapters."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from kaazing import __version__
from tests.needs import ROOT

_NOT_COPIED = (
    ".git",
    ".venv",
    "node_modules",
    "build",
    "dist",
    "*.so",
    "*.egg-info",
    "__pycache__",
    "_trial_temp*",
)

FACTS = """
import kaazing, kaazing.plugins, kaazing.wire.native
from importlib.metadata import version
from importlib.resources import files
print(kaazing.__version__ == version("kaazing-gateway"))
print(kaazing.wire.native.SPEEDUPS)
print((files("kaazing") / "web" / "demo" / "index.html").is_file())
print("stomp" in kaazing.plugins.adapters())
"""
"""What an installed gateway is asked: version, whether the C module is in use, its data, its adapters."""

TWISTD = "from twisted.scripts.twistd import run; run()"


def ran(argv: Sequence[str | Path], cwd: Path, **env: str) -> str:
    """Run a command and return its output; raises AssertionError with all of it when it fails."""
    done = subprocess.run(
        list(map(str, argv)),
        cwd=cwd,
        env={**_environment(), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"{argv} failed:\n{done.stdout}")
    return done.stdout


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KAAZING"))}


@cache
def workplace() -> Path:
    """Return a folder for everything that is built here; it goes with the test run."""
    folder = Path(tempfile.mkdtemp(prefix="kaazing-packaging-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "empty").mkdir()
    return folder


@cache
def checkout() -> Path:
    """Return a copy of the sources as a fresh clone has them."""
    copy = workplace() / "checkout"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    return copy


@cache
def built() -> tuple[Path, Path]:
    """Return a source distribution, and the wheel that was built from it."""
    out = workplace() / "dist"
    ran([sys.executable, "-m", "build", "--no-isolation", "--outdir", out, checkout()], workplace())
    [sdist], [wheel] = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


def environment(name: str, *installs: str | Path, **env: str) -> Path:
    """Return the Python of a new virtual environment with these installed, and our dependencies at hand."""
    folder = workplace() / name
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    site = sysconfig.get_path("purelib", vars={"base": str(folder)})
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    if installs:
        pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "install", "-q"]
        ran([*pip, "--no-deps", "--no-index", "--no-build-isolation", *installs], workplace(), **env)
    return python


def facts(python: Path) -> list[str]:
    """Ask an installed gateway, from a folder with nothing in it, for L{FACTS}."""
    return ran([python, "-c", FACTS], workplace() / "empty").split()


class WheelTests(SynchronousTestCase):
    """pip install kaazing-gateway."""

    def test_sdist(self) -> None:
        """
        The source distribution holds adapters, tests, documents and C, and nothing that was built.
        """
        with tarfile.open(built()[0]) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        wanted = {
            "adapters/stomp/adapter.py",
            "docs/conf/demo.xml",
            "kaazing/native/lane.c",
            "kaazing/web/bridge/xs.html",
            "kaazing/web/demo/index.html",
            "tests/test_packaging.py",
            "twisted/plugins/kaazing_gateway.py",
            "LICENSE",
            "Makefile",
        }
        self.assertEqual(wanted - names, set())
        self.assertEqual([name for name in names if name.endswith((".so", ".pyc", "dropin.cache"))], [])
        self.assertEqual([name for name in names if "node_modules" in name], [])

    def test_wheel(self) -> None:
        """
        The wheel holds the adapters once, as kaazing.adapters, and no tests.
        """
        with zipfile.ZipFile(built()[1]) as archive:
            names = set(archive.namelist())
        self.assertIn("kaazing/adapters/stomp/adapter.py", names)
        self.assertIn("kaazing/_speedups.pyi", names)
        self.assertIn("kaazing/py.typed", names)
        self.assertEqual([name for name in names if name.endswith((".c", ".h"))], [])
        tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
        self.assertEqual(tops, {"kaazing", "twisted"})
        self.assertEqual(
            [name for name in names if name.startswith("twisted/")], ["twisted/plugins/kaazing_gateway.py"]
        )

    def test_installed(self) -> None:
        """
        In a fresh environment: twistd and python -m twisted know the gateway, and the C is in use.
        """
        python = environment("installed", built()[1])
        self.assertEqual(facts(python), ["True", "True", "True", "True"])
        empty = workplace() / "empty"
        self.assertRegex(ran([python, "-c", TWISTD, "--help"], empty), r"\n +kaazing +\S")
        self.assertRegex(ran([python, "-m", "twisted", "--help"], empty), r"\n +kaazing +\S")
        self.assertIn(__version__, ran([python, "-m", "kaazing", "version"], empty))

    def test_editable(self) -> None:
        """
        pip install -e: twistd knows the gateway wherever it is started.
        """
        python = environment("editable", "-e", checkout())
        self.assertEqual(facts(python), ["True", "True", "True", "True"])
        self.assertRegex(ran([python, "-c", TWISTD, "--help"], workplace() / "empty"), r"\n +kaazing +\S")

    def test_no_compiler(self) -> None:
        """
        Where no compiler works the install succeeds, and pure Python does the C's work.
        """
        folder = workplace() / "no-compiler"
        shutil.copytree(checkout(), folder, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        python = environment("pure", folder, CC="/bin/false")
        self.assertEqual(facts(python), ["True", "False", "True", "True"])

    def test_bare_checkout(self) -> None:
        """
        Nothing installed but the dependencies: python -m twisted knows the gateway from its folder.
        """
        folder = workplace() / "bare"
        shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        python = environment("dependencies")
        self.assertRegex(ran([python, "-m", "twisted", "--help"], folder), r"\n +kaazing +\S")


MORSE = {
    "setup.cfg": """
        [metadata]
        name = kaazing-morse
        version = 1
        [options]
        packages = find_namespace:
        [options.entry_points]
        kaazing.adapters =
            semaphore = morse:Semaphore
    """,
    "pyproject.toml": """
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"
    """,
    "morse/__init__.py": """
        from zope.interface import implementer
        from kaazing.interfaces.adapters import Front, IAdapter
        @implementer(IAdapter)
        class Morse:
            name, front, subprotocols, options, operations = "morse", Front.STREAM, (), (), {}
            def check(self, options):
                return ()
            def session(self, link):
                raise NotImplementedError
        class Semaphore(Morse):
            name = "semaphore"
    """,
    "twisted/plugins/morse.py": """
        from kaazing.plugins import AdapterPlugin
        morse = AdapterPlugin(name="morse", factory="morse:Morse")
    """,
}
"""A distribution with two adapters: one declared by a dropin, the other by an entry point."""

ASK = """
from kaazing import plugins
asked = ("morse", "semaphore", "stomp")
print([(name, plugins.adapter(name).name) for name in plugins.adapters() if name in asked])
print(plugins.service_type("morse.proxy").name)
"""


class ThirdPartyTests(SynchronousTestCase):
    """Adapters that come in a distribution of their own."""

    def test_dropin_and_entry_point(self) -> None:
        """
        Both ways to declare an adapter are found beside our own; each gives its service type.
        """
        folder = workplace() / "morse"
        for name, text in MORSE.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(line[8:] for line in text.splitlines()))
        python = environment("third-party", built()[1], folder)
        adapters, proxy = ran([python, "-c", ASK], workplace() / "empty").splitlines()
        self.assertEqual(adapters, "[('morse', 'morse'), ('semaphore', 'semaphore'), ('stomp', 'stomp')]")
        self.assertEqual(proxy, "morse.proxy")
