"""The types of stores of a keyring: where logins at backends are kept."""
