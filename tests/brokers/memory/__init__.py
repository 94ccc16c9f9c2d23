"""Tests of the broker inside the gateway."""
