# -*- test-case-name: tests.services.test_directory -*-
"""Service type directory: static files over HTTP."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.config.model import ServiceConfig
from kaazing.errors import ConfigError
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import IHouse, IService, IServiceType, Welcome
from kaazing.literals import choice
from kaazing.options import Option
from kaazing.services.base import BaseService, no_faults
from kaazing.services.caching import read_directives, read_location, read_patterns
from kaazing.services.files import Files, Manner
from kaazing.services.tree import POLICY, Tree


def read_path(text: str) -> Path:
    """Read a path, a file: URI of one on this machine, or package: and a folder inside a Python package."""
    if not text or "\0" in text:
        raise ValueError("expected the path of a folder")
    if text.startswith("package:"):
        return _in_package(text.removeprefix("package:"))
    if not text.lower().startswith("file:"):
        return Path(text)
    uri = urlsplit(text)
    if uri.netloc not in ("", "localhost") or not uri.path:
        raise ValueError("expected file: and a path on this machine")
    return Path(unquote(uri.path))


def _in_package(text: str) -> Path:
    name, _, rest = text.partition("/")
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ValueError("expected package:, the name of an installed Python package, / and a folder in it")
    return Path(next(iter(spec.submodule_search_locations)), rest)


def read_name(text: str) -> str:
    """Read the name of a file, without folders."""
    if not text or text in (".", "..") or "/" in text or "\0" in text:
        raise ValueError("expected the name of a file, without a folder")
    return text


@implementer(IServiceType)
class DirectoryType:
    """See L{IServiceType}."""

    name = "directory"
    doc = (
        "Serves the files of a folder to browsers; not those whose names begin with a dot, save .well-known."
    )
    options = (
        Option(
            name="directory",
            read=read_path,
            required=True,
            doc="The folder: a path, relative to the configuration file's folder; a file: URI; or, inside an"
            " installed Python package, package:NAME/FOLDER.",
        ),
        Option(
            name="welcome-file",
            read=read_name,
            default="",
            doc="Name of the file that is sent for its folder, such as index.html; none where it is absent.",
        ),
        Option(
            name="error-pages-directory",
            read=read_path,
            doc="Folder of pages named by status, such as 404.html; relative as directory is.",
        ),
        Option(
            name="options",
            read=lambda text: choice("indexes")(text.lower()),
            default="",
            doc="indexes: list the folders that have no welcome file.",
        ),
        Option(
            name="symbolic-links",
            read=choice("restricted", "follow"),
            default="restricted",
            doc="restricted: a link that leads out of the folder is not there (404); follow: it is.",
        ),
        Option(
            name="location",
            read=read_location,
            default=(),
            repeated=True,
            doc="What is said about caching the files that a pattern matches. Where several match, their"
            " directives are joined and the lower of two ages counts.",
            children=(
                Option(
                    name="patterns",
                    read=read_patterns,
                    required=True,
                    doc="Paths below the folder, with blanks in between: ** is any folders, * and ? stay"
                    " within a name; upper and lower case are the same.",
                ),
                Option(
                    name="cache-control",
                    read=read_directives,
                    required=True,
                    doc="Cache-Control directives; an age has a unit (max-age=1 year, seconds without),"
                    " and m+ before it counts from the change of the file (max-age=m+10 minutes).",
                ),
            ),
        ),
    )
    accepts = frozenset({"http", "https"})
    connects: frozenset[str] = frozenset()
    connect_required = False
    mime_mappings = True

    check = staticmethod(no_faults)

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}; each may read a file."""
        return 2, 0

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}.

        Raises:
            ConfigError: the folder, or that of the error pages, is not there.
        """
        return DirectoryService(config, house)


@implementer(IService)
class DirectoryService(BaseService):
    """See L{IService}."""

    log = Logger()

    def __init__(self, config: ServiceConfig, house: IHouse) -> None:
        super().__init__(config, house)
        said = config.properties
        folder = self._folder("directory")
        tree = Tree(folder, follow=said["symbolic-links"] == "follow")
        if (folder / POLICY).exists():
            self.log.warn(
                "service {name}: {file} is not served; <cross-site-constraint> says who may come in",
                name=self.name,
                file=POLICY,
            )
        manner = Manner(
            welcome=said["welcome-file"],
            error_pages=self._folder("error-pages-directory") if said["error-pages-directory"] else None,
            indexes=bool(said["options"]),
            locations=said["location"],
            mime_types=config.mime_types,
        )
        self._files = Files(tree, manner)

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}; no accept of this type brings channels."""
        channel.abort()

    def resource(self, accept: Any) -> Any:
        """See L{IService}."""
        return self._files

    def _folder(self, option: str) -> Path:
        written = self.config.properties[option]
        folder: Path = self.house.folder / written
        if folder.is_dir():
            return folder
        what = f"service {self.name!r}: {option}: {folder} is no folder"
        if written.is_absolute():
            what += (
                "; a path that begins with / is not relative to a web folder here, as it was in the original"
            )
        raise ConfigError(what, line=self.config.line)
