"""Service type jms: clients of STOMP share few connections to a message broker."""
