"""The gateway against the cases of the Autobahn test suite (RFC 6455)."""
