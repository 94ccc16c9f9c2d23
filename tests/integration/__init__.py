"""The gateway as a user runs it, between real clients and real servers."""
