"""STOMP 1.0, 1.1 and 1.2, the gateway as the server: frames become requests, and messages become frames."""
