"""XMPP: RFC 7395 towards browsers, RFC 6120 towards servers, the backend's encryption and login done."""
