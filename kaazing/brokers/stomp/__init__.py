"""Brokers that speak STOMP: ActiveMQ Classic, ActiveMQ Artemis, RabbitMQ."""
