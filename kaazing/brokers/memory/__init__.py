"""The broker inside the gateway: memory://NAME, for trying out, tests and small installations."""
