"""The page that lists a folder."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from kaazing.services.listing import MOST, Entry, listing


class ListingTests(SynchronousTestCase):
    def test_rows(self) -> None:
        """
        Folders come first, then files, by name, with sizes and dates; the folder above is a link.
        """
        page = listing("/a/b", [Entry("b", 7, 0.0), Entry("a", 6, 86400.0), Entry("z", None, 0.0)], top=False)
        self.assertEqual(
            re.findall(r"<tr><td>.*</tr>", page.decode()),
            [
                '<tr><td><a href="../">../</a></td><td></td><td></td></tr>',
                '<tr><td><a href="./z/">z/</a></td><td></td><td>1970-01-01 00:00</td></tr>',
                '<tr><td><a href="./a">a</a></td><td>6</td><td>1970-01-02 00:00</td></tr>',
                '<tr><td><a href="./b">b</a></td><td>7</td><td>1970-01-01 00:00</td></tr>',
            ],
        )
        self.assertIn(b"<title>Index of /a/b</title>", page)

    def test_names_are_text(self) -> None:
        """
        A name is neither markup nor a link to somewhere else.
        """
        names = [
            '<img src=x onerror="alert(1)">',
            "javascript:alert(1)",
            "?a#b%41&c",
            "\N{GREEK SMALL LETTER PI}",
        ]
        page = listing("/<b>", [Entry(name, 1, 0.0) for name in names], top=True).decode()
        self.assertEqual(
            re.findall(r"<a (.*?)</a>", page),
            [
                'href="./%3Cimg%20src%3Dx%20onerror%3D%22alert%281%29%22%3E">'
                "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;",
                'href="./%3Fa%23b%2541%26c">?a#b%41&amp;c',
                'href="./javascript%3Aalert%281%29">javascript:alert(1)',
                'href="./%CF%80">\N{GREEK SMALL LETTER PI}',
            ],
        )
        self.assertIn("<h1>Index of /&lt;b&gt;</h1>", page)

    def test_many(self) -> None:
        """
        A page has a bound, and says what it leaves out.
        """
        page = listing("/", [Entry(f"{n:05}", 1, 0.0) for n in range(MOST + 2)], top=True).decode()
        self.assertEqual(page.count("<a "), MOST)
        self.assertIn("<p>2 more are not shown.</p>", page)
