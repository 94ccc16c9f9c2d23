"""What carries bytes: bound ports, request heads, TCP, TLS, WebSocket, HTTP, and joining two channels."""
