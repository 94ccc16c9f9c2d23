# -*- test-case-name: tests.adapters.test_init -*-
"""The adapters: one folder for each protocol spoken inside channels; imported as C{kaazing.adapters} only."""

if __name__ != "kaazing.adapters":
    raise ImportError(f"this package is imported as kaazing.adapters, not as {__name__}")
