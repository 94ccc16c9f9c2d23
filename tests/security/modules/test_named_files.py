"""Files that options name: found from the configuration's folder, and named when they are no good."""

from __future__ import annotations

from kaazing.errors import ConfigError
from kaazing.security.modules.named_files import LARGEST, read_named
from tests.security.modules.issuing import workplace
from tests.transports.certificates import Files


class NamedFilesTests(Files):
    def test_read(self) -> None:
        """
        A name is one in the folder of the configuration, or one of anywhere.
        """
        path = self.file("a", b"x").resolve()
        place = workplace(self.folder)
        self.assertEqual([read_named(name, place, bytes.upper) for name in ("a", str(path))], [b"X", b"X"])

    def test_no_good(self) -> None:
        """
        What is wrong is said of the file by its name, whoever found it.
        """

        def choosy(data: bytes) -> None:
            raise ConfigError("not this one") if data else ValueError("nothing in it")

        self.file("large", b"x" * (LARGEST + 1))
        self.file("some", b"x")
        self.file("none")
        for name, why in (
            ("large", "has more than 1 MiB"),
            ("some", "not this one"),
            ("none", "nothing in it"),
            ("missing", "cannot be read: No such file or directory"),
            (".", "is no file"),
        ):
            path = "FOLDER" if name == "." else f"FOLDER/{name}"
            self.assertEqual(self.refusal(read_named, name, workplace(self.folder), choosy), f"{path}: {why}")
