"""Files that are read whole."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import ConfigError
from kaazing.security.files import lines, read_whole


class FilesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = self.folder / "file"
        self.path.write_bytes(b"12345")

    def refused(self, path: Path, most: int = 5) -> str:
        """Return why a file is not read, its name left out."""
        raised = self.assertRaises(ConfigError, read_whole, path, most)
        return str(raised).removeprefix(f"{path}: ")

    def test_whole(self) -> None:
        """
        A file of as many bytes as it may have is read.
        """
        self.assertEqual(read_whole(self.path, 5), b"12345")

    def test_too_long(self) -> None:
        """
        A longer one is not; the error says how much it may have.
        """
        self.assertEqual(self.refused(self.path, 4), "has more than 4 bytes")
        self.path.write_bytes(bytes(1024 * 1024 + 1))
        self.assertEqual(self.refused(self.path, 1024 * 1024), "has more than 1 MiB")

    def test_no_file(self) -> None:
        """
        What is no file is not waited for, though nobody writes into it.
        """
        os.mkfifo(self.folder / "pipe")
        self.assertEqual(self.refused(self.folder / "pipe"), "is no file")
        self.assertEqual(self.refused(self.folder), "is no file")
        self.assertEqual(self.refused(self.folder / "none"), "cannot be read: No such file or directory")
        self.assertEqual(self.refused(self.folder / "a\0b"), "cannot be read: no name of a file")

    def test_judged(self) -> None:
        """
        Who is asked about owner and mode before the file is read may refuse it.
        """
        self.path.chmod(0o640)
        raised = self.assertRaises(
            ConfigError, read_whole, self.path, 5, lambda found: f"has {found.st_mode & 0o777:o}"
        )
        self.assertEqual(str(raised), f"{self.path}: has 640")

    def test_lines(self) -> None:
        """
        Lines are numbered as they stand; empty ones and notes are left out, as is the mark that some editors
        put in front. What is no UTF-8 is an error at its line.
        """
        said = "\ufeffone\r\n\n # a note\n  tw\xf6  \n".encode()
        self.assertEqual(list(lines(said, "f")), [(1, "one"), (4, "tw\xf6")])
        raised = self.assertRaises(ConfigError, list, lines(b"one\n\xff", "f"))
        self.assertEqual(str(raised), "f:2: expected text in UTF-8")
