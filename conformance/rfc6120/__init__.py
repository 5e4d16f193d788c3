"""RFC 6120, XMPP core: one file for each section, and the model of the negotiation."""
