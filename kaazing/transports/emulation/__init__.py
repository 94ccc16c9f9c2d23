"""WebSocket emulation: a channel made of plain HTTP requests.  docs/protocols/wse.md."""
