"""Service type broadcast: what one backend says is told to every client."""
