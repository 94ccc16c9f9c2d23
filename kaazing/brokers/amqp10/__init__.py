"""JMS brokers that speak AMQP 1.0, through qpid-proton; imported when a service first asks for it."""
