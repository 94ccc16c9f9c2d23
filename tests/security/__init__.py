"""Tests of kaazing.security."""
