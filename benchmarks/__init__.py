"""Measures the gateway side by side with the proxies one would take instead; see docs/performance.md."""
