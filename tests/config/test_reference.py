"""The tables of the documentation: made of what the code declares, and in the pages as made."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from kaazing import plugins
from kaazing.config.original import TABLE
from kaazing.config.reference import TABLES, main, refresh
from kaazing.options import Option
from tests.config.files import Brokers, ConfigTestCase, Declared

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("configuration.md", "migrating-from-kaazing.md")


class PageTests(SynchronousTestCase):
    """The pages as they are in the repository."""

    def test_up_to_date(self) -> None:
        """
        Every table is as it would be made now; `make docs` makes them.
        """
        for name in PAGES:
            page = (DOCS / name).read_text(encoding="utf-8")
            self.assertEqual(page, refresh(page), f"run: python -m kaazing.config.reference docs/{name}")

    def test_all_tables(self) -> None:
        """
        Every table is in a page.
        """
        pages = "".join((DOCS / name).read_text(encoding="utf-8") for name in PAGES)
        self.assertEqual([name for name in TABLES if f"<!-- table: {name} -->" not in pages], [])

    def test_every_part_of_the_original(self) -> None:
        """
        The page on migrating has every element, option, type and property of the original, with its fate.
        """
        page = (DOCS / "migrating-from-kaazing.md").read_text(encoding="utf-8")
        for entry in TABLE:
            row = f"`{entry.name}` | {entry.fate.value} | "
            where = "| " if entry.place == "type" else f"| `{entry.place}` | "
            self.assertEqual(where + row in page, not entry.ours, f"{entry.place}/{entry.name}")


class TableTests(ConfigTestCase):
    """How a table is made."""

    def test_type(self) -> None:
        """
        A type has its schemes and its properties, those inside others too, with default and marks.
        """
        page = refresh("before\n<!-- table: types -->\nold\n<!-- end -->\nafter\n")
        self.assertEqual(
            page[page.index("### passing") : page.index("### saying")],
            "### passing\n"
            "\n"
            "A type of the tests.\n"
            "\n"
            "Accepts: `http`, `https`, `ssl`, `tcp`, `ws`, `wss`;"
            " a connect (`ssl`, `tcp`, `ws`, `wss`) must stand.\n"
            "\n"
            "| property | default | what it does |\n"
            "| --- | --- | --- |\n"
            "| `pending` | 64000 | Bytes that may wait; 0 for no limit. |\n"
            "| `password` (secret) | none | Password for the backend. |\n"
            "| `topic` (repeated) | none | A topic; one element for each. |\n"
            "| `location` (repeated) | none | A place. |\n"
            "| `location/patterns` | **required** | Where. |\n"
            "| `location/age` | 0 | How old. |\n"
            "\n",
        )
        self.assertTrue(page.startswith("before\n<!-- table: types -->\n\n### filing\n"))
        self.assertTrue(page.endswith("\n<!-- end -->\nafter\n"))

    def test_declared(self) -> None:
        """
        Login modules and stores have their options likewise.
        """
        for mark in ("login-modules", "stores"):
            page = refresh(f"<!-- table: {mark} -->\n<!-- end -->")
            self.assertEqual(
                page,
                f"<!-- table: {mark} -->\n"
                "\n"
                "#### listing\n"
                "\n"
                "A type of the tests.\n"
                "\n"
                "| option | default | what it does |\n"
                "| --- | --- | --- |\n"
                "| `file` | **required** | Who there is. |\n"
                "| `cache` | 60 | How long that is kept. |\n"
                "| `secret` (secret) | none | What opens it. |\n"
                "| `group` (repeated) | none | Whose role is what. |\n"
                "| `group/of` | **required** | Whose. |\n"
                "| `group/key` (secret) | none | What opens it. |\n"
                "\n"
                "#### open\n"
                "\n"
                "A type of the tests.\n"
                "\n"
                "No options.\n"
                "\n"
                "<!-- end -->",
            )

    def test_broker(self) -> None:
        """
        A sort of broker has its schemes with their ports, and the properties that a service has for it alone.
        """
        sorts = {
            "far": Brokers("far", {"far": 1, "far+ssl": 2}),
            "near": Brokers(
                "near", {"near": 0}, (Option(name="near.size", read=str, default=3, doc="Big."),)
            ),
        }
        self.patch(plugins, "brokers", lambda: sorted(sorts))
        self.patch(plugins, "broker", sorts.__getitem__)
        self.assertEqual(
            refresh("<!-- table: brokers -->\n<!-- end -->"),
            "<!-- table: brokers -->\n"
            "\n"
            "#### far\n"
            "\n"
            "A sort of broker of the tests.\n"
            "\n"
            "Schemes and their ports: `far` (1), `far+ssl` (2).\n"
            "\n"
            "No properties of its own.\n"
            "\n"
            "#### near\n"
            "\n"
            "A sort of broker of the tests.\n"
            "\n"
            "Schemes and their ports: `near`.\n"
            "\n"
            "| property | default | what it does |\n"
            "| --- | --- | --- |\n"
            "| `near.size` | 3 | Big. |\n"
            "\n"
            "<!-- end -->",
        )

    def test_defaults(self) -> None:
        """
        A default of several words is a list; one of no word is none.
        """
        options = [
            Option(name="words", read=str, default=frozenset(("b", "", "a")), doc="Some."),
            Option(name="pair", read=str, default=(1, 2), doc="Two."),
            Option(name="empty", read=str, default=frozenset(("",)), doc="None."),
        ]
        self.patch(plugins, "stores", lambda: ["a"])
        self.patch(plugins, "store", lambda name: Declared(name="a", options=tuple(options)))
        page = refresh("<!-- table: stores -->\n<!-- end -->")
        for row in ("`words` | a, b", "`pair` | 1, 2", "`empty` | none"):
            self.assertIn(f"| {row} |", page)

    def test_twice(self) -> None:
        """
        A page refreshed twice is as refreshed once.
        """
        page = refresh("<!-- table: mime-types -->\n<!-- end -->")
        self.assertEqual(refresh(page), page)

    def test_unknown_mark(self) -> None:
        """
        A mark for no table is an error, not an empty page.
        """
        self.assertRaises(KeyError, refresh, "<!-- table: nothing -->\n<!-- end -->")

    def test_files(self) -> None:
        """
        From the command line the files named are written anew.
        """
        path = self.write("page.md", "<!-- table: namespaces -->\n<!-- end -->")
        main([str(path)])
        self.assertIn("| 2016/06 | `http://xmlns.kaazing.org/2016/06/gateway` |", path.read_text())
