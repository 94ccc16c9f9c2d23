"""AMQP 0-9-1 and 1.0: checked in both directions, the backend's login put in."""
