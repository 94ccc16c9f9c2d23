"""The service types; each declares its own options."""
