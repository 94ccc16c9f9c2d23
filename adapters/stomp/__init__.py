"""STOMP 1.0, 1.1 and 1.2: checked in both directions, the backend's login put in."""
