"""Tests for L{kaazing.security.stores}."""
