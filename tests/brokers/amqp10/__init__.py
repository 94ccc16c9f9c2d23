"""Tests of the sort of broker "amqp10"."""
