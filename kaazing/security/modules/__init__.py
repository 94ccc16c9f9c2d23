"""The types of login modules; each is found as a plugin, and is a checker of twisted.cred."""
