"""The documentation: links lead somewhere, commands exist, files that it shows are good."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.reader import read
from tests.needs import ROOT


def pages() -> list[Path]:
    """Return every page that is written for people."""
    return [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


class LinkTests(SynchronousTestCase):
    """Links inside the documentation."""

    def test_links(self) -> None:
        """
        Each link to a file or a heading of ours leads to one.
        """
        dead = []
        for page in pages():
            for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
                path, _, anchor = link.partition("#")
                target = (page.parent / path).resolve() if path else page
                if link.startswith(("http:", "https:", "mailto:")):
                    continue
                if not target.exists() or (anchor and anchor not in anchors(target)):
                    dead.append(f"{page.relative_to(ROOT)}: {link}")
        self.assertEqual(dead, [])

    def test_every_page_is_reached(self) -> None:
        """
        From the README, by links, one comes to every page; to the decisions by their folder.
        """
        seen: set[Path] = set()
        todo = [ROOT / "README.md"]
        while todo:
            page = todo.pop()
            if page in seen:
                continue
            seen.add(page)
            if page.suffix == ".md":
                links = (link.partition("#")[0] for link in re.findall(r"\]\(([^)\s:]+)\)", page.read_text()))
                todo += [(page.parent / link).resolve() for link in links if link]
            elif page.is_dir():
                todo += page.glob("*.md")
        lonely = {page for page in pages() if page not in seen} - {ROOT / "CHANGELOG.md"}
        self.assertEqual(lonely, set())


class ReadmeTests(SynchronousTestCase):
    """README.md, which is what a visitor reads first."""

    def setUp(self) -> None:
        """Read it."""
        self.text = (ROOT / "README.md").read_text()

    def test_configuration(self) -> None:
        """
        The configuration for RabbitMQ has ten lines and is read without error or warning.
        """
        [example] = re.findall(r"```xml\n(.*?)```", self.text, re.DOTALL)
        self.assertEqual(len(example.splitlines()), 10)
        path = Path(self.mktemp())
        path.write_text(example)
        config = read(str(path), environ={"RABBITMQ_PASSWORD": "secret"})
        self.assertEqual([service.type for service in config.services], ["stomp.proxy"])
        self.assertEqual(config.warnings, ())

    def test_commands(self) -> None:
        """
        Each make command that a page names exists.
        """
        made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        named = {
            word
            for page in pages()
            for word in re.findall(r"(?:`|^    )make ([a-z]+)", page.read_text(), re.M)
        }
        self.assertEqual(named - made, set())
        self.assertTrue({"run", "test"} <= named)


class DecisionTests(SynchronousTestCase):
    """docs/decisions."""

    def test_shape(self) -> None:
        """
        Each has a number of its own, and says question, options, choice and price on one page.
        """
        files = sorted((ROOT / "docs" / "decisions").iterdir())
        numbers = [re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", file.name) for file in files]
        self.assertEqual(len({match[1] for match in numbers if match}), len(files))
        for file in files:
            text = file.read_text()
            self.assertEqual(
                re.findall(r"^\*\*(\w+)\.?\*\*", text, re.MULTILINE),
                ["Question", "Options", "Choice", "Price"],
                file,
            )
            self.assertTrue(len(text.splitlines()) <= 60, file)
