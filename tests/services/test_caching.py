"""What is said about keeping a file."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.services.caching import Directives, cache_control, read_directives, read_location, read_patterns

DAY = 86400
NOW = 1_000_000_000.0


def location(patterns: str, directives: str) -> Any:
    """A location as the configuration file would have it."""
    return read_location({"patterns": read_patterns(patterns), "cache-control": read_directives(directives)})


class PatternTests(SynchronousTestCase):
    def test_matches(self) -> None:
        """
        ** stands for any folders, * and ? for a part of a name; case does not matter.
        """
        for patterns, path, expected in (
            ("**/*", "a", True),
            ("**/*", "a/b/c.js", True),
            ("**/*.js", "c.js", True),
            ("**/*.js", "a/b/c.JS", True),
            ("**/*.js", "a/b/c.json", False),
            ("*.js", "c.js", True),
            ("*.js", "a/c.js", False),
            ("/a/*.js", "a/c.js", True),
            ("a/**", "a/b/c", True),
            ("a/", "a/b/c", True),
            ("a/**/c", "a/c", True),
            ("a/**/c", "a/b/b/c", True),
            ("a/**/c", "ab/c", False),
            ("?.js", "a.js", True),
            ("?.js", "ab.js", False),
            ("a.js", "abjs", False),
            ("[a].js", "a.js", False),
            ("*.css *.js", "a.js", True),
        ):
            self.assertEqual(location(patterns, "public").matches(path), expected, (patterns, path))

    def test_none(self) -> None:
        """
        An empty text is no pattern.
        """
        why = self.assertRaises(ValueError, read_patterns, " ")
        self.assertEqual(str(why), "expected patterns such as **/*.js")


class DirectiveTests(SynchronousTestCase):
    def test_read(self) -> None:
        """
        Directives are read with ages in any unit.
        """
        self.assertEqual(
            read_directives("public, max-age = 1 year,s-maxage=10 , no-transform"),
            Directives(("public", "no-transform"), {"max-age": 365 * DAY, "s-maxage": 10}),
        )
        self.assertEqual(read_directives("max-age=m+10 minutes"), Directives(since_modified=600))

    def test_wrong(self) -> None:
        """
        What is no directive is said, with the nearest that is one.
        """
        for text, message in (
            ("no-cash", "expected Cache-Control directives; did you mean 'no-cache'?"),
            ("max-age", "expected Cache-Control directives; did you mean 'max-age=...'?"),
            ("max-age=soon", "expected a time"),
            ("max-age=m+", "expected a time"),
            ("public=1", "expected Cache-Control directives; did you mean 'public'?"),
            ("", "expected Cache-Control directives: no-cache, no-store,"),
        ):
            why = self.assertRaises(ValueError, read_directives, text)
            self.assertEqual(str(why)[: len(message)], message, text)


class CacheControlTests(SynchronousTestCase):
    def test_nothing_said(self) -> None:
        """
        A file that no location matches has neither field.
        """
        self.assertEqual(cache_control([location("*.js", "public")], "a.css", NOW, NOW), ("", None))

    def test_joined(self) -> None:
        """
        Of all locations that match, the flags are joined and the lower age counts, in any order.
        """
        general = location("**/*", "public, max-age=1 year, s-maxage=5")
        special = location("**/*.html", "must-revalidate, max-age=0")
        self.assertEqual(
            cache_control([general, special], "a/b.html", NOW, NOW),
            ("public, must-revalidate, max-age=0, s-maxage=5", NOW),
        )
        self.assertEqual(
            cache_control([special, general], "a/b.html", NOW, NOW),
            ("must-revalidate, public, max-age=0, s-maxage=5", NOW),
        )
        self.assertEqual(
            cache_control([general, special], "a/b.js", NOW, NOW),
            ("public, max-age=31536000, s-maxage=5", NOW + 365 * DAY),
        )

    def test_no_age(self) -> None:
        """
        Without an age there is no Expires.
        """
        self.assertEqual(cache_control([location("**", "no-store")], "a", NOW, NOW), ("no-store", None))

    def test_since_modified(self) -> None:
        """
        max-age=m+N counts from the change of the file, and never below zero.
        """
        said = [location("**", "max-age=m+10 minutes")]
        self.assertEqual(cache_control(said, "a", NOW - 60, NOW), ("max-age=540", NOW + 540))
        self.assertEqual(cache_control(said, "a", NOW - DAY, NOW), ("max-age=0", NOW))
        both = [*said, location("*", "max-age=60")]
        self.assertEqual(cache_control(both, "a", NOW, NOW), ("max-age=60", NOW + 60))
