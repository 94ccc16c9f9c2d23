"""Sans-I/O codecs: bytes in, facts out; no socket, reactor or clock."""
