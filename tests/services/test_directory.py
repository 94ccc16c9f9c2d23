"""The service type directory, as a configuration declares it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest
from zope.interface.verify import verifyObject

import kaazing
from kaazing.config.model import ServiceConfig
from kaazing.errors import ConfigError
from kaazing.interfaces.services import IService, IServiceType
from kaazing.services.directory import DirectoryType, read_name, read_path

DEFAULTS = {option.name: option.default for option in DirectoryType.options}


class ReaderTests(SynchronousTestCase):
    def test_paths(self) -> None:
        """
        A folder is a path or a file: URI of this machine.
        """
        for text, path in (
            ("web", "web"),
            ("/srv/www", "/srv/www"),
            ("file:///srv/my%20www", "/srv/my www"),
            ("file://localhost/srv", "/srv"),
            ("FILE:web", "web"),
        ):
            self.assertEqual(read_path(text), Path(path))
        for text, message in (
            ("", "expected the path of a folder"),
            ("a\0", "expected the path of a folder"),
            ("file://elsewhere/srv", "expected file: and a path on this machine"),
            ("file:", "expected file: and a path on this machine"),
        ):
            self.assertEqual(str(self.assertRaises(ValueError, read_path, text)), message)

    def test_packages(self) -> None:
        """
        A distribution can bring the pages that a configuration serves.
        """
        self.assertEqual(
            read_path("package:kaazing.web/demo"), Path(kaazing.__file__).parent / "web" / "demo"
        )
        message = "expected package:, the name of an installed Python package, / and a folder in it"
        for text in ("package:", "package:nothing.web/demo", "package:..kaazing", "package:kaazing.errors/a"):
            self.assertEqual(str(self.assertRaises(ValueError, read_path, text)), message)

    def test_names(self) -> None:
        """
        A welcome file has a name and no folder.
        """
        self.assertEqual(read_name("index.html"), "index.html")
        for text in ("", ".", "..", "a/b", "/a", "a\0"):
            why = self.assertRaises(ValueError, read_name, text)
            self.assertEqual(str(why), "expected the name of a file, without a folder")

    def test_options(self) -> None:
        """
        The words of the original are read in any case, others are refused.
        """
        options = {option.name: option for option in DirectoryType.options}
        self.assertEqual(options["options"].read("INDEXES"), "indexes")
        self.assertRaises(ValueError, options["options"].read, "index")
        self.assertRaises(ValueError, options["symbolic-links"].read, "yes")


class DirectoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        (self.folder / "web").mkdir(parents=True)
        (self.folder / "web" / "index.html").write_bytes(b"<p>welcome</p>")
        (self.folder / "pages").mkdir()
        (self.folder / "pages" / "404.html").write_bytes(b"<p>lost</p>")
        (self.folder / "secret").write_bytes(b"secret")
        (self.folder / "web" / "link").symlink_to("../secret")

    def service(self, **properties: Any) -> Any:
        """The service that a configuration in C{self.folder} makes."""
        config = ServiceConfig(
            name="pages",
            type="directory",
            properties={**DEFAULTS, "directory": Path("web"), **properties},
            mime_types={"html": "text/x-mine"},
            line=7,
        )
        house: Any = SimpleNamespace(folder=self.folder)
        return DirectoryType().service(config, house)

    def get(self, *segments: str, **properties: Any) -> tuple[int | None, bytes, Any]:
        """Status, body and type of a path's response."""
        request = DummyRequest([segment.encode() for segment in segments])
        self.service(**properties).resource(None).render(request)
        types = request.responseHeaders.getRawHeaders("content-type")
        return request.responseCode, b"".join(request.written), types

    def test_promises(self) -> None:
        """
        Type and service keep their interfaces.
        """
        verifyObject(IServiceType, DirectoryType())
        verifyObject(IService, self.service())
        self.assertEqual(list(DirectoryType().check(self.service().config)), [])
        self.assertEqual(DirectoryType().descriptors(self.service().config), (2, 0))

    def test_relative(self) -> None:
        """
        Folders are found beside the configuration file; its types are used.
        """
        self.assertEqual(self.get("index.html"), (None, b"<p>welcome</p>", ["text/x-mine"]))
        self.assertEqual(self.get("index.html", directory=self.folder / "web")[1], b"<p>welcome</p>")

    def test_properties(self) -> None:
        """
        Each property does what it says.
        """
        welcome = {"welcome-file": "index.html"}
        self.assertEqual(self.get("", **welcome)[1], b"<p>welcome</p>")
        self.assertEqual(self.get("")[0], 404)
        self.assertIn(b"Index of /", self.get("", options="indexes")[1])
        pages = {"error-pages-directory": Path("pages")}
        self.assertEqual(self.get("nothing", **pages)[:2], (404, b"<p>lost</p>"))
        self.assertEqual(self.get("link")[0], 404)
        self.assertEqual(self.get("link", **{"symbolic-links": "follow"})[1], b"secret")

    def test_policy(self) -> None:
        """
        A policy file of Silverlight, which would let other sites in, is not served, and the log says so.
        """
        said: list[str] = []

        def hear(event: LogEvent) -> None:
            said.append(formatEvent(event))

        note: Any = hear
        globalLogPublisher.addObserver(note)
        self.addCleanup(globalLogPublisher.removeObserver, note)
        self.service()
        self.assertEqual(said, [])
        (self.folder / "web" / "clientaccesspolicy.xml").write_bytes(b"<access-policy/>")
        self.assertEqual(self.get("clientaccesspolicy.xml")[0], 404)
        warning = "is not served; <cross-site-constraint> says who may come in"
        self.assertEqual(said, [f"service pages: clientaccesspolicy.xml {warning}"])

    def test_no_folder(self) -> None:
        """
        A folder that is not there is an error of the configuration, before anything is bound.
        """
        why = self.assertRaises(ConfigError, self.service, directory=Path("index"))
        self.assertEqual(
            (why.what, why.line), (f"service 'pages': directory: {self.folder}/index is no folder", 7)
        )
        why = self.assertRaises(ConfigError, self.service, **{"error-pages-directory": Path("/nothing")})
        self.assertEqual(
            why.what,
            "service 'pages': error-pages-directory: /nothing is no folder; a path that begins with /"
            " is not relative to a web folder here, as it was in the original",
        )

    def test_no_channels(self) -> None:
        """
        Nothing but HTTP requests can be served.
        """
        dropped: list[str] = []
        self.service().accepted(SimpleNamespace(abort=lambda: dropped.append("dropped")), None)
        self.assertEqual(dropped, ["dropped"])
