"""Tests of WebSocket emulation."""
