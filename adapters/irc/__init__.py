"""IRC: lines checked in both directions, the login and the client's address put in."""
