"""Tests for L{kaazing.commands}."""
