"""What is left of clients that came and went: nothing."""
