"""A protocol gateway: WebSocket and plain HTTP in front, any TCP backend behind.

The map of the house is docs/architecture.md.
"""

__version__ = "0.1.0"
