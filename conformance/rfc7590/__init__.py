"""RFC 7590, TLS for XMPP: with BCP 195 (RFC 7525, RFC 9325), which it includes."""
