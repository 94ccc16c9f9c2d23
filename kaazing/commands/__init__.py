"""What python -m kaazing does beside running the gateway."""
