"""Who may come in, and who clients are at backends: realms, login modules, guards, keyring."""
