"""SRV records for XMPP over TLS: direct TLS."""
