"""XMPP Ping."""
